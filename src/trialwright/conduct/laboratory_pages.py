"""Results of a laboratory as pages: which items a result fills, what stands there already, who confirms what is
unusual. The same for results of open tests and for sealed ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from trialwright import design
from trialwright.capture import laboratory_ranges, laboratory_samples
from trialwright.capture.laboratory import Line, Trouble
from trialwright.capture.laboratory_ranges import Limits
from trialwright.capture.laboratory_samples import Sample
from trialwright.capture.laboratory_values import Given, Result, result
from trialwright.conduct.desk import Desk
from trialwright.design.laboratory_tests import item_of
from trialwright.design.model import Definition
from trialwright.ledger.replay import Page, Participant

PageOf = tuple[str, str, str]
"""Participant, visit, form."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A result with its limits and the items of its page that it fills; `not_done` where it is none."""

    result: Result
    limits: Limits
    items: Mapping[str, str]
    not_done: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The items that it speaks of."""
        return (*self.items, *self.not_done)


@dataclass(slots=True)
class ReadRows:
    """What rows gave: results settled to one for each place, by page; what came twice; everything that is wrong."""

    pages: dict[PageOf, list[Filled]] = field(default_factory=dict)
    repeated: list[Result] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    samples: dict[str, Sample] = field(default_factory=dict)


def read_rows(
    desk: Desk,
    definition: Definition,
    lines: Iterable[tuple[Line, str]],
    given: Given,
    samples: Mapping[str, Sample],
    chosen: Sequence[int] = (),
    remedy: str = "hand the right one in alone",
) -> ReadRows:
    """Rows with the key of their test as results, each compared with the trial. Nothing is written. `samples`: whose
    each sample was so far; `chosen`: the rows that count where results contradict each other."""
    found, sound = ReadRows(), list[Result]()
    for line, test in lines:
        one = result(definition, line, test, given)
        if not isinstance(one, Result):
            found.troubles += one
            continue
        person = desk.state.participants.get(one.participant)
        today = desk.today(person.site) if person is not None and person.site in desk.state.sites else date.max
        wrong = laboratory_samples.out_of_place(definition, person, one, today)
        found.troubles += wrong
        sound += [] if wrong else [one]
    mixed = laboratory_samples.mixed_up(sound, samples)
    found.troubles += mixed
    bad = {trouble.line.row for trouble in mixed}
    settled = laboratory_samples.settled([one for one in sound if one.line.row not in bad], chosen, remedy)
    found.samples = {one.sample: (one.participant, one.visit) for one in sound if one.line.row not in bad}
    found.repeated += settled.repeated
    found.troubles += settled.troubles
    for one in sorted(settled.results, key=lambda one: _order(definition, one)):
        filled = fill(definition, one, desk.state.participants[one.participant])
        plan = definition.laboratory
        assert plan is not None
        found.pages.setdefault((one.participant, one.visit, plan.tests[one.test].form), []).append(filled)
    return found


def _order(definition: Definition, one: Result) -> tuple[object, ...]:
    """By participant, visit and test, so that the order of rows in a file decides nothing."""
    plan = definition.laboratory
    assert plan is not None
    return one.participant, list(definition.visits).index(one.visit.partition(".")[0]), one.visit, one.test


def fill(definition: Definition, one: Result, person: Participant) -> Filled:
    """The items of a page that a result fills, with the limits that hold for this person on that day."""
    plan = definition.laboratory
    assert plan is not None
    test = plan.tests[one.test]
    sex = laboratory_samples.text_of(person, plan.sex) if plan.sex else None
    bounds = laboratory_ranges.limits(definition, one, sex, laboratory_samples.age_of(person, plan.age))
    item = item_of(definition, test)
    if one.text is None:
        return Filled(one, bounds, {}, {test.item_id: one.absent})
    items = {test.item_id: one.text}
    for name, sign in ((item.below, "<"), (item.above, ">")):
        if name:
            items[name] = "true" if one.beyond == sign else "false"
    for name, bound in ((test.lower, bounds.low), (test.upper, bounds.high)):
        if name and bound is not None:
            items[name] = laboratory_ranges.as_text(bound, design.items(definition, test.form)[name].step)
    return Filled(one, bounds, items, {})


def same(page: Page | None, one: Filled) -> bool:
    """Whether the page says just this already; numbers are the same whatever zeros they end on."""
    if page is None:
        return False
    return all(_equal(page.items.get(name), text) for name, text in one.items.items()) and all(
        page.not_done.get(name) == reason for name, reason in one.not_done.items()
    )


def stands(page: Page | None, one: Filled) -> str:
    """What stands on the page that this result would change, in words; empty where nothing does."""
    if page is None:
        return ""
    old = {name: page.items.get(name) for name in one.items}
    changed = [f"{name} is {text}" for name, text in old.items() if text and not _equal(text, one.items[name])]
    changed += [f"{name} is not done" for name in one.names if name in page.not_done and name in one.items]
    changed += [f"{name} is {page.items[name]}" for name in one.not_done if page.items.get(name) is not None]
    return ", ".join(changed)


def _equal(old: str | None, new: str) -> bool:
    if old is None or old == new:
        return old == new
    try:
        return Fraction(old) == Fraction(new)
    except ValueError:
        return False


def page_day(definition: Definition, form: str, results: Sequence[Filled]) -> str | None:
    """The date of a new page: the day of sampling, where the page is the laboratory's alone and all is of one day."""
    plan = definition.laboratory
    assert plan is not None
    own: set[str | None] = set()
    for test in plan.tests.values():
        if test.form == form:
            item = item_of(definition, test)
            own |= {test.item_id, item.below, item.above, test.lower, test.upper}
    days = {one.result.taken for one in results}
    return days.pop().isoformat() if len(days) == 1 and own >= design.items(definition, form).keys() else None
