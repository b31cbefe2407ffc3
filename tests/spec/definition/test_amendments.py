"""An amendment is the next version; what it changes is said in sentences, and whether the change is substantial."""

# The rows of the tables are whole sentences.
# ruff: noqa: E501

from pathlib import Path

import pytest
from tests.plugins.editing import REFERENCE, SMALL, edited

from trialwright import design

SUBSTANTIAL, NOT = True, False


def test_two_readings_of_one_version_differ_in_nothing(tmp_path: Path) -> None:
    assert design.changes(design.read(SMALL), design.read(SMALL)) == ()
    renamed = edited(tmp_path, ('version: "1"', 'version: "2"\ndated: 2026-12-01'))
    assert design.changes(design.read(SMALL), design.read(renamed)) == ()


@pytest.mark.requirement("DC5")
def test_a_change_is_a_sentence_and_is_substantial_or_not(tmp_path: Path) -> None:
    table = [
        ("n: 12\n", "n: 14\n", SUBSTANTIAL, "randomisation.n was 12 and is now 14."),
        ("age >= 18 a", "age >= 16 a", SUBSTANTIAL, "eligibility.IN1.when was age >= 18 a and is now age >= 16 a."),
        ("window: [7, 7]", "window: [7, 14]", SUBSTANTIAL, "visits.WEEK8.window.after was 7 and is now 14."),
        ("range: [0, 120]", "range: [0, 110]", SUBSTANTIAL, "forms.person.items.age.range was 0, 120 and is now 0, 110."),
        ("label: Remark}", "label: Remarks}", NOT, "forms.person.items.remark.label was Remark and is now Remarks."),
        ("      - {id: remark, type: text, label: Remark}\n", "", SUBSTANTIAL, "forms.person.items.remark was removed: Remark."),
        ("      - {id: remark", "      - {id: town, type: text, label: Town}\n      - {id: remark", SUBSTANTIAL, "forms.person.items.town was added: Town."),
        ("name: Northern hospital", "name: Northern clinic", NOT, "sites.NORTH.name was Northern hospital and is now Northern clinic."),
        ("acronym: PRESS, src: invented", "acronym: PRESS, src: invented (so)", NOT, "source of title was invented and is now invented (so)."),
        ("say: The pulse pressure is above 100; measure again or say why.", "say: Measure again.", NOT, "forms.pressure.checks.wide.say was The pulse pressure is above 100; measure again or say why. and is now Measure again.."),
    ]  # fmt: skip
    for old, new, substantial, sentence in table:
        changes = design.changes(design.read(SMALL), design.read(edited(tmp_path, (old, new))))
        assert [(change.sentence, change.substantial) for change in changes] == [(sentence, substantial)]


def test_what_was_added_is_removed_when_read_backwards(tmp_path: Path) -> None:
    there = design.read(REFERENCE)
    back = design.read(
        edited(
            tmp_path,
            ("E3e", "E3f"),
            ("text: Signed informed consent", "text: Informed consent"),
            trial=REFERENCE,
            file="eligibility.yaml",
        )
    )
    opposite = {"added": "removed", "removed": "added", "changed": "changed", "reordered": "reordered"}
    forwards, backwards = design.changes(there, back), design.changes(back, there)
    assert sorted((one.path, one.kind) for one in forwards) == sorted(
        (one.path, opposite[one.kind]) for one in backwards
    )
    assert {one.path for one in forwards} == {
        "eligibility.E3e",
        "eligibility.E3f",
        "eligibility.I5.text",
        "source of eligibility.E3e",
        "source of eligibility.E3f",
    }
