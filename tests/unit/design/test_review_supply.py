"""What the reader says of a supply that cannot be prepared from: every mistake at once, with its place."""

from pathlib import Path

import pytest
from tests.plugins.editing import REFERENCE, edited, said

from trialwright.design.supply import amount

TABLE = [
    (("prepared_by: pharmacist", "prepared_by: nurse"), "'nurse' prepares and is blinded (name an unblinded role)"),
    (("prepared_by: pharmacist", "prepared_by: farmacist"), "the role 'farmacist' is not declared"),
    (("product: {value: ivig", "product: {value: rescue"), "'rescue' is weighed out and has no dose"),
    (("dose: 2 g/kg", "dose: 2 g"), "'2 g' is not in g/kg or a unit like it"),
    (("placebo: {value: placebo", "placebo: {value: ivig"), "the placebo is the product itself"),
    (("placebo: {value: placebo", "placebo: {value: prednisone"), "'prednisone' has the role 'background'"),
    (("form: infusion\n", "form: vitals\n"), "form 'vitals' does not ask for the label on the bags"),
    (("form: infusion\n", "form: infusions\n"), "the form 'infusions' is not declared"),
    (("days: {value: [2, 5]", "days: {value: [5, 2]"), "a course of 5 to 2 days"),
    (("first_day: {visits: [W0]", "first_day: {visits: [W1]"), "the visit of a course 'W1' is not declared"),
    (("at_most: 30 g", "at_most: 30 mL"), "'30 mL' is not in g or a unit like it"),
    (("item: vitals.weight", "item: vitals.height"), "'vitals.height' is no number in kg"),
    (("item: vitals.weight", "item: vitals.wait"), "form 'vitals' has no item 'wait'"),
    (("taken: newest", "taken: newest, change: 10 %"), "the newest weight is taken whatever the change"),
    (("taken: newest", "taken: newest, at_most: many"), "'many' is no quantity"),
    (
        ("taken: newest", "taken: newest, adjusted: {height: vitals.pulse, sex: demog.sex, female: X, share: 1.4}"),
        "'vitals.pulse' is no number in cm",
    ),
    (
        ("taken: newest", "taken: newest, adjusted: {height: vitals.height, sex: demog.sex, female: X}"),
        "the code 'X' is not declared",
    ),
    (("within: 5 %", "within: 5 g"), "'5 g' is not in % or a unit like it"),
    (("[1 g, 2.5 g,", "[1 g, 1000 mg,"), "the size '1000 mg' stands here twice"),
    (("[1 g, 2.5 g, 5 g, 10 g, 20 g]", "[]"), "no vial is named"),
    (("concentration: {value: 50 mg/mL", "concentration: {value: 50 mg"), "'50 mg' is not in mg/mL or a unit like it"),
    (("bag: 500 mL", "bag: 0 mL"), "'0 mL' is no amount above 0"),
    (("in_use_life: {value: 7 d", "in_use_life: {value: 1 mo"), "'1 mo' is not in h or a unit like it"),
    (('ready_at: ["08:00", "12:00"', 'ready_at: ["08:00", "8:00"'), "'8:00' is no time of day"),
    (('ready_at: ["08:00", "12:00"', 'ready_at: ["12:00", "08:00"'), "08:00 does not come after 12:00"),
    (('ready_at: ["08:00", "12:00", "16:00"]', "ready_at: []"), "no hour is named"),
]


@pytest.mark.parametrize(("edit", "says"), TABLE, ids=[says[:40] for _, says in TABLE])
def test_a_mistake_in_the_supply_is_told_with_its_place(tmp_path: Path, edit: tuple[str, str], says: str) -> None:
    lines = [line for line in said(edited(tmp_path, edit, trial=REFERENCE)) if says in line]
    assert len(lines) == 1
    assert lines[0].startswith("trial.yaml:")


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    edits = [TABLE[place][0] for place in (0, 8, 12, 16, 19, 21)]
    found = said(edited(tmp_path, *edits[:3], *edits[4:], trial=REFERENCE))
    errors = [line for line in found if "error" in line]
    assert len(errors) == 5


def test_amounts_are_exact() -> None:
    assert amount("2.5 g", "mg") == 2500
    assert amount("50 mg/mL", "g/mL") * 20 == 1
    assert amount("5 %", "%") == 5
    assert amount("7 d", "h") == 168
    with pytest.raises(ValueError, match="is no amount above 0"):
        amount("-1 g", "g")
