"""The pharmacist's client on a trial's folder: what it prints, what it keeps, what survives a crash."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.plugins.supplying import on_disk, treated
from tests.plugins.worlds import allocation_list, holder_key
from typer.testing import CliRunner

from trialwright import store
from trialwright.allocation.keys import KeyFileRefused
from trialwright.cli import app
from trialwright.cli.pharmacy_journal import Journal, JournalRefused
from trialwright.conduct import Refused

BY = ("--by", "Pia Pharmacist")
VIALS = {"T": ["N1:5x20 g", "N1:3x10g", "N2:2x5 g"], "P": ["S1:6x500 mL"]}
"""30 g is 20 + 10; 55 g is 20 + 20 + 10 + 5, twice. 2,800 mL take six bags."""


class Client:
    """A trial with one randomised participant, a key, and a clock that stands at nine on a Monday (site time)."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch, swapped: bool = False) -> None:
        other = {"T": "P", "P": "T"}
        slots = tuple(replace(slot, arm=other[slot.arm]) for slot in allocation_list()) if swapped else None
        self.place, self.trial = place, place / "trial"
        world = on_disk(self.trial, slots)
        treated(world, "Anna")
        self.number, label = world.numbers["Anna"], world.person("Anna").allocation
        assert label is not None
        self.label = label.label
        self.arm = world.desk.vault.opened([self.label], world.keys)[self.label]
        world.desk.ledger.close()  # type: ignore[attr-defined]
        self.key = place / "pharmacist-1.key"
        self.key.write_text(f"{holder_key()}\n")
        os.chmod(self.key, 0o600)
        self.monkeypatch = monkeypatch
        self.clock(9)

    def clock(self, hour: int, minute: int = 0) -> None:
        """Set the clock of this computer, at the site."""
        now = datetime(2026, 3, 2, hour - 1, minute, tzinfo=UTC)
        self.monkeypatch.setattr(store.ServerClock, "now", lambda _: now)

    def __call__(self, *words: str, key: bool = True) -> str:
        """Run a command; what it printed, or the refusal."""
        keyed = ("--key", str(self.key)) if key else ()
        done = CliRunner().invoke(app, ["pharmacy", words[0], str(self.trial), *words[1:], *keyed, *BY])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            assert isinstance(done.exception, Refused | JournalRefused | KeyFileRefused), repr(done.exception)
            return str(done.exception)
        return str(done.output)

    def prepare(self, *more: str, lots: list[str] | None = None) -> str:
        """Note the whole course."""
        used = [word for lot in lots or VIALS[self.arm] for word in ("--used", lot)]
        about = ("--participant", self.number, "--visit", "START", "--days", "3", "--checked-by", "Sid Second")
        return self("prepare", *about, *used, *more)

    def ready(self) -> list[str]:
        """The days that are ready, as the site sees them."""
        return [day for _, day in store.read_state(self.trial).participants[self.number].ready]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client."""
    return Client(tmp_path, monkeypatch)


def test_a_worksheet_lies_outside_the_trial_and_says_what_it_is(client: Client, tmp_path: Path) -> None:
    about = ("--participant", client.number, "--visit", "START", "--days", "3")
    client("worksheet", *about, "--output", str(tmp_path / "sheets"))
    page, text = (
        (tmp_path / "sheets" / f"worksheet-{client.number}-START{suffix}").read_text() for suffix in (".html", ".txt")
    )
    assert page.count("sealed: pharmacy") == 6  # twice on each of three sheets
    for shown in (client.label, client.number, "70 kg at START", "2 g/kg x 70 kg = 140 g", "1100 mL"):
        assert shown in text
        assert shown in page
    assert "367" in page
    assert "lies in a trial's folder" in client("worksheet", *about, "--output", str(client.trial / "sheets"))
    assert {path.name for path in (tmp_path / "sheets").iterdir()} == {
        f"worksheet-{client.number}-START.html",
        f"worksheet-{client.number}-START.txt",
    }


def test_both_arms_have_the_same_sheet_but_for_the_product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = []
    for name, swapped in (("one", False), ("other", True)):
        (tmp_path / name).mkdir()
        client = Client(tmp_path / name, monkeypatch, swapped)
        client("worksheet", "--participant", client.number, "--visit", "START", "-o", str(tmp_path / name))
        text = (tmp_path / name / f"worksheet-{client.number}-START.txt").read_text()
        texts.append([line for line in text.splitlines() if not line.startswith(("Product", "  [ ]"))])
    assert texts[0] == texts[1]


def test_every_opening_is_noted_without_the_arm(client: Client, tmp_path: Path) -> None:
    client("worksheet", "--participant", client.number, "--visit", "START", "-o", str(tmp_path))
    log = store.open_access(client.trial)
    (noted,) = [fact for fact in log.facts() if fact.kind == "access.printed"]
    log.close()
    assert noted.participant == client.number
    assert noted.payload == {"what": "worksheet", "label": client.label, "visit": "START"}


def test_from_the_worksheet_to_the_ready_bag(client: Client) -> None:
    assert client.prepare() == (
        f"Noted: {client.label}, START, day 1 to 3: 2800 mL in 8 bags. Release it at 10:00 on 2026-03-02 or after.\n"
    )
    assert "wait for 10:00 on 2026-03-02" in client("release"), "one hour, on the site's clock"
    assert client.ready() == []
    client.clock(10)
    assert client("release") == f"{client.label}  START  day 1 to 3: ready\n"
    assert client.ready() == ["1 to 3"]
    assert client("release") == "Nothing waits in the journal.\n"


def test_the_journal_tells_nothing_without_a_key(client: Client) -> None:
    client.prepare()
    (journal,) = client.place.glob("*.journal")
    assert client.label.encode() not in journal.read_bytes()
    with pytest.raises(JournalRefused, match="line 1"):
        Journal(journal, holder_key("escrow-1"), ()).entries()


def test_a_client_that_died_after_the_act_releases_nothing_twice(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.prepare()
    client.clock(11)
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "released", _dies)
        CliRunner().invoke(app, ["pharmacy", "release", str(client.trial), "--key", str(client.key), *BY])
    assert client.ready() == ["1 to 3"]
    before = store.read_state(client.trial).number
    assert client("release") == "1 had been released before.\n"
    assert store.read_state(client.trial).number == before


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_line_that_a_crash_cut_off_is_dropped_and_one_taken_out_is_found(client: Client) -> None:
    client.prepare()
    (path,) = client.place.glob("*.journal")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:50])
    client.clock(11)
    assert "ready" in client("release")
    first, second = path.read_bytes().splitlines(keepends=True)
    assert first == whole
    path.write_bytes(second)
    assert "a line before line 1" in client("release")


@pytest.mark.parametrize(
    ("more", "lots", "says"),
    [
        (("--checked-by", "pia pharmacist"), None, "another person"),
        (("--day", "4"), None, "The course has 3 days; there is no day 4."),
        (("--day", "2"), None, "are planned"),
        ((), ["N1"], "'N1' is not LOT:COUNTxSIZE"),
    ],
)
def test_a_wrong_preparation_is_refused(
    client: Client, more: tuple[str, ...], lots: list[str] | None, says: str
) -> None:
    assert says in client.prepare(*more, lots=lots)
    assert not list(client.place.glob("*.journal"))


def test_a_day_is_not_prepared_twice_by_mistake(client: Client) -> None:
    client.prepare()
    assert "day 1, 2, 3 was prepared before" in client.prepare()
    assert "Noted" in client.prepare("--again")


def test_the_account_and_the_trace(client: Client, tmp_path: Path) -> None:
    product = {"T": "tablet", "P": "placebo"}[client.arm]
    lots = [lot.replace(":", ":1") for lot in VIALS[client.arm]]  # ten more of each than will be used
    received = [word for lot in lots for word in ("--lot", lot)]
    assert "Sealed: received" in client("receive", "--product", product, *received, key=False)
    client.prepare()
    client.clock(11)
    client("release")
    broken = VIALS[client.arm][0].split(":")[0] + ":1x" + VIALS[client.arm][0].split("x")[1]
    client("destroy", "--product", product, "--lot", broken, key=False)
    lines = json.loads(client("account", "--json"))["lines"]
    assert [line["there"] for line in lines if line["destroyed"] == "1"] == ["9"]
    assert {line["there"] for line in lines if line["destroyed"] == "0"} <= {"10"}
    lot = VIALS[client.arm][0].split(":")[0]
    got = json.loads(client("trace", "--lot", lot, "--json"))
    assert got["class"] == "sealed: pharmacy"
    assert {line["participant"] for line in got["lines"]} == {client.number}
    count = len(VIALS[client.arm])
    said = client("trace", "--participant", client.number, "--csv", str(tmp_path / "t.csv"))
    assert f"t.csv: {count} line" in said
    assert "sealed: pharmacy" in (tmp_path / "t.csv").read_text()


def test_a_wrong_key_opens_nothing(client: Client, tmp_path: Path) -> None:
    client.key.write_text(f"{holder_key('escrow-1')}\n")
    about = ("--participant", client.number, "--visit", "START", "-o", str(tmp_path))
    assert "The slot was not opened" in client("worksheet", *about)
    assert "The records were not opened" in client("account") or "no record" in client("account")


def test_nothing_is_prepared_from_a_ledger_that_does_not_verify(client: Client, tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(client.trial / "trial.sqlite3") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
    about = ("--participant", client.number, "--visit", "START", "-o", str(tmp_path))
    assert "does not verify, so nothing is prepared from it" in client("worksheet", *about)
