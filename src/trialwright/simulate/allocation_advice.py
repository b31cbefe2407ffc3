"""What the allocation plan recommends, by a rule that is declared and printed: words that follow from the numbers.

The rule. A method is *affordable* when it costs no more than `MOST_LOST` of the information or half a participant's
(Atkinson's loss), and 95 % of trials end with arms that differ by no more than `MOST_UNEQUAL` of the participants or
two. It is *presentable* when its annex can stay a secret worth keeping: no single block size, no block as small as the
ratio, no minimisation that always forces (p = 1). Among the affordable and presentable methods,

- where the blind may leak (or there is none), the one that is guessed least is recommended;
- where it holds, the one that loses the least information among those guessed at most `MOST_GUESSED`, as a guesser
  learns nothing of earlier allocations.

A list that is drawn up in advance goes before an allocator, which is considered only where no list is affordable.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trialwright.allocation.methods import Blocks, Minimisation
from trialwright.design.model import Blinding, Definition
from trialwright.simulate.allocation_plan import PLACES, Plan, Row

MOST_LOST, HALF_A_PATIENT = 0.01, 0.5
"""Of the participants' information: one of a hundred, and half a participant's in a small trial."""
MOST_UNEQUAL, A_PAIR = 0.1, 2
"""Of the participants: arms of 48 differ by at most 4; in a small trial by a pair."""
MOST_GUESSED = 0.7
FEW_IN_A_STRATUM = 8
"""With fewer expected in a stratum most of its blocks stay cut."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The recommended row (None where nothing is affordable), whether the blind may leak and why, the sentences."""

    row: Row | None
    leaks: bool
    why: str
    sentences: tuple[str, ...]


def advice(plan: Plan, definition: Definition) -> Advice:
    """What follows from the table."""
    leaks, why = blind_may_leak(definition)
    chosen = recommended(plan, leaks)
    sentences = [f"{why} {_rule(leaks)}", _choice(plan, chosen), *_declared(plan, chosen)]
    sentences += [*_strata(plan, definition), *_allocator(plan, chosen)]
    return Advice(chosen, leaks, why, tuple(sentences))


def blind_may_leak(definition: Definition) -> tuple[bool, str]:
    """Whether somebody who enrols may come to know earlier allocations, and the sentence that says why."""
    level = definition.blinding.level if definition.blinding else "open"
    if level in ("open", "single"):
        return True, f"The trial is {level}: who enrols may know every earlier allocation."
    sealed = [form.label for form in definition.forms.values() if form.blinding is Blinding.SEALED]
    sealed += [
        item.label
        for form in definition.forms.values()
        for item in form.items
        if item.blinding is Blinding.SEALED and form.blinding is not Blinding.SEALED
    ]
    if sealed:
        named = ", ".join(sealed[:3])
        return True, f"The blind may leak: the definition seals values that give the treatment away ({named})."
    return False, "The trial is blinded and the definition knows of no value that gives the treatment away."


def recommended(plan: Plan, leaks: bool) -> Row | None:
    """The row that the rule chooses; None where no method is affordable."""
    for allocator in (False, True):
        fit = [
            row
            for row in plan.rows
            if row.needs_allocator is allocator and affordable(row, plan.n) and presentable(row, plan)
        ]
        if fit:
            return _best(fit, leaks)
    return None


def _best(fit: Sequence[Row], leaks: bool) -> Row:
    if leaks:
        return min(fit, key=lambda row: (round(row.guesses.value, 3), _lost(row)))
    quiet = [row for row in fit if row.guesses.value <= MOST_GUESSED] or fit
    return min(quiet, key=lambda row: (round(_lost(row), 2), row.guesses.value))


def affordable(row: Row, n: int) -> bool:
    """Whether it costs little enough."""
    unequal = max(A_PAIR, MOST_UNEQUAL * n)
    if row.patients_lost is None:
        return row.worst.value <= unequal and row.upper <= unequal
    return row.patients_lost.value <= max(HALF_A_PATIENT, MOST_LOST * n) and row.upper <= unequal


def _lost(row: Row) -> float:
    """Patients' worth of information; with more than two arms, what the worst stratum is unequal by."""
    return row.worst.value if row.patients_lost is None else row.patients_lost.value


def presentable(row: Row, plan: Plan) -> bool:
    """Whether knowing the past does not make it plain: see the module's rule."""
    if isinstance(row.method, Blocks):
        return len(row.method.sizes) > 1 and min(row.method.sizes) > sum(plan.ratio.values())
    return not (isinstance(row.method, Minimisation) and row.method.p == 1)


# ------------------------------------------------------------------ in words


def _rule(leaks: bool) -> str:
    aim = (
        "the one that is guessed least"
        if leaks
        else f"the one that loses the least information among those guessed at most {100 * MOST_GUESSED:g} % of the"
        " time"
    )
    return (
        f"So, of the methods that cost at most {100 * MOST_LOST:g} % of the information (or half a participant's) and"
        f" leave the arms at most {100 * MOST_UNEQUAL:g} % of the participants (or two) apart in 95 % of trials, {aim}"
        " is recommended; a list drawn up in advance before an allocator."
    )


def _choice(plan: Plan, chosen: Row | None) -> str:
    if chosen is None:
        return "Recommended: none. No method here is that cheap; stratify by less, or include more participants."
    lost = "" if chosen.patients_lost is None else f", and {_patients(chosen.patients_lost.value)} of {plan.n} is lost"
    return (
        f"Recommended: {chosen.name}. One who knows the method and every earlier allocation names"
        f" {_percent(chosen.guesses.value)} of the arms rightly ({_percent(chosen.certain_by_size.value)} are certain"
        f" beforehand); the arms differ by {chosen.overall.value:.1f} on average{lost}."
    )


def _declared(plan: Plan, chosen: Row | None) -> list[str]:
    """Where the definition's own method stands; its parameters are sealed, so all that are shown are meant."""
    family = [row for row in plan.rows if row.method.name == plan.declared and row.place in _declared_places(plan)]
    if not family:
        return [f"The definition names {plan.declared}, which is not in the table for this ratio."]
    low, high = _span([row.guesses.value for row in family])
    where = "" if not plan.factors or family[0].place == PLACES[2] else f", stratified by {', '.join(plan.factors)}"
    parameters = {"permuted_block": "block sizes", "simple": "parameters"}.get(plan.declared, "parameters")
    lost = [row.patients_lost.value for row in family if row.patients_lost is not None]
    cost = f" and {min(lost):.2f} to {max(lost):.2f} patients' worth of information is lost" if lost else ""
    sentence = (
        f"The definition names {plan.declared.replace('_', ' ')}{where}. Its {parameters} stand in the sealed annex,"
        f" which this command does not read: over all those shown, {_percent(low)} to {_percent(high)} are"
        f" guessed{cost}."
    )
    more = ["A single block size, and the smallest there is, are guessed most."] if len(family) > 1 else []
    if plan.declared != "permuted_block":
        more = []
    if chosen is not None and chosen.method.name == plan.declared and chosen.place in _declared_places(plan):
        more.append("The recommended method is one of them.")
    return [" ".join([sentence, *more])]


def _declared_places(plan: Plan) -> tuple[str, ...]:
    if plan.declared == Minimisation.name:
        return (PLACES[2],)
    return (PLACES[0],) if plan.declared == "simple" or not plan.factors else (PLACES[1],)


def _span(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _strata(plan: Plan, definition: Definition) -> list[str]:
    """How many strata share the participants, and whether sites do."""
    said = []
    count, least = 1, float(plan.n)
    for shares in plan.shares.values():
        count *= len(shares)
        least *= min(shares.values())
    if count > 1:
        warning = (
            " That is few: most blocks stay cut, and balance over all suffers; stratify by less, or minimise."
            if least < FEW_IN_A_STRATUM
            else ""
        )
        said.append(f"{count} strata share {plan.n} participants; the smallest expects {least:.0f}.{warning}")
    sites = len(definition.sites)
    by_site = any("site" in factor for factor in plan.factors)
    if sites > 1 and not by_site:
        said.append(
            f"The {sites} sites share each list, so that nobody at one site sees all of the past; the guesses shown are"
            " of one who does."
        )
    elif sites == 1:
        said.append("There is one site: if treatments become plain, those who enrol know all of the past.")
    return said


def _allocator(plan: Plan, chosen: Row | None) -> list[str]:
    """What an allocator would cost, where there is something to minimise."""
    if not plan.factors:
        return []
    sentence = (
        "Minimisation cannot be drawn up in advance: an allocator would have to hold every earlier arm. It becomes a"
        " trusted party, and while it is down nobody can be randomised."
    )
    if chosen is not None and chosen.needs_allocator:
        return [f"{sentence} It is recommended all the same, because no list is affordable here."]
    return [sentence]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _patients(number: float) -> str:
    return f"the information of {number:.1f} participants"
