"""Between-within degrees of freedom (Schluchter and Elashoff 1990; SAS DDFM=BW), as the R package mmrm reads them.

A column that never changes within a participant is estimated between participants, every other one within:

    between: participants - intercept - between columns
    within:  rows - participants - within columns

where `intercept` is 1 if the model has one and else 0. The intercept itself gets the within degrees of freedom. A
contrast gets the fewest of the columns that it involves. (SAS gives every column the between degrees of freedom when
the covariance is unstructured, and divides the within ones by effect: not done here.)
"""

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm.records import Floats, Repeated


def degrees(rows: Floats, data: Repeated) -> Floats:
    """df of each row of `rows` (c, p). Raises `NotEstimable` where the rows that it rests on leave none."""
    between = _between(data)
    constant = between & (data.design == 1.0).all(axis=0)
    people, intercept = len(data.participants), int(constant.any())
    outside = people - intercept - int((between & ~constant).sum())
    inside = data.outcome.size - people - int((~between).sum())
    df = np.where(between & ~constant, float(outside), float(inside))
    fewest = np.where(rows != 0.0, df, np.inf).min(axis=1)
    if (fewest < 1.0).any():
        raise NotEstimable(
            f"The between-within method leaves {int(fewest.min())} degrees of freedom: {people} participants with"
            f" {data.outcome.size} rows carry {data.design.shape[1]} coefficients."
        )
    return np.asarray(fewest, dtype=np.float64)


def _between(data: Repeated) -> NDArray[np.bool_]:
    """Which columns (p,) have one value throughout each participant."""
    same = data.participant[1:] == data.participant[:-1]
    changes = (data.design[1:] != data.design[:-1]) & same[:, None]
    return np.asarray(~changes.any(axis=0), dtype=np.bool_)
