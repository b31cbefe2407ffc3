"""Numbered kits: sealed, shipped, handed out and accounted for, while nobody at a site can tell one from another."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.plugins.kits import (
    DEPOT,
    MONITOR,
    NURSE,
    ORDER,
    PHARMACIST,
    QUALITY,
    KitWorld,
    kit_world,
)
from tests.plugins.world import CAST
from tests.plugins.worlds import in_memory, public_key

from trialwright import conduct
from trialwright.allocation.kits import KitOrder, draw_up_kits, package, read_package, sealed_kits
from trialwright.cli.kits_client import blinded_account, opened_account, shortage, unproven
from trialwright.conduct import Refused
from trialwright.ledger import kinds, kits
from trialwright.ledger.replay import replay

WRONG_LETTER = "063117W"
STRANGE = next(kit.number for kit in draw_up_kits(ORDER, b"\1" * 32))


@pytest.fixture
def trial() -> KitWorld:
    """Forty kits at the depot; the first shipment at the northern site."""
    found = kit_world()
    found.send("NORTH")
    return found


def refused(act, *arguments, **details) -> str:  # type: ignore[no-untyped-def]
    """The sentence with which somebody is refused."""
    with pytest.raises(Refused) as said:
        act(*arguments, **details)
    return str(said.value)


def at_north(trial: KitWorld, arm: str) -> list[str]:
    """The kits of an arm that can be handed out at the northern site."""
    return sorted(
        number
        for number, kit in trial.desk.state.kits.items()
        if (kit.place, kit.status) == ("NORTH", kits.AVAILABLE) and trial.held(number).arm == arm
    )


# ------------------------------------------------------------------ handing out


@pytest.mark.requirement("RN2", "BL2")
def test_a_participant_is_handed_a_kit_of_their_arm_and_the_ledger_says_its_number_alone(trial: KitWorld) -> None:
    for name in ("Ann", "Bob", "Cas", "Dot"):
        trial.world.randomised(name)
        fact = trial.handed(name)
        (number,) = (fact.payload or {})["kits"]
        assert trial.held(number).arm == trial.arm(name)
        assert set(fact.payload or {}) == {"movement", "kits", "on", "place", "replaces", "shipment", "incident"}
        assert trial.desk.state.kits[number].where == trial.world.numbers[name]
        trial.send("NORTH")


@pytest.mark.requirement("RN2")
def test_nobody_is_handed_a_kit_before_the_draw_or_at_another_visit_or_twice(trial: KitWorld) -> None:
    trial.world.eligible("Ann")
    trial.world.randomised("Bob")
    trial.handed("Bob")
    table = [
        ("Ann", "START", "is not randomised; nothing is dispensed before the draw"),
        ("Bob", "FIRST", "No kit is handed out at FIRST; the visits are START, WEEK8"),
        ("Bob", "START", "was handed the kits of START already"),
    ]
    for name, visit, sentence in table:
        assert sentence in refused(trial.handed, name, visit)
    assert "There is no participant" in refused(
        conduct.dispense_kits, trial.desk, participant="NORTH-099-X", visit="START", numbers=["1"], by=PHARMACIST
    )


def test_whoever_stopped_treatment_or_left_is_handed_nothing_more(trial: KitWorld) -> None:
    for name in ("Ann", "Bob"):
        trial.world.randomised(name)
    trial.world.does("investigator", "stop_treatment", participant="Ann", reason="rash")
    trial.world.does("nurse", "withdraw_consent", participant="Bob", scopes=["trial"], why="moved away")
    assert "has stopped treatment" in refused(trial.handed, "Ann")
    assert "withdrew consent" in refused(trial.handed, "Bob")


@pytest.mark.requirement("BL2")
def test_a_number_that_cannot_be_handed_out_is_refused_with_what_to_do(trial: KitWorld) -> None:
    trial.world.randomised("Ann")
    mine, other, third = at_north(trial, trial.arm("Ann"))
    west = trial.send("WEST")[0]
    away = next(number for number, kit in trial.desk.state.kits.items() if kit.place == kits.DEPOT)
    conduct.quarantine_kits(trial.desk, place="NORTH", numbers=[other], by=NURSE, why="dropped")
    conduct.move_kits(trial.desk, movement=kits.LOSE, numbers=[third], place="NORTH", by=NURSE, why="not found")
    table = [
        (WRONG_LETTER, "is no kit number: its last letter does not fit the digits; read the label again"),
        ("hello", "is no kit number"),
        (STRANGE, "is no kit of this trial; keep it apart and call the trial office"),
        (west, f"Kit {west} belongs to WEST, not to NORTH; keep it apart"),
        (away, f"Kit {away} belongs to depot, not to NORTH"),
        (other, "is quarantined (NORTH); do not use it; quality assurance releases or rejects it"),
        (third, "is lost (NORTH); if it was found, keep it apart"),
    ]
    number = trial.world.numbers["Ann"]
    for kit, sentence in table:
        before = trial.desk.ledger.head()
        said = refused(
            conduct.dispense_kits, trial.desk, participant=number, visit="START", numbers=[kit], by=PHARMACIST
        )
        assert sentence in said
        assert trial.desk.ledger.head() == before
    typed = f" {mine[:6].lower()}-{mine[6].lower()}"
    conduct.dispense_kits(trial.desk, participant=number, visit="START", numbers=[typed], by=PHARMACIST)
    assert trial.status(mine) == kits.DISPENSED


@pytest.mark.requirement("BL2")
def test_when_no_kit_of_the_arm_is_left_nobody_is_told_which_arm(trial: KitWorld) -> None:
    """The sentence is the same for both arms; an alarm names the site and the visit."""
    said = set()
    for name in ("Ann", "Bob"):
        trial.world.randomised(name)
        conduct.move_kits(
            trial.desk,
            movement=kits.LOSE,
            numbers=at_north(trial, trial.arm(name)),
            place="NORTH",
            by=NURSE,
            why="spilt",
        )
        said.add(refused(trial.handed, name).replace(trial.world.numbers[name], "PERSON"))
    assert {trial.arm("Ann"), trial.arm("Bob")} == {"T", "P"}
    assert said == {"No kit can be dispensed to PERSON at START; call the depot now, and do not take another's kit."}
    assert [(alarm.alarm, alarm.about) for alarm in trial.desk.state.alarms] == [
        ("no kit", {"site": "NORTH", "visit": "START"})
    ]


def test_a_kit_that_would_expire_in_use_is_not_handed_out(trial: KitWorld) -> None:
    """Good until 31 March 2027; eighty days of use and seven of margin end on the last day that is still allowed."""
    trial.world.randomised("Ann")
    (kit, *_) = at_north(trial, trial.arm("Ann"))
    number = trial.world.numbers["Ann"]
    trial.world.clock.move(days=308)
    assert "must be good until 2027-04-01; take another kit" in refused(
        conduct.dispense_kits, trial.desk, participant=number, visit="START", numbers=[kit], by=PHARMACIST
    )
    assert "No kit can be dispensed" in refused(trial.handed, "Ann")
    trial.world.clock.move(days=-1)
    conduct.dispense_kits(trial.desk, participant=number, visit="START", numbers=[kit], by=PHARMACIST)


def test_a_damaged_kit_is_replaced_by_another_of_the_same_arm(trial: KitWorld) -> None:
    trial.world.randomised("Ann")
    (broken,) = (trial.handed("Ann").payload or {})["kits"]
    assert "record first that it is damaged or lost" in refused(trial.handed, "Ann", replaces=broken, why="leaks")
    conduct.move_kits(trial.desk, movement=kits.DAMAGE, numbers=[broken], place="NORTH", by=NURSE, why="it leaks")
    assert "Say why in words" in refused(trial.handed, "Ann", replaces=broken)
    fact = trial.handed("Ann", replaces=broken, why="the first one leaked")
    (new,) = (fact.payload or {})["kits"]
    assert (fact.payload or {})["replaces"] == broken
    assert new != broken
    assert trial.held(new).arm == trial.held(broken).arm
    assert "was handed the kits of START already" in refused(trial.handed, "Ann", replaces=broken, why="again")
    trial.world.randomised("Bob")
    assert "was not handed to" in refused(trial.handed, "Bob", replaces=broken, why="x")


def test_two_pharmacists_who_reach_for_one_kit_hand_out_two(trial: KitWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second desk has not heard of the first yet; it learns so from the refusal and takes another kit."""
    from trialwright.cli import kits_client

    names = [name for name in ("Ann", "Bob", "Cas") if trial.world.randomised(name)]
    one, other = next(
        (one, other) for one in names for other in names if one < other and trial.arm(one) == trial.arm(other)
    )
    desk = trial.desk
    late = [conduct.Desk(desk.ledger, desk.vault, desk.clock, desk.chance) for _ in range(2)]
    (first,) = (trial.handed(one).payload or {})["kits"]
    wanted = {"participant": trial.world.numbers[other], "visit": "START", "by": PHARMACIST}

    def reach(stale: conduct.Desk) -> str:
        trial.choices -= 1  # the same chance as before, so the same kit is reached for
        fact = kits_client.dispense(replace(trial.holder, desk=stale), **wanted, draws=trial.draws())
        return str((fact.payload or {})["kits"][0])

    with monkeypatch.context() as once:
        once.setattr(kits_client, "ATTEMPTS", 1)
        assert f"Kit {first} is dispensed" in refused(reach, late[0])
    second = reach(late[1])
    assert second != first
    assert trial.held(second).arm == trial.arm(other)


# ------------------------------------------------------------------ at the site and at the depot


def test_an_excursion_puts_every_kit_of_the_place_in_quarantine_at_once(trial: KitWorld) -> None:
    here = [number for number, kit in trial.desk.state.kits.items() if kit.place == "NORTH"]
    assert len(here) == 6
    within = refused(conduct.quarantine_kits, trial.desk, place="NORTH", by=NURSE, why="alarm", reading="8.0")
    assert "8.0 degrees lie within the declared range" in within
    fact = conduct.quarantine_kits(trial.desk, place="NORTH", by=NURSE, why="the fridge failed", reading="27.5")
    assert (fact.payload or {})["incident"] == "27.5 Cel"
    assert {trial.status(number) for number in here} == {kits.QUARANTINED}
    trial.world.randomised("Ann")
    assert "No kit can be dispensed" in refused(trial.handed, "Ann")
    ask = {"movement": kits.RELEASE, "numbers": here[:5], "place": "NORTH"}
    assert "may not release kits" in refused(conduct.move_kits, trial.desk, **ask, by=NURSE)
    assert "Say why in words" in refused(conduct.move_kits, trial.desk, **ask, by=QUALITY)
    conduct.move_kits(trial.desk, **ask, by=QUALITY, why="stable for 24 h at 30 degrees, report 12")
    conduct.move_kits(
        trial.desk, movement=kits.REJECT, numbers=here[5:], place="NORTH", by=QUALITY, why="the seal came off"
    )
    assert [trial.status(number) for number in here] == [kits.AVAILABLE] * 5 + [kits.REJECTED]
    trial.handed("Ann")


def test_what_was_too_warm_on_the_way_is_in_quarantine_from_the_first_instant(trial: KitWorld) -> None:
    from trialwright.cli.kits_client import shipment

    numbers = shipment(trial.holder, "WEST", trial.draws())
    conduct.move_kits(trial.desk, movement=kits.SHIP, numbers=numbers, place="WEST", by=DEPOT, shipment="C-17")
    west = CAST["western nurse"]
    assert "does not work at site WEST" in refused(
        conduct.receive_kits, trial.desk, numbers=numbers, site="WEST", by=NURSE
    )
    assert "'warm' is no temperature" in refused(
        conduct.receive_kits, trial.desk, numbers=numbers, site="WEST", by=west, reading="warm"
    )
    conduct.receive_kits(trial.desk, numbers=numbers, site="WEST", by=west, reading="31")
    assert {trial.status(number) for number in numbers} == {kits.QUARANTINED}
    assert "is quarantined (WEST)" in refused(
        conduct.receive_kits, trial.desk, numbers=numbers[:1], site="WEST", by=west
    )


def test_every_movement_starts_from_the_right_status_and_is_made_by_the_right_person(trial: KitWorld) -> None:
    depot = [number for number, kit in sorted(trial.desk.state.kits.items()) if kit.place == kits.DEPOT]
    north = at_north(trial, "T")
    move = conduct.move_kits
    table = [
        ("ship by a nurse", {"movement": kits.SHIP, "numbers": depot[:1], "place": "WEST", "by": NURSE}, "may not"),
        ("to no site", {"movement": kits.SHIP, "numbers": depot[:1], "place": "SOUTH", "by": DEPOT}, "not activated"),
        ("shipped again", {"movement": kits.SHIP, "numbers": north[:1], "place": "WEST", "by": DEPOT}, "belongs to"),
        ("twice", {"movement": kits.SHIP, "numbers": depot[:1] * 2, "place": "WEST", "by": DEPOT}, "named twice"),
        ("none", {"movement": kits.SHIP, "numbers": [], "place": "WEST", "by": DEPOT}, "No kit is named"),
        ("not handed out", {"movement": kits.RETURN, "numbers": north[:1], "place": "NORTH", "by": NURSE}, "available"),
        ("still good", {"movement": kits.EXPIRE, "numbers": north[:1], "place": "NORTH", "by": PHARMACIST}, "not exp"),
        ("unused", {"movement": kits.DESTROY, "numbers": north[:1], "place": "NORTH", "by": PHARMACIST}, "in stock"),
        ("elsewhere", {"movement": kits.LOSE, "numbers": north[:1], "place": "WEST", "by": NURSE, "why": "x"}, "work"),
        ("by its name", {"movement": kits.DISPENSE, "numbers": north[:1], "place": "NORTH", "by": NURSE}, "not recor"),
        ("three", {"movement": kits.SHIP, "numbers": north, "place": "WEST", "by": DEPOT}, "3 kits stand in the way"),
    ]
    for what, details, sentence in table:
        before = trial.desk.ledger.head()
        assert sentence in refused(move, trial.desk, **details), what
        assert trial.desk.ledger.head() == before, what


def test_a_kit_goes_from_the_depot_to_its_destruction_and_every_step_is_a_fact(trial: KitWorld) -> None:
    trial.world.randomised("Ann")
    (number,) = (trial.handed("Ann").payload or {})["kits"]
    trial.world.clock.move(days=60)
    conduct.move_kits(trial.desk, movement=kits.RETURN, numbers=[number], place="NORTH", by=NURSE)
    conduct.move_kits(trial.desk, movement=kits.DESTROY, numbers=[number], place="NORTH", by=PHARMACIST, why="lot 9")
    steps = [
        (fact.payload or {})["movement"]
        for fact in trial.desk.ledger.facts()
        if fact.kind == kinds.KIT_MOVED and number in (fact.payload or {})["kits"]
    ]
    assert steps == ["release", "ship", "receive", "dispense", "return", "destroy"]
    assert unproven(trial.desk) == []
    assert replay(trial.desk.ledger.facts()).kits == trial.desk.state.kits


def test_after_the_expiry_a_kit_can_only_be_removed(trial: KitWorld) -> None:
    north = [number for number, kit in sorted(trial.desk.state.kits.items()) if kit.place == "NORTH"]
    trial.world.clock.move(days=395)
    conduct.move_kits(trial.desk, movement=kits.EXPIRE, numbers=north, place="NORTH", by=PHARMACIST)
    conduct.move_kits(trial.desk, movement=kits.DESTROY, numbers=north, place="NORTH", by=PHARMACIST)
    assert {trial.status(number) for number in north} == {kits.DESTROYED}
    left = [number for number, kit in trial.desk.state.kits.items() if kit.place == kits.DEPOT]
    assert "expired on 2027-03-31; record that it expired" in refused(
        conduct.move_kits, trial.desk, movement=kits.SHIP, numbers=left[:1], place="WEST", by=DEPOT
    )


# ------------------------------------------------------------------ the list


def another_list(trial_id: str = "PRESS", purpose: str = "production", seed: int = 2, days: int = 90) -> bytes:
    """A kit list as the depot gets it, good for some days longer than the first one."""
    lots = tuple(replace(lot, lot=f"NEW-{lot.arm}", expiry=lot.expiry + timedelta(days=days)) for lot in ORDER.lots)
    order = KitOrder(trial_id, lots, ORDER.arms, purpose)
    return package(sealed_kits(draw_up_kits(order, bytes([seed]) * 32), order, [public_key()]))


@pytest.mark.requirement("RN8")
def test_a_kit_list_that_does_not_belong_to_the_trial_is_not_taken_in(trial: KitWorld) -> None:
    table = [
        (b"nonsense", "The kit list was not taken in: this is no package of sealed kits."),
        (another_list("OTHER"), "This kit list is of trial OTHER; this is trial PRESS."),
        (another_list(purpose="test"), "This is a test list; a real trial takes a production list."),
        (another_list(seed=0), "40 numbers of this list are kits of the trial already; make it anew."),
        (another_list(days=0), "are good until 2027-03-31, and the trial has kits until 2027-03-31 already"),
    ]
    for content, sentence in table:
        assert sentence in refused(conduct.list_kits, trial.desk, package=content, by=DEPOT)
    assert "A nurse may not take in a list of kits" in refused(
        conduct.list_kits, trial.desk, package=another_list(), by=NURSE
    )
    conduct.list_kits(trial.desk, package=another_list(), by=DEPOT)
    assert len(trial.desk.state.kits) == 80
    trial.world.clock.move(days=600)
    assert "expired on 2027-07-29" in refused(
        conduct.list_kits, trial.desk, package=another_list(seed=3, days=120), by=DEPOT
    )


@pytest.mark.requirement("BL2")
def test_a_place_works_with_one_list_at_a_time_so_that_no_date_groups_the_participants(trial: KitWorld) -> None:
    """Were older kits left where newer ones are handed out, whoever got one would be of another arm than they hold."""
    content = another_list()
    sealed = read_package(content)
    trial.holder = replace(trial.holder, lists={**trial.holder.lists, sealed.root: sealed})
    conduct.list_kits(trial.desk, package=content, by=DEPOT)
    old = next(number for number, kit in trial.desk.state.kits.items() if kit.place == kits.DEPOT)
    assert trial.send("NORTH") == ()  # the site has all it needs, and nothing new is released
    conduct.move_kits(trial.desk, movement=kits.RELEASE, numbers=sealed.numbers, place=kits.DEPOT, by=QUALITY)
    assert f"Kit {old} is of an older list (2027-03-31)" in refused(
        conduct.move_kits, trial.desk, movement=kits.SHIP, numbers=[old], place="NORTH", by=DEPOT
    )
    trial.world.randomised("Ann")
    before = (trial.handed("Ann").payload or {})["kits"][0]
    assert before not in sealed.numbers
    sent = trial.send("NORTH")
    assert len(sent) == 6
    assert set(sent) <= set(sealed.numbers)
    for name in ("Bob", "Cas"):
        trial.world.randomised(name)
        assert (trial.handed(name).payload or {})["kits"][0] in sent
    left = at_north(trial, trial.arm("Ann"))
    older = next(number for number in left if number not in sent)
    trial.world.randomised("Dot")
    assert "is of an older list (2027-03-31) than the one in use; set it apart" in refused(
        conduct.dispense_kits,
        trial.desk,
        participant=trial.world.numbers["Dot"],
        visit="START",
        numbers=[older],
        by=PHARMACIST,
    )


def test_a_trial_without_kits_says_so() -> None:
    world = in_memory()
    said = refused(conduct.list_kits, world.desk, package=b"", by=DEPOT)
    assert said == "This trial ships no numbered kits; its definition has no section `kits`."


# ------------------------------------------------------------------ the accounts


@pytest.mark.requirement("BL1", "BL2")
def test_the_monitor_s_account_has_numbers_statuses_and_places_and_the_holder_s_has_all(trial: KitWorld) -> None:
    trial.world.randomised("Ann")
    trial.handed("Ann")
    rows = blinded_account(trial.desk, "NORTH")
    assert len(rows) == 6
    assert {row["use_by"] for row in rows} == {"2027-03-31"}
    assert all(set(row) == {"kit", "status", "place", "use_by", "participant", "visit"} for row in rows)
    full, problems = opened_account(trial.holder, "NORTH")
    assert problems == []
    assert [row["kit"] for row in full] == [row["kit"] for row in rows]
    assert {(row["arm"], row["lot"], row["expiry"]) for row in full} == {
        ("T", "LOT-12", "2027-03-31"),
        ("P", "LOT-77", "2027-06-30"),
    }
    assert shortage(trial.holder, "NORTH") == {}


def test_a_kit_of_the_wrong_arm_is_found_by_whoever_holds_a_key(trial: KitWorld) -> None:
    """The server cannot know; the account says it as soon as somebody who may know looks."""
    trial.world.randomised("Ann")
    wrong = at_north(trial, "P" if trial.arm("Ann") == "T" else "T")[0]
    number = trial.world.numbers["Ann"]
    conduct.dispense_kits(trial.desk, participant=number, visit="START", numbers=[wrong], by=PHARMACIST)
    assert unproven(trial.desk) == []
    _, problems = opened_account(trial.holder)
    assert len(problems) == 1
    assert wrong in problems[0]
    assert number in problems[0]


def test_a_key_that_opens_nothing_dispenses_nothing(trial: KitWorld) -> None:
    from tests.plugins.worlds import all_keys

    from trialwright.cli.kits_client import Holder

    trial.world.randomised("Ann")
    trial.holder = Holder(trial.desk, trial.holder.lists, all_keys()[2:])
    before = trial.desk.ledger.head()
    assert "The kits were not opened: none of the keys given opens it" in refused(trial.handed, "Ann")
    assert trial.desk.ledger.head() == before


# ------------------------------------------------------------------ two worlds


def played(swapped: bool) -> tuple[KitWorld, list[str]]:
    """A story with everything that can happen to kits; what everybody could read of it."""
    trial = kit_world(swapped)
    seen: list[str] = []

    def attempt(act, *arguments, **details) -> None:  # type: ignore[no-untyped-def]
        try:
            seen.append(repr(act(*arguments, **details)))
        except Refused as said:
            seen.append(f"{said.code} {said}")

    for site in ("NORTH", "WEST"):
        attempt(trial.send, site)
    for name in ("Ann", "Bob", "Cas", "Dot", "Eva", "Fay", "Gus", "Hal"):
        trial.world.randomised(name, drug="water" if name in "Cas Eva" else "none")
        for _ in range(2):
            attempt(lambda one=name: (trial.handed(one).payload or {})["kits"])
        trial.world.clock.move(days=4)
        if name in "Bob Dot Gus":
            attempt(trial.send, "NORTH")
        if name == "Dot":
            attempt(conduct.quarantine_kits, trial.desk, place="NORTH", by=MONITOR, why="alarm", reading="26")
    for name in ("Ann", "Bob", "Cas"):
        trial.world.clock.move(days=8)
        attempt(lambda one=name: (trial.handed(one, "WEEK8").payload or {})["kits"])
    seen += [repr(row) for row in blinded_account(trial.desk)]
    seen += unproven(trial.desk)
    return trial, seen


@pytest.mark.requirement("BL2")
def test_two_trials_with_swapped_arms_show_the_same_kits_to_everybody() -> None:
    """Answers, refusals, shipments, alarms, accounts and facts are equal byte for byte; seals and the salted leaves
    under the root of the list are not, as they must not be."""
    (one, seen), (other, also) = played(False), played(True)
    assert [one.arm(name) for name in ("Ann", "Bob")] == [other.arm(name) for name in ("Bob", "Ann")]
    tokens = {
        fact.payload[name]: name
        for trial in (one, other)
        for fact in trial.desk.ledger.facts()
        if fact.kind == kinds.KITS_LISTED and fact.payload
        for name in ("root", "digest")
    }

    def named(lines: list[str]) -> list[str]:
        text = "\n".join(lines)
        for fact in (*one.desk.ledger.facts(), *other.desk.ledger.facts()):
            text = text.replace(fact.seal, "<seal>").replace(fact.previous, "<seal>").replace(fact.digest, "<digest>")
        for token, name in tokens.items():
            text = text.replace(token, f"<{name}>")
        return text.splitlines()

    assert named(seen) == named(also)

    def payloads(trial: KitWorld) -> list[str]:
        shown = (kinds.KITS_LISTED, kinds.KIT_MOVED, kinds.ALARM_RAISED)
        facts = [fact for fact in trial.desk.ledger.facts() if fact.kind in shown]
        return named([f"{fact.number} {fact.at} {fact.by} {fact.payload}" for fact in facts])

    assert payloads(one) == payloads(other)


def test_the_story_of_the_two_worlds_holds_shipments_refusals_and_stock_outs() -> None:
    """What is compared above is worth comparing."""
    _, seen = played(False)
    text = "\n".join(seen)
    for part in ("handed the kits", "no kit No kit can be dispensed", "26 Cel", "quarantined", "dispensed"):
        assert part in text, part
