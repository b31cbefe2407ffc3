"""`mmrm`: from a formula and a table to a fitted mixed model for repeated measures, in one call."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from trialwright.analysis.mmrm.covariance import structure
from trialwright.analysis.mmrm.faults import BadTable, UnknownChoice
from trialwright.analysis.mmrm.fitting import fitted
from trialwright.analysis.mmrm.formula import parsed
from trialwright.analysis.mmrm.frame import frame_of
from trialwright.analysis.mmrm.inference import DEGREES, VARIANCES, inference
from trialwright.analysis.mmrm.reading import Roles
from trialwright.analysis.mmrm.result import Mmrm
from trialwright.analysis.mmrm.table import label, table_of

METHODS = ("REML", "ML")


def mmrm(
    formula: str,
    table: Any,
    *,
    participant: str,
    visit: str,
    arm: str | None = None,
    reference: object = None,
    covariance: str = "us",
    df: str = "kenward-roger-linear",
    method: str = "REML",
    variance: str = "model",
    weights: str | None = None,
    groups: str | None = None,
    visits: Sequence[object] | None = None,
    times: Sequence[float] | None = None,
    level: float = 0.95,
    engine: str | None = None,
) -> Mmrm:
    """Fit a mixed model for repeated measures and answer with everything that is asked of one.

        fit = mmrm("y ~ base + arm*visit", table, participant="id", visit="visit", arm="arm", reference="P")
        print(fit); fit.contrasts.at(visit="W12")["p"]

    `table` is a polars or pandas frame, a mapping of arrays or the path of a CSV file, one row for each participant and
    visit. `visit` and `arm` are factors. Visits stand in natural order (numbers by size, W4 before W12), in that of an
    ordered column's categories, or in that of `visits`; only some covariance structures look at it. `times` are
    coordinates of the visits for `sp_exp`; visits that are numbers are their own. `reference` is the level of the arm
    that the others are compared with (without it the first). `weights` is a column of weights, `groups` one of groups
    of participants each with a covariance matrix of its own.

    `covariance`: us, cs, csh, ar1, ar1h, ad, adh, toep, toeph, sp_exp. `df`: kenward-roger-linear, kenward-roger,
    satterthwaite, between-within, residual, asymptotic. `method`: REML, ML. `variance`: model, empirical,
    empirical-jackknife, empirical-bias-reduced.

    Rows without outcome, covariate, arm, weight or group are left out and counted (`left_out`). Raises `NotEstimable`,
    in particular `BadFormula`, `BadTable` (every fault of a kind at once) and `SingularDesign`.
    """
    shape = structure(covariance)
    how = method.upper()
    _refuse_options(how, df, variance, level)
    model = parsed(formula)
    roles = Roles(
        participant=participant,
        visit=visit,
        arm=arm,
        reference=None if reference is None else _label(reference),
        weights=weights,
        groups=groups,
        visits=None if visits is None else tuple(map(_label, visits)),
        times=None if times is None else tuple(map(float, times)),
    )
    frame = frame_of(table_of(table), model, roles)
    if shape.name.startswith("sp_") and not frame.data.times.size:
        raise BadTable(
            [
                f"The structure '{shape.name}' needs the times of the visits, and the column '{visit}' holds no "
                f"numbers; give them (times) for {', '.join(frame.data.visits)}."
            ]
        )
    fit = fitted(frame.data, shape.name, how, engine)
    return Mmrm(frame, fit, inference(fit, df, variance, level), level)


def _refuse_options(method: str, df: str, variance: str, level: float) -> None:
    for what, value, choices in (
        ("method of estimation", method, METHODS),
        ("method for the degrees of freedom", df, DEGREES),
        ("variance of the coefficients", variance, VARIANCES),
    ):
        if value not in choices:
            raise UnknownChoice(what, value, choices)
    if df.startswith("kenward-roger") and (method != "REML" or variance != "model"):
        what = "fits by REML" if method != "REML" else "the model's own variance"
        raise BadTable(
            [f"Kenward and Roger's method is made for {what}; take satterthwaite, or another df, with this one."]
        )
    if not 0 < level < 1:
        raise BadTable([f"A confidence level lies between 0 and 1, such as 0.95; {level:g} does not."])


def _label(value: object) -> str:
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return label(float(value))
    return str(value)


def mmrm_arrays(
    outcome: ArrayLike,
    arm: ArrayLike | None = None,
    covariates: Mapping[str, ArrayLike] | None = None,
    *,
    visits: Sequence[object] | None = None,
    formula: str | None = None,
    participants: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    **options: Any,
) -> Mmrm:
    """The same model from arrays in wide form: `outcome` has shape (n, m), nan where missing.

    `arm` and `groups` have shape (n,); a covariate has shape (n,) or, where it changes between visits, (n, m), and so
    have `weights`. `visits` are the m labels, 1 to m without. Without a `formula` the model has every covariate, and
    arm and visit with their interaction: `outcome ~ covariates + arm*visit`. `options` are those of `mmrm` (reference,
    covariance, df, ...).
    """
    values = np.asarray(outcome, dtype=np.float64)
    if values.ndim != 2:
        raise BadTable([f"The outcome has shape {values.shape}; it must be participants by visits, (n, m)."])
    n, m = values.shape
    labels = tuple(map(_label, visits)) if visits is not None else tuple(str(one + 1) for one in range(m))
    if len(labels) != m:
        raise BadTable([f"There are {len(labels)} visits and {m} columns of outcomes."])
    named = {name: one for name, one in (("arm", arm), ("groups", groups), ("weights", weights)) if one is not None}
    if taken := sorted({"outcome", "arm", "visit", "participant", "weights", "groups"} & set(covariates or {})):
        raise BadTable([f"A covariate cannot be called '{taken[0]}', which is a column of the model itself."])
    columns = {name: _long(name, one, n, m) for name, one in {**(covariates or {}), **named}.items()}
    people = np.arange(1, n + 1) if participants is None else participants
    columns |= {
        "outcome": values.ravel(),
        "visit": np.tile(np.array(labels), n),
        "participant": _long("participants", people, n, m),
    }
    explained = [f"`{name}`" for name in covariates or {}] + ["arm*visit" if arm is not None else "visit"]
    return mmrm(
        formula or f"outcome ~ {' + '.join(explained)}",
        columns,
        participant="participant",
        visit="visit",
        arm="arm" if arm is not None else None,
        weights="weights" if weights is not None else None,
        groups="groups" if groups is not None else None,
        visits=labels,
        **options,
    )


def _long(name: str, values: ArrayLike, n: int, m: int) -> np.ndarray:
    """A value for each participant repeated for each visit, or one for each of both, in long form (n * m,)."""
    array = np.asarray(values)
    if array.shape == (n,):
        return np.repeat(array, m)
    if array.shape == (n, m):
        return array.ravel()
    raise BadTable([f"'{name}' has shape {array.shape}; it must be ({n},), one value a participant, or ({n}, {m})."])
