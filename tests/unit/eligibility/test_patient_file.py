"""A patient file is read whole or refused whole."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright import eligibility, logic
from trialwright.logic import NOT_APPLICABLE, UNKNOWN, LogicErrors, Quantity

SCOPE = logic.scope(
    {
        "age": {"type": "integer", "unit": "a"},
        "sex": {"type": "code", "values": {"F": "female", "M": "male"}},
        "ck": {"type": "decimal", "unit": "U/L"},
        "weight": {"type": "decimal", "unit": "kg"},
        "onset": "partial_date",
        "tx": {
            "type": "list",
            "of": {
                "drug": "code",
                "dose": {"type": "quantity", "units": ["mg/d", "mg/kg/d"]},
                "start": "date",
                "no_response": {"type": "boolean", "judged_by": "treating physician"},
            },
        },
    }
)
CRITERIA = eligibility.prepare(
    [
        {"id": "I1", "kind": "inclusion", "text": "Adult", "when": "age >= 18 a"},
        {
            "id": "E1",
            "kind": "exclusion",
            "text": "Too ill",
            "when": "ck > 9000 U/L",
            "judgement": "Too ill?",
            "judged_by": "investigator",
        },
    ],
    SCOPE,
)


def read(**file: Any) -> eligibility.Patient:
    return eligibility.read_patient(json.dumps({"screening": "2024-06-01", **file}), SCOPE)


def refusal(text: str | bytes) -> str:
    with pytest.raises(LogicErrors) as refused:
        eligibility.read_patient(text, SCOPE, "p.json")
    return str(refused.value)


def test_a_number_that_no_form_would_take_is_refused_with_its_range_and_place() -> None:
    ranges = {"ck": (Decimal(0), Decimal(500)), "tx.dose": (Decimal(0), Decimal(9)), "age": (Decimal(0), Decimal(120))}
    text = '{"screening": "2024-06-01", "facts": {\n "age": 120,\n "ck": %s}}'
    assert eligibility.read_patient(text % "500", SCOPE, "p.json", ranges).facts["ck"] == 500
    for wrong in ("-5", "500.1"):
        with pytest.raises(LogicErrors) as refused:
            eligibility.read_patient(text % wrong, SCOPE, "p.json", ranges)
        assert f"p.json:3:8: facts.ck: {wrong} is outside 0 to 500" in str(refused.value)


def test_facts_become_typed_values() -> None:
    rows = [
        {"drug": "x", "dose": "40 mg/d", "start": "2024-05-01"},
        {"drug": "y", "dose": {"value": 1, "unit": "mg/kg/d"}},
    ]
    found = read(facts={"age": 54, "sex": "female", "ck": "15 ukat/L", "weight": 70.5, "onset": "2024-03", "tx": rows})
    assert found.facts["age"] == 54
    assert found.facts["sex"] == "F"
    assert found.facts["ck"] == 900
    assert found.facts["onset"] == logic.partial_date("2024-03")
    assert [row["dose"] for row in found.facts["tx"]] == [Quantity(Decimal(40), "mg/d"), Quantity(1, "mg/kg/d")]
    assert found.context.weight == Decimal("70.5")


def test_unknown_not_applicable_and_none_known_are_three_answers() -> None:
    found = read(facts={"age": None, "sex": "unknown", "onset": "not applicable", "tx": "none known"}).facts
    assert [found[name] for name in ("age", "sex", "onset", "tx")] == [UNKNOWN, UNKNOWN, NOT_APPLICABLE, ()]


def test_every_error_is_told_at_once() -> None:
    text = json.dumps(
        {
            "facts": {
                "agee": 3,
                "age": "old",
                "sex": "X",
                "ck": "5 g/L",
                "onset": "2024-13",
                "tx": [{"dose": 40, "drgu": "x"}],
            },
            "zone": "Mars/Olympus",
            "judgements": [{"about": "E1", "answer": "yes"}, {"about": "E1", "by": " ", "answer": True, "why": "x"}],
            "wieght": 3,
        }
    )
    told = refusal(text)
    for part in (
        "screening: the date",
        "facts.agee: the trial has no such fact (did you mean age?)",
        "facts.age: 'old' is not a number",
        "facts.sex: 'X' is none of the codes F, M",
        "facts.ck: g/L",
        "facts.onset: '2024-13' is not a date",
        "facts.tx[1].dose: the value needs its unit (write it as '40 mg/d')",
        "facts.tx[1].drgu: there is no field 'drgu' (did you mean drug?)",
        "zone: 'Mars/Olympus'",
        "judgements[1]: by, why is missing",
        "judgements[1].answer: true or false",
        "judgements[2]: by is missing",
        "wieght: no part of a patient file (did you mean weight?)",
    ):
        assert part in told


def test_an_error_in_a_value_has_its_line_and_column() -> None:
    text = '{"screening": "2024-06-01",\n "facts": {"age": 54,\n  "tx": [{"drug": "x"},\n    {"dose": 40}]}}'
    assert refusal(text).startswith("p.json:4:14: facts.tx[2].dose: the value needs its unit")
    assert refusal('{"facts": {}}').startswith("p.json: screening: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"facts": {\n"age": }', "p.json:2:8: this is not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        ("[1]", "an object with `facts`"),
        ('{"screening": "2024-06-01", "screening": "2024-06-02"}', "given twice"),
        ('{"facts": {"age": NaN}}', "NaN is not a value"),
        ("[" * 100_000, "p.json:1:1"),
    ],
)
def test_a_file_that_is_no_json_object_is_refused_with_its_place(text: str | bytes, message: str) -> None:
    assert message in refusal(text)


def test_a_judgement_that_no_criterion_asks_for_is_refused() -> None:
    file = {"screening": "2024-06-01", "judgements": [{"about": "E2", "by": "A", "answer": True, "why": "w"}]}
    with pytest.raises(LogicErrors, match=r"no criterion asks for it \(asked are E1\)"):
        eligibility.screened(CRITERIA, SCOPE, file)


def test_a_judgement_of_a_criterion_decides_and_is_named_in_the_verdict() -> None:
    file = {"screening": "2024-06-01", "facts": {"age": 40, "ck": 9001}}
    assert eligibility.screened(CRITERIA, SCOPE, file).verdict.overall == "needs judgement"
    for answer, outcome in ((True, "not eligible"), (False, "eligible")):
        made = [{"about": "E1", "by": "A. de Vries", "answer": answer, "why": "seen"}]
        found = eligibility.screened(CRITERIA, SCOPE, {**file, "judgements": made})
        assert found.verdict.overall == outcome
        assert "Judged by A. de Vries" in found.text
        assert json.loads(json.dumps(found.json))["verdict"] == outcome


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["facts", "screening", "age", "tx", "dose", "judgements", "about", "zone", "weight", "dates"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(JSON.map(json.dumps), st.text(max_size=40), st.binary(max_size=40)))
def test_any_file_is_read_or_refused(data: str | bytes) -> None:
    try:
        eligibility.read_patient(data, SCOPE)
    except LogicErrors as refused:
        found = refused.errors
    else:
        return
    assert found
