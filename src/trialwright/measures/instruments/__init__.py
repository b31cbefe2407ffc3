"""Questionnaires and muscle tests: declared in `declared/*.yaml`, scored by one engine.

    from trialwright.measures.instruments import instrument, score
    scored = score(instrument("fss"), {"i1": array, ...})
    scored["mean"].values

`score` works on arrays of any shape and is compiled from the declaration (`compiled`); `reference` says the same row by
row in exact fractions, and a property test holds the two equal.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialwright.measures.instruments.names import NAMES

if TYPE_CHECKING:
    from trialwright.design.instruments import Instrument
    from trialwright.measures.instruments.compiled import Scored, Wrong, outside, score

INSTRUMENTS = tuple(NAMES)
"""The ids of the instruments that the program brings."""

__all__ = ["INSTRUMENTS", "NAMES", "Instrument", "Scored", "Wrong", "instrument", "outside", "score"]


@cache
def instrument(name: str) -> "Instrument":
    """The instrument that the program brings under that id. Raises KeyError with what is near for another one."""
    from trialwright.design.problems import known_or_close
    from trialwright.design.read_instrument import read_instrument

    if name not in NAMES:
        raise KeyError(f"no instrument '{name}' ({known_or_close(name, INSTRUMENTS)})")
    return read_instrument(Path(__file__).parent / "declared" / f"{name}.yaml")


def __getattr__(name: str) -> Any:
    """The scorer is imported when it is asked for: what lists names needs no arrays."""
    if name in ("Scored", "Wrong", "outside", "score"):
        from trialwright.measures.instruments import compiled

        return getattr(compiled, name)
    if name == "Instrument":
        from trialwright.design.instruments import Instrument

        return Instrument
    raise AttributeError(name)
