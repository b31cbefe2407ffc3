"""What an analysis declares of the scale of its outcome and of values beyond a limit: options `scale`, `censored`.

    tobit                    the likelihood knows no more than the limit (maximum likelihood)
    at limit                 the limit stands in its place
    half limit               below: half the limit; above: the limit
    limit over root two      below: the limit over the square root of two; above: the limit
    exclude                  as if it had not been measured

Only the first does not make up a number. Without a declaration nothing is done: see `refuse`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.estimates import NotEstimable
from trialwright.design.catalogue import folded
from trialwright.measures.censored import BASES, logarithm

Floats = NDArray[np.float64]
Signs = NDArray[np.int8]
Truths = NDArray[np.bool_]

TOBIT = "tobit"
SHARES = {"at limit": 1.0, "half limit": 0.5, "limit over root two": 0.5**0.5, "exclude": float("nan")}
"""What stands in the place of a value below its limit, as a share of the limit."""

HANDLINGS = (TOBIT, *SHARES)
SCALES = tuple(BASES)

OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({"scale": SCALES, "censored": HANDLINGS})
"""The words that the two options take."""

DEGREES: Mapping[str, tuple[str, ...]] = MappingProxyType({"degrees_of_freedom": ("residual", "asymptotic")})


@dataclass(frozen=True, slots=True)
class Handling:
    """`scale` is empty for the outcome's own; `censored` is None where nothing is declared; `degrees` of a tobit."""

    scale: str = ""
    censored: str | None = None
    degrees: str | None = None

    @property
    def tobit(self) -> bool:
        """Whether the likelihood is to know of the limits."""
        return self.censored == TOBIT

    @property
    def base(self) -> float | None:
        """The base of the logarithm; None on the outcome's own scale."""
        return BASES.get(self.scale)


def handling(method: str, options: Mapping[str, str]) -> Handling:
    """What the options of an analysis declare; the method `tobit` is its own handling. Raises `NotEstimable`."""
    scale = word("scale", options.get("scale", ""), SCALES) if "scale" in options else ""
    said = word("censored", options["censored"], HANDLINGS) if "censored" in options else None
    if method == TOBIT:
        if said not in (None, TOBIT):
            raise NotEstimable(
                f"The method tobit leaves values beyond a limit to the likelihood; it takes no '{said}'."
            )
        said = TOBIT
    degrees = None
    if method != "mmrm" and "degrees_of_freedom" in options:
        degrees = word("degrees_of_freedom", options["degrees_of_freedom"], DEGREES["degrees_of_freedom"])
        if said != TOBIT:
            raise NotEstimable(f"Degrees of freedom are a choice of censored models only; {method} has its own.")
    return Handling(scale, said, degrees)


def covariate_of(chosen: Handling, same: bool) -> Handling:
    """What is done with a covariate: the outcome's own (`same`) has its scale; a tobit leaves it at its limit."""
    return Handling(chosen.scale if same else "", "at limit" if chosen.tobit else chosen.censored)


def word(option: str, said: str, words: tuple[str, ...]) -> str:
    """The program's own spelling of what the definition says."""
    for known in words:
        if folded(known) == folded(said):
            return known
    raise NotEstimable(f"The option {option} knows {', '.join(words)}; '{said}' is none of them.")


def placed(values: Floats, signs: Signs | None, chosen: Handling) -> tuple[Floats, Signs | None]:
    """The values as they are analysed and which of them the likelihood takes as limits (None: none of them).

    Arrays of any shape. Raises `NotEstimable` for a value that has no logarithm; `refuse` has looked for values beyond
    a limit that nothing is declared of.
    """
    if signs is not None and chosen.censored in SHARES:
        values = substituted(values, signs, SHARES[chosen.censored or ""])
    if chosen.scale:
        try:
            values = logarithm(values, chosen.scale)
        except ValueError as none:
            raise NotEstimable(f"The outcome is analysed on the scale {chosen.scale}: {none}.") from None
    return values, signs if chosen.tobit else None


def substituted(values: Floats, signs: Signs, share: float) -> Floats:
    """`share` of the limit in the place of a value below it, the limit in that of one above; NaN takes both away."""
    put = np.where(signs < 0, values * share, values)
    return np.where((signs > 0) & np.isnan(share), np.nan, put)


def refuse(label: str, signs: Signs | None, known: Truths, method: str, chosen: Handling) -> None:
    """Refuse to analyse values beyond a limit without a declared handling; `known` are those that would be used."""
    if signs is None or chosen.censored is not None:
        return
    beyond = int(((signs != 0) & known).sum())
    if not beyond:
        return
    how = (
        f"declare what is done with them: the option `censored` of {method} takes {', '.join(HANDLINGS)}"
        if method in HANDLING_METHODS
        else f"{method} has no way to handle them; ancova, welch, mmrm and tobit have"
    )
    raise NotEstimable(f"{beyond} of {int(known.sum())} values of {label} lie beyond a limit of quantification; {how}.")


HANDLING_METHODS = ("ancova", "welch", "mmrm", TOBIT)


@dataclass(frozen=True, slots=True)
class Beyond:
    """How many values of a visit lie beyond a limit, of the reference and of the treatment."""

    visit: str
    known: tuple[int, int]
    below: tuple[int, int]
    above: tuple[int, int]


def counted(
    signs: Signs | None, known: NDArray[np.bool_], arm: NDArray[np.int64], visits: tuple[str, ...]
) -> tuple[Beyond, ...]:
    """The counts by visit of arrays (n, visits); empty where nothing lies beyond a limit."""
    if signs is None or not (known & (signs != 0)).any():
        return ()
    found = []
    for place, visit in enumerate(visits):
        each = [(known[:, place] & (arm == which), signs[:, place]) for which in (0, 1)]
        some = [
            [int(here.sum()), int((here & (sign < 0)).sum()), int((here & (sign > 0)).sum())] for here, sign in each
        ]
        found.append(Beyond(visit, *((one, other) for one, other in zip(*some, strict=True))))
    return tuple(found)
