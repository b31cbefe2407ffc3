"""The kinds of value that the models are made of: exact numbers, names, conditions."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema


def _no_truth(value: Any) -> Any:
    """Python counts true as 1; a definition does not."""
    if isinstance(value, bool | float):
        raise ValueError("this is no exact number")
    return value


def sides(value: Any) -> Any:
    """`2` and the canonical form's "2" are the same."""
    return {"1": 1, "2": 2}.get(value, value) if isinstance(value, str) else value


Whole = Annotated[int, BeforeValidator(_no_truth)]
Exact = Annotated[Decimal, BeforeValidator(_no_truth), Field(allow_inf_nan=False)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=40)]


def _condition(value: Any) -> Any:
    """The condition as texts, truth values, lists and mappings; whether it makes sense is for the logic to say."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, list | tuple):
        return [_condition(entry) for entry in value]
    if isinstance(value, dict):
        return {str(key): _condition(entry) for key, entry in value.items()}
    raise ValueError(
        "this is no condition: write an expression as text, or a mapping with any, all, not, when or unless"
    )


def _whole_condition(value: Any) -> Any:
    """A list alone does not say whether any or all of it must hold."""
    if isinstance(value, list | tuple):
        raise ValueError("a list of conditions does not say how they combine: write any: [...] or all: [...]")
    return _condition(value)


SHAPE = {"anyOf": [{"type": "string"}, {"type": "boolean"}, {"type": "object"}]}
Condition = Annotated[Any, BeforeValidator(_whole_condition), WithJsonSchema(SHAPE)]
"""A condition of the logic language: an expression as text, or nested `any`, `all`, `judgement`, `for_each`
mappings."""


class Model(BaseModel):
    """Frozen; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
