"""One door to a fit: the compiled kernel where it serves, the reference otherwise, the same numbers from both."""

import importlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from trialwright.analysis.mmrm.covariance import structure
from trialwright.analysis.mmrm.identifiable import refuse, refuse_silent
from trialwright.analysis.mmrm.records import Fit, Floats, Repeated
from trialwright.analysis.mmrm.reference import highest, surface

Single = Callable[[Repeated, str], Fit | None]

METHODS = ("REML", "ML")
# A fit of the kernel whose last decrement is above this stands beside the maximum; the reference then goes to it.
SETTLED = 1e-14
# A covariance parameter with a variance above this, in units of its size, is one that the data say nothing of; the
# reference then says so, or proves that they do.
VAGUE = 1e6


def fitted(data: Repeated, covariance: str = "us", method: str = "REML", engine: str | None = None) -> Fit:
    """The fit of the model by REML or ML with a covariance structure (see `covariance`).

    `engine` is "kernel", "reference", or None for the kernel where it serves and the reference elsewhere; the two agree
    to 1e-9. Raises `UnknownStructure`, `NotIdentifiable` and `SingularDesign` with every reason found at once,
    `NoMaximum` where the likelihood rises for ever, and `ValueError` for an unknown method or engine.
    """
    shape = structure(covariance)
    if method not in METHODS:
        raise ValueError(f"'{method}' is no method of estimation: choose REML (usual) or ML.")
    if engine not in (None, "kernel", "reference"):
        raise ValueError(f"'{engine}' is no engine: choose kernel or reference, or none to have the program choose.")
    basis, triangle = refuse(data, shape.name)
    single = _kernel() if shape.name == "us" and engine != "reference" else None
    fit = _about_zero(data, method, single, basis, triangle) if single is not None else None
    if fit is not None and (fit.decrement > SETTLED or _vague(fit)):
        fit = None
    if fit is None and engine == "kernel":
        raise ValueError("The compiled kernel is not there, or does not serve here; the reference does.")
    if fit is not None:
        return fit
    likelihood = surface(data, shape.name, method)
    refuse_silent(likelihood)
    return highest(likelihood)


def _about_zero(data: Repeated, method: str, single: Single, basis: Floats, triangle: Floats) -> Fit | None:
    """The kernel's fit to the residuals of least squares, told in the data's own outcome.

    The kernel sums squares, which an outcome far from zero would fill with digits that say nothing. Nothing but the
    coefficients depends on what is taken off.
    """
    along = basis.T @ data.outcome
    fit = single(replace(data, outcome=data.outcome - basis @ along), method)
    return None if fit is None else replace(fit, data=data, beta=fit.beta + np.linalg.solve(triangle, along))


def _vague(fit: Fit) -> bool:
    """Whether the kernel stands where the likelihood is flat to rounding, which it takes for a maximum."""
    variances = np.diagonal(fit.sigma[0])
    columns, rows = np.triu_indices(variances.size)
    spread = np.diagonal(fit.theta_covariance) / (variances[columns] * variances[rows])
    return not bool((spread < VAGUE).all())


def _kernel() -> Single | None:
    """The kernel's fit of one data set, or None where the package was installed without it."""
    try:
        module = importlib.import_module("trialwright.analysis.mmrm.native")
    except ModuleNotFoundError:
        return None
    single: Single = module.single
    return single
