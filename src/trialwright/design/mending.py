"""The nearest definition to one with mistakes, so that the review can go on and every problem comes at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from trialwright.design.mistakes import Path, Step, bare, type_at
from trialwright.design.model import Definition
from trialwright.design.problems import Problem

QUOTED = re.compile(r"'([^']*)'")

MOST_SECTIONS = 3
"""A text that lacks more sections than these is hardly a definition; what follows from their lack is not told."""


def mended(whole: dict[str, Any], wrong: ValidationError, model: type[BaseModel] = Definition) -> list[str] | None:
    """Take the faulty values out of what should be such a model and put something in for those that are missing. The
    dotted paths of what is no longer as it was written; None where too little stands."""
    errors = wrong.errors(include_url=False)
    missing: list[Path] = [tuple(error["loc"]) for error in errors if error["type"] == "missing"]
    faulty = {_reached(whole, error["loc"]) for error in errors if error["type"] != "missing"}
    if () in faulty or sum(len(path) == 1 for path in missing) > MOST_SECTIONS:
        return None
    touched = [_named(whole, path) for path in faulty]
    for path in missing:
        around = _reached(whole, path[:-1])
        inside = _at(whole, around)
        if isinstance(inside, dict) and (kind := type_at(path, model)) is not None:
            inside[str(path[-1])] = _standing_in(kind)
            touched.append(_named(whole, (*around, path[-1])))
        else:
            faulty.add(around)
    for path in sorted(faulty, key=lambda steps: [str(step).zfill(6) for step in steps], reverse=True):
        _leave_out(whole, path)
    return None if () in faulty else touched


def _prefixes(path: str) -> set[str]:
    """A dotted path and every path around it."""
    steps = path.split(".")
    return {".".join(steps[: length + 1]) for length in range(len(steps))}


def unaffected(problems: Sequence[Problem], changed: Sequence[str]) -> list[Problem]:
    """The problems of the review without those that may follow from values that were mended: that lie inside such a
    value or around it, or name what it belongs to."""
    values = set(changed)
    around = set[str]().union(*map(_prefixes, changed))
    names = {name for path in changed for name in path.split(".")[1:]}
    return [
        problem
        for problem in problems
        if problem.path not in around
        and values.isdisjoint(_prefixes(problem.path))
        and names.isdisjoint(QUOTED.findall(problem.message))
    ]


def _standing_in(kind: Any) -> Any:
    """A value of the type that says as little as possible."""
    kind = bare(kind)
    origin = get_origin(kind)
    if origin is dict or (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return {}  # what the model needs is missing in the next round
    if origin is tuple:
        return []
    if origin is Literal:
        return get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    return {bool: False, int: 1, str: "unknown"}.get(kind, 1)


def _reached(whole: Any, steps: Sequence[Step]) -> Path:
    """As many of the steps as there are values for; what the models add for unions and keys is left out."""
    path: list[Step] = []
    for step in steps:
        if (isinstance(whole, dict) and step in whole) or (isinstance(whole, list) and step in range(len(whole))):
            whole = whole[step]  # type: ignore[index]
            path.append(step)
    return tuple(path)


def _at(whole: Any, path: Path) -> Any:
    for step in path:
        whole = whole[step]
    return whole


def _named(whole: Any, path: Path) -> str:
    """The path as people write it; an entry of a list goes by its `id` where it has one."""
    words = []
    for step in path:
        whole = whole[step]
        words.append(str(whole.get("id", step) if isinstance(whole, Mapping) and isinstance(step, int) else step))
    return ".".join(words)


def _leave_out(whole: Any, path: Path) -> None:
    around = _at(whole, path[:-1])
    if path and isinstance(around, dict):
        around.pop(path[-1], None)
    elif path and isinstance(around, list) and isinstance(path[-1], int) and path[-1] < len(around):
        around.pop(path[-1])
