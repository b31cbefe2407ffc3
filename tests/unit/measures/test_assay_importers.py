"""Plates from files: what is read is what was written, and every mistake is named with its place."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plugins.plates import COLUMNS, Recipe, grid, layout, long_form, plate, written, xponent

from trialwright.measures.assay.importers import read
from trialwright.measures.assay.plates import BadPlates, place_of, position, well_name
from trialwright.measures.assay.rules import rules
from trialwright.measures.assay.runs import problems
from trialwright.measures.assay.sheets import NotANumber, number

HEAD = ",".join(COLUMNS)


@given(st.integers(0, 15), st.integers(0, 23))
def test_the_name_of_a_well_tells_its_place(row: int, column: int) -> None:
    name = place_of(row, column)
    assert position(name) == (row, column)
    assert well_name(f" {name[0].lower()}{int(name[1:]):02d} ") == name


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_as_it_was_written(value: float) -> None:
    assert number(repr(value)) == value


@pytest.mark.parametrize("text", ["1,5", "1.2.3", "0x10", "1e9999", "--1", "one", "1" * 50, "١"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(NotANumber):
        number(text)


def test_an_overflow_is_known_and_a_gap_is_unknown() -> None:
    assert number("OVRFLW") == math.inf
    assert number("") is None
    assert number("1,5", ";") == 1.5


def read_text(folder: Path, text: str, name: str = "plate.csv", **more: str) -> list[str]:
    """What is wrong with a file of this text."""
    (folder / name).write_text(text, encoding="utf-8")
    return [str(problem) for problem in read([folder / name], **more).problems]


def test_the_long_form_gives_back_the_plate(tmp_path: Path) -> None:
    made = plate(Recipe(samples={"a": 40, "b:4": 900}, noise=0.05))
    (found,) = read([written(tmp_path / "P1.csv", [made])]).plates
    assert found.wells == made.wells
    assert (found.id, found.analyte, found.unit, found.shape) == ("P1", "CXCL10", "pg/mL", (8, 12))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_grid_with_its_layout_gives_the_same_plate(tmp_path: Path, delimiter: str) -> None:
    made = plate(Recipe(samples={"a": 40}, noise=0.05))
    (tmp_path / "P1.csv").write_text(grid(made, delimiter), encoding="utf-8")
    (tmp_path / "layout.csv").write_text(layout(made), encoding="utf-8")
    reading = read([tmp_path / "P1.csv"], tmp_path / "layout.csv", analyte="CXCL10")
    assert not reading.problems
    known = {well.place: (well.role, well.response, well.nominal, well.sample) for well in made.wells}
    assert {w.place: (w.role, w.response, w.nominal, w.sample) for w in reading.plates[0].wells} == known


def test_a_grid_of_384_wells_and_several_grids_in_a_file(tmp_path: Path) -> None:
    rows = ["," + ",".join(str(c + 1) for c in range(24))]
    rows += [letter + "," + ",".join("1.5" for _ in range(24)) for letter in "ABCDEFGHIJKLMNOP"]
    block = "\n".join(rows)
    (tmp_path / "two.csv").write_text(f"One\n{block}\nTwo\n{block}\n", encoding="utf-8")
    wells = "\n".join(f"{name},P24,standard,10" for name in ("One", "Two"))
    (tmp_path / "layout.csv").write_text("plate,well,role,nominal\n" + wells + "\n", encoding="utf-8")
    reading = read([tmp_path / "two.csv"], tmp_path / "layout.csv", unit="pg/mL")
    assert [(one.id, one.shape, one.wells[0].response) for one in reading.plates] == [
        ("One", (16, 24), 1.5),
        ("Two", (16, 24), 1.5),
    ]


def test_an_xponent_export_gives_a_plate_for_each_analyte_with_bead_counts(tmp_path: Path) -> None:
    first = plate(Recipe(samples={"T1": 40, "T2:4": 900}))
    second = replace(first, analyte="Galectin-9")
    path = tmp_path / "beads.csv"
    path.write_text(xponent([first, second], {("A1", "CXCL10"): 12}), encoding="utf-8")
    reading = read([path])
    assert not reading.problems
    assert [(one.id, one.analyte, one.unit) for one in reading.plates] == [
        ("B1", "CXCL10", "pg/mL"),
        ("B1", "Galectin-9", "pg/mL"),
    ]
    found = reading.plates[0]
    assert [well.role for well in found.wells] == [well.role for well in first.wells]
    assert [well.nominal for well in found.wells] == [well.nominal for well in first.wells]
    assert [well.dilution for well in found.wells] == [well.dilution for well in first.wells]
    assert (found.wells[0].count, found.wells[1].count) == (12, 100)


def test_an_xponent_export_that_was_cut_or_lacks_its_counts_is_refused(tmp_path: Path) -> None:
    text = xponent([plate(Recipe(samples={"T1": 40}))])
    before, _, _ = text.partition("DataType:,Count")
    (wrong,) = read_text(tmp_path, before)
    assert "'DataType: Count' is missing" in wrong
    shorter = "\n".join(line for line in text.split("\n") if '"20(' not in line)
    assert any("the file is cut" in wrong for wrong in read_text(tmp_path, shorter))
    uncounted = text.replace(",100,999", ",many,999", 1)
    assert any("'many' is no number of beads" in wrong for wrong in read_text(tmp_path, uncounted))


GOOD = long_form([plate()]).split("\n")
WRONG = {
    # line to put in place of the first well -> what is said
    "unknown role": ("P1,CXCL10,A1,std,,,1,,1,pg/mL", ("role: 'std' is no role", "write standard")),
    "negative nominal": ("P1,CXCL10,A1,standard,S1,-5,1,,1,pg/mL", ("nominal: a nominal of -5 cannot be",)),
    "no such well": ("P1,CXCL10,Z1,blank,,,1,,1,pg/mL", ("well: 'Z1' is no well",)),
    "decimal comma": ('P1,CXCL10,A1,blank,,,"1,5",,1,pg/mL', ("response: '1,5' has a decimal comma; write 1.5",)),
    "standard without content": ("P1,CXCL10,A1,standard,S1,,1,,1,pg/mL", ("a standard needs its nominal content",)),
    "sample without name": ("P1,CXCL10,A1,sample,,,1,,1,pg/mL", ("sample: a sample needs its name",)),
    "dilution of nought": ("P1,CXCL10,A1,sample,,,1,T1,0,pg/mL", ("dilution of 0 cannot be",)),
    "well twice": ("P1,CXCL10,A2,blank,,,1,,1,pg/mL", ("well A2 stands twice, first on line 2",)),
    "ragged": ("P1,CXCL10,A1,blank,,,1", ("the row has 7 cells where the header has 10",)),
    "another unit": ("P1,CXCL10,A1,blank,,,1,,1,ng/mL", ("one plate has one unit",)),
    "unknown unit": ("P1,CXCL10,A1,blank,,,1,,1,parsnips", ("parsnips",)),
}


@pytest.mark.parametrize(("line", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_cell_is_named_with_file_line_and_column(tmp_path: Path, line: str, said: tuple[str, ...]) -> None:
    wrong = "\n".join(read_text(tmp_path, "\n".join([HEAD, line, *GOOD[2:]])))
    assert "plate.csv:" in wrong
    for words in said:
        assert words in wrong


def test_every_mistake_is_said_at_once(tmp_path: Path) -> None:
    lines = [HEAD, *(line for line, _ in WRONG.values()), *GOOD[3:]]
    assert len(read_text(tmp_path, "\n".join(lines))) >= len(WRONG) - 1


FILES = {
    "": "the file is empty",
    HEAD: "the file has a header and no rows",
    "a,b\n1,2": "the file is no plate",
    HEAD.replace(",", ";") + "\nP1;;A1;blank;;;1;;1;pg/mL": "save the long form with commas",
    HEAD.replace("dilution", "dilutoin") + "\n": "did you mean dilution?",
    HEAD + "\nP1,CXCL10,A1,blank,,,,,1,pg/mL": "it is empty: no well has a response",
    HEAD + '\nP1,CXCL10,"A1,blank,,,,,1,pg/mL': "a quotation mark stands astray",
    "well,role,response\nA1,blank,1": "it has no unit",
    "well,role,response,sample,unit\nA1,sample,1,T1,pg/mL": "it does not say what was measured",
}


@pytest.mark.parametrize(("text", "said"), FILES.items(), ids=FILES.values())
def test_a_file_that_is_no_plate_says_why(tmp_path: Path, text: str, said: str) -> None:
    assert said in "\n".join(read_text(tmp_path, text))


def test_bytes_that_are_no_text_are_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_bytes(HEAD.encode() + b"\nP1,\xff\xfe,A1\n")
    assert str(read([tmp_path / "bad.csv"]).problems[0]).startswith("bad.csv:2: the line is not text in UTF-8")


def test_a_grid_needs_a_layout_and_its_rows(tmp_path: Path) -> None:
    text = grid(plate())
    assert "give --layout FILE" in "\n".join(read_text(tmp_path, text))
    (tmp_path / "layout.csv").write_text(layout(plate()), encoding="utf-8")
    (tmp_path / "cut.csv").write_text("\n".join(text.split("\n")[:5]), encoding="utf-8")
    reading = read([tmp_path / "cut.csv"], tmp_path / "layout.csv", unit="pg/mL")
    assert any("row E of plate cut is missing" in str(problem) for problem in reading.problems)


def test_two_plates_of_one_name_are_refused(tmp_path: Path) -> None:
    paths = [written(tmp_path / name, [plate()]) for name in ("one.csv", "two.csv")]
    assert any("has a plate of that name" in str(problem) for problem in read(paths).problems)


def test_a_problem_of_one_plate_leaves_the_others_sound(tmp_path: Path) -> None:
    text = long_form([plate(), plate(name="P2")]).replace("P2,CXCL10,A1,blank", "P2,CXCL10,A1,blanc")
    (tmp_path / "both.csv").write_text(text, encoding="utf-8")
    reading = read([tmp_path / "both.csv"])
    assert [one.id for one in reading.plates] == ["P1", "P2"]
    assert [one.id for one in reading.sound] == ["P1"]


@given(st.binary(max_size=300))
def test_any_bytes_give_problems_or_plates_and_never_an_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(HEAD.encode() + b"\n" + data)
    reading = read([path])
    assert reading.problems or reading.plates
    problems(reading.sound, rules("curve-only"))


RULES = {
    "extends: ich-m99\n": "'ich-m99' is no rule set",
    "extends: ich-m10\nnumbers:\n  cvv: 0.2\n": "rules.yaml:3:cvv: it means nothing here; did you mean cv?",
    "extends: ich-m10\nnumbers:\n  cv: {value: 20, status: declared}\n": "rules.yaml:3:cv: it is a number from 0 to 10",
    "extends: ich-m10\nnumbers:\n  cv: {value: 0.2, status: sure}\n": "the status 'sure' is unknown",
    "extends: ich-m10\npolicies:\n  model: 6pl\n": "'6pl' cannot be; it is one of: 4pl, 5pl, best",
    "id: mine\n": "it is missing; give it, or say `extends: ich-m10`",
    "[1, 2]": "a rule set has id, title",
    "a: [": "the rule set is no YAML",
}


@pytest.mark.parametrize(("text", "said"), RULES.items(), ids=RULES.values())
def test_a_wrong_rule_set_says_what_and_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadPlates) as bad:
        rules(str(path))
    assert said in "\n".join(map(str, bad.value.problems))


def test_a_rule_set_of_ones_own_changes_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("id: mine\nextends: ich-m10\nnumbers:\n  cv: 0.15\n  isr_within: {value: 3/4}\n", encoding="utf-8")
    mine = rules(str(path))
    assert (mine["cv"], mine.numbers["cv"].status, mine["isr_within"], mine["qc_bias"]) == (0.15, "declared", 0.75, 0.2)


def test_every_number_of_ich_m10_says_how_well_it_is_known() -> None:
    found = rules("ich-m10").numbers
    assert {found[name].status for name in ("calibrator_bias", "qc_within_all", "cv")} == {"S"}
    assert {found[name].status for name in ("total_error", "dilution_bias", "parallelism_cv", "isr_within")} == {
        "verify"
    }
    assert all(number.source for number in found.values())
