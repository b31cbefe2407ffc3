"""From raw observation to a number: one module or subpackage per measure. A new measure has its line in `MEASURES`."""

from collections.abc import Mapping
from types import MappingProxyType

from trialwright.design.catalogue import Measure
from trialwright.measures.tis_rules import ENZYMES

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "acr_eular_2016": Measure(
            needs=("phga", "ptga", "mmt", "haq", "extramusc"),
            takes=(*ENZYMES, *(f"{enzyme}_uln" for enzyme in ENZYMES)),
            gives=("category", "enzyme", "enzyme_multiple"),
        ),
    }
)
"""What a definition may name as `method` of a derivation; computed by the module that bears the measure's short name
(`tis`).
"""
