"""The sample size looked at again half way: blinded by the spread or the share of everybody together, unblinded by the
promising zone.

Blinded, means (Kieser and Friede 2003): the planned difference stays; the standard deviation is that of all outcomes as
one sample, which no arm enters. It is too large by the difference between the arms,

    E[S^2] = sd^2 + difference^2 n1 n2 / (n (n - 1)),

which is kept as a reserve, or taken off with `adjusted` (Gould and Shih 1992). Blinded, shares (Gould 1992; Friede and
Kieser 2004): the planned difference stays, the common share is that of everybody, p1 = p + d / (1 + ratio),
p2 = p - d ratio / (1 + ratio). Neither changes the chance of a false positive by more than a fraction of a per cent.

Unblinded (Mehta and Pocock 2011): where the conditional power at the observed trend is promising, the total grows
to what gives the wanted conditional power,

    n2 = n1 / z^2 ((z_a sqrt(n) - z sqrt(n1)) / sqrt(n - n1) + z_b)^2,

n1 participants so far, n2 more, n planned, z the statistic now. The final statistic is the inverse-normal one with the
planned weights (`analysis.sequential.combination`), so that alpha is kept whatever n2 is.
"""

from dataclasses import dataclass
from math import ceil, isfinite, sqrt
from typing import Literal

from scipy.special import ndtr, ndtri

from trialwright.analysis.power import means, proportions
from trialwright.analysis.power.asking import BadQuestion, Size, enrolled, positive, refuse


@dataclass(frozen=True, slots=True)
class Reestimated:
    """What was seen of everybody together, the size it asks for, and the size to go on with after floor and ceiling.

    `needed` counts outcomes; `size` is whole participants to randomise, dropout allowed for.
    """

    seen: float
    needed: float
    size: Size
    held: Literal["", "floor", "ceiling"]


def blinded_means(
    sd: float, n: int, difference: float, *, power: float = 0.8, alpha: float = 0.05, sided: int = 2,
    ratio: float = 1.0, adjusted: bool = False, floor: int | None = None, ceiling: int | None = None,
    dropout: float = 0.0, covariates: int = 0, explained: float = 0.0,
) -> Reestimated:  # fmt: skip
    """`sd` is that of all `n` outcomes so far as one sample (divisor n - 1); `difference` the planned one."""
    positive(standard_deviation=sd, difference=abs(difference))
    refuse(alpha, sided, ratio, power, n)
    variance = sd**2
    if adjusted:
        variance -= difference**2 * n / (n - 1) * ratio / (1 + ratio) ** 2
    if variance <= 0:
        raise BadQuestion(
            f"A standard deviation of {sd:g} leaves nothing once a difference of {difference:g} is taken off; "
            "look at the outcomes, or do not adjust."
        )
    needed = means.sample_size(
        power, difference, sqrt(variance), alpha=alpha, sided=sided, ratio=ratio, covariates=covariates,
        explained=explained,
    )  # fmt: skip
    return _held(sqrt(variance), needed, ratio, dropout, floor, ceiling)


def blinded_shares(
    events: int, n: int, difference: float, *, power: float = 0.8, alpha: float = 0.05, sided: int = 2,
    ratio: float = 1.0, method: str = "approximate", floor: int | None = None, ceiling: int | None = None,
    dropout: float = 0.0,
) -> Reestimated:  # fmt: skip
    """`events` of `n` outcomes so far in both arms together; `difference` is treatment minus reference as planned."""
    refuse(alpha, sided, ratio, power, n)
    if not 0 <= events <= n:
        raise BadQuestion(f"{events} of {n} is not a share.")
    pooled = events / n
    first, second = pooled + difference / (1 + ratio), pooled - difference * ratio / (1 + ratio)
    if not (0 <= first <= 1 and 0 <= second <= 1):
        raise BadQuestion(
            f"With {100 * pooled:.3g} % in both arms together a difference of {100 * difference:.3g} points would take "
            "an arm below 0 or above 100 %; plan with a smaller one."
        )
    needed = proportions.sample_size(power, first, second, alpha=alpha, sided=sided, ratio=ratio, method=method)
    return _held(pooled, needed, ratio, dropout, floor, ceiling)


@dataclass(frozen=True, slots=True)
class Promising:
    """The zone of an interim look, the conditional power at the trend, and the total to go on with."""

    zone: Literal["unfavourable", "promising", "favourable"]
    conditional_power: float
    n: int
    conditional_power_then: float


def promising_zone(
    z: float, n_now: int, n_planned: int, n_most: int, *, power: float = 0.8, alpha: float = 0.025,
    least: float = 0.3,
) -> Promising:  # fmt: skip
    """`z` the statistic of the `n_now` outcomes, `alpha` one-sided; the zone is promising from a conditional power of
    `least` up to `power`. The total never falls below the planned one and never exceeds `n_most`."""
    refuse(alpha, 1, 1.0, power)
    if not isfinite(z) or not 0 < n_now < n_planned <= n_most:
        raise BadQuestion("Z is a number, and the sizes must rise: now < planned <= most.")
    if not 0 < least < power:
        raise BadQuestion(f"The promising zone begins above 0 and below the power; it was given {least:g}.")
    z_a = -float(ndtri(alpha))
    gap = (z_a * sqrt(n_planned) - z * sqrt(n_now)) / sqrt(n_planned - n_now)

    def at(n: float) -> float:
        return float(ndtr(z * sqrt((n - n_now) / n_now) - gap))

    now = at(n_planned)
    if now >= power:
        return Promising("favourable", now, n_planned, now)
    if now < least:
        return Promising("unfavourable", now, n_planned, now)
    second = n_now / z**2 * (gap + float(ndtri(power))) ** 2
    total = min(n_most, max(n_planned, ceil(n_now + second - 1e-9)))
    return Promising("promising", now, total, at(total))


def _held(
    seen: float, needed: float, ratio: float, dropout: float, floor: int | None, ceiling: int | None
) -> Reestimated:  # fmt: skip
    if floor is not None and ceiling is not None and floor > ceiling:
        raise BadQuestion(f"The least size {floor} is above the largest {ceiling}.")
    size = enrolled(needed, ratio, dropout)
    if floor is not None and size.total < floor:
        return Reestimated(seen, needed, enrolled(floor, ratio), "floor")
    if ceiling is not None and size.total > ceiling:
        reference = int(ceiling / (1 + ratio))
        return Reestimated(seen, needed, Size(ceiling - reference, reference), "ceiling")
    return Reestimated(seen, needed, size, "")
