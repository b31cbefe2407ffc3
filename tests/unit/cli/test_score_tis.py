"""`trialwright score tis`: what it writes, what it refuses and where it says the fault is."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from trialwright.cli import score
from trialwright.cli.score import score_app
from trialwright.measures.tis_reference import pair_score

HEADER = "id,mmt_max,phga_0,phga_1,ptga_0,ptga_1,mmt_0,mmt_1,haq_0,haq_1,exm_0,exm_1,ck_0,ck_1,ck_uln"
D = "D,150,6.0,3.5,6.5,4.5,118,132,1.75,1.25,3.5,2.0,4000,1200,200"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(score_app, ["tis", *map(str, arguments)])


def given_file(folder: Path, *lines: str, name: str = "pairs.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_pair_is_written_with_score_category_enzyme_and_points(tmp_path: Path) -> None:
    result = run(given_file(tmp_path, HEADER, D))
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "id,tis,category,enzyme,phga_points,ptga_points,mmt_points,haq_points,enzyme_points,exm_points,why",
        "D,52.5,moderate,ck,15,5,10,7.5,7.5,7.5,",
    ]


def test_a_missing_measure_leaves_the_score_empty_and_says_why(tmp_path: Path) -> None:
    file = given_file(tmp_path, HEADER, D.replace("1.75,1.25", ",1.25").replace("4000,1200", "4000,"), D)
    strict, complete = rows(run(file).stdout)
    assert (strict["tis"], strict["category"], strict["haq_points"], strict["enzyme_points"]) == ("", "", "", "")
    assert (strict["phga_points"], strict["enzyme"]) == ("15", "ck")
    assert strict["why"] == "haq missing at baseline; ck, the enzyme followed, missing at follow-up"
    assert complete["tis"] == "52.5"
    lenient, _ = rows(run(file, "--missing", "lenient").stdout)
    assert (lenient["tis"], lenient["category"], lenient["haq_points"]) == ("37.5", "minimal", "0")
    assert lenient["why"].startswith("scored 0: haq missing at baseline")


def test_json_holds_the_same_rows(tmp_path: Path) -> None:
    file = given_file(tmp_path, HEADER, D, D.replace("6.0,3.5", ","))
    first, second = json.loads(run(file, "--json").stdout)
    assert (first["tis"], first["category"], first["mmt_points"], first["why"]) == (52.5, "moderate", 10, None)
    assert (second["tis"], second["phga_points"]) == (None, None)


def test_juvenile_cut_offs_are_asked_for(tmp_path: Path) -> None:
    minimal = "P,150,5,4,4,6,120,136,1.0,1.5,1,1,1500,600,200"
    file = given_file(tmp_path, HEADER, minimal.replace("120,136", "120,126"))
    assert [rows(run(file, *options).stdout)[0]["category"] for options in ((), ("--criteria", "juvenile"))] == [
        "minimal",
        "none",
    ]


def test_the_output_file_appears_whole(tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    result = run(given_file(tmp_path, HEADER, D), "-o", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert out.read_text().endswith("D,52.5,moderate,ck,15,5,10,7.5,7.5,7.5,\n")


def test_every_bad_cell_is_named_with_line_and_column_and_nothing_is_written(tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    out.write_text("the old scores\n")
    bad = [
        D.replace("6.0,3.5", "abc,10.1"),
        D,
        D.replace("118,132", "-1,151").replace("4000,1200,200", "NA,1e3,0"),
        D.replace("D,150", ",0"),
    ]
    file = given_file(tmp_path, HEADER, *bad)
    result = run(file, "-o", out)
    assert result.exit_code == 1
    places = [line.removeprefix(f"{file}:").split(": ")[0] for line in result.stderr.splitlines()]
    assert places == [
        "2:phga_0",
        "2:phga_1",
        "4:mmt_0",
        "4:mmt_1",
        "4:ck_0",
        "4:ck_1",
        "4:ck_uln",
        "5:id",
        "5:mmt_max",
        "5:mmt_0",
        "5:mmt_1",
    ]
    assert "'abc' is not a number; leave the cell empty if it was not measured" in result.stderr
    assert "10.1 is outside 0 to 10" in result.stderr
    assert "151 is above the maximum of this row, 150" in result.stderr
    assert out.read_text() == "the old scores\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs.csv", "scores.csv"]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    two_lines = D.replace("D,", '"two\nlines",', 1)
    file = given_file(tmp_path, HEADER, two_lines, "", D.replace("6.0", "x"))
    assert f"{file}:5:phga_0: 'x' is not a number" in run(file).stderr


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "1: the file is empty"),
        ([HEADER], "2: the file has a header and no rows"),
        ([HEADER.replace(",haq_1", "")], "1:haq_1: the column is missing"),
        ([HEADER.replace(",ck_uln", "")], "1:ck_uln: the column is missing; ck needs ck_0, ck_1, ck_uln"),
        ([HEADER + ",ck_0"], "1:ck_0: the column stands twice"),
        ([HEADER + ",aldolaze_0"], "1:aldolaze_0: the column is unknown; did you mean aldolase_0?"),
        ([HEADER.replace(",", ";")], "1: the columns are separated by semicolons"),
        ([HEADER, D, D + ",7"], "3:ck_uln: the row has 16 cells where the header has 15"),
        ([HEADER, D.rpartition(",")[0]], "2:ck_1: the row has 14 cells where the header has 15"),
        ([HEADER, D.replace("6.0", '"6,0"')], "2:phga_0: '6,0' has a decimal comma; write 6.0"),
        ([HEADER, D, D.replace("6.0", '""6.0')], "3: a quotation mark stands astray"),
        ([HEADER, D.replace("D,", '"D,', 1), D], "2: a quotation mark stands astray"),
        ([HEADER + ',"a', 'note"', D], "1: the header has a line break inside a quoted name"),
        ([HEADER, D.replace("6.0", "0." + "0" * 40)], "2:phga_0: a number of 42 characters is a slip"),
    ],
)
def test_a_file_that_is_not_such_a_table_is_refused_with_the_reason(
    lines: list[str], sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("".join(line + "\n" for line in lines))
    result = run(file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{file}:{sentence}" in result.stderr


def test_bytes_that_are_not_text_are_refused_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_bytes(f"{HEADER}\n{D}\n".encode() + D.replace("D,", "Jörg,", 1).encode("latin-1") + b"\n")
    result = run(file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{file}:3: the line is not UTF-8 text" in result.stderr


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path / "absent.csv")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be read" in result.stderr


def test_a_folder_that_is_not_there_takes_no_output(tmp_path: Path) -> None:
    result = run(given_file(tmp_path, HEADER, D), "-o", tmp_path / "absent" / "scores.csv")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_other_columns_are_ignored_and_named(tmp_path: Path) -> None:
    result = run(given_file(tmp_path, HEADER + ",site", D + ",AMC"))
    assert result.exit_code == 0
    assert "ignored, because they mean nothing here: site" in result.stderr


def test_windows_line_ends_a_byte_order_mark_and_quotes_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_bytes(b"\xef\xbb\xbf" + f'{HEADER}\r\n"D, the first"{D[1:]}\r\n\r\n'.encode())
    (row,) = rows(run(file).stdout)
    assert (row["id"], row["tis"]) == ("D, the first", "52.5")


CELL = st.none() | st.integers(0, 100).map(lambda value: str(Decimal(value) / 10))
ENZYME = st.none() | st.sampled_from(["0", "35", "80.25", "200", "1e0", "3000"]).filter(lambda text: "e" not in text)
ROW = st.fixed_dictionaries(
    dict.fromkeys(("phga_0", "phga_1", "ptga_0", "ptga_1", "exm_0", "exm_1"), CELL)
    | {name: st.none() | st.integers(0, 80).map(str) for name in ("mmt_0", "mmt_1")}
    | {name: st.none() | st.sampled_from(["0", "0.125", "1.5", "2.875", "3"]) for name in ("haq_0", "haq_1")}
    | dict.fromkeys(("ck_0", "ck_1", "alt_0", "alt_1"), ENZYME)
    | {"mmt_max": st.sampled_from(["80", "150"]), "ck_uln": st.just("200"), "alt_uln": st.just("40.5")}
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=8), st.integers(1, 5))
def test_the_file_scores_as_the_specification_does_whatever_the_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: list[dict[str, str | None]], size: int
) -> None:
    monkeypatch.setattr(score, "CHUNK", size)
    names = list(table[0])
    lines = [",".join([str(number), *(row[name] or "" for name in names)]) for number, row in enumerate(table)]
    written = rows(run(given_file(tmp_path, ",".join(["id", *names]), *lines)).stdout)
    assert [row["id"] for row in written] == [str(number) for number in range(len(table))]
    for row, cells in zip(written, table, strict=True):
        numbers = {name: None if cell is None else Decimal(cell) for name, cell in cells.items()}
        visits = [{name[:-2]: value for name, value in numbers.items() if name.endswith(f"_{visit}")} for visit in "01"]
        limits = {"ck": numbers["ck_uln"], "alt": numbers["alt_uln"]}
        expected = pair_score(*visits, mmt_max=numbers["mmt_max"], upper_limits=limits)
        assert row["tis"] == ("" if expected.tis is None else f"{expected.tis.normalize():f}")
        assert (row["category"], row["enzyme"]) == (expected.category or "", expected.enzyme or "")
        assert bool(row["why"]) == bool(expected.gaps)


@pytest.mark.parametrize("ids", [["a", "b", "c"], ["a,b", 'say "c"', "two\nlines"], ["ä", "患者", "c"]])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_identifiers_come_back_as_they_were_given(ids: list[str], quoting: int, tmp_path: Path) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(HEADER.split(","))
    for name in ids:
        writer.writerow([name, *D.split(",")[1:]])
    file = tmp_path / "pairs.csv"
    file.write_text(text.getvalue(), encoding="utf-8")
    assert [(row["id"], row["tis"]) for row in rows(run(file).stdout)] == [(name, "52.5") for name in ids]


def test_old_line_ends_are_read_too(tmp_path: Path) -> None:
    """Carriage returns alone ended lines on old computers."""
    file = tmp_path / "pairs.csv"
    file.write_bytes(f"{HEADER}\r{D}\r".encode())
    assert [row["tis"] for row in rows(run(file).stdout)] == ["52.5"]


GOOD = f"{HEADER}\n{D}\n{D}\n".encode()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, len(GOOD)),
    st.integers(0, 30),
    st.binary(max_size=6) | st.sampled_from([b'"', b",", b"\n", b'""', b"\n\n", b"\x00", b"1e9", b"-", b"\xff"]),
)
def test_a_damaged_file_is_scored_or_refused_but_never_crashes(tmp_path: Path, at: int, cut: int, put: bytes) -> None:
    file = tmp_path / "pairs.csv"
    file.write_bytes(GOOD[:at] + put + GOOD[at + cut :])
    result = run(file)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code == 0) == bool(result.stdout)
    if result.exit_code:
        assert all(line.startswith(f"{file}:") for line in result.stderr.splitlines())


def test_a_ragged_row_hides_no_bad_cell_of_the_other_rows(tmp_path: Path) -> None:
    file = given_file(tmp_path, HEADER, D + ",7", D.replace("1.75", "4"), D.replace("6.0", "x"))
    said = run(file).stderr.splitlines()
    assert [line.removeprefix(f"{file}:").partition(": ")[0] for line in said] == ["2:ck_uln", "3:haq_0", "4:phga_0"]


def test_the_check_vectors_come_out_of_the_command(tmp_path: Path) -> None:
    """The vectors A to K that were worked out by hand from the published table; order as in the columns."""
    table = [
        ("A", 150, "5 5 5 5 120 120 1.5 1.5 3 3", "2000 2000 200", "0"),
        ("B", 150, "5 4.5 5 4.5 120 123 1.5 1.35 3 2.5", "2000 1850 200", "0"),
        ("C", 150, "5 4.4 5 4.4 120 124 1.5 1.25 3 2.4", "2000 1840 200", "35"),
        ("D", 150, "6.0 3.5 6.5 4.5 118 132 1.75 1.25 3.5 2.0", "4000 1200 200", "52.5"),
        ("E", 150, "7.5 2.0 7.0 2.0 105 140 2.25 0.75 5.0 0.5", "9000 180 200", "95"),
        ("F", 150, "10 0 10 0 90 150 3 0 10 0", "6000 100 200", "100"),
        ("G", 150, "4 6 4 7 130 110 1 2 2 5", "500 2500 200", "0"),
        ("H", 150, "5 4 4 6 120 136 1.0 1.5 1 1", "1500 600 200", "35"),
        ("I", 150, "2 0 2 0 141 150 0.25 0 0.5 0", "300 100 200", "37.5"),
        ("J", 260, "6.0 3.5 6.5 4.5 204 230 1.75 1.25 3.5 2.0", "4000 1200 200", "52.5"),
    ]
    lines = [f"{name},{top},{','.join(f'{scales} {ck}'.split())},,," for name, top, scales, ck, _ in table]
    lines.append("K,260,6.0,3.5,6.5,4.5,204,230,1.75,1.25,3.5,2.0,,,,120,60,40")
    found = rows(run(given_file(tmp_path, HEADER + ",alt_0,alt_1,alt_uln", *lines)).stdout)
    assert {row["id"]: row["tis"] for row in found} == {one[0]: one[-1] for one in table} | {"K": "52.5"}
    assert found[-1]["enzyme"] == "alt"
