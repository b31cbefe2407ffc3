"""Every value says where it comes from; what no source confirms is an assumption and stays visible."""

from pathlib import Path

import pytest
from tests.plugins.editing import REFERENCE, SMALL, edited

from trialwright import design


def test_a_value_carries_its_source_in_three_ways(tmp_path: Path) -> None:
    """Beside the value, beside the other keys of a mapping (and then for everything below), with a note in brackets."""
    trial = edited(
        tmp_path,
        ("status: decision}", "status: decision}\n  guess: {text: A guess, status: assumed}"),
        ("n: 12\n", "n: {value: 12, src: guess, note: a round number}\n"),
        ("visits:\n  src: invented", "visits:\n  src: guess (nobody said)"),
    )
    definition = design.read(trial)
    assert definition.randomisation.n == 12
    assert [(one.path, one.source, one.note) for one in design.assumptions(definition)] == [
        ("visits", "guess", "nobody said"),
        ("randomisation.n", "guess", "a round number"),
    ]


def test_an_assumption_keeps_the_line_it_stands_on() -> None:
    for one in design.assumptions(design.read(REFERENCE)):
        assert one.file is not None
        assert one.line is not None
        line = Path(one.file).read_text(encoding="utf-8").splitlines()[one.line - 1]
        assert "assumed" in line, one


def test_where_a_value_stands_is_no_part_of_the_definition(tmp_path: Path) -> None:
    """The same content laid out otherwise, or in another file, is the same definition with the same fingerprint."""
    plain = design.read(SMALL)
    moved = edited(tmp_path, ("trialwright: ", "# A comment.\n\ntrialwright: "))
    text = (moved / "trial.yaml").read_text()
    begin, end = text.index("  pregnancy:\n    label"), text.index("  events:\n    label")
    (moved / "pregnancy.yaml").write_text(text[begin:end].split("\n", 1)[1])
    (moved / "trial.yaml").write_text(text[:begin] + "  pregnancy: !include pregnancy.yaml\n" + text[end:])
    again = design.read(moved)
    assert again == plain
    assert design.fingerprint(again) == design.fingerprint(plain)


@pytest.mark.requirement("VA2")
def test_the_fingerprint_moves_with_every_change_of_content(tmp_path: Path) -> None:
    table = [
        ("range: [0, 120]", "range: [0, 121]"),
        ("n: 12\n", "n: 14\n"),
        ("label: Remark", "label: Remarks"),
        ("age >= 18 a", "age > 18 a"),
        ("acronym: PRESS, src: invented", "acronym: PRESS, src: invented (so)"),
    ]
    prints = {design.fingerprint(design.read(SMALL))}
    prints |= {design.fingerprint(design.read(edited(tmp_path, edit))) for edit in table}
    assert len(prints) == len(table) + 1


def test_the_canonical_form_gives_the_same_definition_back() -> None:
    for trial in (SMALL, REFERENCE):
        definition = design.read(trial)
        again = design.from_canonical(design.canonical_text(definition))
        assert again == definition
        assert design.canonical(again) == design.canonical(definition)
