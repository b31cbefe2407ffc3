"""Small repeated data for the tests of inference: two arms, a covariate, visits that some participants missed."""

import numpy as np

from trialwright.analysis.mmrm.records import Floats, Repeated


def small_trial(
    seed: int, n: int = 16, m: int = 3, missing: float = 0.15, weighted: bool = False, groups: int = 1
) -> Repeated:
    """y ~ arm * visit + base for `n` participants, correlated over the visits; at least one row each."""
    chance = np.random.default_rng(seed)
    arm, base = np.arange(n) % 2, chance.normal(size=n)
    level = chance.normal(size=n)[:, None] * 1.5
    outcome = 10.0 + base[:, None] + arm[:, None] * np.arange(m) + level + chance.normal(size=(n, m))
    seen = chance.uniform(size=(n, m)) >= missing
    seen[np.arange(n), np.arange(n) % m] = True
    participant, visit = np.nonzero(seen)
    design = rows_of_design(arm[participant], base[participant], visit, m)
    return Repeated(
        outcome[seen],
        design,
        participant.astype(np.int64),
        visit.astype(np.int64),
        ("(Intercept)", "arm", "base", *(f"v{k}" for k in range(1, m)), *(f"arm:v{k}" for k in range(1, m))),
        tuple(f"V{k}" for k in range(m)),
        tuple(f"P{k}" for k in range(n)),
        (np.arange(n) // 2 % groups).astype(np.int64),
        tuple("ab"[:groups]) if groups > 1 else ("",),
        chance.uniform(0.5, 2.0, size=participant.size) if weighted else None,
    )


def rows_of_design(arm: np.ndarray, base: np.ndarray, visit: np.ndarray, m: int) -> Floats:
    """Intercept, arm, base, visits after the first, arm at those visits."""
    later = (visit[:, None] == np.arange(1, m)).astype(np.float64)
    return np.column_stack([np.ones(visit.size), arm, base, later, later * arm[:, None]])


def balanced_trial(seed: int, n: int, m: int) -> Repeated:
    """Every visit seen, and one mean per arm and visit: the multivariate analysis of variance."""
    chance = np.random.default_rng(seed)
    arm = np.repeat(np.arange(n) % 2, m)
    visit = np.tile(np.arange(m), n)
    outcome = (chance.normal(size=(n, m)) @ chance.normal(size=(m, m)) + chance.normal(size=(n, 1))).ravel()
    cells = (visit[:, None] == np.arange(m)).astype(np.float64)
    names = (*(f"v{k}" for k in range(m)), *(f"arm:v{k}" for k in range(m)))
    visits, people = tuple(f"V{k}" for k in range(m)), tuple(f"P{k}" for k in range(n))
    design = np.column_stack([cells, cells * arm[:, None]])
    return Repeated(
        outcome, design, np.repeat(np.arange(n), m), visit, names, visits, people, np.zeros(n, dtype=np.int64)
    )


def dense_covariance(data: Repeated, sigma: Floats) -> Floats:
    """V of all rows at once, shape (N, N), from Sigma by group (g, m, m)."""
    same = data.participant[:, None] == data.participant[None, :]
    group = data.group[data.participant]
    whole = sigma[group[:, None], data.visit[:, None], data.visit[None, :]] * same
    root = np.ones(data.outcome.size) if data.weights is None else np.sqrt(data.weights)
    return np.asarray(whole / root[:, None] / root[None, :], dtype=np.float64)
