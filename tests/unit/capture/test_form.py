"""The rules of a form read a page the same way every time."""

from functools import cache
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from trialwright import design
from trialwright.capture import FormRules
from trialwright.design.model import Definition

SMALL = Path(__file__).resolve().parents[2] / "trials" / "small"
VALUES = st.sampled_from(
    ["", "1", "1.0", "5", "70.5", "120", "150", "999", "-3", "none", "some", "water", "F", "true", "x"]
)
ODD = st.integers(-5, 200) | st.booleans() | st.none() | st.just([1]) | st.floats()


@cache
def small() -> Definition:
    """The small trial."""
    return design.read(SMALL)


@cache
def seasoned(form: str) -> FormRules:
    """Rules that have seen every page of this run."""
    return FormRules(small(), form)


@st.composite
def pages(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    """A form and something that was typed into some of its items, or into one that it does not have."""
    form = draw(st.sampled_from(sorted(small().forms)))
    items = [*design.items(small(), form), "elsewhere"]
    return form, draw(st.dictionaries(st.sampled_from(items), VALUES | ODD, max_size=5))


@given(pages())
def test_a_page_of_values_seen_before_is_read_as_if_for_the_first_time(page: tuple[str, dict[str, object]]) -> None:
    form, raw = page
    fresh = FormRules(small(), form)
    first = fresh.enter(raw)
    for rules in (fresh, seasoned(form), seasoned(form)):
        again = rules.enter(raw)
        assert (again.items, again.sealed, again.findings) == (first.items, first.sealed, first.findings)
        assert not rules.needs_values or again.values == first.values
