"""Confirmed deterioration: who is worse than at baseline, by the rule of the ProDERM trial, at two visits in a row."""

from decimal import Decimal

import pytest

from trialwright.measures.deterioration_rule import confirmed, declared_rule, deteriorated

RULE = declared_rule({})
START = {"phga": "4.0", "ptga": "4.0", "mmt": "200", "haq": "1.000", "extramusc": "2.0"}


def worse(
    baseline: dict[str, str] | None = None, options: dict[str, str] | None = None, **now: str | None
) -> bool | None:
    """Whether somebody is worse whose other measures are as at baseline."""
    first = START | (baseline or {})
    visits = (first, {**first, **now})
    before, after = ({name: None if text is None else Decimal(text) for name, text in one.items()} for one in visits)
    return deteriorated(declared_rule(options) if options else RULE, before, after)


def test_who_is_as_at_baseline_or_better_is_not_worse() -> None:
    assert worse() is False
    assert worse(phga="1.0", mmt="250", haq="0.125", extramusc="0.0", ptga="0.5") is False


def test_the_physicians_global_and_the_strength_count_together_alone() -> None:
    assert worse(phga="6.0", mmt="160") is True
    assert worse(phga="6.0", mmt="161") is False
    assert worse(phga="5.9", mmt="160") is False


def test_two_centimetres_of_extramuscular_activity_are_enough() -> None:
    assert worse(extramusc="4.0") is True
    assert worse(extramusc="3.9") is False


def test_three_of_five_worse_by_thirty_per_cent_are_enough() -> None:
    """5.2 is 4.0 and 30 %, 140 is 200 less 30 %, 1.375 is 37.5 % above 1 (1.25 only 25 %)."""
    assert worse(ptga="5.2", mmt="140", haq="1.375") is True
    assert worse(ptga="5.2", mmt="140", haq="1.250") is False
    assert worse(ptga="5.1", mmt="140", haq="1.375") is False


def test_from_nought_every_worsening_exceeds_every_share() -> None:
    nothing = {"ptga": "0.0", "haq": "0.000", "extramusc": "0.0"}
    assert worse(nothing, ptga="0.1", haq="0.125", extramusc="0.1") is True
    assert worse(nothing) is False


def test_a_share_of_the_range_is_another_rule() -> None:
    """30 % of 10 cm are 3 cm: what is 30 % of a baseline of 4 cm does not do."""
    absolute = {"share": "absolute", "ranges": "phga 10, ptga 10, mmt 260, haq 3, extramusc 10"}
    assert worse(options=absolute, ptga="5.2", mmt="140", haq="1.375") is False
    assert worse(options=absolute, ptga="7.0", mmt="122", haq="2.000") is True


def test_what_is_not_known_stays_unknown_unless_the_rest_decides() -> None:
    assert worse(mmt=None) is False
    assert worse(phga="6.0", mmt=None) is None
    assert worse(mmt=None, extramusc="4.0") is True
    assert worse(dict.fromkeys(START), phga="9.0") is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        ([True], False),
        ([True, True], True),
        ([True, False], False),
        ([True, False, True], False),
        ([False, True, True], True),
        ([None, True], None),
        ([None, False], False),
        ([True, None], None),
    ],
)
def test_one_visit_confirms_nothing(visits: list[bool | None], expected: bool | None) -> None:
    assert confirmed(visits) is expected
