"""What laboratory values tell of the treatment, for unblinded readers: sentences, the figure and its numbers."""

from collections.abc import Mapping, Sequence

from trialwright.analysis.estimates import Interval
from trialwright.analysis.observations import Observations
from trialwright.analysis.unblinding_risk import Risk, Told, told_apart
from trialwright.report.content import Block, Cell, Drawing, Number, Paragraph, Section, Sentence, Table
from trialwright.report.risk_figure import risk_panels
from trialwright.report.words import limits, literal, say

MEANS = (
    "A share of pairs: of one participant from each arm, in how many the treated one has the higher value. One half "
    "tells nothing; near 1 or near 0 the value gives the arm away. Intervals: Newcombe's method 5, 95 %."
)
LEFT_OPEN = (
    "They stay open on purpose: the participants' safety comes before the blind, and this is the declared risk that is "
    "left. A value that follows the illness tells the treatment through its effect too, and that is no breach of it."
)
NOT_SHOWN = "Its interval includes one half: these data do not show that it tells anything."


def risk_section(seen: Observations, observed: Sequence[Risk], expected: Sequence[Risk] = ()) -> Section | None:
    """What every laboratory value told and was expected to tell; None where no form holds one."""
    if not observed:
        return None
    before = {risk.name: risk for risk in expected}
    blocks: list[Block] = [*_sealed(seen, observed, before), *_open(seen, observed)]
    if any(risk.visits for risk in (*observed, *expected)):
        caption = "How well one laboratory value, or its change from the baseline, tells the arm, by week"
        data = {"observed": list(observed), "expected": list(expected)}
        blocks += [Drawing("risk", caption, f"{caption}. {MEANS}", risk_panels(observed, expected), data)]
        blocks += [_table(seen, observed)]
    return Section("unblinding-risk", "What blood tells of the treatment", blocks)


def _sealed(seen: Observations, observed: Sequence[Risk], before: Mapping[str, Risk]) -> list[Block]:
    """The sealed item that tells most, and what was expected of it; or that they are closed."""
    sealed = [risk for risk in observed if risk.sealed]
    if not sealed:
        return []
    known = [risk for risk in sealed if risk.visits]
    if not known:
        return [say("The sealed values were not opened for this report, so it cannot say what they told.", "note")]
    worst = max(known, key=lambda risk: told_apart(_value(risk.most())))
    blocks = [_told(seen, worst, "Of the sealed values")]
    most, planned = worst.most(), before.get(worst.name)
    then = next((told for told in planned.visits if most and told.visit == most.visit), None) if planned else None
    if then is not None and then.value is not None:
        blocks.append(
            say(
                "Before the trial {share} of pairs were expected there ({range} in 95 of 100 trials of this size).",
                share=_right(then.value),
                range=_right_range(then.value),
            )
        )
    why = "Nobody could be unblinded by them: they were sealed on arrival. So well would they have told the treatment."
    return [*blocks, Paragraph(literal(why))]


def _open(seen: Observations, observed: Sequence[Risk]) -> list[Block]:
    """The open item that tells most, and every other one that tells more than nothing: the risk left on purpose."""
    known = sorted(
        (risk for risk in observed if not risk.sealed and _after(risk) is not None),
        key=lambda risk: -told_apart(_value(_after(risk))),
    )
    if not known:
        return []
    blocks: list[Block] = [_told(seen, known[0], "Of the values that stay open")]
    others = [_named(seen, risk) for risk in known[1:] if _clear(_value(_after(risk)))]
    if others:
        blocks.append(
            say("The intervals of others leave out one half as well: {others}.", "plain", others="; ".join(others))
        )
    if not _clear(_value(_after(known[0]))):
        blocks.append(Paragraph(literal(NOT_SHOWN)))
    return [*blocks, Paragraph(literal(LEFT_OPEN))]


def _named(seen: Observations, risk: Risk) -> str:
    """`Haemoglobin, 68 % at week 12`: the visit at which it tells most."""
    most = _after(risk)
    area = _value(most)
    if most is None or area is None:
        return risk.label
    return f"{risk.label}, {_right(area).text} at {seen.definition.visits[most.visit].label.lower()}"


def _after(risk: Risk) -> Told | None:
    """The visit after the baseline at which the value tells most."""
    later = [told for told in risk.visits if told.week > 0 and told.value is not None]
    return max(later, key=lambda told: told_apart(told.value), default=None)


def _told(seen: Observations, risk: Risk, lead: str) -> Paragraph:
    most = _after(risk) or risk.most()
    area = _value(most)
    if most is None or area is None:
        return say("{lead} none is known.", lead=lead)
    return say(
        "{lead}, {item} tells most: by one value at {visit} who guesses is right about {share} of pairs of one "
        "participant from each arm ({range}), where chance is right about half.",
        lead=lead,
        item=risk.label,
        visit=seen.definition.visits[most.visit].label.lower(),
        share=_right(area),
        range=_right_range(area),
    )


def _value(told: Told | None) -> Interval | None:
    return told.value if told is not None else None


def _right(area: Interval) -> Number:
    return Number(told_apart(area), 0, "", "percent")


def _right_range(area: Interval) -> str:
    """The limits on the side on which the value tells."""
    low, high = (area.lower, area.upper) if area.estimate >= 0.5 else (1 - area.upper, 1 - area.lower)
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def _clear(area: Interval | None) -> bool:
    return area is not None and (area.lower > 0.5 or area.upper < 0.5)


def _table(seen: Observations, observed: Sequence[Risk]) -> Table:
    """The sealed items, and the open ones that tell more than nothing at some visit; all numbers are in the JSON."""
    rows: list[list[Cell]] = []
    for risk in observed:
        later = [told for told in risk.visits if told.week > 0]
        if not risk.sealed and not any(_clear(told.value) or _clear(told.change) for told in later):
            continue
        rows.append([f"{risk.label} ({'sealed' if risk.sealed else 'open'})"])
        rows += [
            [
                seen.definition.visits[told.visit].label,
                Sentence("{m} and {n}", {"m": Number(told.n[1]), "n": Number(told.n[0])}),
                _cell(told.value),
                _cell(told.change),
            ]
            for told in later
        ]
        if not risk.visits:
            rows.append(["Not opened", "", "", ""])
    columns = ["", "Treated and others", "Value", "Change from the baseline"]
    caption = "Share of pairs in which the treated participant has the higher value, or the greater change"
    kept = "Open items are shown where an interval leaves out one half; of many intervals some do so by chance."
    return Table("risk-table", caption, columns, rows, [MEANS, kept])


def _cell(area: Interval | None) -> Cell:
    if area is None:
        return ""
    shown = limits(area.lower, area.upper, 2)
    return type(shown)("{a} (" + shown.pattern + ")", {"a": Number(area.estimate, 2), **shown.parts})
