"""`trialwright score eq5d`: what it writes, what it refuses and where it says the fault is."""

import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from trialwright.cli import score_eq5d
from trialwright.cli.files import SHOWN
from trialwright.cli.score import score_app
from trialwright.measures import eq5d

DUTCH = ("--version", "5L", "--value-set", "NL")
HEADER = "id,mo,sc,ua,pd,ad,vas"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(score_app, ["eq5d", *map(str, arguments)])


def given_file(folder: Path, *lines: str) -> Path:
    path = folder / "answers.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def refused(result: Result) -> list[str]:
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr.splitlines()


def test_a_questionnaire_is_written_with_state_index_and_scores(tmp_path: Path) -> None:
    result = run(given_file(tmp_path, HEADER, "A,2,1,1,4,3,70", "B,2,1,,4,,", "C,2,3,4,5,5,7.5"), *DUTCH)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "id,state,index,lss,lfs,vas,why",
        "A,21143,0.413,11,21110,70,",
        'B,,,,,,"not answered: ua, ad"',
        "C,23455,-0.171,19,01112,7.5,",
    ]
    assert result.stderr == ""


def test_a_column_of_states_does_as_well(tmp_path: Path) -> None:
    result = run(given_file(tmp_path, "id,state", "A,21143", "B,"), *DUTCH)
    assert [(row["index"], row["lfs"], row["why"]) for row in rows(result.stdout)] == [
        ("0.413", "21110", ""),
        ("", "", "not answered: mo, sc, ua, pd, ad"),
    ]


def test_capitals_a_byte_order_mark_and_a_missing_id_are_accepted_with_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b"\xef\xbb\xbfMO,SC,UA,PD,AD,Group\r\n1,2,2,2,2,one\r\n2,1,1,3,2,two\r\n")
    result = run(path, *DUTCH)
    assert [row["id"] for row in rows(result.stdout)] == ["1", "2"]
    assert result.stderr.splitlines() == [
        f"{path}:1: there is no column id; rows are numbered from 1",
        f"{path}:1: ignored, because they mean nothing here: Group",
    ]


def test_the_shared_example_is_scored_as_the_arrays_are(shared: Path) -> None:
    path = shared / "data" / "eq5d" / "eq5d5l_example.csv"
    found = rows(run(path, *DUTCH).stdout)
    with path.open(encoding="utf-8-sig", newline="") as lines:
        levels = np.array(
            [[int(row[name]) for name in ("MO", "SC", "UA", "PD", "AD")] for row in csv.DictReader(lines)]
        )
    expected = eq5d.index(levels, eq5d.value_set("5L", "NL"))
    assert [float(row["index"]) for row in found] == expected.tolist()


def test_json_holds_numbers_and_keeps_the_zero_of_the_frequency_score(tmp_path: Path) -> None:
    result = run(given_file(tmp_path, HEADER, "A,2,3,4,5,5,70", "B,,1,1,1,1,"), *DUTCH, "--json")
    first, second = json.loads(result.stdout)
    assert first == {
        "id": "A", "state": "23455", "index": -0.171, "lss": 19, "lfs": "01112", "vas": 70.0, "why": None,
    }  # fmt: skip
    assert (second["index"], second["lss"], second["why"]) == (None, None, "not answered: mo")


def test_chunks_leave_no_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"P{number},{number % 5 + 1},1,2,3,4,{number}" for number in range(10)]
    path = given_file(tmp_path, HEADER, *lines)
    whole = [run(path, *DUTCH, *more).stdout for more in ((), ("--json",))]
    monkeypatch.setattr(score_eq5d, "CHUNK", 3)
    assert [run(path, *DUTCH, *more).stdout for more in ((), ("--json",))] == whole


def test_every_mistake_is_named_with_its_place_and_nothing_is_written(tmp_path: Path) -> None:
    path = given_file(tmp_path, HEADER, "A,6,0,x,1.5,-9,101", ",2.0,1,1,1,1,50", "C,1,1,1,1")
    target = tmp_path / "scores.csv"
    said = refused(run(path, *DUTCH, "-o", target))
    assert not target.exists()
    level = "is not a level from 1 to 5; leave the cell empty if not answered"
    assert said == [
        f"{path}:2:mo: '6' {level}",
        f"{path}:2:sc: '0' {level}",
        f"{path}:2:ua: 'x' {level}",
        f"{path}:2:pd: '1.5' {level}",
        f"{path}:2:ad: '-9' {level}",
        f"{path}:2:vas: '101' is outside 0 to 100",
        f"{path}:3:id: the row has no id",
        f"{path}:4:pd: the row has 5 cells where the header has 7; a decimal comma would do that",
    ]


def test_partial_results_are_given_when_asked_for_and_each_is_flagged(tmp_path: Path) -> None:
    path = given_file(tmp_path, HEADER, "A,2,1,1,4,3,70", "B,6,1,1,1,1,50", "C,1,1,1,1,1,200", "D,1,1")
    result = run(path, *DUTCH, "--partial")
    assert result.exit_code == 0
    found = rows(result.stdout)
    assert [(row["index"], row["vas"]) for row in found] == [("0.413", "70"), ("", "50"), ("1.000", ""), ("", "")]
    assert found[0]["why"] == ""
    assert found[1]["why"].startswith("mo: '6' is not a level")
    assert found[2]["why"] == "vas: '200' is outside 0 to 100"
    assert "3 cells where the header has 7" in found[3]["why"]
    assert result.stderr.splitlines()[-1] == f"{path}: 3 row(s) with mistakes are flagged, not scored in full"


def test_a_wrong_state_is_named(tmp_path: Path) -> None:
    path = given_file(tmp_path, "id,state", "A,2114", "B,21146", "C,11111")
    assert refused(run(path, *DUTCH)) == [
        f"{path}:{line}:state: '{text}' is not a state: five digits from 1 to 5, or empty where it was not answered"
        for line, text in ((2, "2114"), (3, "21146"))
    ]


def test_answers_of_the_5l_scored_as_3l_are_refused_with_the_likely_cause(tmp_path: Path) -> None:
    path = given_file(tmp_path, "id,mo,sc,ua,pd,ad", "A,1,1,1,4,1")
    assert refused(run(path, "--version", "3L", "--value-set", "UK", "--kind", "TTO")) == [
        f"{path}:2:pd: '4' is not a level from 1 to 3; is it the 5L?"
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("id,mo,sc,uaa,pd,ad", "ua: the column is missing|uaa: the column is unknown; did you mean ua?"),
        ("id,state,mo", "state: the levels stand twice: in state and in mo"),
        ("MO,mo,sc,ua,pd,ad", "mo: the column stands twice, in other capitals"),
    ],
)
def test_columns_that_cannot_be_told_are_refused_even_for_partial_results(
    tmp_path: Path, header: str, said: str
) -> None:
    for more in ((), ("--partial",)):
        lines = refused(run(given_file(tmp_path, header, "1,1,1,1,1,1"), *DUTCH, *more))
        for sentence in said.split("|"):
            assert any(sentence in line for line in lines)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "name the version of the EQ-5D with --version: 5L, 3L, Y-3L"),
        (("--version", "6L"), "there is no version '6L' of the EQ-5D here; there are: 5L, 3L, Y-3L"),
        (("--version", "Y-3L"), "name the value set with --value-set; the Y-3L has: Australia, Belgium,"),
        (("--version", "5L", "--value-set", "Atlantis"), "there is no value set 'Atlantis' of the 5L; there are:"),
        (("--version", "3L", "--value-set", "NL"), "Netherlands 2026 TTO (10.1007/s10198-025-01892-2)"),
        (("--version", "3L", "--value-set", "UK"), "UK VAS"),
        (("--version", "5L", "--value-set", "NL", "--kind", "TTO"), "no value sets of kind 'TTO'"),
        (("--version", "5L", "--value-set", "NL", "--kind", "VT", "--crosswalk"), "contradict each other"),
        (("--version", "Y-3L", "--value-set", "NL", "--crosswalk"), "there is no crosswalk from the Y-3L"),
    ],
)
def test_an_unnamed_or_unclear_value_set_is_refused_with_what_there_is(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    [line] = refused(run(given_file(tmp_path, HEADER, "A,1,1,1,1,1,"), *options))
    assert said in line


def test_a_crosswalk_gives_values_of_the_other_version(tmp_path: Path) -> None:
    five = given_file(tmp_path, "id,state", "A,44441")
    assert rows(run(five, "--version", "5L", "--value-set", "UK", "--crosswalk").stdout)[0]["index"] == "0.226"
    three = given_file(tmp_path, "id,state", "A,32123")
    assert rows(run(three, "--version", "3L", "--value-set", "DE", "--crosswalk").stdout)[0]["index"] == "0.332"


def test_the_list_shows_every_set_with_its_doi_and_range() -> None:
    lines = run("--list").stdout.splitlines()
    assert lines[0].split() == ["version", "country", "kind", "DOI", "or", "reference", "range"]
    assert any(
        line.split() == ["5L", "Netherlands", "VT", "10.1016/j.jval.2016.01.003", "-0.446", "to", "1.000"]
        for line in lines
    )
    assert len([line for line in lines if line.startswith(("5L ", "3L ", "Y-3L "))]) == 49 + 13 + 33 + 11 + 4 + 13


def test_the_list_as_json_names_how_each_set_is_pinned() -> None:
    found = json.loads(run("--list", "--json", "--version", "3l").stdout)
    assert len(found) == 48
    for one in found:
        assert eq5d.value_set("3L", one["pin"], one["kind"]).country == one["country"]
        assert one["status"] == "read"


def test_without_a_file_there_is_a_sentence() -> None:
    assert refused(run(*DUTCH)) == ["name the file to score, FILE.csv"]
    assert refused(run("absent.csv", *DUTCH)) == ["absent.csv: cannot be read: No such file or directory"]


def test_a_result_never_takes_the_place_of_the_file_that_is_read(tmp_path: Path) -> None:
    answers = given_file(tmp_path, HEADER, "A,1,1,1,1,1,80")
    before = answers.read_bytes()
    (tmp_path / "same.csv").hardlink_to(answers)
    for output in (answers, tmp_path / "same.csv"):
        said = f"{output}: is the file that is read, and would be lost; give the result another name"
        assert refused(run(answers, *DUTCH, "-o", output)) == [said]
    assert answers.read_bytes() == before


def test_a_folder_and_a_place_in_no_folder_are_refused_as_output(tmp_path: Path) -> None:
    answers = given_file(tmp_path, HEADER, "A,1,1,1,1,1,80")
    assert refused(run(answers, *DUTCH, "-o", tmp_path)) == [
        f"{tmp_path}: is a folder; name a file in it, such as {tmp_path / 'scores.csv'}"
    ]
    lost = tmp_path / "none" / "scores.csv"
    assert refused(run(answers, *DUTCH, "-o", lost)) == [
        f"{lost}: cannot be written: there is no folder {lost.parent}; make it first"
    ]


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    answers, pipe = given_file(tmp_path, HEADER, "A,1,1,1,1,1,80"), tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert run(answers, *DUTCH, "-o", pipe).exit_code == 0
        assert os.read(reader, 1000).startswith(b"id,state,index")
    finally:
        os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is always full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    link = tmp_path / "full.csv"
    link.symlink_to("/dev/full")
    result = run(given_file(tmp_path, HEADER, "A,1,1,1,1,1,80"), *DUTCH, "-o", link)
    assert result.exit_code == 1
    assert "No space left" in result.stderr
    assert link.is_symlink()


def test_columns_are_kept_and_ids_that_stand_twice_are_told(tmp_path: Path) -> None:
    answers = given_file(
        tmp_path, "id,visit,mo,sc,ua,pd,ad", "A,W0,1,1,1,1,1", "A,W4,1,1,1,1,2", "B,W0,1,1,1,1,1", "B,W0,2,1,1,1,1"
    )
    kept = run(answers, *DUTCH, "--keep", "visit")
    assert [row["visit"] for row in rows(kept.stdout)] == ["W0", "W4", "W0", "W0"]
    assert kept.stderr.splitlines() == [f"{answers}: an id stands for several questionnaires: B in lines 4, 5"]
    bare = run(answers, *DUTCH)
    assert "A in lines 2, 3; B in lines 4, 5; name the column that tells them apart with --keep" in bare.stderr
    assert refused(run(answers, *DUTCH, "--keep", "vist")) == [
        f"{answers}:1:vist: the column to keep is missing; did you mean visit?"
    ]


def test_names_that_people_give_the_columns_are_understood_as_a_question(tmp_path: Path) -> None:
    said = refused(run(given_file(tmp_path, "id,Mobility,Self-care,EQ5D_3,Pain,Anxiety", "A,1,1,1,1,1"), *DUTCH))
    for spoken, known in zip(("Mobility", "Self-care", "EQ5D_3", "Pain", "Anxiety"), eq5d.DIMENSIONS, strict=True):
        assert any(f":1:{spoken}: the column is unknown; did you mean {known}?" in line for line in said)


def test_columns_without_a_name_are_told_as_what_they_are(tmp_path: Path) -> None:
    (said,) = refused(run(given_file(tmp_path, f"{HEADER},,", "A,1,1,1,1,1,80,,"), *DUTCH))
    assert "several columns have no name; delete them" in said


def test_a_file_that_is_wrong_as_a_whole_does_not_fill_the_screen(tmp_path: Path) -> None:
    answers = given_file(tmp_path, HEADER, *(f"A{row},4,5,4,5,4,80" for row in range(300)))
    said = refused(run(answers, "--version", "3L", "--value-set", "UK", "--kind", "TTO"))
    assert len(said) == SHOWN + 1
    assert "and 500 mistakes more" in said[-1]


@pytest.mark.parametrize(
    ("version", "named", "told"),
    [
        ("5L", "10.1016/j.jval.2016.01.004", "did you mean 10.1016/j.jval.2016.01.003 (Netherlands)?"),
        ("3L", "10.1016/j.jval.2016.01.003", "it is Netherlands of the 5L; check version and DOI"),
        ("5L", "Netherlnds", "did you mean Netherlands? There are:"),
    ],
)
def test_a_value_set_that_is_not_there_is_answered_with_what_was_meant(
    tmp_path: Path, version: str, named: str, told: str
) -> None:
    answers = given_file(tmp_path, HEADER, "A,1,1,1,1,1,80")
    (said,) = refused(run(answers, "--version", version, "--value-set", named))
    assert told in said


@pytest.mark.parametrize(
    "named",
    ["holland", "nl", "https://doi.org/10.1016/j.jval.2016.01.003", "http://dx.doi.org/10.1016/J.JVAL.2016.01.003"],
)
def test_a_value_set_is_found_however_it_is_written(named: str) -> None:
    assert eq5d.value_set("5L", named) is eq5d.value_set("5L", "NL")
