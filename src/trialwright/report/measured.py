"""A measure by visit and arm, in a figure and in numbers: what several sections say of their measures."""

from collections.abc import Mapping, Sequence

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import Scores, scores
from trialwright.design.model import Definition
from trialwright.report import figures
from trialwright.report.content import Block, Cell, Drawing, Number, Sentence, Table
from trialwright.report.outcome import mean_points

Arms = Mapping[str, Sequence[str]]


def visits_of(definition: Definition, name: str) -> list[str]:
    """The planned visits at which an endpoint asks for the measure, in their order."""
    asked = {visit for one in definition.endpoints.values() if name in one.measure for visit in one.at}
    return [visit for visit in definition.visits if visit in asked]


def main_visit(definition: Definition, name: str) -> str | None:
    """The visit that speaks for a measure: the primary endpoint's where it is measured there, else its last one."""
    visits = visits_of(definition, name)
    primary = [visit for one in definition.endpoints.values() if one.level == "primary" for visit in one.at]
    return next((visit for visit in primary if visit in visits), visits[-1] if visits else None)


def known_scores(seen: Observations, name: str, visits: Sequence[str]) -> Scores | None:
    """The measure of all randomised; None where it cannot be computed."""
    try:
        return scores(seen, name, seen.randomised, visits)
    except NotEstimable:
        return None


def over_time(seen: Observations, scored: Scores, arms: Arms, id_: str, digits: int, unit: str = "") -> list[Block]:
    """Means with 95 % intervals by visit, as observed: the figure and its numbers."""
    rows = {name: [scored.participants.index(person) for person in members] for name, members in arms.items()}
    series = {name: mean_points(seen, scored, chosen) for name, chosen in rows.items()}
    label = f"{scored.label} ({unit})" if unit else scored.label
    caption = f"{label}: mean and 95 % confidence interval by visit, as observed."
    cells: list[list[Cell]] = []
    for index, visit in enumerate(scored.visits):
        row: list[Cell] = [seen.definition.visits[visit].label]
        for points in series.values():
            named = {"mean": points[index].mean, "lower": points[index].lower, "upper": points[index].upper}
            numbers = {part: Number(value, digits) for part, value in named.items()}
            row += [Number(points[index].n), Sentence("{mean} ({lower} to {upper})", numbers)]
        cells.append(row)
    columns = ["", *(head for name in series for head in (f"{name}: n", "Mean (95 % interval)"))]
    svg = figures.means_by_visit(series, label, salt=id_)
    words = f"{caption} The table below holds the same numbers."
    return [
        Drawing(id_, f"{caption} Below, the participants measured.", words, svg, series),
        Table(f"{id_}-numbers", f"{label} by visit", columns, cells),
    ]
