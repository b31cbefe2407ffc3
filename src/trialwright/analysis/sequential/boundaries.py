"""The bounds of a trial that is looked at several times.

A two-sided design is symmetric: it stops when |Z| reaches the bound, and each side spends alpha / 2 of the trials that
neither side has stopped before.

Constant families, bound at information fraction t, with the constant c solved so that alpha is used up:
    OF  c / sqrt(t)                O'Brien and Fleming 1979
    P   c                          Pocock 1977
    WT  c t^(delta - 1/2)          Wang and Tsiatis 1987; delta 0 is OF, 1/2 is P
    HP  3 (or another constant) at every look but the last, which takes what is left: Haybittle 1971, Peto 1976
Spending families (asOF, asP, asKD, asHSD, asUser): see `spending`. Names as in rpact.
Source of the method: Jennison and Turnbull 2000, chapters 2, 7 and 19. Bounds to 1e-10 or better.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, sqrt

import numpy as np
from scipy.special import ndtr, ndtri

from trialwright.analysis.sequential import recursion, spending
from trialwright.analysis.sequential.recursion import Going
from trialwright.analysis.sequential.refusal import BadDesign
from trialwright.analysis.sequential.roots import root

TYPES = ("asOF", "asP", "asKD", "asHSD", "asUser", "OF", "P", "WT", "HP", "none")
Floor = Sequence[float] | None
"""What lets a trial go on from below: bounds of all looks but the last; None for the mirror image of the upper ones."""
FUTILITY = ("bsOF", "bsP", "bsKD", "bsHSD", "bsUser")


@dataclass(frozen=True, slots=True)
class Boundaries:
    """A group-sequential design. Z at or above `upper` stops for efficacy; Z below `lower`, if any, for futility.

    `alpha` is the error of the whole test (both sides of a two-sided one), `spent` its share used by each look,
    `information` the fraction of the planned information at each look, ending with 1. `drift` is the expected Z at
    full information for which beta spending was solved; None without beta spending.
    """

    type: str
    sided: int
    alpha: float
    information: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...] | None
    spent: tuple[float, ...]
    binding: bool = False
    beta: float | None = None
    beta_spent: tuple[float, ...] | None = None
    drift: float | None = None

    @property
    def looks(self) -> int:
        """How many looks, the last one included."""
        return len(self.information)

    @property
    def nominal(self) -> tuple[float, ...]:
        """The level of each look on its own: one-sided, or of both sides in a two-sided design."""
        return tuple(self.sided * float(ndtr(-bound)) for bound in self.upper)


def boundaries(
    looks: int | None = None,
    *,
    alpha: float = 0.025,
    sided: int = 1,
    type: str = "asOF",
    information: Sequence[float] | None = None,
    delta: float | None = None,
    gamma: float | None = None,
    constant: float = 3.0,
    user_alpha: Sequence[float] | None = None,
    futility: Sequence[float] | None = None,
    binding: bool = False,
    beta: float | None = None,
    beta_spending: str | None = None,
    beta_gamma: float | None = None,
    user_beta: Sequence[float] | None = None,
) -> Boundaries:
    """The design of that family. `information` are the fractions of the looks; without, they are equally spaced.

    `alpha` is one-sided for `sided` 1 and of both sides for 2. Futility, for one-sided designs: bounds of Z in
    `futility` (one for each look but the last), or `beta_spending` with `beta`. While it is not `binding`, alpha is
    kept whether or not anybody stops for futility. Raises BadDesign with a sentence for what is no design.
    """
    times = _times(looks, information)
    _refuse_impossible(alpha, sided, type, beta, beta_spending, futility, len(times))
    error = alpha / sided
    if beta_spending is not None:
        assert beta is not None
        plan = _errors(type, error, gamma, user_alpha, times)
        losses = _losses(beta_spending, beta, beta_gamma, user_beta, times)
        return _with_beta(type, alpha, times, plan, losses, binding)
    stops = [float(bound) for bound in futility] if futility is not None else None
    floor: Floor = stops if binding and stops is not None else [-inf] * (len(times) - 1)
    if sided == 2:
        floor = None
    used: tuple[float, ...] = ()
    if type in ("OF", "P", "WT"):
        upper = _constant(error, times, _power_of_time(type, delta), floor)
    elif type == "HP":
        upper = _haybittle(error, times, constant, floor)
    else:
        plan = _errors(type, error, gamma, user_alpha, times)
        upper = _spending(plan, times, floor)
        used = tuple(sided * share for share in plan)
    if not used:
        used = _spent(upper, floor, times)
    _refuse_crossing(stops, upper)
    lower = (*stops, upper[-1]) if stops is not None else None
    return Boundaries(type, sided, alpha, times, tuple(upper), lower, used, binding)


# ------------------------------------------------------------------ one look after the other


def _spending(plan: Sequence[float], times: tuple[float, ...], floor: Floor) -> list[float]:
    """Bounds that use up the planned error look by look. A look that may spend nothing has none (infinite)."""
    upper: list[float] = []
    going: Going | None = None
    used = 0.0
    for look, now in enumerate(times):
        share = plan[look] - used
        if share <= 0:
            bound = inf
        elif going is None:
            bound = -float(ndtri(share))
        else:
            bound = _solved(going, share, now, plan[look])
        used = max(used, plan[look])
        upper.append(bound)
        if look + 1 < len(times):
            going = _next(going, -bound if floor is None else floor[look], bound, now, times[look + 1], 0.0)
    return upper


def _next(
    going: Going | None, lower: float, upper: float, now: float, upcoming: float, drift: float
) -> Going:  # fmt: skip
    if going is None:
        return recursion.first(lower, upper, now, drift, upcoming)
    return recursion.onward(going, lower, upper, now, upcoming)


def _solved(going: Going, share: float, now: float, total: float) -> float:
    """The bound above which `share` lies at this look: Newton's method on the logarithm, which is nearly quadratic."""
    bound, wanted = -float(ndtri(total)), log(share)
    for _ in range(60):
        chance = recursion.above(going, bound, now)
        if chance <= 1e-300:
            bound -= 1.0
            continue
        step = (log(chance) - wanted) * chance / recursion.density(going, bound, now)
        bound += max(-2.0, min(2.0, step))
        if abs(step) < 1e-7:  # the next step would be its square: below the last digit
            return bound
    raise BadDesign("No bound spends this share of alpha: the futility bounds leave too little to go on.")


def _constant(error: float, times: tuple[float, ...], power: float, floor: Floor) -> list[float]:
    """c t^power with c solved for; a secant on the logarithm from the bound of a single look."""
    shape = [t**power for t in times]

    def excess(c: float) -> float:
        used = sum(_leaving([c * part for part in shape], floor, times))
        return log(max(used, 1e-300)) - log(error)

    constant = root(excess, -float(ndtri(error)), 0.1)
    return [constant * part for part in shape]


def _haybittle(error: float, times: tuple[float, ...], constant: float, floor: Floor) -> list[float]:
    up = _leaving([constant] * (len(times) - 1) + [inf], floor, times)
    left = error - sum(up)
    if left <= 0:
        raise BadDesign(
            f"The constant {constant:g} uses up the whole error of {error:g} before the last look; take a larger one."
        )
    return _spending([*np.cumsum(up[:-1]).tolist(), error], times, floor)


# ------------------------------------------------------------------ futility by beta spending


def _with_beta(
    type: str,
    alpha: float,
    times: tuple[float, ...],
    plan: Sequence[float],
    losses: Sequence[float],
    binding: bool,
) -> Boundaries:
    """Both bounds for the drift at which they meet at the last look. The gap is monotone in the drift."""
    none = [-inf] * (len(times) - 1)
    fixed = None if binding else _spending(plan, times, none)
    start = -float(ndtri(alpha)) - float(ndtri(losses[-1]))

    def gap(drift: float) -> float:
        lower, upper = _meeting(drift, plan, losses, times, fixed)
        return lower[-1] - upper[-1]

    drift = root(gap, start, 0.05)
    lower, upper = _meeting(drift, plan, losses, times, fixed)
    lower[-1] = upper[-1]
    if any(low > high for low, high in zip(lower, upper, strict=True)):
        raise BadDesign("The futility bound passes the efficacy bound before the last look; spend beta later.")
    floor = lower[:-1] if binding else none
    return Boundaries(
        type, 1, alpha, times, tuple(upper), tuple(lower), _spent(upper, floor, times), binding, losses[-1],
        tuple(losses), drift,
    )  # fmt: skip


def _meeting(
    drift: float, plan: Sequence[float], losses: Sequence[float], times: tuple[float, ...], fixed: list[float] | None
) -> tuple[list[float], list[float]]:
    """Lower bounds that spend beta under the drift and, where they bind, upper bounds that spend alpha inside them."""
    lower: list[float] = []
    upper: list[float] = []
    null: Going | None = None
    other: Going | None = None
    used = lost = 0.0
    for look, now in enumerate(times):
        share, loss = plan[look] - used, losses[look] - lost
        used, lost = max(used, plan[look]), max(lost, losses[look])
        if fixed is not None:
            upper.append(fixed[look])
        elif share <= 0:
            upper.append(inf)
        else:
            upper.append(-float(ndtri(share)) if null is None else _solved(null, share, now, plan[look]))
        lower.append(_floor(other, loss, losses[look], now, drift))
        if look + 1 < len(times):
            low = min(lower[look], upper[look] - 1e-6)
            upcoming = times[look + 1]
            other = _next(other, low, upper[look], now, upcoming, drift)
            null = _next(null, low, upper[look], now, upcoming, 0.0) if fixed is None else None
    return lower, upper


def _floor(going: Going | None, share: float, total: float, now: float, drift: float) -> float:
    """The bound below which `share` lies at this look under the drift."""
    if share <= 0:
        return -inf
    if going is None:
        return drift * sqrt(now) + float(ndtri(share))
    bound, wanted = drift * sqrt(now) + float(ndtri(total)), log(share)
    for _ in range(60):
        chance = recursion.below(going, bound, now)
        if chance <= 1e-300:
            bound += 1.0
            continue
        step = (wanted - log(chance)) * chance / recursion.density(going, bound, now)
        bound += max(-2.0, min(2.0, step))
        if abs(step) < 1e-7:
            return bound
    raise BadDesign("No futility bound spends this share of beta.")


# ------------------------------------------------------------------ what is asked for


def _errors(
    type: str,
    error: float,
    gamma: float | None,
    user: Sequence[float] | None,
    times: tuple[float, ...],
) -> list[float]:
    """The error of one side that may be spent by each look."""
    if type == "none":
        return [0.0] * (len(times) - 1) + [error]
    if type == "asUser":
        if user is None:
            raise BadDesign("Type asUser needs the error spent by each look (user_alpha).")
        sides = user[-1] / error if user else 1.0  # a two-sided plan is given for both sides
        return spending.own(error, tuple(share / (2.0 if sides > 1.5 else 1.0) for share in user), len(times))
    if not type.startswith("as"):
        raise BadDesign(
            f"Futility by beta spending goes with alpha spending (asOF, asP, asKD, asHSD), not with {type}."
        )
    return spending.spent(type[2:], error, gamma, times)


def _losses(
    name: str, beta: float, gamma: float | None, user: Sequence[float] | None, times: tuple[float, ...]
) -> list[float]:
    if name == "bsUser":
        if user is None:
            raise BadDesign("Beta spending bsUser needs the beta spent by each look (user_beta).")
        return spending.own(beta, tuple(user), len(times), "beta")
    return spending.spent(name[2:], beta, gamma, times)


def _power_of_time(type: str, delta: float | None) -> float:
    if type == "WT":
        if delta is None or not -2 <= delta <= 1:
            raise BadDesign(f"Wang and Tsiatis's family needs delta, such as 0.25; it was given {delta}.")
        return delta - 0.5
    return -0.5 if type == "OF" else 0.0


def _times(looks: int | None, information: Sequence[float] | None) -> tuple[float, ...]:
    if information is None:
        if looks is None or not 1 <= looks <= 100:
            raise BadDesign(f"Say how many looks there are, from 1 to 100, or at which information; given is {looks}.")
        return tuple((look + 1) / looks for look in range(looks))
    times = tuple(float(t) for t in information)
    if looks is not None and looks != len(times):
        raise BadDesign(f"{looks} looks and {len(times)} information fractions do not fit; give one of the two.")
    steps = [after - before for before, after in zip((0.0, *times), times, strict=False)]
    if not times or len(times) > 100 or min(steps) < 0.001 or abs(times[-1] - 1) > 1e-12:
        raise BadDesign(
            "The information fractions must rise by at least 0.001 from look to look and end with 1, such as 0.5 and "
            f"1; given are {', '.join(f'{t:g}' for t in times) or 'none'}."
        )
    return times


def _refuse_impossible(
    alpha: float, sided: int, type: str, beta: float | None, beta_spending: str | None,
    futility: Sequence[float] | None, looks: int,
) -> None:  # fmt: skip
    wrong = []
    if sided not in (1, 2):
        wrong.append(f"A test has 1 or 2 sides, not {sided}.")
    if not 1e-10 <= alpha < 0.5 * max(1, min(2, sided)):
        wrong.append(f"Alpha must lie above 0 and below 0.5 a side, such as 0.025; given is {alpha:g}.")
    if type not in TYPES:
        wrong.append(f"There is no type '{type}'; there are {', '.join(TYPES)}.")
    if beta_spending is not None:
        if beta_spending not in FUTILITY:
            wrong.append(f"There is no beta spending '{beta_spending}'; there are {', '.join(FUTILITY)}.")
        if beta is None or not 1e-6 <= beta < 1 - alpha:
            wrong.append(f"Beta spending needs beta, the chance to miss the effect, such as 0.2; given is {beta}.")
        if futility is not None:
            wrong.append("Futility comes from given bounds or from beta spending, not from both.")
    if futility is not None and len(futility) != looks - 1:
        wrong.append(f"{looks} looks need {looks - 1} futility bounds, none for the last; {len(futility)} are given.")
    if sided == 2 and (futility is not None or beta_spending is not None):
        wrong.append("Futility bounds are for one-sided designs; take sided 1 and half of alpha.")
    if wrong:
        raise BadDesign(" ".join(wrong))


def _refuse_crossing(stops: Sequence[float] | None, upper: Sequence[float]) -> None:
    for look, (low, high) in enumerate(zip(stops or (), upper, strict=False), 1):
        if not low < high:
            raise BadDesign(f"At look {look} the futility bound {low:g} is not below the efficacy bound {high:.4g}.")


def _leaving(upper: Sequence[float], floor: Floor, times: tuple[float, ...]) -> list[float]:
    """The chance without any effect to stop at the upper bound of each look."""
    down = [-bound for bound in upper] if floor is None else [*floor, -inf]
    return recursion.crossing(down, list(upper), times, 0.0)[1]


def _spent(upper: Sequence[float], floor: Floor, times: tuple[float, ...]) -> tuple[float, ...]:
    """The error used by each look, computed anew from the bounds."""
    sides = 2 if floor is None else 1
    return tuple((sides * np.cumsum(_leaving(upper, floor, times))).tolist())
