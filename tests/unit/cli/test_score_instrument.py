"""`trialwright score haq-di`, `score mmt`, `score FILE.yaml`: what is written, refused and left out, and where it says
the fault is."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from trialwright.cli.score import score_app
from trialwright.measures.instruments import NAMES, instrument
from trialwright.measures.instruments.reference import score_one

FSS = "id," + ",".join(f"i{place}" for place in range(1, 10))
HAQ_ITEMS = [item.id for item in instrument("haq-di").items]
PUBLISHED = dict(zip(HAQ_ITEMS[:20], "21031020101133113001", strict=False))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(score_app, list(map(str, arguments)))


def given_file(folder: Path, *lines: str) -> Path:
    path = folder / "data.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_questionnaire_is_written_with_scores_counts_and_why(tmp_path: Path) -> None:
    result = run("fss", given_file(tmp_path, FSS, "A,1,2,3,4,5,6,7,1,2", "B,,2,3,4,5,6,7,1,2"))
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "id,mean,mean_answered,total,total_answered,why",
        "A,3.444444,9,31,9,",
        'B,,8,,8,"mean: 8 of 9 items answered, 9 needed; total: 8 of 9 items answered, 9 needed"',
    ]
    assert run("fss", tmp_path / "data.csv", "--digits", "2").stdout.splitlines()[1] == "A,3.44,9,31,9,"


def test_the_published_haq_is_two_and_a_quarter(tmp_path: Path) -> None:
    names = [*HAQ_ITEMS[:20], *HAQ_ITEMS[20:]]
    values = [PUBLISHED.get(name, "1" if name in ("help_walking", "toilet_seat") else "") for name in names]
    result = run("haq-di", given_file(tmp_path, ",".join(["id", *names]), ",".join(["A", *values])))
    assert rows(result.stdout) == [
        {
            "id": "A",
            "di": "2.25",
            "di_answered": "8",
            "di_without_aids": "2",
            "di_without_aids_answered": "8",
            "why": "",
        }
    ]


def test_a_scale_of_which_no_column_is_there_is_left_out_and_told(tmp_path: Path) -> None:
    file = given_file(tmp_path, ",".join(["id", *HAQ_ITEMS[:20]]), ",".join(["A", *PUBLISHED.values()]))
    result = run("haq-di", file)
    assert rows(result.stdout)[0]["di_without_aids"] == "2"
    assert "di" not in rows(result.stdout)[0]
    assert result.stderr == f"{file}:1: di is left out: no column dev_dressing, chair, utensils, cane and 17 more\n"


def test_a_scale_that_is_begun_or_asked_for_needs_all_its_columns(tmp_path: Path) -> None:
    file = given_file(tmp_path, ",".join(["id", *HAQ_ITEMS[:20], "cane"]), ",".join(["A", *PUBLISHED.values(), "1"]))
    result = run("haq-di", file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        f"{file}:1:walker: the column is missing; di cannot do without it; in an added column an empty cell means 0"
        in (result.stderr)
    )
    assert len(result.stderr.splitlines()) == 20
    assert run("haq-di", file, "--scale", "di_without_aids").exit_code == 0
    fewer = given_file(tmp_path, ",".join(["id", *HAQ_ITEMS[:20]]), ",".join(["A", *PUBLISHED.values()]))
    assert run("haq-di", fewer, "--scale", "di").exit_code == 1


def test_every_bad_cell_is_named_with_line_and_column_and_nothing_is_written(tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    out.write_text("the old scores\n")
    file = given_file(tmp_path, FSS, "A,0,2,3,4,5,6,7,1,x", "B,1,2,3,4,5,6,7,1,2", ",1,2,3,4,5,6,7,8,2.5")
    result = run("fss", file, "-o", out)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        f"{file}:2:i1: 0 is no answer; possible: whole numbers 1 to 7",
        f"{file}:2:i9: 'x' is not a number; leave the cell empty if it was not measured",
        f"{file}:4:id: the row has no id",
        f"{file}:4:i8: 8 is no answer; possible: whole numbers 1 to 7",
        f"{file}:4:i9: 2.5 is no answer; possible: whole numbers 1 to 7",
    ]
    assert out.read_text() == "the old scores\n"


def test_partial_scores_the_sound_rows_and_flags_the_others(tmp_path: Path) -> None:
    file = given_file(tmp_path, FSS, "A,0,2,3,4,5,6,7,1,2", "B,1,2,3,4,5,6,7,1,2", "C,1,2", "", "D,7,7,7,7,7,7,7,7,7")
    result = run("fss", file, "--partial", "--scale", "total")
    assert result.exit_code == 0
    found = rows(result.stdout)
    assert [(row["total"], row["total_answered"]) for row in found] == [("", ""), ("31", "9"), ("", ""), ("63", "9")]
    assert found[0]["why"] == "not scored: i1: 0 is no answer; possible: whole numbers 1 to 7"
    assert found[2]["why"].startswith("not scored: i2: the row has 3 cells where the header has 10")
    assert [row["why"] for row in found[1::2]] == ["", ""]
    assert f"{file}: 2 of 4 rows not scored" in result.stderr


def test_a_near_column_is_asked_for_and_another_is_ignored_or_kept(tmp_path: Path) -> None:
    facit = [item.id for item in instrument("facit-fatigue").items]
    header = ",".join(["id", "visit", *facit]).replace("HI12", "hi12")
    result = run("facit-fatigue", given_file(tmp_path, header, "A,V1" + ",2" * 13))
    assert result.exit_code == 1
    assert "1:hi12: the column is unknown; did you mean HI12?" in result.stderr
    sound = given_file(tmp_path, header.replace("hi12", "HI12"), "A,V1" + ",2" * 13)
    assert "ignored, because they mean nothing here: visit" in run("facit-fatigue", sound).stderr
    kept = run("facit-fatigue", sound, "--keep", "visit")
    assert (kept.stdout, kept.stderr) == ("id,visit,fatigue,fatigue_answered,why\nA,V1,26,13,\n", "")
    assert run("facit-fatigue", sound, "--keep", "visit", "--keep", "visit", "--keep", "id").stdout == kept.stdout
    assert "1:why: the column is missing" in run("facit-fatigue", sound, "--keep", "why").stderr
    assert "1:fatigue: the column cannot be kept" in run("facit-fatigue", sound, "--keep", "fatigue").stderr
    assert "1:arm: the column is missing" in run("facit-fatigue", sound, "--keep", "arm").stderr


def test_json_holds_numbers_and_nulls(tmp_path: Path) -> None:
    result = run("fss", given_file(tmp_path, FSS, "A,1,2,3,4,5,6,7,1,2", "B" + "," * 9), "--json", "--scale", "mean")
    assert json.loads(result.stdout) == [
        {"id": "A", "mean": 3.444444, "mean_answered": 9, "why": None},
        {"id": "B", "mean": None, "mean_answered": 0, "why": "0 of 9 items answered, 9 needed"},
    ]


def test_half_points_are_taken_where_they_are_asked_for(tmp_path: Path) -> None:
    groups = [item.id for item in instrument("mmt-8").items if not item.id.endswith("_l")]
    file = given_file(tmp_path, ",".join(["id", *groups]), "A,9.5" + ",10" * 7)
    assert "9.5 is no answer; possible: whole numbers 0 to 10" in run("mmt", file, "--set", "mmt-8").stderr
    assert rows(run("mmt", file, "--set", "mmt-8", "--half-points").stdout)[0]["mmt8"] == "79.5"


def test_the_left_side_stands_in_and_the_row_says_so(tmp_path: Path) -> None:
    groups = [item.id for item in instrument("mmt-8").items if not item.id.endswith("_l")]
    file = given_file(tmp_path, ",".join(["id", *groups, "biceps_l"]), "A,10,10,,10,10,10,10,10,3")
    found = rows(run("mmt", file, "--set", "mmt-8").stdout)[0]
    assert (found["mmt8"], found["why"]) == ("73", "the other side stood in")


DECLARED = """\
id: two
label: Two questions
version: "1"
licence: our own
answers:
  level: {low: 0, high: 2, step: 0.5}
items:
  - {id: a, label: First, answers: level}
  - {id: b, label: Second, answers: level, reversed: true}
scales:
  - {id: sum, label: Sum, rule: sum, items: [a, b], low: 0, high: 4, better: lower}
"""


@pytest.mark.parametrize("command", [[], ["instrument"]])
def test_an_instrument_of_ones_own_is_scored_from_its_file(command: list[str], tmp_path: Path) -> None:
    declaration = tmp_path / "two.yaml"
    declaration.write_text(DECLARED)
    file = given_file(tmp_path, "id,a,b", "A,1.5,0.5", "B,2,")
    assert rows(run(*command, declaration, file).stdout) == [
        {"id": "A", "sum": "3", "sum_answered": "2", "why": ""},
        {"id": "B", "sum": "", "sum_answered": "1", "why": "1 of 2 items answered, 2 needed"},
    ]
    assert run(*command, declaration, file, "--half-points").stderr == "two declares no finer step\n"


def test_a_declaration_with_mistakes_is_refused_with_their_places(tmp_path: Path) -> None:
    declaration = tmp_path / "two.yaml"
    declaration.write_text(DECLARED.replace("rule: sum", "rule: summ").replace("id: b", "id: a"))
    result = run(declaration, tmp_path / "data.csv")
    assert result.exit_code == 1
    assert [line.split(": ")[0] for line in result.stderr.splitlines()] == [
        f"{declaration}:9:5",
        f"{declaration}:11:33",
    ]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("mmt-")])
def test_every_instrument_has_its_command(name: str, tmp_path: Path) -> None:
    items = [item.id for item in instrument(name).items]
    result = run(name, given_file(tmp_path, ",".join(["id", *items]), "A" + "," * len(items)))
    assert result.exit_code == 0
    assert len(rows(result.stdout)) == 1


def test_a_scale_that_is_not_there_is_answered_with_a_near_one(tmp_path: Path) -> None:
    result = run("fss", given_file(tmp_path, FSS, "A" + ",1" * 9), "--scale", "totel", "--scale", "x")
    assert result.stderr.splitlines() == [
        "fss has no scale 'totel' (did you mean 'total'?)",
        "fss has no scale 'x' (known: mean, total)",
    ]


CELLS = {None: ["", " "], 0: ["0", "0.0", "-0", " 0"], 1: ["1", "1.", "+1"], 2: ["2", "2.00"], 3: ["3", "3.0"]}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_scores_as_the_specification_does(data: st.DataObject, tmp_path: Path) -> None:
    haq = instrument("haq-di")
    lines, expected = [], []
    for row in range(data.draw(st.integers(1, 4))):
        answers = {
            name: data.draw(st.sampled_from([None, 0, 1, 2, 3] if place < 20 else [None, 0, 1]))
            for place, name in enumerate(HAQ_ITEMS)
        }
        lines.append(",".join([f"P{row}", *(data.draw(st.sampled_from(CELLS[answer])) for answer in answers.values())]))
        expected.append(score_one(haq, answers))
    found = rows(run("haq-di", given_file(tmp_path, ",".join(["id", *HAQ_ITEMS]), *lines), "--digits", "12").stdout)
    for line, scales in zip(found, expected, strict=True):
        for name, one in scales.items():
            assert int(line[f"{name}_answered"]) == one.answered
            assert (line[name] == "") == (one.value is None)
            assert one.value is None or abs(float(line[name]) - float(one.value)) < 1e-11
