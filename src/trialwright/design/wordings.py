"""The licensed wording of an instrument: a file of the sponsor's, never part of a definition or of this program.

    instrument: haq-di
    language: nl
    version: as licensed
    licence: who granted what, to whom, until when
    items: {dress_1: ..., dress_2: ...}
    answers: {difficulty: {"0": ..., "1": ...}}        # only where the licence covers them

A wording is shown beside the neutral labels on the trial's pages; scoring, the ledger and every export do without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from trialwright.design.fields import Key, Model
from trialwright.design.instruments import Instrument, InstrumentId
from trialwright.design.mistakes import mistakes
from trialwright.design.model import Definition
from trialwright.design.problems import Problem, in_order, known_or_close
from trialwright.design.tree import Node, read_tree

Words = Annotated[str, Field(min_length=1, max_length=2000)]


class Wording(Model):
    """The texts of one instrument in one language (a tag such as `nl` or `en-GB`), as a licence grants them."""

    instrument: InstrumentId
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
    version: str
    licence: Words
    items: dict[Key, Words]
    answers: dict[Key, dict[str, Words]] = Field(default_factory=dict)


class WordingErrors(ValueError):
    """A wording that cannot be used; holds every problem found, in the order of the text."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def read_wording(path: Path, definition: Definition, instruments: Mapping[str, Instrument]) -> Wording:
    """The wording in a file, held against the forms of the definition that are this instrument.

    Raises `WordingErrors` with every error: a shape that is none, an instrument that no form of the trial names, items
    and answers that it lacks, and items without a text.
    """
    tree = read_tree(path)
    problems = list(tree.problems)
    if tree.root is None or not isinstance(tree.root.value, dict):
        if tree.root is not None:
            problems.append(Problem(tree.root.place, "a wording is a mapping", "begin with instrument: haq-di"))
        raise WordingErrors(problems)
    wording = None
    try:
        wording = Wording.model_validate(tree.root.plain())
    except ValidationError as wrong:
        problems += mistakes(wrong, tree.root, Wording)
    if wording is not None:
        problems += _held(wording, tree.root, definition, instruments)
    if wording is None or problems:
        raise WordingErrors(problems)
    return wording


def _held(
    wording: Wording, root: Node, definition: Definition, instruments: Mapping[str, Instrument]
) -> Iterable[Problem]:
    asked = sorted({form.instrument for form in definition.forms.values() if form.instrument is not None})
    place = root.child("instrument") or root
    if wording.instrument not in asked:
        hint = known_or_close(wording.instrument, asked) if asked else "no form of it names an instrument"
        yield Problem(place.place, f"no form of the trial is the instrument '{wording.instrument}'", hint)
        return
    instrument = definition.instruments.get(wording.instrument) or instruments.get(wording.instrument)
    if instrument is None:
        yield Problem(place.place, f"this program does not know '{wording.instrument}'", "declare it in the definition")
        return
    yield from _unknown(root, "items", wording.items, [item.id for item in instrument.items], "item")
    yield from _unknown(root, "answers", wording.answers, list(instrument.answers), "list of answers")
    for name, texts in wording.answers.items():
        known = instrument.answers[name].codes if name in instrument.answers else texts
        yield from _unknown(root.child("answers") or root, name, texts, list(known), "answer")
    lacking = [item.id for item in instrument.items if item.id not in wording.items]
    if lacking:
        items = root.child("items") or root
        yield Problem(items.place, f"without a text: {', '.join(lacking)}", "give every item its text")


def _unknown(root: Node, part: str, given: Mapping[str, object], known: Sequence[str], what: str) -> Iterable[Problem]:
    node = root.child(part)
    for name in given:
        if name not in known and node is not None:
            yield Problem(
                node.keys.get(name, node.place), f"the instrument has no {what} '{name}'", known_or_close(name, known)
            )
