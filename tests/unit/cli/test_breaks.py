"""Code breaks from the command line, whole: from making the host to comparing the envelopes."""

import csv
import json
from base64 import b32decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.plugins.breaking import ARMS, PASSPHRASE, TELEPHONE
from tests.plugins.world import World
from tests.plugins.worlds import allocation_list, holder_key
from typer.testing import CliRunner

from trialwright import store
from trialwright.allocation.keys import write_private
from trialwright.cli import app
from trialwright.ledger import kinds
from trialwright.report import code39
from trialwright.web.breaking import people

ARM_WORDS = [arm.label for arm in ARMS.values()]


@dataclass
class Hospital:
    """A trial folder with randomised participants, a key, and what the program says."""

    place: Path
    world: World

    def __call__(self, *arguments: str, said: str = "", ends: int = 0) -> str:
        """Run the program in words; `said` is what is typed at its prompts."""
        found = CliRunner().invoke(app, [str(one) for one in arguments], input=said)
        error = "" if found.exception is None or isinstance(found.exception, SystemExit) else str(found.exception)
        assert (found.exit_code == 0) == (ends == 0), found.output + error
        return found.output + error

    @property
    def trial(self) -> str:
        """The trial's folder."""
        return str(self.place / "trial")

    @property
    def key(self) -> str:
        """The key of somebody who holds the slots."""
        return str(self.place / "holder.key")

    def label(self, name: str) -> str:
        """A participant's label."""
        return self.world.person(name).allocation.label

    def arm(self, name: str) -> str:
        """What it says."""
        return ARMS[next(slot.arm for slot in allocation_list() if slot.label == self.label(name))].label

    def facts(self, *wanted: str) -> list[object]:
        """The facts of these kinds, as they stand in the folder now."""
        ledger = store.open_ledger(Path(self.trial))
        try:
            return [fact for fact in ledger.facts() if fact.kind in wanted]
        finally:
            ledger.close()


@pytest.fixture
def hospital(sqlite_world: Callable[[Path], World], tmp_path: Path) -> Hospital:
    """Two randomised participants and nothing broken yet."""
    world = sqlite_world(tmp_path / "trial")
    for name in ("Ann", "Bob"):
        world.randomised(name)
    write_private(tmp_path / "holder.key", f"{holder_key('holder')}\n".encode())
    write_private(tmp_path / "word", f"{PASSPHRASE}\n".encode())
    return Hospital(tmp_path, world)


@pytest.fixture
def host(hospital: Hospital) -> tuple[str, bytes]:
    """A break host with one doctor: its folder, the secret of the doctor's codes."""
    place = str(hospital.place / "break")
    made = hospital(
        "break-host", "make", place, "--trial", hospital.trial, "--key", hospital.key, "--telephone", TELEPHONE
    )
    assert "24 labels, each opened and compared" in made
    asked = ("--id", "p02", "--name", "Iris", "--site", "NORTH", "--passphrase-file", hospital.place / "word")
    said = hospital("break-host", "person", "add", place, *asked, "--no-confirm")
    return place, b32decode(said.split("shown once:")[1].split()[0])


def at_the_terminal(secret: bytes, label: str, category: str | None = "emergency") -> str:
    """What somebody types."""
    code = people.code_at(secret, datetime.now(UTC))
    reason = f"{category}\n\n" if category else ""
    return f"{label}\n{reason}p02\n{PASSPHRASE}\n{code}\n"


@pytest.mark.requirement("BL3", "BL4", "BL5")
def test_a_code_is_broken_at_the_terminal_and_taken_in_by_the_clinic_without_the_arm(
    hospital: Hospital, host: tuple[str, bytes]
) -> None:
    place, secret = host
    shown = hospital("break-host", "open", place, said=at_the_terminal(secret, hospital.label("Ann")))
    assert f"was allocated to:  {hospital.arm('Ann')}" in shown
    key = str(Path(place) / "notices.pub")
    told = [hospital("breaks", "take-in", hospital.trial, f"{place}/outbox", "--host-key", key) for _ in range(2)]
    assert "1 code breaks taken in, 0 known before" in told[0]
    assert "0 code breaks taken in, 1 known before" in told[1]
    listed = hospital("breaks", "list", hospital.trial)
    assert "learned by p02" in listed
    (letter,) = (hospital.place / "trial" / "outbox").iterdir()
    for text in (*told, listed, letter.read_text()):
        assert not any(word in text for word in ARM_WORDS)
    assert "whole" in hospital("break-host", "verify", place)
    assert "Iris" in hospital("break-host", "person", "list", place)


@pytest.mark.requirement("BK2")
def test_the_drill_is_taken_in_as_a_drill_and_becomes_no_fact(hospital: Hospital, host: tuple[str, bytes]) -> None:
    place, secret = host
    label = json.loads((Path(place) / "break-host.json").read_text())["drill"]
    said = hospital("break-host", "drill", place, said=at_the_terminal(secret, label, None))
    assert "DRILL: this label belongs to no participant" in said
    (report,) = (Path(place) / "drills").iterdir()
    assert "Interactions: 3" in report.read_text()
    told = hospital("breaks", "take-in", hospital.trial, f"{place}/outbox", "--host-key", f"{place}/notices.pub")
    assert "0 code breaks taken in, 0 known before, 1 drills" in told
    assert hospital.facts(kinds.CODE_BROKEN, kinds.ALARM_RAISED) == []


def test_where_the_notices_come_from_may_stand_in_the_settings(hospital: Hospital, host: tuple[str, bytes]) -> None:
    place, secret = host
    assert "name OUTBOX" in hospital("breaks", "take-in", hospital.trial, ends=1)
    settings = Path(hospital.trial) / "trialwright.toml"
    key = (Path(place) / "notices.pub").read_text().strip()
    text = f'\n[emergency]\ntelephone = "{TELEPHONE}"\noutbox = "../break/outbox"\nhost_key = "{key}"\n'
    settings.write_text(settings.read_text() + text)
    hospital("break-host", "open", place, said=at_the_terminal(secret, hospital.label("Bob")))
    assert "1 code breaks taken in" in hospital("breaks", "take-in", hospital.trial)
    settings.write_text(settings.read_text() + 'colour = "red"\n')
    assert "[emergency] knows telephone, outbox and host_key" in hospital("breaks", "take-in", hospital.trial, ends=1)


def test_a_break_host_is_refused_in_the_trials_folder_with_a_wrong_key_or_wrong_answers(
    hospital: Hospital, host: tuple[str, bytes]
) -> None:
    place, secret = host
    make = ("break-host", "make", f"{hospital.trial}/break", "--trial", hospital.trial, "--telephone", TELEPHONE)
    assert "lies in a trial's folder" in hospital(*make, "--key", hospital.key, ends=1)
    wrong = at_the_terminal(secret, "WRONG12")
    assert "at least one character was misread" in hospital("break-host", "open", place, said=wrong, ends=1)
    assert "is no break host" in hospital("break-host", "open", hospital.trial, ends=1)
    assert "Nobody of id p99" in hospital("break-host", "person", "remove", place, "--id", "p99", ends=1)
    assert "may no longer" in hospital("break-host", "person", "remove", place, "--id", "p02")
    assert "24 labels are held now" in hospital("break-host", "refresh", place, "--trial", hospital.trial)


@pytest.mark.requirement("BL4", "BL5")
def test_envelopes_are_printed_opened_recorded_and_compared(hospital: Hospital) -> None:
    out = hospital.place / "envelopes"
    given = ("--trial", hospital.trial, "--key", hospital.key, "--telephone", TELEPHONE, "-o", out)
    assert "24 envelopes" in hospital("allocation", "envelopes", *given)
    assert "exists" in hospital("allocation", "envelopes", *given, ends=1)
    page = (out / "envelopes.html").read_text()
    assert page.count(hospital.arm("Ann")) > 1
    assert not any(f"{slot.stratum}" in page for slot in allocation_list())
    assert (out / "envelopes.html").stat().st_mode & 0o077 == 0
    compare = ("breaks", "reconcile", hospital.trial, "--envelopes", out / "labels.csv")
    assert "0 differences" in hospital(*compare)
    told = ("--label", hospital.label("Ann"), "--category", "emergency", "--learned-by", "dr.n", "--by", "p03")
    record = ("breaks", "record", hospital.trial, *told, "--role", "nurse", "--shown-at", "2026-03-02T03:10")
    assert "The participant goes on" in hospital(*record, "--why", f"it was {hospital.arm('Ann')}")
    (fact,) = hospital.facts(kinds.CODE_BROKEN)
    assert fact.payload["shown_at"] == "2026-03-02T02:10:00.000000Z"
    assert "envelope is still sealed" in hospital(*compare, ends=1)
    with (out / "labels.csv").open(newline="") as file:
        rows = [
            {**row, "state": "opened"} if row["label"] == hospital.label("Ann") else row for row in csv.DictReader(file)
        ]
    text = "label,state\n" + "".join(f"{row['label']},{row['state']}\n" for row in rows)
    (out / "labels.csv").write_text(text)
    assert "0 differences" in hospital(*compare)
    (out / "labels.csv").write_text("name\nx\n")
    assert "needs the columns label and state" in hospital(*compare, ends=1)


def test_a_participants_card_tells_every_treatment_and_so_none(hospital: Hospital) -> None:
    pages = []
    for name in ("Ann", "Bob"):
        path = hospital.place / f"{name}.html"
        given = ("--participant", hospital.world.numbers[name], "-o", path, "--telephone", TELEPHONE)
        hospital("allocation", "card", hospital.trial, *given)
        pages.append(path.read_text().replace(hospital.world.numbers[name], "N").replace(hospital.label(name), "L"))
    assert pages[0] == pages[1].replace(code_of(hospital, "Bob"), code_of(hospital, "Ann"))
    assert all("Invented tablet" in page and "Placebo tablet" in page for page in pages)
    text = ("allocation", "card", hospital.trial, "-o", hospital.place / "x.html")
    assert "is no randomised participant" in hospital(*text, "--participant", "X", "--telephone", "1", ends=1)
    assert "24-hour telephone" in hospital(*text, "--participant", hospital.world.numbers["Ann"], ends=1)


def code_of(hospital: Hospital, name: str) -> str:
    """The bars of a participant's label, named as in the test above."""
    return code39.svg(hospital.label(name)).replace(hospital.label(name), "L")


@pytest.mark.requirement("BL6")
def test_the_safety_unit_gets_the_arm_in_a_file_of_its_own_and_the_ledger_does_not(hospital: Hospital) -> None:
    path = hospital.place / "susar.txt"
    given = ("--participant", hospital.world.numbers["Ann"], "--key", hospital.key, "--by", "p21", "--why", "case 7")
    said = hospital("safety", "open", hospital.trial, *given, "-o", path)
    assert hospital.arm("Ann") not in said
    assert hospital.arm("Ann") in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert "exists or lies in a trial" in hospital("safety", "open", hospital.trial, *given, "-o", path, ends=1)
    assert hospital.arm("Ann") in hospital("safety", "open", hospital.trial, *given)
    for fact in hospital.facts(kinds.CODE_BROKEN):
        assert (fact.payload["how"], fact.payload["category"]) == ("safety unit", "SUSAR")
        assert "case 7" not in str(fact.payload)


@pytest.mark.requirement("BL5")
def test_an_accident_is_reported_and_listed(hospital: Hospital) -> None:
    told = ("--who", "p22", "--how", "conversation", "--what", "allocation", "--impact", "another assessor")
    given = (
        "--participant",
        hospital.world.numbers["Ann"],
        "--by",
        "p03",
        "--role",
        "nurse",
        "--words",
        "she said tablet",
    )
    assert "Recorded as fact" in hospital("breaks", "report", hospital.trial, *told, *given)
    rows = json.loads(hospital("breaks", "list", hospital.trial, "--json"))
    assert [(row["what"], row["about"]["who"]) for row in rows] == [("unblinding reported", "p22")]
    assert "tablet" not in str(rows)


@pytest.mark.requirement("BL5")
def test_the_committee_takes_a_snapshot_and_opens_it_with_nothing_else_there(hospital: Hospital) -> None:
    out, opened = hospital.place / "out", hospital.place / "opened"
    said = hospital("dsmb", "export", hospital.trial, "-o", out, "--meeting", "1", "--by", "p24")
    assert "2 sealed labels" in said
    (hospital.place / "trial").rename(hospital.place / "gone")
    running = hospital.place / "another"
    running.mkdir()
    (running / "trialwright.toml").touch()
    said = hospital("dsmb", "open", out, "--key", hospital.key, "-o", running / "opened", ends=1)
    assert "lies in a trial's folder" in said
    assert not (running / "opened").exists()
    assert "2 participants" in hospital("dsmb", "open", out, "--key", hospital.key, "-o", opened)
    with (opened / "tables" / "participants.csv").open(newline="") as file:
        arms = {row["label"]: row["arm"] for row in csv.DictReader(file)}
    assert {ARMS[arms[hospital.label(name)]].label for name in ("Ann",)} == {hospital.arm("Ann")}


@pytest.mark.requirement("BL4")
def test_a_break_host_and_envelopes_are_made_from_the_package_before_the_trial_is_open(tmp_path: Path) -> None:
    """Another definition than the package's is refused; so is a key that opens nothing."""
    from tests.plugins.ceremonies import Ceremony, done, refused

    made = Ceremony(tmp_path).reviewed()
    given = ("--package", made.package, "--key", tmp_path / "keys" / "break-host.key", "--telephone", TELEPHONE)
    assert "name it with --definition" in refused("break-host", "make", tmp_path / "b", *given)
    whole = (*given, "--definition", made.trial)
    assert "24 labels" in done("break-host", "make", tmp_path / "b", *whole)
    assert "24 envelopes" in done("allocation", "envelopes", *whole, "-o", tmp_path / "e")
    assert "Invented tablet" in (tmp_path / "e" / "envelopes.html").read_text()
    package = ("--package", made.package, "--definition", made.trial)
    for role in (
        "escrow-1",
        "safety-unit",
    ):  # the second would open every slot, and lie where it is reached from outside
        told = (*package, "--key", tmp_path / "keys" / f"{role}.key", "--telephone", TELEPHONE)
        assert f"the key of {role}, not of break-host" in refused("break-host", "make", tmp_path / "c", *told)
    assert not (tmp_path / "c").exists()


def test_whose_authenticator_shows_another_code_is_not_enrolled(hospital: Hospital, host: tuple[str, bytes]) -> None:
    place, _ = host
    asked = ("--id", "p31", "--name", "Max", "--passphrase-file", hospital.place / "word")
    said = hospital("break-host", "person", "add", place, *asked, said="000000\n", ends=1)
    assert "nobody was enrolled" in said
    (gone,) = [line for line in hospital("break-host", "person", "list", place).splitlines() if "p31" in line]
    assert " to " in gone
    hospital("break-host", "person", "add", place, *asked, said="", ends=1)
    left = [line for line in hospital("break-host", "person", "list", place).splitlines() if "p31" in line]
    assert all(" to " in line for line in left), "a prompt that was left enrolled somebody"
