"""How much of the error may be spent by when: spending functions (Lan and DeMets 1983) and their relatives.

Each function maps the information fraction t (0 < t <= 1) to the share spent so far, 0 at 0 and `alpha` at 1:

    OF    2 - 2 Phi(z(1 - alpha / 2) / sqrt(t)), like O'Brien and Fleming    Lan and DeMets 1983
    P     alpha ln(1 + (e - 1) t), like Pocock                              Lan and DeMets 1983
    KD    alpha t^gamma, gamma > 0                                          Kim and DeMets 1987
    HSD   alpha (1 - e^(-gamma t)) / (1 - e^(-gamma)); alpha t at 0          Hwang, Shih and DeCani 1990

A two-sided design spends alpha / 2 on each side by the same function.
"""

from collections.abc import Callable, Mapping
from math import e, erfc, expm1, log1p, sqrt
from types import MappingProxyType

from scipy.special import ndtri

from trialwright.analysis.sequential.refusal import BadDesign

Spending = Callable[[float], float]
"""Information fraction -> error spent so far."""


def obrien_fleming_like(alpha: float, gamma: float | None = None) -> Spending:
    """Hardly anything early: 2 - 2 Phi(z / sqrt(t))."""
    z = -float(ndtri(alpha / 2))
    return lambda t: erfc(z / sqrt(2 * t))


def pocock_like(alpha: float, gamma: float | None = None) -> Spending:
    """Much early: alpha ln(1 + (e - 1) t)."""
    return lambda t: alpha * log1p((e - 1) * t)


def kim_demets(alpha: float, gamma: float | None) -> Spending:
    """A power of time: alpha t^gamma."""
    if gamma is None or not 0 < gamma < float("inf"):
        raise BadDesign(f"Kim and DeMets's spending function needs a power above 0 (gamma); it was given {gamma}.")
    return lambda t: alpha * float(t**gamma)


def hwang_shih_decani(alpha: float, gamma: float | None) -> Spending:
    """From late (gamma below 0; -4 is near O'Brien-Fleming) to early (above; 1 is near Pocock)."""
    if gamma is None or not -500 < gamma < 500:
        raise BadDesign(f"Hwang, Shih and DeCani's spending function needs gamma, such as -4; it was given {gamma}.")
    if gamma == 0:
        return lambda t: alpha * t
    return lambda t: alpha * expm1(-gamma * t) / expm1(-gamma)


SPENDING: Mapping[str, Callable[[float, float | None], Spending]] = MappingProxyType(
    {"OF": obrien_fleming_like, "P": pocock_like, "KD": kim_demets, "HSD": hwang_shih_decani}
)
"""Short name -> function of (alpha, gamma); rpact puts `as` or `bs` before it."""


def spent(name: str, alpha: float, gamma: float | None, information: tuple[float, ...]) -> list[float]:
    """The error spent at each look by the named function."""
    function = SPENDING[name](alpha, gamma)
    return [function(t) for t in information[:-1]] + [alpha if information[-1] >= 1 else function(information[-1])]


def own(alpha: float, cumulative: tuple[float, ...], looks: int, word: str = "alpha") -> list[float]:
    """A plan of one's own: the error spent by each look, never falling, at most `alpha` at the last."""
    if len(cumulative) != looks:
        raise BadDesign(f"{looks} looks need {looks} cumulative shares of {word}; {len(cumulative)} are given.")
    rising = all(a <= b for a, b in zip((0.0, *cumulative), cumulative, strict=False))
    if not rising or cumulative[-1] > alpha * (1 + 1e-9) or cumulative[-1] <= 0:
        raise BadDesign(
            f"The {word} spent so far must rise from look to look and end at {alpha:g} or below; given are "
            f"{', '.join(f'{share:g}' for share in cumulative)}."
        )
    return list(cumulative)
