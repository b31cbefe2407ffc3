"""From text files to one tree in which every value knows its place.

YAML 1.2, and less of it: no anchors, no merge keys, no tags but `!include`. A plain scalar that older YAML readers
take for something else (`NO`, `12:30`, `010`) is refused, so that the file means the same to every program and to the
person who wrote it. Numbers become int or Decimal, never a binary float. Every problem is collected; nothing is
raised.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from trialwright.design.problems import Place, Problem

DEEPEST = 40
LARGEST_FILE = 1_000_000  # ten seconds of reading; the reference trial's largest file has 50 kB
LONGEST_NUMBER = 40

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?\Z")
TRUE_OR_FALSE = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
OLD_BOOLEANS = frozenset({"yes", "no", "on", "off"})
SIXTIES = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?\Z")
OTHER_NUMBER = re.compile(
    r"[-+]?(0[0-9]+(\.[0-9]*)?|0o[0-7]+|0x[0-9A-Fa-f]+|0b[01]+|[0-9][0-9_]*_[0-9_]*|\.[0-9]+|[0-9]+\."
    r"|([0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+|\+[0-9]+(\.[0-9]*)?|\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z"
)

Scalar = str | int | Decimal | bool | None


@dataclass(slots=True)
class Node:
    """A value at its place: a scalar, a list of nodes or a mapping of nodes. `keys` holds the places of a
    mapping's keys, `inset` is 1 where a quote stands before the text, `sourced` how much of what is here and below
    has a source."""

    value: Scalar | list[Node] | dict[str, Node]
    place: Place
    keys: dict[str, Place] = field(default_factory=dict)
    inset: int = 0
    sourced: Literal["none", "part", "whole"] = "none"

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def child(self, step: str | int) -> Node | None:
        """The node one step down, by key, by index or by the `id` of a list's entry; None where there is none."""
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        if not isinstance(self.value, list):
            return None
        if isinstance(step, int):
            return self.value[step] if 0 <= step < len(self.value) else None
        return next((node for node in self.value if name_of(node) == step), None)


def name_of(node: Node) -> str | None:
    """The `id` of an entry in a list, by which a dotted path names it."""
    if isinstance(node.value, dict) and "id" in node.value:
        name = node.value["id"].value
        return name if isinstance(name, str) else None
    return None


@dataclass(slots=True)
class Tree:
    """What was read: the root (None where nothing could be read), the problems met and the files opened."""

    root: Node | None
    problems: list[Problem]
    files: list[Path]


def read_tree(path: Path) -> Tree:
    """The tree of a definition file and of the files it includes, which must lie in the same folder or below."""
    tree = Tree(None, [], [])
    tree.root = _file(Path(path), _real(Path(path)).parent, (), Place(str(path), 1, 1), tree)
    return tree


def _file(path: Path, folder: Path, within: tuple[Path, ...], asked: Place, tree: Tree) -> Node | None:
    text = _text(path, asked, tree)
    if text is None:
        return None
    tree.files.append(path)
    builder = _Builder(str(path), path, folder, (*within, _real(path)), tree)
    events = iter(YAML(typ="safe", pure=True).parse(text))
    while True:
        try:
            event = next(events, None)
        except Exception as wrong:  # Whatever a parser of text raises on garbage is about the text.
            tree.problems.append(_unreadable(wrong, text, str(path)))
            return None
        if event is None:
            break
        if not builder.take(event):
            return None
    if builder.root is None:
        tree.problems.append(Problem(Place(str(path), 1, 1), "the file is empty", "write the definition in it"))
    return builder.root


def _real(path: Path) -> Path:
    """The path without symbolic links; one that leads to itself stays as it is, and opening it says so."""
    return Path(os.path.realpath(path))


def _text(path: Path, asked: Place, tree: Tree) -> str | None:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)  # no more, though the file may have no end
    except OSError as wrong:
        reason = wrong.strerror or type(wrong).__name__
        tree.problems.append(Problem(asked, f"cannot read {path}: {reason}", "check the path"))
        return None
    except ValueError:
        tree.problems.append(Problem(asked, f"{str(path)!r} is no path"))
        return None
    if len(raw) > LARGEST_FILE:
        tree.problems.append(Problem(asked, f"{path} has more than {LARGEST_FILE:,} bytes", "split it by !include"))
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        before = raw[: wrong.start]
        line = before.count(b"\n") + 1
        place = Place(str(path), line, len(before) - (before.rfind(b"\n") + 1) + 1)
        tree.problems.append(Problem(place, f"byte {raw[wrong.start]:#04x} is not UTF-8", "save the file as UTF-8"))
        return None


def _unreadable(wrong: Exception, text: str, file: str) -> Problem:
    advice = "check the indentation, the brackets and the quotes"
    if isinstance(wrong, MarkedYAMLError):
        mark = wrong.problem_mark or wrong.context_mark
        what = " ".join(str(part) for part in (wrong.context, wrong.problem) if part)
        place = Place(file, mark.line + 1, mark.column + 1) if mark is not None else Place(file, 1, 1)
        return Problem(place, f"this is not YAML: {what}", advice)
    if isinstance(wrong, ReaderError):
        before = text[: wrong.position]
        place = Place(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        return Problem(place, f"YAML forbids the character U+{ord(text[wrong.position]):04X}", "remove it")
    return Problem(Place(file, 1, 1), "this is not YAML", advice)


@dataclass(slots=True)
class _Open:
    """A collection that is being filled; `key` waits for its value."""

    node: Node
    key: str | None = None
    key_place: Place | None = None
    skip: bool = False


@dataclass(slots=True)
class _Builder:
    """Builds the tree of one file from the parser's events, without recursion, so that no nesting can exhaust the
    stack."""

    file: str
    path: Path
    folder: Path
    within: tuple[Path, ...]
    tree: Tree
    root: Node | None = None
    open: list[_Open] = field(default_factory=list)
    documents: int = 0

    def take(self, event: Any) -> bool:
        """One event of the parser; False when what it opens lies too deep to go on."""
        place = Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents == 2:
                self.wrong(place, "a second document begins here", "one file holds one document; remove the '---'")
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            if len(self.open) >= DEEPEST:
                self.wrong(place, f"nested more than {DEEPEST} levels deep", "include a file")
                return False
            self.begin(event, place)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self.put(self.open.pop().node)
        elif isinstance(event, ScalarEvent):
            self.scalar(event, place)
        elif isinstance(event, AliasEvent):
            self.wrong(place, f"'*{event.anchor}' repeats another value", "write it out, or include a file")
            self.put(Node(None, place))
        return True

    def wrong(self, place: Place, message: str, suggestion: str | None = None) -> None:
        self.tree.problems.append(Problem(place, message, suggestion))

    def begin(self, event: Any, place: Place) -> None:
        if event.anchor:
            self.wrong(place, f"'&{event.anchor}' names a value for repetition", "write it out, or include a file")
        if event.tag:
            self.wrong(place, f"the tag {event.tag} is not used here", "remove it")
        if self.wants_key():
            self.wrong(place, "a list or mapping stands where a key belongs", "keys are single words")
        self.open.append(_Open(Node({} if isinstance(event, MappingStartEvent) else [], place)))

    def wants_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].node.value, dict) and self.open[-1].key is None

    def scalar(self, event: Any, place: Place) -> None:
        if event.anchor:
            self.wrong(place, f"'&{event.anchor}' names a value for repetition", "write it out, or include a file")
        if event.tag == "!include" and not self.wants_key():
            self.put(self.included(event.value, place))
            return
        if event.tag:
            self.wrong(place, f"the tag {event.tag} is not used here", "remove it")
        plain = event.style is None
        if self.wants_key():
            self.key(event.value, place, plain)
        else:
            text = self.meant(event.value, place) if plain else event.value
            self.put(Node(text, place, inset=1 if event.style in ("'", '"') else 0))

    def key(self, text: str, place: Place, plain: bool) -> None:
        mapping = self.open[-1]
        if plain and text == "<<":
            self.wrong(place, "'<<' merges another mapping", "write the keys out, or include a file")
        elif plain and (
            text in NULLS or text.casefold() in OLD_BOOLEANS or text in TRUE_OR_FALSE or SIXTIES.match(text)
        ):
            self.wrong(
                place,
                f"the key {text or 'that is empty'} means different things to different programs",
                f'write "{text}"',
            )
        mapping.skip = text in mapping.node.keys
        if mapping.skip:
            first = mapping.node.keys[text]
            self.wrong(place, f"'{text}' stands here a second time (first at line {first.line})", "keep one of the two")
        mapping.key, mapping.key_place = text, place

    def put(self, node: Node) -> None:
        """Where the finished node belongs: the root, the list or the waiting key of the collection around it."""
        if not self.open:
            if self.root is None:
                self.root = node
            return
        around = self.open[-1]
        if isinstance(around.node.value, list):
            around.node.value.append(node)
        elif isinstance(around.node.value, dict):
            if around.key is None:
                # A collection in the place of a key was refused already; its value has to be kept apart from the next
                # key.
                around.key, around.key_place, around.skip = "?", node.place, True
                return
            if not around.skip and around.key_place is not None:
                around.node.value[around.key] = node
                around.node.keys[around.key] = around.key_place
            around.key = None

    def meant(self, text: str, place: Place) -> Scalar:
        """The value that a plain scalar stands for; what is ambiguous is refused and kept as text."""
        if text in NULLS:
            return None
        if text in TRUE_OR_FALSE:
            return TRUE_OR_FALSE[text]
        if NUMBER.match(text):
            if len(text) > LONGEST_NUMBER:
                self.wrong(place, f"a number of {len(text)} characters", "round it")
                return text
            return Decimal(text) if "." in text else int(text)
        if text.casefold() in OLD_BOOLEANS:
            self.wrong(
                place,
                f"{text} is a truth value to some programs and a word to others",
                f'write "{text}", true or false',
            )
        elif SIXTIES.match(text):
            self.wrong(place, f"{text} is a number in base sixty to some programs", f'write "{text}"')
        elif OTHER_NUMBER.match(text):
            self.wrong(
                place,
                f"{text} is read as different numbers by different programs",
                f'write it in plain digits, or "{text}"',
            )
        return text

    def included(self, name: str, place: Place) -> Node:
        """The root of an included file; the path is relative to the file that names it."""
        missing = Node(None, place)
        target = _real(self.path.parent / name) if "\0" not in name else None
        if target is None or not target.is_relative_to(self.folder):
            self.wrong(
                place, f"the included file {name!r} lies outside the trial's folder", "move it below the definition"
            )
            return missing
        if target in self.within:
            self.wrong(place, f"{name} includes itself", "remove one of the two !include")
            return missing
        if len(self.within) >= DEEPEST:
            self.wrong(place, f"{name} is included too deeply", "include it from the main file")
            return missing
        root = _file(self.path.parent / name, self.folder, self.within, place, self.tree)
        return missing if root is None else root


def nodes(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    """Every node below and including this one with its path of keys and indices."""
    yield path, node
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from nodes(child, (*path, key))
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from nodes(child, (*path, index))
