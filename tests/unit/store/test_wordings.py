"""Licensed texts of questionnaires: in the trial's folder, on its pages, and nowhere else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.plugins.editing import SMALL, edited
from typer.testing import CliRunner

from trialwright import design, store
from trialwright.cli import app
from trialwright.conduct.catalogue import catalogue
from trialwright.design.wordings import WordingErrors
from trialwright.ledger import kinds
from trialwright.ledger.canonical import instant_text
from trialwright.ledger.fact import Draft
from trialwright.store import wordings
from trialwright.web import running
from trialwright.web.clinic import words
from trialwright.web.reading import Reading

ITEMS = "\n".join(f"  i{number}: Sponsor's sentence {number}" for number in range(1, 10))
TEXT = f"instrument: fss\nlanguage: nl\nversion: '2'\nlicence: granted to this trial\nitems:\n{ITEMS}\n"


@pytest.fixture
def trial(quick_path: Path, tmp_path: Path) -> Iterator[Path]:
    """The small trial with a fatigue scale among its forms, opened in a folder."""
    from django.db import connections

    form = "forms:\n  tired: {label: Fatigue, src: invented, instrument: fss}\n"
    text = edited(tmp_path, ("forms:\n", form), ("schedule:\n", "schedule:\n  tired: [FIRST]\n"), trial=SMALL)
    definition = design.read(text, catalogue())
    payload = {"definition": design.full_text(definition), "fingerprint": design.fingerprint(definition)}
    store.create(quick_path / "trial")
    ledger = store.open_ledger(quick_path / "trial")
    at = instant_text(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
    with ledger.act():
        ledger.append(Draft(at, "p00", "sponsor", kinds.TRIAL_OPENED, definition.version, payload, "ab" * 16))
    yield quick_path / "trial"
    ledger.close()
    connections.close_all()


def the_file(folder: Path, text: str = TEXT) -> Path:
    path = folder / "wording.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_loaded_wording_stands_on_the_pages_and_its_loading_in_the_access_log(trial: Path, tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["wordings", "load", str(trial), str(the_file(tmp_path)), "--by", "Dee"])
    assert (answer.exit_code, answer.stdout) == (0, "fss, nl: 9 items (granted to this trial)\n")
    (one,) = wordings.loaded(trial)
    reading = Reading(store.open_ledger(trial))
    running.start(running.Running(reading, wordings={one.instrument: one}))
    with reading.trial() as now:
        assert now is not None
        assert words.item_label(now.definition, "tired", "i3") == ("Sponsor's sentence 3", "")
        running.start(running.Running(reading))
        assert words.item_label(now.definition, "tired", "i3")[0] != "Sponsor's sentence 3"
    log = store.open_access(trial)
    (fact,) = [fact for fact in log.facts() if fact.kind == store.access.WORDING_LOADED]
    log.close()
    assert fact.payload is not None
    assert (fact.by, fact.payload["wording"]) == ("Dee", "fss.nl")
    assert "Sponsor" not in str(fact.payload)


def test_the_ledger_and_its_definition_hold_nothing_of_a_wording(trial: Path, tmp_path: Path) -> None:
    before = store.read_snapshot(trial).hash
    wordings.load(trial, the_file(tmp_path), "Dee")
    ledger = store.open_ledger(trial)
    assert "Sponsor's sentence" not in "".join(str(fact.payload) for fact in ledger.facts())
    assert store.read_snapshot(trial).hash == before


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("instrument: fss", "instrument: fsss", "wording.yaml:1:13: error: no form of the trial is the instrument"),
        ("  i3: Sponsor's sentence 3\n", "", "without a text: i3"),
        ("  i3:", "  i33:", "the instrument has no item 'i33'"),
        ("language: nl", "language: Dutch!", "wording.yaml:2:11: error"),
        ("licence: granted to this trial\n", "", "licence"),
    ],
)
def test_a_wording_that_does_not_fit_is_refused_with_its_place_and_nothing_is_kept(
    trial: Path, tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in TEXT
    with pytest.raises(WordingErrors) as refused:
        wordings.load(trial, the_file(tmp_path, TEXT.replace(old, new)), "Dee")
    assert sentence in str(refused.value)
    assert wordings.loaded(trial) == []
    assert wordings.lacking(trial) == ["fss"]


def test_a_newer_wording_takes_the_place_of_the_one_before(trial: Path, tmp_path: Path) -> None:
    wordings.load(trial, the_file(tmp_path), "Dee")
    wordings.load(trial, the_file(tmp_path, TEXT.replace("version: '2'", "version: '3'")), "Dee")
    assert [one.version for one in wordings.loaded(trial)] == ["3"]
    assert (
        CliRunner().invoke(app, ["wordings", "list", str(trial)]).stdout
        == "fss, nl, version 3: granted to this trial\n"
    )


def test_the_list_of_a_trial_without_instruments_says_so(quick_path: Path) -> None:
    from django.db import connections

    definition = design.read(SMALL, catalogue())
    payload = {"definition": design.full_text(definition), "fingerprint": design.fingerprint(definition)}
    store.create(quick_path / "plain")
    ledger = store.open_ledger(quick_path / "plain")
    at = instant_text(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
    with ledger.act():
        ledger.append(Draft(at, "p00", "sponsor", kinds.TRIAL_OPENED, definition.version, payload, "ab" * 16))
    said = CliRunner().invoke(app, ["wordings", "list", str(quick_path / "plain")]).stdout
    assert said == "No form of the trial is an instrument, so there is no text to load.\n"
    ledger.close()
    connections.close_all()
