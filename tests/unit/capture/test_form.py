"""The rules of a form: which items an edit check reads, and texts that were kept under other limits."""

import pytest
from tests.plugins.worlds import small_trial

from trialwright.capture import FormRules
from trialwright.capture.values import kept
from trialwright.design.model import Item, ItemType


def test_a_check_reads_its_items_through_what_is_derived_from_them() -> None:
    rules = FormRules(small_trial(), "pressure")
    assert rules.reads == {
        "crossed": {"upper", "lower"},
        "wide": {"upper", "lower"},
        "jump": {"upper"},
    }


def test_a_form_knows_whether_all_of_it_is_sealed() -> None:
    found = {name: FormRules(small_trial(), name).sealed_whole for name in ("blood", "pressure")}
    assert found == {"blood": False, "pressure": False}
    blood = small_trial().forms["blood"]
    renin = blood.model_copy(update={"items": tuple(item for item in blood.items if item.id == "renin")})
    alone = small_trial().model_copy(update={"forms": {"blood": renin}})
    assert FormRules(alone, "blood").sealed_whole


@pytest.mark.requirement("DC5")
def test_a_text_that_was_kept_keeps_its_value_when_limits_and_codes_have_changed() -> None:
    table = [
        (Item(id="x", type=ItemType.INTEGER, label="x", range=(0, 10)), "70", 70),
        (Item(id="x", type=ItemType.CODE, label="x", codes="GONE"), "old", "old"),
        (Item(id="x", type=ItemType.CODES, label="x", codes="GONE"), "a|b", ("a", "b")),
        (Item(id="x", type=ItemType.BOOLEAN, label="x"), "true", True),
        (Item(id="x", type=ItemType.INTEGER, label="x"), "written in words", None),
    ]
    for item, text, value in table:
        assert kept(item, text) == value
