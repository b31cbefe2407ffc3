"""Every mistake in the laboratory part is named with its place."""

import json
from pathlib import Path

import pytest
from tests.plugins.editing import edited, said
from tests.plugins.laboratory import EDITS, laboratory_trial

from trialwright import design
from trialwright.design.laboratory_tests import due_tests, is_sealed, item_of

MISTAKES = [
    (
        "item: blood.potassium",
        "item: blood.potasium",
        "form 'blood' has no item 'potasium' (did you mean 'potassium'?)",
    ),
    ("item: blood.potassium", "item: events.term", "is no item that takes a number"),
    ("item: blood.potassium", "item: pressure.weight", "the laboratory does not enter 'pressure'"),
    ("units: [mmol/L, mg/dL]", "units: [mmol/L, furlong]", "furlong"),
    ("units: [mmol/L, mg/dL]", "units: [mmol/L, mm]", "mm does not convert into mmol/L"),
    (", molar_mass: 39.0983", "", "mg/dL does not convert into mmol/L; between amount and mass it needs `molar_mass`"),
    ("upper: alt_uln", "upper: alt_unl", "form 'blood' has no item 'alt_unl' (did you mean 'alt_uln'?)"),
    ("upper: alt_uln", "upper: renin", "'renin' is no number in U/L"),
    ("upper: alt_uln", "lower: crp", "'crp' is no number in U/L, as 'alt' is"),
    ("grades: [1, 3, 5, 20]", "grades: [1, 5, 3]", "grades begin at rising multiples"),
    ("codes: [potassium]", "codes: [alt]", "'ALT' means 'K' too"),
    ("item: blood.crp", "item: blood.alt", "'ALT' fills 'blood.alt' too"),
    ("  sex: person.sex\n", "", "ranges differ by sex, and nothing says which item it is"),
    ("  age: person.age\n", "", "ranges differ by age, and nothing says which item it is"),
    ("sex: person.sex", "sex: blood.renin", "'blood.renin' is not open; a range would tell it"),
    ("test: K, low: 3.5", "test: KK, low: 3.5", "the test 'KK' is not declared"),
    ("CITY, test: K, low", "TOWN, test: K, low", "the laboratory 'TOWN' is not declared"),
    ("low: 3.5, high: 5.1", "low: 5.5, high: 5.1", "5.5 to 5.1 is no range"),
    ("test: K, low: 3.5, high: 5.1,", "test: K,", "the range has no limit"),
    ("sex: F, to_age: 60", "sex: F, to_age: 61", "range 3 overlaps range 2 of ALT"),
    ("sex: F, to_age: 60", "sex: X, to_age: 60", "the code 'X' is not declared"),
    ("from_age: 60", "from_age: 60, to_age: 50", "from 60 to below 50 years is no age band"),
    ("valid_to: 2026-03-01", "valid_to: 2025-03-01", "the range ends on 2025-03-01, before it begins on 2026-01-01"),
    ("high: 0.5, unit: ukat/L", "high: 0.5, unit: g/L", "g/L does not convert into U/L"),
    ("high: 0.5, unit: ukat/L", "high: 0.5, unit: furlong", "furlong"),
]


@pytest.mark.parametrize(("right", "wrong", "answer"), MISTAKES, ids=[answer[:40] for _, _, answer in MISTAKES])
def test_a_mistake_is_named(right: str, wrong: str, answer: str, tmp_path: Path) -> None:
    found = said(edited(tmp_path, *EDITS, (right, wrong)))
    assert any(answer in problem and ": error: " in problem for problem in found), found


def test_a_masked_item_takes_no_results(tmp_path: Path) -> None:
    masked = ("label: C-reactive protein, unit", "label: C-reactive protein, blinding: masked_for_assessors, unit")
    assert any("results are open or sealed" in problem for problem in said(edited(tmp_path, *EDITS, masked)))


def test_the_sound_part_is_sound_and_says_what_follows_from_it(tmp_path: Path) -> None:
    assert said(edited(tmp_path, *EDITS)) == said(edited(tmp_path))
    definition = laboratory_trial()
    assert definition.laboratory is not None
    tests = definition.laboratory.tests
    assert [name for name, test in tests.items() if is_sealed(definition, test)] == ["RENIN"]
    assert item_of(definition, tests["K"]).label == "Potassium"
    assert due_tests(definition, "START") == ["K", "ALT", "CRP", "RENIN"]
    assert due_tests(definition, "FIRST") == []


def test_a_definition_without_a_laboratory_does_not_speak_of_one_and_one_with_it_comes_back_whole() -> None:
    definition = laboratory_trial()
    assert design.from_canonical(design.canonical(definition)) == definition
    without = definition.model_copy(update={"laboratory": None})
    assert design.fingerprint(without) != design.fingerprint(definition)
    assert "laboratory" not in json.loads(design.canonical_text(without))
