"""Flow cytometry: gates, compensation, medians and ratios of imaginary cells, and files that are damaged."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.plugins.cells import PANEL, SPILL, cells, fcs

from trialwright.measures.cytometry import Tube, antibodies, compensated, inside, limited, measure, read, results
from trialwright.measures.cytometry_panel import BadCytometry, Gate, Panel, panel


@pytest.fixture
def declared(tmp_path: Path) -> Panel:
    path = tmp_path / "panel.yaml"
    path.write_text(PANEL, encoding="utf-8")
    return panel(path)


def refused(path: Path) -> str:
    """What is said of a file that cannot be read."""
    with pytest.raises(BadCytometry) as bad:
        read(path)
    return str(bad.value)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    events = cells(5000, count=200)
    found = read(fcs(tmp_path / "a.fcs", events))
    assert found.names == ("FSC-A", "SSC-A", "FITC-A", "PE-A", "Time")
    assert found.labels == ("", "", "CD14", "CD169", "")
    assert np.allclose(found.events, events.astype(np.float32))
    assert found.spill is not None
    assert np.allclose(found.spill, SPILL)


def test_compensation_takes_off_what_the_other_dye_gave(tmp_path: Path) -> None:
    found = compensated(read(fcs(tmp_path / "a.fcs", cells(5000, count=400))))
    clean = cells(5000, count=400, spilt=False)
    assert np.allclose(found.events, clean, rtol=1e-4, atol=0.01)


def test_the_ratio_is_that_of_the_medians_in_the_last_gate(tmp_path: Path, declared: Panel) -> None:
    measured = [
        measure(read(fcs(tmp_path / "a.fcs", cells(5000))), Tube("S1"), declared),
        measure(read(fcs(tmp_path / "i.fcs", cells(250, seed=2))), Tube("S1", "isotype"), declared),
    ]
    (found,) = results(measured, declared)
    assert measured[0].gated == (("cells", 3000), ("monocytes", 1000))
    truth = [cells(marker, seed=seed, spilt=False) for marker, seed in ((5000, 1), (250, 2))]
    stained, control = (float(np.median(events[3::4, 3])) for events in truth)
    assert found.value is not None
    assert float(found.value.value) == pytest.approx(stained / control, rel=1e-4)


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_polygon_that_is_a_square_is_a_rectangle(x: float, y: float) -> None:
    square = Gate("square", ("a", "b"), polygon=((-1.5, -1.0), (2.0, -1.0), (2.0, 1.25), (-1.5, 1.25)))
    box = Gate("box", ("a", "b"), bounds=((-1.5, 2.0), (-1.0, 1.25)))
    on_edge = x in (-1.5, 2.0) or y in (-1.0, 1.25)
    point = np.array([[x, y]])
    assert on_edge or inside(square, point)[0] == inside(box, point)[0]


def test_a_hollow_polygon_leaves_its_bay_out() -> None:
    horseshoe = Gate("u", ("a", "b"), polygon=((0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)))
    points = np.array([[0.5, 2], [1.5, 2], [2.5, 2], [1.5, 0.5]])
    assert inside(horseshoe, points).tolist() == [True, False, True, True]


def test_antibodies_follow_the_beads_and_a_declared_limit_keeps_low_values_below(declared: Panel) -> None:
    beads = ((100.0, 1000.0), (1000.0, 10000.0), (10000.0, 100000.0))
    assert antibodies(500.0, beads) == pytest.approx(5000)
    counted = replace(declared, report="antibodies", control="none", beads=beads, limits=(1200.0, None))
    assert str(limited(900.0, counted)) == "<1200"
    assert str(limited(1300.0, counted)) == "1300"


def test_too_few_cells_give_no_value_and_say_so(tmp_path: Path, declared: Panel) -> None:
    tubes = [
        measure(read(fcs(tmp_path / "a.fcs", cells(5000, count=200))), Tube("S1"), declared),
        measure(read(fcs(tmp_path / "i.fcs", cells(250))), Tube("S1", "isotype"), declared),
    ]
    (found,) = results(tubes, declared)
    assert found.value is None
    assert "50 events in the last gate of a.fcs; at least 100 are asked" in found.quality[0]


def test_a_sample_without_its_control_is_named(tmp_path: Path, declared: Panel) -> None:
    alone = [measure(read(fcs(tmp_path / "a.fcs", cells(5000))), Tube("S1"), declared)]
    with pytest.raises(BadCytometry, match="sample S1 has no isotype control"):
        results(alone, declared)
    with pytest.raises(BadCytometry, match="two stained files"):
        results([*alone, *alone[:0], replace(alone[0], file="b.fcs")], declared)


def test_a_missing_channel_is_named_with_those_there_are(tmp_path: Path, declared: Panel) -> None:
    with pytest.raises(BadCytometry) as bad:
        measure(read(fcs(tmp_path / "a.fcs", cells(5000))), Tube("S1"), replace(declared, marker="CD170"))
    assert "a.fcs:CD170: there is no such channel; it has FSC-A, SSC-A, FITC-A (CD14), PE-A (CD169), Time" in str(
        bad.value
    )


def test_a_file_without_spillover_is_refused_where_it_should_be_compensated(tmp_path: Path, declared: Panel) -> None:
    found = read(fcs(tmp_path / "a.fcs", cells(5000), spilt=False))
    with pytest.raises(BadCytometry, match="it has no spillover matrix; write compensate: false"):
        measure(found, Tube("S1"), declared)
    assert measure(found, Tube("S1"), replace(declared, compensate=False)).events == 4000


def test_damaged_files_say_what_is_wrong_with_them(tmp_path: Path) -> None:
    whole = fcs(tmp_path / "whole.fcs", cells(5000)).read_bytes()
    path = tmp_path / "bad.fcs"
    cases = {
        b"": "it is no FCS file",
        b"PK" + whole[2:]: "it is no FCS file",
        whole[:40]: "inside its header; it was cut",
        whole[:-1000]: f"the file ends after {len(whole) - 1000} bytes and should have {len(whole)}: it is truncated",
        whole.replace(b"$TOT/4000/", b"$TOT/4001/"): "$TOT says 4001 events of 5 channels; the data hold 4000 events",
        whole.replace(b"$TOT/4000/", b"$TOT/many/"): "the FCS file is damaged",
        whole.replace(b"$SPILLOVER/2,", b"$SPILLOVER/3,"): "the spillover matrix is damaged",
    }
    for content, said in cases.items():
        assert content != whole, said
        path.write_bytes(content)
        assert said in refused(path), said


def test_values_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    events = cells(5000, count=100)
    events[7, 2] = np.nan
    assert "no numbers" in refused(fcs(tmp_path / "a.fcs", events))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), min_size=1, max_size=6), st.integers(0, 900))
def test_whatever_is_overwritten_gives_events_or_a_sentence(
    tmp_path: Path, changes: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(fcs(tmp_path / "a.fcs", cells(5000, count=8)).read_bytes())
    for place, value in changes:
        content[place % len(content)] = value
    path = tmp_path / "b.fcs"
    path.write_bytes(bytes(content[: len(content) - (cut if cut < 300 else 0)]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            shape = read(path).events.ndim
        except BadCytometry as bad:
            shape = 2 * len(bad.problems)
    assert shape == 2


PANELS = {
    "marker: CD169\n": "test: it is missing",
    PANEL.replace("control: isotype", "control: none"): "panel.yaml:12:control: a ratio needs a control",
    PANEL.replace("report: ratio", "report: antibodies"): "at least 3 calibration beads",
    PANEL.replace("marker:", "markr:"): "markr: it means nothing here; did you mean marker?",
    PANEL.replace("[20000, null]", "[20000, 10]"): "the lower bound 20000 is not below the upper one 10",
    PANEL.replace("[90000, 120000], ", "").replace(", [3000, 120000]", ""): "at least three corners",
    PANEL.replace("report: ratio", "report: mean"): "'mean' cannot be; it is one of median, ratio, antibodies",
    "gates: [": "the panel is no YAML",
}


@pytest.mark.parametrize(("text", "said"), PANELS.items(), ids=PANELS.values())
def test_a_wrong_panel_says_what_and_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "panel.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadCytometry) as bad:
        panel(path)
    assert said in str(bad.value)
