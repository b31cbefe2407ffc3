"""The blinding indices: what they say at the ends, by hand, and whether they recover what was put in."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.analysis.imaginary import day, definition, page, trial

from trialwright.analysis.blinding_index import SILENT, UNKNOWN, Blindness, answer, bang, james
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.guesses import meanings
from trialwright.analysis.plan import analyse
from trialwright.analysis.question import Question
from trialwright.ledger.snapshot import Snapshot
from trialwright.report.build import report
from trialwright.report.content import plain

COUNTS = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))


@pytest.mark.parametrize(
    ("counts", "index"),
    [((12, 0, 0), 1), ((0, 12, 0), -1), ((6, 6, 0), 0), ((0, 0, 9), 0), ((6, 3, 3), Fraction(1, 4))],
)
def test_bang_at_the_ends_and_by_hand(counts: tuple[int, int, int], index: float) -> None:
    assert bang(counts).estimate == pytest.approx(float(index))


def test_bang_with_certainty_gives_half_weight_to_the_less_sure() -> None:
    # (4 + 3/2 - 2/2 - 1) / 12 = 7/24
    found = bang((4, 3, 2, 1, 2))
    assert found.estimate == pytest.approx(7 / 24)
    second = (4 + Fraction(3, 4) + Fraction(2, 4) + 1) / 12
    variance = (second - Fraction(7, 24) ** 2) / 12
    assert (found.upper - found.estimate) / 1.959963984540054 == pytest.approx(float(variance) ** 0.5)


@given(COUNTS)
def test_bang_without_less_sure_answers_is_the_plain_index(counts: tuple[int, int, int]) -> None:
    right, wrong, unknown = counts
    if sum(counts):
        assert bang((right, 0, 0, wrong, unknown)) == bang(counts)
        # P_r (1 - P_r) + P_w (1 - P_w) + 2 P_r P_w, as Bang writes it, over n.
        plain_variance = (right * unknown + wrong * unknown + 4 * right * wrong) / sum(counts) ** 3
        half = 1.959963984540054 * plain_variance**0.5
        assert bang(counts).upper == pytest.approx(min(1, bang(counts).estimate + half))


@pytest.mark.parametrize(
    ("table", "index"),
    [
        ([[0, 0], [0, 0], [10, 12]], 1.0),
        ([[10, 0], [0, 12], [0, 0]], 0.0),
        ([[6, 6], [6, 6], [0, 0]], 0.5),
        # By hand: q = 8/10, S = 3/10, E = (5·4 + 3·4)/100 = 8/25, so 1/5 + (16/25 · 3/10) / (16/25) = 1/2.
        ([[3, 2], [1, 2], [1, 1]], 0.5),
    ],
)
def test_james_at_the_ends_and_by_hand(table: list[list[int]], index: float) -> None:
    assert james(table).estimate == pytest.approx(index)


def _james_in_fractions(table: list[list[int]]) -> Fraction:
    """(1 + P_dk + (1 - P_dk) K) / 2 as James writes it, K = (P_do - P_de) / P_de."""
    n = sum(map(sum, table))
    (a, b), (c, d), unknown = table
    dk = Fraction(sum(unknown), n)
    observed = Fraction(b + c, n) / (1 - dk)
    expected = (Fraction(a + b, n) * Fraction(b + d, n) + Fraction(c + d, n) * Fraction(a + c, n)) / (1 - dk) ** 2
    return (1 + dk + (1 - dk) * (observed - expected) / expected) / 2


@given(st.lists(st.integers(1, 60), min_size=6, max_size=6))
def test_james_is_the_kappa_of_disagreement_as_he_wrote_it(cells: list[int]) -> None:
    table = [cells[:2], cells[2:4], cells[4:]]
    found = james(table)
    assert found.estimate == pytest.approx(float(_james_in_fractions(table)))
    assert 0 <= found.lower <= found.estimate <= found.upper <= 1
    scaled = james(table, [[0, 0.75], [0.75, 0]])
    assert (scaled.estimate, scaled.lower, scaled.upper) == pytest.approx((found.estimate, found.lower, found.upper))


def test_james_of_one_opinion_in_one_arm_is_not_estimable() -> None:
    with pytest.raises(NotEstimable, match="one kind"):
        james([[5, 0], [0, 0], [2, 6]])


def test_nobody_answering_is_not_estimable() -> None:
    with pytest.raises(NotEstimable):
        bang((0, 0, 0))
    with pytest.raises(NotEstimable):
        james(np.zeros((3, 2)))


def test_the_indices_recover_what_was_put_in_and_their_intervals_hold_it() -> None:
    """2,000 trials of 60 + 60; active 45 % right and 15 % wrong, placebo 25 % and 25 %."""
    draws = np.random.default_rng(5)
    active = draws.multinomial(60, [0.45, 0.15, 0.40], 2000)
    placebo = draws.multinomial(60, [0.25, 0.25, 0.50], 2000)
    tables = [np.array([[a[0], p[1]], [a[1], p[0]], [a[2], p[2]]]) for a, p in zip(active, placebo, strict=True)]
    truth = james([[45, 25], [15, 25], [40, 50]]).estimate
    for found, true in (
        ([bang(tuple(map(int, one))) for one in active], 0.30),
        ([bang(tuple(map(int, one))) for one in placebo], 0.0),
        ([james(one) for one in tables], truth),
    ):
        assert np.mean([one.estimate for one in found]) == pytest.approx(true, abs=0.01)
        assert np.mean([one.lower <= true <= one.upper for one in found]) == pytest.approx(0.95, abs=0.015)


# ------------------------------------------------------------------ as a planned analysis


def test_answers_are_counted_by_arm_and_silence_is_no_answer() -> None:
    arm = np.array([0, 0, 0, 1, 1, 1, 1])
    guess = np.array([0, 1, SILENT, 1, 1, 0, UNKNOWN])
    sure = np.array([80, 20, np.nan, 90, np.nan, 10, np.nan])
    found = answer(Question(arm, guesses={"Participant": (guess, sure)}, thresholds={"sure": 50.0})).respondents[0]
    assert [(each.right, each.wrong, each.unknown, each.silent) for each in found.answers] == [
        (1, 1, 0, 1),
        (2, 1, 1, 0),
    ]
    assert found.bang[1] == bang((2, 1, 1))
    assert found.by_certainty is not None
    # The right guess of unknown certainty is left out.
    assert found.by_certainty[1] == bang((1, 0, 1, 0, 1))
    assert found.james == james([[1, 1], [1, 2], [0, 1]])


def test_codes_mean_the_arm_that_alone_gives_what_they_name() -> None:
    assert meanings(definition(), ("ivig", "placebo", "unsure"), ("B", "A")) == {"ivig": 1, "placebo": 0, "unsure": 2}
    assert meanings(definition(), ("A", "B", "prednisone"), ("B", "A")) == {"A": 1, "B": 0, "prednisone": 2}
    with pytest.raises(NotEstimable, match="do not name"):
        meanings(definition(), ("ivig", "unsure"), ("B", "A"))


def asked() -> tuple[Snapshot, dict[str, str]]:
    """A trial whose participants all see through the blind, whose assessors do not know, whose physicians are wrong."""
    snapshot, treatments = trial()
    for index, (name, arm) in enumerate(treatments.items()):
        if index == 3:
            continue
        right, wrong = ("ivig", "placebo") if arm == "A" else ("placebo", "ivig")
        items = {"participant_guess": right, "participant_sure": 90, "assessor_guess": "unsure"}
        items |= {"physician_guess": wrong, "physician_sure": 10}
        snapshot.state.participants[name].pages[("W12", "blindq", "")] = page(day("2026-04-06", index), **items)
    return snapshot, treatments


def test_the_planned_analysis_reads_the_questionnaire_and_says_who_is_missing() -> None:
    snapshot, treatments = asked()
    found = next(one for one in analyse(definition(), snapshot, treatments).answers if one.method == "blinding_index")
    assert found.status == "done"
    assert [reason for _, reason in found.omitted] == ["no blinding questionnaire at Week 12"]
    result = found.result
    assert isinstance(result, Blindness)
    by_name = {each.name: each for each in result.respondents}
    assert set(by_name) == {"Participant", "Assessor", "Physician"}
    assert [index and index.estimate for index in by_name["Participant"].bang] == [1, 1]
    assert [index and index.estimate for index in by_name["Assessor"].bang] == [0, 0]
    assert [index and index.estimate for index in by_name["Physician"].bang] == [-1, -1]
    certain = by_name["Physician"].by_certainty
    assert certain is not None
    assert [index and index.estimate for index in certain] == [-0.5, -0.5]
    # James's index takes those who are all wrong for blind.
    assert [each.james and each.james.estimate for each in by_name.values()] == pytest.approx([0, 1, 1], abs=0.001)


def test_the_report_says_whether_the_blind_was_kept_and_only_after_unblinding() -> None:
    snapshot, treatments = asked()
    results = analyse(definition(), snapshot, treatments)
    opened = report(definition(), snapshot, treatments, results)
    section = next(one for one in opened.sections if one.id == "blinding")
    text = str(plain(section))
    assert "Participant: 47 of 47 guesses were right; 0 did not know." in text
    assert "the blind may have been seen through" in text
    assert "Assessor: 0 of 0 guesses were right; 47 did not know." in text
    assert "Participants without a questionnaire: 1;" in text
    closed = report(definition(), snapshot, None, None)
    assert "blinding" not in [one.id for one in closed.sections]
    assert "ivig" not in str([plain(one) for one in closed.sections if one.id != "assumptions"])


def test_without_a_questionnaire_the_analysis_says_so() -> None:
    snapshot, treatments = trial()
    found = next(one for one in analyse(definition(), snapshot, treatments).answers if one.method == "blinding_index")
    assert found.status in ("done", "refused")
    bare = definition().model_copy(update={"blinding": None})
    none = next(one for one in analyse(bare, snapshot, treatments).answers if one.method == "blinding_index")
    assert none.why == "The definition declares no blinding questionnaire."
