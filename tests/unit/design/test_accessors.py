"""What other packages ask of a definition: items, blinding, visits, strata, scopes."""

import gc
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plugins.editing import REFERENCE, SMALL

from trialwright import design
from trialwright.design.calendar import days_from_anchor
from trialwright.design.forms import kept
from trialwright.design.model import Blinding, Definition, Stratum, Visit


@cache
def once() -> Definition:
    """The small trial, read once."""
    return design.read(SMALL)


@pytest.fixture(scope="module")
def small() -> Definition:
    return once()


@pytest.fixture(scope="module")
def reference() -> Definition:
    return design.read(REFERENCE)


def with_strata(definition: Definition, **factors: dict[str, str]) -> Definition:
    strata = {name: Stratum(label=name, item="person.drug", map=levels) for name, levels in factors.items()}
    return definition.model_copy(
        update={"randomisation": definition.randomisation.model_copy(update={"strata": strata})}
    )


def test_items_of_groups_have_full_ids_and_single_items_their_own(reference: Definition) -> None:
    ids = list(design.items(reference, "csm"))
    assert ids[:3] == ["phga", "ptga", "haq"]
    assert "mmt.deltoid.R.grade" in ids
    assert len(ids) == len(set(ids)) == 14 + 26
    with pytest.raises(KeyError):
        design.items(reference, "no_such_form")


def test_answers_are_kept_for_a_definition_and_forgotten_with_it(small: Definition) -> None:
    calls = []

    @kept
    def counted(definition: Definition, extra: str = "") -> int:
        calls.append(extra)
        return len(calls)

    copy = small.model_copy()
    assert (counted(copy), counted(copy), counted(copy, "x"), counted(small)) == (1, 1, 2, 3)
    del copy
    gc.collect()
    assert counted(small.model_copy()) == 4


def test_a_changed_copy_has_items_of_its_own(small: Definition) -> None:
    design.items(small, "person")
    forms = {
        **small.forms,
        "person": small.forms["person"].model_copy(update={"items": small.forms["person"].items[:1]}),
    }
    assert list(design.items(small.model_copy(update={"forms": forms}), "person")) == ["sex"]
    assert len(design.items(small, "person")) == 5


def test_an_item_is_blinded_as_itself_or_as_its_form(small: Definition) -> None:
    table = [
        ("blood", "renin", Blinding.SEALED),
        ("blood", "potassium", Blinding.OPEN),
        ("blood", None, Blinding.OPEN),
        ("blood", "?", Blinding.OPEN),
    ]
    for form, item, blinding in table:
        assert design.blinding_of(small, form, item) is blinding


def test_forms_are_due_at_planned_and_unscheduled_visits(small: Definition) -> None:
    table = [
        ("FIRST", ["person", "pressure", "pregnancy"]),
        ("START", ["pressure", "blood", "pregnancy"]),
        ("EXTRA.2", ["pressure"]),
        ("NEVER", []),
    ]
    for visit, forms in table:
        assert design.due_forms(small, visit) == forms


@given(first=st.integers(-400, 800), second=st.integers(-400, 800))
def test_days_count_without_a_day_zero(first: int, second: int) -> None:
    """The property that fixes the counting: neighbours are one day apart, and day 1 follows day -1."""
    if 0 in (first, second):
        return
    anchor = Visit(label="a", epoch="e", day=1)
    one, two = (days_from_anchor(Visit(label="v", epoch="e", day=day), anchor) for day in (first, second))
    crossing = (first > 0) - (second > 0)
    assert two - one == second - first + crossing


@given(anchor=st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_window_holds_its_planned_day(anchor: date) -> None:
    definition = once()
    for visit in design.visit_order(definition):
        planned, earliest, latest = design.planned_window(definition, visit, anchor)
        window = definition.visits[visit].window
        assert earliest + timedelta(window.before) == planned == latest - timedelta(window.after)
    assert design.planned_window(definition, design.anchor_visit(definition), anchor)[0] == anchor


def test_strata_are_every_combination_of_levels_by_name(small: Definition) -> None:
    table: list[tuple[dict[str, dict[str, str]], tuple[str, ...]]] = [
        ({}, ("all",)),
        ({"drug": {"none": "none", "*": "some"}}, ("drug:none", "drug:some")),
        (
            {"sex": {"F": "F", "M": "M"}, "age": {"a": "old", "b": "young", "c": "old"}},
            ("age:old / sex:F", "age:young / sex:F", "age:old / sex:M", "age:young / sex:M"),
        ),
    ]  # fmt: skip
    for factors, names in table:
        assert design.strata(with_strata(small, **factors)) == names
    assert design.stratum_name({"sex": "F", "age": "old"}) == design.stratum_name({"age": "old", "sex": "F"})


def test_the_nearest_word_is_offered_or_none() -> None:
    table: list[tuple[str, list[str], Any]] = [
        ("weigth", ["weight", "height"], "weight"),
        ("pulse", ["weight"], None),
        ("x", [], None),
    ]
    for word, known, near in table:
        assert design.nearest(word, known) == near
