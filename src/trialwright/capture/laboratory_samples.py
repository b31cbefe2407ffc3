"""Which results are expected, and whether what came fits: participant, visit, sample, days; what came twice.

Only open pages are looked at. The date of a page that a reader may not know would tell that there is one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from trialwright import design
from trialwright.capture.laboratory import Trouble
from trialwright.capture.laboratory_values import Result
from trialwright.capture.windows import due
from trialwright.design.laboratory_tests import due_tests, is_sealed
from trialwright.design.model import Blinding, Definition
from trialwright.ledger.replay import Participant

Sample = tuple[str, str]
"""Participant and visit of a sample."""

THERE, NOT_DONE, OUTSTANDING, AWAITED = "there", "not done", "outstanding", "awaited"


@dataclass(frozen=True, slots=True)
class Expected:
    """A result that a visit asks for: until when it should have come, and how it stands."""

    participant: str
    visit: str
    test: str
    by: date | None
    status: str


def text_of(person: Participant, place: str) -> str | None:
    """What the newest page says of a `form.item`."""
    form, _, item = place.partition(".")
    found = [page.items[item] for key, page in person.pages.items() if key[1] == form and page.items.get(item)]
    return found[-1] if found else None


def age_of(person: Participant, place: str | None) -> Fraction | None:
    """The age in years that an item gives."""
    text = text_of(person, place) if place else None
    return Fraction(text) if text else None


def visit_days(definition: Definition, person: Participant, visit: str, but: str = "") -> list[date]:
    """The dates of assessment on the open pages of a visit, one form left out."""
    return sorted(
        date.fromisoformat(page.on)
        for (at, form, _), page in person.pages.items()
        if at == visit and form != but and page.on and is_open(definition, form)
    )


def is_open(definition: Definition, form: str) -> bool:
    """Whether everybody may see that a page of this form exists."""
    return form in definition.forms and definition.forms[form].blinding is Blinding.OPEN


def window(definition: Definition, person: Participant, visit: str) -> tuple[date, date] | None:
    """The days on which a visit is planned; None before the anchor visit was dated."""
    days = visit_days(definition, person, design.anchor_visit(definition))
    found = due(definition, visit, days[0]) if days else None
    return (found.earliest, found.latest) if found else None


def expected(definition: Definition, person: Participant, today: date) -> list[Expected]:
    """Every result of an open test that is expected of a participant by now or soon, by visit and test."""
    plan = definition.laboratory
    if plan is None or person.ended or person.visits_stopped:
        return []
    found = []
    for visit in design.visit_order(definition):
        sampled = _sampled(definition, person, visit, today)
        if sampled is None:
            continue
        by = sampled + timedelta(days=plan.late_after_days)
        for key in due_tests(definition, visit):
            test = plan.tests[key]
            if is_sealed(definition, test):
                continue
            page = person.pages.get((visit, test.form, ""))
            status = AWAITED if today <= by else OUTSTANDING
            if page is not None and page.items.get(test.item_id) is not None:
                status = THERE
            elif page is not None and ("*" in page.not_done or test.item_id in page.not_done):
                status = NOT_DONE
            found.append(Expected(person.id, visit, key, by, status))
    return found


def _sampled(definition: Definition, person: Participant, visit: str, today: date) -> date | None:
    """When the samples of a visit were drawn or should have been; None where the visit is not due."""
    days = visit_days(definition, person, visit)
    if days:
        return days[-1]
    planned = window(definition, person, visit)
    return planned[1] if planned is not None and planned[1] <= today else None


# ---------------------------------------------------------------- what came


def out_of_place(definition: Definition, person: Participant | None, found: Result, today: date) -> list[Trouble]:
    """What is wrong with participant, visit and day of a result."""
    if person is None:
        return [Trouble(found.line, "participant", f"there is no participant {found.participant}")]
    stem = found.visit.partition(".")[0]
    if stem not in definition.visits:
        near = design.nearest(found.visit, list(definition.visits))
        hint = f"; did you mean {near}?" if near else f"; there are {', '.join(definition.visits)}"
        return [Trouble(found.line, "visit", f"there is no visit '{found.visit}'{hint}")]
    wrong = []
    plan = definition.laboratory
    assert plan is not None
    form = plan.tests[found.test].form
    planned = definition.schedule[form].visits if form in definition.schedule else ()
    if not definition.visits[stem].unscheduled and stem not in planned:
        says = f"{found.test} is not expected at {found.visit} (expected at {', '.join(planned)})"
        wrong.append(Trouble(found.line, "visit", f"{says}; if it was drawn, use an unscheduled visit"))
    if found.taken > today:
        wrong.append(Trouble(found.line, "taken", f"{found.taken} has not come yet; look at the year"))
    if found.reported is not None and found.reported > today:
        wrong.append(Trouble(found.line, "reported", f"{found.reported} has not come yet; look at the year"))
    says = "" if found.said or wrong else off_day(definition, person, found)
    return [*wrong, Trouble(found.line, "taken", says)] if says else wrong


def off_day(definition: Definition, person: Participant, found: Result) -> str:
    """How the day of sampling lies against its visit; empty where it fits or nothing is known to compare it with."""
    plan = definition.laboratory
    assert plan is not None
    days = visit_days(definition, person, found.visit, but=plan.tests[found.test].form)
    planned = window(definition, person, found.visit)
    first, last, what = (days[0], days[-1], "was") if days else (*planned, "is planned") if planned else (None,) * 3
    if first is None or last is None:
        return ""
    around = timedelta(days=plan.around_visit_days)
    if first - around <= found.taken <= last + around:
        return ""
    when = f"on {first}" if first == last else f"from {first} to {last}"
    return (
        f"drawn on {found.taken}, and {found.visit} of {found.participant} {what} {when}; correct visit or day, or say "
        "in `confirmed` why it is right"
    )


def late(definition: Definition, found: Result, today: date) -> bool:
    """Whether a result came later after sampling than the definition allows."""
    plan = definition.laboratory
    assert plan is not None
    return ((found.reported or today) - found.taken).days > plan.late_after_days


def mixed_up(results: Iterable[Result], known: Mapping[str, Sample]) -> list[Trouble]:
    """Samples that are said to be of two participants or visits, in this file or since an earlier one."""
    first: dict[str, Result] = {}
    wrong = []
    for one in results:
        before = first.setdefault(one.sample, one)
        here, there = (one.participant, one.visit), (before.participant, before.visit)
        earlier = known.get(one.sample, here)
        if here != there:
            says = f"{one.sample} is of {' at '.join(here)} here and of {' at '.join(there)} in row {before.line.row}"
            wrong.append(Trouble(one.line, "sample", f"{says}; correct one of them"))
        elif here != earlier:
            says = f"{one.sample} is of {' at '.join(here)} here and was of {' at '.join(earlier)} in an earlier file"
            wrong.append(Trouble(one.line, "sample", f"{says}; correct participant and visit, or the sample's number"))
    return wrong


@dataclass(frozen=True, slots=True)
class Settled:
    """Results, one for each place; what was left out because it stands there twice; what contradicts itself."""

    results: tuple[Result, ...]
    repeated: tuple[Result, ...]
    troubles: tuple[Trouble, ...]


def settled(results: Sequence[Result], chosen: Sequence[int] = (), remedy: str = "say which is right") -> Settled:
    """One result for each participant, visit and test. The same result twice is one, and a row without a value gives
    way to one that has it; different ones contradict each other until somebody says by its row which is right
    (`chosen`); `remedy` says how."""
    places: dict[tuple[str, str, str], list[Result]] = {}
    for one in results:
        places.setdefault(one.place, []).append(one)
    kept, repeated, troubles = [], [], []
    for group in places.values():
        picked = [one for one in group if one.line.row in chosen] or group
        picked = [one for one in picked if one.text is not None] or picked  # a run that failed contradicts nothing
        if len({_content(one) for one in picked}) == 1:
            kept.append(picked[0])
            repeated += [one for one in group if one is not picked[0]]
            continue
        rows = " and ".join(f"row {one.line.row} says {one.line['value'] or 'nothing'}" for one in group)
        says = f"{rows}; {remedy}"
        troubles += [Trouble(one.line, "value", says) for one in group]
    return Settled(tuple(kept), tuple(repeated), tuple(troubles))


def _content(one: Result) -> tuple[object, ...]:
    number = Fraction(one.text) if one.text is not None else None
    return number, one.beyond, one.low, one.high
