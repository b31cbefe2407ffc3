"""The censored mixed model: its integrals against integration by other means, its slopes against differences, its fits
against the uncensored model and against maximum likelihood written out in R."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.special import log_ndtr, ndtr, stdtrit
from scipy.stats import multivariate_normal, norm

from trialwright.analysis.estimates import NoMaximum, NotEstimable
from trialwright.analysis.mmrm.censored import _person, _surface, censored_fit
from trialwright.analysis.mmrm.covariance import structure
from trialwright.analysis.mmrm.fitting import fitted
from trialwright.analysis.mmrm.orthants import below
from trialwright.analysis.mmrm.records import Floats, Repeated

WRITTEN = Path(__file__).parents[3] / "agreement" / "r" / "mmrm_censored.json"


def equal(k: int, related: float) -> Floats:
    return (1 - related) * np.eye(k) + related


def drawn(n: int, m: int, seed: int, limit: float) -> tuple[Repeated, Floats]:
    """Two arms over m visits with a constrained baseline, some visits missed, everything under `limit` censored."""
    chance = np.random.default_rng(seed)
    arm = np.arange(n) % 2
    sigma = 0.7 ** np.abs(np.subtract.outer(np.arange(m), np.arange(m))) * 0.8 + 0.2
    truth = 5 - 0.15 * np.arange(m) * (1 + arm[:, None]) + chance.multivariate_normal(np.zeros(m), sigma, n)
    came = chance.random((n, m)) > 0.08
    came[:, 0] = True
    participant, visit = np.nonzero(came)
    cells = (visit[:, None] == np.arange(m)).astype(float)
    design = np.column_stack([np.ones(visit.size), cells[:, 1:], cells[:, 1:] * arm[participant, None]])
    outcome = truth[participant, visit]
    names = tuple(f"column {place}" for place in range(design.shape[1]))
    visits, people = tuple(f"V{place}" for place in range(m)), tuple(map(str, range(n)))
    signs = np.where(outcome < limit, -1, 0).astype(np.int8)
    put = np.maximum(outcome, limit)
    return Repeated(put, design, participant, visit, names, visits, people, np.zeros(n, dtype=np.int64)), signs


@pytest.mark.parametrize("bound", [-30.0, -8.0, -2.0, 0.0, 3.0])
def test_one_value_has_the_normal_distribution_and_its_moments(bound: float) -> None:
    chance, values, shares = below(np.array([bound]), np.array([[1.0]]))
    assert chance == pytest.approx(log_ndtr(bound), abs=1e-7)
    mills = np.exp(norm.logpdf(bound) - log_ndtr(bound))
    assert values[0] @ shares == pytest.approx(-mills, rel=1e-5)
    assert values[0] ** 2 @ shares == pytest.approx(1 - bound * mills, rel=1e-5)


@pytest.mark.parametrize(("k", "tolerance"), [(2, 1e-6), (3, 1e-5), (4, 3e-4), (5, 5e-4), (6, 1e-3)])
@pytest.mark.parametrize("related", [0.3, 0.8])
@pytest.mark.parametrize("bound", [-1.5, 0.0, 1.0])
def test_several_equally_related_values_have_the_probability_of_one_integral(
    k: int, tolerance: float, related: float, bound: float
) -> None:
    def inside(common: float) -> float:
        return float(norm.pdf(common) * ndtr((bound - related**0.5 * common) / (1 - related) ** 0.5) ** k)

    exact = quad(inside, -12, 12, epsabs=1e-14, limit=200)[0]
    chance, _, shares = below(np.full(k, bound), equal(k, related))
    assert np.exp(chance) == pytest.approx(exact, rel=tolerance)
    assert shares.sum() == pytest.approx(1.0)


def test_two_values_have_the_moments_of_a_double_integral() -> None:
    bounds, covariance = np.array([-0.4, 0.7]), np.array([[1.3, 0.8], [0.8, 0.9]])
    _, values, shares = below(bounds, covariance)
    density = multivariate_normal(np.zeros(2), covariance).pdf

    def moment(one: int, other: int) -> float:
        return float(dblquad(lambda y, x: x**one * y**other * density([x, y]), -9, bounds[0], -9, bounds[1])[0])

    whole = moment(0, 0)
    for one, other in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (2, 2)):
        assert (values[0] ** one * values[1] ** other) @ shares == pytest.approx(moment(one, other) / whole, rel=2e-5)


def test_the_score_and_information_are_the_slopes_of_the_likelihood() -> None:
    data, signs = drawn(14, 3, 5, 4.6)
    people = [_person(data, signs, each) for each in range(14)]
    beta, sigma = np.full(5, 0.1) + np.array([4.8, -0.2, -0.3, 0, -0.2]), equal(3, 0.5) * 1.2
    elements = structure("us").first(np.zeros(6), np.arange(3.0))

    def at(place: Floats):  # type: ignore[no-untyped-def]
        return _surface(people, beta + place[:5], sigma + np.tensordot(place[5:], elements, 1))

    here, step = at(np.zeros(11)), 1e-4
    assert max(person.limited.size for person in people) == 3
    for place in np.eye(11):
        up, down = at(step * place), at(-step * place)
        assert (up.loglik - down.loglik) / (2 * step) == pytest.approx(here.score @ place, rel=1e-4, abs=2e-4)
        assert (down.score - up.score) / (2 * step) == pytest.approx(here.information @ place, rel=1e-3, abs=5e-3)


def test_without_a_censored_value_it_is_the_model_by_maximum_likelihood() -> None:
    data, signs = drawn(30, 4, 8, -99.0)
    made, usual = censored_fit(data, signs), fitted(data, "us", "ML")
    assert made.beta == pytest.approx(usual.beta, rel=1e-9)
    assert made.sigma == pytest.approx(usual.sigma[0], rel=1e-8)
    assert made.loglik == pytest.approx(usual.loglik, rel=1e-12)


def test_what_lies_above_is_what_lies_below_turned_round() -> None:
    data, signs = drawn(24, 3, 2, 4.6)
    turned = Repeated(-data.outcome, *(getattr(data, name) for name in list(Repeated.__dataclass_fields__)[1:]))
    one, other = censored_fit(data, signs), censored_fit(turned, -signs)
    assert other.beta == pytest.approx(-one.beta, abs=1e-6)
    assert other.covariance == pytest.approx(one.covariance, rel=1e-6)
    assert other.loglik == pytest.approx(one.loglik, abs=1e-8)


def test_the_estimates_are_those_of_maximum_likelihood_in_r() -> None:
    found = json.loads(WRITTEN.read_text(encoding="utf-8"))
    outcome, sign = np.array(found["outcome"]), np.array(found["sign"])
    arm, x, m = np.array(found["arm"]), np.array(found["x"]), 4
    participant, visit = np.nonzero(outcome > -900)
    cells = (visit[:, None] == np.arange(m)).astype(float)
    columns = [np.ones(visit.size), cells[:, 1:], cells[:, 1:] * arm[participant, None], x[participant]]
    names, people = tuple(map(str, range(8))), tuple(map(str, range(len(arm))))
    data = Repeated(
        outcome[participant, visit], np.column_stack(columns), participant, visit, names, ("A", "B", "C", "D"), people,
        np.zeros(len(arm), dtype=np.int64),
    )  # fmt: skip
    made = censored_fit(data, sign[participant, visit].astype(np.int8))
    errors = np.sqrt(np.diagonal(made.covariance))
    assert int(found["limits"]["4"]) >= 1
    assert made.loglik == pytest.approx(found["loglik"], abs=5e-4)
    assert (made.beta - found["beta"]) / errors == pytest.approx(np.zeros(8), abs=2e-3)
    assert errors == pytest.approx(found["errors"], rel=2e-3)
    assert made.sigma == pytest.approx(np.array(found["sigma"]), rel=5e-3)


def test_a_column_of_which_only_limits_tell_is_named() -> None:
    data, signs = drawn(24, 3, 4, 4.6)
    column = np.zeros(len(data.outcome))
    mine = data.participant == 0
    column[mine], low = 1.0, np.where(mine, -1, signs).astype(np.int8)
    more = Repeated(
        data.outcome, np.column_stack([data.design, column]), data.participant, data.visit, (*data.columns, "only one"),
        data.visits, data.participants, data.group,
    )  # fmt: skip
    with pytest.raises(NotEstimable, match=r"'only one', so it could|rises for ever"):
        censored_fit(more, low)


@pytest.mark.long
@pytest.mark.parametrize(("limit", "share"), [(4.0, 0.25), (4.6, 0.45)])
def test_the_true_differences_are_recovered_and_covered(limit: float, share: float) -> None:
    """150 trials of 48 over four visits with a constrained baseline: estimates centre on the truth and 95 % intervals
    with n - 2 degrees of freedom hold it; limits in the place of values miss it. With near half of the values censored
    one fit in a hundred has its maximum where the covariance is singular, and says so."""
    trials, n, inside, truth = 150, 48, 0, -0.45
    found, naive, shares = [], [], []
    for seed in range(trials):
        data, signs = drawn(n, 4, 1000 + seed, limit)
        try:
            made = censored_fit(data, signs)
        except NoMaximum:
            continue
        found.append(made.beta[-1])
        naive.append(fitted(data, "us", "ML").beta[-1])
        shares.append(-signs.mean())
        half = stdtrit(n - 2, 0.975) * (made.covariance[-1, -1] * n / (n - 2)) ** 0.5
        inside += abs(made.beta[-1] - truth) < half
    error = float(np.std(found)) / len(found) ** 0.5
    assert len(found) >= 0.96 * trials
    assert abs(float(np.mean(found)) - truth) < 4 * error
    assert inside / len(found) == pytest.approx(0.95, abs=0.05)
    assert float(np.mean(naive)) - truth > 2 * error
    assert float(np.mean(shares)) == pytest.approx(share, abs=0.12)
