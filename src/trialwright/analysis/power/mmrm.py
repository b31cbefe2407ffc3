"""The mixed model for repeated measures, by Lu, Luo and Chen (2008, International Journal of Biostatistics 4(1), 9).

The contrast is the difference of the arms' means at the last visit; participants leave and stay away (monotone), the
share r_j being still there at visit j. The information about an arm's means from one participant is

    I = sum_j (r_j - r_{j+1}) [Sigma_j^-1 filled up with noughts],   Sigma_j the first j visits, r_{J+1} = 0

and phi = [I^-1]_JJ / sigma_J^2 the price of dropout: 1 without any, 1 / r_J when visits do not correlate. With
n1 = ratio n2,

    n1 = (phi_1 + ratio phi_2) sigma_J^2 (z(1 - alpha / sides) + z(power))^2 / difference^2

Phi and the sizes reproduce tables 1 and 2 of the paper. The formula takes the covariance as known; in a small trial
the t distribution of Kenward and Roger costs more. `df="t"` therefore uses the noncentral t with
n r_J - 2 degrees of freedom (those with an outcome at the last visit, the smallest number that can be claimed; the
paper's own correction uses n - 2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import nctdtr, ndtr, ndtri, stdtrit

from trialwright.analysis.power.asking import BadQuestion, positive, refuse, solved, split


@dataclass(frozen=True, slots=True)
class Course:
    """One arm's repeated outcome: its price of dropout at the last visit, the SD there, the share who stay."""

    phi: float
    sd: float
    staying: float


def covariance(structure: str, sds: Sequence[float], correlation: float | ArrayLike = 0.0) -> NDArray[np.float64]:
    """The covariance matrix of the visits, shape (visits, visits), from their standard deviations.

    `ar1`: correlation^|j - k|; `cs`: the same everywhere; `us`: `correlation` is the matrix, or its part below the
    diagonal row by row.
    """
    spread = np.asarray(sds, dtype=np.float64)
    count = spread.size
    if count < 1 or not ((spread > 1e-100) & (spread < 1e100)).all():
        raise BadQuestion("Each visit needs a standard deviation above 0.")
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    if structure in ("ar1", "cs"):
        rho = float(np.asarray(correlation).reshape(-1)[0])
        lowest = -1.0 if structure == "ar1" or count == 1 else -1 / (count - 1)
        if not lowest < rho < 1:
            raise BadQuestion(f"The correlation must lie between {lowest:g} and 1 for {structure}; it is {rho:g}.")
        matrix = np.where(apart == 0, 1.0, rho ** (apart if structure == "ar1" else 1))
    elif structure == "us":
        matrix = _square(np.asarray(correlation, dtype=np.float64), count)
    else:
        raise BadQuestion(f"There is no covariance structure '{structure}' here; there are ar1, cs and us.")
    if np.linalg.eigvalsh(matrix).min() <= 1e-10:
        raise BadQuestion("These correlations cannot hold together: the matrix is not positive definite.")
    return np.asarray(matrix * np.outer(spread, spread))


def course(sigma: ArrayLike, retention: Sequence[float]) -> Course:
    """One arm: `sigma` of shape (visits, visits), `retention` the share still there at each visit, never rising."""
    matrix, stay = np.asarray(sigma, dtype=np.float64), [float(share) for share in retention]
    count = len(stay)
    if matrix.shape != (count, count):
        raise BadQuestion(f"There are {count} shares of retention and a covariance of {matrix.shape[0]} visits.")
    if not all(0 < share <= 1 for share in stay) or any(b > a for a, b in pairwise(stay)):
        raise BadQuestion("Retention is the share still there at each visit: above 0, at most 1, never rising.")
    information = np.zeros((count, count))
    for seen, (here, later) in enumerate(zip(stay, [*stay[1:], 0.0], strict=True), 1):
        information[:seen, :seen] += (here - later) * np.linalg.inv(matrix[:seen, :seen])
    variance = float(np.linalg.inv(information)[-1, -1])
    sd = sqrt(matrix[-1, -1])
    return Course(variance / sd**2, sd, stay[-1])


def power(
    n: float, difference: float, first: Course, second: Course | None = None, *, alpha: float = 0.05, sided: int = 2,
    ratio: float = 1.0, df: str = "normal",
) -> float:  # fmt: skip
    """The chance of significance at the last visit with `n` randomised in all; `second` is the reference's course."""
    refuse(alpha, sided, ratio, n=n)
    positive(difference=abs(difference))
    return _power(n, abs(difference), first, second or first, alpha / sided, ratio, df)


def sample_size(
    power: float, difference: float, first: Course, second: Course | None = None, *, alpha: float = 0.05,
    sided: int = 2, ratio: float = 1.0, df: str = "normal",
) -> float:  # fmt: skip
    """How many to randomise in all, fractional; dropout is in the courses already, so none is to be added."""
    refuse(alpha, sided, ratio, power)
    positive(difference=abs(difference))
    other = second or first
    if df == "normal":
        total = float(ndtri(1 - alpha / sided) + ndtri(power))
        one = _variance(1.0, first, other, ratio)
        return one * (total / difference) ** 2
    least = 3 / min(first.staying, other.staying)
    return solved(
        lambda n: _power(n, abs(difference), first, other, alpha / sided, ratio, df), power, least, 32.0 + least,
        "number of participants",
    )  # fmt: skip


def detectable(
    n: float, power: float, first: Course, second: Course | None = None, *, alpha: float = 0.05, sided: int = 2,
    ratio: float = 1.0, df: str = "normal",
) -> float:  # fmt: skip
    """The smallest true difference at the last visit that `n` randomised show with that power."""
    refuse(alpha, sided, ratio, power, n)
    other = second or first
    se = sqrt(_variance(n, first, other, ratio))
    found = solved(
        lambda shift: _power(n, shift * se, first, other, alpha / sided, ratio, df), power, 0.0, 4.0, "difference"
    )
    return found * se


def _power(n: float, difference: float, first: Course, second: Course, tail: float, ratio: float, df: str) -> float:
    shift = min(500.0, difference / sqrt(_variance(n, first, second, ratio)))
    if df == "normal":
        return float(ndtr(shift - float(ndtri(1 - tail))))
    if df != "t":
        raise BadQuestion(f"The degrees of freedom are 'normal' or 't', not '{df}'.")
    one, two = split(n, ratio)
    seen = one * first.staying + two * second.staying - 2
    if seen <= 0:
        raise BadQuestion("Too few stay until the last visit for a t test.")
    return float(nctdtr(seen, -shift, -float(stdtrit(seen, 1 - tail))))


def _variance(n: float, first: Course, second: Course, ratio: float) -> float:
    """Of the estimated difference with `n` randomised."""
    one, two = split(n, ratio)
    return first.phi * first.sd**2 / one + second.phi * second.sd**2 / two


def _square(given: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    if given.shape == (count, count):
        if not np.allclose(given, given.T) or not np.allclose(np.diag(given), 1):
            raise BadQuestion("The matrix of correlations must be symmetric with 1 on its diagonal.")
        return given
    wanted = count * (count - 1) // 2
    if given.size != wanted:
        raise BadQuestion(f"{count} visits have {wanted} correlations (r21, r31, r32, ...); {given.size} are given.")
    matrix = np.eye(count)
    matrix[np.tril_indices(count, -1)] = given.reshape(-1)
    return np.asarray(matrix + np.tril(matrix, -1).T)
