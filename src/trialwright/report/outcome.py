"""The main measure over time: means by visit, a waterfall at the primary visit, everybody's own curve."""

from collections.abc import Mapping, Sequence

import numpy as np

from trialwright.analysis.derived.scales import asked_scale
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import Scores, scores
from trialwright.design.calendar import anchor_visit
from trialwright.design.derivations import baseline
from trialwright.design.model import Definition, Endpoint
from trialwright.report import figures
from trialwright.report.content import Block, Cell, Drawing, Number, Section, Sentence, Table
from trialwright.report.figures import Point
from trialwright.report.questionnaires import notes

RANGES: Mapping[str, tuple[float, float]] = {"acr_eular_2016": (0.0, 100.0)}
"""The range that a measure's figures span; a measure that is not here spans its data."""


HIGHER = frozenset({"acr_eular_2016", "eq5d_5l", "eq5d_3l", "eq5d_y3l", "eq_vas", "qaly"})
"""Measures of which more is better; the scale of an instrument says it of itself."""


def better(definition: Definition, name: str) -> str | None:
    """Whether `higher` or `lower` values of a measure are better; None where nothing says it."""
    derivation = definition.derivations.get(name)
    if derivation is None:
        return None
    if derivation.method in HIGHER:
        return "higher"
    asked = asked_scale(definition, derivation)
    return None if asked is None else asked[1].better


def digits_for(values: np.ndarray) -> int:
    """Decimals for three figures of the largest value."""
    known = np.abs(values[~np.isnan(values)])
    top = float(known.max()) if known.size else 0.0
    return 3 if top < 0.5 else 2 if top < 5 else 1 if top < 300 else 0


def start_of(definition: Definition, name: str) -> str:
    """The visit that a measure's changes are counted from."""
    derivation = definition.derivations.get(name)
    return anchor_visit(definition) if derivation is None else baseline(definition, derivation)


def main_endpoint(definition: Definition) -> Endpoint | None:
    """The first primary endpoint that a measure feeds."""
    return next((each for each in definition.endpoints.values() if each.level == "primary" and each.measure), None)


def main_scores(seen: Observations) -> Scores | None:
    """The primary endpoint's measure at its baseline, where it has one there, and at every visit where an endpoint asks
    for it; None if it cannot be computed."""
    endpoint = main_endpoint(seen.definition)
    if endpoint is None:
        return None
    asked = {visit for e in seen.definition.endpoints.values() if endpoint.measure[0] in e.measure for visit in e.at}
    start = start_of(seen.definition, endpoint.measure[0])
    visits = [visit for visit in seen.definition.visits if visit in asked]
    try:
        found = scores(seen, endpoint.measure[0], seen.randomised, [start, *(one for one in visits if one != start)])
        known = not np.isnan(found.at(start)).all()
        return found if known else scores(seen, endpoint.measure[0], seen.randomised, visits)
    except NotEstimable:
        return None


def outcome_section(seen: Observations, scored: Scores, arms: Mapping[str, Sequence[str]]) -> Section:
    """Three figures of the main measure."""
    endpoint = main_endpoint(seen.definition)
    assert endpoint is not None
    derivation = seen.definition.derivations.get(scored.name)
    limits = RANGES.get(derivation.method) if derivation else None
    rows = {name: [scored.participants.index(p) for p in members] for name, members in arms.items()}
    visit = endpoint.at[0]
    at = seen.definition.visits[visit].label
    blocks: list[Block] = [
        *notes(seen, scored.name, scored.participants, scored.visits),
        *_means(seen, scored, rows, limits),
        _waterfall(scored, rows, visit, at, limits, better(seen.definition, scored.name)),
        _curves(seen, scored, rows, limits),
    ]
    return Section("outcome", f"{scored.label} over time", blocks)


def _means(
    seen: Observations, scored: Scores, rows: Mapping[str, Sequence[int]], limits: figures.Limits
) -> list[Block]:
    """The figure and, for who reads numbers rather than heights, its table."""
    series = {name: mean_points(seen, scored, chosen) for name, chosen in rows.items()}
    caption = f"{scored.label}: mean and 95 % confidence interval by visit, as observed."
    svg = figures.means_by_visit(series, scored.label, limits)
    cells: list[list[Cell]] = []
    for index, visit in enumerate(scored.visits):
        row: list[Cell] = [seen.definition.visits[visit].label]
        for points in series.values():
            row += _mean_cells(points[index], digits_for(scored.values))
        cells.append(row)
    columns = ["", *(head for name in series for head in (f"{name}: n", "Mean (95 % interval)"))]
    words = f"{caption} The table below holds the same numbers."
    return [
        Drawing("means", f"{caption} Below, the participants measured.", words, svg, series),
        Table("means-numbers", f"{scored.label} by visit", columns, cells),
    ]


def _mean_cells(point: Point, digits: int) -> list[Cell]:
    named = {"mean": point.mean, "lower": point.lower, "upper": point.upper}
    interval = Sentence("{mean} ({lower} to {upper})", {name: Number(value, digits) for name, value in named.items()})
    return [Number(point.n), interval]


def mean_points(seen: Observations, scored: Scores, chosen: Sequence[int]) -> list[Point]:
    """The mean of some participants at each visit with its 95 % confidence limits."""
    from scipy.special import stdtrit

    points = []
    for visit in scored.visits:
        values = scored.at(visit)[list(chosen)]
        known = values[~np.isnan(values)]
        mean = float(known.mean()) if known.size else None
        half = float(stdtrit(known.size - 1, 0.975) * known.std(ddof=1) / known.size**0.5) if known.size > 1 else None
        low, high = (None, None) if mean is None or half is None else (mean - half, mean + half)
        points.append(Point(seen.planned_week(visit) or 0.0, visit, mean, low, high, int(known.size)))
    return points


def _waterfall(
    scored: Scores,
    rows: Mapping[str, Sequence[int]],
    visit: str,
    at: str,
    limits: figures.Limits,
    direction: str | None,
) -> Drawing:
    values = {name: _known(scored.at(visit)[list(chosen)]) for name, chosen in rows.items()}
    dotted = "; dotted, the declared thresholds of response" if scored.thresholds else ""
    caption = f"{scored.label} at {at}: one bar for each participant{dotted}."
    svg = figures.waterfall(values, scored.thresholds, scored.label, limits, direction)
    return Drawing("waterfall", caption, caption, svg, values)


def _curves(seen: Observations, scored: Scores, rows: Mapping[str, Sequence[int]], limits: figures.Limits) -> Drawing:
    weeks = [seen.planned_week(visit) or 0.0 for visit in scored.visits]
    series = {
        name: [
            [(week, float(value)) for week, value in zip(weeks, scored.values[row], strict=True) if not np.isnan(value)]
            for row in chosen
        ]
        for name, chosen in rows.items()
    }
    drawn = {name: [curve for curve in curves if curve] for name, curves in series.items()}
    caption = f"{scored.label} of every participant (thin) and the median at each visit (thick)."
    svg = figures.individual_curves(drawn, scored.label, limits)
    return Drawing("curves", caption, caption, svg, drawn)


def _known(values: np.ndarray) -> list[float]:
    return [float(value) for value in values if not np.isnan(value)]
