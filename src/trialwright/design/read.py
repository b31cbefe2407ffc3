"""Reads a definition: text to tree, tree to models, models to review. All problems come at once, each with its
place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trialwright.design.catalogue import Catalogue
from trialwright.design.form_instruments import with_instruments
from trialwright.design.mending import mended, unaffected
from trialwright.design.mistakes import mistakes
from trialwright.design.model import Definition
from trialwright.design.problems import DefinitionErrors, Problem, in_order, known_or_close
from trialwright.design.review import Review, review
from trialwright.design.sources import Cited, without_sources
from trialwright.design.tree import DEEPEST, Node, read_tree

MAIN_FILE = "trial.yaml"


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading gave: the definition (None where there is none), every error and warning, the review, the files
    read and the tree."""

    definition: Definition | None
    problems: tuple[Problem, ...]
    review: Review | None = None
    files: tuple[Path, ...] = ()
    root: Node | None = field(default=None, repr=False)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")


def read(path: Path | str, catalogue: Catalogue = Catalogue.EMPTY) -> Definition:
    """The definition in a file, or in `trial.yaml` of a folder. Raises `DefinitionErrors` with every error found."""
    reading = inspect(path, catalogue)
    if reading.errors or reading.definition is None:
        raise DefinitionErrors(reading.errors)
    return reading.definition


def inspect(path: Path | str, catalogue: Catalogue = Catalogue.EMPTY) -> Reading:
    """Everything that can be said about the definition in a file; never raises for what the file holds."""
    file = Path(path)
    if file.is_dir():
        file = file / MAIN_FILE
    tree = read_tree(file)
    files = tuple(tree.files)
    if tree.root is None or not isinstance(tree.root.value, dict):
        if tree.root is not None:
            tree.problems.append(Problem(tree.root.place, "a definition is a mapping", 'begin with trialwright: "1"'))
        return Reading(None, in_order(tree.problems), files=files)
    root, cited, problems = without_sources(tree.root)
    problems += tree.problems
    if "provenance" in root.value:  # type: ignore[operator]
        hint = "write src: beside the value"
        problems.append(
            Problem(root.keys["provenance"], "'provenance' is filled by the reader", hint, path="provenance")
        )
        del root.value["provenance"]  # type: ignore[union-attr,arg-type]
    problems += _unknown_sources(root, cited)
    problems += with_instruments(root, catalogue.instruments)
    definition, more, faulty = _modelled(root, cited)
    refused = {problem.place for problem in problems}
    problems += [problem for problem in more if problem.place not in refused]
    seen = None
    if definition is not None:
        seen = review(definition, root, catalogue)
        problems += unaffected(seen.problems, faulty)
        seen = None if faulty else seen  # what is assumed or fed by nothing is told of what was written alone
    errors = any(problem.severity == "error" for problem in problems)
    return Reading(None if errors else definition, in_order(problems), seen, files, root)


def _modelled(root: Node, cited: Sequence[Cited]) -> tuple[Definition | None, list[Problem], list[str]]:
    """The definition, or the nearest to it without the faulty values, so that the review can go on and every problem
    comes at once; the problems, and the dotted paths of what is not as it was written."""
    whole, problems, touched = root.plain(), None, list[str]()
    for _ in range(DEEPEST):  # what needs a value that was left out is mended in the next round
        try:
            return _definition(whole, cited), problems or [], touched
        except ValidationError as wrong:
            problems = mistakes(wrong, root) if problems is None else problems
            more = mended(whole, wrong)
        if more is None:
            break
        touched += more
    return None, problems or [], touched


def _definition(plain: dict[str, Any], cited: Sequence[Cited]) -> Definition:
    sources = [
        {"path": one.path, "source": one.source, "note": one.note, "file": one.place.file, "line": one.place.line}
        for one in cited
    ]
    return Definition.model_validate({**plain, "provenance": sources})


def _unknown_sources(root: Node, cited: Sequence[Cited]) -> list[Problem]:
    declared = root.child("sources")
    names = sorted(declared.value) if declared is not None and isinstance(declared.value, dict) else []
    return [
        Problem(
            one.place, f"the source '{one.source}' is not declared", known_or_close(one.source, names), path=one.path
        )
        for one in cited
        if one.source not in names
    ]
