"""Drawn trials for the tests of the mixed model: visits in columns, some of them missed."""

import numpy as np

from trialwright.analysis.mmrm.records import Floats, Repeated


def autoregression(visits: int, rho: float) -> Floats:
    return np.asarray(rho ** np.abs(np.subtract.outer(np.arange(visits), np.arange(visits))), dtype=np.float64)


def design_of(arm: Floats, base: Floats, visit: np.ndarray, visits: int) -> tuple[Floats, tuple[str, ...]]:
    level = np.eye(visits)[visit]
    columns = (
        *(f"visit[W{place}]" for place in range(visits)),
        *(f"arm[T.A]:visit[T.W{place}]" for place in range(visits)),
        "base",
    )
    return np.column_stack([level, level * arm[:, None], base]), columns


def drawn(
    seed: int,
    people: int = 40,
    sigma: Floats | None = None,
    missing: float = 0.1,
    dropout: float = 0.0,
    weighted: bool = False,
    groups: int = 1,
    scale: float = 1.0,
) -> Repeated:
    """A trial of two arms with a mean per arm and visit and a covariate; nobody is without any visit."""
    chance = np.random.default_rng(seed)
    matrix = 4.0 * autoregression(4, 0.6) if sigma is None else sigma
    visits = matrix.shape[0]
    values = chance.normal(size=(people, visits)) @ np.linalg.cholesky(matrix).T
    base, arm = chance.normal(size=people), np.arange(people) % 2
    seen = chance.random((people, visits)) >= missing
    leaves = np.where(chance.random(people) < dropout, chance.integers(1, visits, people), visits)
    seen &= np.arange(visits) < leaves[:, None]
    seen[~seen.any(axis=1), 0] = True
    participant, visit = np.nonzero(seen)
    design, columns = design_of(arm[participant].astype(float), base[participant], visit, visits)
    effects = np.concatenate([np.arange(visits), np.linspace(0.0, 1.0, visits), [0.5]])
    weights = chance.uniform(0.5, 2.0, visit.size) if weighted else None
    noise = values[participant, visit] / (1.0 if weights is None else np.sqrt(weights))
    return Repeated(
        outcome=scale * (design @ effects + noise),
        design=design,
        participant=participant.astype(np.int64),
        visit=visit.astype(np.int64),
        columns=columns,
        visits=tuple(f"W{place}" for place in range(visits)),
        participants=tuple(f"P{number:03d}" for number in range(people)),
        group=(np.arange(people) % groups).astype(np.int64),
        groups=("",) if groups == 1 else tuple(f"group {place}" for place in range(groups)),
        weights=weights,
        times=np.array([0.0, 1.0, 2.5, 6.0]) if visits == 4 else np.empty(0),
    )
