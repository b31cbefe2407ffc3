"""The Total Improvement Score of one pair of visits in exact fractions: the specification that the array form must
equal.

    improvement % = (baseline - follow-up) / range * 100     (sign turned for MMT, where high is good)
    TIS = sum over six measures of the points of the level in which the improvement lies

Plain on purpose and without numpy, so that conduct and edit checks can use it for a single participant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from trialwright.measures.tis_rules import (
    CATEGORIES,
    DEFAULT_RULES,
    ENZYMES,
    FIXED_RANGES,
    MEASURES,
    STEP,
    TABLE,
    Criteria,
    Rules,
)

Number = int | Decimal | Fraction
Values = Mapping[str, Number | None]


@dataclass(frozen=True, slots=True)
class PairScore:
    """What one pair of visits scores.

    tis: 0 to 100 in steps of 2.5, or None. category: none, minimal, moderate, major, or None without a score.
    points: per measure; None where it cannot be computed. percent: improvement in percent of the range, None where
    unknown. enzyme: the one followed. gaps: what is missing, as phrases ready to read.
    """

    tis: Decimal | None
    category: str | None
    points: Mapping[str, Decimal | None]
    percent: Mapping[str, Fraction | None]
    enzyme: str | None
    gaps: Mapping[str, str]


def pair_score(
    baseline: Values,
    follow_up: Values,
    *,
    mmt_max: Number | None,
    upper_limits: Values,
    rules: Rules = DEFAULT_RULES,
) -> PairScore:
    """The TIS of one participant between two visits.

    `baseline` and `follow_up` map phga, ptga, exm (cm), mmt (grades), haq (0 to 3) and enzymes (any unit, the same as
    their upper limit) to exact numbers; absent or None is "not measured". Raises TypeError for a binary float: 1.1 -
    0.6 is not 0.5 in binary.
    """
    first, second, limits = _exact(baseline), _exact(follow_up), _exact(upper_limits)
    enzyme = followed_enzyme(first, limits, rules)
    maximum = _exact({"mmt": mmt_max}).get("mmt")
    percent: dict[str, Fraction | None] = {}
    gaps: dict[str, str] = {}
    for measure in MEASURES:
        gap = _enzyme_gap(first, second, limits, enzyme) if measure == "enzyme" else _gap(measure, first, second)
        if measure == "mmt" and not gap and maximum is None:
            gap = "maximum missing"
        if gap:
            percent[measure], gaps[measure] = None, gap
        else:
            percent[measure] = _percent(measure, first, second, limits, enzyme, maximum, rules)
    points = {measure: None if value is None else _points(measure, value) for measure, value in percent.items()}
    return _total(points, percent, enzyme, gaps, rules)


def _exact(values: Values) -> dict[str, Fraction]:
    exact: dict[str, Fraction] = {}
    for name, value in values.items():
        if isinstance(value, float):
            raise TypeError(f"{name} is a binary float ({value!r}); give an integer, a Decimal or a Fraction")
        if value is not None:
            exact[name] = Fraction(value)
    return exact


def followed_enzyme(baseline: Mapping[str, Fraction], limits: Mapping[str, Fraction], rules: Rules) -> str | None:
    """The most abnormal enzyme at baseline; None when none was measured or one that was measured has no upper limit
    to rank it by.
    """
    measured = [name for name in ENZYMES if name in baseline]
    if not measured or any(name not in limits for name in measured):
        return None

    def abnormality(name: str) -> Fraction:
        multiple = baseline[name] / limits[name]
        if rules.enzyme_choice == "value_over_range":
            return multiple / rules.enzyme_ranges[name].upper_limits
        return multiple

    return max(measured, key=abnormality)  # max keeps the first of equals, so ENZYMES settles ties


def _gap(measure: str, first: Mapping[str, Fraction], second: Mapping[str, Fraction]) -> str:
    absent = [when for when, values in (("baseline", first), ("follow-up", second)) if measure not in values]
    return f"missing at {' and '.join(absent)}" if absent else ""


def _enzyme_gap(
    first: Mapping[str, Fraction], second: Mapping[str, Fraction], limits: Mapping[str, Fraction], enzyme: str | None
) -> str:
    if enzyme is None:
        unranked = any(name in first and name not in limits for name in ENZYMES)
        return "upper limit of normal missing" if unranked else "missing at baseline"
    return "" if enzyme in second else "missing at follow-up"


def _percent(
    measure: str,
    first: Mapping[str, Fraction],
    second: Mapping[str, Fraction],
    limits: Mapping[str, Fraction],
    enzyme: str | None,
    maximum: Fraction | None,
    rules: Rules,
) -> Fraction:
    if measure == "enzyme" and enzyme is not None:
        return 100 * (first[enzyme] - second[enzyme]) / (rules.enzyme_ranges[enzyme].upper_limits * limits[enzyme])
    if measure == "mmt" and maximum is not None:
        return 100 * (second["mmt"] - first["mmt"]) / maximum
    return 100 * (first[measure] - second[measure]) / FIXED_RANGES[measure]


def _points(measure: str, percent: Fraction) -> Decimal:
    row = TABLE[measure]
    level = sum(percent > cut for cut in row.cuts)  # open below: the cut itself belongs to the level beneath it
    return Decimal(row.points[level])


def _total(
    points: dict[str, Decimal | None],
    percent: dict[str, Fraction | None],
    enzyme: str | None,
    gaps: dict[str, str],
    rules: Rules,
) -> PairScore:
    unknown = len(gaps)
    if unknown == len(MEASURES) or (unknown and rules.missing == "strict"):
        return PairScore(None, None, points, percent, enzyme, gaps)
    scored = {measure: Decimal(0) if value is None else value for measure, value in points.items()}
    tis = sum(scored.values(), Decimal(0))
    return PairScore(tis, category(tis, rules.criteria), scored, percent, enzyme, gaps)


def category(tis: Decimal, criteria: Criteria) -> str:
    """none, minimal, moderate or major; a score on the cut-off belongs to the better category."""
    return CATEGORIES[sum(tis / STEP >= cut for cut in criteria.cuts_in_steps)]
