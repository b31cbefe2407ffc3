"""How the scatter of a response grows with it: var = sigma^2 mu^(2 theta), theta pooled over the plates of an assay.

theta = 0 is a constant standard deviation, 1 a constant coefficient of variation; immunoassays lie between (Finney,
Statistical Method in Biological Assay, 1978; Davidian, Carroll and Smith, Biometrika 1988;75:549-556).

- `estimate` needs replicates and no curve. The sum of squares S of n replicates about their mean is
  sigma^2 mu^(2 theta) times chi-square with n - 1 degrees of freedom; theta maximises the product of those densities,
  the mean of the replicates standing for mu. With sigma^2 at its best for each theta that is the least of

      N/2 log(sum S mu^(-2 theta)) + theta sum (n - 1) log mu,     N = sum (n - 1),

  a convex function of theta, so that its least is the only one.
- `iterate` needs no replicates: it fits the curves, takes their residuals for the scatter, and alternates (pseudo-
  likelihood: Carroll and Ruppert, Transformation and Weighting in Regression, 1988, chapter 3; Davidian and Giltinan
  1995, section 2.4). Each squared residual counts for 1 less its leverage degrees of freedom, which makes good what
  the curve's own parameters took of the scatter.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from trialwright.measures.assay import curves
from trialwright.measures.assay.curves import Fits, Model, Numbers
from trialwright.measures.assay.fitting import fit, wells_of
from trialwright.measures.assay.levels import gather

BOUND: Final = 3.0
"""theta is sought from -3 to 3."""
NEWTON: Final = 60
ROUNDS: Final = 30
SAME: Final = 1e-6


@dataclass(frozen=True)
class Variance:
    """The variance function of an assay; `theta` and what belongs to it are missing where nothing could be pooled."""

    theta: float
    se: float
    """Of theta, from the curvature of the likelihood."""
    lower: float
    upper: float
    """theta -+ z se, at `level`."""
    level: float
    sigma: float
    """The standard deviation of a response whose mean is 1."""
    degrees: int
    """The degrees of freedom pooled."""


def estimate(dose: ArrayLike, response: ArrayLike, level: float = 0.95) -> Variance:
    """theta from replicates at the same dose on the same plate, pooled over plates (p, w).

    Levels whose mean is not above zero cannot say anything of a power of it and are left out; so are levels of one
    well. Replicates that are all equal (rounded readings) count: their scatter is zero.
    """
    x, y = wells_of(dose, response)
    levels = gather(x, y, np.ones(y.shape))
    said = (levels.wells > 1) & (levels.mean > 0)
    return _most_likely(levels.scatter[said], levels.mean[said], (levels.wells[said] - 1).astype(np.float64), level)


def iterate(
    dose: ArrayLike,
    response: ArrayLike,
    model: Model = "4pl",
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    level: float = 0.95,
) -> tuple[Fits, Variance]:
    """Curves and their variance function together: fit, estimate theta from the residuals, until theta stays the same.

    Plates without a usable curve give no residuals; all plates share theta and sigma.
    """
    x, y = wells_of(dose, response)
    theta, variance = 0.0, None
    for _ in range(ROUNDS):
        fits = fit(x, y, model, "power", theta, lower, upper)
        variance = _of_residuals(fits, x, y, level)
        if not np.isfinite(variance.theta) or abs(variance.theta - theta) < SAME:
            break
        theta = variance.theta
    assert variance is not None
    return fits, variance


def _of_residuals(fits: Fits, x: Numbers, y: Numbers, level: float) -> Variance:
    """theta from the residuals of the usable curves."""
    use = fits.usable & (fits.degrees > 0)
    fits, x, y = fits[use], x[use], y[use]
    there = np.isfinite(x) & np.isfinite(y)
    x = np.where(there, x, 1.0)
    mean = curves.predict(fits.parameters, x)
    slopes = curves.gradient(fits.parameters, x)
    said = there & (mean > 0)
    power = np.where(said, mean, 1.0) ** (-2 * fits.theta)
    spread = fits.covariance / (fits.sigma**2)[:, None, None]
    leverage = np.einsum("pni,pij,pnj->pn", slopes, spread, slopes) * power
    left = np.clip(1 - leverage, 0.0, 1.0)
    said &= left > 1e-6
    squares = (np.where(there, y, 0.0) - mean) ** 2
    return _most_likely(squares[said], mean[said], left[said], level)


def _most_likely(squares: Numbers, mean: Numbers, degrees: Numbers, level: float) -> Variance:
    """The most likely theta for sums of squares whose expectation is degrees * sigma^2 mean^(2 theta)."""
    missing = float("nan")
    if not (squares > 0).sum() > 1 or np.ptp(np.log(mean)) == 0:
        return Variance(missing, missing, missing, missing, level, missing, round(float(degrees.sum())))
    log = np.log(mean)
    total = float(degrees.sum())
    middle = float(degrees @ log / total)
    theta, low, high = 0.0, -BOUND, BOUND
    for _ in range(NEWTON):
        share = squares * np.exp(-2 * theta * (log - middle))
        share /= share.sum()
        centre = float(share @ (log - middle))
        by_theta, curvature = -total * centre, 2 * total * float(share @ (log - middle - centre) ** 2)
        low, high = (theta, high) if by_theta < 0 else (low, theta)
        step = by_theta / curvature if curvature > 0 else np.inf
        after = theta - step if low < theta - step < high else (low + high) / 2
        if abs(after - theta) < 1e-12:
            break
        theta = after
    sigma = float(np.sqrt(np.sum(squares * mean ** (-2 * theta)) / total))
    se = float(1 / np.sqrt(curvature))
    z = float(ndtri(0.5 + level / 2))
    return Variance(theta, se, theta - z * se, theta + z * se, level, sigma, round(total))
