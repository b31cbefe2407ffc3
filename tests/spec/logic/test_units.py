"""Units: what compares with what, and what is refused."""

from decimal import Decimal
from fractions import Fraction

import pytest

from trialwright import logic
from trialwright.logic import Context, Quantity

SCOPE = logic.scope(
    {
        "age": {"type": "integer", "unit": "a"},
        "fvc": {"type": "decimal", "unit": "%"},
        "ck": {"type": "decimal", "unit": "U/L"},
        "igg": {"type": "decimal", "unit": "g/L"},
        "height": {"type": "decimal", "unit": "cm"},
        "dose": {"type": "quantity", "units": ["mg/d", "mg/kg/d"]},
        "fixed": {"type": "decimal", "unit": "mg/d"},
        "haq": "decimal",
        "onset": "date",
    }
)


def said(text: str, weight: object = None, **facts: object) -> object:
    return logic.evaluate(logic.check(logic.parse(text), SCOPE), facts, Context(weight=weight))


@pytest.mark.parametrize(
    ("source", "target", "factor"),
    [
        ("g/L", "mg/dL", 100),
        ("ukat/L", "U/L", 60),
        ("U/L", "nkat/L", Fraction(50, 3)),
        ("mmol/L", "umol/L", 1000),
        ("wk", "d", 7),
        ("h", "min", 60),
        ("a", "mo", 12),
        ("cm", "mm", 10),
        ("mm[Hg]", "Pa", Fraction(133322, 1000)),
        ("10*9/L", "/uL", 1000),
        ("[lb_av]", "kg", Fraction(45359237, 100000000)),
        ("k[IU]/L", "[IU]/mL", 1),
        ("mg/g{creatinine}", "g/kg{creatinine}", 1),
        ("mL/min/{1.73_m2}", "mL/min", 1),
        ("ug/mL", "mg/L", 1),
        ("dL", "mL", 100),
        ("mmol/L", "mmol/L", 1),
        ("kg/m2", "g/cm2", Fraction(1, 10)),
    ],
)
def test_units_convert_by_exact_factors(source: str, target: str, factor: object) -> None:
    assert logic.conversion(logic.unit(source), logic.unit(target)) == (factor, 0)


def test_quantities_compare_across_units_of_one_dimension() -> None:
    assert said("ck > 10 ukat/L", ck=Decimal("600.1")) is True
    assert said("ck > 10 ukat/L", ck=600) is False
    assert said("igg >= 700 mg/dL", igg=7) is True
    assert said("height / 2 cm == 90", height=180) is True
    assert said("age >= 216 mo", age=18) is True


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("age >= 18", "which has no unit", "write 18 a"),
        ("fvc < 50", "which has no unit", "write 50 %"),
        ("haq < 50 %", "which has no unit", "give haq a unit"),
        ("age > 300 d", "does not compare", "calendar periods"),
        ("3 mo < 90 d", "does not compare", "calendar periods"),
        ("onset < 3 mo", "does not compare", ""),
        ("2 g/kg == 0.002", "which has no unit", "write 0.002 g/kg"),
        ("2 g/kg > 5 %", "does not compare", ""),
        ("fixed < 1 mg/kg/d", "does not compare", "body weight"),
        ("ck > 5 g/L", "does not compare", ""),
        ("igg > 5 gram/L", "not a unit", ""),
        ("age > 5 years", "not a unit", "write a"),
        ("onset + 1.5 mo > onset", "whole months", "write days"),
        ("onset + 5 h > onset", "whole days", "datetime"),
        ("months_between(onset, screening) + 1 mo > 3 mo", "only compared", "move a date"),
    ],
)
def test_what_does_not_compare_is_refused_with_a_hint(text: str, message: str, hint: str) -> None:
    with pytest.raises(logic.LogicErrors) as refused:
        logic.check(logic.parse(text), SCOPE)
    assert message in str(refused.value)
    assert hint in str(refused.value)


def test_a_dose_per_kilogram_compares_with_a_dose_by_the_weight_and_without_it_is_unknown() -> None:
    table = [
        (Quantity(60, "mg/d"), 70, True),
        (Quantity(80, "mg/d"), 70, False),
        (Quantity(70, "mg/d"), 70, True),
        (Quantity(1, "mg/kg/d"), None, True),
        (Quantity(Decimal("0.06"), "g/d"), 70, True),
        (Quantity(60, "mg/d"), None, logic.UNKNOWN),
        (Quantity(60, "mL/d"), 70, logic.UNKNOWN),
    ]
    for dose, weight, expected in table:
        assert said("dose <= 1 mg/kg/d", weight, dose=dose) is expected


def test_a_fixed_dose_is_divided_by_the_weight_in_so_many_words() -> None:
    assert said("per_kg(fixed) <= 1 mg/kg/d", 70, fixed=70) is True
    assert said("for_weight(dose) <= 140 mg/d", 70, dose=Quantity(2, "mg/kg/d")) is True
    assert said("per_kg(fixed) <= 1 mg/kg/d", None, fixed=70) is logic.UNKNOWN
