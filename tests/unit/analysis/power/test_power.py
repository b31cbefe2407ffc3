"""Sample sizes: the three questions undo each other, simulation agrees, wrong questions are told what to do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.analysis.power import BadQuestion, enrolled, means, mmrm, proportions, survival, tables

SHARES = st.floats(0.02, 0.98)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.2, 3), st.floats(0.3, 0.97), st.sampled_from([1, 2]), st.floats(0.3, 3), st.integers(0, 6),
    st.floats(0, 0.7),
)  # fmt: skip
def test_size_power_and_difference_of_two_means_undo_each_other(
    effect: float, power: float, sided: int, ratio: float, covariates: int, explained: float
) -> None:
    asked = {"sided": sided, "ratio": ratio, "covariates": covariates, "explained": explained}
    n = means.sample_size(power, effect, 1.0, **asked)  # type: ignore[arg-type]
    if n == 3 + covariates:
        return
    assert means.power(n, effect, 1.0, **asked) == pytest.approx(power, abs=1e-9)  # type: ignore[arg-type]
    assert means.detectable(n, power, 1.0, **asked) == pytest.approx(effect, rel=1e-7)  # type: ignore[arg-type]


def test_covariates_that_explain_nothing_cost_and_those_that_explain_much_pay() -> None:
    plain = means.power(48, 20, 24)
    assert means.power(48, 20, 24, covariates=6) < plain < means.power(48, 20, 24, covariates=6, explained=0.4)


def test_the_analysis_of_covariance_has_the_power_that_simulation_finds() -> None:
    chance = np.random.default_rng(7)
    trials, n, q, explained, effect = 20_000, 24, 4, 0.5, 1.1
    covariates = chance.standard_normal((trials, n, q))
    arm = np.repeat([0.0, 1.0], n // 2)
    noise = chance.standard_normal((trials, n)) * (1 - explained) ** 0.5
    outcome = effect * arm + covariates.sum(axis=2) * (explained / q) ** 0.5 + noise
    design = np.concatenate([np.ones((trials, n, 1)), np.broadcast_to(arm[:, None], (trials, n, 1)), covariates], 2)
    inverse = np.linalg.inv(np.einsum("tni,tnj->tij", design, design))
    beta = np.einsum("tij,tnj,tn->ti", inverse, design, outcome)
    residual = outcome - np.einsum("tni,ti->tn", design, beta)
    df = n - 2 - q
    t = beta[:, 1] / np.sqrt(inverse[:, 1, 1] * (residual**2).sum(axis=1) / df)
    from scipy.special import stdtrit

    critical = float(stdtrit(df, 0.975))
    half = critical * np.sqrt(inverse[:, 1, 1] * (residual**2).sum(axis=1) / df)
    found = float((t >= critical).mean())
    expected = means.power(n, effect, 1.0, covariates=q, explained=explained)
    assert found == pytest.approx(expected, abs=4 * (expected * (1 - expected) / trials) ** 0.5)
    width = means.half_width(n, 1.0, covariates=q, explained=explained)
    assert float(half.mean()) == pytest.approx(width, abs=4 * float(half.std()) / trials**0.5)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 18), st.integers(2, 18), SHARES, SHARES, st.sampled_from([1, 2]))
def test_boschloo_never_rejects_less_than_fisher_and_both_keep_alpha(
    n1: int, n2: int, first: float, second: float, sided: int
) -> None:
    fisher, boschloo = tables.fisher(n1, n2, 0.05, sided), tables.boschloo(n1, n2, 0.05, sided)
    assert (boschloo | ~fisher).all()
    for mask in (fisher, boschloo):
        below, above = tables.size(mask)
        assert above <= 0.05 + 2e-10
        for share in (first, second):
            assert tables.chance(mask, share, share) <= above + 1e-12
        assert below <= above


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 14), st.integers(1, 14))
def test_every_p_of_fisher_is_that_of_one_table_alone(n1: int, n2: int) -> None:
    from trialwright.analysis.proportions import fisher

    p = tables.fisher_p(n1, n2, 2)
    for a in range(n1 + 1):
        for b in range(n2 + 1):
            assert p[a, b] == pytest.approx(fisher((a, n1), (b, n2)), rel=1e-9)


def test_the_size_is_the_largest_chance_over_all_shares() -> None:
    mask = tables.score(24, 24, 0.05, 2)
    grid = max(tables.chance(mask, share, share) for share in np.linspace(0, 1, 4001))
    below, above = tables.size(mask)
    assert grid <= above
    assert below - grid < 1e-6
    assert above > 0.055  # the chi-squared test does not keep 0.05 at 24 an arm


def test_an_exact_size_is_the_smallest_and_says_where_more_give_less() -> None:
    found = proportions.found(0.8, 0.75, 0.4, method="boschloo")
    assert proportions.power(found.size.total, 0.75, 0.4, method="boschloo") == pytest.approx(found.power)
    for fewer in range(8, found.size.total, 2):
        assert proportions.power(fewer, 0.75, 0.4, method="boschloo") < 0.8
    saw = proportions.found(0.8, 0.9, 0.6, method="score", sided=1)
    for n in range(saw.size.total + 2, int(1.1 * saw.size.total) + 1, 2):
        assert (n in saw.dips) == (proportions.power(n, 0.9, 0.6, method="score", sided=1) < 0.8)


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 40), st.floats(0.05, 0.6), st.sampled_from(["fisher", "boschloo", "score", "approximate"]))
def test_the_detectable_share_has_the_power_asked_for(each: int, second: float, method: str) -> None:
    try:
        share = proportions.detectable(2 * each, 0.8, second, method=method)
    except BadQuestion:
        assert proportions.power(2 * each, 1.0, second, method=method) < 0.8
        return
    assert proportions.power(2 * each, share, second, method=method) == pytest.approx(0.8, abs=1e-8)


def test_a_one_sided_test_asks_the_same_of_fewer_as_of_more() -> None:
    more = proportions.power(40, 0.8, 0.4, sided=1, alpha=0.025)
    assert proportions.power(40, 0.2, 0.6, sided=1, alpha=0.025) == pytest.approx(more, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.2, 0.9), st.lists(st.floats(0.7, 1.0), min_size=1, max_size=5), st.sampled_from(["normal", "t"]))
def test_size_power_and_difference_of_the_mixed_model_undo_each_other(
    rho: float, steps: list[float], df: str
) -> None:  # fmt: skip
    retention = np.cumprod(steps)
    course = mmrm.course(mmrm.covariance("ar1", [1 + visit / 4 for visit in range(len(steps))], rho), list(retention))
    n = mmrm.sample_size(0.85, 0.8, course, df=df)
    assert mmrm.power(n, 0.8, course, df=df) == pytest.approx(0.85, abs=1e-8)
    assert mmrm.detectable(n, 0.85, course, df=df) == pytest.approx(0.8, rel=1e-6)
    assert 1 - 1e-9 <= course.phi <= 1 / course.staying + 1e-9


def test_the_price_of_dropout_is_the_variance_that_known_covariance_gives() -> None:
    chance = np.random.default_rng(3)
    sigma = mmrm.covariance("us", [1, 1.2, 1.4], [0.5, 0.4, 0.7])
    retention = [1.0, 0.85, 0.6]
    course = mmrm.course(sigma, retention)
    n, reps = 400, 200
    variances = []
    for _ in range(reps):
        seen = (chance.random((n, 1)) < np.array(retention)).sum(axis=1)
        information = np.zeros((3, 3))
        for visits in (1, 2, 3):
            information[:visits, :visits] += (seen == visits).sum() * np.linalg.inv(sigma[:visits, :visits])
        variances.append(np.linalg.inv(information)[2, 2] * n)
    assert float(np.mean(variances)) == pytest.approx(course.phi * course.sd**2, rel=0.02)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.3, 0.85), st.floats(0.5, 40), st.floats(0, 30), st.floats(0.5, 30), st.floats(0, 0.3),
    st.sampled_from(survival.METHODS), st.floats(0.5, 2),
)  # fmt: skip
def test_size_power_and_hazard_ratio_of_the_log_rank_test_undo_each_other(
    h: float, median: float, accrual: float, follow_up: float, lost: float, method: str, ratio: float
) -> None:
    rate = survival.dropout_hazard(lost, 12)
    plan = survival.Plan(survival.hazard_of(median=median), accrual, follow_up, (rate, rate))
    n = survival.sample_size(0.8, h, plan, method=method, ratio=ratio)
    assert survival.power(n, h, plan, method=method, ratio=ratio) == pytest.approx(0.8, abs=1e-9)
    found = survival.detectable(n, 0.8, plan, method=method, ratio=ratio)
    assert survival.power(n, found, plan, method=method, ratio=ratio) == pytest.approx(0.8, abs=1e-8)


def test_the_chance_of_an_event_is_that_of_simulated_participants() -> None:
    chance = np.random.default_rng(5)
    n = 400_000
    enter = chance.random(n) * 12
    event, lost = chance.exponential(20, n), chance.exponential(50, n)
    seen = (event <= lost) & (enter + event <= 24)
    plan = survival.Plan(1 / 20, 12, 12, (1 / 50, 1 / 50))
    assert float(seen.mean()) == pytest.approx(survival.event_chance(plan, 1.0), abs=0.004)


def test_those_who_are_lost_are_added_in_each_arm_and_rounded_up() -> None:
    assert enrolled(46.27, 1, 0.1).total == 52
    assert (enrolled(60, 2).treatment, enrolled(60, 2).reference) == (40, 20)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: means.power(48, 20, 0), "above 0"),
        (lambda: means.power(2, 20, 24), "At least"),
        (lambda: means.power(48, 20, 24, sided=3), "1 or 2 sides"),
        (lambda: means.sample_size(0.8, 0, 24), "difference of 0"),
        (lambda: means.sample_size(0.01, 20, 24), "between alpha"),
        (lambda: means.power(48, 1, 10, margin=4), "one side"),
        (lambda: means.power(48, 20, 24, explained=1.2), "explain a share"),
        (lambda: proportions.power(48, 40, 0.2), "such as 0.4 for 40 %"),
        (lambda: proportions.power(48, 0.4, 0.2, method="barnard"), "there are fisher"),
        (lambda: proportions.power(4000, 0.4, 0.2, method="fisher"), "approximate"),
        (lambda: proportions.detectable(8, 0.9, 0.5), "Not even"),
        (lambda: mmrm.covariance("toep", [1, 1], 0.5), "ar1, cs and us"),
        (lambda: mmrm.covariance("us", [1, 1, 1], [0.9, -0.9, 0.9]), "positive definite"),
        (lambda: mmrm.covariance("us", [1, 1, 1], [0.9]), "3 correlations"),
        (lambda: mmrm.course(np.eye(2), [0.8, 0.9]), "never rising"),
        (lambda: survival.events(0.8, 1), "no difference"),
        (lambda: survival.hazard_of(), "median"),
        (lambda: survival.Plan(0.1, 0, 0), "Accrual"),
        (lambda: enrolled(40, 1, 1), "below 1"),
    ],
)
def test_a_question_without_an_answer_says_what_to_change(ask: object, says: str) -> None:
    with pytest.raises(BadQuestion, match=says):
        ask()  # type: ignore[operator]


@pytest.mark.long
@pytest.mark.parametrize(("n", "within"), [(48, 0.02), (30, 0.03)])
def test_kenward_and_roger_reach_the_power_that_the_t_form_promises(n: int, within: float) -> None:
    from trialwright.analysis.mmrm.fitting import fitted
    from trialwright.analysis.mmrm.inference import inference
    from trialwright.analysis.mmrm.records import Repeated

    chance, visits, trials = np.random.default_rng(4), 4, 3000
    retention = [1, 0.97, 0.94, 0.9]
    sigma = mmrm.covariance("ar1", [24] * visits, 0.5)
    course, root = mmrm.course(sigma, retention), np.linalg.cholesky(sigma)
    effect = mmrm.detectable(n, 0.8, course, df="t")
    assert mmrm.power(n, effect, course) > 0.81  # what the published formula promises
    arm, contrast = np.repeat([0, 1], n // 2), np.eye(2 * visits)[-1]
    hits = 0
    for _ in range(trials):
        outcome = chance.standard_normal((n, visits)) @ root.T + effect * arm[:, None]
        who, visit = np.nonzero(chance.random((n, 1)) < np.array(retention))
        design = np.zeros((who.size, 2 * visits))
        design[np.arange(who.size), visit] = 1
        design[np.arange(who.size), visits + visit] = arm[who]
        data = Repeated(
            outcome[who, visit], design, who.astype(np.int64), visit.astype(np.int64),
            tuple(f"column {index}" for index in range(2 * visits)), tuple("abcd"), tuple(map(str, range(n))),
            np.zeros(n, dtype=np.int64),
        )  # fmt: skip
        found = inference(fitted(data), df="kenward-roger-linear").contrast(contrast)
        hits += float(np.ravel(found.p)[0]) <= 0.05 and float(np.ravel(found.estimate)[0]) > 0
    assert hits / trials == pytest.approx(0.8, abs=within + 2 * 0.0073)
