"""The allocator: a process of its own that draws for a method which looks at earlier participants.

The ledger of the clinic is the one truth. A request says what the ledger has kept; the next slot follows from that
alone. Whatever is killed, at whatever instant, no draw is doubled, lost or out of order, and nothing has to be
repaired.
"""

import json
import random
import subprocess
import sys
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connections
from tests.plugins.allocating import NOW, PROGRAM, Allocated, allocated, minimised, packaged, serving
from tests.plugins.ceremonies import done, refused
from tests.plugins.draws import faults
from tests.plugins.randomising import Answer, asks, driver
from tests.plugins.world import CAST, monday_morning
from tests.plugins.worlds import on_disk

from trialwright import conduct, store
from trialwright.allocation.allocator import replayed
from trialwright.allocation.escrow import opened_secret
from trialwright.allocation.held import held, open_held
from trialwright.allocation.package import write_package
from trialwright.allocation.sealing import opened as unsealed
from trialwright.conduct import Desk, Refused
from trialwright.ledger import kinds
from trialwright.ledger.vault import CannotOpen, Slot
from trialwright.store import allocator_log as log
from trialwright.store.allocator_folder import NotAnAllocator, install, opened, read_settings
from trialwright.store.allocator_server import AllocatorAtWork

QUICK, LONG = 20, 1_000


@pytest.fixture
def trial(quick_path: Path) -> Iterator[Allocated]:
    """Twelve participants are ready; the allocator is installed and does not run yet."""
    yield allocated(quick_path / "t", 12)
    connections.close_all()


def desk_on(trial: Allocated) -> Desk:
    """A desk on its folder."""
    desk: Desk = store.open_desk(trial.trial, monday_morning())
    return desk


def draw(desk: Desk, participant: str) -> dict[str, str]:
    """Randomise; what the fact says."""
    return dict(conduct.randomise(desk, participant=participant, by=CAST["nurse"]).payload or {})


def again(trial: Allocated) -> AllocatorAtWork:
    """The allocator in this very process, on what its log holds now."""
    return AllocatorAtWork(read_settings(trial.allocator), trial.key("allocator"), lambda: NOW)


@pytest.mark.requirement("RN4", "RN5")
def test_it_draws_for_the_clinic_and_everything_can_be_proved_from_the_seed(trial: Allocated) -> None:
    with serving(trial.allocator):
        desk = desk_on(trial)
        drawn = [draw(desk, participant) for participant in trial.participants]
    assert [(one["stratum"], one["position"]) for one in drawn] == [("all", str(place + 1)) for place in range(12)]
    assert store.verify(trial.trial).ok
    seed, annex = opened_secret((trial.allocator / "allocator.age").read_bytes(), trial.key("allocator"))
    proof = replayed(annex, seed, desk.vault.draws())
    assert proof.problems == ()
    by_seed = {slot.label: slot.arm for slot in proof.slots.values()}
    labels = [one["label"] for one in drawn]
    assert dict(desk.vault.opened(labels, [trial.key("pharmacist-2")])) == by_seed
    assert dict(desk.vault.whole(trial.escrow)) == by_seed
    assert abs(list(by_seed.values()).count("T") - 6) <= 2


def test_a_holder_opens_a_slot_and_finds_what_was_committed(trial: Allocated) -> None:
    with serving(trial.allocator):
        desk = desk_on(trial)
        draw(desk, trial.participants[0])
    (slot,) = desk.vault.slots()
    (kept,) = desk.vault.lists()
    found = open_held(held(slot, kept.annex_sha256), [trial.key("safety-unit")], kept.trial)
    assert found.arm in ("T", "P")


@pytest.mark.requirement("RN4")
def test_while_it_is_silent_nobody_is_randomised_and_an_alarm_is_raised(trial: Allocated) -> None:
    desk = desk_on(trial)
    with pytest.raises(Refused, match="does not answer; randomise nobody"):
        draw(desk, trial.participants[0])
    assert [alarm.alarm for alarm in desk.state.alarms] == [kinds.ALLOCATOR_SILENT]
    assert not desk.state.participants[trial.participants[0]].allocation
    with serving(trial.allocator):
        assert draw(desk, trial.participants[0])["position"] == "1"


@pytest.mark.requirement("RN4")
def test_an_answer_that_was_not_kept_is_given_again_or_given_up(trial: Allocated) -> None:
    """The power goes after the answer and before the commit: the same participant gets the same slot, and where
    somebody else comes first, that one gets the place."""
    with serving(trial.allocator):
        desk = desk_on(trial)
        first = _not_kept(desk, trial.participants[0])
        assert _not_kept(desk, trial.participants[0]) == first
        other = draw(desk, trial.participants[1])
        assert (other["position"], other["label"]) == ("1", first.label)
        assert other["leaf"] != first.leaf
        assert draw(desk, trial.participants[0])["position"] == "2"
    assert desk.vault.whole(trial.escrow)
    proposed = [entry.body for entry in log.entries(trial.allocator) if entry.kind == log.PROPOSED]
    assert [(body["number"], body["participant"]) for body in proposed] == [
        ("1", trial.participants[0]), ("1", trial.participants[1]), ("2", trial.participants[0])
    ]  # fmt: skip


def _not_kept(desk: Desk, participant: str) -> Slot:
    levels = {"drug": "none", "age": "younger"}
    with suppress(RuntimeError), desk.ledger.act():
        slot = desk.vault.draw("all", levels, participant)
        raise RuntimeError("the power went")
    return slot


def test_two_answers_for_one_place_tell_nothing_of_their_arms(trial: Allocated) -> None:
    """Same place, same levels, another participant: the same arm by construction, and unlike leaves; whoever asks for
    one place again and again learns nothing."""
    at_work = again(trial)
    answers = [at_work.answer(_request(at_work, f"X{number}")) for number in range(6)]
    assert len({answer["leaf"] for answer in answers}) == 6
    assert len({answer["label"] for answer in answers}) == 1
    arms = {entry.body["arm"] for entry in log.entries(trial.allocator) if entry.kind == log.PROPOSED}
    assert len(arms) == 1


def _request(at_work: AllocatorAtWork, participant: str, **more: object) -> dict[str, object]:
    settings = at_work.settings
    levels = {"drug": "none", "age": "younger"}
    asked = {"trial": settings.trial, "root": settings.root, "ask": "next", "participant": participant}
    return {**asked, "levels": levels, "number": 0, "after": 0, "leaf": "", "draws": [], **more}


@pytest.mark.requirement("RN4")
def test_a_clinic_that_was_set_back_is_refused_with_an_alarm(trial: Allocated, quick_path: Path) -> None:
    """Someone restores yesterday's database: the draws of today would be made anew, for other people."""
    kept = quick_path / "yesterday.sqlite3"
    with serving(trial.allocator):
        desk = desk_on(trial)
        draw(desk, trial.participants[0])
        connections.close_all()
        kept.write_bytes((trial.trial / "trial.sqlite3").read_bytes())
        heads = (trial.trial / "heads.log").read_bytes()
        desk = desk_on(trial)
        for participant in trial.participants[1:4]:
            draw(desk, participant)
        desk.ledger.close()
        connections.close_all()
        (trial.trial / "trial.sqlite3").write_bytes(kept.read_bytes())
        (trial.trial / "heads.log").write_bytes(heads)
        for file in trial.trial.glob("trial.sqlite3-*"):
            file.unlink()
        desk = desk_on(trial)
        with pytest.raises(Refused, match="not as it was committed; randomise nobody"):
            draw(desk, trial.participants[5])
        assert [alarm.alarm for alarm in desk.state.alarms] == [kinds.LIST_DAMAGED]
    refused = [entry.body["said"] for entry in log.entries(trial.allocator) if entry.kind == log.REFUSED]
    assert refused == ["the ledger has 1 draws and this allocator has seen 3 kept: the clinic was set back"]


def test_a_copy_of_the_trial_goes_on_with_its_allocator(trial: Allocated, quick_path: Path) -> None:
    with serving(trial.allocator):
        desk = desk_on(trial)
        draw(desk, trial.participants[0])
        desk.ledger.close()
        store.backup(trial.trial, quick_path / "copy")
        moved = replace(trial, trial=quick_path / "copy")
        assert draw(desk_on(moved), trial.participants[1])["position"] == "2"


def test_an_allocator_that_was_set_back_or_emptied_catches_up_from_the_ledger(
    trial: Allocated, quick_path: Path
) -> None:
    """Its log is a memory, not the truth: the ledger gives it every draw again, each held against the seed."""
    before = (trial.allocator / log.FILE).read_bytes()
    with serving(trial.allocator):
        desk = desk_on(trial)
        for participant in trial.participants[:5]:
            draw(desk, participant)
    (trial.allocator / log.FILE).write_bytes(before)
    with serving(trial.allocator):
        assert draw(desk, trial.participants[5])["position"] == "6"
    assert again(trial).number == 5
    assert len(desk.vault.whole(trial.escrow)) == 6


@pytest.mark.parametrize("part", ["leaf", "label", "levels", "participant", "position"])
def test_a_draw_that_it_did_not_give_is_refused(trial: Allocated, part: str) -> None:
    at_work = again(trial)
    given = at_work.answer(_request(at_work, "Ann"))
    wrong = {"leaf": "0" * 64, "label": "K7QWBDX", "levels": {"drug": "some", "age": "older"}, "participant": "Eve"}
    kept = {**{name: given[name] for name in ("participant", "levels", "stratum", "position", "label", "leaf")}}
    lie = {**kept, part: wrong.get(part, 2)}
    answer = at_work.answer(_request(at_work, "Bob", number=1, draws=[lie]))
    assert answer["refused"] == "other"
    assert at_work.number == 0
    truth = at_work.answer(_request(at_work, "Bob", number=1, draws=[kept]))
    assert truth["position"] == "2"
    assert at_work.answer(_request(at_work, "Ann", number=1, after=1, leaf=given["leaf"]))["refused"] == "taken"


@pytest.mark.parametrize(
    "request_", [{}, {"trial": "PRESS"}, {"ask": "stands"}, {"levels": None}, {"draws": [1]}, {"number": "x"}]
)
def test_a_request_that_is_none_is_refused_and_changes_nothing(trial: Allocated, request_: dict[str, object]) -> None:
    at_work = again(trial)
    whole = _request(at_work, "Ann") if set(request_) & {"levels", "draws", "number"} else {}
    assert "refused" in at_work.answer({**whole, **request_})
    assert at_work.answer(_request(at_work, "Ann"))["position"] == "1"


def test_unknown_levels_are_refused_in_a_sentence(trial: Allocated) -> None:
    at_work = again(trial)
    answer = at_work.answer(_request(at_work, "Ann", levels={"drug": "wine"}))
    assert (answer["refused"], answer["said"]) == (
        "levels", "age is not known; drug is 'wine', which is none of none, some"
    )  # fmt: skip


def test_the_clinic_takes_nothing_that_is_not_signed_for_this_participant(
    trial: Allocated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else answers at the socket: what is not signed by the allocator is refused."""
    public = trial.trial / "allocator.json"
    said = json.loads(public.read_text())
    public.write_text(json.dumps({**said, "public_key": "00" * 32}))
    with serving(trial.allocator):
        desk = desk_on(trial)
        with pytest.raises(Refused, match="not as it was committed"):
            draw(desk, trial.participants[0])
    assert not desk.state.labels


@pytest.mark.requirement("RN1")
def test_what_leaves_the_allocator_is_alike_whatever_the_arm(quick_path: Path) -> None:
    """Two worlds with exchanged words of the arms: answers differ in leaf, ciphertext and signature alone, and not in
    length; refusals and the lines it prints do not differ."""
    trial = allocated(quick_path / "t", 2)
    at_work = again(trial)
    swapped = again(trial)
    allocator = opened(at_work.settings, trial.key("allocator"))
    plain = allocator.annex.method
    other = replace(allocator.annex, words={"T": "P" * 60, "P": "x"})
    swapped._allocator.annex = other
    assert plain == other.method
    answers = [one.answer(_request(one, "Ann")) for one in (at_work, swapped)]
    hidden = ("leaf", "ciphertext", "signature")
    shown = [{name: value for name, value in answer.items() if name not in hidden} for answer in answers]
    assert shown[0] == shown[1]
    files = [b64decode(answer["ciphertext"]) for answer in answers]
    inside = [unsealed(file, [trial.key("break-host")]) for file in files]
    assert len(inside[0]) == len(inside[1])  # age itself adds a random stanza to the file
    assert inside[0] != inside[1]
    connections.close_all()


def test_the_clinic_holds_nothing_that_opens_and_its_folder_shows_no_arm(trial: Allocated) -> None:
    with serving(trial.allocator) as served:
        desk = desk_on(trial)
        for participant in trial.participants[:4]:
            draw(desk, participant)
    for file in (file for file in trial.trial.rglob("*") if file.is_file() and file.suffix != ".sqlite3-shm"):
        content = file.read_bytes()
        assert b"AGE-SECRET-KEY" not in content
        assert b'"arm"' not in content, file
    assert served.said[0].startswith("allocator of PRESS: 0 draws kept, listening at ")
    with pytest.raises(CannotOpen):
        desk.vault.whole([trial.key("escrow-1")])


def test_a_log_that_was_changed_is_noticed(trial: Allocated) -> None:
    import sqlite3

    again(trial).answer(_request(again(trial), "Ann"))
    with sqlite3.connect(trial.allocator / log.FILE) as database:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute("UPDATE entry SET body = '{}' WHERE kind = 'proposed'")
        database.execute("DROP TRIGGER entry_update")
        database.execute("UPDATE entry SET body = replace(body, 'Ann', 'Eve') WHERE kind = 'proposed'")
    database.close()
    with pytest.raises(log.BrokenLog, match="not as it was written"):
        again(trial)


def test_its_folder_is_its_own_and_is_made_once(trial: Allocated) -> None:
    assert (trial.allocator.stat().st_mode & 0o077, (trial.allocator / log.FILE).stat().st_mode & 0o077) == (0, 0)
    assert "whoever reads this folder knows the allocation" in (trial.allocator / "README.txt").read_text()
    with serving(trial.allocator):
        assert read_settings(trial.allocator).socket.stat().st_mode & 0o777 == 0o660
        program = [sys.executable, "-c", PROGRAM, "allocation", "serve", str(trial.allocator)]
        second = subprocess.run(program, capture_output=True, text=True, check=False)
        assert (second.returncode, "another process serves" in second.stderr) == (1, True)
    with pytest.raises(NotAnAllocator, match=r"it has no allocator\.json"):
        read_settings(trial.trial / "uploads")


def test_the_wrong_key_and_a_sealed_list_are_refused(trial: Allocated, quick_path: Path) -> None:
    package = packaged(minimised(4), quick_path / "other keys")
    wrong = trial.key("pharmacist-1")
    key = quick_path / "other keys" / "allocator.key"
    with pytest.raises(NotAnAllocator, match="stay closed"):
        install(package, quick_path / "b", key, wrong, None, NOW)
    listed = replace(package, terms=replace(package.terms, kind="sealed list"))
    with pytest.raises(NotAnAllocator, match="needs no allocator"):
        install(listed, quick_path / "b", key, wrong, None, NOW)


# ------------------------------------------------------------------ under fire


def under_fire(trial: Allocated, seed: int, every: float, most: int) -> tuple[list[Answer], int, int]:
    """Everybody is randomised by processes that are killed, through an allocator that is killed about every so many
    seconds, at `most` so often; who was refused because it was silent asks again. Returns all answers, and how often
    clinics and allocator were killed."""
    chance, answers, kills = random.Random(seed), list[Answer](), 0
    over = threading.Event()
    with serving(trial.allocator) as served, driver() as drive:
        failed: list[BaseException] = []

        def shoot() -> None:
            try:
                while served.starts <= most and not over.wait(chance.uniform(0.2 * every, 1.8 * every)):
                    served.kill()
                    served.start()
            except BaseException as error:
                failed.append(error)

        shooting = threading.Thread(target=shoot)
        shooting.start()
        try:
            left = list(trial.participants)
            while left and not failed:
                ride = drive(trial.trial, asks(left, chance), workers=3, kill_every=8, seed=seed + len(answers))
                answers += ride.answers
                kills += ride.kills
                settled = {answer.participant for answer in answers if answer.said == "done"}
                left = [participant for participant in trial.participants if participant not in settled]
                over.wait(0.3 if left else 0)
        finally:
            over.set()
            shooting.join()
    assert failed == []
    return answers, kills, served.starts - 1


def proved(trial: Allocated, answers: list[Answer], n: int) -> None:
    """Nothing doubled, lost or out of order, and the seed gives every draw."""
    desk = desk_on(trial)
    facts = list(desk.ledger.facts())
    assert faults(facts, answers) == []
    assert len(desk.vault.draws()) == n
    assert store.verify(trial.trial).ok
    assert len(desk.vault.whole(trial.escrow)) == n
    kept = [entry.body["participant"] for entry in log.entries(trial.allocator) if entry.kind == log.KEPT]
    assert len(kept) == len(set(kept)) >= n - 1
    assert {answer.said for answer in answers} <= {"done", "randomised", "allocator"}


@pytest.mark.requirement("RN4")
def test_killed_clinics_and_a_killed_allocator_double_lose_and_misplace_nothing(
    quick_path: Path, vendor: str, request: pytest.FixtureRequest
) -> None:
    database = request.getfixturevalue("new_database")() if vendor == "postgresql" else None
    trial = allocated(quick_path / "t", QUICK, database)
    connections.close_all()
    answers, kills, shots = under_fire(trial, 5, 0.5, 2)
    proved(trial, answers, QUICK)
    assert kills > 0
    assert shots > 0
    connections.close_all()


@pytest.mark.long
@pytest.mark.requirement("RN4")
def test_thousands_of_draws_through_a_killed_allocator(
    quick_path: Path, vendor: str, request: pytest.FixtureRequest
) -> None:
    database = request.getfixturevalue("new_database")() if vendor == "postgresql" else None
    trial = allocated(quick_path / "t", LONG, database)
    connections.close_all()
    answers, kills, shots = under_fire(trial, 11, 2.0, 1000)
    proved(trial, answers, LONG)
    assert min(kills, shots) > 10
    connections.close_all()


# ------------------------------------------------------------------ the commands


def test_the_commands_make_an_allocator_and_connect_a_trial(trial: Allocated, quick_path: Path) -> None:
    package = packaged(minimised(12), quick_path / "c" / "keys")
    write_package(package, quick_path / "c" / "package", "words\n")
    key = quick_path / "c" / "keys" / "allocator.key"
    place = quick_path / "c" / "allocator"
    said = done("allocation", "install", quick_path / "c" / "package", place, "--key", key)
    assert f"allocator of PRESS, root {package.terms.root}" in said
    assert '"arm' not in said
    said = done("allocation", "connect", trial.trial, place / "public.json")
    assert str(read_settings(place).socket) in said
    inside = trial.trial / "allocator"
    assert "its log holds arms: keep it elsewhere" in refused(
        "allocation", "install", quick_path / "c" / "package", inside, "--key", key
    )
    assert "exists and is not empty" in refused(
        "allocation", "install", quick_path / "c" / "package", place, "--key", key
    )
    long = quick_path / ("x" * 100)
    assert "too long for a socket" in refused(
        "allocation", "install", quick_path / "c" / "package", quick_path / "d", "--key", key, "--socket", long
    )


def test_a_trial_is_connected_to_the_allocator_of_its_own_seed_alone(trial: Allocated, quick_path: Path) -> None:
    other = quick_path / "public.json"
    said = json.loads((trial.allocator / "public.json").read_text())
    other.write_text(json.dumps({**said, "root": "0" * 64}))
    assert "draws from another seed" in refused("allocation", "connect", trial.trial, other)
    other.write_text("{}")
    assert "is not the public file of an allocator" in refused("allocation", "connect", trial.trial, other)
    listed = on_disk(quick_path / "listed")
    assert "needs no allocator" in refused("allocation", "connect", listed, trial.allocator / "public.json")
