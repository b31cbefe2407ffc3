"""`trialwright kits` on a trial's folder: from the sealed list to the account."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.plugins.kits import kit_trial, swapped_slots, with_kits
from tests.plugins.world import CAST, CountedChance, World, monday_morning
from tests.plugins.worlds import ANNEX, allocation_list
from typer.testing import CliRunner

from trialwright import conduct, store
from trialwright.allocation.keys import make_keys
from trialwright.allocation.kits import KIT_HOLDERS
from trialwright.allocation.slots import sealed_list
from trialwright.cli import app
from trialwright.conduct import Desk

EXPIRY = (datetime.now(UTC) + timedelta(days=700)).date()
LATER = EXPIRY + timedelta(days=60)


class Program:
    """The program on one folder."""

    def __init__(self, folder: Path, keys: Path, trial: Path, package: Path) -> None:
        self.folder, self.keys, self.trial, self.package = folder, keys, trial, package

    def __call__(self, *words: str, code: int = 0) -> str:
        """What `trialwright kits ...` prints."""
        return said("kits", *words, code=code)

    def on(self, command: str, *words: str, code: int = 0) -> str:
        """The same on the folder."""
        return self(command, str(self.folder), *words, code=code)

    @property
    def key(self) -> tuple[str, str]:
        """The option with the pharmacist's key."""
        return "--key", str(self.keys / "pharmacist-1.key")


def said(*words: str, code: int = 0) -> str:
    """What the program prints; of a refusal the sentence."""
    done = CliRunner().invoke(app, list(words))
    if code == 1 and done.exception is not None and not isinstance(done.exception, SystemExit):
        return str(done.exception)
    assert done.exit_code == code, done.output
    return done.output


def built(place: Path, swapped: bool = False) -> Program:
    """A trial's folder with two randomised participants, and a package of forty kits."""
    folder, keys = place / "running", place / "keys"
    public = make_keys(keys, folder, KIT_HOLDERS)
    slots = swapped_slots(allocation_list()) if swapped else allocation_list()

    def prepare(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in(sealed_list(slots, ANNEX, list(public.values())), "PRESS")
        desk = Desk(ledger, vault, store.ServerClock(), CountedChance())
        world = World(desk, monday_morning(), kit_trial())
        world.clock.at = datetime.now(UTC)
        conduct.open_trial(desk, kit_trial(), by=CAST["sponsor"])
        for site in ("NORTH", "WEST"):
            world.does("sponsor", "activate", site=site)
        for name in ("Ann", "Bob"):
            world.randomised(name)

    store.create(folder, zone="UTC", recipients=public, prepare=prepare, keys=place / "head")
    trial, package = with_kits(place), place / "kits.json"
    first, second = "PT" if swapped else "TP"
    made = said(
        "kits", "generate", str(trial), str(package), "--keys", str(keys),
        "--lot", f"{first}:L12:{EXPIRY}:20", "--lot", f"{second}:L77:{LATER}:20",
    )  # fmt: skip
    assert f"40 kits, to be used by {EXPIRY}, sealed to 4 holders" in made
    return Program(folder, keys, trial, package)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """One such folder."""
    return built(tmp_path)


@pytest.mark.requirement("BL2")
def test_every_blinded_command_prints_the_same_in_two_folders_with_swapped_arms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same chance: what is planned, handed out, refused and accounted for. What the holder opens differs."""
    seen, opened = [], []
    for swapped in (False, True):
        count = iter(range(10**6))
        monkeypatch.setattr(secrets, "token_bytes", lambda size=32, count=count: next(count).to_bytes(size, "big"))
        place = tmp_path / str(swapped)
        place.mkdir()
        program = built(place, swapped)
        lines = [program.on("take-in", str(program.package), "--by", "d"), program.on("release", "--by", "q")]
        numbers = program.on("plan-shipment", "--site", "NORTH", *program.key)
        lines += [numbers, program.on("ship", "--by", "d", "--site", "NORTH", *numbers.split())]
        lines += [program.on("receive", "--by", "n", "--site", "NORTH")]
        for participant in people(program):
            ask = ("--participant", participant, "--visit", "START", *program.key, "--by", "p")
            lines += [program.on("dispense", *ask), program.on("dispense", *ask, code=1)]
        lines += [program.on("plan-shipment", "--site", "NORTH", *program.key)]
        lines += [program.on("account", "--json"), program.on("account", "--place", "NORTH")]
        seen.append(lines)
        opened.append(json.loads(program.on("contents", *program.key, "--json"))["kits"])
    assert seen[0] == seen[1]
    assert [row["kit"] for row in opened[0]] == [row["kit"] for row in opened[1]]
    assert all(one["arm"] != other["arm"] for one, other in zip(*opened, strict=True))


def people(program: Program) -> list[str]:
    """The participants' numbers."""
    return sorted(store.read_state(program.folder).participants)


def test_kits_go_from_the_package_to_a_participant_and_back(program: Program) -> None:
    assert "40 kits taken in" in program.on("take-in", str(program.package), "--by", "d")
    assert "40 kits" in program.on("release", "--by", "q")
    numbers = program.on("plan-shipment", "--site", "NORTH", *program.key).split()
    assert len(numbers) == 8  # six to the target, two that Ann and Bob are about to need
    program.on("ship", "--by", "d", "--site", "NORTH", *numbers)
    assert "Received. 8 kits" in program.on("receive", "--by", "n", "--site", "NORTH")
    ann, bob = people(program)
    (kit,) = program.on("dispense", "--participant", ann, "--visit", "START", *program.key, "--by", "p").split()
    assert kit in numbers
    assert "handed the kits of START already" in program.on(
        "dispense", "--participant", ann, "--visit", "START", *program.key, "--by", "p", code=1
    )
    answer = json.loads(
        program.on("dispense", "--participant", bob, "--visit", "START", *program.key, "--by", "p", "--json")
    )
    assert len(answer["kits"]) == 1
    program.on("return", kit, "--by", "n", "--site", "NORTH")
    program.on("remove", "destroy", kit, "--by", "p", "--place", "NORTH", "--why", "protocol 9")
    program.on("quarantine", "--by", "n", "--place", "NORTH", "--why", "alarm", "--reading", "30")
    account = json.loads(program.on("account", "--place", "NORTH", "--json"))
    assert account["problems"] == []
    assert {status: count for status, count in account["counts"].items() if count} == {
        "quarantined": 6,
        "dispensed": 1,
        "destroyed": 1,
    }
    assert "The account is proven." in program.on("account")
    opened = json.loads(program.on("contents", *program.key, "--json"))
    assert opened["problems"] == []
    assert {row["lot"] for row in opened["kits"]} == {"L12", "L77"}
    assert "Every kit went to a participant of its arm." in program.on("contents", *program.key)
    spoilt = next(row["kit"] for row in account["kits"] if row["status"] == "quarantined")
    program.on("reject", spoilt, "--by", "q", "--place", "NORTH", "--why", "too warm")


def test_what_is_sent_to_a_site_depends_on_no_key(program: Program) -> None:
    """Two holders plan the same size."""
    program.on("take-in", str(program.package), "--by", "d")
    program.on("release", "--by", "q")
    sizes = {
        len(program.on("plan-shipment", "--site", "WEST", "--key", str(program.keys / f"{role}.key")).split())
        for role in ("pharmacist-1", "pharmacist-2", "break-host")
    }
    assert sizes == {6}


def test_a_package_that_is_refused_leaves_no_file_behind(program: Program) -> None:
    uploads = store.read_folder(program.folder).uploads
    before = set(uploads.iterdir()) if uploads.is_dir() else set()
    bad = program.package.with_name("bad.json")
    bad.write_bytes(program.package.read_bytes()[:-40])
    assert "was not taken in" in program.on("take-in", str(bad), "--by", "d", code=1)
    assert "may not take in a list of kits" in program.on(
        "take-in", str(program.package), "--by", "n", "--role", "nurse", code=1
    )
    assert (set(uploads.iterdir()) if uploads.is_dir() else set()) == before


def test_a_sealed_list_that_is_gone_from_the_folder_is_named(program: Program) -> None:
    program.on("take-in", str(program.package), "--by", "d")
    (digest,) = (about["digest"] for about in store.read_state(program.folder).kit_lists.values())
    (store.read_folder(program.folder).uploads / digest).unlink()
    assert "is missing or is not the sealed kit list" in program.on("contents", *program.key, code=1)


def test_neither_folder_nor_account_nor_log_shows_a_lot_or_an_arm(program: Program) -> None:
    program.on("take-in", str(program.package), "--by", "d")
    program.on("release", "--by", "q")
    program.on("account")
    for path in program.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for secret in (b'L12"', b'L77"', str(LATER).encode()):
                assert secret not in content, path


def test_a_backup_holds_the_sealed_kits(program: Program, tmp_path: Path) -> None:
    program.on("take-in", str(program.package), "--by", "d")
    store.backup(program.folder, tmp_path / "copy")
    program.folder = tmp_path / "copy"
    assert len(json.loads(program.on("contents", *program.key, "--json"))["kits"]) == 40


def test_lots_and_words_that_are_wrong_are_refused_before_anything_is_written(program: Program) -> None:
    out = program.package.with_name("new.json")
    table = [
        (["--lot", "T:L12:2027-06-30"], "write ARM:LOT:EXPIRY:KITS"),
        (["--lot", "T:L12:30 June:20"], "write ARM:LOT:EXPIRY:KITS"),
        (["--lot", f"T:L12:{EXPIRY}:20"], "no lot of arm P"),
        (["--lot", f"X:L12:{EXPIRY}:20"], "'X' is no arm"),
    ]
    for words, _ in table:
        program("generate", str(program.trial), str(out), "--keys", str(program.keys), *words, code=2)
        assert not out.exists()
    program.on("remove", "eat", "000000X", "--by", "p", "--place", "NORTH", code=2)


def test_the_simulation_prints_its_figures_with_their_errors(program: Program) -> None:
    text = program("simulate", str(program.trial), "--trials", "6", "--seed", "3")
    assert "a kit lacking at any visit, % of trials" in text
    assert "left over, % of kits sent" in text
    result = json.loads(program("simulate", str(program.trial), "--trials", "6", "--seed", "3", "--json"))
    assert result["times"] == 6
    assert set(result["stock_out"]) == {"trial", "sites", "visit"}
    rehearsed = json.loads(said("rehearse", str(program.trial), "--times", "6", "--seed", "3", "--json"))
    assert rehearsed["supply"]["stock_out"] == result["stock_out"]
