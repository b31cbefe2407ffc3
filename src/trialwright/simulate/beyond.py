"""Values beyond a limit in many trials at once: the counterpart of `analysis.handling`.

A trial that holds such a value while the analysis declares nothing about it is refused, as the single analysis is; so
is one with a value that has no logarithm where one is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.handling import SHARES, Handling, handling, substituted
from trialwright.design.model import Analysis, Definition
from trialwright.design.review_censoring import can_be_censored
from trialwright.measures.censored import logarithm
from trialwright.simulate.estimators import Estimated
from trialwright.simulate.scored import NotSimulated

if TYPE_CHECKING:
    from trialwright.simulate.planned import Asked, Target

Floats = NDArray[np.float64]
Signs = NDArray[np.int8]

UNDECLARED = "Values lie beyond a limit of quantification, and the analysis does not declare what is done with them."
NO_LOGARITHM = "A value is not above 0 and has no logarithm."


def handled(plan: Analysis) -> Handling:
    """What the analysis declares. Raises `NotSimulated`."""
    try:
        return handling(plan.method, plan.options)
    except NotEstimable as wrong:
        raise NotSimulated(str(wrong)) from None


def target(label: str, definition: Definition, measure: str, visit: str, chosen: Handling) -> Target:
    """What is estimated of a measure at a visit. Where a likelihood looks beyond limits, recorded values cannot tell
    the truth."""
    from trialwright.simulate.planned import Target

    if chosen.tobit and can_be_censored(definition, measure):
        return Target(label)
    return Target(label, measure, visit, handling=chosen)


def shown(values: Floats, signs: Signs | None, chosen: Handling) -> tuple[Floats, Signs | None]:
    """`analysis.handling.placed`, with nan for a value that has no logarithm."""
    if signs is not None and chosen.censored in SHARES:
        values = substituted(values, signs, SHARES[chosen.censored or ""])
    if chosen.scale:
        with np.errstate(invalid="ignore"):
            values = logarithm(np.where(values > 0, values, np.nan), chosen.scale)
    return values, signs if chosen.tobit else None


def outcome(
    asked: Asked, measure: str, visits: Sequence[str], covariates: Sequence[str], chosen: Handling
) -> tuple[Floats, Signs | None, NDArray[np.int8]]:
    """The outcome at these visits, (trials, n, visits), its signs for a likelihood, and which trials are refused: 0 for
    none, 1 for `UNDECLARED`, 2 for `NO_LOGARITHM`."""
    from trialwright.simulate.planned import baseline_of

    scored, here = asked.measures[measure], (asked.arm >= 0)[..., None]
    raw = np.stack([scored.at(visit) for visit in visits], axis=-1)
    several = None if scored.censored is None else [scored.censored_at(visit) for visit in visits]
    signs = None if several is None else np.stack([one for one in several if one is not None], axis=-1)
    values, limits = shown(raw, signs, chosen)
    start = baseline_of(asked.recorded.program, measure)
    looked = [(raw, signs, bool(chosen.scale))]
    for name in covariates:
        if name in asked.measures and name.partition(".")[0] != measure:
            other = asked.measures[name]
            beside = other.censored_at(start)
            looked.append((other.at(start)[..., None], None if beside is None else beside[..., None], False))
    why = np.zeros(len(asked.arm), dtype=np.int8)
    for plain, beyond, logged in looked:
        if logged:
            why[((plain <= 0) & here).any(axis=(1, 2))] = 2
        if beyond is not None and chosen.censored is None:
            why[((beyond != 0) & ~np.isnan(plain) & here).any(axis=(1, 2))] = 1
    return values, limits, why


def refusing(found: Estimated, why: NDArray[np.int8]) -> Estimated:
    """The estimates without those of the trials that are refused."""
    if not why.any():
        return found
    gone = why > 0
    reasons = (*found.reasons, UNDECLARED, NO_LOGARITHM)
    lower, upper, exact = (
        None if one is None else np.where(gone, np.nan, one) for one in (found.lower, found.upper, found.exact)
    )
    estimate, se, df = (np.where(gone, np.nan, one) for one in (found.estimate, found.se, found.df))
    refused = np.where(gone, len(found.reasons) - 1 + why, found.refused).astype(np.int8)
    return replace(
        found, estimate=estimate, se=se, df=df, refused=refused, reasons=reasons, lower=lower, upper=upper, exact=exact
    )
