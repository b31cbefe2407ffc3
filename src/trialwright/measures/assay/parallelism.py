"""Parallelism: whether the analyte in participants' samples dilutes as the standard does.

If it does, the content multiplied back is the same at every dilution. Judged by its CV; the slope of log content on log
dilution says which way a sample departs (0 is parallel).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from trialwright.measures.assay.hook import Reading
from trialwright.measures.assay.rules import Rules
from trialwright.measures.assay.verdicts import Verdict, at_most, cv, percent


@dataclass(frozen=True, slots=True)
class Parallelism:
    """One sample over its dilutions: contents multiplied back, their CV, and the slope of log content on log dilution
    with its 95 % interval (missing with fewer than three dilutions)."""

    sample: str
    dilutions: tuple[float, ...]
    contents: tuple[float, ...]
    cv: float | None
    slope: float
    lower: float
    upper: float
    verdict: Verdict


def parallelism(readings: Sequence[Reading], rules: Rules) -> Parallelism:
    """Judge one sample: at least three dilutions inside the range, and a CV of at most `parallelism_cv`."""
    inside = sorted((one for one in readings if one.side == 0 and one.content > 0), key=lambda r: r.dilution)
    sample = readings[0].sample if readings else ""
    contents = tuple(one.content for one in inside)
    spread, limit = cv(contents), rules.numbers["parallelism_cv"]
    slope, lower, upper = _slope([one.dilution for one in inside], contents)
    if spread is None or len(inside) < 3:
        say = f"{sample}: fewer than three dilutions lie inside the range; parallelism is not judged."
        verdict = Verdict("parallelism", None, say, decisive=False)
    else:
        say = f"{sample}: CV {percent(spread)} over {len(inside)} dilutions (allowed {percent(limit.value)}); "
        say += f"slope of log content on log dilution {slope:+.2f} ({lower:+.2f} to {upper:+.2f}), 0 is parallel."
        met = at_most(spread, limit.value)
        verdict = Verdict("parallelism", met, say.replace("-", "−"), False, spread, limit.value, limit.status)
    return Parallelism(sample, tuple(r.dilution for r in inside), contents, spread, slope, lower, upper, verdict)


def _slope(dilutions: Sequence[float], contents: Sequence[float]) -> tuple[float, float, float]:
    """Least squares of log content on log dilution, with Student's interval."""
    n = len(contents)
    if n < 3 or len(set(dilutions)) < 2:
        return math.nan, math.nan, math.nan
    x, y = np.log(dilutions), np.log(contents)
    x = x - x.mean()
    slope = float(x @ y / (x @ x))
    rest = y - y.mean() - slope * x
    se = math.sqrt(float(rest @ rest) / (n - 2) / float(x @ x))
    reach = float(stdtrit(n - 2, 0.975)) * se
    return slope, slope - reach, slope + reach
