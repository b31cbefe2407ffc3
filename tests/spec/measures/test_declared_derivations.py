"""A derivation becomes a number: the definition names its method, inputs and rules, and nothing else is needed.

Each paragraph writes a few pages of one participant and a derivation, and says what comes out at each visit.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.analysis.imaginary import day, definition, page

from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import scores
from trialwright.design.instruments import Instrument
from trialwright.design.model import Derivation
from trialwright.ledger.fact import Head
from trialwright.ledger.replay import Allocation, Participant, State
from trialwright.ledger.snapshot import Snapshot

MONDAY = "2026-01-12"
Pages = Mapping[tuple[str, str, int | None], Mapping[str, Any]]
"""(visit, form, day or row) -> items; a log has no visit, and the number is that of its row."""

DIMENSIONS = ("mo", "sc", "ua", "pd", "ad")
NL = {"value_set": "10.1016/j.jval.2016.01.003"}
EQ5D = {
    "method": "eq5d_5l",
    "label": "EQ-5D-5L index",
    "inputs": {name: f"eq5d5l.{name}" for name in DIMENSIONS},
    "options": NL,
}
LOG = {"dose": "predlog.dose", "start": "predlog.start", "stop": "predlog.stop"}


def computed(pages: Pages, derivations: Mapping[str, Mapping[str, Any]], name: str, *visits: str) -> list[float | None]:
    """The derivation at the visits, rounded to a millionth; None where it is unknown."""
    declared = {key: Derivation.model_validate(one) for key, one in derivations.items()}
    whole = definition().model_copy(update={"derivations": {**definition().derivations, **declared}})
    person = Participant("AMC-001", "AMC", f"{MONDAY}T08:00:00.000000Z", "1", {"trial": True})
    person.allocation = Allocation("x", {"subtype_group": "DM"}, 1, "L1", "00", f"{MONDAY}T09:00:00.000000Z", 1)
    for (visit, form, number), items in pages.items():
        place = (visit, form, "") if visit else ("", form, str(number))
        person.pages[place] = page(day(MONDAY, number or 0) if visit else None, **items)
    state = State(number=10, version="1.0")
    state.participants[person.id] = person
    seen = Observations(whole, Snapshot(state, Head(10, "ab" * 32, f"{MONDAY}T10:00:00.000000Z")))
    values = scores(seen, name, [person.id], visits).values[0]
    return [None if value != value else round(float(value), 6) for value in values]


def state(levels: str, vas: int | None = None) -> dict[str, Any]:
    """A health state such as 21143, a dash for what is not answered."""
    answered = dict(zip(DIMENSIONS, levels, strict=True))
    return {name: level for name, level in answered.items() if level != "-"} | ({"vas": vas} if vas is not None else {})


def answered(**visits: tuple[int, str]) -> Pages:
    """A questionnaire at each visit, on a day."""
    return {(visit, "eq5d5l", number): state(levels) for visit, (number, levels) in visits.items()}


# ------------------------------------------------------------------ quality of life


def test_the_index_is_that_of_the_pinned_value_set() -> None:
    """21143 is 0.413 by the Dutch set; a missing dimension makes it unknown."""
    pages = {
        ("W0", "eq5d5l", 0): state("21143"),
        ("W4", "eq5d5l", 28): state("2114-"),
        ("W8", "eq5d5l", 56): state("11111"),
    }
    assert computed(pages, {"eq": EQ5D}, "eq", "W0", "W4", "W8", "W12") == [0.413, None, 1.0, None]


def test_another_value_set_gives_another_index() -> None:
    pages = {("W0", "eq5d5l", 0): state("21143")}
    england = {**EQ5D, "options": {"value_set": "10.1002/hec.3564"}}
    assert computed(pages, {"eq": england}, "eq", "W0") == [0.562]


def test_the_scale_stands_as_it_was_marked() -> None:
    vas = {"method": "eq_vas", "label": "EQ VAS", "inputs": {"vas": "eq5d5l.vas"}}
    assert computed({("W4", "eq5d5l", 28): state("11111", 70)}, {"vas": vas}, "vas", "W0", "W4") == [None, 70.0]


QALY = {"method": "qaly", "label": "Life years", "inputs": {"index": "eq"}}


def test_life_years_are_the_area_under_the_index_by_the_days_of_the_visits() -> None:
    """22222 (0.705) to 11111 over 84 days, then 11111 until day 362: (0.8525 x 84 + 278) / 365.25."""
    pages = {
        ("W0", "eq5d5l", 0): state("22222"),
        ("W12", "eq5d5l", 84): state("11111"),
        ("W52", "eq5d5l", 362): state("11111"),
    }
    found = computed(pages, {"eq": EQ5D, "qaly": QALY}, "qaly", "W0", "W4", "W12", "W52")
    assert found == [0.0, None, round(0.8525 * 84 / 365.25, 6), round((0.8525 * 84 + 278) / 365.25, 6)]


def test_a_missed_visit_is_bridged_or_makes_life_years_unknown() -> None:
    pages = answered(W0=(0, "22222"), W12=(84, "11111"))
    strict = {**QALY, "options": {"missing": "unknown"}}
    assert computed(pages, {"eq": EQ5D, "qaly": strict}, "qaly", "W12") == [None]
    every = {**pages, ("W4", "eq5d5l", 28): state("22222"), ("W8", "eq5d5l", 56): state("22222")}
    expected = round((0.705 * 56 + 0.8525 * 28) / 365.25, 6)
    assert computed(every, {"eq": EQ5D, "qaly": strict}, "qaly", "W12") == [expected]


def test_from_the_day_of_death_the_index_is_nought() -> None:
    """11111 on day 84, death on day 182: the line falls to 0, and the year is known."""
    pages = {
        ("W0", "eq5d5l", 0): state("22222"),
        ("W12", "eq5d5l", 84): state("11111"),
        ("UNS.1", "disposition", 182): {"status": "death", "date": day(MONDAY, 182)},
    }
    found = computed(pages, {"eq": EQ5D, "qaly": QALY}, "qaly", "W12", "W26", "W52")
    whole = round((0.8525 * 84 + 0.5 * 98) / 365.25, 6)
    assert found == [round(0.8525 * 84 / 365.25, 6), whole, whole]


# ------------------------------------------------------------------ doses


def row(dose: str | None, first: int | None, last: int | None) -> dict[str, Any]:
    days = {"start": first, "stop": last}
    return {"dose": dose} | {name: None if one is None else day(MONDAY, one) for name, one in days.items()}


def visited(**days: int) -> Pages:
    return {(visit, "vitals", number): {"weight": "70.0"} for visit, number in days.items()}


def doses(method: str, **options: str) -> dict[str, Any]:
    return {method: {"method": method, "label": "Prednisone", "inputs": LOG, "options": options}}


TAPER = {
    ("", "predlog", 1): row("60", 0, 27),
    ("", "predlog", 2): row("40", 28, 55),
    ("", "predlog", 3): row("20", 56, None),
}


def test_the_mean_daily_dose_is_of_the_days_from_baseline_to_the_day_before_the_visit() -> None:
    """28 days of 60, 28 of 40, 29 of 20: 2800 + 580 = 3380 mg in 85 days."""
    pages = {**TAPER, **visited(W0=0, W4=28, W12=85)}
    assert computed(pages, doses("mean_daily_dose"), "mean_daily_dose", "W4", "W8", "W12") == [
        60.0,
        None,
        round(3380 / 85, 6),
    ]
    assert computed(pages, doses("cumulative_dose"), "cumulative_dose", "W4", "W12") == [1680.0, 3380.0]


def test_the_time_since_the_last_visit_begins_at_the_visit_that_took_place() -> None:
    """W8 was missed: W12 counts from W4, 28 days of 40 and 29 of 20 mg."""
    pages = {**TAPER, **visited(W0=0, W4=28, W12=85)}
    found = computed(pages, doses("mean_daily_dose", over="since the last visit"), "mean_daily_dose", "W4", "W12")
    assert found == [60.0, round((28 * 40 + 29 * 20) / 57, 6)]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, 8 * 50 + 20 * 30.0),
        ({"overlaps": "add"}, 10 * 50 + 20 * 30.0),
        ({"overlaps": "highest"}, 10 * 50 + 18 * 30.0),
    ],
)
def test_on_a_day_with_two_rows_the_declared_rule_holds(rules: dict[str, str], expected: float) -> None:
    """50 mg on days 0 to 9 and 30 mg on days 8 to 27."""
    pages = {("", "predlog", 1): row("50", 0, 9), ("", "predlog", 2): row("30", 8, 27), **visited(W0=0, W4=28)}
    assert computed(pages, doses("cumulative_dose", **rules), "cumulative_dose", "W4") == [expected]


def test_days_without_a_row_are_unknown_or_nought() -> None:
    pages = {("", "predlog", 1): row("50", 0, 9), **visited(W0=0, W4=28)}
    assert computed(pages, doses("cumulative_dose"), "cumulative_dose", "W4") == [None]
    assert computed(pages, doses("cumulative_dose", gaps="nought"), "cumulative_dose", "W4") == [500.0]
    assert computed(visited(W0=0, W4=28), doses("cumulative_dose", gaps="nought"), "cumulative_dose", "W4") == [0.0]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"overlaps": "add"}, 28 * 40 + 8 * 10.0),
        ({"overlaps": "add", "open_rows": "until the next row"}, 20 * 40 + 8 * 10.0),
        ({"open_rows": "unknown"}, None),
    ],
)
def test_a_row_without_a_last_day_goes_on_as_declared(rules: dict[str, str], expected: float | None) -> None:
    pages = {("", "predlog", 1): row("40", 0, None), ("", "predlog", 2): row("10", 20, 27), **visited(W0=0, W4=28)}
    assert computed(pages, doses("cumulative_dose", **rules), "cumulative_dose", "W4") == [expected]


def test_a_dose_or_a_first_day_that_was_not_recorded_makes_its_time_unknown() -> None:
    pages = {("", "predlog", 1): row("40", 0, 13), ("", "predlog", 2): row(None, 14, 27), **visited(W0=0, W4=28)}
    assert computed(pages, doses("cumulative_dose"), "cumulative_dose", "W4") == [None]
    late = {("", "predlog", 1): row("40", None, 13), ("", "predlog", 2): row("10", 0, 27), **visited(W0=0, W4=28)}
    assert computed(late, doses("cumulative_dose"), "cumulative_dose", "W4") == [None]


def test_other_drugs_of_the_log_count_as_declared() -> None:
    """40 mg of methylprednisolone are 50 of prednisone; ibuprofen is none."""
    drugs = {"dose": "prior_tx.dose", "start": "prior_tx.start", "stop": "prior_tx.stop", "drug": "prior_tx.drug"}
    options = {"drugs": "prednisone 1, methylprednisolone 1.25", "gaps": "nought"}
    derived = {"all": {"method": "cumulative_dose", "label": "All", "inputs": drugs, "options": options}}
    pages = {
        ("", "prior_tx", 1): row("40", 0, 9) | {"drug": "methylprednisolone"},
        ("", "prior_tx", 2): row("30", 10, 19) | {"drug": "prednisone"},
        ("", "prior_tx", 3): row("500", 0, 27) | {"drug": "azathioprine"},
        **visited(W0=0, W4=28),
    }
    assert computed(pages, derived, "all", "W4") == [10 * 50 + 10 * 30.0]
    unnamed = {**pages, ("", "prior_tx", 4): row("30", 20, 21)}
    assert computed(unnamed, derived, "all", "W4") == [None]


# ------------------------------------------------------------------ deterioration, times, chains


def core(**worse: str) -> dict[str, Any]:
    return {"phga": "4.0", "ptga": "4.0", "haq": "1.000", "extramusc": "2.0", **worse}


def test_deterioration_is_confirmed_by_the_visit_after_it() -> None:
    """Extramuscular activity rises by 2 cm at W4; W8 was missed, and W12 still shows it."""
    pages = {
        ("W0", "csm", 0): core(),
        ("W4", "csm", 28): core(extramusc="4.0"),
        ("W12", "csm", 84): core(extramusc="4.5"),
        ("W26", "csm", 182): core(phga="4.0") | {"mmt.deltoid.L.grade": None},
    }
    found = computed(pages, {}, "deterioration", "W0", "W4", "W8", "W12", "W26")
    # At W26 the strength is not known, but no part of the rule can hold without it.
    assert found == [None, 0.0, None, 1.0, 0.0]


def test_the_first_time_is_that_of_the_visit_that_reaches_the_value() -> None:
    first = {"method": "first_time", "label": "Time", "inputs": {"of": "csm.phga"}, "options": {"at_most": "2"}}
    pages = {
        ("W0", "csm", 0): core(),
        ("W4", "csm", 28): core(),
        ("W8", "csm", 57): core(phga="1.9"),
        ("W12", "csm", 84): core(),
    }
    found = computed(pages, {"first": first}, "first", "W0", "W4", "W8", "W12")
    assert found == [None, None, round(57 / 7, 6), round(57 / 7, 6)]


def test_a_derivation_may_rest_on_another_one() -> None:
    """The same core set, once with the HAQ as an item and once through a derivation of it, gives the same score."""
    grades = {f"mmt.{key}.{side}.grade": "8" for key in definition().forms["csm"].groups[0].keys for side in "LR"}
    rest = {"ck": "1500", "ck_uln": "200"} | grades
    pages = {("W0", "csm", 0): core() | rest, ("W12", "csm", 84): core(haq="0.250", phga="2.0") | rest | {"ck": "300"}}
    chained = definition().derivations["tis"].model_dump()
    chained["inputs"] = chained["inputs"] | {"haq": "haq"}
    derived = {"tis2": chained, "haq": {"method": "eq_vas", "label": "HAQ", "inputs": {"vas": "csm.haq"}}}
    assert computed(pages, derived, "tis2", "W12") == computed(pages, {}, "tis", "W12") == [30.0]


def test_a_questionnaire_of_a_form_is_scored_by_its_name() -> None:
    """The misery score of the five dimensions, as an instrument that the definition declares."""
    declared = Instrument.model_validate(
        {
            "id": "misery-score",
            "label": "Misery",
            "version": "1",
            "licence": "none",
            "answers": {"level": {"low": 1, "high": 5, "step": 1}},
            "items": [{"id": name, "label": name, "answers": "level"} for name in DIMENSIONS],
            "scales": [
                {"id": "sum", "label": "Sum", "rule": "sum", "items": ["mo", "sc", "ua", "pd", "ad"], "better": "lower"}
            ],
        }
    )
    whole = definition().model_copy(update={"instruments": {"misery-score": declared}})
    derived = {"misery": {"method": "misery_score", "label": "Misery", "inputs": {"form": "eq5d5l"}}}
    pages = {("W0", "eq5d5l", 0): state("21143"), ("W4", "eq5d5l", 28): state("2114-")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "definition", lambda: whole)
        assert computed(pages, derived, "misery", "W0", "W4") == [11.0, None]


@pytest.mark.parametrize("name", ["eq5d", "qaly", "deterioration", "pred_dose", "pred_total", "tis"])
def test_before_the_baseline_there_is_nothing_and_nothing_is_wrong(name: str) -> None:
    """The clinic asks for every visit that was made, screening among them."""
    pages = {("SCR", "csm", -7): core(), **visited(SCR=-7)}
    assert computed(pages, {}, name, "SCR") == [None]
    assert computed(pages, {}, name, "SCR", "W4", "W0")[0] is None
