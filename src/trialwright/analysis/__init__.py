"""From snapshot to data sets to estimate: one module per method, listed here.

To add a method: write `analysis/<name>.py` with `answer(question)`, add its line to `METHODS`, and prove it in
`tests/agreement` against R, SAS or a paper.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trialwright.analysis.question import Method

    METHODS: Mapping[str, Method]
    """Every method that a definition may name."""


@cache
def _methods() -> Mapping[str, "Method"]:
    from trialwright.analysis import (
        ancova,
        blinding_index,
        descriptive,
        proportions,
        repeated,
        safety,
        survival,
        tobit,
        welch,
    )
    from trialwright.analysis.course import OPTIONS
    from trialwright.analysis.handling import DEGREES, TOBIT
    from trialwright.analysis.handling import OPTIONS as HANDLED
    from trialwright.analysis.question import Method

    handled = {**HANDLED, **DEGREES}
    return MappingProxyType(
        {
            "ancova": Method("Analysis of covariance", ("endpoint at one visit", "covariates"), ancova.answer, handled),
            "welch": Method("Welch's t test, unadjusted", ("endpoint at one visit",), welch.answer, handled),
            "tobit": Method(
                "Analysis of covariance of a censored outcome",
                ("endpoint at one visit", "covariates"),
                tobit.answer,
                {"scale": HANDLED["scale"], "censored": (TOBIT,), **DEGREES},
            ),
            "mmrm": Method(
                "Mixed model for repeated measures",
                ("endpoint at several visits", "covariates"),
                repeated.answer,
                OPTIONS,
                each_measure=True,
            ),
            "responders": Method(
                "Responders", ("endpoint at one visit", "thresholds of its measure"), proportions.answer
            ),
            "kaplan_meier": Method("Kaplan-Meier and log-rank", ("endpoint with an event",), survival.answer),
            "baseline_table": Method("Baseline table", (), descriptive.answer),
            "blinding_index": Method(
                "James's and Bang's blinding indices", ("a questionnaire",), blinding_index.answer
            ),
            "adverse_events": Method("Adverse events", (), safety.answer),
        }
    )


def __getattr__(name: str) -> Any:
    """`METHODS` is made when it is asked for: a mixed model of a table needs no definition, and reading the models of
    one doubles the time that it takes to start.
    """
    if name == "METHODS":
        return _methods()
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
