"""The table of the Total Improvement Score (TIS): points, cut-offs, enzyme ranges, and the readings one may declare.

Source: 2016 ACR/EULAR criteria for response in adult dermatomyositis and polymyositis (Aggarwal 2017, doi
10.1002/art.40064) and in juvenile dermatomyositis (Rider 2017, Table 3, PMC5577002); both use one table and differ in
their cut-offs. The table itself is read in the juvenile paper; the enzyme ranges are recalled, not read, and carry
that status.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

MEASURES = ("phga", "ptga", "mmt", "haq", "enzyme", "exm")
"""The six core set measures: physician and patient global activity, manual muscle testing, HAQ, muscle enzyme,
extramuscular activity.
"""

STEP = Decimal("2.5")
"""Every entry of the table is a whole number of these, so a score is kept as an integer count of steps."""

GENERAL_CUTS = (5, 15, 25, 40)
MMT_CUTS = (2, 10, 20, 30)
"""Levels in absolute percent change, open below and closed above: exactly 5 % improvement still scores nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: four cuts in percent of the measure's range and the points of the five levels between
    them.
    """

    cuts: tuple[int, int, int, int]
    points: tuple[str, str, str, str, str]

    @property
    def steps(self) -> tuple[int, ...]:
        """The points as whole steps of 2.5."""
        return tuple(int(Decimal(point) / STEP) for point in self.points)


TABLE: Mapping[str, Row] = MappingProxyType(
    {
        "phga": Row(GENERAL_CUTS, ("0", "7.5", "15", "17.5", "20")),
        "ptga": Row(GENERAL_CUTS, ("0", "2.5", "5", "7.5", "10")),
        "mmt": Row(MMT_CUTS, ("0", "10", "20", "27.5", "32.5")),
        "haq": Row(GENERAL_CUTS, ("0", "5", "7.5", "7.5", "10")),
        "enzyme": Row(GENERAL_CUTS, ("0", "2.5", "5", "7.5", "7.5")),
        "exm": Row(GENERAL_CUTS, ("0", "7.5", "12.5", "15", "20")),
    }
)

FIXED_RANGES: Mapping[str, int] = MappingProxyType({"phga": 10, "ptga": 10, "haq": 3, "exm": 10})
"""Ranges that never vary: visual analogue scales of 10 cm and the HAQ of 3. That of MMT is the maximum of the muscle
set in use.
"""

ENZYMES = ("ck", "aldolase", "ast", "alt", "ldh")
"""In the order that settles ties for the most abnormal one (a declared choice: the papers name none)."""


@dataclass(frozen=True, slots=True)
class EnzymeRange:
    """How many upper limits of normal make the range of an enzyme, and how well we know it."""

    upper_limits: Fraction
    status: Literal["read", "recalled", "declared"]


ENZYME_RANGES: Mapping[str, EnzymeRange] = MappingProxyType(
    {
        "ck": EnzymeRange(Fraction(15), "recalled"),
        "aldolase": EnzymeRange(Fraction(6), "recalled"),
        "ast": EnzymeRange(Fraction(3), "recalled"),
        "alt": EnzymeRange(Fraction(3), "recalled"),
        "ldh": EnzymeRange(Fraction(3), "recalled"),
    }
)
"""90 % ranges of natural-history data, from a footnote of Aggarwal 2017 that we recall and have not read again."""

CATEGORIES = ("none", "minimal", "moderate", "major")


@dataclass(frozen=True, slots=True)
class Criteria:
    """The smallest TIS that counts as minimal, moderate and major improvement."""

    name: str
    minimal: int
    moderate: int
    major: int

    @property
    def cuts_in_steps(self) -> tuple[int, int, int]:
        """The three cut-offs as whole steps of 2.5."""
        minimal, moderate, major = (int(cut / STEP) for cut in (self.minimal, self.moderate, self.major))
        return minimal, moderate, major


ADULT = Criteria("adult", minimal=20, moderate=40, major=60)
JUVENILE = Criteria("juvenile", minimal=30, moderate=45, major=70)
CRITERIA: Mapping[str, Criteria] = MappingProxyType({"adult": ADULT, "juvenile": JUVENILE})


@dataclass(frozen=True, slots=True)
class Rules:
    """The reading of the criteria that a definition declares.

    missing: `strict`, no score unless all six measures are known; `lenient`, an unknown measure scores nothing and is
    flagged (six unknown measures still give no score).
    enzyme_choice: "most abnormal" as the greatest multiple of the upper limit of normal, or as the greatest share of
    the enzyme's range.
    """

    criteria: Criteria = ADULT
    missing: Literal["strict", "lenient"] = "strict"
    enzyme_choice: Literal["multiple_of_upper_limit", "value_over_range"] = "multiple_of_upper_limit"
    enzyme_ranges: Mapping[str, EnzymeRange] = field(default_factory=lambda: ENZYME_RANGES)


DEFAULT_RULES = Rules()
