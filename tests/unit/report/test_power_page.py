"""What n can and cannot show: from the definition alone, the numbers those of the analysis, nobody's arm named."""

import json
from decimal import Decimal

import pytest
from tests.unit.analysis.imaginary import definition

from trialwright.analysis.power import means, proportions, reach
from trialwright.design.model import Definition
from trialwright.report.content import Content, Drawing, Section, Table
from trialwright.report.page import html, json_bytes
from trialwright.report.power_page import power_section


def section(of: Definition | None = None) -> Section:
    found = power_section(of or definition())
    assert found is not None
    return found


def table(id_: str) -> Table:
    return next(block for block in section().blocks if isinstance(block, Table) and block.id == id_)


def changed(**size: object) -> Definition:
    planned = definition().sample_size
    assert planned is not None
    return definition().model_copy(update={"sample_size": planned.model_copy(update=size)})


def test_the_plan_is_read_from_the_definition() -> None:
    plan = reach.planned(definition())
    assert plan == reach.Plan(48, 1.0, 20.0, 24.0, 0.8, 0.05, 2, 0.0, 7)  # one stratum of two levels, six numbers


def test_the_lead_says_the_power_and_the_smallest_differences() -> None:
    says = section().blocks[0].says  # type: ignore[union-attr]
    assert says.numbers["power"].value == means.power(48, 20, 24)
    assert says.numbers["eighty"].value == means.detectable(48, 0.8, 24)
    assert says.text.startswith(
        "With 48 participants (24 and 24) a t test has a power of 80.7 % to show a true difference of 20 points"
    )
    assert "significant with a chance of 5 %" in says.text


def test_the_tables_hold_the_numbers_of_the_analysis() -> None:
    lost = table("size-measured").rows
    assert [row[1].text for row in lost] == ["48", "45.6", "43.2", "40.8"]  # type: ignore[union-attr]
    assert lost[2][2].value == means.power(43.2, 20, 24)  # type: ignore[union-attr]
    adjusted = table("size-adjusted").rows
    assert adjusted[3][1].value == means.power(48, 20, 24, covariates=7, explained=0.3)  # type: ignore[union-attr]
    responders = table("size-responders").rows
    share = responders[3][1].value  # type: ignore[union-attr]
    assert proportions.power(48, float(share or 0), 0.4, method="fisher") == pytest.approx(0.8, abs=1e-9)


def test_covariates_pay_for_themselves_at_the_share_that_is_named() -> None:
    plan = reach.planned(definition())
    assert plan is not None
    even = reach.break_even(plan)
    assert reach.reach(plan, 48, even).power == pytest.approx(means.power(48, 20, 24))
    assert reach.worth(plan, even) == pytest.approx(48, abs=1e-6)


def test_the_limits_are_those_of_exact_arithmetic() -> None:
    plan = reach.planned(definition())
    assert plan is not None
    found = reach.limits(plan, 10)
    assert (1 - found.harmless) ** 24 == pytest.approx(0.05)
    assert found.interaction == pytest.approx(2 * means.detectable(48, 0.8, 24))
    shown = means.power(48, 0.0, 24, margin=found.margin, sided=1, alpha=0.025)
    assert shown == pytest.approx(0.8)
    assert found.chance_findings == pytest.approx(1 - 0.95**10)


def test_the_page_names_no_arm_and_keeps_every_number_in_the_json() -> None:
    content = Content("t", "", [], [section()], {}, None)
    page, tree = html(content), json.loads(json_bytes(content))
    for arm in definition().arms.values():
        assert arm.label not in page
    drawn = next(block for block in section().blocks if isinstance(block, Drawing))
    assert drawn.svg.startswith("<svg")
    kept = next(block for block in tree["sections"][0]["blocks"] if block["kind"] == "figure")
    assert len(kept["data"]["plain"]) == len(kept["data"]["differences"])
    assert html(content) == page


def test_every_value_says_its_source() -> None:
    rows = {str(row[0]): row[2] for row in table("size-assumed").rows if isinstance(row[0], str)}
    assert "Register page" in str(rows["Participants, both arms"])
    assert str(rows["True difference"]).startswith("Assumed: ")


def test_expected_losses_enter_every_figure() -> None:
    lossy = section(changed(dropout=Decimal("0.1")))
    assert lossy.blocks[0].says.numbers["power"].value == means.power(43.2, 20, 24)  # type: ignore[union-attr]


def test_a_trial_without_a_sample_size_for_means_has_no_such_section() -> None:
    assert power_section(definition().model_copy(update={"sample_size": None})) is None
    assert power_section(changed(of="TTE")) is None


def test_a_plan_too_small_for_its_covariates_says_so() -> None:
    said = section(changed(n=8))
    assert said.blocks[0].tone == "caution"  # type: ignore[union-attr]
    assert "At least" in said.blocks[0].says.text  # type: ignore[union-attr]
