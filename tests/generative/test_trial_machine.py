"""Any order of acts, by anybody, keeps the promises of a trial.

Hypothesis lets people act in random order, with sensible and with senseless details. Most acts are refused; whatever
is not refused is checked after every step.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.plugins.world import CAST, HIGH, World
from tests.plugins.worlds import in_memory

from trialwright.conduct import Refused
from trialwright.ledger import kinds
from trialwright.ledger.fact import GENESIS, seal_stands
from trialwright.ledger.replay import replay


def mostly(*right: str) -> st.SearchStrategy[str]:
    """Somebody whose task it is, and one time in five anybody."""
    return st.sampled_from(list(right) * 4 * (len(CAST) // len(right)) + sorted(CAST))


SITE_STAFF = mostly("nurse", "nurse", "nurse", "investigator")
VISITS = st.sampled_from(["FIRST", "START", "START", "WEEK8", "EXTRA.1", "EXTRA.2", "NEVER"])
REASONS = st.sampled_from([None, "", "a digit was misread", "asked again"])
PRESSURES = st.fixed_dictionaries(
    {"upper": st.sampled_from(["160", "145", "110", "230", "1000", "", None])},
    optional={"lower": st.sampled_from(["95", "90", "200", "x"]), "weight": st.sampled_from(["70.0", "70", "70.25"])},
)
PERSONS = st.fixed_dictionaries(
    {"age": st.sampled_from(["50", "17", "18", None])},
    optional={
        "sex": st.sampled_from(["M", "M", "F"]),
        "drug": st.sampled_from(["none", "water", "other"]),
        "remark": st.sampled_from(["Mrs A. Example", "well"]),
    },
)
CODES = """
alone baseline blinding break conflict consent date eligibility empty ended exhausted fact firewall form full item
judgement key keys label lock locked meeting outcome page permission query randomised reason reference repeat
report request screening signed site strata text unknown values version visit
"""
REFUSALS = {*CODES.split(), "not ready"}


KNOWING = frozenset({kinds.CODE_BROKEN, kinds.UNBLINDING_REPORTED, kinds.SNAPSHOT_OPENED, kinds.ALARM_RAISED})
"""What may be recorded at any time, also after the lock: somebody learned something."""


class Trial(RuleBasedStateMachine):
    """A trial in which anybody may try anything. `begin` gives the world that it is played on."""

    begin: Callable[[], World] = staticmethod(in_memory)

    @initialize()
    def open(self) -> None:
        """The trial is open: somebody consented, some are ready to be drawn, some have every page and no verdict."""
        self.world = self.begin()
        self.world.consented("Ann")
        for name, drug in (("Bob", "none"), ("Cas", "water"), ("Dot", "none")):
            self.world.eligible(name, drug=drug)
        for name, age in (("Eva", "50"), ("Flo", "17")):
            self.world.seen(name, {"age": age})
            self.world.page_of(name, "pressure", "START", HIGH)
        self.allocations: dict[str, Any] = {}
        self.checked = 0
        self.previous = GENESIS
        self.locked_at: int | None = None

    def tries(self, who: str, verb: str, /, **details: Any) -> None:
        """Act; a refusal is a sentence with a known code and leaves nothing behind."""
        head = self.world.desk.ledger.head()
        refused = None
        try:
            self.world.does(who, verb, **details)
        except Refused as refusal:
            refused = refusal
        event(f"{verb}: {refused.code if refused else 'done'}")
        if refused:
            assert self.world.desk.ledger.head() == head
            assert refused.code in REFUSALS, refused.code
            assert refused.sentence.strip().endswith((".", ":", "?")), refused.sentence
            assert "Invented tablet" not in str(refused)

    def somebody(self, data: st.DataObject) -> str:
        """One of the participants, or nobody."""
        return data.draw(st.sampled_from([*self.world.numbers] * 5 + ["NORTH-099-X"]))

    # ------------------------------------------------------------------ what people do

    @rule(
        who=SITE_STAFF,
        site=st.sampled_from(["NORTH", "WEST", "EAST"]),
        form=st.sampled_from(["1", "1", "2"]),
        trial=st.booleans(),
    )
    def consent(self, who: str, site: str, form: str, trial: bool) -> None:
        before = set(self.world.state.participants)
        self.tries(who, "consent", site=site, form_version=form, scopes={"trial": trial})
        for number in set(self.world.state.participants) - before:
            self.world.numbers[f"P{len(self.world.numbers)}"] = number

    @rule(data=st.data(), who=SITE_STAFF, visit=VISITS, items=PRESSURES, why=REASONS, fresh=st.booleans())
    def record_pressure(
        self, data: st.DataObject, who: str, visit: str, items: dict, why: str | None, fresh: bool
    ) -> None:
        self.record(self.somebody(data), who, "pressure", visit, items, why, fresh)

    @rule(data=st.data(), who=SITE_STAFF, items=PERSONS, why=REASONS, fresh=st.booleans())
    def record_person(self, data: st.DataObject, who: str, items: dict, why: str | None, fresh: bool) -> None:
        self.record(self.somebody(data), who, "person", "FIRST", items, why, fresh)

    @rule(
        data=st.data(),
        who=SITE_STAFF,
        visit=VISITS,
        renin=st.sampled_from(["731", "915", "-1"]),
        why=REASONS,
        fresh=st.booleans(),
    )
    def record_blood(self, data: st.DataObject, who: str, visit: str, renin: str, why: str | None, fresh: bool) -> None:
        self.record(self.somebody(data), who, "blood", visit, {"renin": renin, "potassium": "4.1"}, why, fresh)

    def record(self, name: str, who: str, form: str, visit: str, items: dict, why: str | None, fresh: bool) -> None:
        person = self.world.state.participants.get(self.world.numbers.get(name, ""))
        page = person.pages.get((visit, form, "")) if person else None
        base = page.number if page and fresh else None
        today = self.world.clock.now().date().isoformat()
        confirmed = {"upper": "measured twice", "wide": "measured twice"} if fresh else {}
        self.tries(
            who,
            "record",
            participant=name,
            form=form,
            visit=visit,
            items=items,
            why=why,
            base=base,
            on=today,
            confirmed=confirmed,
        )

    @rule(data=st.data(), who=SITE_STAFF, row=st.sampled_from(["+", "0", "1", "x"]), known=st.booleans())
    def record_event(self, data: st.DataObject, who: str, row: str, known: bool) -> None:
        details = {"items": {"term": "cough", "worst": "1"}} if known else {"not_done": {"*": "none known"}}
        self.tries(who, "record", participant=self.somebody(data), form="events", repeat=row, **details)

    @rule(data=st.data(), who=SITE_STAFF)
    def screen(self, data: st.DataObject, who: str) -> None:
        self.tries(who, "screen", participant=self.somebody(data))

    @rule(data=st.data(), who=SITE_STAFF, request=st.sampled_from([None, None, "k1", "k2", "k3", "k4", ""]))
    def randomise(self, data: st.DataObject, who: str, request: str | None) -> None:
        self.tries(who, "randomise", participant=self.somebody(data), request=request)

    @rule(data=st.data(), who=mostly("investigator", "data manager"), why=REASONS)
    def correct_stratum(self, data: st.DataObject, who: str, why: str | None) -> None:
        self.tries(who, "correct_stratum", participant=self.somebody(data), why=why)

    @rule(data=st.data(), who=mostly("investigator", "sponsor"), reason=st.sampled_from(["", "aged 17"]))
    def report_error(self, data: st.DataObject, who: str, reason: str) -> None:
        self.tries(who, "report_error", participant=self.somebody(data), reason=reason)

    @rule(data=st.data(), answer=st.booleans(), why=st.sampled_from(["", "it can wait"]))
    def judge(self, data: st.DataObject, answer: bool, why: str) -> None:
        self.tries("investigator", "judge", participant=self.somebody(data), criterion="EX2", answer=answer, why=why)

    @rule(data=st.data(), who=mostly("monitor", "data manager"), visit=VISITS)
    def ask(self, data: st.DataObject, who: str, visit: str) -> None:
        self.tries(
            who,
            "ask_query",
            participant=self.somebody(data),
            form="pressure",
            visit=visit,
            item="upper",
            text="Really?",
        )

    @rule(
        who=st.sampled_from(["nurse", "monitor", "data manager", "sponsor"]),
        verb=st.sampled_from(["answer_query", "close_query", "reopen_query"]),
        number=st.integers(1, 4),
    )
    def move_query(self, who: str, verb: str, number: int) -> None:
        self.tries(who, verb, query=f"Q{number}", text="Yes")

    @rule(data=st.data(), who=mostly("investigator"), visit=VISITS)
    def sign(self, data: st.DataObject, who: str, visit: str) -> None:
        self.tries(who, "sign", participant=self.somebody(data), form="pressure", visit=visit)

    @rule(
        data=st.data(),
        who=st.sampled_from(["investigator", "nurse"]),
        how=st.sampled_from(
            [
                ("stop_treatment", {"reason": "a rash"}),
                ("stop_visits", {"reason": "moved away"}),
                ("lose", {"last_contact": "2026-03-02"}),
                ("complete", {"on": "2026-03-02"}),
                ("withdraw_consent", {"scopes": ["trial"]}),
                ("withdraw_consent", {"scopes": ["blood_bank"]}),
            ]
        ),
    )
    def end(self, data: st.DataObject, who: str, how: tuple[str, dict[str, Any]]) -> None:
        verb, details = how
        self.tries(who, verb, participant=self.somebody(data), **details)

    @rule(
        data=st.data(),
        who=st.sampled_from(["data manager", "nurse"]),
        items=st.sampled_from([["remark"], ["upper"], ["nothing"], ["age"]]),
    )
    def redact(self, data: st.DataObject, who: str, items: list[str]) -> None:
        numbers = [fact.number for fact in self.world.facts() if fact.kind == kinds.PAGE_RECORDED]
        self.tries(who, "redact", fact=data.draw(st.sampled_from([*numbers, 1])), items=items, why="a name was typed")

    @rule(version=st.sampled_from(["1", "2", "3"]), reconsent=st.booleans(), day=st.integers(50, 52))
    def amend(self, version: str, reconsent: bool, day: int) -> None:
        visits = self.world.definition.visits
        moved = {**visits, "WEEK8": visits["WEEK8"].model_copy(update={"day": day})}
        consent = self.world.definition.consent.model_copy(update={"form_version": "2" if reconsent else "1"})
        new = self.world.definition.model_copy(update={"version": version, "visits": moved, "consent": consent})
        self.tries("sponsor", "amend", definition=new, why="the visit moved", reconsent=reconsent)

    @rule(site=st.sampled_from(["NORTH", "WEST", "EAST"]))
    def activate(self, site: str) -> None:
        self.tries("sponsor", "activate", site=site)

    @rule(who=mostly("data manager"), stage=st.sampled_from(["week8", "final"]))
    def lock(self, who: str, stage: str) -> None:
        self.tries(who, "lock", stage=stage, why="all seen")

    @rule(
        who=mostly("investigator"), stage=st.sampled_from(["week8", "final"]), site=st.sampled_from(["NORTH", "EAST"])
    )
    def sign_off(self, who: str, stage: str, site: str) -> None:
        self.tries(who, "sign_off", stage=stage, site=site)

    @precondition(lambda self: len(self.world.facts()) > 40)
    @rule(final=st.booleans())
    def wind_up(self, final: bool) -> None:
        """Close every query, let everybody finish, and lock."""
        for query in list(self.world.state.queries.values()):
            if query.status != "closed":
                self.tries("monitor", "close_query", query=query.id, text="no longer asked")
        for name in list(self.world.numbers):
            self.tries("nurse", "lose", participant=name, last_contact="2026-03-02")
        for stage in ("week8", "final")[: 1 + final]:
            self.tries("investigator", "sign_off", stage=stage, site="NORTH")
            self.tries("western investigator", "sign_off", stage=stage, site="WEST")
            self.tries("data manager", "lock", stage=stage, why="all seen")

    @rule(data=st.data(), who=mostly("statistician", "escrow holder"), stage=st.sampled_from(["week8", "final"]))
    def unblind(self, data: st.DataObject, who: str, stage: str) -> None:
        second = st.sampled_from([None, "escrow holder", "second escrow holder", "nurse"])
        self.tries(who, "unblind", stage=stage, keys=self.world.keys, with_=data.draw(second), why="the analysis")

    @rule(
        data=st.data(),
        who=mostly("nurse", "investigator", "break host"),
        learned_by=st.sampled_from(["dr.night", "p02", "p22", ""]),
        reference=st.sampled_from([None, "E-1", "E-2", "E-3"]),
        why=st.sampled_from([None, "Invented tablet"]),
    )
    def break_code(
        self, data: st.DataObject, who: str, learned_by: str, reference: str | None, why: str | None
    ) -> None:
        told = {"how": "envelope", "category": "emergency", "learned_by": learned_by, "why": why}
        self.tries(who, "break_code", participant=self.somebody(data), reference=reference, **told)

    @rule(data=st.data(), who=mostly("safety unit"))
    def open_for_safety(self, data: st.DataObject, who: str) -> None:
        self.tries(who, "open_for_safety", participant=self.somebody(data), keys=self.world.keys, why="a report")

    @rule(who=mostly("committee statistician"), meeting=st.sampled_from(["1", "2", "the bad one"]))
    def open_snapshot(self, who: str, meeting: str) -> None:
        self.tries(who, "open_snapshot", meeting=meeting)

    @rule(data=st.data(), who=SITE_STAFF, what=st.sampled_from(["allocation", "suspicion", "nothing"]))
    def report_unblinding(self, data: st.DataObject, who: str, what: str) -> None:
        said = {"who": ["p22", "p30"], "how": "conversation", "impact": "none", "words": "Invented tablet"}
        self.tries(who, "report_unblinding", participant=self.somebody(data), what=what, **said)

    @rule(minutes=st.integers(1, 90) | st.integers(-300, -1) | st.integers(60 * 24, 60 * 24 * 40))
    def time_passes(self, minutes: int) -> None:
        self.world.clock.move(minutes=minutes)

    # ------------------------------------------------------------------ what holds after every step

    @invariant()
    def the_chain_is_whole(self) -> None:
        """Numbers without a gap, instants that never run back, seals that follow on each other."""
        facts = self.world.facts()
        for fact in facts[self.checked :]:
            assert fact.number == self.checked + 1
            assert fact.previous == self.previous
            assert seal_stands(fact)
            self.checked, self.previous = fact.number, fact.seal
        assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)

    @invariant()
    def nothing_identified_comes_before_consent(self) -> None:
        seen = set()
        for fact in self.world.facts():
            if fact.kind == kinds.CONSENT_GIVEN:
                seen.add(fact.participant)
            assert fact.participant is None or fact.participant in seen
            if fact.kind == kinds.PRESCREEN_LOGGED:
                assert fact.participant is None

    @invariant()
    def an_allocation_is_drawn_once_and_never_moves(self) -> None:
        drawn = [fact for fact in self.world.facts() if fact.kind == kinds.ALLOCATION_DRAWN]
        assert len({fact.participant for fact in drawn}) == len(drawn)
        assert len({fact.payload["label"] for fact in drawn}) == len(drawn)
        asked = [fact.payload["request"] for fact in drawn if fact.payload["request"]]
        assert len(set(asked)) == len(asked)
        now = {person.id: person.allocation for person in self.world.state.participants.values() if person.allocation}
        assert {number: now[number] for number in self.allocations} == self.allocations
        self.allocations = now
        positions: dict[str, list[int]] = {}
        for fact in drawn:
            positions.setdefault(fact.payload["stratum"], []).append(int(fact.payload["position"]))
        assert all(taken == list(range(1, len(taken) + 1)) for taken in positions.values())

    @invariant()
    def nobody_is_randomised_without_an_eligible_verdict(self) -> None:
        for person in self.world.state.participants.values():
            if person.allocation:
                before = [verdict for verdict in person.verdicts if verdict.number < person.allocation.number]
                assert before[-1].verdict == "eligible"

    @invariant()
    def a_final_lock_takes_nothing_but_openings_and_redactions(self) -> None:
        number = self.world.state.locked.get("final")
        if number is not None:
            after = {fact.kind for fact in self.world.facts()[number:]}
            assert after <= {kinds.TRIAL_UNBLINDED, kinds.PAYLOAD_REDACTED, *KNOWING}

    @invariant()
    def a_break_is_told_once_without_the_arm_and_ends_nothing(self) -> None:
        broken = [fact for fact in self.world.facts() if fact.kind == kinds.CODE_BROKEN]
        assert len({fact.payload["reference"] for fact in broken}) == len(broken)
        assert not any("Invented tablet" in str(fact.payload) for fact in self.world.facts() if fact.kind in KNOWING)
        ends = {kinds.CONSENT_WITHDRAWN, kinds.PARTICIPANT_LOST, kinds.PARTICIPANT_COMPLETED}
        ended = {fact.participant for fact in self.world.facts() if fact.kind in ends}
        assert all(fact.participant in ended or not self.ended(fact.participant) for fact in broken)

    def ended(self, participant: str | None) -> bool:
        """Whether a participation has ended."""
        return self.world.state.participants[participant or ""].ended is not None

    @invariant()
    def what_is_sealed_never_stands_in_the_ledger(self) -> None:
        for fact in self.world.facts()[-3:]:
            if fact.kind in (kinds.PAGE_RECORDED, kinds.SEALED_KEPT, kinds.PAYLOAD_REDACTED):
                assert "renin" not in (fact.payload or {}).get("items", {})
                assert "'731'" not in str(fact.payload)

    @invariant()
    def a_replay_gives_the_state(self) -> None:
        assert replay(self.world.facts()) == self.world.state

    def teardown(self) -> None:
        """Whoever stopped treatment only could go on with the visits."""
        if hasattr(self, "world") and not self.world.state.locked:
            visits_go_on(self.world)


def visits_go_on(world: World) -> None:
    for person in world.state.participants.values():
        if person.treatment_stopped and not person.visits_stopped and not person.ended:
            name = next(name for name, number in world.numbers.items() if number == person.id)
            visit = f"EXTRA.{len(person.pages) + 10}"
            details = {"form": "pressure", "visit": visit, "items": {"upper": "150", "lower": "90"}}
            nurse = "nurse" if person.site == "NORTH" else "western nurse"
            said = world.says(nurse, "record", participant=name, **details)
            assert said == "done" or "asks for consent" in said


@pytest.mark.requirement("AT1", "RN2", "RN4", "DC8")
def test_no_order_of_acts_breaks_a_promise() -> None:
    run_state_machine_as_test(
        Trial,
        settings=settings(
            max_examples=60, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.long
@pytest.mark.requirement("AT1", "RN2", "RN4", "DC8")
def test_no_long_order_of_acts_breaks_a_promise() -> None:
    run_state_machine_as_test(
        Trial,
        settings=settings(
            max_examples=400, stateful_step_count=200, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.requirement("AT1", "RN4")
def test_the_same_holds_on_a_database(
    sqlite_world: Callable[[Path], World], tmp_path_factory: pytest.TempPathFactory
) -> None:
    class OnSqlite(Trial):
        begin = staticmethod(lambda: sqlite_world(tmp_path_factory.mktemp("machine") / "trial"))

    run_state_machine_as_test(
        OnSqlite,
        settings=settings(
            max_examples=3, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
