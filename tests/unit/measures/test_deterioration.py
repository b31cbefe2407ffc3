"""Confirmed deterioration on arrays is what the plain rule says of each person, exactly."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.measures.deterioration import Told, confirmed_by, worse_by
from trialwright.measures.deterioration_rule import (
    PRODERM,
    BadRule,
    Rule,
    confirmed,
    declared_rule,
    deteriorated,
    parts,
)
from trialwright.measures.options import BadOption
from trialwright.measures.tis import exact

NAMES = ("phga", "ptga", "mmt", "haq", "extramusc")
STEPS = {"phga": "0.1", "ptga": "0.1", "mmt": "1", "haq": "0.125", "extramusc": "0.1"}
TOPS = {"phga": 100, "ptga": 100, "mmt": 260, "haq": 24, "extramusc": 100}
RELATIVE = declared_rule({})
ABSOLUTE = declared_rule({"share": "absolute", "ranges": "phga 10, ptga 10, mmt 260, haq 3, extramusc 10"})

VISIT = st.fixed_dictionaries(
    {
        name: st.none() | st.integers(0, TOPS[name]).map(lambda units, step=STEPS[name]: units * Decimal(step))
        for name in NAMES
    }
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(VISIT, VISIT), min_size=1, max_size=6), st.sampled_from([RELATIVE, ABSOLUTE]))
def test_the_arrays_say_what_the_plain_rule_says(pairs: list[tuple[dict, dict]], rule: Rule) -> None:  # type: ignore[type-arg]
    before, after = ({name: exact([pair[which][name] for pair in pairs]) for name in NAMES} for which in (0, 1))
    told = worse_by(rule, before, after)
    plain = [deteriorated(rule, *pair) for pair in pairs]
    assert [bool(true) if known else None for true, known in zip(told.true, told.known, strict=True)] == plain


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.booleans()), min_size=1, max_size=6))
def test_two_visits_in_a_row_confirm_and_a_missed_one_is_passed_over(visits: list[tuple[bool | None, bool]]) -> None:
    true = np.array([[said is True for said, _ in visits]])
    known = np.array([[said is not None for said, _ in visits]])
    attended = np.array([[here for _, here in visits]])
    found = confirmed_by(Told(true, known), attended)
    so_far: list[bool | None] = []
    for place, (said, here) in enumerate(visits):
        expected = None
        if here:
            so_far.append(said)
            expected = confirmed(so_far)
        assert (bool(found.true[0, place]) if found.known[0, place] else None) == expected


def test_numbers_on_the_edge_are_not_lost_to_binary_floats() -> None:
    """0.1 cm worse 20 times is 2 cm; 4.4 to 6.4 is 2.0000000000000004 less in binary, 0.7 + 0.3 x 0.7 = 0.91."""
    rule = Rule(parts("phga 2 cm; ptga 30 %"))
    for first in range(81):
        before = {"phga": Decimal(first) / 10, "ptga": None}
        after = {"phga": Decimal(first + 20) / 10, "ptga": None}
        assert deteriorated(rule, before, after) is True
        assert worse_by(rule, *({n: exact([v]) for n, v in visit.items()} for visit in (before, after))).true[0]
        short = {"phga": Decimal(first + 19) / 10, "ptga": None}
        assert deteriorated(rule, before, short) is None
    assert deteriorated(Rule(parts("ptga 30 %")), {"ptga": Decimal("0.7")}, {"ptga": Decimal("0.91")}) is True
    assert deteriorated(Rule(parts("ptga 30 %")), {"ptga": Decimal("0.7")}, {"ptga": Decimal("0.90")}) is False


def test_numbers_beyond_64_bits_are_compared_all_the_same() -> None:
    rule = Rule(parts("x 30 %"), frozenset())
    before, after = Decimal("1.00000000000000001"), Decimal("1.30000000000000001")
    assert deteriorated(rule, {"x": before}, {"x": after}) is False
    assert not worse_by(rule, {"x": exact([before])}, {"x": exact([after])}).true[0]


def test_a_rule_is_read_part_by_part() -> None:
    found = declared_rule({"rule": PRODERM}).parts
    assert [(part.least, [(one.measure, one.by, one.unit) for one in part.of]) for part in found] == [
        (2, [("phga", Fraction(2), "cm"), ("mmt", Fraction(20), "%")]),
        (1, [("extramusc", Fraction(2), "cm")]),
        (3, [(name, Fraction(30), "%") for name in NAMES]),
    ]


@pytest.mark.parametrize(
    "text", ["", ";", "phga", "phga two cm", "phga 0 cm", "4 of a, b 30 %", "0 of a, b 30 %", "phga 2 cm or mmt 20 %"]
)
def test_a_rule_that_cannot_be_read_says_which_part(text: str) -> None:
    with pytest.raises(BadRule):
        parts(text)
    with pytest.raises(BadOption) as wrong:
        declared_rule({"rule": text})
    assert wrong.value.option == "rule"


def test_an_absolute_share_needs_its_range() -> None:
    with pytest.raises(BadOption, match="needs the range of mmt, phga"):
        declared_rule({"share": "absolute", "rule": "mmt 20 %; 2 of phga, mmt 30 %"})
    with pytest.raises(BadOption, match="such as 'mmt 260'"):
        declared_rule({"share": "absolute", "rule": "mmt 20 %", "ranges": "mmt"})
