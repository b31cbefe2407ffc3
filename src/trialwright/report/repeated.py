"""Measures over several visits by the mixed model: adjusted means and differences at every visit, drawn and printed."""

import re
from collections.abc import Sequence
from math import isfinite

from trialwright.analysis.ancova import AdjustedMean
from trialwright.analysis.observations import Observations
from trialwright.analysis.plan import Answer, Results, ratio
from trialwright.analysis.repeated import OverVisits
from trialwright.design.model import Definition
from trialwright.report import beyond, figures
from trialwright.report.content import Block, Cell, Drawing, Number, Paragraph, Section, Sentence, Table
from trialwright.report.efficacy import inside, model_words, omitted_words
from trialwright.report.figures import Point
from trialwright.report.words import count, digits_of, p_sign, p_value, percent


def visits_section(seen: Observations, results: Results) -> Section | None:
    """Every mixed model that was fitted: in words, as a figure, in full."""
    blocks: list[Block] = []
    for answer in results.answers:
        if answer.status == "done" and isinstance(answer.result, OverVisits):
            blocks += _blocks(seen, answer, answer.result)
    return Section("visits", "Over the visits", blocks) if blocks else None


def measures_shown(definition: Definition, results: Results) -> frozenset[str]:
    """The measures that those models are of."""
    done = [one for one in results.answers if one.status == "done" and isinstance(one.result, OverVisits)]
    return frozenset(one.measure or definition.endpoints[one.endpoint].measure[0] for one in done if one.endpoint)


def _blocks(seen: Observations, answer: Answer, found: OverVisits) -> list[Block]:
    id_ = "-".join(["visits", answer.id.lower(), *re.findall(r"\w+", (answer.measure or "").lower())])
    series = {
        label: [_point(seen, visit, mean) for visit, mean in zip(found.visits, means, strict=True)]
        for label, means in zip(answer.arms, found.means, strict=True)
    }
    caption = f"{answer.label}: adjusted mean and {percent(found.effect.level)} confidence interval by visit."
    scale = f" ({answer.handling.scale})" if answer.handling.scale else ""
    svg = figures.means_by_visit(series, f"Adjusted mean{scale}", salt=id_)
    words = f"{caption} The table below holds the same numbers."
    return [
        _in_words(seen.definition, answer, found),
        Drawing(id_, f"{caption} Below, the participants measured.", words, svg, series),
        _table(seen.definition, answer, found, f"{id_}-numbers"),
        *beyond.ratios(answer, seen.definition, id_),
    ]


def _point(seen: Observations, visit: str, mean: AdjustedMean) -> Point:
    return Point(seen.planned_week(visit) or 0.0, visit, mean.mean, mean.lower, mean.upper, mean.n)


def _in_words(definition: Definition, answer: Answer, found: OverVisits) -> Paragraph:
    """The difference at the visit that speaks for the analysis, and the test over all of them."""
    effect, (reference, treatment) = found.effect, answer.arms
    digits, overall = digits_of(effect.se), found.overall
    parts: dict[str, Number | str] = {
        "label": answer.label,
        "visit": inside(definition.visits[found.visit].label),
        "size": Number(abs(effect.estimate), digits),
        "direction": "higher" if effect.estimate >= 0 else "lower",
        "treatment": inside(treatment),
        "reference": inside(reference),
        "level": percent(effect.level),
        "lower": Number(effect.lower, digits),
        "upper": Number(effect.upper, digits),
        "sign": p_sign(effect.p),
        "p": p_value(effect.p),
    }
    pattern = (
        "{label}: at {visit} the adjusted mean was {size} {direction} with {treatment} than with {reference} "
        "({level} confidence interval of the difference {lower} to {upper}; {sign}{p})."
    )
    as_ratio = ratio(answer, effect)
    if as_ratio is not None:
        pattern += " That is a ratio of geometric means of {ratio} ({ratio_lower} to {ratio_upper})."
        named = {"ratio": as_ratio.estimate, "ratio_lower": as_ratio.lower, "ratio_upper": as_ratio.upper}
        parts |= {name: Number(value, 2) for name, value in named.items()}
    if overall is not None and len(found.compared) > 1:
        pattern += " Over all {k} visits together: F = {f} with {k} and {df} degrees of freedom, {sign_all}{p_all}."
        parts |= {
            "k": count(len(found.compared)),
            "f": Number(overall.F, 2),
            "df": Number(overall.df2 if isfinite(overall.df2) else None, 1),
            "sign_all": p_sign(overall.p),
            "p_all": p_value(overall.p),
        }
    return Paragraph(Sentence(pattern, parts))


def _table(definition: Definition, answer: Answer, found: OverVisits, id_: str) -> Table:
    effects = dict(zip(found.compared, found.effects, strict=True))
    rows: list[list[Cell]] = []
    for place, visit in enumerate(found.visits):
        both = [means[place] for means in found.means]
        digits = digits_of(both[0].se)
        row: list[Cell] = [
            definition.visits[visit].label,
            *(_interval(each.mean, each.lower, each.upper, digits) for each in both),
        ]
        effect = effects.get(visit)
        if effect is not None:
            row += [_interval(effect.estimate, effect.lower, effect.upper, digits), Number(effect.se, digits + 1)]
            row += [Number(effect.df if isfinite(effect.df) else None, 1), p_value(effect.p)]
        rows.append(row + [""] * (7 - len(row)))
    interval = f"{percent(found.effect.level)} interval"
    heads = [f"{arm}: mean ({interval})" for arm in answer.arms]
    columns = ["", *heads, f"Difference ({interval})", "Standard error", "Degrees of freedom", "p"]
    return Table(id_, f"{answer.label}, treatment minus reference", columns, rows, _notes(definition, answer, found))


def _interval(value: float, lower: float, upper: float, digits: int) -> Sentence:
    named = {"value": value, "lower": lower, "upper": upper}
    return Sentence("{value} ({lower} to {upper})", {name: Number(each, digits) for name, each in named.items()})


def _notes(definition: Definition, answer: Answer, found: OverVisits) -> Sequence[str]:
    """How the model was made, in the order in which a reader asks."""
    plan = definition.analyses[answer.id]
    said = [
        *model_words(definition, answer, found),
        *beyond.words_of(answer),
        *(note for note in (plan.note, *answer.notes) if note),
    ]
    return [*said, omitted_words(answer)]
