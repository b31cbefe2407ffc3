"""What is wrong with a section `kits` is said at its place."""

from pathlib import Path

import pytest
from tests.plugins.editing import said
from tests.plugins.kits import SECTION, kit_trial, with_kits

from trialwright import design

RESUPPLY = "resupply: {floor: 1, target: 3, lead_days: 3, interval_days: 7, shipment: 2}"


def test_the_section_of_the_tests_is_right(tmp_path: Path) -> None:
    assert said(with_kits(tmp_path)) == []
    kits = kit_trial().kits
    assert kits is not None
    assert (kits.dispense, kits.resupply.target, kits.initial) == ({"START": 1, "WEEK8": 1}, 3, {})


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("{START: 1, WEEK8: 1}", "{}", "no visit hands out a kit"),
        ("WEEK8: 1}", "WEEK9: 1}", "the visit 'WEEK9' is not declared (did you mean 'WEEK8'?)"),
        ("WEEK8: 1}", "EXTRA: 1}", "kits are planned at the unscheduled visit 'EXTRA'"),
        ("WEEK8: 1}", "WEEK8: 0}", "0 kits are handed out at 'WEEK8'"),
        ("WEEK8: 1}", "FIRST: 1}", "'FIRST' comes before randomisation at 'START'"),
        ("lasts_days: 80", "lasts_days: 60", "up to 63 days lie between 'START' and 'WEEK8', more than 60"),
        ("[2, 25]", "[25, 2]", "25 to 2 is no range"),
        ("target: 3, ", "", "neither `target` nor `weeks` says what a shipment fills up to"),
        ("target: 3, ", "target: 3, weeks: 6, ", "`target` and `weeks` both say"),
        ("target: 3, ", "target: 1, ", "the target 1 is not above the floor 1"),
        ("target: 3, ", "weeks: 6, ", "weeks of supply need to know how many are expected"),
        (
            RESUPPLY,
            RESUPPLY.replace("target: 3", "weeks: 1, expects: {NORTH: 1}"),
            "weeks: 1 ends before",
        ),
        (RESUPPLY, RESUPPLY.replace("}", ", expects: {SOUTH: 1}}"), "the site 'SOUTH' is not declared"),
        (RESUPPLY, RESUPPLY.replace("}", ", expects: {NORTH: -1}}"), "-1 new participants per week"),
        (RESUPPLY, f"{RESUPPLY}\n  initial: {{NORTH: 5}}", "5 kits cannot hold the ratio (a multiple of 2)"),
        (RESUPPLY, f"{RESUPPLY}\n  initial: {{NORTH: 8}}", "8 kits are above the target of 6"),
        (RESUPPLY, f"{RESUPPLY}\n  initial: {{NORTH: 0}}", "0 kits are below the floor of 2"),
        (RESUPPLY, f"{RESUPPLY}\n  initial: {{SOUTH: 6}}", "the site 'SOUTH' is not declared"),
        ("lead_days: 3", "lead_days: -1", "-1: this must be 0 or more"),
        ("margin_days: 7", "margin: 7", "margin"),
    ],
)
def test_each_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    """The line is one of the section's own."""
    folder = with_kits(tmp_path, (old, new))
    text = (folder / "trial.yaml").read_text(encoding="utf-8").splitlines()
    first = text.index("kits:") + 1
    found = [line for line in said(folder) if sentence in line]
    assert found, said(folder)
    line = int(found[0].split(":")[1])
    assert first <= line <= first + SECTION.count("\n") + 1


def test_no_site_may_be_called_depot(tmp_path: Path) -> None:
    assert any(
        "a site cannot be called 'depot'" in line for line in said(with_kits(tmp_path, ("  WEST: {", "  depot: {")))
    )


def test_what_participants_get_is_a_substantial_change_and_how_sites_are_supplied_is_not() -> None:
    kits = kit_trial().kits
    assert kits is not None
    more = {"START": 2, "WEEK8": 1}
    changed = kits.model_copy(
        update={"resupply": kits.resupply.model_copy(update={"target": 5}), "dispense": more, "margin_days": 14}
    )
    found = design.changes(kit_trial(), kit_trial().model_copy(update={"kits": changed}))
    assert {change.path: change.substantial for change in found} == {
        "kits.dispense.START": True,
        "kits.margin_days": True,
        "kits.resupply.target": False,
    }
