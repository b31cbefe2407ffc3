"""A measure over several visits, and how a definition says that it is to be modelled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.handling import OPTIONS as HANDLED
from trialwright.analysis.handling import Handling, handling
from trialwright.analysis.mmrm.covariance import STRUCTURES, structure
from trialwright.analysis.mmrm.inference import DEGREES, VARIANCES
from trialwright.design.catalogue import folded

BASELINES = ("constrained", "none")

OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "covariance": tuple(word for each in STRUCTURES.values() for word in (each.name, each.words)),
        "degrees_of_freedom": DEGREES,
        "variance": VARIANCES,
        "method": ("REML", "ML"),
        "baseline": BASELINES,
        "visit": (),
        **HANDLED,
    }
)
"""What a definition may say of the model, and in which words; `visit` is one of the endpoint's."""


@dataclass(frozen=True, slots=True)
class Choices:
    """How the model is fitted and what is inferred, in the names of `analysis.mmrm`.

    `constrained`: the baseline is an outcome among the others and the arms share its mean, because they were randomised
    after it (constrained longitudinal data analysis, Liang and Zeger 2000); who lacks it stays in. `visit`: the one
    whose difference speaks for the analysis, None to have it chosen. `handling`: the scale, and what is done with
    values beyond a limit; a tobit is maximum likelihood with an unstructured covariance (see `analysis.beyond_visits`).
    """

    covariance: str = "us"
    df: str = "kenward-roger-linear"
    variance: str = "model"
    method: str = "REML"
    constrained: bool = False
    visit: str | None = None
    handling: Handling = field(default_factory=Handling)


@dataclass(frozen=True, slots=True)
class Course:
    """`outcome` has shape (n, m), NaN where it was not seen, a column for each of `visits`; with a constrained baseline
    the first is the baseline. `weeks` (m,) are their planned weeks, NaN without one. `leading` is the place of the
    visit whose difference speaks for the analysis. `censored` (n, m) says which outcomes lie below (-1) or above (1)
    the limit that stands in their place; None where none does, or `choices` put something there."""

    outcome: NDArray[np.float64]
    visits: tuple[str, ...]
    weeks: tuple[float, ...]
    leading: int
    choices: Choices
    censored: NDArray[np.int8] | None = None


def chosen(options: Mapping[str, str]) -> Choices:
    """The choices of an analysis. Raises `NotEstimable` for an option or a word that there is none of."""
    strange = [name for name in options if name not in OPTIONS]
    if strange:
        raise NotEstimable(f"The method takes no option '{strange[0]}'; it takes {', '.join(OPTIONS)}.")
    handled = handling("mmrm", options)
    if handled.tobit:
        return _censored(options, handled)
    variance = _word("variance", options, "model")
    usual = "kenward-roger-linear" if variance == "model" else "satterthwaite"
    return Choices(
        structure(options.get("covariance", "us")).name,
        _word("degrees_of_freedom", options, usual),
        variance,
        _word("method", options, "REML"),
        _word("baseline", options, "none") == "constrained",
        options.get("visit"),
        handled,
    )


def _censored(options: Mapping[str, str], handled: Handling) -> Choices:
    """The choices of a censored model, which has fewer: there is no restricted likelihood of censored outcomes, and so
    no degrees of freedom after Kenward and Roger."""
    covariance, method = structure(options.get("covariance", "us")).name, _word("method", options, "ML")
    df, variance = _word("degrees_of_freedom", options, "residual"), _word("variance", options, "model")
    for said, only in ((covariance, ("us",)), (method, ("ML",)), (df, CENSORED_DEGREES), (variance, ("model",))):
        if said not in only:
            raise NotEstimable(
                f"With values beyond a limit in the likelihood (censored: tobit) the model is fitted by ML with an"
                f" unstructured covariance, its own standard errors, and residual or asymptotic degrees of freedom; it"
                f" takes no {said}."
            )
    constrained = _word("baseline", options, "none") == "constrained"
    return Choices(covariance, df, variance, method, constrained, options.get("visit"), handled)


CENSORED_DEGREES = ("residual", "asymptotic")


def _word(option: str, options: Mapping[str, str], usual: str) -> str:
    """The program's own spelling of what the definition says, whatever its capitals and hyphens."""
    said = options.get(option, usual)
    for word in OPTIONS[option]:
        if folded(word) == folded(said):
            return word
    raise NotEstimable(f"The option {option} knows {', '.join(OPTIONS[option])}; '{said}' is none of them.")
