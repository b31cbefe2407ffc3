"""Methods by name, and their parameters as they stand in an annex or a scenario: read with every error at once."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from trialwright.allocation.methods.biased_coin import BiasedCoin
from trialwright.allocation.methods.big_stick import BigStick
from trialwright.allocation.methods.blocks import Blocks
from trialwright.allocation.methods.minimisation import Minimisation
from trialwright.allocation.methods.shares import (
    Impossible,
    fraction,
    ratio_problems,
    refuse,
    whole,
    whole_or_none,
)
from trialwright.allocation.methods.simple import Simple
from trialwright.allocation.methods.urn import Urn

Method = Simple | Blocks | BigStick | BiasedCoin | Urn | Minimisation
Reader = Callable[[Any], Any]

METHODS: Mapping[str, type[Method]] = MappingProxyType(
    {method.name: method for method in (Simple, Blocks, BigStick, BiasedCoin, Urn, Minimisation)}
)
"""What a definition may name as `randomisation.method`."""


def _wholes(value: Any) -> tuple[int, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ValueError(f"{value!r} is no list of whole numbers, as [4, 6]")
    return tuple(map(whole, value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _levels(value: Any) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, Mapping) or not all(isinstance(levels, list | tuple) for levels in value.values()):
        raise ValueError("name each factor with the list of its levels, as {sex: [F, M]}")
    return {_text(factor): tuple(map(_text, levels)) for factor, levels in value.items()}


def _weights(value: Any) -> Mapping[str, int]:
    if not isinstance(value, Mapping):
        raise ValueError("name each factor with its weight, as {sex: 2}")
    return {_text(factor): whole(weight) for factor, weight in value.items()}


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "sizes": _wholes,
        "limit": whole,
        "p": fraction,
        "alpha": whole,
        "beta": whole_or_none,
        "factors": _levels,
        "measure": _text,
        "weights": _weights,
        "overall": whole_or_none,
    }
)


def method_of(name: str, ratio: Mapping[str, int], parameters: Mapping[str, Any]) -> Method:
    """The method of this name with the parameters of its annex. Raises `Impossible` with all that is wrong."""
    kind = METHODS.get(name)
    if kind is None:
        raise Impossible([f"method: {name!r} is unknown{_meant(name, METHODS)}; there are {', '.join(METHODS)}"])
    wanted = {one.name: one for one in fields(kind) if one.name != "ratio"}
    wrong = ratio_problems(ratio)
    values: dict[str, Any] = {}
    for key, value in parameters.items():
        if key not in wanted:
            known = ", ".join(wanted) or "none"
            wrong.append(f"{key}: {name} has no such parameter{_meant(key, wanted)}; it has {known}")
            continue
        try:
            values[key] = READERS[key](value)
        except ValueError as error:
            wrong.append(f"{key}: {error}")
    required = [key for key, one in wanted.items() if one.default is MISSING and one.default_factory is MISSING]
    wrong += [f"{key}: {name} needs it" for key in required if key not in parameters]
    refuse(wrong)
    return kind(ratio=ratio, **values)


def _meant(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, known, 1)
    return f" (did you mean {close[0]}?)" if close else ""
