"""A measure over several visits, by the mixed model for repeated measures: the arms at every visit.

    outcome = mean of the visit + difference of the arm at the visit + factors + covariates + error,

the errors of a participant correlated over the visits as the chosen structure says. The columns are those of
`arm * visit`: intercept, visits, arm, arm at the visits (between-within degrees of freedom look at them). Factors enter
as deviations from the equal weight of their levels, covariates as deviations from their average over the rows used, so
that the least-squares means have nothing of them. With a constrained baseline the first visit has one mean for both
arms, and the arm no column of its own (Liang and Zeger, Sankhya B 2000; 62: 134-148).
"""

from dataclasses import dataclass

import numpy as np

from trialwright.analysis.ancova import AdjustedMean
from trialwright.analysis.course import Course
from trialwright.analysis.estimates import Effect, NotEstimable
from trialwright.analysis.mmrm.covariance import structure
from trialwright.analysis.mmrm.fitting import fitted
from trialwright.analysis.mmrm.inference import Contrasts, Inference, Joint, inference
from trialwright.analysis.mmrm.records import Fit, Floats, Repeated
from trialwright.analysis.question import Question


@dataclass(frozen=True, slots=True)
class OverVisits:
    """What the model says. `means` are adjusted means, reference then treatment, one for each of `visits`; `effects`
    the differences between the arms, second minus first, at `compared`: all visits but a constrained baseline.

    `effect` is the difference at `visit`, which speaks for the analysis; `overall` tests that there is none at any
    visit (None where the method has no such test for so few participants). `sigma` is the covariance between visits.
    """

    effect: Effect
    visit: str
    compared: tuple[str, ...]
    effects: tuple[Effect, ...]
    visits: tuple[str, ...]
    means: tuple[tuple[AdjustedMean, ...], tuple[AdjustedMean, ...]]
    overall: Joint | None
    covariance: str
    df: str
    variance: str
    method: str
    constrained: bool
    sigma: tuple[tuple[float, ...], ...]
    loglik: float
    iterations: int
    engine: str
    n: int
    rows: int


def answer(question: Question) -> OverVisits:
    """The model of the question's course. Raises `NotEstimable`, which names what stands in the way."""
    course = question.course
    if course is None:
        raise NotEstimable("The method needs an outcome at several visits.")
    if question.arm.min() == question.arm.max():
        raise NotEstimable("All analysed participants are in one arm, so there is nothing to compare.")
    data = repeated(question, course)
    if course.choices.handling.tobit:
        from trialwright.analysis import beyond_visits

        return beyond_visits.answer(question, course, data)
    fit = fitted(data, course.choices.covariance, course.choices.method)
    return _result(question, course, fit)


def repeated(question: Question, course: Course) -> Repeated:
    """The rows of the model: visits, arm at the visits, factors, covariates."""
    participant, visit = np.nonzero(~np.isnan(course.outcome))
    cells = (visit[:, None] == np.arange(len(course.visits))).astype(np.float64)
    arm = question.arm[participant].astype(np.float64)
    named = {"intercept": np.ones(visit.size)}
    named |= {f"visit={name}": cells[:, place] for place, name in enumerate(course.visits) if place}
    named |= {} if course.choices.constrained else {"arm": arm}
    named |= {f"arm at {name}": arm * cells[:, place] for place, name in enumerate(course.visits) if place}
    for name, values in question.factors.items():
        levels, codes = np.unique(np.asarray(values), return_inverse=True)
        for place, level in enumerate(levels[1:], start=1):
            named[f"{name}={level}"] = (codes[participant] == place) - 1.0 / levels.size
    for name, values in question.covariates.items():
        named[name] = values[participant] - values[participant].mean()
    weeks = np.array(course.weeks)
    if course.choices.covariance == "sp_exp" and np.isnan(weeks).any():
        raise NotEstimable("A spatial covariance needs the planned day of every visit; one has none.")
    return Repeated(
        course.outcome[participant, visit],
        np.column_stack(list(named.values())),
        participant.astype(np.int64),
        visit.astype(np.int64),
        tuple(named),
        course.visits,
        tuple(str(number + 1) for number in range(len(question.arm))),
        np.zeros(len(question.arm), dtype=np.int64),
        times=weeks if not np.isnan(weeks).any() else np.empty(0),
    )


def _result(question: Question, course: Course, fit: Fit) -> OverVisits:
    choices, m, first = course.choices, len(course.visits), int(course.choices.constrained)
    made = inference(fit, choices.df, choices.variance, question.level)
    reference, gaps = rows(fit.beta.size, m, first)
    told = made.contrast(np.concatenate([reference, reference + gaps, gaps[first:]]))
    effects = effects_of(told, slice(2 * m, None))
    return OverVisits(
        effects[course.leading - first],
        course.visits[course.leading],
        course.visits[first:],
        effects,
        course.visits,
        (means_of(told, question, course, 0), means_of(told, question, course, 1)),
        _overall(made, gaps[first:]),
        structure(choices.covariance).words,
        choices.df,
        choices.variance,
        choices.method,
        choices.constrained,
        tuple(tuple(row) for row in fit.sigma[0].tolist()),
        fit.loglik,
        fit.iterations,
        fit.engine,
        len(question.arm),
        fit.data.outcome.size,
    )


def rows(width: int, m: int, first: int) -> tuple[Floats, Floats]:
    """The reference's mean at each visit and the difference there, shape (m, width) both: no difference before
    `first`."""
    reference, gaps = np.zeros((m, width)), np.zeros((m, width))
    reference[:, 0] = 1.0
    for visit in range(1, m):
        reference[visit, visit] = 1.0
        gaps[visit, m - first + visit] = 1.0
    if not first:
        gaps[:, m] = 1.0
    return reference, gaps


def effects_of(told: Contrasts, part: slice) -> tuple[Effect, ...]:
    columns = (told.estimate, told.se, told.df, told.t, told.p, told.lower, told.upper)
    rows = np.column_stack([column[part] for column in columns]).tolist()
    return tuple(Effect(b, se, df, t, p, lower, upper, told.level) for b, se, df, t, p, lower, upper in rows)


def means_of(told: Contrasts, question: Question, course: Course, arm: int) -> tuple[AdjustedMean, ...]:
    m = len(course.visits)
    part = slice(arm * m, (arm + 1) * m)
    counts = (~np.isnan(course.outcome[question.arm == arm])).sum(axis=0).tolist()
    rows = np.column_stack([column[part] for column in (told.estimate, told.se, told.lower, told.upper)]).tolist()
    return tuple(
        AdjustedMean(mean, se, lower, upper, n) for (mean, se, lower, upper), n in zip(rows, counts, strict=True)
    )


def _overall(made: Inference, gaps: Floats) -> Joint | None:
    try:
        return made.joint(gaps)
    except NotEstimable:
        return None
