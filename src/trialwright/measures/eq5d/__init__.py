"""EQ-5D: index by value set, EQ VAS, LSS, LFS, change, profile grid, crosswalks and QALYs, on arrays.

    from trialwright.measures import eq5d

    dutch = eq5d.value_set("5L", "10.1016/j.jval.2016.01.003")
    eq5d.index(levels, dutch)      # levels: int8, shape (..., 5), 0 where missing

49 value sets of the 5L, 33 TTO and 11 VAS sets of the 3L, 13 of the youth version, each with its DOI or reference. The
wording of the questionnaire belongs to EuroQol and is not here; using it needs their registration (euroqol.org).
"""

from trialwright.measures.eq5d.change import (
    Change,
    Grid,
    Line,
    health_profile_grid,
    pchc,
    pchc_by_dimension,
    pchc_table,
    pchc_table_together,
    ranks,
    superiority,
)
from trialwright.measures.eq5d.crosswalks import AGE_GROUPS, dsu_countries, dsu_expected, dsu_expected_of_index
from trialwright.measures.eq5d.profiles import (
    BadLevel,
    Frequency,
    Problems,
    code_of,
    frequencies,
    from_states,
    index,
    lfs,
    lss,
    problems,
    states,
    vas_outside,
)
from trialwright.measures.eq5d.sets import KINDS, TOP, NoSuchValueSet, ValueSet, value_set, value_sets, version_named
from trialwright.measures.eq5d.terms import DIMENSIONS

__all__ = [
    "AGE_GROUPS", "DIMENSIONS", "KINDS", "TOP", "BadLevel", "Change", "Frequency", "Grid", "Line", "NoSuchValueSet",
    "Problems", "ValueSet", "code_of", "dsu_countries", "dsu_expected", "dsu_expected_of_index", "frequencies",
    "from_states", "health_profile_grid", "index", "lfs", "lss", "pchc", "pchc_by_dimension", "pchc_table",
    "pchc_table_together", "problems", "ranks", "states", "superiority", "value_set", "value_sets", "vas_outside",
    "version_named",
]  # fmt: skip
