"""Somebody who wants to know: the administrator with the database and the settings, a doctor's thief, a tired ceremony.
Each of these attacks worked once, or nearly; each is held here."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connections
from tests.plugins.acts import act, draft, sealed_value
from tests.plugins.allocating import installed, minimised, packaged
from tests.plugins.breaking import Night, a_night
from tests.plugins.ceremonies import Ceremony, done, refused
from tests.plugins.lists import ANNEX, RECIPIENTS, STRANGER, a_list, with_list
from tests.plugins.tampering import administrator
from tests.plugins.world import CAST, CountedChance, monday_morning
from tests.plugins.worlds import allocation_list, in_memory

from trialwright import conduct, store
from trialwright.allocation.annex import read_annex
from trialwright.allocation.keys import SLOT_HOLDERS
from trialwright.allocation.methods import Blocks
from trialwright.allocation.package import problems, read_package
from trialwright.allocation.resealing import ResealRefused
from trialwright.allocation.sealing import NotOpened, opened, sealed
from trialwright.allocation.slots import draw_up, sealed_list
from trialwright.conduct import Desk
from trialwright.ledger import kinds
from trialwright.ledger.canonical import canonical, instant_text
from trialwright.ledger.heads import new_signing_key, public_key, signing_key
from trialwright.ledger.vault import Damaged, kept_commitment
from trialwright.store.breaks import take_in_notices
from trialwright.store.folder import write_settings
from trialwright.store.list_changes import list_change, recipients_of, resealed
from trialwright.web.breaking import log, people
from trialwright.web.breaking.opening import GUESSED, NotShown, mend_outbox, open_label

NONCE, OTHER_NONCE = "5a" * 16, "a5" * 16
STRANGERS, KEY = str(STRANGER.to_public()), str(STRANGER)


@pytest.fixture
def folder(new_trial: Callable[..., Path]) -> Iterator[Path]:
    """A trial folder with a sealed list, on each database."""
    yield new_trial(recipients=RECIPIENTS, prepare=with_list)
    connections.close_all()


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ceremony]:
    """A trial that was opened for real, with a list that two people made."""
    ceremony = Ceremony(tmp_path_factory.mktemp("adversary")).reviewed()
    done(*ceremony.opening("--accepted-by", "Sam Sponsor"))
    yield ceremony
    connections.close_all()


def keep(folder: Path, key: str, value: dict[str, str], nonce: str = NONCE) -> str:
    """Seal a value as conduct does, with the fact that commits to it."""
    ledger = store.open_ledger(folder)
    with ledger.act():
        commitment = store.open_vault(folder, ledger).keep(key, value, nonce)
        ledger.append(sealed_value(commitment)._replace(at=instant_text(datetime.now(UTC))))
    ledger.close()
    return commitment


# ---------------------------------------------------------------- who can write the database


@pytest.mark.requirement("AT2")
def test_a_sealed_value_that_was_put_in_the_place_of_another_is_found_without_a_key(folder: Path) -> None:
    """He has the public keys, so he can seal what he likes with a commitment that fits it; but no fact names that."""
    keep(folder, "supply/1", {"record": "prepared", "product": "ivig"})
    assert store.verify(folder).ok
    value = {"record": "prepared", "product": "placebo"}
    commitment = kept_commitment("supply/1", value, OTHER_NONCE)
    content = sealed(canonical({"key": "supply/1", "nonce": OTHER_NONCE, "value": value}), list(RECIPIENTS.values()))
    with administrator(folder) as run:
        run(
            "INSERT INTO store_sealedvalue (key, commitment, ciphertext) VALUES (%s, %s, %s)",
            ("supply/1", commitment, content),
        )
    found = store.verify(folder)
    assert "1 sealed values in the vault are none that the ledger commits to" in str(found)


@pytest.mark.requirement("RN2", "AT2")
def test_nobody_is_drawn_from_a_list_that_was_exchanged_whole_with_its_root(new_trial: Callable[..., Path]) -> None:
    """A list of one's own, root and all, would give every arm to who made it; the ledger names another root."""

    def with_fact(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        with_list(ledger, vault)
        act(ledger, draft(kinds.TRIAL_OPENED, {"root": a_list().root, "annex": ANNEX.sha256, "definition": "{}"}))

    folder = new_trial(recipients=RECIPIENTS, prepare=with_fact)
    mine = sealed_list(draw_up(ANNEX, ("a", "b"), 6, b"\7" * 32), ANNEX, [STRANGERS])
    with administrator(folder) as run:
        run("UPDATE store_list SET root = %s", (mine.root,))
        for slot in mine.slots:
            run(
                "UPDATE store_slot SET label = %s, leaf = %s, ciphertext = %s WHERE stratum = %s AND position = %s",
                (slot.label, slot.leaf, slot.ciphertext, slot.stratum, slot.position),
            )
    ledger = store.open_ledger(folder)
    with ledger.act(), pytest.raises(Damaged):
        store.open_vault(folder, ledger).draw("a")
    ledger.close()
    connections.close_all()


# ---------------------------------------------------------------- who can write the settings


@pytest.fixture
def his_own_key(held: Ceremony) -> Iterator[Path]:
    """The trial's folder after its administrator put his own key in the place of two holders'."""
    folder = held.at("trial")
    kept = store.read_folder(folder)
    write_settings(
        replace(kept, recipients={**kept.recipients, "pharmacist-2": STRANGERS, "unblinded-monitor": STRANGERS})
    )
    yield folder
    write_settings(kept)


@pytest.mark.requirement("BL1")
def test_a_key_that_somebody_wrote_into_the_settings_is_sealed_nothing(held: Ceremony, his_own_key: Path) -> None:
    commitment = keep(his_own_key, "supply/9", {"record": "prepared", "product": "ivig"})
    ledger = store.open_ledger(his_own_key)
    with connections[ledger.alias].cursor() as cursor:
        cursor.execute("SELECT ciphertext FROM store_sealedvalue WHERE commitment = %s", (commitment,))
        [(ciphertext,)] = cursor.fetchall()
    ledger.close()
    with pytest.raises(NotOpened):
        opened(bytes(ciphertext), [str(STRANGER)])
    assert b'"ivig"' in opened(bytes(ciphertext), [_key(held, "pharmacist-2")])


@pytest.mark.requirement("BL1")
def test_slots_are_never_sealed_anew_to_a_key_that_stands_in_the_settings_alone(
    held: Ceremony, his_own_key: Path
) -> None:
    """The next sealing anew would hand him every arm, by the hand of an honest pharmacist."""
    assert STRANGERS not in recipients_of(his_own_key).values()
    out = held.at("anew.json")
    done("allocation", "reseal", his_own_key, "--key", held.at("keys") / "safety-unit.key", "-o", out)
    assert STRANGERS not in out.read_text()
    package = resealed(his_own_key, [_key(held, "safety-unit")], recipients_of(his_own_key))
    with pytest.raises(NotOpened):
        opened(next(iter(package.slots.values())), [str(STRANGER)])
    out.unlink()


@pytest.mark.requirement("RN2", "BL1")
def test_slots_sealed_anew_to_one_key_more_than_is_said_are_not_taken_in(held: Ceremony) -> None:
    folder = held.at("trial")
    package = resealed(folder, [_key(held, "safety-unit")], recipients_of(folder))
    label = next(iter(package.slots))
    keys = [key for role, key in package.recipients.items() if role in SLOT_HOLDERS]
    worse = replace(package, slots={**package.slots, label: sealed(b"x", [*keys, STRANGERS])})
    ledger = store.open_ledger(folder)
    vault = store.open_vault(folder, ledger)
    path = held.at("worse.json")
    path.write_bytes(package.content)
    assert list_change(folder, path, vault).digest == package.digest
    path.write_bytes(worse.content)
    with pytest.raises(ResealRefused, match="another number of keys"):
        list_change(folder, path, vault)
    ledger.close()


@pytest.mark.requirement("BL1", "AT2")
def test_settings_that_name_other_keys_than_the_ledger_are_told_of(his_own_key: Path) -> None:
    found = store.verify(his_own_key)
    assert found.ok
    assert "names other public keys than fact 1 for pharmacist-2, unblinded-monitor" in str(found)


def test_what_the_settings_say_about_emergencies_outlives_a_change_of_keys(folder: Path) -> None:
    """Lost with the sealing anew, the clinic would take in no notice of a code break any more, and say nothing."""
    path = folder / "trialwright.toml"
    path.write_text(path.read_text() + '\n[emergency]\ntelephone = "+31 20 000 0000"\nhost_key = "ab"\n')
    from trialwright.store.breaks import emergency
    from trialwright.store.list_changes import new_recipients

    new_recipients(folder, {"pharmacist-1": STRANGERS})
    assert (emergency(folder).telephone, emergency(folder).host_key) == ("+31 20 000 0000", "ab")
    assert store.read_folder(folder).recipients == {"pharmacist-1": STRANGERS}


# ---------------------------------------------------------------- who makes the list


@pytest.mark.requirement("RN8")
def test_shares_that_made_a_test_list_make_no_production_list(tmp_path: Path) -> None:
    """Arms, labels and nonces follow from the shares: who opened the test list would know the list of the trial."""
    ceremony = Ceremony(tmp_path).generated("--test")
    ceremony.package.rename(tmp_path / "tried")
    said = refused(*ceremony.arguments())
    assert "made a test list before" in said
    assert not ceremony.package.exists()
    done(*ceremony.arguments("--test"))


@pytest.mark.requirement("RN9")
def test_the_length_of_the_sealed_annex_does_not_tell_how_many_block_sizes_it_has() -> None:
    """An age file is as long as what is in it, and all else in the annex is known."""
    lengths = set()
    for sizes in ((2,), (2, 4), (2, 4, 6, 8, 10, 12)):
        annex = replace(ANNEX, method=Blocks({"ivig": 1, "placebo": 1}, sizes))
        content = opened(sealed_list(draw_up(annex, ("a",), 2, b"\0" * 32), annex, [STRANGERS]).sealed_annex, [KEY])
        assert read_annex(content) == annex
        lengths.add(len(content))
    assert len(lengths) == 1


@pytest.mark.requirement("RN2", "RN9")
def test_a_package_that_was_sealed_to_one_key_more_than_it_names_is_refused(held: Ceremony) -> None:
    """A program that was exchanged before the ceremony seals to its master too; the header of an age file counts."""
    package = read_package(held.package)
    assert problems(package) == ()
    keys = [key for role, key in package.terms.recipients.items() if role in SLOT_HOLDERS]
    slot, *others = package.list.slots
    more = replace(slot, ciphertext=sealed(b"x", [*keys, STRANGERS]))
    found = problems(replace(package, list=replace(package.list, slots=(more, *others))))
    assert "1 slots sealed to another number of keys than the terms name" in found
    found = problems(replace(package, escrow=(sealed(b"x", [*keys[:1], STRANGERS]), package.escrow[1])))
    assert "escrow-1.age sealed to another number of keys than the terms name" in found


@pytest.mark.requirement("BL6", "RN7")
def test_one_person_who_writes_the_name_otherwise_is_still_one_person() -> None:
    from trialwright.conduct import Person, Refused
    from trialwright.conduct.unblind import _second

    one, other = Person("Eva Escrow", "escrow_holder", "Eva Escrow"), Person(" eva ESCROW", "escrow_holder", "E. E.")
    with pytest.raises(Refused, match="both people"):
        _second(one, other)


def test_a_crash_leaves_no_memory_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeds, keys and opened slots live in memory alone, of every command and every process that it starts."""
    import resource
    import sys

    from trialwright.cli import main

    told: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda *given: told.append(given))
    monkeypatch.setattr(sys, "argv", ["trialwright", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert told == [(resource.RLIMIT_CORE, (0, 0))]


def _key(held: Ceremony, role: str) -> str:
    from trialwright.allocation.keys import private_key

    return private_key(held.at("keys") / f"{role}.key")


# ---------------------------------------------------------------- who has a doctor's passphrase, or wants the ids


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A break host with one doctor."""
    return a_night(tmp_path / "break")


LABEL = allocation_list()[0].label


def guess(night: Night, times: int, person: str = "p02", **more: str) -> list[float]:
    """Wrong answers, and by how many seconds each is delayed."""
    waits = []
    for _ in range(times):
        with pytest.raises(NotShown) as refusal:
            night.asks(LABEL, person, **more)
        night.now -= timedelta(minutes=1)
        waits.append(refusal.value.wait)
    return waits


@pytest.mark.requirement("BL3")
def test_who_has_a_passphrase_and_tries_codes_needs_two_in_a_row_and_is_written_down(night: Night) -> None:
    guess(night, people.MANY_CODES, code="000000")
    [entry] = night.entries(log.REFUSED)
    assert (entry.said["learned_by"], entry.said["reason"]) == ("p02", GUESSED)
    with pytest.raises(NotShown, match="two codes are needed"):
        night.asks(LABEL)
    with pytest.raises(NotShown, match="two codes are needed"):  # the same code again is not the next one
        open_label(night.host, night.identity, night.form(LABEL), night.now)
    assert night.entries(log.OPENED) == []
    night.now += timedelta(seconds=30)
    assert open_label(night.host, night.identity, night.form(LABEL), night.now).label == LABEL


@pytest.mark.requirement("BL3")
def test_wrong_codes_without_the_passphrase_keep_no_doctor_waiting(night: Night) -> None:
    """Whoever does not know the passphrase cannot make the doctor wait half a minute."""
    guess(night, 3 * people.MANY_CODES, passphrase="not the passphrase", code="000000")
    assert night.asks(LABEL).label == LABEL


def test_the_delay_of_a_refusal_does_not_tell_which_ids_there_are(night: Night) -> None:
    night.secrets["nobody"] = night.secrets["p02"]
    for person in ("somebody", "nobody", "p02"):
        night.secrets[person] = night.secrets["p02"]
        assert guess(night, 6, person, passphrase="not the passphrase") == [0.5, 1, 2, 4, 8, 8]


@pytest.mark.requirement("BL3", "BL4")
def test_a_notice_that_somebody_kept_back_is_missed(night: Night, tmp_path: Path) -> None:
    """Whoever carries the notices could keep one back; the others count."""
    world = in_memory()
    for name in ("Ann", "Ben", "Cas"):
        world.randomised(name)
        allocation = world.person(name).allocation
        assert allocation is not None
        night.asks(allocation.label)
    second = sorted(night.host.outbox.glob("*.json"))[1]
    carried = tmp_path / "carried"
    carried.mkdir()
    for path in night.host.outbox.glob("*.json"):
        if path != second:
            (carried / path.name).write_bytes(path.read_bytes())
    assert take_in_notices(world.desk, carried, night.public).missing == (second.stem,)
    second.unlink()
    assert mend_outbox(night.host) == 1, "and the break host makes it again"
    assert take_in_notices(world.desk, night.host.outbox, night.public).missing == ()


def test_what_is_printed_of_a_pharmacists_session_holds_no_key(tmp_path: Path) -> None:
    """A traceback, a debugger or a failed test prints values as they describe themselves."""
    from trialwright.cli.kits_client import Holder
    from trialwright.cli.pharmacy_desk import Pharmacy
    from trialwright.cli.pharmacy_journal import Journal
    from trialwright.conduct import Person

    journal = Journal(tmp_path / "journal", KEY, [STRANGERS])
    session = Pharmacy(tmp_path, in_memory().desk, Person("p", "pharmacist", "p"), KEY, journal)
    assert KEY not in repr(session)
    assert KEY not in repr(Holder(session.desk, {}, (KEY,)))


# ---------------------------------------------------------------- who puts an allocator of his own in the place


@pytest.mark.requirement("RN2")
def test_another_allocator_than_that_of_the_signed_terms_is_never_asked(quick_path: Path) -> None:
    """It would give the arms that its owner likes, and tell him; the leaves would fit, and only the proof at the end
    would find it. So the key under the answers follows from the seed and stands in the terms."""
    definition = minimised(4)
    place = quick_path / "t"
    place.mkdir()
    package = packaged(definition, place / "keys")

    def opened_trial(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in_package(package, True)
        conduct.open_trial(Desk(ledger, vault, monday_morning(), CountedChance()), definition, by=CAST["sponsor"])

    folder, allocator = installed(place, package, opened_trial)
    said = json.loads((allocator / "public.json").read_text())
    assert said["public_key"] == package.terms.allocator_key
    false = quick_path / "public.json"
    false.write_text(json.dumps({**said, "public_key": public_key(signing_key(new_signing_key()))}))
    assert "signed by another key" in refused("allocation", "connect", folder, false)
    (folder / "allocator.json").write_text(false.read_text())
    ledger = store.open_ledger(folder)
    with ledger.act(), pytest.raises(Damaged, match="signed terms"):
        store.open_vault(folder, ledger).draw("all", {"age": "young", "drug": "yes"}, "P-1")
    ledger.close()
    connections.close_all()
