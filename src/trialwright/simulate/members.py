"""Who belongs to which population in imagined trials: the counterpart of `analysis.populations`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright import design, logic
from trialwright.analysis.populations import treatment_form
from trialwright.design.model import Definition
from trialwright.simulate.crowds import Recorded
from trialwright.simulate.program import Program

Truths = NDArray[np.bool_]

DEVIATIONS = "deviation"
"""The log form whose rows with `major` true are major deviations, as in `analysis.populations`."""


def rows_of(program: Program, population: str | None) -> dict[str, tuple[str, ...]]:
    """The logs that a population's condition looks into: the treatment form's rows, the deviations."""
    if population is None:
        return {}
    used = _asked_of(program.definition, population)
    rows: dict[str, tuple[str, ...]] = {}
    form = treatment_form(program.definition)
    if "courses" in used and form is not None:
        rows[form] = ()
    if "major_deviation" in used and any(one.spec.form == DEVIATIONS for one in program.rows):
        rows[DEVIATIONS] = ("major",)
    return rows


def _asked_of(definition: Definition, population: str) -> set[str]:
    """The facts that a population's condition speaks of, through the populations that it names."""
    used: set[str] = set()
    left = [population]
    while left:
        for name in logic.names(logic.condition(definition.populations[left.pop()].where)):
            if name in definition.populations and name not in used:
                left.append(name)
            used.add(name)
    return used


def belonging(recorded: Recorded, population: str | None) -> Truths:
    """Who belongs to the population: its condition, asked once for each combination of facts that occurs."""
    if population is None:
        return recorded.present
    definition = recorded.program.definition
    used = _asked_of(definition, population)
    known = {"randomised": recorded.present, "completed": recorded.present & (recorded.ended < 0)}
    form = treatment_form(definition)
    courses = np.zeros(recorded.arm.shape, dtype=np.int64)
    if "courses" in used and form in recorded.rows:
        courses = _courses(recorded, form)
    major = np.zeros(recorded.arm.shape, dtype=np.bool_)
    if "major_deviation" in used and DEVIATIONS in recorded.rows:
        log = recorded.rows[DEVIATIONS]
        column = log.items["major"]
        major = (log.exists & column.present & (column.units != 0)).any(axis=2)
    # One whole number for each combination of facts, so that few are asked and many looked up.
    facts = courses * 8 + known["randomised"] * 4 + known["completed"] * 2 + major
    different = np.flatnonzero(np.bincount(facts.ravel()))
    scope = design.population_scope(definition)
    where = logic.condition(definition.populations[population].where)
    condition = logic.compile(logic.check(where, scope, expected="boolean"))
    told = np.zeros(int(facts.max(initial=0)) + 1, dtype=np.bool_)
    for fact in different.tolist():
        told[fact] = condition(_facts(fact)) is True
    return np.asarray(told[facts] & recorded.present)


def _facts(fact: int) -> dict[str, Any]:
    """What a condition may ask, from the whole number; nobody imagined was randomised in error."""
    return {
        "courses": fact // 8,
        "randomised": bool(fact & 4),
        "completed": bool(fact & 2),
        "major_deviation": bool(fact & 1),
        "in_error": False,
    }


def _courses(recorded: Recorded, form: str | None) -> NDArray[np.int64]:
    """How many visits have at least one row of the treatment form."""
    log = recorded.rows[form or ""]
    count = np.zeros(recorded.arm.shape, dtype=np.int64)
    for visit in np.unique(log.visit).tolist():
        count += (log.exists & (log.visit == visit)).any(axis=2)
    return count
