"""Type I error of the mixed model at 48 participants and 5 visits, a million Gaussian trials without an effect.

The data: y = base + trend over the visits + N(0, Sigma), Sigma with standard deviations 16 to 25 and correlations that
fall with the distance of the visits; one covariate; about six per cent leave between two visits for good and three per
cent of the other visits are missed, ten per cent missing in all. The model: arm * visit + base, unstructured, REML; the
contrast of the arms at the third visit. `not fitted` must be 0: every one of these data sets is identifiable.
"""

import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from trialwright.analysis.mmrm.block import Block, block

TRIALS = int(os.environ.get("TRIALWRIGHT_BENCH_TRIALS", "1000000"))
CHUNK = 20_000
PEOPLE, VISITS, WEEK_12 = 48, 5, 2
SEED = 20261122
ALPHA = 0.05

Floats = NDArray[np.float64]

SD = np.linspace(16, 25, VISITS)
SIGMA = np.outer(SD, SD) * 0.78 ** np.abs(np.subtract.outer(np.arange(VISITS), np.arange(VISITS)))
ARM = np.tile([0.0, 1.0], PEOPLE // 2)


def chunk(number: int, trials: int) -> tuple[Floats, Floats]:
    """Outcome (trials, people, visits) with nan where missing, and covariates (trials, people, 3)."""
    chance = np.random.Generator(np.random.Philox(key=SEED, counter=[0, 0, 0, number]))
    base = chance.standard_normal((trials, PEOPLE))
    noise = chance.standard_normal((trials, PEOPLE, VISITS)) @ np.linalg.cholesky(SIGMA).T
    outcome = 10 + 5 * np.arange(VISITS) + 4 * base[..., None] + noise
    stays = np.cumsum(chance.random((trials, PEOPLE, VISITS)) < np.array([0, 0.04, 0.04, 0.03, 0.03]), axis=2) == 0
    kept = stays & (chance.random((trials, PEOPLE, VISITS)) >= 0.03)
    x = np.stack([np.ones_like(base), np.broadcast_to(ARM, base.shape), base], axis=2)
    return np.where(kept, outcome, np.nan), x


def cells() -> Floats:
    """Intercept and arm at each visit, the covariate alike at all: (visits x 3, 11)."""
    r = np.zeros((VISITS, 3, 2 * VISITS + 1))
    for visit in range(VISITS):
        r[visit, 0, visit] = r[visit, 1, VISITS + visit] = r[visit, 2, 2 * VISITS] = 1
    return r.reshape(VISITS * 3, -1)


def fits() -> Iterator[tuple[Block, float, float]]:
    """Each chunk's fits, the share of values missing, and the CPU seconds of the fits."""
    r, contrast = cells(), np.zeros((1, 2 * VISITS + 1))
    contrast[0, VISITS + WEEK_12] = 1
    for number, start in enumerate(range(0, TRIALS, CHUNK)):
        outcome, x = chunk(number, min(CHUNK, TRIALS - start))
        began = time.process_time()
        made = block(outcome, x, r, contrast)
        yield made, float(np.isnan(outcome).mean()), time.process_time() - began


def main() -> list[dict[str, Any]]:
    """The rows: how often each test rejects, in per cent with its Monte Carlo error."""
    rejected = dict.fromkeys(("Kenward-Roger (linear)", "Satterthwaite", "Wald"), 0)
    fitted = failed = 0
    spent, missing, most = 0.0, [], 0
    for made, share, seconds in fits():
        good = made.status == 0
        fitted, failed, spent = fitted + int(good.sum()), failed + int((~good).sum()), spent + seconds
        missing.append(share)
        most = max(most, int(made.iterations[good].max()))
        estimate, se, model, df = (one[good, 0] for one in (made.estimate, made.se, made.se_model, made.df))
        tests = {
            "Kenward-Roger (linear)": 2 * stdtr(df, -np.abs(estimate / se)),
            "Satterthwaite": 2 * stdtr(df, -np.abs(estimate / model)),
            "Wald": 2 * ndtr(-np.abs(estimate / model)),
        }
        for name, p in tests.items():
            rejected[name] += int((p < ALPHA).sum())
    rows = []
    for name, count in rejected.items():
        rate = count / fitted
        error = (rate * (1 - rate) / fitted) ** 0.5
        rows.append(
            {
                "test": name,
                "trials": f"{fitted:,}",
                "not fitted": failed,
                "missing, %": round(100 * float(np.mean(missing)), 2),
                "most iterations": most,
                "type I error, %": f"{100 * rate:.3f} ± {100 * error:.3f}",
                "CPU us a fit": round(1e6 * spent / (fitted + failed), 2),
            }
        )
    return rows
