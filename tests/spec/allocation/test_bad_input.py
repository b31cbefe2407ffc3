"""Whatever stands in the way of a draw is said in one sentence that ends with what to do, and changes nothing.

On every kind of ledger the refusal is the same. Two of them alarm, in an act of their own, because somebody beyond the
site has to look: a list that has run out, and a list that is not the one that was committed.
"""

from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from tests.plugins.ceremonies import Ceremony, done
from tests.plugins.tampering import administrator
from tests.plugins.world import CAST, CountedChance, World, monday_morning
from tests.plugins.worlds import ANNEX, allocation_list, reopened, small_trial

from trialwright import conduct, design, store
from trialwright.allocation.slots import draw_up
from trialwright.conduct import Desk, Refused
from trialwright.conduct.protocol import Protocol
from trialwright.ledger import kinds
from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.vault import Damaged, Exhausted, Slot
from trialwright.simulate.vault import MemoryVault


def nobody(world: World) -> None:
    """Nobody at all."""
    world.numbers["Ann"] = "NORTH-001-X"


def consented(world: World) -> None:
    world.consented("Ann")


def not_eligible(world: World) -> None:
    world.seen("Ann", {"age": "17"})
    world.does("nurse", "screen", participant="Ann")


def no_baseline(world: World) -> None:
    world.seen("Ann")
    world.does("nurse", "screen", participant="Ann")


def randomised(world: World) -> None:
    world.randomised("Ann")


def withdrawn(world: World) -> None:
    world.eligible("Ann")
    world.does("nurse", "withdraw_consent", participant="Ann", scopes=["trial"])


def locked(world: World) -> None:
    world.eligible("Ann")
    world.does("data manager", "lock", stage="week8", why="all seen")


def wholly_locked(world: World) -> None:
    world.eligible("Ann")
    world.does("nurse", "lose", participant="Ann", last_contact="2026-03-02")
    world.locked("week8", "final")


def new_consent_awaited(world: World) -> None:
    world.eligible("Ann")
    visits = world.definition.visits
    moved = {**visits, "WEEK8": visits["WEEK8"].model_copy(update={"day": 50})}
    consent = world.definition.consent.model_copy(update={"form_version": "2"})
    new = world.definition.model_copy(update={"version": "2", "visits": moved, "consent": consent})
    world.does("sponsor", "amend", definition=new, why="the visit moved", reconsent=True)
    world.does("sponsor", "activate", site="NORTH")


TABLE: list[tuple[Callable[[World], None], str, str]] = [
    (nobody, "unknown", "There is no participant Ann; check the number and its last character."),
    (consented, "eligibility", "Ann is not screened; only an eligible participant is randomised."),
    (not_eligible, "eligibility", "Ann is not eligible; only an eligible participant is randomised."),
    (no_baseline, "baseline", "The baseline of Ann is not complete; record these at START first."),
    (randomised, "randomised", "Ann is randomised already (label "),
    (withdrawn, "ended", "Ann withdrew consent; the data so far stay as they are."),
    (locked, "locked", "Visit START is locked; ask the data manager what to do with late data."),
    (wholly_locked, "locked", "The database is locked; nothing can be added or changed."),
    (new_consent_awaited, "consent", "Ann consented to version 1 of the form; the amendment asks for consent to "),
]


def told(world: World) -> tuple[str, str, int]:
    """Code and sentence of the refusal to randomise Ann, and how many facts it left."""
    before = world.desk.ledger.head().number
    with pytest.raises(Refused) as refused:
        world.does("nurse", "randomise", participant="Ann", request="key-1")
    return refused.value.code, world.named(str(refused.value)), world.desk.ledger.head().number - before


@pytest.mark.requirement("RN2", "RN4")
@pytest.mark.parametrize(("story", "code", "sentence"), TABLE, ids=[story.__name__ for story, _, _ in TABLE])
def test_what_stands_in_the_way_is_said_and_nothing_is_changed(
    world: World, story: Callable[[World], None], code: str, sentence: str
) -> None:
    story(world)
    said = told(world)
    assert (said[0], said[2]) == (code, 0)
    assert said[1].startswith(sentence)
    assert told(world) == said


@pytest.mark.requirement("RN2")
def test_a_site_that_is_not_activated_draws_nobody(world: World) -> None:
    """Nobody can consent there either; a participant of such a site can only come from another version's list."""
    world.eligible("Ann")
    del world.state.sites["NORTH"]
    code, sentence, left = told(world)
    assert (code, sentence, left) == ("site", "Site NORTH is not activated (activated: WEST).", 0)


@pytest.mark.requirement("RN2")
def test_a_level_that_is_not_known_or_that_no_stratum_has_is_refused(world: World) -> None:
    world.eligible("Ann")
    lacking = "Tablets before of Ann is not known; record pressure.arm_side first."
    strange = (
        "Tablets before: no stratum is declared for 'none'; correct person.drug, or call the trial office if it is "
    )
    table: list[tuple[str, dict[str, str], str]] = [
        ("pressure.arm_side", {"L": "left", "R": "right"}, lacking),
        ("person.drug", {"water": "some", "other": "else"}, f"{strange}right."),
    ]
    for item, levels, sentence in table:
        factor = small_trial().randomisation.strata["drug"].model_copy(update={"item": item, "map": levels})
        plan = small_trial().randomisation.model_copy(update={"strata": {"drug": factor}})
        other = Protocol(small_trial().model_copy(update={"randomisation": plan}))
        with mock.patch.object(world.desk, "protocol", lambda version=None, other=other: other):
            assert told(world) == ("strata", sentence, 0)


# ------------------------------------------------------------------ the list itself


def exhausted(stratum: str, *more: object) -> Slot:
    raise Exhausted(stratum)


def damaged(stratum: str, *more: object) -> Slot:
    raise Damaged(stratum)


def third(stratum: str, *more: object) -> Slot:
    """A slot out of turn, as if somebody had marked those before it as drawn."""
    slot = next(slot for slot in allocation_list() if (slot.stratum, slot.position) == (stratum, 3))
    return Slot(stratum, 3, slot.label, slot.leaf("PRESS", ANNEX.sha256))


EXHAUSTED = "No slot is left for stratum drug:none; stop enrolling and call the trial office."
DAMAGED = "The list of stratum drug:none is not as it was committed; randomise nobody and call the trial office."


@pytest.mark.requirement("RN7")
@pytest.mark.parametrize(
    ("draw", "code", "sentence", "alarm"),
    [
        (exhausted, "exhausted", EXHAUSTED, "list exhausted"),
        (damaged, "list", DAMAGED, "list damaged"),
        (third, "list", DAMAGED, "list damaged"),
    ],
    ids=["exhausted", "damaged", "out of turn"],
)
def test_a_list_that_gives_no_slot_refuses_and_alarms_once_a_day(
    world: World, draw: Callable[..., Slot], code: str, sentence: str, alarm: str
) -> None:
    """There is no wrap-around, no other stratum and no coin. The alarm names the stratum and no participant."""
    world.eligible("Ann")
    with mock.patch.object(world.desk.vault, "draw", draw):
        assert told(world) == (code, sentence, 1)
        assert told(world) == (code, sentence, 0)
        world.clock.move(hours=15)
        assert told(world) == (code, sentence, 0)
        world.clock.move(hours=2)
        assert told(world) == (code, sentence, 1)
    alarms = [fact for fact in world.facts() if fact.kind == kinds.ALARM_RAISED]
    assert [(fact.participant, fact.payload) for fact in alarms] == [
        (None, {"alarm": alarm, "about": {"stratum": "drug:none"}})
    ] * 2
    assert world.person("Ann").allocation is None
    assert world.says("nurse", "randomise", participant="Ann", request="key-1") == "done"


@pytest.mark.requirement("RN7")
def test_each_stratum_has_an_alarm_of_its_own(world: World) -> None:
    world.eligible("Ann")
    world.eligible("Bob", drug="water")
    with mock.patch.object(world.desk.vault, "draw", exhausted):
        for name in ("Ann", "Bob"):
            with pytest.raises(Refused):
                world.does("nurse", "randomise", participant=name)
    assert [alarm.about["stratum"] for alarm in world.state.alarms] == ["drug:none", "drug:some"]


def test_a_list_of_another_version_opens_no_trial_and_takes_no_amendment() -> None:
    """A stratum that no list has can so never be met at a draw."""
    short = MemoryVault(draw_up(ANNEX, ("drug:none", "age:old"), 12, bytes(32)), ANNEX)
    desk = Desk(MemoryLedger(), short, monday_morning(), CountedChance())
    with pytest.raises(Refused, match="The allocation list is not for this definition: too few slots in drug:some"):
        conduct.open_trial(desk, small_trial(), by=CAST["sponsor"])
    assert desk.ledger.head().number == 0
    desk = Desk(MemoryLedger(), MemoryVault(allocation_list(), ANNEX), monday_morning(), CountedChance())
    conduct.open_trial(desk, small_trial(), by=CAST["sponsor"])
    factor = small_trial().randomisation.strata["drug"].model_copy(update={"map": {"none": "naive", "*": "some"}})
    plan = small_trial().randomisation.model_copy(update={"strata": {"drug": factor}})
    new = small_trial().model_copy(update={"version": "2", "randomisation": plan})
    assert design.strata(new) == ("drug:naive", "drug:some")
    with pytest.raises(Refused, match="too few slots in drug:naive"):
        conduct.amend(desk, new, by=CAST["sponsor"], why="another word")
    assert desk.ledger.head().number == 1


# ------------------------------------------------------------------ somebody was at the database


DAMAGES = {
    "a leaf exchanged": "UPDATE store_slot SET leaf = %s WHERE stratum = 'drug:none' AND position = 1",
    "a slot marked as drawn": "UPDATE store_slot SET drawn_by = 3 WHERE stratum = 'drug:none' AND position = 1",
    "two places swapped": "UPDATE store_slot SET position = 101 - position WHERE stratum = 'drug:none'",
}


@pytest.mark.requirement("RN4", "RN5")
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_a_list_that_an_administrator_changed_is_not_drawn_from_and_does_not_verify(
    vendor: str, damage: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    from django.db import connections

    world = request.getfixturevalue(f"{vendor}_world")(tmp_path / "trial")
    world.eligible("Ann")
    world.eligible("Bob", drug="water")
    connections.close_all()
    with administrator(tmp_path / "trial") as run:
        run(DAMAGES[damage], ("00" * 32,) if "%s" in DAMAGES[damage] else ())
    found = store.verify(tmp_path / "trial")
    assert not found.ok
    again = reopened(tmp_path / "trial")
    again.numbers = world.numbers
    assert told(again) == ("list", DAMAGED, 1)
    connections.close_all()


@pytest.mark.requirement("RN5")
def test_a_ciphertext_or_an_annex_that_was_exchanged_does_not_verify(quick_path: Path) -> None:
    """Whoever made the list signed the digest of all that is sealed in it, and fact 1 keeps what they signed."""
    from django.db import connections

    made = Ceremony(quick_path / "made").reviewed()
    done(*made.opening())
    assert store.verify(made.at("trial")).ok
    for table, column in (("store_slot", "ciphertext"), ("store_list", "annex")):
        connections.close_all()
        with administrator(made.at("trial")) as run:
            [(before,)] = run(f"SELECT {column} FROM {table} WHERE id = 1")
            exchanged = bytes(before)[:-1] + bytes([bytes(before)[-1] ^ 1])
            run(f"UPDATE {table} SET {column} = %s WHERE id = 1", (exchanged,))
        problems = [problem.sentence for problem in store.verify(made.at("trial")).problems]
        assert problems == [
            "the list is not sealed as it was when it was signed: a ciphertext or the annex was exchanged"
        ]
        connections.close_all()
        with administrator(made.at("trial")) as run:
            run(f"UPDATE {table} SET {column} = %s WHERE id = 1", (before,))
    assert store.verify(made.at("trial")).ok
    connections.close_all()
