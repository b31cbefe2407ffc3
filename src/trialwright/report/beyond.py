"""What the report says of logarithmic scales and of values beyond a limit: in words, counts, ratios and a figure."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.handling import Handling
from trialwright.analysis.observations import Observations
from trialwright.analysis.plan import Answer, Results, effect, ratio
from trialwright.analysis.quantiles import quantiles, written
from trialwright.analysis.repeated import OverVisits
from trialwright.analysis.scores import Scores, scores
from trialwright.design.model import Definition
from trialwright.report.content import Block, Cell, Drawing, Number, Section, Sentence, Table
from trialwright.report.limits_figure import Cloud, values_by_visit
from trialwright.report.words import percent, share

DONE = {
    "tobit": "They stay in the likelihood as what they are, values beyond their limit (maximum likelihood of the"
    " censored normal distribution); no number stands in their place.",
    "at limit": "Their limit stands in their place.",
    "half limit": "Half their limit stands in the place of those below; those above stand at their limit.",
    "limit over root two": "Their limit over the square root of two stands in the place of those below; those above"
    " stand at their limit.",
    "exclude": "They are left out, as if they had not been measured.",
}
SCALES = {"log": "natural logarithms", "log2": "logarithms to the base 2", "log10": "logarithms to the base 10"}


def words_of(answer: Answer) -> list[str]:
    """How an outcome was put on its scale, how many values lay beyond a limit and what was done with them."""
    said, chosen = [], answer.handling
    if chosen.scale:
        said.append(
            f"The outcome is analysed as {SCALES[chosen.scale]}: a difference there is the logarithm of a ratio of"
            " geometric means."
        )
    below, above, known = (
        sum(sum(getattr(one, name)) for one in answer.beyond) for name in ("below", "above", "known")
    )
    if answer.beyond:
        sides = " and ".join(f"{n} {word}" for n, word in ((below, "below"), (above, "above")) if n)
        said.append(f"Of {known} values {sides} a limit of quantification. {_done(chosen)}")
    elif chosen.censored is not None:
        said.append("No value lay beyond a limit of quantification.")
    if chosen.tobit:
        said.append(_degrees(answer))
    return said


def _done(chosen: Handling) -> str:
    return DONE.get(chosen.censored or "", "")


def _degrees(answer: Answer) -> str:
    found = effect(answer)
    if found is None or not np.isfinite(found.df):
        return "Standard errors from the observed information; normal approximation."
    return (
        "Standard errors from the observed information, multiplied by the root of n / (n - k), with the t distribution"
        " on n - k degrees of freedom: n participants, k coefficients of the mean at one visit."
    )


def ratios(answer: Answer, definition: Definition, id_: str) -> list[Block]:
    """Geometric means of the arms and their ratio, at every visit where there are several; nothing without a scale."""
    found = effect(answer)
    if answer.handling.base is None or found is None:
        return []
    result = answer.result
    rows: list[list[Cell]] = []
    if isinstance(result, OverVisits):
        differences = dict(zip(result.compared, result.effects, strict=True))
        for place, visit in enumerate(result.visits):
            means = [ratio(answer, means[place]) for means in result.means]
            change = differences.get(visit)
            rows.append([definition.visits[visit].label, *(_three(one) for one in means)])
            rows[-1].append("" if change is None else _three(ratio(answer, change), 2))
    else:
        means = [ratio(answer, mean) for mean in getattr(result, "means", ())]
        label = definition.visits[answer.visit].label if answer.visit else ""
        rows.append([label, *(_three(one) for one in means or (None, None)), _three(ratio(answer, found), 2)])
    interval = f"{percent(found.level)} interval"
    columns = ["", *(f"{arm}: geometric mean ({interval})" for arm in answer.arms), f"Ratio ({interval})"]
    return [Table(f"{id_}-ratios", f"{answer.label}: ratio of treatment to reference", columns, rows)]


def _three(one: object, digits: int | None = None) -> Cell:
    if one is None:
        return ""
    parts = {name: getattr(one, name) for name in ("estimate", "lower", "upper")}
    if digits is None:
        digits = 0 if abs(parts["estimate"]) >= 100 else 1 if abs(parts["estimate"]) >= 10 else 2
    return Sentence("{estimate} ({lower} to {upper})", {name: Number(value, digits) for name, value in parts.items()})


def limits_section(seen: Observations, results: Results) -> Section | None:
    """Each measure with values beyond a limit: counts and quartiles by arm and visit, and everybody's values."""
    blocks: list[Block] = []
    shown: set[str] = set()
    for answer in results.answers:
        name = _measure(seen.definition, answer)
        if answer.status == "done" and answer.beyond and name is not None and name not in shown:
            shown.add(name)
            blocks += _measured(seen, answer, name)
    return Section("limits", "Values beyond limits of quantification", blocks) if blocks else None


def _measure(definition: Definition, answer: Answer) -> str | None:
    if answer.measure is not None or answer.endpoint is None:
        return answer.measure
    several = definition.endpoints[answer.endpoint].measure
    return several[0] if several else None


def _measured(seen: Observations, answer: Answer, name: str) -> list[Block]:
    visits = [one.visit for one in answer.beyond]
    scored = scores(seen, name, answer.analysed, visits)
    arms = _arms(seen, answer, scored)
    id_ = "-".join(["limits", *re.findall(r"\w+", name.lower())])
    clouds = {arm: [_cloud(seen, scored, rows, visit) for visit in visits] for arm, rows in arms.items()}
    unit = _unit(seen.definition, name)
    label = f"{scored.label}, {unit}" if unit else scored.label
    positive = all(value > 0 for line in clouds.values() for cloud in line for value in cloud.values)
    caption = (
        f"{scored.label} of every participant by visit; open triangles: values beyond a limit, at the limit; bars: the"
        " median, dotted where it lies beyond the limit."
    )
    drawn = values_by_visit(clouds, label, bool(answer.handling.scale) and positive, id_)
    return [Drawing(id_, caption, caption, drawn, clouds), _table(seen.definition, scored, clouds, visits, id_)]


def _arms(seen: Observations, answer: Answer, scored: Scores) -> Mapping[str, Sequence[int]]:
    """The rows of each arm."""
    inside = dict(zip(answer.analysed, answer.placed, strict=True))
    return {
        label: [row for row, one in enumerate(scored.participants) if inside[one] == place]
        for place, label in enumerate(answer.arms)
    }


def _cloud(seen: Observations, scored: Scores, rows: Sequence[int], visit: str) -> Cloud:
    values, signs = scored.at(visit)[list(rows)], scored.censored_at(visit)
    known = ~np.isnan(values)
    sides = np.zeros(len(rows), dtype=np.int8) if signs is None else signs[list(rows)]
    try:
        median = quantiles(values[known], sides[known], (0.5,))[0]
    except NotEstimable:
        median = None
    week = seen.planned_week(visit) or 0.0
    return Cloud(week, tuple(values[known].tolist()), tuple(sides[known].tolist()), median)


def _table(
    definition: Definition, scored: Scores, clouds: Mapping[str, Sequence[Cloud]], visits: Sequence[str], id_: str
) -> Table:
    rows: list[list[Cell]] = []
    for place, visit in enumerate(visits):
        row: list[Cell] = [definition.visits[visit].label]
        for line in clouds.values():
            cloud = line[place]
            signs = np.array(cloud.signs)
            row += [share(int((signs < 0).sum()), len(signs)), share(int((signs > 0).sum()), len(signs))]
            row.append(_quartiles(cloud))
        rows.append(row)
    sides = [(arm, head) for arm in clouds for head in _HEADS]
    columns = ["", *(f"{arm}: {head}" for arm, head in sides)]
    keep = [True, *(head not in _OPTIONAL or _any(clouds, head) for _, head in sides)]
    notes = [
        "A quartile among the values below the limit prints as that limit. Where limits differ and values were seen on"
        " both sides of one, quartiles are those of the product-limit estimate."
    ]
    picked = [[cell for cell, one in zip(row, keep, strict=True) if one] for row in rows]
    chosen = [head for head, one in zip(columns, keep, strict=True) if one]
    return Table(f"{id_}-numbers", f"{scored.label} by visit, as measured", chosen, picked, notes)


_HEADS = ("below the limit", "above the limit", "median (quartiles)")
_OPTIONAL = {"below the limit": -1, "above the limit": 1}


def _any(clouds: Mapping[str, Sequence[Cloud]], head: str) -> bool:
    return any(_OPTIONAL[head] in cloud.signs for line in clouds.values() for cloud in line)


def _quartiles(cloud: Cloud) -> str:
    values, signs = np.array(cloud.values), np.array(cloud.signs, dtype=np.int8)
    try:
        low, middle, high = quantiles(values, signs, (0.25, 0.5, 0.75))
    except NotEstimable:
        return "–"
    top = float(np.abs(values).max())
    digits = 0 if top >= 300 else 1 if top >= 10 else 2
    return f"{written(middle, digits)} ({written(low, digits)} to {written(high, digits)})"


def _unit(definition: Definition, name: str) -> str:
    form, _, item = name.partition(".")
    known = definition.forms[form].items if form in definition.forms else ()
    return next((each.unit or "" for each in known if each.id == item), "")
