"""Figures: well-formed, with words as words, apart in greyscale, and the same every time."""

from xml.etree import ElementTree

import pytest
from matplotlib.colors import to_rgb

from trialwright.analysis.survival import kaplan_meier
from trialwright.report import figures
from trialwright.report.figures import LOOKS, Point

ARMS = ("Placebo", "Immunoglobulin")
SERIES = {
    name: [Point(week, f"W{week}", 20.0 + week, 10.0 + week, 30.0 + week, 24) for week in (4, 8, 12)] for name in ARMS
}
DRAWN = {
    "means": lambda: figures.means_by_visit(SERIES, "Score", (0, 100)),
    "curves": lambda: figures.individual_curves({name: [[(4, 10.0), (8, 20.0)], [(4, 0.0)]] for name in ARMS}, "Score"),
    "waterfall": lambda: figures.waterfall({name: [0.0, 37.5, 80.0] for name in ARMS}, {"moderate": 40.0}, "Score"),
    "survival": lambda: figures.survival_curves(
        {name: kaplan_meier([4, 8, 12], [True, False, True]) for name in ARMS}, "Reached (%)", 12.0, [0, 4, 8, 12]
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_well_formed_and_its_words_are_text(name: str) -> None:
    drawn = ElementTree.fromstring(DRAWN[name]())
    words = "".join(drawn.itertext())
    assert "Score" in words or "Reached" in words
    assert all(arm in words for arm in ARMS)


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_drawn_the_same_every_time(name: str) -> None:
    assert DRAWN[name]() == DRAWN[name]()


def test_ids_of_two_figures_on_one_page_do_not_meet() -> None:
    ids = [
        {element.attrib["id"] for element in ElementTree.fromstring(draw()).iter() if "id" in element.attrib}
        for draw in DRAWN.values()
    ]
    assert len(set().union(*ids)) == sum(len(each) for each in ids)


def test_the_arms_differ_in_lightness_and_not_by_colour_alone() -> None:
    lightness = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (to_rgb(look.colour) for look in LOOKS)]
    assert abs(lightness[0] - lightness[1]) > 0.25
    assert LOOKS[0].marker != LOOKS[1].marker
    assert LOOKS[0].line != LOOKS[1].line
    assert LOOKS[0].hatch != LOOKS[1].hatch


def test_the_words_of_each_arm_are_dark_enough_to_read_on_white() -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.1, 1.4.3)."""
    for look in LOOKS:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(look.ink)]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5


def test_before_unblinding_there_is_one_neutral_series() -> None:
    drawn = figures.means_by_visit({"All participants": SERIES["Placebo"]}, "Score")
    assert not any(look.colour in drawn for look in LOOKS)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.means_by_visit({name: [] for name in ARMS}, "Score"),
        lambda: figures.individual_curves({name: [] for name in ARMS}, "Score"),
        lambda: figures.waterfall({name: [] for name in ARMS}, {}, "Score"),
    ],
)
def test_an_arm_without_anybody_can_be_drawn(draw) -> None:
    ElementTree.fromstring(draw())
