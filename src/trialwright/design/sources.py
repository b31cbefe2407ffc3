"""Takes the sources out of a tree, so that the models hold values alone.

In the file a source is written `{value: 2, src: register}` or as `src:` beside the other keys of a mapping, which
then covers everything below it that names none of its own. A note follows the key in brackets: `src: assumed (no
window could be read)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from trialwright.design.problems import Place, Problem
from trialwright.design.tree import Node, name_of

SRC = re.compile(r"(?P<key>[A-Za-z][A-Za-z0-9_]{0,39})(?:\s*\((?P<note>.*)\))?\Z", re.DOTALL)
SHORT_FORM = frozenset({"value", "src", "note"})


@dataclass(frozen=True, slots=True)
class Cited:
    """A source as it was named, for the value at `path` and below; `place` is where it was named."""

    path: str
    source: str
    note: str | None
    place: Place


def without_sources(root: Node) -> tuple[Node, list[Cited], list[Problem]]:
    """The tree without its sources, the sources in the order of the text, and what is wrong with how they are
    written."""
    cited: list[Cited] = []
    problems: list[Problem] = []
    return _stripped(root, "", cited, problems), cited, problems


def _stripped(node: Node, path: str, cited: list[Cited], problems: list[Problem]) -> Node:
    value = node.value
    if isinstance(value, list):
        entries = [
            _stripped(child, below(path, name_of(child) or str(index)), cited, problems)
            for index, child in enumerate(value)
        ]
        return Node(entries, node.place, node.keys, sourced=_together(entries))
    if not isinstance(value, dict):
        return node
    note = None
    if "src" in value and "value" in value:
        for key in value.keys() - SHORT_FORM:
            problems.append(
                Problem(node.keys[key], f"'{key}' beside 'value' and 'src'", "only 'note' may stand there", path=path)
            )
        note = _text(value["note"], path, problems) if "note" in value else None
    if "src" in value:
        _cite(value["src"], path, note, cited, problems)
    if "src" in value and "value" in value:
        inner = _stripped(value["value"], path, cited, problems)
        inner.sourced = "whole"
        return inner
    rest = {key: _stripped(child, below(path, key), cited, problems) for key, child in value.items() if key != "src"}
    return Node(rest, node.place, node.keys, sourced="whole" if "src" in value else _together(list(rest.values())))


def _together(nodes: list[Node]) -> Literal["none", "part", "whole"]:
    """How much of a collection has a source; an empty one has nothing to say, so nothing is missing."""
    kinds = {node.sourced for node in nodes}
    if kinds <= {"whole"}:
        return "whole"
    return "none" if kinds == {"none"} else "part"


def below(path: str, step: str) -> str:
    """The dotted path one step down."""
    return f"{path}.{step}" if path else step


def _text(node: Node, path: str, problems: list[Problem]) -> str | None:
    if isinstance(node.value, str):
        return node.value
    problems.append(Problem(node.place, "a note is a text", "put it in quotes", path=path))
    return None


def _cite(node: Node, path: str, note: str | None, cited: list[Cited], problems: list[Problem]) -> None:
    match = SRC.match(node.value) if isinstance(node.value, str) else None
    if match is None:
        problems.append(
            Problem(
                node.place,
                "a source is a key of `sources`, with a note in brackets",
                "write src: assumed (why)",
                path=path,
            )
        )
        return
    cited.append(Cited(path, match["key"], match["note"] or note, node.place))
