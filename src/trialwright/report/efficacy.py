"""The results: the primary analysis first, in a sentence and in full, then what supports it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trialwright.analysis.ancova import Ancova
from trialwright.analysis.intercurrent import affected
from trialwright.analysis.observations import Observations
from trialwright.analysis.plan import Answer, Results, effect
from trialwright.analysis.proportions import AtThreshold
from trialwright.analysis.repeated import OverVisits
from trialwright.analysis.survival import Curve, LogRank, TimeToEvent
from trialwright.analysis.tobit import Tobit
from trialwright.analysis.welch import Welch
from trialwright.design.model import Definition
from trialwright.report import beyond, figures
from trialwright.report.content import Block, Cell, Drawing, Number, Paragraph, Section, Table
from trialwright.report.words import count, digits_of, limits, literal, p_sign, p_value, percent, points, say, share

DEGREES = {
    "kenward-roger": "degrees of freedom and standard errors after Kenward and Roger",
    "kenward-roger-linear": "degrees of freedom and standard errors after Kenward and Roger (linear)",
    "satterthwaite": "degrees of freedom after Satterthwaite",
    "between-within": "degrees of freedom between and within participants",
    "residual": "residual degrees of freedom",
    "asymptotic": "normal approximation",
}
VARIANCES = {
    "empirical": "empirical (sandwich) standard errors",
    "empirical-jackknife": "jackknife standard errors",
    "empirical-bias-reduced": "bias-reduced empirical standard errors",
}


def primary_section(seen: Observations, results: Results, arms: Mapping[str, Sequence[str]]) -> Section:
    """The primary analysis: the answer in plain words, every number behind it, and its sensitivity analyses."""
    definition, answer = seen.definition, results.primary
    if answer is None:
        return Section("primary", "Primary analysis", [say("The definition declares no primary analysis.", "note")])
    if answer.status != "done":
        why = Paragraph(literal(f"The primary analysis could not be done. {answer.why}"), "caution")
        return Section("primary", "Primary analysis", [why])
    blocks = [*in_words(definition, answer), _in_full(answer, "primary-numbers", _fine_print(definition, answer))]
    blocks += beyond.ratios(answer, definition, "primary")
    blocks += _intercurrent(seen, answer, arms)
    others = [a for a in results.answers if a is not answer and a.endpoint == answer.endpoint and effect(a) is not None]
    if others:
        caption = "The primary analysis beside its sensitivity analyses"
        blocks.append(_differences("sensitivity", caption, [answer, *others]))
    return Section("primary", "Primary analysis", blocks)


def in_words(definition: Definition, answer: Answer) -> list[Block]:
    """The answer as one would say it, and what it does and does not show."""
    found = effect(answer)
    if found is None or answer.endpoint is None:
        return []
    reference, treatment = answer.arms
    endpoint = definition.endpoints[answer.endpoint].label
    direction = "higher" if found.estimate >= 0 else "lower"
    several, digits = isinstance(answer.result, OverVisits), digits_of(found.se)
    at = f" at {inside(definition.visits[answer.result.visit].label)}" if several else ""
    lead = say(
        "{endpoint} was on average {size} points {direction} with {treatment} than with {reference} "
        "({level} confidence interval of the difference {lower} to {upper}; {sign}{p}).",
        "lead",
        endpoint=_plain(endpoint) + at,
        size=Number(abs(found.estimate), digits),
        direction=direction,
        treatment=inside(treatment),
        reference=inside(reference),
        level=percent(found.level),
        lower=Number(found.lower, digits),
        upper=Number(found.upper, digits),
        sign=p_sign(found.p),
        p=p_value(found.p),
    )
    return [lead, Paragraph(literal(_meaning(found.lower, found.upper)))]


def _meaning(lower: float, upper: float) -> str:
    if lower > 0 or upper < 0:
        return (
            "The interval leaves out nought: a difference as far from nought as this one would be unusual if the two "
            "treatments were equal. How large it truly is, the interval says better than the single figure."
        )
    return (
        "The interval includes nought: these data do not show that the treatments differ, and they do not show that "
        "they are equal either; every difference inside the interval is compatible with them."
    )


def _in_full(answer: Answer, id_: str, notes: Sequence[str]) -> Table:
    found, result = effect(answer), answer.result
    assert found is not None
    reference, treatment = answer.arms
    rows: list[list[Cell]] = []
    digits = digits_of(found.se)
    interval = f"{percent(found.level)} interval"
    for label, mean, se, lower, upper, n in _means(answer):
        numbers: list[Cell] = [Number(mean, digits), Number(se, digits + 1), limits(lower, upper, digits)]
        rows.append([label, count(n), *numbers, "", "", ""])
    rows.append(
        [
            f"Difference, {inside(treatment)} minus {inside(reference)}",
            count(sum(answer.n)),
            Number(found.estimate, digits),
            Number(found.se, digits + 1),
            limits(found.lower, found.upper, digits),
            Number(found.statistic, 2),
            Number(found.df if np.isfinite(found.df) else None, 0 if isinstance(result, Ancova) else 1),
            p_value(found.p),
        ]
    )
    name = "Adjusted mean" if isinstance(result, Ancova | Tobit | OverVisits) else "Mean"
    columns = ["", "n", name, "Standard error", interval, "t", "Degrees of freedom", "p"]
    return Table(id_, f"{answer.label} ({answer.title.lower()})", columns, rows, notes)


def _means(answer: Answer) -> list[tuple[str, float, float, float | None, float | None, int]]:
    result: Any = answer.result
    if isinstance(result, Ancova | Tobit):
        both = zip(answer.arms, result.means, strict=True)
        return [(label, each.mean, each.se, each.lower, each.upper, each.n) for label, each in both]
    if isinstance(result, OverVisits):
        at = result.visits.index(result.visit)
        pairs = zip(answer.arms, result.means, strict=True)
        return [(label, m[at].mean, m[at].se, m[at].lower, m[at].upper, m[at].n) for label, m in pairs]
    if isinstance(result, Welch):
        both_groups = zip(answer.arms, result.groups, strict=True)
        return [(label, g.mean, g.sd / g.n**0.5, None, None, g.n) for label, g in both_groups]
    return []


def _fine_print(definition: Definition, answer: Answer) -> list[str]:
    """How the numbers came about, in the order in which a reader asks."""
    plan = definition.analyses[answer.id]
    said = []
    if isinstance(answer.result, Ancova | Tobit):
        digits = digits_of(answer.result.residual_sd)
        adjusted = ", ".join(covariate_name(definition, name) for name in plan.covariates) or "nothing"
        said.append(
            f"Linear model with the arm, adjusted for {adjusted}. The adjusted means stand at the average of each "
            "measured covariate, with the levels of each factor weighted equally. Residual standard deviation "
            f"{answer.result.residual_sd:.{digits}f}."
        )
    if isinstance(answer.result, OverVisits):
        said += model_words(definition, answer, answer.result)
    said += beyond.words_of(answer)
    if answer.population:
        said.append(f"Population: {inside(definition.populations[answer.population].label)} ({answer.population}).")
    said += [note for note in (plan.note, *answer.notes) if note]
    return [*said, omitted_words(answer)]


def model_words(definition: Definition, answer: Answer, found: OverVisits) -> list[str]:
    """A mixed model for repeated measures: what is in it, how the visits hang together, what it was fitted to."""
    adjusted = ", ".join(covariate_name(definition, name) for name in definition.analyses[answer.id].covariates)
    how = [DEGREES[found.df], *([VARIANCES[found.variance]] if found.variance in VARIANCES else [])]
    said = [
        f"Mixed model for repeated measures with the arm at every visit, adjusted for {adjusted or 'nothing'}; "
        f"{found.covariance} covariance between the visits; fitted by {found.method} to {found.rows} values of "
        f"{found.n} participants; {'; '.join(how)}. Values that are missing are taken to be missing at random.",
        "The adjusted means stand at the average of each measured covariate, with the levels of each factor weighted "
        "equally.",
    ]
    if found.constrained:
        said.append(
            "The baseline is an outcome among the others, with one mean for both arms: they were randomised after it."
        )
    return said


def _intercurrent(seen: Observations, answer: Answer, arms: Mapping[str, Sequence[str]]) -> list[Block]:
    """What happened to whom before the outcome, with the strategy that the estimand declares for it."""
    estimand = seen.definition.analyses[answer.id].estimand
    if estimand is None or answer.visit is None:
        return []
    rows: list[list[Cell]] = []
    for event, strategy in seen.definition.estimands[estimand].intercurrent.items():
        found = [affected(seen, event, members, answer.visit) for members in arms.values()]
        cells: list[Cell] = [
            "not counted" if people is None else share(len(people), len(members))
            for people, members in zip(found, arms.values(), strict=True)
        ]
        rows.append([event.replace("_", " ").capitalize(), strategy, *cells])
    label = seen.definition.visits[answer.visit].label.lower()
    caption = f"What happened before {label}, and what the estimand does about it"
    return [Table("intercurrent", caption, ["Event", "Strategy", *arms], rows)] if rows else []


def omitted_words(answer: Answer) -> str:
    """Who of the population was left out, and why."""
    if not answer.omitted:
        return "Nobody in the population was left out."
    reasons = [why for _, why in answer.omitted]
    tally = "; ".join(f"{why} ({reasons.count(why)})" for why in dict.fromkeys(reasons))
    return f"Left out: {tally}."


def covariate_name(definition: Definition, name: str) -> str:
    """A covariate in words: a factor's label, an item's or derived item's label at baseline, a measure's quantity."""
    if name in definition.randomisation.strata:
        return inside(definition.randomisation.strata[name].label)
    form, _, item = name.partition(".")
    if item == "true" and form in definition.randomisation.strata:
        return f"{inside(definition.randomisation.strata[form].label)} (as it truly was)"
    if form in definition.forms:
        known = [*definition.forms[form].items, *definition.forms[form].derive]
        label = next((each.label for each in known if each.id == item), name)  # type: ignore[attr-defined]
        return f"{inside(label)} at baseline"
    if name in definition.derivations:
        return f"{inside(definition.derivations[name].label)} at baseline"
    if item == "enzyme_multiple":
        return "the followed enzyme at baseline (logarithm of its multiple of the upper limit of normal)"
    return name


def _measured(definition: Definition, answer: Answer) -> str:
    """Which measure at which visit an analysis compares: its endpoint may name several, of which it takes one."""
    name = answer.measure or (definition.endpoints[answer.endpoint].measure[0] if answer.endpoint else "")
    form, _, item = name.partition(".")
    if name in definition.derivations:
        label = definition.derivations[name].label
    else:
        known = [*definition.forms[form].items, *definition.forms[form].derive] if form in definition.forms else []
        label = next((each.label for each in known if each.id == item), name)  # type: ignore[attr-defined]
    visit = answer.result.visit if isinstance(answer.result, OverVisits) else answer.visit
    return f"{label}, {inside(definition.visits[visit].label)}" if visit else label


def _differences(id_: str, caption: str, answers: Sequence[Answer], definition: Definition | None = None) -> Table:
    """The difference between the arms by each of several analyses, one row each; given the definition, with what they
    compare."""
    rows: list[list[Cell]] = []
    for answer in answers:
        found = effect(answer)
        assert found is not None
        digits = digits_of(found.se)
        interval = limits(found.lower, found.upper, digits)
        estimate: list[Cell] = [Number(found.estimate, digits), interval, p_value(found.p)]
        what: list[Cell] = [] if definition is None else [_measured(definition, answer)]
        rows.append([answer.label, *what, answer.title, answer.population or "", count(sum(answer.n)), *estimate])
    compared = [] if definition is None else ["Compared"]
    columns = ["Analysis", *compared, "Method", "Population", "n", "Difference", "Confidence interval", "p"]
    return Table(id_, caption, columns, rows)


def responders_section(definition: Definition, results: Results) -> Section | None:
    """Responders at every declared threshold, each arm with Wilson's interval, the difference with Newcombe's."""
    done = [a for a in results.answers if a.method == "responders" and a.status == "done"]
    if not done:
        return None
    blocks: list[Block] = []
    for answer in done:
        blocks += [_responder_words(answer), _responder_table(answer)]
    return Section("responders", "Responders", blocks)


def _responder_words(answer: Answer) -> Paragraph:
    cuts: tuple[AtThreshold, ...] = answer.result
    chosen = next((cut for cut in cuts if cut.name == "moderate"), cuts[0])
    (first, second), (reference, treatment) = chosen.comparison.arms, answer.arms
    return say(
        "A score of at least {cut} was reached by {a} of {m} ({pa}) with {treatment} and by {b} of {n} ({pb}) with "
        "{reference}.",
        cut=Number(chosen.threshold),
        treatment=inside(treatment),
        reference=inside(reference),
        a=count(second.count),
        m=count(second.n),
        pa=Number(second.share.estimate, 0, "", "percent"),
        b=count(first.count),
        n=count(first.n),
        pb=Number(first.share.estimate, 0, "", "percent"),
    )


def _responder_table(answer: Answer) -> Table:
    rows: list[list[Cell]] = []
    for cut in answer.result:
        rows.append([f"{cut.name[0].upper()}{cut.name[1:]} response, score of at least {cut.threshold:g}"])
        for label, arm in zip(answer.arms, cut.comparison.arms, strict=True):
            interval = limits(arm.share.lower, arm.share.upper, 0, "percent")
            rows.append([label, share(arm.count, arm.n), interval, ""])
        difference = cut.comparison.difference
        rows.append(["Difference in percentage points", points(difference), "", p_value(cut.comparison.p)])
    columns = ["", "Responders", "95 % interval", "p (Fisher)"]
    notes = [
        "Intervals: Wilson's score for each arm, Newcombe's hybrid score for the difference.",
        omitted_words(answer),
    ]
    return Table(f"responders-{answer.id.lower()}", answer.label, columns, rows, notes)


def time_section(definition: Definition, results: Results) -> Section | None:
    """Time to event: the curves, medians and the log-rank test, labelled as the sensitivity analysis that it is."""
    done = [a for a in results.answers if isinstance(a.result, TimeToEvent)]
    if not done:
        return None
    blocks: list[Block] = []
    for answer in done:
        curves = dict(zip(answer.arms, answer.result.curves, strict=True))
        end = max(step.time for curve in curves.values() for step in curve.steps)
        id_ = f"curves-{answer.id.lower()}"
        svg = figures.survival_curves(curves, "Reached (%)", end, _planned_weeks(definition, end), id_)
        caption = f"{answer.label}: share of participants who have reached it. Ticks mark participants censored there."
        blocks += [
            Paragraph(literal(answer.result.note), "caution"),
            Drawing(id_, caption, caption, svg, curves),
            _time_table(answer, curves),
            _log_rank(answer.result.test),
        ]
    return Section("time", "Time to events", blocks)


def _planned_weeks(definition: Definition, end: float) -> list[float]:
    """The planned weeks of the visits up to the end of the curves, from randomisation on."""
    start = next(visit.day or 1 for visit in definition.visits.values() if visit.anchor)
    weeks = {(visit.day - start) / 7 for visit in definition.visits.values() if visit.day is not None}
    return sorted(week for week in weeks if 0 <= week <= end)


def _time_table(answer: Answer, curves: dict[str, Curve]) -> Table:
    rows: list[list[Cell]] = []
    for label, curve in curves.items():
        interval = limits(curve.median_lower, curve.median_upper)
        rows.append([label, count(curve.n), count(curve.events), Number(curve.median, 1), interval])
    columns = ["", "n", "Reached", "Median, weeks", "95 % interval"]
    notes = ["A dash: the curve, or its confidence limit, never reaches one half.", omitted_words(answer)]
    return Table(f"times-{answer.id.lower()}", answer.label, columns, rows, notes)


def _log_rank(test: LogRank | None) -> Paragraph:
    if test is None:
        return say("Nobody reached it while both arms were followed, so the curves are not compared.", "note")
    return say(
        "Log-rank test: chi-square {chi_square} with one degree of freedom, {sign}{p}.",
        chi_square=Number(test.chi_square, 2),
        sign=p_sign(test.p),
        p=p_value(test.p),
    )


def other_section(definition: Definition, results: Results) -> Section:
    """Every planned analysis and what came of it, so that nothing planned is silently absent."""
    words = {"done": "Done", "lacking": "Not available", "refused": "Not possible", "sealed": "Sealed"}
    rows: list[list[Cell]] = [
        [answer.label, answer.level.capitalize(), answer.title.replace("_", " "), words[answer.status], answer.why]
        for answer in results.answers
    ]
    blocks: list[Block] = [Table("planned", "Planned analyses", ["Analysis", "Level", "Method", "State", "Why"], rows)]
    shown = results.primary.endpoint if results.primary else None
    others = [answer for answer in results.answers if effect(answer) is not None and answer.endpoint != shown]
    if others:
        caption = "Differences in other endpoints, treatment minus reference"
        blocks.append(_differences("other-differences", caption, others, definition))
    return Section("planned-analyses", "All planned analyses", blocks)


def _plain(label: str) -> str:
    """A name of capitals with its article; a label that is a phrase begins the sentence as it is."""
    words = label.split()
    named = len(words) > 1 and words[0][:1].isupper() and words[1][:1].isupper() and words[0].lower() != "the"
    return f"The {label}" if named else label


def inside(label: str) -> str:
    """A label inside a sentence: its first letter small, unless the word is an abbreviation or a name of capitals."""
    first = label.split(" ", 1)[0]
    return label if len(first) > 1 and not first[1:].islower() and first[1:2] != "'" else label[:1].lower() + label[1:]
