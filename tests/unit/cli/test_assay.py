"""`trialwright assay`, `plate-layout` and `cytometry` as a laboratory calls them."""

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from tests.plugins.cells import PANEL, cells, fcs
from tests.plugins.plates import Recipe, grid, layout, long_form, plate, response, xponent
from typer.testing import CliRunner

from trialwright.capture.laboratory import COLUMNS as LABORATORY
from trialwright.capture.laboratory import REQUIRED
from trialwright.cli import app
from trialwright.measures.assay.plates import Plate, Well

SAMPLES = {"T1": 4.0, "T2": 80.0, "T3": 9000.0, "T4:10": 9000.0}


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an accepted plate, one rejected for its controls, and what was written of them."""
    folder = tmp_path_factory.mktemp("assay")
    good = plate(Recipe(samples=SAMPLES, noise=0.01))
    wells = [replace(w, response=(w.response or 0) * 0.4) if w.role == "qc" else w for w in good.wells]
    bad = replace(good, id="P<2>", wells=tuple(wells))
    (folder / "plates.csv").write_text(long_form([good, bad]), encoding="utf-8")
    result = ran("assay", folder / "plates.csv", "-o", folder / "out", "--model", "4pl")
    assert result.exit_code == 1, result.output
    (folder / "said.txt").write_text(result.output, encoding="utf-8")
    return folder


def test_the_plates_and_their_verdicts_are_printed(worked: Path) -> None:
    said = (worked / "said.txt").read_text(encoding="utf-8")
    assert re.search(r"P1 +CXCL10 +accepted", said)
    assert re.search(r"P<2> +CXCL10 +rejected", said)
    assert "P<2>, CXCL10: 0 of 6 control results lie within 20 % of the nominal content" in said
    assert "1 of 2 plates accepted, with 4 sample results." in said


def test_the_results_are_what_a_laboratory_import_takes(worked: Path) -> None:
    found = rows(worked / "out/results.csv")
    assert list(found[0]) == ["sample", "test", "value", "unit", "flag", "limit", "run", "quality", "source"]
    assert set(REQUIRED) <= set(found[0]) <= set(LABORATORY)
    first, second = found[:4], found[4:]
    assert (first[0]["value"], first[0]["limit"], first[2]["value"]) == ("<15.625", "15.625", ">2000")
    assert float(first[1]["value"]) == pytest.approx(80, rel=0.05)
    assert float(first[3]["value"]) == pytest.approx(9000, rel=0.1)
    assert [row["value"] for row in second] == [""] * 4
    assert all(row["quality"].startswith("plate rejected (controls, all") for row in second)
    assert all(len(row["source"]) == 64 for row in found)


def test_every_figure_stands_alone_and_in_the_report(worked: Path) -> None:
    page = (worked / "out/report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert page.count("<figure") == 2
    assert page.count("<td>4PL</td><td>15.625</td><td>2000</td>") == 2
    assert "P&lt;2&gt;" in page
    assert "P<2>" not in page
    assert len(re.findall(r' id="([^"]+)"', page)) == len(set(re.findall(r' id="([^"]+)"', page)))
    for name in ("P1-CXCL10", "P_2_-CXCL10"):
        assert (worked / f"out/figures/{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (worked / f"out/figures/{name}.svg").read_text(encoding="utf-8").startswith("<svg")


def test_the_curves_are_kept_at_full_precision(worked: Path) -> None:
    first, second = json.loads((worked / "out/curves.json").read_text(encoding="utf-8"))
    assert first["parameters"]["e"] == pytest.approx(400, rel=0.1)
    assert (first["verdict"], second["verdict"]) == ("accepted", "rejected")
    assert (first["lloq"], first["uloq"], first["model"], first["weights"]) == (15.625, 2000, "4pl", "1/y2")


def test_the_same_plates_give_the_same_bytes(worked: Path, tmp_path: Path) -> None:
    assert ran("assay", worked / "plates.csv", "-o", tmp_path, "--model", "4pl").exit_code == 1
    for name in ("results.csv", "curves.json", "report.html", "figures/P1-CXCL10.svg", "figures/P1-CXCL10.png"):
        assert (tmp_path / name).read_bytes() == (worked / "out" / name).read_bytes(), name


def test_a_mistake_refuses_all_plates_and_writes_nothing(tmp_path: Path) -> None:
    text = long_form([plate(), plate(name="P2")]).replace("P2,CXCL10,A1,blank", "P2,CXCL10,A1,blanc")
    (tmp_path / "two.csv").write_text(text, encoding="utf-8")
    result = ran("assay", tmp_path / "two.csv", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "two.csv:26:role: 'blanc' is no role" in result.output
    assert not (tmp_path / "out").exists()


def test_partial_works_sound_plates_out_and_flags_the_others(tmp_path: Path) -> None:
    both = [plate(Recipe(samples={"a": 50.0})), plate(Recipe(samples={"b": 50.0}), "P2")]
    text = long_form(both).replace("P2,CXCL10,A1,blank", "P2,CXCL10,A1,blanc")
    (tmp_path / "two.csv").write_text(text, encoding="utf-8")
    result = ran("assay", tmp_path / "two.csv", "-o", tmp_path / "out", "--partial", "--json")
    assert result.exit_code == 0
    found = {row["sample"]: row for row in rows(tmp_path / "out/results.csv")}
    assert float(found["a"]["value"]) == pytest.approx(50, rel=1e-3)
    assert (found["b"]["value"], found["b"]["quality"]) == ("", "plate not worked out (1 problem in two.csv)")
    assert "Partial: 1 plate was not worked out" in (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "left out: two.csv:" in result.stderr


def test_a_grid_with_its_layout_and_a_bead_assay(tmp_path: Path) -> None:
    made = plate(Recipe(samples=SAMPLES))
    (tmp_path / "P1.csv").write_text(grid(made), encoding="utf-8")
    (tmp_path / "layout.csv").write_text(layout(made), encoding="utf-8")
    result = ran(
        "assay", tmp_path / "P1.csv", "-o", tmp_path / "grid", "--layout", tmp_path / "layout.csv", "--analyte", "X"
    )
    assert result.exit_code == 0, result.output
    both = [made, replace(made, analyte="Galectin-9")]
    (tmp_path / "beads.csv").write_text(xponent(both), encoding="utf-8")
    result = ran("assay", tmp_path / "beads.csv", "-o", tmp_path / "beads", "--rules", "multiplex-beads", "--json")
    assert [row["verdict"] for row in json.loads(result.stdout)["plates"]] == ["accepted", "accepted"]
    assert len(rows(tmp_path / "beads/results.csv")) == 8
    result = ran("assay", tmp_path / "beads.csv", "-o", tmp_path / "no", "--lloq", "20")
    assert result.exit_code == 2
    assert "declared limits are of one analyte" in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nowhere.csv", "-o", "{out}"), 1, "cannot be read"),
        (("{plate}", "-o", "{plate}"), 2, "is a file; name a folder"),
        (("{plate}", "-o", "{out}", "--rules", "ich-m11"), 1, "did you mean ich-m10?"),
        (("{plate}", "-o", "{out}", "--lloq", "5", "--uloq", "2"), 2, "below the upper one"),
        (("{plate}", "-o", "{out}", "--lloq", "3000"), 2, "3000 lies above the standards, which end at 2000"),
        (("{plate}", "-o", "{out}", "--uloq", "3"), 2, "3 lies below the standards, which begin at 15.625"),
        (("{plate}", "-o", "{out}", "--model", "6pl"), 2, "6pl"),
    ],
)
def test_wrong_usage_says_what_to_do(
    worked: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    places = {"plate": worked / "plates.csv", "out": tmp_path / "out"}
    result = ran("assay", *(argument.format(**places) for argument in arguments))
    assert result.exit_code == code
    assert said in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


def test_a_rejected_plate_stops_a_script_unless_partial_results_are_asked_for(worked: Path, tmp_path: Path) -> None:
    arguments = ("assay", worked / "plates.csv", "-o", tmp_path / "out", "--model", "4pl")
    assert ran(*arguments).exit_code == 1
    assert (tmp_path / "out/report.html").is_file()
    assert ran(*arguments, "--partial").exit_code == 0


@pytest.mark.parametrize(
    ("change", "word", "advice"),
    [
        (lambda well: replace(well, response=1.0), "flat", "see whether they were pipetted"),
        (lambda well: replace(well, response=0.0 if well.level == "S8" else well.response), "no weight", "--weights"),
    ],
)
def test_a_plate_without_a_curve_is_rejected_for_that_alone(
    tmp_path: Path, change: Callable[[Well], Well], word: str, advice: str
) -> None:
    made = plate(Recipe(samples=SAMPLES))
    made = replace(made, wells=tuple(map(change, made.wells)))
    (tmp_path / "plate.csv").write_text(long_form([made]), encoding="utf-8")
    result = ran("assay", tmp_path / "plate.csv", "-o", tmp_path / "out")
    assert result.exit_code == 1
    (said,) = [line for line in result.stdout.splitlines() if line.startswith("P1, CXCL10: ")]
    assert said.startswith("P1, CXCL10: There is no curve to use: ")
    assert word in said
    assert advice in said
    (row,) = rows(tmp_path / "out/plates.csv")
    assert (row["curve"], row["lloq"], row["uloq"], row["not_met"]) == ("none", "", "", "curve")
    assert {row["quality"] for row in rows(tmp_path / "out/results.csv")} == {"plate rejected (curve); no curve"}
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "<td>none</td><td>–</td><td>–</td>" in page
    judged = {row["rule"]: row["sentence"] for row in rows(tmp_path / "out/verdicts.csv")}
    assert judged["controls, all"] == "Not judged: there is no curve."
    assert judged["control levels"] == "3 control levels; at least 3 are asked."


def test_files_of_an_earlier_run_are_named_and_left(tmp_path: Path) -> None:
    for name in ("P1", "P2"):
        (tmp_path / f"{name}.csv").write_text(long_form([plate(name=name)]), encoding="utf-8")
    assert ran("assay", tmp_path / "P1.csv", "-o", tmp_path / "out").exit_code == 0
    result = ran("assay", tmp_path / "P2.csv", "-o", tmp_path / "out")
    assert result.exit_code == 0
    said = f"{tmp_path / 'out'}: not of this run, left as they were: figures/P1-CXCL10.png, figures/P1-CXCL10.svg"
    assert result.stderr.splitlines() == [said]


def test_a_folder_that_cannot_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "P1.csv").write_text(long_form([plate()]), encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/figures").write_text("a file in the way", encoding="utf-8")
    result = ran("assay", tmp_path / "P1.csv", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["figures"]


# ------------------------------------------------------------------ layouts


def tubes(folder: Path, header: str = "sample,participant,visit") -> Path:
    lines = [header, *(f"T{who}-{at},P{who},V{at}" for who in range(10) for at in range(5))]
    path = folder / "tubes.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_layout_is_what_the_assay_reads_back(tmp_path: Path) -> None:
    standards = ["role,level,nominal,replicates", *(f"standard,S{n},{2000 / 2**n},2" for n in range(8))]
    standards += ["qc,low,45,2", "qc,middle,300,2", "qc,high,1500,2", "blank,,,2"]
    (tmp_path / "standards.csv").write_text("\n".join(standards), encoding="utf-8")
    result = ran(
        "plate-layout", tubes(tmp_path), "-o", tmp_path / "out", "--seed", 5, "--standards", tmp_path / "standards.csv"
    )
    assert result.exit_code == 0, result.output
    arranged = rows(tmp_path / "out/layout.csv")
    manifest = rows(tmp_path / "out/manifest.csv")
    homes = {row["participant"]: {own["plate"] for own in manifest if own["participant"] == row["participant"]}
             for row in manifest}  # fmt: skip
    assert all(len(plates) == 1 for plates in homes.values())
    assert {row["sample"] for row in arranged if row["role"] == "sample"} == {row["sample"] for row in manifest}
    page = (tmp_path / "out/maps.html").read_text(encoding="utf-8")
    assert page.count("<article>") == len({row["plate"] for row in arranged}) == 2
    for name in ("P1", "P2"):
        wells = [
            Well(
                row["well"],
                row["role"],
                response=response(float(row["nominal"] or 0) or 100.0 * (row["role"] == "sample")),
            )
            for row in arranged
            if row["plate"] == name
        ]
        (tmp_path / f"{name}.csv").write_text(grid(Plate(name, "X", "pg/mL", tuple(wells))), encoding="utf-8")
    back = ran(
        "assay", tmp_path / "P1.csv", tmp_path / "P2.csv", "-o", tmp_path / "assay", "--layout",
        tmp_path / "out/layout.csv", "--unit", "pg/mL", "--analyte", "X",
    )  # fmt: skip
    assert back.exit_code == 0, back.output
    found = {row["sample"]: float(row["value"]) for row in rows(tmp_path / "assay/results.csv")}
    assert found == {row["sample"]: pytest.approx(100, rel=1e-3) for row in manifest}


def test_the_same_seed_writes_the_same_bytes_and_another_another_layout(tmp_path: Path) -> None:
    path = tubes(tmp_path)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert ran("plate-layout", path, "-o", tmp_path / name, "--seed", seed).exit_code == 0
    first, second, third = ((tmp_path / name / "layout.csv").read_bytes() for name in "abc")
    assert first == second != third
    assert (tmp_path / "a/maps.html").read_bytes() == (tmp_path / "b/maps.html").read_bytes()


@pytest.mark.parametrize("name", ["arm", "treatment", "allocation"])
def test_a_list_that_names_a_group_is_refused(tmp_path: Path, name: str) -> None:
    result = ran("plate-layout", tubes(tmp_path, f"sample,participant,{name}"), "-o", tmp_path / "out", "--seed", 1)
    assert result.exit_code == 1
    assert f"tubes.csv:1:{name}: the list says who belongs to which group" in result.output
    assert not (tmp_path / "out").exists()


def test_mistakes_in_the_list_are_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "tubes.csv"
    path.write_text("sample,participant,dilution\n,P1,1\nT2,,0\nT3,P3,x\n", encoding="utf-8")
    result = ran("plate-layout", path, "-o", tmp_path / "out", "--seed", 1)
    assert result.exit_code == 1
    for said in ("2:sample: the row has no sample", "3:participant:", "4:dilution: 'x' is not a number"):
        assert said in result.output


# ------------------------------------------------------------------ cytometry


@pytest.fixture
def stained(tmp_path: Path) -> Path:
    for name, marker, seed in (("a", 5000, 1), ("a_iso", 250, 2), ("b", 900, 3), ("b_iso", 230, 4)):
        fcs(tmp_path / f"{name}.fcs", cells(marker, seed=seed))
    (tmp_path / "panel.yaml").write_text(PANEL, encoding="utf-8")
    lines = [
        f"{name}{end}.fcs,{name.upper()},{role}"
        for name in "ab"
        for end, role in (("", "stained"), ("_iso", "isotype"))
    ]
    (tmp_path / "tubes.csv").write_text("\n".join(["file,sample,role", *lines]), encoding="utf-8")
    return tmp_path


def cytometry(folder: Path, *more: str) -> Result:
    files = sorted(folder.glob("*.fcs"))
    return ran(
        "cytometry",
        *files,
        "--panel",
        folder / "panel.yaml",
        "--tubes",
        folder / "tubes.csv",
        "-o",
        folder / "out",
        *more,
    )


def test_ratios_are_written_with_their_cells_and_figures(stained: Path) -> None:
    result = cytometry(stained)
    assert result.exit_code == 0, result.output
    assert re.search(r"A +Siglec-1 ratio 20\.\d+, 1000 cells", result.output)
    first, second = rows(stained / "out/results.csv")
    assert (first["sample"], first["test"], first["unit"], second["sample"]) == ("A", "Siglec-1", "1", "B")
    assert float(first["value"]) > float(second["value"]) > 1
    assert [row["in monocytes"] for row in rows(stained / "out/events.csv")] == ["1000"] * 4
    assert (stained / "out/figures/A.png").read_bytes().startswith(b"\x89PNG")


def test_a_truncated_file_refuses_all_and_partial_leaves_its_sample_out(stained: Path) -> None:
    path = stained / "b_iso.fcs"
    path.write_bytes(path.read_bytes()[:5000])
    result = cytometry(stained)
    assert result.exit_code == 1
    assert "b_iso.fcs: the file ends after 5000 bytes" in result.output
    assert not (stained / "out").exists()
    result = cytometry(stained, "--partial")
    assert result.exit_code == 0
    assert [row["sample"] for row in rows(stained / "out/results.csv")] == ["A"]
    assert "left out: b.fcs: sample B has no isotype control" in result.stderr


def test_partial_results_of_nothing_are_refused_with_every_reason(stained: Path) -> None:
    for name in ("a", "b_iso"):
        (stained / f"{name}.fcs").write_bytes(b"FCS3.1 no more")
    result = cytometry(stained, "--partial")
    assert result.exit_code == 1
    for said in ("a.fcs: ", "b_iso.fcs: ", "b.fcs: sample B has no isotype control"):
        assert any(line.startswith(said) for line in result.stderr.splitlines())
    assert "no file is stained" not in result.stderr
    assert not (stained / "out").exists()


def test_too_few_cells_stop_a_script_unless_partial_results_are_asked_for(stained: Path) -> None:
    panel = (stained / "panel.yaml").read_text(encoding="utf-8")
    (stained / "panel.yaml").write_text(panel.replace("least_events: 100", "least_events: 5000"), encoding="utf-8")
    result = cytometry(stained)
    assert result.exit_code == 1
    assert "1000 events in the last gate of a.fcs; at least 5000 are asked" in " ".join(result.stdout.split())
    assert [row["value"] for row in rows(stained / "out/results.csv")] == ["", ""]
    assert cytometry(stained, "--partial").exit_code == 0
