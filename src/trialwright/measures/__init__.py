"""From raw observation to a number: one module or subpackage per measure. A new measure has its line in `MEASURES`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from trialwright.measures.tis_rules import ENZYMES

if TYPE_CHECKING:
    from trialwright.design.catalogue import Measure

    MEASURES: Mapping[str, Measure]
    """What a definition may name as `method` of a derivation, and the inputs that it gives."""


def _measures() -> Mapping[str, "Measure"]:
    from trialwright.design.catalogue import Measure

    return MappingProxyType(
        {
            "acr_eular_2016": Measure(
                needs=("phga", "ptga", "mmt", "haq", "extramusc"),
                takes=(*ENZYMES, *(f"{enzyme}_uln" for enzyme in ENZYMES)),
                gives=("category", "enzyme", "enzyme_multiple"),
            ),
        }
    )


def __getattr__(name: str) -> Any:
    """`MEASURES` is made when it is asked for: scoring a file needs no definition, and reading one costs a quarter
    second of imports.
    """
    if name == "MEASURES":
        return _measures()
    raise AttributeError(name)
