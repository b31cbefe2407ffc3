"""From raw observation to a number: one module or subpackage per measure. A new measure has its line in `declared`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trialwright.design.catalogue import Measure

    MEASURES: Mapping[str, Measure]
    """What a definition may name as `method` of a derivation, and the inputs that it gives."""


def __getattr__(name: str) -> Any:
    """`MEASURES` is made when it is asked for: scoring a file needs no definition, and reading one costs a quarter
    second of imports.
    """
    if name == "MEASURES":
        from trialwright.measures.declared import measures

        return measures()
    raise AttributeError(name)
