"""A record beside a definition: every difference is a row, and silence on one side is not agreement."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pages.small_trial import CONTENT

from trialwright.design.model import Definition
from trialwright.registry import medpath
from trialwright.registry.compare import Comparison, as_plain, compare
from trialwright.registry.compare_criteria import defined_ages, judged
from trialwright.registry.likeness import paired
from trialwright.registry.record import Ages, Design, Enrolment, Record, UnreadablePage

PAGE = """MedPath
A small trial of xylo against water
Phase 2
Recruiting
Conditions
Tiredness
Registration Number
NCT01234567
Lead Sponsor
University of Somewhere
Brief Summary
Whether xylo helps.
Sex
All
Target Recruitment
4
Inclusion Criteria
Adults (>= 18 years)
Exclusion Criteria
Too tired: o Cannot leave the bed o Cannot leave the chair
Study Type
Interventional
Study Design
Randomised, double-blind
Primary Outcome Measures
NameTimeMethod
Tiredness at 12 weeks
Trial Locations
Hospital of Somewhere
🇳🇱Amsterdam, Netherlands
"""


def definition(**changes: Any) -> Definition:
    return Definition.model_validate({**CONTENT, **changes})


def record() -> Record:
    return medpath.read(PAGE, "page.txt")


def verdicts(comparison: Comparison) -> dict[str, str]:
    return {row.field: row.verdict for row in comparison.rows}


def test_what_agrees_is_the_same_and_what_one_side_lacks_says_so() -> None:
    found = verdicts(compare(record(), definition()))
    same = ("title", "sponsor", "conditions", "summary", "phase", "study type", "enrolment", "blinding", "ages")
    assert {name: found[name] for name in same} == dict.fromkeys(same, "same")
    assert found["criteria.I1"] == found["criteria.E1.1 = E1.bed"] == found["criteria.E1.2 = E1.chair"] == "same"
    assert found["outcomes.SCORE.time_frame"] == found["locations"] == "same"
    assert found["acronym"] == found["arms"] == found["schedule"] == found["conditions.codes"] == "only in definition"


@pytest.mark.parametrize(
    ("change", "field", "verdict"),
    [
        ({"enrolment": Enrolment(5)}, "enrolment", "differs"),
        ({"phase": "3"}, "phase", "differs"),
        ({"sponsor": "University of Elsewhere"}, "sponsor", "differs"),
        ({"ages": Ages(18, 80)}, "ages", "differs"),
        ({"ages": None}, "ages", "only in definition"),
        ({"title": "Another trial"}, "title", "differs"),
        ({"summary": "Does xylo work?"}, "summary", "needs a person"),
        ({"design": Design(masking="open label")}, "blinding", "differs"),
        ({"design": Design(allocation="non-randomised")}, "design.allocation", "differs"),
        ({"design": Design()}, "design.allocation", "only in definition"),
        ({"description": "More."}, "description", "only in register"),
        ({"locations": ()}, "locations", "only in definition"),
        ({"outcomes": ()}, "outcomes.SCORE", "only in definition"),
        ({"criteria": ()}, "criteria.I1", "only in definition"),
    ],
)
def test_a_change_in_the_register_is_seen(change: dict[str, Any], field: str, verdict: str) -> None:
    assert verdicts(compare(replace(record(), **change), definition()))[field] == verdict


def test_a_contact_outside_its_place_is_refused_and_not_kept() -> None:
    page = PAGE.replace("Trial Locations\n", "") + "somebody@example.org\n"
    with pytest.raises(UnreadablePage) as refusal:
        medpath.read(page, "page.txt")
    assert [problem.line for problem in refusal.value.problems] == [29, 30]


def test_another_time_frame_differs() -> None:
    other = medpath.read(PAGE.replace("at 12 weeks", "at 16 weeks"), "page.txt")
    rows = {row.field: row for row in compare(other, definition()).rows}
    row = rows["outcomes.SCORE.time_frame"]
    assert (row.register, row.definition, row.verdict) == ("P16W", "P12W", "differs")


def test_a_criterion_that_the_definition_lacks_stands_alone() -> None:
    other = medpath.read(PAGE.replace("Exclusion Criteria\n", "Exclusion Criteria\nPregnancy\n"), "page.txt")
    (row,) = [row for row in compare(other, definition()).rows if row.register == "Pregnancy"]
    assert (row.verdict, row.definition, row.line) == ("only in register", None, 20)


@pytest.mark.parametrize(
    ("register", "defined", "verdict"),
    [
        ("Disease duration <12 months", "Disease duration < 12 months.", "same"),
        ("diagnosis accordiging to criteria", "Diagnosis according to criteria", "same"),
        ("no treatment within 3 months", "no treatment within 12 months", "differs"),
        ("dose of 40 mg for 4 days", "dose of 40 mg", "needs a person"),
        ("deficiency and antibodies", "deficiency or antibodies", "needs a person"),
    ],
)
def test_numbers_and_joining_words_decide_about_criteria(register: str, defined: str, verdict: str) -> None:
    assert judged(register, defined)[0] == verdict


def test_numbers_on_one_side_alone_are_named() -> None:
    assert judged("dose of 40 mg for 4 days", "dose of 40 mg")[1] == "only the register names 4"


@pytest.mark.parametrize(
    ("condition", "ages"),
    [
        ("age >= 18 a", Ages(18, None)),
        ({"all": ["age > 17 a", {"when": "age <= 80 a"}]}, Ages(18, 80)),
        ("age >= 18 a and age < 66 a", Ages(18, 65)),
        ("weight > 40 kg", Ages(None, None)),
    ],
)
def test_ages_come_from_the_logic_of_the_inclusion_criteria(condition: Any, ages: Ages) -> None:
    criterion = {"id": "I1", "kind": "inclusion", "text": "Ages", "when": condition}
    assert defined_ages(definition(eligibility=[criterion])) == ages


TEXTS = st.lists(
    st.sampled_from(["fever", "high fever", "no consent", "pregnancy", "thrombosis within years"]), max_size=5
)


@given(TEXTS, TEXTS)
def test_pairing_uses_each_text_at_most_once(first: list[str], second: list[str]) -> None:
    pairs = paired(first, second, 0.3)
    assert len(set(pairs.values())) == len(pairs)
    assert all(here < len(first) and there < len(second) for here, there in pairs.items())


@given(st.lists(st.sampled_from(["fever", "consent", "pregnancy", "thrombosis"]), unique=True), st.randoms())
def test_the_same_texts_in_any_order_are_paired_with_themselves(texts: list[str], chance: Any) -> None:
    shuffled = chance.sample(texts, len(texts))
    assert {texts[here]: shuffled[there] for here, there in paired(texts, shuffled, 0.3).items()} == dict(
        zip(texts, texts, strict=True)
    )


def test_the_plain_form_counts_its_rows() -> None:
    comparison = compare(record(), definition())
    assert sum(as_plain(comparison)["counts"].values()) == len(comparison.rows)
