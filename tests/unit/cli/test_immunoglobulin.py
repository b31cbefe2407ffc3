"""`trialwright immunoglobulin`: a course by week, the model beside published numbers, its sources."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from trialwright.cli import app


def ran(*words: object) -> Result:
    return CliRunner().invoke(app, ["immunoglobulin", *map(str, words)])


def test_the_course_is_printed_by_week_and_drawn(tmp_path: Path) -> None:
    for name in ("course.svg", "course.png"):
        result = ran("--weeks", "4", "--people", "50", "-o", tmp_path / name)
        assert result.exit_code == 0, result.output
        assert result.stdout.split("\n")[1].split() == [
            *("week", "typical", "mean", "low", "high", "rise", "rise", "low", "rise", "high"),
        ]
    assert "g/kg" in (tmp_path / "course.svg").read_text()
    assert (tmp_path / "course.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_gives_the_same_people_and_json_holds_every_digit() -> None:
    one, two, other = (ran("--weeks", "2", "--people", "20", "--seed", seed, "--json").stdout for seed in (1, 1, 2))
    assert one == two != other
    rows = json.loads(one)
    assert [row["week"] for row in rows] == [0, 1, 2]
    assert rows[1]["low"] < rows[1]["mean"] < rows[1]["high"]
    assert rows[0]["typical"] == 11.0


def test_a_faster_clearance_gives_less() -> None:
    rises = [
        json.loads(ran("--weeks", "4", "--people", "20", "--json", "--clearance", factor).stdout)[4]["rise"]
        for factor in (0.5, 1, 2)
    ]
    assert rises == sorted(rises, reverse=True)


def test_published_numbers_sources_and_the_short_formula_are_shown() -> None:
    published = {row["what"]: row for row in json.loads(ran("--published", "--json").stdout)}
    assert published["2 g/kg, from 8.3: day 7"]["within"] == "no"
    assert "Kuitwaard" in ran("--published").stdout
    statuses = {row["status"] for row in json.loads(ran("--sources", "--json").stdout)}
    assert statuses == {"read", "computed", "recalled", "assumed"}
    assert "recalled" in ran("--sources").stdout
    (formula,) = json.loads(ran("--response", "--json").stdout)
    assert formula["largest difference"] < 0.25


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--courses", "28,0"), "days rise"),
        (("--courses", "first"), "write days such as"),
        (("--published", "--sources"), "one of --published"),
        (("-o", "course.pdf"), "FILE.svg or FILE.png"),
        (("--published", "-o", "a.svg"), "a figure of the course"),
    ],
)
def test_wrong_usage_says_what_to_write(words: tuple[str, ...], says: str) -> None:
    result = ran(*words)
    assert result.exit_code == 2
    assert says in " ".join(result.output.replace("│", "").split())
