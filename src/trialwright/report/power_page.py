"""What the planned number of participants can and cannot show: a section from the definition alone.

No data enter: the section is the same before and after unblinding, names no arm, and may be read by anybody.
"""

import textwrap
from collections.abc import Sequence

import numpy as np

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.power import reach as planning
from trialwright.analysis.power import tables
from trialwright.analysis.power.reach import Plan
from trialwright.design.model import Definition
from trialwright.report.content import Block, Cell, Drawing, Listing, Number, Section, Sentence, Table
from trialwright.report.power_figure import Curves, power_curves
from trialwright.report.words import count, say

LOSSES = (0.0, 0.05, 0.1, 0.15)
EXPLAINED = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
SPREAD = 0.15
DRAWN = 0.3
"""The share explained by the covariates that the figure draws: an illustration, not an assumption of the trial."""


def power_section(definition: Definition) -> Section | None:
    """The section; None where the definition plans no sample size for a comparison of two means."""
    plan = planning.planned(definition)
    if plan is None:
        return None
    title = f"What n = {plan.n} can and cannot show"
    try:
        return Section("size", title, _blocks(definition, plan))
    except NotEstimable as refusal:
        return Section("size", title, [say("The power cannot be computed. {why}", "caution", why=str(refusal))])


def _blocks(definition: Definition, plan: Plan) -> list[Block]:
    endpoint = _endpoint(definition)
    blocks: list[Block] = [
        _lead(plan, endpoint),
        say("Nothing on this page depends on the data of the trial: it follows from the definition alone.", "note"),
        _figure(plan, endpoint),
        _measured(plan),
    ]
    if plan.covariates:
        blocks += _adjusted(plan)
    blocks += [
        _responders(plan),
        say("What it cannot show:", "plain"),
        _cannot(definition, plan),
        _assumed(definition, plan),
    ]
    return blocks


def _lead(plan: Plan, endpoint: str) -> Block:
    found = planning.reach(plan, plan.n * (1 - plan.dropout))
    treatment, reference = plan.arms
    return say(
        "With {n} participants ({treatment} and {reference}) a t test has a power of {power} to show a true difference "
        "of {difference} points in {endpoint}, if the standard deviation is {sd}. The smallest difference that it "
        "shows with 80 % power is {eighty} points, with 90 % {ninety}; the {level} confidence interval will reach "
        "about {half} to each side of the estimate. If there is no difference at all, the result is significant with a "
        "chance of {alpha}.",
        "lead",
        n=count(plan.n),
        treatment=_arm(treatment),
        reference=_arm(reference),
        power=_percent(found.power),
        difference=_points(plan.difference, 3),
        endpoint=endpoint,
        sd=_points(plan.sd, 3),
        eighty=_points(found.shown_80),
        ninety=_points(found.shown_90),
        level=f"{100 * (1 - 2 * plan.alpha / plan.sided):g} %",
        half=_points(found.half_width),
        alpha=_percent(plan.alpha),
    )


def _figure(plan: Plan, endpoint: str) -> Block:
    found = planning.reach(plan, plan.n * (1 - plan.dropout))
    differences = np.linspace(0, max(1.6 * found.shown_80, 1.25 * plan.difference), 81).tolist()
    adjusted = planning.curve(plan, differences, DRAWN) if plan.covariates else None
    columns = f"{plan.covariates} column{'s' if plan.covariates > 1 else ''} of covariates"
    names = (
        "t test",
        "\n".join(textwrap.wrap(f"shaded: standard deviation {100 * SPREAD:.0f} % larger or smaller", 24)),
        "\n".join(textwrap.wrap(f"{columns} that explain {100 * DRAWN:.0f} % of the variance", 24)),
    )
    drawn = Curves(
        differences, planning.curve(plan, differences),
        (planning.curve(plan, differences, sd=1 + SPREAD), planning.curve(plan, differences, sd=1 - SPREAD)),
        adjusted, ((found.shown_80, 0.8), (found.shown_90, 0.9)), plan.difference, names,
    )  # fmt: skip
    caption = (
        f"Power over the true difference in {endpoint}. It begins at the chance of a false positive and is 80 and 90 % "
        "at the marked differences. Dotted, the assumed difference."
    )
    svg = power_curves(drawn, f"True difference, {endpoint}")
    return Drawing("power", caption, f"{caption} The tables below hold numbers.", svg, drawn)


def _measured(plan: Plan) -> Block:
    rows: list[list[Cell]] = []
    for loss in sorted({*LOSSES, plan.dropout}):
        found = planning.reach(plan, plan.n * (1 - loss))
        rows.append([
            Sentence("Lost: {share}", {"share": _percent(loss, 0)}), _arm(found.outcomes),
            _percent(found.power), Number(found.shown_80, 1), Number(found.shown_90, 1), Number(found.half_width, 1),
        ])  # fmt: skip
    columns = [
        "", "Participants measured", "Power at the assumed difference", "Shown with 80\u00a0%", "Shown with 90\u00a0%",
        "Interval reaches\u00a0±",
    ]  # fmt: skip
    notes = ["t test of two means with one standard deviation; noncentral t distribution, exact for normal outcomes."]
    return Table("size-measured", "If some are not measured", columns, rows, notes)


def _adjusted(plan: Plan) -> list[Block]:
    kept = plan.n * (1 - plan.dropout)
    rows: list[list[Cell]] = []
    for explained in EXPLAINED:
        found = planning.reach(plan, kept, explained)
        rows.append([
            Sentence("They explain {share}", {"share": _percent(explained, 0)}), _percent(found.power),
            Number(found.shown_80, 1), Number(found.half_width, 1), Number(planning.worth(plan, explained), 1),
        ])  # fmt: skip
    columns = ["", "Power", "Shown with 80\u00a0%", "Interval reaches\u00a0±", "A t test needs, participants"]
    notes = [
        "Analysis of covariance: residual variance, degrees of freedom and the chance imbalance of normal covariates; "
        "how much they explain within the arms (R²) is not known before the trial."
    ]
    text = say(
        "The primary analysis adjusts for covariates that take {columns} columns of the model. They pay for themselves "
        "once they explain {share} of the variance within the arms.",
        columns=count(plan.covariates),
        share=_percent(planning.break_even(plan)),
    )
    return [text, Table("size-adjusted", "What the planned covariates add", columns, rows, notes)]


def _responders(plan: Plan) -> Block:
    tests = ("fisher", "boschloo")
    rows: list[list[Cell]] = []
    for share in SHARES:
        found = [planning.responders(plan, share, test) for test in tests]
        cells: list[Cell] = [Number(each, 0, "", "percent") for each in found]
        gap = None if found[0] is None else 100 * (found[0] - share)
        rows.append([Sentence("{share} of the reference arm", {"share": _percent(share, 0)}), *cells, Number(gap, 0)])
    one, two = (round(arm * (1 - plan.dropout)) for arm in plan.arms)
    sizes = [100 * tables.size(tables.TESTS[test](one, two, plan.alpha, plan.sided))[1] for test in tests]
    notes = [
        f"Every table of {one} and {two} counted. True chance of a false positive: Fisher at most {sizes[0]:.2f} %, "
        f"Boschloo at most {sizes[1]:.2f} %. A dash: no share is enough."
    ]
    columns = ["Responders", "Shown by Fisher's test", "Shown by Boschloo's test", "Fisher: difference in points"]
    caption = "The share of responders under treatment that is shown with 80 % power"
    return Table("size-responders", caption, columns, rows, notes)


def _cannot(definition: Definition, plan: Plan) -> Block:
    others = sum(analysis.level == "secondary" for analysis in definition.analyses.values())
    found = planning.limits(plan, others)
    treated = _arm(plan.arms[0])
    items = [
        Sentence(
            "Subgroups. In half of the participants alone a difference must be {half} to be shown with 80 % power; "
            "that the effects in two halves differ is shown only if they differ by {interaction}.",
            {"half": _points(found.half), "interaction": _points(found.interaction)},
        ),
        Sentence(
            "Rare harms. If nobody of {n} treated has a certain event, it may still happen to up to {upper} (upper "
            "95 % limit; the rule of three says 3 / {n}). A harm that befalls one in a hundred is not seen at all "
            "with a chance of {unseen}.",
            {"n": treated, "upper": _percent(found.harmless), "unseen": _percent(1 - found.seen, 0)},
        ),
        Sentence(
            "Equality. A result that is not significant does not show that the treatments are equal. Were they truly "
            "equal, the trial would show with 80 % power no more than that the one is not worse by {margin}.",
            {"margin": _points(found.margin)},
        ),
    ]
    if others:
        items.append(
            Sentence(
                "Many questions. {others} secondary analyses are planned. Without any effect at least one of them is "
                "significant at {alpha} with a chance of {chance} if they are independent (less if they are not).",
                {"others": count(others), "alpha": _percent(plan.alpha), "chance": _percent(found.chance_findings, 0)},
            )
        )
    return Listing(items)


def _assumed(definition: Definition, plan: Plan) -> Block:
    size = definition.sample_size
    assert size is not None
    rows: list[list[Cell]] = [
        ["Participants, both arms", count(plan.n), _source(definition, "sample_size.n", "randomisation.n")],
        ["Treatment for each of the reference", Number(plan.ratio, 2), _source(definition, "randomisation.ratio")],
        ["True difference", Number(plan.difference, 1), _source(definition, "sample_size.difference")],
        ["Standard deviation within the arms", Number(plan.sd, 1), _source(definition, "sample_size.sd")],
        ["Power wanted", _percent(plan.power, 0), _source(definition, "sample_size.power")],
        [
            Sentence("Significance level, {sides}-sided", {"sides": "two" if plan.sided == 2 else "one"}),
            _percent(plan.alpha), _source(definition, "sample_size.alpha"),
        ],
        ["Without an outcome", _percent(plan.dropout, 0), _source(definition, "sample_size.dropout")],
        ["Columns of covariates", count(plan.covariates), _source(definition, f"analyses.{size.of}.covariates")],
    ]  # fmt: skip
    notes = [
        "The outcome is taken as normal with one standard deviation in both arms, and those without an outcome as "
        "missing by chance. The simulation of the trial does without these assumptions."
    ]
    return Table("size-assumed", "What this rests on", ["", "Value", "Source"], rows, notes)


def _source(definition: Definition, *paths: str) -> str:
    """Where a value comes from: the statement nearest above it in the definition. The first of `paths` that is assumed
    gives way to the next."""
    said = ""
    for path in paths:
        names = path.split(".")
        above: Sequence[str] = [".".join(names[:end]) for end in range(len(names), 0, -1)]
        known = {one.path: one for one in definition.provenance}
        one = next((known[name] for name in above if name in known), None)
        if one is None:
            continue
        source = definition.sources.get(one.source)
        words = one.source if source is None else source.text
        said = f"Assumed: {one.note}" if one.source == "assumed" and one.note else words
        if one.source != "assumed":
            return said
    return said or "not said"


def _endpoint(definition: Definition) -> str:
    size = definition.sample_size
    analysis = definition.analyses[size.of] if size else None
    if analysis is None:
        return ""
    estimand = definition.estimands.get(analysis.estimand) if analysis.estimand else None
    name = analysis.endpoint or (estimand.endpoint if estimand else None)
    return definition.endpoints[name].label if name in definition.endpoints else analysis.label


def _points(value: float, digits: int = 1) -> Number:
    """Printed with one figure after the point; a whole number without."""
    return Number(value, 0 if digits == 3 and float(value).is_integer() else 1)


def _percent(share: float, digits: int = 1) -> Number:
    whole = digits == 1 and abs(100 * share - round(100 * share)) < 1e-9
    return Number(share, 0 if whole else digits, "", "percent")


def _arm(size: float) -> Number:
    return Number(size, 0 if float(size).is_integer() else 1)
