"""The planned analyses for a terminal and for programs: one line each, and the whole results as JSON."""

import orjson

from trialwright.analysis.plan import Answer, Results, effect
from trialwright.analysis.proportions import AtThreshold
from trialwright.analysis.survival import TimeToEvent
from trialwright.report.content import Number, plain


def results_json(results: Results) -> str:
    """Every planned analysis at full precision, as JSON text."""
    tree = {"populations": plain(results.populations), "analyses": [plain(answer) for answer in results.answers]}
    return orjson.dumps(tree, option=orjson.OPT_INDENT_2).decode()


def results_text(results: Results) -> str:
    """One line for each planned analysis: what it is, on how many, and what it found or why it found nothing."""
    lines = [(answer.id, answer.level, _found(answer)) for answer in results.answers]
    width, level = (max((len(line[place]) for line in lines), default=0) for place in (0, 1))
    return "\n".join(f"{name:<{width}}  {kind:<{level}}  {found}" for name, kind, found in lines)


def _found(answer: Answer) -> str:
    if answer.status != "done":
        return answer.why
    found = effect(answer)
    if found is not None:
        numbers = [Number(value, 2).text for value in (found.estimate, found.lower, found.upper)]
        p = Number(found.p, kind="p").text
        interval = f"({100 * found.level:g} % interval {numbers[1]} to {numbers[2]})"
        return f"{answer.label}: {numbers[0]} {interval}, p {p}, n {sum(answer.n)}"
    return f"{answer.label}: {_in_brief(answer)}"


def _in_brief(answer: Answer) -> str:
    """Arms as treatment against reference."""
    if isinstance(answer.result, TimeToEvent):
        first, second = answer.result.curves
        return f"reached by {second.events} of {second.n} against {first.events} of {first.n}"
    if isinstance(answer.result, tuple) and answer.result and isinstance(answer.result[0], AtThreshold):
        return "; ".join(
            f"at least {cut.threshold:g}: {arms[1].count}/{arms[1].n} against {arms[0].count}/{arms[0].n}"
            for cut in answer.result
            for arms in [cut.comparison.arms]
        )
    return f"n {sum(answer.n)}"
