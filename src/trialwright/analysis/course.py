"""A measure over several visits, and how a definition says that it is to be modelled."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.estimates import NotEstimable
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
    }
)
"""What a definition may say of the model, and in which words; `visit` is one of the endpoint's."""


@dataclass(frozen=True, slots=True)
class Choices:
    """How the model is fitted and what is inferred, in the names of `analysis.mmrm`.

    `constrained`: the baseline is an outcome among the others and the arms share its mean, because they were randomised
    after it (constrained longitudinal data analysis, Liang and Zeger 2000); who lacks it stays in. `visit`: the one
    whose difference speaks for the analysis, None to have it chosen.
    """

    covariance: str = "us"
    df: str = "kenward-roger-linear"
    variance: str = "model"
    method: str = "REML"
    constrained: bool = False
    visit: str | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """`outcome` has shape (n, m), NaN where it was not seen, a column for each of `visits`; with a constrained baseline
    the first is the baseline. `weeks` (m,) are their planned weeks, NaN without one. `leading` is the place of the
    visit whose difference speaks for the analysis."""

    outcome: NDArray[np.float64]
    visits: tuple[str, ...]
    weeks: tuple[float, ...]
    leading: int
    choices: Choices


def chosen(options: Mapping[str, str]) -> Choices:
    """The choices of an analysis. Raises `NotEstimable` for an option or a word that there is none of."""
    strange = [name for name in options if name not in OPTIONS]
    if strange:
        raise NotEstimable(f"The method takes no option '{strange[0]}'; it takes {', '.join(OPTIONS)}.")
    variance = _word("variance", options, "model")
    usual = "kenward-roger-linear" if variance == "model" else "satterthwaite"
    return Choices(
        structure(options.get("covariance", "us")).name,
        _word("degrees_of_freedom", options, usual),
        variance,
        _word("method", options, "REML"),
        _word("baseline", options, "none") == "constrained",
        options.get("visit"),
    )


def _word(option: str, options: Mapping[str, str], usual: str) -> str:
    """The program's own spelling of what the definition says, whatever its capitals and hyphens."""
    said = options.get(option, usual)
    for word in OPTIONS[option]:
        if folded(word) == folded(said):
            return word
    raise NotEstimable(f"The option {option} knows {', '.join(OPTIONS[option])}; '{said}' is none of them.")
