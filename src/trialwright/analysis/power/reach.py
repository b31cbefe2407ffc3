"""What a planned number of participants can and cannot show, from the definition of the trial alone.

Nothing here looks at data: the answers are the same before the first participant and after the last. The primary
analysis compares two means; its power is that of the t test and of the analysis of covariance on the planned covariates
(`means`), for shares of the variance that these may turn out to explain. What the definition leaves open is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trialwright.analysis.power import means, proportions
from trialwright.analysis.power.asking import BadQuestion, solved
from trialwright.design.model import Analysis, Definition

METHODS = ("ancova", "welch", "mmrm")
"""Analyses of a mean, whose power is computed here."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The planned trial: participants in all, treatment per reference, the assumed difference and standard deviation in
    the unit of the outcome, the wanted power, alpha and sides, the share expected without an outcome, and the columns
    that the planned covariates add to the model."""

    n: int
    ratio: float
    difference: float
    sd: float
    power: float
    alpha: float
    sided: int
    dropout: float
    covariates: int

    @property
    def arms(self) -> tuple[float, float]:
        """Treatment and reference."""
        reference = self.n / (1 + self.ratio)
        return self.n - reference, reference


@dataclass(frozen=True, slots=True)
class Reach:
    """What a number of outcomes reaches: the power at the assumed difference, the smallest differences with 80 and 90 %
    power, and how far the confidence interval is expected to reach to each side."""

    outcomes: float
    power: float
    shown_80: float
    shown_90: float
    half_width: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What the trial is too small for."""

    interaction: float
    """The difference between two halves of the participants in their treatment effects, shown with 80 % power."""
    half: float
    """The difference shown with 80 % power in half of the participants alone."""
    margin: float
    """The non-inferiority margin that truly equal treatments meet with 80 % power, one-sided alpha / sides."""
    harmless: float
    """An arm without a single case: the upper 95 % limit (one-sided) of how often it happens, 1 - 0.05^(1/n)."""
    seen: float
    """The chance to see at least one case of a harm that befalls one in a hundred, in the treatment arm."""
    others: int
    """Secondary analyses planned."""
    chance_findings: float
    """The chance that at least one of them is significant without any effect, were they independent."""


def planned(definition: Definition) -> Plan | None:
    """The plan, where the definition has a sample size for an analysis of means with two arms; else None."""
    size = definition.sample_size
    analysis = definition.analyses.get(size.of) if size else None
    if size is None or analysis is None or analysis.method not in METHODS:
        return None
    shares = definition.randomisation.ratio
    pair = analysis.contrast or (tuple(definition.arms) if len(definition.arms) == 2 else None)
    if pair is None or any(arm not in shares for arm in pair):
        return None
    treatment, reference = (shares[arm] for arm in pair)
    return Plan(
        round(size.n * (treatment + reference) / sum(shares.values())), treatment / reference,
        abs(float(size.difference)), float(size.sd), float(size.power), float(size.alpha), analysis.sided,
        float(size.dropout), columns(definition, analysis) if analysis.method == "ancova" else 0,
    )  # fmt: skip


def columns(definition: Definition, analysis: Analysis) -> int:
    """The columns of the model that its covariates make: one for a number, levels less one for a stratum."""
    strata = definition.randomisation.strata
    return sum(len(set(strata[name].map.values())) - 1 if name in strata else 1 for name in analysis.covariates)


def reach(plan: Plan, outcomes: float, explained: float | None = None) -> Reach:
    """By the t test, or by the planned covariates when they explain the share `explained`."""
    share, count = explained or 0.0, 0 if explained is None else plan.covariates

    def shown(power: float) -> float:
        return means.detectable(
            outcomes, power, plan.sd, alpha=plan.alpha, sided=plan.sided, ratio=plan.ratio, covariates=count,
            explained=share,
        )  # fmt: skip

    level = 1 - 2 * plan.alpha / plan.sided
    half = means.half_width(outcomes, plan.sd, level=level, ratio=plan.ratio, covariates=count, explained=share)
    power = means.power(
        outcomes, plan.difference, plan.sd, alpha=plan.alpha, sided=plan.sided, ratio=plan.ratio, covariates=count,
        explained=share,
    )  # fmt: skip
    return Reach(outcomes, power, shown(0.8), shown(0.9), half)


def curve(plan: Plan, differences: Sequence[float], explained: float | None = None, sd: float = 1.0) -> list[float]:
    """Power at each true difference, with the assumed standard deviation times `sd`."""
    count = 0 if explained is None else plan.covariates
    kept = plan.n * (1 - plan.dropout)
    return [
        means.power(
            kept, float(difference), sd * plan.sd, alpha=plan.alpha, sided=plan.sided, ratio=plan.ratio,
            covariates=count, explained=explained or 0.0, both=True,
        )
        for difference in np.asarray(differences)
    ]  # fmt: skip


def break_even(plan: Plan) -> float:
    """The share of the variance that the covariates must explain to give the power of the t test."""
    kept = plan.n * (1 - plan.dropout)
    target = reach(plan, kept).power

    def at(explained: float) -> float:
        return reach(plan, kept, explained).power

    return 0.0 if plan.covariates == 0 else solved(at, target, 0.0, 0.9, "share")


def worth(plan: Plan, explained: float) -> float:
    """How many outcomes the t test would need for the power that the covariates give with that share explained."""
    kept = plan.n * (1 - plan.dropout)
    power = reach(plan, kept, explained).power
    return means.sample_size(
        power, plan.difference, plan.sd, alpha=plan.alpha, sided=plan.sided, ratio=plan.ratio
    )  # fmt: skip


def responders(plan: Plan, reference: float, method: str) -> float | None:
    """The smallest share of responders in the treatment arm that the exact test shows with 80 % power; None if no share
    is enough. Whole participants: those expected to have an outcome, rounded."""
    try:
        return proportions.detectable(
            plan.n * (1 - plan.dropout), 0.8, reference, alpha=plan.alpha, sided=plan.sided, ratio=plan.ratio,
            method=method,
        )  # fmt: skip
    except BadQuestion:
        return None


def limits(plan: Plan, others: int) -> Limits:
    """What the trial is too small for; `others` counts the secondary analyses, each at the same alpha."""
    kept = plan.n * (1 - plan.dropout)
    tail = plan.alpha / plan.sided
    # The contrast of two halves' differences has twice the standard error of the whole difference and two df less.
    interaction = 2 * means.detectable(kept, 0.8, plan.sd, alpha=plan.alpha, sided=plan.sided, ratio=plan.ratio)
    half = means.detectable(kept / 2, 0.8, plan.sd, alpha=plan.alpha, sided=plan.sided, ratio=plan.ratio)
    equal = means.detectable(kept, 0.8, plan.sd, alpha=tail, sided=1, ratio=plan.ratio)
    treated = plan.arms[0]
    return Limits(
        interaction, half, equal, 1 - 0.05 ** (1 / treated), 1 - 0.99**treated, others, 1 - (1 - plan.alpha) ** others
    )  # fmt: skip
