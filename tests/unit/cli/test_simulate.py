"""`trialwright simulate` as a person calls it."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.editing import SMALL
from typer.testing import CliRunner, Result

from trialwright.cli import app
from trialwright.simulate.worlds import WrongWorld


def ran(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["simulate", str(SMALL), *map(str, words)])


def told(*words: str | Path) -> Any:
    result = ran(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def numbers(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name != "timing"}


def test_power_and_type_one_error_stand_side_by_side() -> None:
    result = ran("--trials", "300", "--scenario", "works,idle")
    assert result.exit_code == 0, result.output
    for word in (
        "300 simulated trials in each of 2 worlds",
        "power",
        "type I error",
        "coverage",
        "±",
        "lost to follow",
    ):
        assert word in result.stdout
    assert "Caveat: Everything is invented." in result.stdout
    assert "1 values of scenarios.yaml are assumed" in result.stdout


def test_the_same_seed_gives_the_same_numbers_whoever_works() -> None:
    one = told("--trials", "600", "--seed", "5")
    several = told("--trials", "600", "--seed", "5", "--engine", "threads", "--workers", "3")
    assert numbers(one) == numbers(several)
    assert numbers(one) != numbers(told("--trials", "600", "--seed", "6"))


def test_a_grid_is_spanned_by_the_options() -> None:
    result = told(
        "--trials", "60", "--n", "12,24", "--set", "fall_T=-15,-8", "--dropout", "0,1", "--method", "simple",
        "--strata", "none",
    )  # fmt: skip
    worlds = result["worlds"]
    assert len(worlds) == 8
    assert {(world["n"], world["dropout"], world["parameters"]["fall_T"]) for world in worlds} == {
        (n, dropout, fall) for n in (12, 24) for dropout in ("0", "1") for fall in ("-15", "-8")
    }
    assert not any(world["stratified"] for world in worlds)


def test_tables_and_figures_are_written(tmp_path: Path) -> None:
    out = tmp_path / "results"
    assert ran("--trials", "60", "--n", "12,24", "--out", out).exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "characteristics.csv", "flow.csv", "rates-by-n.png", "rates-by-n.svg", "simulation.json",
    ]  # fmt: skip
    with (out / "characteristics.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = json.loads((out / "simulation.json").read_text(encoding="utf-8"))
    assert [row["n"] for row in rows] == ["12", "24"]
    for row in rows:
        assert (row["definition"], row["version"], row["seed"]) == (kept["definition"], kept["version"], "1")
        assert float(row["rejected error"]) >= 0


def test_a_stopped_simulation_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after the first chunk; then the same numbers as without it."""
    from trialwright.simulate import characteristics

    work = characteristics.work

    def interrupted(spec: Any, chunk: range, step: Any) -> Any:
        if chunk.start:
            raise KeyboardInterrupt
        return work(spec, chunk, step)

    out = tmp_path / "results"
    with monkeypatch.context() as patched:
        patched.setattr(characteristics, "work", interrupted)
        stopped = ran("--trials", "600", "--out", out)
    assert stopped.exit_code == 130
    assert "--resume" in stopped.stderr
    again = ran("--trials", "600", "--out", out)
    assert again.exit_code == 2
    assert "--resume" in again.stderr
    resumed = told("--trials", "600", "--out", out, "--resume")
    assert numbers(resumed) == numbers(told("--trials", "600"))
    assert not (out / "unfinished.jsonl").exists()


def test_resuming_what_was_never_begun_is_refused(tmp_path: Path) -> None:
    assert ran("--resume").exit_code == 2
    assert ran("--resume", "--out", tmp_path).exit_code == 2
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    assert ran("--out", tmp_path / "file").exit_code == 2


def test_a_trial_is_played_again_alone() -> None:
    result = ran("--replay", "3")
    assert result.exit_code == 0, result.output
    assert "Trial 3 of world works, through conduct" in result.stdout
    (one,) = told("--replay", "3")
    (row,) = one["both"]
    assert row["equal"]
    assert row["arrays"] == pytest.approx(row["conduct"], rel=1e-9)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scenario", "work"), "works"),
        (("--n", "few"), "few"),
        (("--set", "fall_S=1"), "fall_T"),
        (("--method", "coin"), "coin"),
        (("--strata", "half"), "half"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(words: tuple[str, ...], said: str) -> None:
    result = ran(*words)
    assert isinstance(result.exception, WrongWorld)
    assert said in str(result.exception)


def test_everything_that_is_wrong_with_the_options_is_said_at_once() -> None:
    result = ran("--n", "few", "--dropout", "much", "--set", "fall_T=low", "--strata", "half", "--method", "coin")
    assert isinstance(result.exception, WrongWorld)
    for said in ("--n few", "--dropout much", "--set fall_T=", "--strata half", "--method coin"):
        assert said in str(result.exception)


def test_an_engine_that_is_none_is_named() -> None:
    result = ran("--engine", "fast")
    assert result.exit_code == 2
    assert "processes" in result.stderr


def test_all_scenarios_and_both_ways_to_stratify_can_be_asked_for() -> None:
    result = told("--trials", "20", "--scenario", "all", "--strata", "both", "--dropout", "1e-7")
    assert [world["stratified"] for world in result["worlds"]] == [True, False] * 2
    assert {world["scenario"]["name"] for world in result["worlds"]} == {"works", "idle"}


def test_tables_show_every_name_and_number_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    from trialwright.cli import simulate_tables

    result = told("--trials", "60", "--n", "12,24", "--dropout", "0,3")
    monkeypatch.setattr(simulate_tables, "_console", lambda: Console(width=80, highlight=False))
    simulate_tables.show(result)
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    for word in ("MAIN", "analysed", "coverage", "rejects", "base"):
        assert word in shown
