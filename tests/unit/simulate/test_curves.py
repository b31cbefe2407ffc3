"""Figures: one for each quantity of a grid that takes several values, the same bytes for the same numbers."""

from pathlib import Path
from typing import Any

import pytest

from trialwright.simulate.curves import draw, figures_of


def world(n: int, rate: float, scenario: str = "works", **changes: Any) -> dict[str, Any]:
    row = {
        "analysis": "MAIN", "target": "week 8", "leading": True, "alpha": 0.05,
        "rate": "power" if scenario == "works" else "type I error",
        "rejected": {"value": rate, "error": 0.01},
    }  # fmt: skip
    return {
        "label": f"{scenario}, n = {n}", "scenario": {"name": scenario}, "n": n, "parameters": {}, "dropout": "1",
        "method": "permuted_block", "stratified": True, "analyses": [row, {**row, "leading": False}], **changes,
    }  # fmt: skip


def test_a_grid_over_sizes_gives_a_curve_for_each_analysis_and_scenario() -> None:
    worlds = [world(n, 0.2 + n / 100) for n in (48, 24)] + [world(n, 0.05, "idle") for n in (24, 48)]
    (figure,) = figures_of({"trial": "PRESS", "worlds": worlds})
    assert [curve.name for curve in figure.curves] == ["MAIN week 8, works", "MAIN week 8, idle"]
    assert [place for place, _, _ in figure.curves[0].points] == [24, 48]
    assert figure.curves[0].points[0][1:] == pytest.approx((44, 1))
    assert [curve.null for curve in figure.curves] == [False, True]
    assert "participants randomised" in figure.axis


def test_each_quantity_that_varies_has_its_figure() -> None:
    worlds = [
        world(n, 0.5, parameters={"fall_T": fall}, dropout=dropout)
        for n in (24, 48) for fall in ("-15", "-8") for dropout in ("0", "1")
    ]  # fmt: skip
    figures = figures_of({"trial": "PRESS", "worlds": worlds})
    assert [figure.key for figure in figures] == ["n", "parameter fall_T", "dropout"]
    assert all(len(figure.curves) == 4 for figure in figures)


def test_one_world_has_no_curve() -> None:
    assert figures_of({"trial": "PRESS", "worlds": [world(24, 0.5), world(24, 0.05, "idle")]}) == ()


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    figures = figures_of({"trial": "PRESS", "worlds": [world(24, 0.5), world(48, 0.8)]})
    names = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        names.append([path.name for path in draw(figures, folder)])
    assert names[0] == ["rates-by-n.png", "rates-by-n.svg"]
    for name in names[0]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert "Trials that reject" in (tmp_path / "one" / "rates-by-n.svg").read_text(encoding="utf-8")
