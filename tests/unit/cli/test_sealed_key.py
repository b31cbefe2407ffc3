"""`report` and `analyse` with the key that opens sealed values: whose key does, who is recorded, what is said."""

import json
from pathlib import Path

import pytest
from tests.pages.conftest import _page_settings  # noqa: F401 - configures Django for the pages
from tests.plugins.editing import SMALL
from typer.testing import CliRunner, Result

from trialwright import store
from trialwright.allocation.keys import VALUE_READERS
from trialwright.cli import app
from trialwright.ledger import kinds


def ran(*words: object) -> Result:
    """The command as a person would run it."""
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished demonstration of the small trial."""
    folder = tmp_path_factory.mktemp("demo") / "trial"
    result = ran("demo", folder, "--trial", SMALL)
    assert result.exit_code == 0, result.output
    return folder


def keys(demo: Path) -> Path:
    return demo.with_name(f"{demo.name}.keys")


def section(folder: Path, name: str) -> str:
    """What a section of a written report says, as JSON."""
    content = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return json.dumps(next(one for one in content["sections"] if one["id"] == name))


@pytest.mark.requirement("BL2", "AT1")
def test_the_demonstrations_report_rests_on_opened_values_and_the_opening_is_a_fact(demo: Path) -> None:
    facts = list(store.open_ledger(demo).facts())
    (opening,) = (fact for fact in facts if fact.kind == kinds.SEALED_OPENED)
    assert (opening.by, opening.role) == ("Demo pharmacist", "pharmacist")
    assert "were opened for this report" in section(demo / "report", "sealed")
    risk = section(demo / "report", "unblinding-risk")
    assert "Of the sealed values, Renin tells most" in risk
    assert '"expected": [{' in risk
    assert "Before the trial" in risk


@pytest.mark.requirement("BL2")
def test_without_a_key_an_unblinded_report_says_what_is_sealed_and_for_whom(demo: Path, tmp_path: Path) -> None:
    before = store.verify(demo).facts
    assert ran("report", demo, "-o", tmp_path / "report").exit_code == 0
    said = section(tmp_path / "report", "sealed")
    assert "Nothing in this report rests on them" in said
    assert "the key of" in said
    assert "The sealed values were not opened" in section(tmp_path / "report", "unblinding-risk")
    assert store.verify(demo).facts == before


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize("holder", sorted(VALUE_READERS))
def test_everybody_to_whom_values_are_sealed_opens_them_and_is_recorded(
    demo: Path, holder: str, tmp_path: Path
) -> None:
    key = keys(demo) / f"{holder}.key"
    result = ran("report", demo, "-o", tmp_path / "report", "--sealed-key", key, "--by", "r.eader")
    assert result.exit_code == 0, result.exception
    last = list(store.open_ledger(demo).facts())[-1]
    assert (last.kind, last.by, last.role) == (kinds.SEALED_OPENED, "r.eader", VALUE_READERS[holder])
    assert "were opened for this report" in section(tmp_path / "report", "sealed")
    assert store.verify(demo).ok


@pytest.mark.requirement("BL2")
def test_no_other_key_opens_them_and_nothing_is_recorded(demo: Path, tmp_path: Path) -> None:
    from pyrage import x25519

    stranger = tmp_path / "stranger.key"
    stranger.write_text(f"{x25519.Identity.generate()}\n")
    stranger.chmod(0o600)
    before = store.verify(demo).facts
    table = [
        (keys(demo) / "escrow-1.key", ("--by", "r.eader"), "the key of escrow-1, to whom no value is sealed"),
        (keys(demo) / "break-host.key", ("--by", "r.eader"), "the key of break-host, to whom no value is sealed"),
        (stranger, ("--by", "r.eader"), "none of this trial's keys"),
        (keys(demo) / "safety-unit.key", (), "say who with --by"),
    ]
    for key, who, says in table:
        for command in (("report", demo, "-o", tmp_path / "report"), ("analyse", demo)):
            result = ran(*command, "--sealed-key", key, *who)
            assert says in str(result.exception)
    assert not (tmp_path / "report").exists()
    assert store.verify(demo).facts == before


@pytest.mark.requirement("BL1", "BL2")
def test_before_the_final_unblinding_the_right_key_opens_nothing_and_a_blinded_report_is_silent(tmp_path: Path) -> None:
    from tests.plugins.worlds import holder_key
    from tests.spec.blinding.two_worlds import as_drawn, on_disk

    story = on_disk(tmp_path / "trial", as_drawn)
    story.world.randomised("Ann")
    story.world.desk.ledger.close()  # type: ignore[attr-defined]
    key = tmp_path / "pharmacist-1.key"
    key.write_text(holder_key() + "\n")
    key.chmod(0o600)
    before = store.verify(tmp_path / "trial").facts
    for command in (("report", tmp_path / "trial"), ("analyse", tmp_path / "trial")):
        result = ran(*command, "--sealed-key", key, "--by", "p.harmacist")
        assert "opened after the final lock (final) and the planned unblinding" in str(result.exception)
    assert store.verify(tmp_path / "trial").facts == before
    said = [ran("report", tmp_path / "trial", "-o", tmp_path / name, *more) for name, more in (
        ("plain", ()), ("asked", ("--scenarios", SMALL)),
    )]  # fmt: skip
    assert [one.exit_code for one in said] == [0, 0]
    pages = [(tmp_path / name / "index.html").read_bytes() for name in ("plain", "asked")]
    assert pages[0] == pages[1]
    assert b"What blood tells" not in pages[0]
    assert b"tells most" not in pages[0]
    assert b"Sealed values" in pages[0]


@pytest.mark.requirement("BL2")
def test_whoever_is_sealed_values_is_named_among_their_readers() -> None:
    """The roles whose key the command takes are those to whom the vault seals, no more and no fewer."""
    from trialwright.allocation.keys import OTHER_ROLES, ROLES
    from trialwright.store.vault import READ_NO_VALUES

    assert set(VALUE_READERS) == {*ROLES, *OTHER_ROLES} - set(READ_NO_VALUES)


@pytest.mark.requirement("BL2")
def test_pages_of_blinded_roles_still_open_after_the_sealed_values_were(demo: Path) -> None:
    from tests.spec.blinding.obtaining import of_the_pages

    ledger = store.open_ledger(demo)
    people = list(store.read_state(demo).participants)[:1]
    found = of_the_pages(ledger, people, ("monitor", "investigator"))
    assert found
    assert not [name for name, page in found.items() if "Internal Server Error" in page or page.startswith("500")]
