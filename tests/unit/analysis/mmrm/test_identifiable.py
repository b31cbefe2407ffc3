"""What cannot be fitted is refused with every reason at once, each naming its column, level, visit or participant."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.analysis.mmrm.drawn import autoregression, drawn

from trialwright.analysis.estimates import NoMaximum, NotEstimable, NotIdentifiable, SingularDesign
from trialwright.analysis.mmrm.covariance import STRUCTURES
from trialwright.analysis.mmrm.fitting import fitted
from trialwright.analysis.mmrm.records import Repeated


def without(data: Repeated, rows: np.ndarray) -> Repeated:
    """The data less some rows, and less the participants that have none left."""
    people, participant = np.unique(data.participant[~rows], return_inverse=True)
    return replace(
        data,
        outcome=data.outcome[~rows],
        design=data.design[~rows],
        participant=participant.astype(np.int64),
        visit=data.visit[~rows],
        participants=tuple(data.participants[person] for person in people),
        group=data.group[people],
        weights=None if data.weights is None else data.weights[~rows],
    )


def less(data: Repeated, *columns: str) -> Repeated:
    """The data less some columns of the design."""
    kept = [place for place, name in enumerate(data.columns) if name not in columns]
    return replace(data, design=data.design[:, kept], columns=tuple(data.columns[place] for place in kept))


def reasons(data: Repeated, covariance: str = "us", method: str = "REML") -> str:
    with pytest.raises(NotEstimable) as refused:
        fitted(data, covariance, method)
    return str(refused.value)


def test_an_empty_cell_of_arm_and_visit_is_named() -> None:
    data = drawn(1)
    arm = data.design[:, 4:8].sum(axis=1) > 0.0
    with pytest.raises(SingularDesign) as refused:
        fitted(without(data, arm & (data.visit == 3)))
    assert refused.value.column == "arm[T.A]:visit[T.W3]"
    assert "no observation has arm A and visit W3" in str(refused.value)


def test_a_repeated_column_is_named_with_what_determines_it() -> None:
    data = drawn(1)
    design = data.design.copy()
    design[:, 8] = design[:, 0] - 2.0 * design[:, 5]
    with pytest.raises(SingularDesign) as refused:
        fitted(replace(data, design=design))
    assert refused.value.column == "base"
    assert "'visit[W0]' and 'arm[T.A]:visit[T.W1]'" in str(refused.value)


def test_every_column_that_repeats_others_is_named_at_once() -> None:
    data = drawn(1)
    design = data.design.copy()
    design[:, 8] = design[:, 0] + design[:, 1]
    design[:, 2] = 3.0 * design[:, 1]
    with pytest.raises(NotIdentifiable) as refused:
        fitted(replace(data, design=design))
    assert len(refused.value.reasons) == 2
    assert "The column 'visit[W2]' is a multiple of 'visit[W1]'." in refused.value.reasons


@pytest.mark.parametrize("covariance", STRUCTURES)
def test_one_visit_is_refused_and_named(covariance: str) -> None:
    data = drawn(1)
    assert "Only the visit 'W2' has observations" in reasons(without(data, data.visit != 2), covariance)


def test_a_visit_that_nobody_attended_is_named() -> None:
    data = drawn(1)
    said = reasons(without(data, data.visit == 3))
    assert "The visit 'W3' has no observation, so its variance cannot be estimated." in said
    assert "'visit[W3]' is zero in every row: no observation has visit W3" in said


def test_a_visit_with_one_observation_is_refused_only_where_it_has_a_variance_of_its_own() -> None:
    data = less(drawn(1), "arm[T.A]:visit[T.W3]")
    one = without(data, (data.visit == 3) & (np.cumsum(data.visit == 3) > 1))
    for covariance in ("us", "csh", "ar1h", "adh", "toeph"):
        assert "The visit 'W3' has a single observation" in reasons(one, covariance)
    assert fitted(one, "ar1").decrement <= 1e-16
    # The mean of that visit takes up its only observation; the restricted likelihood sees no covariance with it.
    assert "say nothing of the covariance parameter 'rho W2, W3'" in reasons(one, "ad")


def test_visits_never_seen_together_are_named_for_an_unstructured_covariance() -> None:
    data = drawn(1)
    early = data.participant % 4 < 2
    apart = without(data, (early & (data.visit == 3)) | (~early & (data.visit == 1)))
    assert "No participant was seen at both 'W1' and 'W3'" in reasons(apart)
    assert fitted(apart, "toeph").decrement <= 1e-16


def test_a_lag_that_nobody_spans_is_named() -> None:
    data = drawn(1)
    first = np.isin(data.participant, data.participant[data.visit == 0])
    short = without(data, first & (data.visit == 3))
    assert "nothing of the covariance parameter 'rho(3)'" in reasons(short, "toeph")
    assert "nothing of the covariance parameter 'covariance(3)'" in reasons(short, "toep", "ML")
    assert "No participant was seen at both 'W0' and 'W3'" in reasons(short)


def test_correlations_that_enter_only_as_a_product_cannot_be_told_apart() -> None:
    # Nobody was at W1, but W0 and W2 are known: antedependence sees the product of two correlations there.
    data = drawn(1)
    gap = less(without(data, data.visit == 1), "visit[W1]", "arm[T.A]:visit[T.W1]")
    assert "'rho W0, W1' and 'rho W1, W2' from one another" in reasons(gap, "ad")


def test_twice_the_same_visit_is_named_with_its_participant() -> None:
    data = drawn(1)
    place = 6
    twice = replace(
        data,
        outcome=np.insert(data.outcome, place, 1.0),
        design=np.insert(data.design, place, data.design[place], axis=0),
        participant=np.insert(data.participant, place, data.participant[place]),
        visit=np.insert(data.visit, place, data.visit[place]),
    )
    person, visit = data.participants[data.participant[place]], data.visits[data.visit[place]]
    assert reasons(twice).endswith(f"Participant '{person}' has more than one row for the visit '{visit}'.")


def test_rows_out_of_order_are_refused_at_their_place() -> None:
    data = drawn(1)
    order = np.arange(data.outcome.size)
    order[[4, 9]] = order[[9, 4]]
    jumbled = replace(data, participant=data.participant[order], visit=data.visit[order])
    assert "not in the order of participants and visits" in reasons(jumbled)


def test_values_that_are_no_numbers_are_named_with_row_and_column_all_at_once() -> None:
    data = drawn(1, weighted=True)
    assert data.weights is not None
    outcome, design, weights = data.outcome.copy(), data.design.copy(), data.weights.copy()
    outcome[5], outcome[9], design[7, 8], weights[11] = np.nan, np.inf, -np.inf, 0.0
    said = reasons(replace(data, outcome=outcome, design=design, weights=weights))
    for row, start in (
        (5, "The outcome of"),
        (9, "The outcome of"),
        (7, "The column 'base' of"),
        (11, "The weight of"),
    ):
        place = f"participant '{data.participants[data.participant[row]]}' at visit '{data.visits[data.visit[row]]}'"
        assert f"{start} {place} is" in said


def test_many_wrong_values_are_counted_not_listed() -> None:
    data = drawn(1)
    said = reasons(replace(data, outcome=np.full_like(data.outcome, np.nan)))
    assert said.count("\n") == 8
    assert f"And {data.outcome.size - 8} more outcomes" in said


def test_an_outcome_without_variation_is_refused() -> None:
    data = drawn(1)
    assert "The outcome is 3 in every row" in reasons(replace(data, outcome=np.full_like(data.outcome, 3.0)))


@settings(max_examples=20)
@given(st.integers(0, 1000), st.sampled_from(sorted(STRUCTURES)))
def test_an_outcome_that_the_columns_determine_is_refused(seed: int, covariance: str) -> None:
    data = drawn(seed)
    exact = replace(data, outcome=data.design @ np.random.default_rng(seed).normal(size=9))
    assert "fits every observation exactly" in reasons(exact, covariance)


def test_a_visit_that_the_columns_determine_is_named() -> None:
    data = less(drawn(1), "base")
    outcome = data.outcome.copy()
    outcome[data.visit == 0] = 7.0
    assert "every observation at the visit 'W0' exactly" in reasons(replace(data, outcome=outcome))


def test_a_visit_that_a_shared_covariate_would_fit_exactly_has_no_maximum() -> None:
    # Least squares over all visits does not see it; the likelihood lets the variance at W0 fall for ever.
    data = drawn(1)
    outcome = data.outcome.copy()
    outcome[data.visit == 0] = data.design[data.visit == 0] @ np.arange(9.0)
    with pytest.raises(NoMaximum, match="the variance at visit W0 tends to 0"):
        fitted(replace(data, outcome=outcome), engine="reference")


def test_visits_that_run_together_have_no_maximum_and_are_named() -> None:
    data = drawn(1, missing=0.0)
    outcome = data.outcome.reshape(40, 4).copy()
    outcome[:, 2] = 2.0 * outcome[:, 1] + data.design[:, 4:8].sum(axis=1).reshape(40, 4)[:, 0]
    bare = less(replace(data, outcome=outcome.reshape(-1)), "base")
    with pytest.raises(NoMaximum, match="visits W1 and W2 determine one another"):
        fitted(bare, engine="reference")


def test_more_coefficients_than_observations_are_refused() -> None:
    data = drawn(1)
    assert "observations cannot carry a model with 9 coefficients" in reasons(without(data, data.participant > 1))


def test_too_few_participants_for_the_covariance_are_refused_with_the_parameters() -> None:
    data = drawn(1, missing=0.0)
    assert "cannot tell the covariance parameters" in reasons(without(data, data.participant > 2))
    assert "no maximum" in reasons(without(data, data.participant > 5))


def test_a_negative_correlation_is_beyond_the_spatial_exponential_structure() -> None:
    data = drawn(1, sigma=autoregression(4, -0.6))
    with pytest.raises(NoMaximum, match="correlation of the spatial exponential structure tends to 0"):
        fitted(data, "sp_exp")


def test_two_visits_at_one_time_are_named() -> None:
    data = replace(drawn(1), times=np.array([0.0, 4.0, 4.0, 8.0]))
    assert "The visits 'W1' and 'W2' have the same time 4." in reasons(data, "sp_exp")


def test_a_visit_that_one_covariance_group_never_attended_is_named_with_the_group() -> None:
    data = drawn(1, groups=2)
    absent = without(less(data, "arm[T.A]:visit[T.W2]"), (data.visit == 2) & (data.group[data.participant] == 1))
    assert "The visit 'W2' has no observation in the group 'group 1'" in reasons(absent)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    data = drawn(1)
    said = reasons(replace(data, visit=data.visit[:-1], columns=data.columns[:-1], group=data.group[1:]))
    assert "the visits" in said
    assert "8 columns are named" in said
    assert "39 have a covariance group" in said


@settings(max_examples=60)
@given(
    st.integers(0, 10_000),
    st.sampled_from(sorted(STRUCTURES)),
    st.sampled_from(["REML", "ML"]),
    st.integers(6, 30),
    st.floats(0.0, 0.6),
    st.floats(0.0, 0.8),
)
@example(949, "adh", "REML", 6, 0.25, 0.25)  # stuck where a variance and a correlation near their borders together
def test_whatever_the_data_they_converge_or_are_refused_with_a_reason(
    seed: int, covariance: str, method: str, people: int, missing: float, dropout: float
) -> None:
    try:
        fit = fitted(drawn(seed, people, missing=missing, dropout=dropout), covariance, method, "reference")
    except (NotIdentifiable, SingularDesign, NoMaximum):
        return
    assert fit.decrement <= 1e-12
    assert np.isfinite(fit.theta_covariance).all()
    assert (np.linalg.eigvalsh(fit.theta_covariance) > 0.0).all()


def test_a_long_list_of_reasons_is_cut_short_and_counted() -> None:
    said = NotIdentifiable(f"Reason {number}." for number in range(60))
    assert len(said.reasons) == 60
    lines = str(said).splitlines()
    assert len(lines) == 13
    assert lines[-1] == "... and 48 more."
    assert "more" not in str(NotIdentifiable(f"Reason {number}." for number in range(12)))


@pytest.mark.parametrize("covariance", ["ar1", "ar1h"])
def test_visits_that_are_all_an_even_number_apart_leave_the_sign_of_an_autoregression_open(covariance: str) -> None:
    data = drawn(3, people=40, sigma=autoregression(4, 0.5), missing=0.0)
    odd = (data.participant + data.visit) % 2 == 1
    assert "an even number of visits apart" in reasons(without(data, odd), covariance)
