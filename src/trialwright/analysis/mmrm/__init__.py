"""The mixed model for repeated measures: one linear model with a covariance matrix over the visits.

    from trialwright.analysis.mmrm import mmrm

    fit = mmrm("y ~ base + arm*visit", "trial.csv", participant="id", visit="visit", arm="arm", reference="P")
    print(fit)

`mmrm_arrays` takes arrays instead of a table. `fitted`, `inference` and the structures stand in modules of their own.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trialwright.analysis.mmrm.model import mmrm, mmrm_arrays
    from trialwright.analysis.mmrm.result import Estimates, Mmrm

__all__ = ["Estimates", "Mmrm", "mmrm", "mmrm_arrays"]

_WHERE = {"Estimates": "result", "Mmrm": "result", "mmrm": "model", "mmrm_arrays": "model"}


def __getattr__(name: str) -> Any:
    """What the package offers, imported when it is first asked for: the kernel's callers need none of it."""
    if name not in _WHERE:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
