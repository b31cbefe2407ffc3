"""One whole trial through conduct, from opening to unblinding: the same program that runs a real one.

Participants come, are screened and randomised, and their visits follow each other in the order of the calendar across
all of them. What is written on a page was imagined before (`participants`, `pages`); what becomes of it is conduct's.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright import conduct, design
from trialwright.compute import chance
from trialwright.conduct import Desk, Person, Refused
from trialwright.design.model import CheckLevel
from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.ports import Ledger
from trialwright.simulate.casting import Cast, one_of
from trialwright.simulate.pages import Book, Page, book
from trialwright.simulate.participants import Crowd, followed
from trialwright.simulate.pharmacy import Pharmacy
from trialwright.simulate.vault import MemoryVault
from trialwright.simulate.world import AddressedChance, SetClock

SCREENING, VISIT, PREPARE, RELEASE, ENTRY, END, QUERY, LOCK = range(8)
"""The order of things on one day."""
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Truth:
    """What only the simulator knows, by participant: the arm, the row in the crowd, and the fate that was meant."""

    arms: Mapping[str, str]
    rows: Mapping[str, int]
    fates: Mapping[str, str]


@dataclass(frozen=True)
class Rehearsed:
    """A trial that was rehearsed to its end."""

    trial: int
    desk: Desk
    cast: Cast
    truth: Truth
    opened: Mapping[str, str] = field(default_factory=dict)

    @property
    def seal(self) -> str:
        """The last seal of the ledger."""
        return self.desk.ledger.head().seal


# ------------------------------------------------------------------ through conduct


def rehearse(
    cast: Cast,
    *,
    ledger: Ledger | None = None,
    vault: Any = None,
    keys: Sequence[str] = (),
    progress: Callable[[int], None] | None = None,
) -> Rehearsed:
    """Run one trial on a ledger and behind a vault (in memory without them).

    `vault` is any `ledger.vault.Vault` that holds the cast's list (a build rule keeps that port out of this module);
    `keys` open it after the locks; `progress` is called with the number of facts after each event.
    """
    definition = cast.program.definition
    clock = SetClock(next(iter(definition.sites.values())).zone)
    ledger = ledger or MemoryLedger()
    desk = Desk(
        ledger,
        vault or MemoryVault(cast.list.slots, cast.list.annex, ledger, cast.list.allocator),
        clock,
        AddressedChance(cast.seed, cast.trial),
    )
    run = _Run(cast, desk, clock, tuple(keys))
    run.plan()
    run.go(progress)
    truth = Truth(run.arms, run.row_of, {one: run.fate_name(row) for one, row in run.row_of.items()})
    return Rehearsed(cast.trial, desk, cast, truth, run.opened)


class _Run:
    """One rehearsal under way: the events to come, and who is who."""

    def __init__(self, cast: Cast, desk: Desk, clock: SetClock, keys: tuple[str, ...]) -> None:
        self.cast, self.desk, self.clock, self.keys = cast, desk, clock, keys
        program = cast.program
        self.program, self.definition, self.working = program, program.definition, program.scenarios.working
        self.start = program.scenarios.enrolment.start
        self.people = {
            role: tuple(Person(f"{role}-{place}", role, name) for place, name in enumerate(self.working.names(role), 1))
            for role in self.working.people
        }
        self.staff = {role: several[0] for role, several in self.people.items()}
        self.enters = {name: self._who_enters(form.entered_by) for name, form in self.definition.forms.items()}
        self.confirmations = {
            name: {check.id: self.working.confirm for check in form.checks if check.level is CheckLevel.WARN}
            for name, form in self.definition.forms.items()
        }
        self.sites = tuple(self.definition.sites)
        self.crowd, self.pages = cast.crowd, cast.pages
        self.optional = self._scopes_given()
        self.row_of: dict[str, int] = {}
        self.arms: dict[str, str] = {}
        self.opened: Mapping[str, str] = {}
        self.truth = dict(cast.list.arms)
        self.arm_in_turn = cast.list.in_turn()
        self.infusions = self.definition.supply.form if self.definition.supply is not None else None
        self.events: list[tuple[int, int, int, Callable[..., None], tuple[object, ...]]] = []
        self.order = count()
        self.queries = 0
        self.pharmacy = self._pharmacy()

    def _pharmacy(self) -> Pharmacy | None:
        stock, plan = self.program.scenarios.supply, self.definition.supply
        if stock is None or plan is None:
            return None
        return Pharmacy(self.desk, self.definition, stock, self.people[plan.prepared_by])

    def _who_enters(self, roles: Sequence[str]) -> Person:
        able = [self.staff[role] for role in roles or ("investigator",) if role in self.staff]
        return able[0] if able else self.staff["investigator"]

    def fate_name(self, row: int) -> str:
        """The fate of a participant by name."""
        return list(self.program.scenarios.fates)[int(self.crowd.fate[row])]

    # -------------------------------------------------------------- the calendar

    def at(self, day: int, order: int, action: Callable[..., None], *about: object) -> None:
        """Something will happen on a day."""
        heapq.heappush(self.events, (day, order, next(self.order), action, about))

    def plan(self) -> None:
        """Everything that is known to come: arrivals, visits, entries, ends, locks."""
        come, row = self.cast.come, self.cast.row
        consented = iter(self.cast.rows)
        fates = list(self.program.scenarios.fates.values())
        for slot in np.flatnonzero(come.here[row]).tolist():
            fate, day = fates[int(come.fate[row, slot])], int(come.day[row, slot])
            site = self.sites[int(come.site[row, slot])]
            if fate.stage == "prescreening":
                self.at(day, SCREENING, self.turned_away, site, fate.outcome or "other", fate.reason or "")
            else:
                self.at(day, SCREENING, self.screening, site, next(consented))
        self._plan_locks()

    def _plan_locks(self) -> None:
        crowd, last = self.crowd, 0
        people = [row for row in self.cast.rows if crowd.enrolled[row]]
        for stage in self.definition.locks:
            place = self.program.visits.index(stage.after)
            days = [min(int(crowd.on[row, place]), int(crowd.end[row])) for row in people]
            last = max(last, max(days, default=0) + self.working.lock_days)
            self.at(last, LOCK, self.lock, stage.id, stage.firewall)

    def go(self, progress: Callable[[int], None] | None) -> None:
        """Let everything happen, day by day."""
        self.clock.begin(self.start - timedelta(days=7))
        sponsor = self.staff["sponsor"]
        conduct.open_trial(self.desk, self.definition, by=sponsor, accepted_by=sponsor.name, rehearsal=True)
        for site in self.sites:
            conduct.activate(self.desk, site, by=self.staff["sponsor"])
        if self.pharmacy is not None:
            self.pharmacy.receive()
        events, begin, start = self.events, self.clock.begin, self.start
        while events:
            day, _, _, action, about = heapq.heappop(events)
            begin(start + timedelta(days=day))
            action(day, *about)
            if progress is not None:
                progress(self.desk.state.number)

    # -------------------------------------------------------------- what happens

    def turned_away(self, day: int, site: str, outcome: str, reason: str) -> None:
        """Somebody was considered and does not consent."""
        self.clock.tick()
        conduct.prescreen(self.desk, site=site, outcome=outcome, reason=reason, by=self.staff["nurse"])

    def screening(self, day: int, site: str, row: int) -> None:
        """Consent, the pages of screening, judgements, the verdict; then what is to come is planned."""
        desk, nurse = self.desk, self.staff["nurse"]
        self.clock.tick()
        wanted = self.program.scenarios.enrolment.eligible_outcome
        conduct.prescreen(desk, site=site, outcome=wanted, reason="", by=nurse)
        self.clock.tick()
        consent = self.definition.consent
        given = conduct.consent(desk, site=site, form_version=consent.form_version, scopes=self._scopes(row), by=nurse)
        number = given.participant or ""
        self.row_of[number] = row
        for place in range(self.program.anchor):
            self.record_all(day, number, self.pages.visits[row][place])
        self._logs_at_screening(day, number, row)
        fate = self.program.scenarios.fates[self.fate_name(row)]
        for criterion, answer in fate.judgements.items():
            conduct.judge(
                desk, participant=number, criterion=criterion, answer=answer, by=self.staff["investigator"],
                why=self.working.confirm,
            )  # fmt: skip
        self.clock.tick()
        verdict = conduct.screen(desk, participant=number, by=self.staff["investigator"])
        if fate.stage == "waiting":
            self.at(int(self.crowd.day0[row]), END, self.leave_early, number, fate.reason or "")
        if fate.stage == "enrolled" and (verdict.payload or {})["verdict"] == "eligible":
            self.at(int(self.crowd.day0[row]), VISIT, self.baseline, number, row)

    def _scopes_given(self) -> dict[str, NDArray[np.bool_]]:
        """Which optional scope of consent each participant of the cast gives."""
        consent, rows = self.definition.consent, slice(self.cast.rows.start, self.cast.rows.stop)
        likely = float(self.working.optional_scopes)
        trial, slot = self.crowd.trial[rows], self.crowd.slot[rows]
        return {
            scope: chance.bernoulli(chance.uniform(self.cast.seed, f"scope.{scope}", trial, slot, 0), likely)
            for scope in consent.scopes
            if scope not in consent.needed
        }

    def _scopes(self, row: int) -> dict[str, bool]:
        given, place = self.optional, row - self.cast.rows.start
        return {scope: scope not in given or bool(given[scope][place]) for scope in self.definition.consent.scopes}

    def _logs_at_screening(self, day: int, number: str, row: int) -> None:
        before = [rows.name for rows in self.program.rows if rows.spec.before]
        forms = {self.program.scenarios.rows[name].form for name in before}
        seen = set()
        for entry in self.pages.entries[row]:
            if entry.before:
                seen.add(entry.page.form)
                self.record(day, number, entry.page)
        for form in self.working.empty_logs:
            if form in forms and form not in seen:
                page = Page(form, "", "0", {}, {"*": self.working.empty_reason}, {}, None, None, None)
                self.record(day, number, page)

    def leave_early(self, day: int, number: str, reason: str) -> None:
        """Consent is withdrawn between screening and baseline."""
        self.clock.tick()
        conduct.withdraw_consent(
            self.desk, participant=number, scopes=list(self.definition.consent.scopes), by=self.staff["nurse"],
            why=reason,
        )  # fmt: skip

    def baseline(self, day: int, number: str, row: int) -> None:
        """The pages of the baseline visit, then the draw; then everything that follows from it is planned."""
        self.record_all(day, number, self.pages.visits[row][self.program.anchor])
        self.clock.tick()
        try:
            fact = conduct.randomise(self.desk, participant=number, by=self.staff["investigator"])
        except Refused as refused:
            # The newest values no longer satisfy the criteria: a screening failure that the scenario did not mean.
            if refused.code != "eligibility":
                raise
            return
        drawn = fact.payload or {}
        label = drawn["label"]
        arm = self.arms[number] = self.truth[label] = self.arm_in_turn(drawn["levels"])
        crowd, pages, place = self.crowd, self.pages, row
        if self.program.arms[int(crowd.arm[row])] != arm:
            crowd, pages, place = self._again(row, arm)
        self._plan_visits(number, crowd, pages, place, label)
        self._plan_end(number, crowd, place)

    def _again(self, row: int, arm: str) -> tuple[Crowd, Book, int]:
        """The same participant under the arm that was drawn, when it is not the one that was expected."""
        crowd = followed(one_of(self.crowd, row), np.array([self.program.arms.index(arm)]))
        return crowd, book(crowd), 0

    def _plan_visits(self, number: str, crowd: Crowd, pages: Book, row: int, label: str) -> None:
        days, visits = crowd.on[row].tolist(), pages.visits[row]
        for place in range(self.program.anchor + 1, len(days)):
            if visits[place]:
                self.at(days[place], VISIT, self.record_all, number, visits[place])
        for entry in pages.entries[row]:
            if not entry.before:
                page = entry.page
                if page.label:
                    page = page._replace(items={**page.items, page.label: label})
                self.at(entry.day, ENTRY, self.record, number, page)
                if page.repeat == "1" and self.pharmacy is not None and page.form == self.infusions:
                    self.at(
                        entry.day, PREPARE, self.prepare, number, page.visit, self._course_days(crowd, row, page.visit)
                    )

    def _course_days(self, crowd: Crowd, row: int, visit: str) -> int:
        stock = self.program.scenarios.supply
        values = np.broadcast_to(crowd.names[stock.days if stock is not None else "week"], crowd.on.shape)
        return int(values[row, self.program.visits.index(visit)])

    def prepare(self, day: int, number: str, visit: str, days: int) -> None:
        """The pharmacist prepares a course; it is released with all others of the day at the next declared hour."""
        if self.pharmacy is None:
            return
        self.clock.tick()
        planned = self.pharmacy.waits
        ready = self.pharmacy.prepare(day, number, visit, days, self.truth.__getitem__)
        if not planned:
            self.at((ready.astimezone(self.clock.zone).date() - self.start).days, RELEASE, self.release, ready)

    def release(self, day: int, ready: datetime) -> None:
        """The hour has come."""
        if self.pharmacy is not None:
            self.clock.until(ready)
            self.pharmacy.release()

    def _plan_end(self, number: str, crowd: Crowd, row: int) -> None:
        ends = list(self.program.scenarios.ends)
        if crowd.stopped[row] >= 0:
            stop = ends[int(crowd.stopped[row])]
            self.at(int(crowd.treatment_end[row]), END, self.end, number, stop, self._reason(crowd, row, stop))
        day = int(crowd.end[row])
        if crowd.ended[row] >= 0:
            name = ends[int(crowd.ended[row])]
            self.at(day, END, self.end, number, name, self._reason(crowd, row, name))
        else:
            self.at(day, END, self.complete, number)

    def _reason(self, crowd: Crowd, row: int, end: str) -> str:
        reasons = self.program.scenarios.ends[end].reasons
        u = chance.uniform(crowd.seed, f"reason.{end}", crowd.trial[row], crowd.slot[row], 0)
        return list(reasons)[int(chance.categorical(u, [float(weight) for weight in reasons.values()]))]

    def end(self, day: int, number: str, name: str, reason: str) -> None:
        """Treatment, visits or participation end, by the verb that the scenario names."""
        self.clock.tick()
        ENDS[self.program.scenarios.ends[name].verb](self, day, number, reason)

    def complete(self, day: int, number: str) -> None:
        """Everything that was planned has been done."""
        self.clock.tick()
        conduct.complete(self.desk, participant=number, on=self.date(day), by=self.staff["nurse"])

    def date(self, day: int) -> str:
        """The ISO date of a day."""
        return (self.start + timedelta(days=day)).isoformat()

    def lock(self, day: int, stage: str, firewall: tuple[str, ...]) -> None:
        """Sign the sites off, lock a stage, and open the allocations to whom it names."""
        desk = self.desk
        for site in sorted({person.site for person in desk.state.participants.values() if person.allocation}):
            self.clock.tick()
            conduct.sign_off(desk, stage=stage, site=site, by=self.staff["investigator"])
        self.clock.tick()
        conduct.lock(desk, stage=stage, by=self.staff["data_manager"], why="all pages are in, all queries closed")
        openers = self._openers(stage, firewall)
        if openers is not None:
            by, with_ = openers
            _, self.opened = conduct.unblind(
                desk, stage=stage, keys=self.keys, by=by, with_=with_, why=f"lock {stage} is set"
            )

    def _openers(self, stage: str, firewall: tuple[str, ...]) -> tuple[Person, Person] | None:
        """Who opens the allocations: after the last lock both escrow holders, after a staged one somebody behind its
        firewall with an escrow holder; nobody where the trial has none."""
        holders = self.people.get("escrow_holder", ())
        if stage == self.definition.locks[-1].id:
            return (holders[0], holders[1]) if len(holders) > 1 else None
        behind = [self.staff[role] for role in firewall if role in self.staff and role in conduct.MAY["unblind"]]
        return (behind[0], holders[0]) if behind and holders else None

    # -------------------------------------------------------------- pages and queries

    def record_all(self, day: int, number: str, pages: Sequence[Page]) -> None:
        """The pages of one visit, with the signatures and questions that belong to them."""
        for page in pages:
            self.record(day, number, page)

    def record(self, day: int, number: str, page: Page) -> None:
        """One page; an edit check that warns is confirmed, one that asks is answered some days later."""
        self.clock.tick()
        if page.prepared and self.pharmacy is not None:
            page = self._with_volume(number, page, page.prepared)
        by = self.enters[page.form]
        try:
            self._write(number, page, by, page.confirmed)
        except Refused as refused:
            if refused.code != "values" or not self.confirmations[page.form]:
                raise
            self._write(number, page, by, {**page.confirmed, **self.confirmations[page.form]})
        self._follow_queries(day)
        if page.form in self.working.sign and "*" not in page.not_done:
            self._sign(number, page)
        if page.asked:
            conduct.ask_query(
                self.desk, participant=number, form=page.form, visit=page.visit, repeat=page.repeat, item=page.asked,
                text=self.working.queries.text, by=self.staff["data_manager"],
            )  # fmt: skip
            self._follow_queries(day)

    def _with_volume(self, number: str, page: Page, item: str) -> Page:
        """The page with the volume that the pharmacy prepared for its day; an unusual one is confirmed."""
        volume = self.pharmacy.volume(number, page.visit, page.repeat) if self.pharmacy is not None else None
        if volume is None:
            return page
        usual = design.items(self.definition, page.form)[item].warn
        unusual = usual is not None and not usual[0] <= int(volume) <= usual[1]
        confirmed = {**page.confirmed, item: self.working.confirm} if unusual else page.confirmed
        return page._replace(items={**page.items, item: volume}, confirmed=confirmed)

    def _write(self, number: str, page: Page, by: Person, confirmed: Mapping[str, str]) -> None:
        conduct.record(
            self.desk, participant=number, form=page.form, by=by, visit=page.visit, repeat=page.repeat,
            items=page.items, not_done=page.not_done, confirmed=confirmed, on=page.on,
        )  # fmt: skip

    def _sign(self, number: str, page: Page) -> None:
        try:
            conduct.sign(
                self.desk, participant=number, form=page.form, visit=page.visit, repeat=page.repeat,
                meaning=self.working.sign_meaning, by=self.staff["investigator"],
            )  # fmt: skip
        except Refused as refused:
            # An edit check has asked a question about this page; it stays unsigned, as it may in a real trial.
            if refused.code != "query":
                raise

    def _follow_queries(self, day: int) -> None:
        """Plan the answer and the closing of every query that was opened since the last look."""
        queries = self.desk.state.queries
        if len(queries) == self.queries:
            return
        habits = self.working.queries
        for query in list(queries)[self.queries :]:
            self.at(day + habits.days_to_answer, QUERY, self.answer, query)
            self.at(day + habits.days_to_close, QUERY, self.close, query)
        self.queries = len(queries)

    def answer(self, day: int, query: str) -> None:
        """The site answers."""
        self.clock.tick()
        conduct.answer_query(self.desk, query=query, text=self.working.queries.answer, by=self.staff["nurse"])

    def close(self, day: int, query: str) -> None:
        """The data manager is content."""
        self.clock.tick()
        conduct.close_query(self.desk, query=query, text=self.working.queries.close, by=self.staff["data_manager"])


def _lose(run: _Run, day: int, number: str, reason: str) -> None:
    conduct.lose(run.desk, participant=number, last_contact=run.date(day), by=run.staff["nurse"], why=reason)


def _withdraw(run: _Run, day: int, number: str, reason: str) -> None:
    conduct.withdraw_consent(run.desk, participant=number, scopes=["trial"], by=run.staff["nurse"], why=reason)


def _stop_visits(run: _Run, day: int, number: str, reason: str) -> None:
    conduct.stop_visits(run.desk, participant=number, reason=reason, by=run.staff["nurse"])


def _stop_treatment(run: _Run, day: int, number: str, reason: str) -> None:
    conduct.stop_treatment(run.desk, participant=number, reason=reason, by=run.staff["investigator"])


ENDS: dict[str, Callable[[_Run, int, str, str], None]] = {
    "lose": _lose,
    "withdraw_consent": _withdraw,
    "stop_visits": _stop_visits,
    "stop_treatment": _stop_treatment,
}
