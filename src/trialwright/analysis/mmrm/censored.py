"""The mixed model for repeated measures with outcomes that lie below or above limits: maximum likelihood.

    y_i = X_i b + e_i,  e_i ~ N(0, V_i),  V_i = S_i Sigma S_i',  Sigma unstructured

of which participant i shows some values and, of others, the side of a limit on which they lie. The likelihood of i is
the density of what was seen times the probability, given that, of the orthant of what was not (Hughes, Biometrics 1999;
55: 625-629; Vaida and Liu, J Comput Graph Stat 2009; 18: 797-817). `orthants` gives that probability and a cloud of the
values there, from which Fisher's and Louis's identities (J R Stat Soc B 1982; 44: 226-233) give

    score        E[s | seen]                        s the score of the complete data
    information  E[I | seen] - Var[s | seen]        I the information of the complete data

with u = V_i^-1 e_i, D_j = dV_i / d theta_j and theta the elements of Sigma:

    s_b = X' u                       I_bb = X' V^-1 X          I_jl = u' D_j V^-1 D_l u - tr(V^-1 D_j V^-1 D_l) / 2
    s_j = (u' D_j u - tr V^-1 D_j)/2                           I_bj = X' V^-1 D_j u

A few steps of expectation and conditional maximisation (Meng and Rubin, Biometrika 1993) go near the maximum, Newton's
steps to it. Standard errors come from the inverse of the whole observed information, b and theta together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.estimates import NoMaximum, NotEstimable
from trialwright.analysis.mmrm.covariance import structure
from trialwright.analysis.mmrm.fitting import fitted
from trialwright.analysis.mmrm.orthants import below
from trialwright.analysis.mmrm.records import Floats, Integers, Repeated
from trialwright.analysis.mmrm.starts import positive_definite

Signs = NDArray[np.int8]

NEAR, STEPS, HALVINGS = 12, 60, 12
"""How many rounds of expectation and maximisation first; the most Newton steps; the most halvings of one."""

SETTLED = 1e-9
"""The squared Newton decrement below which the maximum has been reached: a 30,000th of a standard error."""

LOST = 1e3
"""A coefficient whose standard error is this many standard deviations of the outcome has run away."""


RISING = (
    "The likelihood of the censored model rises for ever, as far as can be seen: too much lies beyond the limits for"
    " the model to have estimates. Take visits, factors or covariates out of it, or declare another handling."
)


@dataclass(frozen=True)
class CensoredFit:
    """`beta` (p,) with `covariance` (p, p), `sigma` (m, m), the greatest log likelihood."""

    beta: Floats
    covariance: Floats
    sigma: Floats
    loglik: float
    iterations: int


@dataclass(frozen=True)
class _Person:
    """One participant: the visits seen, design, outcome or limit, and the rows that are limits with their side."""

    visits: Integers
    design: Floats
    outcome: Floats
    limited: Integers
    seen: Integers
    side: Floats


@dataclass(frozen=True)
class _Surface:
    """The log likelihood at one place with its score and observed information, of b and then of theta. `gap` (m, m) is
    the sum of E[u u'] - V^-1, `first` and `weight` the normal equations of b."""

    loglik: float
    score: Floats
    information: Floats
    gap: Floats
    first: Floats
    weight: Floats


def censored_fit(data: Repeated, signs: Signs) -> CensoredFit:
    """The fit to rows of which `signs` (N,) says whether the outcome was seen (0) or lies below (-1) or above (1) what
    stands there. Raises `NotEstimable`, `NotIdentifiable` and `NoMaximum`, naming what stands in the way."""
    people = [_person(data, signs, each) for each in range(len(data.participants))]
    start = fitted(data, "us", "ML")
    try:
        return _near(data, people, start.beta, start.sigma[0], bool(signs.any()))
    except np.linalg.LinAlgError:
        # A covariance that has shrunk to nothing in some direction.
        raise NoMaximum(RISING) from None


def _near(data: Repeated, people: list[_Person], beta: Floats, sigma: Floats, limited: bool) -> CensoredFit:
    """The fit from a start that took limits for values."""
    at = _surface(people, beta, sigma, curved=False)
    for _ in range(NEAR if limited else 0):
        beta = beta + np.linalg.solve(at.weight, at.first)
        at = _surface(people, beta, sigma, curved=False)
        sigma = sigma + sigma @ at.gap @ sigma / len(people)
        at = _surface(people, beta, sigma, curved=False)
    return _climbed(data, people, beta, sigma)


def _climbed(data: Repeated, people: list[_Person], beta: Floats, sigma: Floats) -> CensoredFit:
    at, width = _surface(people, beta, sigma), beta.size
    for iteration in range(STEPS):
        step = _step(at)
        if step is not None and float(step @ at.score) < SETTLED:
            covariance: Floats = np.asarray(np.linalg.inv(at.information)[:width, :width])
            _refuse_lost(data, covariance, sigma)
            return CensoredFit(beta, covariance, sigma, at.loglik, iteration)
        found = None if step is None else _along(people, beta, sigma, step, at.loglik)
        if found is None:
            # Where the surface curves the other way, or a step leaves it, one round of maximisation always climbs.
            beta = beta + np.linalg.solve(at.weight, at.first)
            between = _surface(people, beta, sigma, curved=False)
            sigma = sigma + sigma @ between.gap @ sigma / len(people)
            at = _surface(people, beta, sigma)
        else:
            beta, sigma, at = found
    raise NoMaximum(RISING)


def _step(at: _Surface) -> Floats | None:
    if not positive_definite(at.information):
        return None
    return np.asarray(np.linalg.solve(at.information, at.score))


def _along(
    people: list[_Person], beta: Floats, sigma: Floats, step: Floats, loglik: float
) -> tuple[Floats, Floats, _Surface] | None:
    """The place a Newton step leads to, halved until the likelihood is higher there; None where it never is."""
    elements = structure("us").first(np.zeros(step.size - beta.size), np.arange(len(sigma), dtype=np.float64))
    turn = np.tensordot(step[beta.size :], elements, 1)
    reach = 1.0
    for _ in range(HALVINGS):
        there = sigma + reach * turn
        if positive_definite(there):
            made = _surface(people, beta + reach * step[: beta.size], there)
            if made.loglik >= loglik - 1e-6:
                return beta + reach * step[: beta.size], there, made
        reach /= 2.0
    return None


def _person(data: Repeated, signs: Signs, number: int) -> _Person:
    rows = data.participant == number
    side = signs[rows]
    limited = np.flatnonzero(side)
    return _Person(
        data.visit[rows],
        data.design[rows],
        data.outcome[rows],
        limited,
        np.flatnonzero(side == 0),
        side[limited].astype(np.float64),
    )


def _surface(people: list[_Person], beta: Floats, sigma: Floats, curved: bool = True) -> _Surface:
    """Everything at one place; without `curved` the information is left out, which costs most."""
    m, width = len(sigma), beta.size
    elements = structure("us").first(np.zeros(m * (m + 1) // 2), np.arange(m, dtype=np.float64))
    size = width + len(elements)
    loglik, score, information = 0.0, np.zeros(size), np.zeros((size, size))
    gap, first, weight = np.zeros((m, m)), np.zeros(width), np.zeros((width, width))
    for person in people:
        here = np.ix_(person.visits, person.visits)
        inverse: Floats = np.asarray(np.linalg.inv(sigma[here]))
        value, errors, shares = _cloud(person, person.outcome - person.design @ beta, sigma[here])
        u = inverse @ errors
        mean = u @ shares
        squares = (u * shares) @ u.T
        loglik += value
        gap[here] += squares - inverse
        first += person.design.T @ mean
        weight += person.design.T @ inverse @ person.design
        if curved:
            parts = elements[:, person.visits[:, None], person.visits]
            information += _information(person.design, parts, inverse, u, shares, mean, squares)
    score[:width] = first
    score[width:] = np.tensordot(elements, gap, ((1, 2), (0, 1))) / 2.0
    return _Surface(loglik, score, information, gap, first, weight)


def _cloud(person: _Person, residual: Floats, covariance: Floats) -> tuple[float, Floats, Floats]:
    """The log likelihood of one participant, and what the errors may be: (visits, points) with shares (points,)."""
    seen, limited = person.seen, person.limited
    loglik, at, left = 0.0, np.zeros(limited.size), covariance[np.ix_(limited, limited)]
    if seen.size:
        inner, across = covariance[np.ix_(seen, seen)], covariance[np.ix_(limited, seen)]
        factor = np.linalg.cholesky(inner)
        white = np.linalg.solve(factor, residual[seen])
        loglik = -float(np.log(np.diagonal(factor)).sum() + white @ white / 2.0) - seen.size * HALF_LOG_TWO_PI
        share = np.linalg.solve(inner, across.T).T
        at, left = share @ residual[seen], left - share @ across.T
    if not limited.size:
        return loglik, residual[:, None], np.ones(1)
    # What lies above is turned round: -y below -limit.
    turn = -person.side
    chance, values, shares = below(turn * (residual[limited] - at), left * np.outer(turn, turn))
    errors = np.empty((residual.size, shares.size))
    errors[seen] = residual[seen, None]
    errors[limited] = at[:, None] + turn[:, None] * values
    return loglik + chance, errors, shares


HALF_LOG_TWO_PI = 0.9189385332046727


def _information(
    design: Floats, parts: Floats, inverse: Floats, u: Floats, shares: Floats, mean: Floats, squares: Floats
) -> Floats:
    """The complete data's expected curvature less the variance of their score, of one participant."""
    width, k = design.shape[1], len(parts)
    made = np.empty((width + k, width + k))
    turned = inverse @ parts
    made[:width, :width] = design.T @ inverse @ design
    made[:width, width:] = design.T @ (turned @ mean).T
    made[width:, :width] = made[:width, width:].T
    flat = (k, -1)
    both = (squares @ parts @ inverse).reshape(flat) @ parts.reshape(flat).T
    made[width:, width:] = both - turned.reshape(flat) @ turned.transpose(0, 2, 1).reshape(flat).T / 2.0
    if shares.size > 1:
        # u' D_j u / 2 of an element of Sigma is a product of two elements of u, half of it on the diagonal.
        rows, columns = np.divmod(parts.reshape(flat).argmax(axis=1), len(u))
        halves = np.where(rows == columns, 0.5, 1.0) * parts.any(axis=(1, 2))
        score = np.concatenate([design.T @ u, halves[:, None] * u[rows] * u[columns]])
        score -= (score @ shares)[:, None]
        made -= (score * shares) @ score.T
    return made


def _refuse_lost(data: Repeated, covariance: Floats, sigma: Floats) -> None:
    lengths = np.sqrt((data.design**2).mean(axis=0))
    errors = np.sqrt(np.diagonal(covariance)) * lengths
    worst = int(np.argmax(errors))
    if not errors[worst] < LOST * float(np.sqrt(np.diagonal(sigma).max())):
        raise NotEstimable(f"Nothing but limits tells of '{data.columns[worst]}', so it could be of any size.")
