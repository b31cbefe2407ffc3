"""The kinds of value that the models are made of: exact numbers, names, conditions."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


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
Condition = str | dict[str, Any] | list[Any]
"""A condition of the logic language: an expression as text, or nested `any`, `all`, `judgement`, `for_each`
mappings."""


class Model(BaseModel):
    """Frozen; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
