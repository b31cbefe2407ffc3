"""`trialwright sample-size` and `trialwright sequential` as a statistician types them."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from trialwright.analysis.estimates import NotEstimable
from trialwright.cli import app


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def told(*arguments: str) -> Any:
    return json.loads(said(*arguments, "--json"))


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == 1
    assert isinstance(result.exception, NotEstimable)
    return str(result.exception)


def test_the_size_is_solved_for_and_rounded_up_in_each_arm() -> None:
    found = told("sample-size", "t", "--difference", "16", "--sd", "19", "--power", "0.8")
    assert found["solved"] == "n"
    assert found["n"] == pytest.approx(46.27413322, abs=1e-7)
    assert found["randomised"] == {"treatment": 24, "reference": 24, "total": 48}
    assert found["power"] > 0.8
    assert [row["total"] for row in found["neighbours"]] == [44, 46, 48, 50, 52]
    lost = told("sample-size", "t", "--difference", "16", "--sd", "19", "--power", "0.8", "--dropout", "0.1")
    assert lost["randomised"]["total"] == 52


def test_power_and_difference_are_solved_for() -> None:
    power = told("sample-size", "t", "--difference", "20", "--sd", "24", "--n", "48")
    assert power["power"] == pytest.approx(0.806766148172802)
    apart = told("sample-size", "t", "--sd", "24", "--n", "48", "--power", "0.9")
    assert apart["difference"] == pytest.approx(22.9420654765153)
    assert "22.942" in said("sample-size", "t", "--sd", "24", "--n", "48", "--power", "0.9")


def test_shares_visits_and_hazards_are_asked_in_the_same_way() -> None:
    shares = told("sample-size", "proportions", "--p1", "0.75", "--p2", "0.4", "--power", "0.8", "--test", "boschloo")
    assert shares["randomised"]["total"] == 62
    assert "at most 4.8" in shares["notes"][0]
    less = told("sample-size", "proportions", "--p2", "0.6", "--n", "80", "--power", "0.8", "--fewer")
    assert less["p1"] < 0.6
    visits = ("--retention", "1,0.9,0.8,0.7", "--correlation", "0.5", "--sd", "24")
    size = told("sample-size", "mmrm", *visits, "--difference", "20", "--power", "0.8")
    careful = told("sample-size", "mmrm", *visits, "--difference", "20", "--power", "0.8", "--df", "t")
    assert careful["n"] > size["n"]
    matrix = told("sample-size", "mmrm", "--retention", "1,1", "--covariance", "us", "--correlation", "0.3",
                  "--n", "48", "--power", "0.8")  # fmt: skip
    assert matrix["difference"] == pytest.approx(2.801585 * (4 / 48) ** 0.5, rel=1e-5)
    events = ("--median", "20", "--accrual", "12", "--follow-up", "12")
    assert told("sample-size", "logrank", *events, "--hazard-ratio", "0.6", "--power", "0.8")["n"] == pytest.approx(
        312.230072842969
    )
    assert "events are seen" in said("sample-size", "logrank", *events, "--n", "312", "--power", "0.8")


def test_a_wrong_question_says_what_to_do() -> None:
    assert "leave out the one" in refused("sample-size", "t", "--n", "48")
    assert "none was left out" in refused("sample-size", "t", "--n", "48", "--power", "0.8", "--difference", "1")
    assert "--by" in refused("sample-size", "logrank", "--median", "9", "--follow-up", "9", "--dropout", "0.1")
    assert "below 1" in refused("sample-size", "t", "--n", "48", "--power", "0.8", "--dropout", "1")
    result = CliRunner().invoke(app, ["sample-size", "mmrm", "--retention", "1,x", "--n", "48", "--power", "0.8"])
    assert result.exit_code == 2


def test_the_bounds_are_printed_and_told_at_full_precision() -> None:
    found = told("sequential", "boundaries", "--looks", "3")
    assert found["upper"] == pytest.approx([3.7103028732625, 2.51142748126954, 1.99304747782513], abs=1e-12)
    assert found["characteristics"]["inflation"] == pytest.approx(1.01279481, abs=1e-7)
    assert "2.51142748" in said("sequential", "boundaries", "--looks", "3")
    text = said("sequential", "boundaries", "--looks", "3", "--beta", "0.1", "--beta-spending", "bsOF")
    assert "-0.69454117" in text
    two = told("sequential", "boundaries", "--information", "0.5,1", "--sided", "2", "--alpha", "0.05", "--type", "OF")
    assert two["spent"][-1] == pytest.approx(0.05)


def test_the_size_of_a_sequential_trial_is_solved_for() -> None:
    design = ("--looks", "3", "--difference", "20", "--sd", "24")
    found = told("sequential", "power", *design, "--power", "0.8")
    again = told("sequential", "power", *design, "--n", str(found["n"]))
    assert again["power"] == pytest.approx(0.8, abs=1e-9)
    assert found["expected_n"] < found["n"]
    assert "expected information" in said("sequential", "power", *design, "--n", "48")
    assert "--drift" in refused("sequential", "power", "--looks", "3")


def test_half_way_and_at_the_end() -> None:
    half = told("sequential", "conditional", "--looks", "3", "--look", "1", "--z", "1.2")
    assert half["conditional_power_none"] < half["conditional_power_trend"] < half["conditional_power_plan"]
    assert "predictive power" in said("sequential", "conditional", "--looks", "3", "--look", "1", "--z", "1.2")
    assert "last one" in refused("sequential", "conditional", "--looks", "3", "--look", "3", "--z", "1.2")
    end = told("sequential", "final", "--looks", "3", "--look", "2", "--z", "2.9", "--se", "1.5")
    assert end["interval"]["lower"] < end["interval"]["estimate"] < end["naive"]
    assert "stage-wise" in said("sequential", "final", "--looks", "3", "--look", "2", "--z", "2.9", "--se", "1.5")


def test_the_size_is_looked_at_again() -> None:
    assert told("sequential", "reestimate", "--n", "24", "--sd", "27", "--difference", "20")["size"] == {
        "treatment": 30, "reference": 30,
    }  # fmt: skip
    assert "50 % in both arms" in said("sequential", "reestimate", "--n", "24", "--events", "12", "--difference", "0.3")
    zone = told("sequential", "reestimate", "--n", "24", "--z", "1.3", "--planned", "48", "--most", "100")
    assert zone["zone"] == "promising"
    assert "--sd" in refused("sequential", "reestimate", "--n", "24")
    assert "--planned" in refused("sequential", "reestimate", "--n", "24", "--z", "1.3")
    assert "--difference" in refused("sequential", "reestimate", "--n", "24", "--sd", "20")
