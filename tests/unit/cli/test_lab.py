"""`trialwright lab`: what it prints, how it ends, and that it never names what is sealed."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.plugins.editing import REFERENCE, SMALL
from tests.plugins.laboratory import as_csv, in_a_folder, result, with_people
from tests.plugins.world import World
from tests.plugins.worlds import holder_key
from typer.testing import CliRunner, Result

from trialwright import design, store
from trialwright.allocation.keys import write_private
from trialwright.capture.laboratory import manifest_of, names_of, split
from trialwright.capture.laboratory_values import Given
from trialwright.capture.laboratory_values import Result as Reading
from trialwright.capture.laboratory_values import result as read
from trialwright.cli import app
from trialwright.conduct.catalogue import catalogue
from trialwright.design.laboratory_tests import item_of
from trialwright.store.world import ServerClock


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    from django.db import connections

    world = with_people(in_a_folder(tmp_path / "trial"))
    monkeypatch.setattr(ServerClock, "now", lambda self: world.clock.now())
    write_private(tmp_path / "holder.key", f"{holder_key()}\n".encode())
    yield world
    world.desk.ledger.close()  # type: ignore[attr-defined]
    connections.close_all()


def ran(folder: Path, line: str) -> Result:
    """The program, with the names of files in the test's folder."""
    return CliRunner().invoke(app, shlex.split(line.replace("{}", str(folder))))


def test_a_file_is_taken_in_once_and_listed_with_its_range(world: World, tmp_path: Path) -> None:
    rows = [result(world), result(world, test="ALT", value="1.5", unit="ukat/L"), result(world, "Bob", "RENIN", "777")]
    (tmp_path / "results.csv").write_bytes(as_csv(rows))
    found = ran(tmp_path, "lab import {}/trial {}/results.csv --by p05")
    assert found.exit_code == 0, found.output
    assert "90 U/L" in found.stdout
    assert "3.00" in found.stdout
    assert "Taken in, results of open tests: 2 new, 0 corrected, 0 the same, 0 without a value" in found.stdout
    assert not {"777", "RENIN", "renin", "row 3"} & set(found.output.split())
    again = ran(tmp_path, "lab import {}/trial {}/results.csv --by p05 --json")
    said = json.loads(again.stdout)
    assert (again.exit_code, said["fact"], said["before"]) == (0, False, True)
    assert "were taken in before" in ran(tmp_path, "lab import {}/trial {}/results.csv --by p05").stdout


def test_the_holder_of_a_key_sees_what_became_of_sealed_rows(world: World, tmp_path: Path) -> None:
    rows = [result(world, "Bob", "RENIN", "777"), result(world, "Ann", "RENIN", "5", unit="mol"), result(world)]
    (tmp_path / "results.csv").write_bytes(as_csv(rows))
    assert ran(tmp_path, "lab import {}/trial {}/results.csv --by p05").exit_code == 0
    found = ran(tmp_path, "lab sealed {}/trial --key {}/holder.key --by p30")
    assert found.exit_code == 0, found.output
    assert "777" in found.stdout
    assert "mol (amount) does not convert into ng/L" in found.stdout
    (record,) = json.loads(ran(tmp_path, "lab sealed {}/trial --key {}/holder.key --by p30 --json").stdout).values()
    assert [row["became"] for row in record["rows"]] == ["kept", "not taken"]
    log = store.open_access(tmp_path / "trial")
    looked = [(fact.by, fact.role, fact.kind) for fact in log.facts()]
    log.close()
    assert looked == [("p30", "pharmacist-1", "access.read")] * 2
    write_private(tmp_path / "stranger.key", f"{holder_key('stranger')}\n".encode())
    strange = ran(tmp_path, "lab sealed {}/trial --key {}/stranger.key --by p30")
    assert strange.exit_code == 1
    assert "is the key of nobody who may read what is sealed" in str(strange.exception)


def test_a_file_with_something_wrong_ends_with_one_and_every_sentence(world: World, tmp_path: Path) -> None:
    rows = [result(world, unit="furlong"), result(world, "Bob", visit="WEEK9"), result(world, "Bob", "CRP", "3")]
    (tmp_path / "results.csv").write_bytes(as_csv(rows))
    found = ran(tmp_path, "lab import {}/trial {}/results.csv --by p05")
    assert found.exit_code == 1
    assert "row 1 (sample S-Ann, K), unit: furlong" in str(found.exception)
    assert "row 2 (sample S-Bob, K), visit: there is no visit 'WEEK9'" in str(found.exception)
    partial = ran(tmp_path, "lab import {}/trial {}/results.csv --by p05 --partial")
    assert partial.exit_code == 0
    assert "1 new, 0 corrected, 0 the same, 0 without a value; 0 repeated, 2 left out" in partial.stdout
    assert "row 2 (sample S-Bob, K), visit" in partial.stderr


def test_what_is_outstanding_is_listed_by_the_visit_and_never_what_is_sealed(world: World, tmp_path: Path) -> None:
    assert "Nothing is outstanding." in ran(tmp_path, "lab expected {}/trial").stdout
    (tmp_path / "results.csv").write_bytes(as_csv([result(world), result(world, "Bob", value="", comment="spilt")]))
    assert ran(tmp_path, "lab import {}/trial {}/results.csv --by p05").exit_code == 0
    world.clock.at = datetime(2026, 3, 12, 8, tzinfo=UTC)
    rows = json.loads(ran(tmp_path, "lab expected {}/trial --json").stdout)
    assert {(row["participant"], row["test"]) for row in rows} == {
        (world.numbers[name], test) for name in ("Ann", "Bob") for test in ("ALT", "CRP")
    }
    assert {row["by"] for row in rows} == {"2026-03-09"}
    every = json.loads(ran(tmp_path, "lab expected {}/trial --all --json").stdout)
    assert {row["is"] for row in every} == {"there", "not done", "outstanding"}
    assert "RENIN" not in str(every)


def test_ranges_of_a_trial_that_runs_are_those_of_its_definition(world: World, tmp_path: Path) -> None:
    rows = json.loads(ran(tmp_path, "lab ranges {}/trial --json").stdout)
    plan = world.desk.protocol(world.desk.state.version).definition.laboratory
    assert plan is not None
    assert [(row["laboratory"], row["test"]) for row in rows] == [(one.laboratory, one.test) for one in plan.ranges]


def test_ranges_are_shown_in_the_items_unit_with_their_source() -> None:
    found = json.loads(CliRunner().invoke(app, ["lab", "ranges", str(REFERENCE), "--json"]).stdout)
    assert {row["source"] for row in found} == {"assumed"}
    assert {"CK", "HB", "IGG"} <= {row["test"] for row in found}
    assert "declares no reference range" in CliRunner().invoke(app, ["lab", "ranges", str(SMALL)]).stdout


def test_what_cannot_be_read_as_a_file_is_refused(world: World, tmp_path: Path) -> None:
    assert ran(tmp_path, "lab import {}/trial /dev/zero --by p05").exit_code == 1
    assert ran(tmp_path, "lab import {}/trial {}/nothing.csv --by p05").exit_code == 1


def test_what_an_assay_writes_can_be_taken_in(tmp_path: Path) -> None:
    """A value, one below its limit, one above, and a rejected plate, as rows of the reference trial's CXCL10."""
    from tests.plugins.plates import Recipe, long_form, plate

    good = plate(Recipe(samples={"T1": 4.0, "T2": 80.0, "T3": 9000.0}, noise=0.01))
    wells = tuple(replace(w, response=(w.response or 0) * 0.4) if w.role == "qc" else w for w in good.wells)
    (tmp_path / "plates.csv").write_text(long_form([good, replace(good, id="P2", wells=wells)]), encoding="utf-8")
    assert ran(tmp_path, "assay {}/plates.csv -o {}/out --model 4pl").exit_code == 1  # P2 is rejected
    definition = design.read(REFERENCE, catalogue())
    assert definition.laboratory is not None
    names = names_of(definition, definition.laboratory)
    manifest = manifest_of(
        b"sample,participant,visit,taken\n" + b"".join(b"T%d,P,W4,2026-06-01\n" % n for n in (1, 2, 3))
    )
    parts = split((tmp_path / "out" / "results.csv").read_bytes(), names)
    assert (len(parts.open), len(parts.rest), parts.ignored) == (6, 0, ())
    found = [read(definition, line, names.open["cxcl10"], Given(manifest)) for line in parts.open]
    low, middle, high, *rejected = found
    assert isinstance(low, Reading)
    assert (low.beyond, low.text) == ("<", "15.625")
    assert isinstance(middle, Reading)
    assert 75 < Decimal(middle.text or "0") < 85
    above = item_of(definition, definition.laboratory.tests["CXCL10"]).above
    assert isinstance(high, Reading) is bool(above)
    assert all(isinstance(one, Reading) and one.text is None and "rejected" in one.absent for one in rejected)
