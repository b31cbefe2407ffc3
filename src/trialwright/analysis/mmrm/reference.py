"""The specification of the fit: plain NumPy, any structure, converged until rounding stops it.

Newton's method on the natural parameters, held in a trust region. The region is measured by the expected information:
there a ball of radius sqrt(n / 2) around Sigma = L L' is about |L^-1 D L^-T| < 1, inside which every Sigma + D is
positive definite, whatever the units, the correlations or the curvature of the structure. Inside it the step maximises
the quadratic model exactly (More and Sorensen, SIAM J Sci Stat Comput 1983; 4: 553-572), so an indefinite observed
information is no obstacle and every step that is taken raises the likelihood. The last steps are pure Newton steps with
the observed information: they square the decrement g' I^-1 g until it is below `TOLERANCE` or stops falling.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trialwright.analysis.estimates import NoMaximum, NotEstimable
from trialwright.analysis.mmrm.covariance import Structure, coordinates, structure
from trialwright.analysis.mmrm.likelihood import Information, Stack, State, Truths, information, stacked, state
from trialwright.analysis.mmrm.records import Fit, Floats, Repeated
from trialwright.analysis.mmrm.starts import correlation, nearby

# Far below what a digit of the estimates needs: the error of theta after the last step is the square of this.
TOLERANCE = 1e-16
# From here on the quadratic model is exact to rounding, and the likelihood no longer tells two steps apart.
NEAR = 1e-7
MOST = 300
# Less expected information than this about a parameter in units of its size (one participant gives about 1/2) is none.
LEAST_TOLD = 1e-6


@dataclass(frozen=True)
class Point:
    """A place on the likelihood: parameters, all groups in one array, and what the likelihood says there."""

    theta: Floats
    here: State
    slopes: Information
    decrement: float = np.inf
    iterations: int = 0


@dataclass(frozen=True)
class Surface:
    """The likelihood as a function of theta: the data, the structure and the criterion, "REML" or "ML"."""

    stack: Stack
    shape: Structure
    at: Floats
    method: str

    def split(self, theta: Floats) -> list[Floats]:
        """Theta by covariance group."""
        return np.split(theta, len(self.stack.data.groups))

    def sigmas(self, theta: Floats) -> list[Floats]:
        """The covariance matrix of each group."""
        return [self.shape.sigma(part, self.at) for part in self.split(theta)]

    def state(self, theta: Floats) -> State | None:
        """The state at theta, or None where theta is not feasible."""
        if not all(self.shape.feasible(part, self.at) for part in self.split(theta)):
            return None
        try:
            found = state(self.stack, self.sigmas(theta), self.method)
        except np.linalg.LinAlgError:
            return None
        return found if np.isfinite(found.loglik) else None

    def slopes(self, theta: Floats, here: State) -> Information:
        """Score and informations at theta."""
        jets = [self.shape.jet(part, self.at) for part in self.split(theta)]
        second = [None if self.shape.linear else jet[2] for jet in jets]
        return information(self.stack, here, [jet[1] for jet in jets], second, self.method)


def surface(data: Repeated, covariance: str = "us", method: str = "REML") -> Surface:
    """The likelihood of the data under a structure. The data must have passed `identifiable.refuse`."""
    return Surface(stacked(data), structure(covariance), coordinates(data), method)


def reference(data: Repeated, covariance: str = "us", method: str = "REML") -> Fit:
    """The fit of a structure by REML or ML. The data must have passed `identifiable.refuse`.

    Raises `NoMaximum` where the likelihood has none and `NotEstimable` where no start converged.
    """
    return highest(surface(data, covariance, method))


def highest(surface: Surface) -> Fit:
    """The fit at the highest of the maxima that the starts lead to."""
    peaks: list[Point] = []
    failures: list[NotEstimable] = []
    for start in starts(surface):
        try:
            peaks.append(ascended(surface, start))
        except NotEstimable as failure:
            failures.append(failure)
    if not peaks:
        raise failures[0]
    return _fit(surface, max(peaks, key=lambda peak: peak.here.loglik))


def ascended(surface: Surface, start: Floats) -> Point:
    """The maximum reached from a start. Raises `NoMaximum` or `NotEstimable`."""
    here = surface.state(start)
    if here is None:
        raise NotEstimable("The covariance matrix to start from is not positive definite.")
    point = Point(start, here, surface.slopes(start, here))
    radius = float(surface.stack.sizes.sum()) ** 0.5
    # Towards a singular matrix quotients overflow; that is noticed and told below.
    with np.errstate(all="ignore"):
        for iteration in range(1, MOST + 1):
            point, radius, done = _moved(surface, replace(point, iterations=iteration), radius)
            if done:
                return point
            _refuse_singular(surface, point.theta, 1e-10, 1e-22)
    raise _stuck(surface, point)


def _moved(surface: Surface, point: Point, radius: float) -> tuple[Point, float, bool]:
    """One step: the new point, the new radius, and whether the maximum has been reached."""
    slopes = point.slopes
    metric = _metric(slopes, magnitude(surface, point.theta))
    if metric is None:
        raise _stuck(surface, point)
    score = np.linalg.solve(metric, slopes.score)
    curve = np.linalg.solve(metric, np.linalg.solve(metric, slopes.observed).T)
    if not (np.isfinite(curve).all() and np.isfinite(score).all()):
        raise _stuck(surface, point)
    values, vectors = np.linalg.eigh(0.5 * (curve + curve.T))
    along = vectors.T @ score
    if values[0] > 0.0:
        decrement = float((along * along / values).sum())
        if decrement <= NEAR:
            return _polished(surface, point, decrement, np.linalg.solve(metric.T, vectors @ (along / values)), radius)
        point = replace(point, decrement=decrement)
    while True:
        pace = _pace(along, values, radius)
        gain = float(along @ pace) - 0.5 * float(pace @ (values * pace))
        theta = point.theta + np.linalg.solve(metric.T, vectors @ pace)
        there = surface.state(theta)
        rise = there.loglik - point.here.loglik if there is not None else -np.inf
        length = float(np.linalg.norm(pace))
        if there is not None and rise >= 0.1 * gain:
            wider = 2.0 * radius if rise > 0.5 * gain and length > 0.9 * radius else radius
            return replace(point, theta=theta, here=there, slopes=surface.slopes(theta, there)), wider, False
        radius = 0.3 * length
        if radius < 1e-9:
            raise _stuck(surface, point)


def _polished(
    surface: Surface, point: Point, decrement: float, step: Floats, radius: float
) -> tuple[Point, float, bool]:
    """A pure Newton step; it is the last when the decrement before it was below the tolerance or no longer falls."""
    if decrement >= point.decrement and point.decrement <= NEAR:
        # Rounding has the last word: the point before was as good.
        return point, radius, True
    there = surface.state(point.theta + step)
    if there is None:
        return replace(point, decrement=decrement), radius, True
    theta = point.theta + step
    new = replace(point, theta=theta, here=there, slopes=surface.slopes(theta, there), decrement=decrement)
    return new, radius, decrement <= TOLERANCE


def magnitude(surface: Surface, theta: Floats) -> Floats:
    """The size of each parameter: 1 for correlations; variance and standard deviation for the others."""
    powers = np.tile(surface.shape.powers(surface.at.size), len(surface.stack.data.groups))
    variance = np.array([float(np.diagonal(sigma).mean()) for sigma in surface.sigmas(theta)])
    return np.repeat(variance, powers.size // variance.size) ** (powers / 2.0)


def _metric(slopes: Information, size: Floats) -> Floats | None:
    """The Cholesky factor of the expected information, which measures steps; a ridge where rounding spoils it.

    A parameter that is told nothing just here, as a correlation of 0 that enters squared, is given a little.
    """
    least = LEAST_TOLD / size**2
    told = slopes.expected + np.diag(np.maximum(least - np.diagonal(slopes.expected), 0.0))
    scale = np.sqrt(np.maximum(np.diagonal(told), np.finfo(float).tiny))
    related = told / np.outer(scale, scale)
    for ridge in (0.0, 1e-12, 1e-8, 1e-4, 1e-2):
        try:
            return np.asarray(scale[:, None] * np.linalg.cholesky(related + ridge * np.eye(scale.size)))
        except np.linalg.LinAlgError:
            continue
    return None


def _pace(along: Floats, values: Floats, radius: float) -> Floats:
    """The maximiser of along'x - x' diag(values) x / 2 within |x| <= radius, values rising."""
    if values[0] > 0.0:
        free = along / values
        if float(np.linalg.norm(free)) <= radius:
            return free
    # x = along / (values + shift) shortens as the shift grows; bisection in the logarithm, then it is exact enough.
    low = max(0.0, -float(values[0]))
    floor = low + 1e-12 * max(1.0, abs(float(values[-1])))
    high = low + float(np.linalg.norm(along)) / radius + floor
    if float(np.linalg.norm(along / (values + floor))) < radius:
        # The score has nothing along the most convex direction: go to the border along it, uphill either way.
        pace = along / (values + floor)
        pace[0] += (1.0 if along[0] >= 0.0 else -1.0) * (radius**2 - float(pace @ pace)) ** 0.5
        return pace
    for _ in range(60):
        middle = 0.5 * (floor + high)
        if float(np.linalg.norm(along / (values + middle))) > radius:
            floor = middle
        else:
            high = middle
        if high - floor <= 1e-6 * (high - low):
            break
    return along / (values + high)


def _refuse_singular(surface: Surface, theta: Floats, related: float, variance: float) -> None:
    """Raise `NoMaximum` when the smallest eigenvalue of the correlations is below `related`, or a variance below
    `variance` times the mean square of the outcome."""
    data, stack = surface.stack.data, surface.stack
    for place, now in enumerate(surface.sigmas(theta)):
        group = f" of {data.groups[place]}" if len(data.groups) > 1 else ""
        own = stack.members[place]
        squares = (stack.outcome[own] ** 2).sum(axis=0) / np.maximum(stack.seen[stack.pattern[own]].sum(axis=0), 1)
        gone = np.diagonal(now) < variance * squares
        if gone.any():
            raise NoMaximum(
                f"The likelihood has no maximum: the variance{group} at visit {_listed(data.visits, gone)} tends to 0. "
                "The model fits the outcome there exactly, or almost."
            )
        values, vectors = np.linalg.eigh(correlation(now))
        if values[0] < related:
            weight = np.abs(vectors[:, 0])
            raise NoMaximum(
                f"The likelihood has no maximum: the covariance matrix{group} tends to a singular one, in which the "
                f"visits {_listed(data.visits, weight > 0.1 * weight.max())} determine one another (correlation "
                "towards 1). A simpler covariance structure, or fewer visits, can be fitted."
            )


def _listed(names: Sequence[str], chosen: Truths) -> str:
    picked = [name for name, take in zip(names, chosen, strict=True) if take]
    return picked[0] if len(picked) == 1 else ", ".join(picked[:-1]) + " and " + picked[-1]


def _stuck(surface: Surface, point: Point) -> NotEstimable:
    """Why no step leads on: mostly a border of the parameters that the first look was too strict to see."""
    try:
        _refuse_singular(surface, point.theta, 1e-3, 1e-5)
    except NoMaximum as border:
        return border
    if surface.shape.name == "sp_exp" and any(part[1] < 1e-3 for part in surface.split(point.theta)):
        return NoMaximum(
            "The likelihood has no maximum: the correlation of the spatial exponential structure tends to 0. Visits "
            "close in time are no more alike than others; compound symmetry can be fitted."
        )
    return NotEstimable(
        f"The likelihood did not settle in {point.iterations} steps (last decrement {point.decrement:.1g}); "
        "a simpler covariance structure may be all that the data can carry."
    )


def starts(surface: Surface) -> tuple[Floats, ...]:
    """Starts near the covariances of the residuals of ordinary least squares, group by group."""
    stack = surface.stack
    unit = [np.eye(stack.seen.shape[1])] * len(stack.data.groups)
    plain = state(stack, unit, "ML")
    residual, seen = plain.rest, stack.seen[stack.pattern]
    guesses = [
        surface.shape.starts(_residual_covariance(residual[own], seen[own]), surface.at) for own in stack.members
    ]
    # A group with fewer guesses than another repeats its best.
    most = max(len(guess) for guess in guesses)
    padded = [(*guess, *guess[:1] * (most - len(guess))) for guess in guesses]
    return tuple(np.concatenate(together) for together in zip(*padded, strict=True))


def _residual_covariance(residual: Floats, seen: Truths) -> Floats:
    """Covariances over the pairs that were seen, made positive definite; a visit without variation gets the average."""
    counts = (seen.T.astype(float) @ seen).astype(float)
    raw = np.where(counts > 0.0, residual.T @ residual / np.maximum(counts, 1.0), 0.0)
    variances = np.diagonal(raw).copy()
    average = float(variances.sum() / max((variances > 0.0).sum(), 1)) or 1.0
    variances[variances < 1e-8 * average] = average
    scales = np.sqrt(variances)
    related = np.clip(raw / np.outer(scales, scales), -0.99, 0.99)
    np.fill_diagonal(related, 1.0)
    return nearby(related * np.outer(scales, scales), 0.05)


def _fit(surface: Surface, peak: Point) -> Fit:
    """The fit in the units and columns of the data."""
    stack, data = surface.stack, surface.stack.data
    powers = stack.unit ** np.tile(surface.shape.powers(surface.at.size), len(data.groups))
    inverse = np.linalg.inv(peak.slopes.observed)
    whole = peak.here.whole @ stack.triangle / stack.unit
    columns = np.linalg.inv(whole)
    beta = np.asarray(np.linalg.solve(stack.triangle, peak.here.beta), dtype=np.float64)
    theta = peak.theta * powers
    return Fit(
        data=data,
        covariance=surface.shape.name,
        method=surface.method,
        theta=theta,
        sigma=np.stack(surface.sigmas(theta)),
        beta=beta * stack.unit,
        phi=columns @ columns.T,
        loglik=peak.here.loglik,
        theta_covariance=0.5 * (inverse + inverse.T) * np.outer(powers, powers),
        iterations=peak.iterations,
        decrement=peak.decrement,
        engine="reference",
        sensitivity=np.einsum("ba,jbc,cd->jad", whole, peak.slopes.sensitivity, whole) / powers[:, None, None],
    )
