"""What a wrong expression is told: every error at once, where it stands, and what may have been meant."""

import pytest

from trialwright import logic

SCOPE = logic.scope(
    {
        "age": {"type": "integer", "unit": "a"},
        "iim_subtype": {"type": "code", "values": ["DM", "ASyS", "IMNM"]},
        "prior_tx": {"type": "list", "of": {"drug": "code", "start": "date"}},
        "a": {"type": "boolean", "derive": "b"},
        "b": {"type": "boolean", "derive": "not a"},
    }
)


def errors(node: object, places: object = None) -> list[str]:
    with pytest.raises(logic.LogicErrors) as refused:
        logic.check(logic.condition(node, places, "E1"), SCOPE, "boolean")  # type: ignore[arg-type]
    return [error.line() for error in refused.value.errors]


def test_every_error_is_told_at_once_with_its_place() -> None:
    place = logic.Place("trial.yaml", 12, 9)
    assert errors("ages >= 18 a and iim_subtype == DMM and exists(prior_tx, it.drgu == x)", place) == [
        "trial.yaml:12:9: there is no 'ages' here (did you mean age?)",
        "trial.yaml:12:41: 'DMM' is none of the codes DM, ASyS, IMNM (did you mean DM?)",
        "trial.yaml:12:66: it has no field 'drgu' (did you mean drug?)",
        "trial.yaml:12:77: there is no 'x' here",
    ]


def test_every_part_of_a_structure_is_told_at_its_own_place() -> None:
    places = {
        ("all", 0): logic.Place("t.yaml", 3, 5),
        ("all", 1): logic.Place("t.yaml", 4, 5),
        (): logic.Place("t.yaml", 2, 1),
    }
    found = errors({"all": ["age >=", "age > > 3"], "whne": "age"}, places)
    assert [line.split(": ")[0] for line in found] == ["t.yaml:2:1", "t.yaml:3:11", "t.yaml:4:11"]
    assert "did you mean when?" in found[0]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("age = 18 a", "write == to compare"),
        ("1 a < age < 80 a", "between(x, low, high)"),
        ("age >= 18 a && true", "write and"),
        ("(age > 18 a", "a parenthesis is open"),
        ("exist(prior_tx, true)", "did you mean exists?"),
        ("exists(prior_tx)", "write exists(list, condition)"),
        ("age", "a condition is true or false"),
        ("iim_subtype > DM", "use == or in [...]"),
        ("it.drug == x", "stands only inside exists"),
        ("2024-02-30 > screening", "not a date of the calendar"),
        ("a", "is defined by itself"),
        ("overlaps(age, last(3 mo))", "no row with a start date"),
        ("exists(age, true)", "not a list"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(text: str, hint: str) -> None:
    assert any(hint in line for line in errors(text))


def test_a_definition_of_a_fact_is_checked_as_well() -> None:
    with pytest.raises(logic.LogicErrors) as refused:
        logic.scope(
            {"x": {"type": "interger"}, "y": {"type": "decimal", "unit": "mgg"}, "z": {"type": "text", "lable": "Z"}}
        )
    told = str(refused.value)
    assert "did you mean integer?" in told
    assert "mgg is not a unit" in told
    assert "did you mean label?" in told
