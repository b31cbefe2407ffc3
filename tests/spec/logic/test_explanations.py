"""Explanations, missing facts and English, made from the same tree that is evaluated."""

from datetime import date

from trialwright import logic
from trialwright.logic import Context

SCOPE = logic.scope(
    {
        "age": {"type": "integer", "unit": "a"},
        "mmt": "integer",
        "loss": {"type": "decimal", "unit": "%", "derive": "100 * (260 - mmt) / 260"},
        "iim_subtype": {"type": "code", "values": ["DM", "ASyS", "IMNM"]},
        "symptom_onset": "partial_date",
        "fever": "boolean",
        "tx": {
            "type": "list",
            "of": {
                "drug": "code",
                "class": "code",
                "start": "date",
                "stop": "date",
                "no_response": {"type": "boolean", "judgement": "treating physician", "question": "no response?"},
            },
        },
    }
)
TIME = "the time from symptom onset to screening"
CONTEXT = Context({"screening": date(2024, 6, 1)})


def checked(node: object) -> logic.Typed:
    return logic.check(logic.condition(node, id="E5"), SCOPE, "boolean")


def test_an_explanation_shows_each_condition_with_its_answer_and_the_facts_it_used() -> None:
    found = logic.explain(
        checked({"all": [{"id": "I1", "text": "Adult", "when": "age >= 18 a"}, "loss >= 10 %"]}),
        {"age": 17, "mmt": 221},
    )
    assert found.lines() == ["all of these: no", "  I1 Adult: no (age 17 a)"]
    assert found.as_dict()["because"][1]["value"] == "yes"


def test_the_missing_facts_of_a_derived_value_are_those_it_is_derived_from() -> None:
    typed = checked("loss >= 10 % or fever and age < 3 a")
    assert [need.name for need in logic.missing_facts(typed, {}, CONTEXT, wanted=True)] == ["mmt"]
    assert [need.name for need in logic.missing_facts(typed, {"age": 50}, CONTEXT, wanted=False)] == ["mmt"]


def test_a_partial_date_that_does_not_suffice_is_asked_for_in_full() -> None:
    typed = checked("months_between(symptom_onset, screening) < 12 mo")
    needs = logic.missing_facts(typed, {"symptom_onset": logic.partial_date("2023")}, CONTEXT)
    assert [need.name for need in needs] == ["symptom_onset (the whole date)"]


def test_a_row_is_named_in_what_is_missing_and_a_judgement_names_who_must_judge() -> None:
    node = {
        "for_each": {"in": "tx", "where": "overlaps(it, last(3 mo))"},
        "unless": {"all": ["it.no_response", {"judgement": "Is it excused?", "by": "investigator"}]},
    }
    rows = [{"drug": "x", "start": date(2024, 5, 1)}, {"drug": "y", "start": date(2023, 1, 1)}]
    needs = logic.missing_facts(checked(node), {"tx": rows}, CONTEXT, wanted=False)
    assert [(need.kind, need.name, need.by) for need in needs] == [
        ("fact", "tx[2].stop", ""),
        ("judgement", "E5[1]", "investigator"),
        ("judgement", "tx[1].no_response", "treating physician"),
    ]


def test_a_judgement_in_a_list_counts_for_its_row_alone() -> None:
    node = {"for_each": {"in": "tx"}, "unless": {"judgement": "Is it excused?", "id": "E5.x"}}
    rows = [{"drug": "x"}, {"drug": "y"}]
    for judgements, expected in (
        ({}, logic.UNKNOWN),
        ({"E5.x[1]": True}, logic.UNKNOWN),
        ({"E5.x[1]": True, "E5.x[2]": True}, False),
        ({"E5.x[2]": False}, True),
    ):
        assert logic.evaluate(checked(node), {"tx": rows}, Context(judgements=judgements)) is expected


def test_a_condition_can_be_said_in_english() -> None:
    table = {
        "age >= 18 a": "age is at least 18 years",
        "iim_subtype in [DM, IMNM]": "subtype is dermatomyositis or IMNM",
        "loss >= 10 % and not fever": "loss is at least 10 % and not fever",
        "months_between(symptom_onset, screening) < 1 mo": f"{TIME} is less than 1 month",
        "exists(tx, it.class == biological)": "at least one entry of tx for which class is biological",
        "iim_subtype not in [DM]": "subtype is none of dermatomyositis",
    }
    labels = {"iim_subtype": "subtype", "DM": "dermatomyositis"}
    assert {text: logic.english(logic.parse(text), labels) for text in table} == table


def test_text_and_structure_make_the_same_tree() -> None:
    structure = {
        "any": ["fever", {"all": ["age > 3 a", {"not": "fever"}]}, {"judgement": "Is it?", "by": "me"}],
        "unless": "age > 80 a",
    }
    text = "(fever or age > 3 a and not fever or judgement('Is it?', 'me', 'E5')) and not age > 80 a"
    assert logic.condition(structure, id="E5") == logic.parse(text)
