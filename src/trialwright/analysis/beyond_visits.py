"""A measure over several visits of which some values are known only to lie beyond a limit: the censored mixed model.

The columns are those of `repeated`; the fit is maximum likelihood (`mmrm.censored`), with standard errors from the
observed information. With `degrees_of_freedom: residual` variances are multiplied by n / (n - q) and limits are those
of the t distribution with n - q degrees of freedom, n participants and q coefficients of one visit's mean (intercept,
arm, factors, covariates): what an analysis of covariance at that visit would have. With `asymptotic` there is no
factor, and the normal distribution.
"""

import numpy as np
from scipy.special import chdtrc, fdtrc, ndtr, stdtr

from trialwright.analysis.course import Course
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm.censored import CensoredFit, censored_fit
from trialwright.analysis.mmrm.inference import Contrasts, Joint
from trialwright.analysis.mmrm.records import Floats, Repeated
from trialwright.analysis.question import Question
from trialwright.analysis.repeated import OverVisits, effects_of, means_of, rows
from trialwright.analysis.tobit import quantile


def answer(question: Question, course: Course, data: Repeated) -> OverVisits:
    """The model of the question's course. Raises `NotEstimable`, which names what stands in the way."""
    choices, m, first = course.choices, len(course.visits), int(course.choices.constrained)
    signs = np.zeros(course.outcome.shape, dtype=np.int8) if course.censored is None else course.censored
    _refuse_beyond(question, course, signs)
    fit = censored_fit(data, signs[data.participant, data.visit])
    n, at_a_visit = len(question.arm), 2 + fit.beta.size - (2 * m - first)
    if n <= at_a_visit:
        raise NotEstimable(f"{n} participants cannot carry a model with {at_a_visit} coefficients at each visit.")
    df = float(n - at_a_visit) if choices.df == "residual" else float("inf")
    factor = n / (n - at_a_visit) if choices.df == "residual" else 1.0
    reference, gaps = rows(fit.beta.size, m, first)
    told = _contrasts(fit, factor, df, np.concatenate([reference, reference + gaps, gaps[first:]]), question.level)
    effects = effects_of(told, slice(2 * m, None))
    return OverVisits(
        effects[course.leading - first],
        course.visits[course.leading],
        course.visits[first:],
        effects,
        course.visits,
        (means_of(told, question, course, 0), means_of(told, question, course, 1)),
        _overall(fit, factor, df, gaps[first:]),
        "unstructured",
        choices.df,
        choices.variance,
        "ML",
        choices.constrained,
        tuple(tuple(row) for row in fit.sigma.tolist()),
        fit.loglik,
        fit.iterations,
        "censored",
        n,
        data.outcome.size,
    )


def _contrasts(fit: CensoredFit, factor: float, df: float, wanted: Floats, level: float) -> Contrasts:
    estimate = wanted @ fit.beta
    se = np.sqrt(factor * ((wanted @ fit.covariance) * wanted).sum(axis=1))
    t = estimate / se
    p = 2.0 * (stdtr(df, -np.abs(t)) if np.isfinite(df) else ndtr(-np.abs(t)))
    half = quantile(df, level) * se
    return Contrasts(estimate, se, np.full(t.shape, df), t, p, estimate - half, estimate + half, level)


def _overall(fit: CensoredFit, factor: float, df: float, gaps: Floats) -> Joint:
    """Wald's test that there is no difference at any visit."""
    estimate, several = gaps @ fit.beta, float(len(gaps))
    spread = factor * gaps @ fit.covariance @ gaps.T
    statistic = float(estimate @ np.linalg.solve(spread, estimate)) / several
    p = fdtrc(several, df, statistic) if np.isfinite(df) else chdtrc(several, several * statistic)
    return Joint(statistic, several, df, float(p), 1.0)


def _refuse_beyond(question: Question, course: Course, signs: np.ndarray) -> None:
    """Refuse groups of which nothing but one side of a limit is known: their mean could lie any distance beyond it."""
    known = ~np.isnan(course.outcome)
    arms = {"the reference arm": question.arm == 0, "the treatment arm": question.arm == 1}
    everybody = np.ones(len(question.arm), dtype=np.bool_)
    groups = [
        (f"{name} at {visit}", here, slice(place, place + 1))
        for place, visit in enumerate(course.visits)
        # A constrained baseline has one mean for both arms.
        for name, here in ({"both arms": everybody} if course.choices.constrained and not place else arms).items()
    ]
    for factor, values in question.factors.items():
        groups += [(f"{factor} {level}", values == level, slice(None)) for level in np.unique(values)]
    for name, here, visits in groups:
        mine, sides = known[here, visits], signs[here, visits]
        for word, side in (("below", -1), ("above", 1)):
            if mine.any() and (sides[mine] == side).all():
                raise NotEstimable(
                    f"All {int(mine.sum())} values of {name} lie {word} their limit, so the mean there could lie any"
                    f" distance {word} it: the censored model has no estimate. Leave the visit or factor out."
                )
