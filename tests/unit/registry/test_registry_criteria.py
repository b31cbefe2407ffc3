"""A tree printed as one line comes back as the tree."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.registry.criteria import SAME_BULLET, SCOPE, criterion, plain_tree
from trialwright.registry.record import Criterion

WORDS = st.lists(
    st.sampled_from(("known", "stable", "dose", "prior", "use", "screening", "fever")), min_size=1, max_size=4
)


@dataclass
class Branch:
    text: str
    glyph: str
    children: list[Branch]


@st.composite
def trees(draw: st.DrawFn, depth: int = 0) -> list[Branch]:
    """Branches as pages print them: deeper lists may use the same bullet, lists of the same level always do."""
    glyph = draw(st.sampled_from("•o▪"))
    size = draw(st.integers(1, 4))
    branches = []
    for place in range(size):
        # Only the last item of a level may open a list with the bullet of its own level: a page that goes back to the
        # upper level after such a list cannot be told from one that does not.
        children = draw(trees(depth + 1)) if depth < 2 and place == size - 1 and draw(st.booleans()) else []
        branches.append(Branch(" ".join(draw(WORDS)) + (":" if children else ""), glyph, children))
    return branches


def printed(branches: list[Branch]) -> str:
    return " ".join(f"{one.glyph} {one.text} {printed(one.children)}".strip() for one in branches)


def shape(branches: list[Branch]) -> list[object]:
    return [(one.text, shape(one.children)) for one in branches]


def rebuilt(node: Criterion) -> list[object]:
    return [(child.text, rebuilt(child)) for child in node.children]


@given(trees())
def test_nesting_printed_as_one_line_is_rebuilt(branches: list[Branch]) -> None:
    line = f"Related to treatment: {printed(branches)}"
    assert rebuilt(criterion(line, 7, "exclusion", 3)) == shape(branches)


@given(st.text(max_size=200).filter(lambda text: "\n" not in text))
def test_no_line_breaks_the_reader_and_every_text_is_a_slice_of_it(line: str) -> None:
    for node in criterion(line, 1, "inclusion", 1).walk():
        assert line[node.span.start : node.span.end] == node.text


@given(
    st.lists(
        st.sampled_from(["(", ")", ":", "• ", " o ", " - ", "e.g. ", "i.e. ", " or ", ", ", "x ", "Exceptions to "]),
        max_size=25,
    )
)
def test_any_mixture_of_signs_gives_slices_in_the_order_of_the_page(parts: list[str]) -> None:
    line = "".join(parts).strip()
    node = criterion(line, 1, "exclusion", 1)
    starts = [inner.span.start for inner in node.walk()]
    assert starts == sorted(starts)
    assert all(line[inner.span.start : inner.span.end] == inner.text for inner in node.walk())


@pytest.mark.parametrize(
    ("line", "joiner", "stated"),
    [
        ("When all of the following hold: o a one o b two", "all", True),
        ("Any of the following: o a one o b two", "any", True),
        ("Problems with: o sleep, or, o food", "any", True),
        ("Problems with: o sleep; and o food", "all", True),
        ("Problems with: o sleep o food", "any", False),
        ("Adults", None, False),
    ],
)
def test_the_joiner_is_stated_or_marked_as_taken(line: str, joiner: str | None, stated: bool) -> None:
    node = criterion(line, 1, "exclusion", 1)
    assert (node.joiner, node.joiner_stated) == (joiner, stated)


def test_a_dash_between_words_is_no_bullet() -> None:
    node = criterion("Overlap - or mixed - myositis, weeks 1 - 2, non-specific", 1, "inclusion", 1)
    assert node.children == ()


def test_bullets_inside_parentheses_are_left_alone() -> None:
    assert criterion("Fever (one of: o high o low)", 1, "exclusion", 1).children == ()


def test_parentheses_that_do_not_close_hide_nothing() -> None:
    assert len(criterion("Fever (any: o high o low", 1, "exclusion", 1).children) == 2


def test_what_an_id_est_spells_out_becomes_nested_definitions() -> None:
    node = criterion("Weak (i.e. in bed, or unable to walk (at all, ever)) today", 1, "exclusion", 1)
    assert [(child.role, child.text) for child in node.children] == [
        ("definition", "in bed"),
        ("definition", "unable to walk (at all, ever)"),
    ]


def test_examples_are_asides_and_no_definition() -> None:
    node = criterion("Treatment (e.g. tablets, drops)", 1, "exclusion", 1)
    assert (node.children, node.asides) == ((), ("e.g. tablets, drops",))


def test_exceptions_turn_round_what_they_stand_under_and_say_that_their_scope_is_open() -> None:
    node = criterion("Treatment now. Exceptions to the above: • once: • a drop • a pill", 1, "exclusion", 5)
    (header,) = node.children
    assert (header.role, header.note) == ("exceptions", SCOPE)
    (once,) = header.children
    assert (once.role, once.note) == ("exception", SAME_BULLET)
    assert [child.role for child in once.children] == ["exception", "exception"]


def test_conditions_of_an_exception_are_told_from_exceptions() -> None:
    node = criterion("Treatment. Exceptions: o stable when all of the following hold: • long • low", 1, "exclusion", 1)
    assert [inner.role for inner in node.walk()] == ["criterion", "exceptions", "exception", "condition", "condition"]
    assert plain_tree(node)[-1].strip() == "E1.1.1.2 if low"


def test_words_that_leave_the_answer_to_a_person_are_kept() -> None:
    assert (
        criterion("Cancer, likely to interfere with outcome.", 1, "exclusion", 1).judgement
        == "likely to interfere with outcome"
    )
    assert (
        criterion("Unfit in the opinion of the investigator", 1, "exclusion", 1).judgement
        == "in the opinion of the investigator"
    )
