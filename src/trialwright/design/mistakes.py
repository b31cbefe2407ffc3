"""Turns what pydantic says about a tree into sentences with places and suggestions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from trialwright.design.model import Definition
from trialwright.design.problems import Place, Problem, known_or_close
from trialwright.design.tree import Node, name_of

Step = str | int
Path = tuple[Step, ...]

SENTENCES = {
    "string_type": ("this must be a text", "put it in quotes"),
    "string_too_long": ("this name is longer than 40 characters", "shorten it"),
    "int_type": ("this must be a whole number", None),
    "int_parsing": ("this must be a whole number", None),
    "int_from_float": ("this must be a whole number", None),
    "decimal_type": ("this must be a number", None),
    "decimal_parsing": ("this must be a number", None),
    "bool_type": ("this must be true or false", None),
    "bool_parsing": ("this must be true or false", None),
    "tuple_type": ("this must be a list", "write [a, b]"),
    "dict_type": ("this must be a mapping", "write key: value"),
    "model_type": ("this must be a mapping", "write key: value"),
    "model_attributes_type": ("this must be a mapping", "write key: value"),
    "date_type": ("this must be a date", "write it as 2026-01-31"),
    "date_parsing": ("this must be a date", "write it as 2026-01-31"),
    "date_from_datetime_parsing": ("this must be a date", "write it as 2026-01-31"),
    "date_from_datetime_inexact": ("this must be a date without a time", "write it as 2026-01-31"),
    "too_long": ("this list is too long", "two values belong here"),
    "too_short": ("this list is too short", "two values belong here"),
}
BOUNDS = {
    "greater_than": "this must be more than {gt}",
    "greater_than_equal": "this must be {ge} or more",
    "less_than": "this must be less than {lt}",
    "less_than_equal": "this must be {le} or less",
}


def mistakes(wrong: ValidationError, root: Node, model: type[BaseModel] = Definition) -> list[Problem]:
    """Every mistake that pydantic found in what should be such a model, with its place in the text."""
    return [_problem(error, root, model) for error in wrong.errors(include_url=False)]


def walked(root: Node, steps: Sequence[Step]) -> tuple[Node, Path]:
    """The deepest node that the steps reach, and the steps taken; what pydantic adds for unions and keys is left
    out."""
    node, path = root, []
    for step in steps:
        below = node.child(step)
        if below is not None:
            node = below
            path.append(step)
    return node, tuple(path)


def dotted(root: Node, path: Path) -> str:
    """The path as people write it; an entry of a list goes by its `id` where it has one."""
    node: Node | None = root
    words = []
    for step in path:
        node = node.child(step) if node is not None else None
        words.append((name_of(node) if node is not None and isinstance(step, int) else None) or str(step))
    return ".".join(words)


def place_of(root: Node, path: Path) -> Place:
    """Where the value at the path stands, or the nearest value around it."""
    return walked(root, path)[0].place


def key_place(root: Node, path: Path) -> Place:
    """Where the key at the end of the path stands, or the value where there is no key."""
    around, taken = walked(root, path[:-1])
    return (
        around.keys.get(str(path[-1]), place_of(root, path))
        if path and len(taken) == len(path) - 1
        else place_of(root, path)
    )


def _problem(error: Mapping[str, Any], root: Node, whole: type[BaseModel]) -> Problem:
    steps: Path = error["loc"]
    kind = error["type"]
    if steps and steps[-1] == "[key]":
        name = str(steps[-2])
        hint = "a name begins with a letter and holds letters, digits and underscores, at most 40"
        return Problem(key_place(root, steps[:-1]), f"'{name}' cannot be a name", hint, path=dotted(root, steps[:-1]))
    node, path = walked(root, steps)
    where = dotted(root, path)
    if kind == "extra_forbidden":
        model = _model_at(steps[:-1], whole)
        close: str | None = known_or_close(str(steps[-1]), sorted(_names(model))) if model else None
        if node.value is None and not str(steps[-1]).isidentifier():
            close = "a comma ends a value inside { }; put the text in quotes"
        return Problem(key_place(root, path), f"'{steps[-1]}' is not known here", close, path=where)
    if kind == "missing":
        inside = f"in {where} " if where else ""
        return Problem(node.place, f"{inside}'{steps[-1]}' is missing", f"add '{steps[-1]}: ...'", path=where)
    if kind in ("enum", "literal_error"):
        choices = _choices(type_at(steps, whole))
        return Problem(
            node.place,
            f"{_shown(node)} is none of the words for {steps[-1]}",
            known_or_close(str(node.value), choices),
            path=where,
        )
    if kind == "string_pattern_mismatch":
        return Problem(
            node.place,
            f"{_shown(node)} cannot be a name",
            "a name begins with a letter and holds letters, digits and underscores",
            path=where,
        )
    if kind == "value_error":
        return Problem(node.place, str(error["ctx"]["error"]), path=where)
    sentence, hint = SENTENCES.get(kind, (error["msg"], None))
    if kind in BOUNDS:
        sentence = BOUNDS[kind].format(**error["ctx"])
    return Problem(node.place, f"{_shown(node)}: {sentence}" if _is_scalar(node) else sentence, hint, path=where)


def _is_scalar(node: Node) -> bool:
    return not isinstance(node.value, dict | list)


def _shown(node: Node) -> str:
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    if isinstance(node.value, str):
        return f"'{node.value}'" if len(node.value) <= 60 else f"'{node.value[:57]}...'"
    return str(node.value) if _is_scalar(node) else "this"


def _names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name != "provenance":
            yield field.alias or name


def _model_at(steps: Path, whole: type[BaseModel]) -> type[BaseModel] | None:
    found = type_at(steps, whole)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def type_at(steps: Path, whole: type[BaseModel] = Definition) -> Any:
    """The declared type of what stands at the steps."""
    found: Any = whole
    for step in steps:
        found = bare(found)
        origin = get_origin(found)
        if isinstance(found, type) and issubclass(found, BaseModel):
            field = next((field for name, field in found.model_fields.items() if step in (name, field.alias)), None)
            if field is None:
                return None
            found = field.annotation
        elif origin is dict:
            found = get_args(found)[1]
        elif origin is tuple:
            found = get_args(found)[0]
        else:
            return None
    return bare(found)


def bare(kind: Any) -> Any:
    """The type without Annotated and Optional."""
    while get_origin(kind) in (Annotated, Union, UnionType):
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
            continue
        others = [one for one in get_args(kind) if one is not NoneType]
        if len(others) != 1:
            return kind
        kind = others[0]
    return kind


def _choices(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [str(choice) for choice in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [choice.value for choice in kind]
    return []
