"""From a table and a formula to the rows that are used, their design, and what stands in it.

A row is used when the outcome, every column of the formula, the arm, the weight and the covariance group are known;
the others are counted by the first of these that is lacking.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.mmrm import checks, coding
from trialwright.analysis.mmrm.coding import Piece, Values
from trialwright.analysis.mmrm.formula import Model, Part
from trialwright.analysis.mmrm.functions import evaluated
from trialwright.analysis.mmrm.reading import Read, Roles, read
from trialwright.analysis.mmrm.records import Repeated
from trialwright.analysis.mmrm.table import Factor, Table

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Frame:
    """The rows used, as the estimator takes them, and how their design came about.

    `values` are the parts of the formula on those rows, `at` the row (k,) of each covariate part at the averages,
    `averages` those of the columns, `arms` the levels of the arm with the reference first, `observed` (arms, visits)
    the rows in each cell, `everybody` counts the participants of the table. `left_out` says how many rows
    lacked which column.
    """

    data: Repeated
    model: Model
    roles: Roles
    pieces: tuple[Piece, ...]
    values: tuple[Values, ...]
    at: Mapping[int, Floats]
    averages: Mapping[str, float]
    arms: tuple[str, ...]
    observed: Integers
    everybody: int
    left_out: Mapping[str, int]
    notes: tuple[str, ...]


def frame_of(table: Table, model: Model, roles: Roles) -> Frame:
    """The rows of the table that the model uses. Raises `BadTable` and `BadFormula` with every fault of a kind."""
    found = read(table, model, roles)
    rows = np.flatnonzero(found.used)
    m = len(found.visit.levels)
    key = found.who[rows] * m + found.visit.codes[rows]
    if (key[1:] <= key[:-1]).any():
        order = np.argsort(key, kind="stable")
        rows, key = rows[order], key[order]
        checks.refuse_twice(found, rows, key)
    visit = _without_unused(found.visit, rows)
    notes = checks.unseen_visits(found, visit)
    observed = checks.cells(found, rows, visit)
    found = replace(found, visit=visit, factors={**found.factors, roles.visit: visit})
    who, first = _counted(found.who[rows])
    group = _without_unused(found.group, rows) if found.group else None
    values, at, averages = _parts(found, rows)
    pieces = coding.plan(model.places, tuple(one.categorical for one in values))
    data = Repeated(
        outcome=_outcome(found, rows),
        design=coding.matrix(pieces, values, rows.size),
        participant=who,
        visit=visit.codes[rows],
        columns=coding.names(pieces, values),
        visits=visit.levels,
        participants=tuple(found.people[one] for one in found.who[rows[first]].tolist()),
        group=group.codes[rows[first]] if group else np.zeros(first.size, dtype=np.int64),
        groups=group.levels if group else ("",),
        weights=None if found.weights is None else found.weights[rows],
        times=checks.times(found, visit),
    )
    checks.refuse_changes(found, rows, who, first)
    everybody = np.unique(found.who[found.who >= 0]).size if found.left_out else first.size
    arms = found.factors[roles.arm].levels if roles.arm else ("",)
    return Frame(data, model, roles, pieces, values, at, averages, arms, observed, everybody, found.left_out, notes)


def _without_unused(factor: Factor, rows: Integers) -> Factor:
    """The factor without levels that no row in use has."""
    counts = np.bincount(factor.codes[rows], minlength=len(factor.levels))
    if counts.all():
        return factor
    places = np.where(counts > 0, np.cumsum(counts > 0) - 1, -1)
    codes = np.where(factor.codes >= 0, places[factor.codes], -1)
    return Factor(codes, tuple(level for level, count in zip(factor.levels, counts, strict=True) if count))


def _counted(who: Integers) -> tuple[Integers, Integers]:
    """Sorted participants counted from 0 without gaps, and the first row of each."""
    new = np.empty(who.size, dtype=bool)
    new[:1] = True
    np.not_equal(who[1:], who[:-1], out=new[1:])
    return np.cumsum(new) - 1, np.flatnonzero(new)


def _parts(found: Read, rows: Integers) -> tuple[tuple[Values, ...], dict[int, Floats], dict[str, float]]:
    """Every part of the formula on the rows used, the covariate parts at the averages, and the averages."""
    columns = {name: column[rows] for name, column in found.covariates.items()}
    averages = {name: float(column.mean()) for name, column in columns.items()}
    places: list[str] = []
    values, at = [], {}
    for number, part in enumerate(found.model.parts):
        name = part.columns[0]
        if part.kind == "function":
            places = places or [found.table.place(row) for row in rows.tolist()]
            one, at[number] = evaluated(part, columns, places, averages)
        elif name in found.factors:
            one = _factor(found, part, rows)
        else:
            one = Values(name, (name,), numbers=columns[name][:, None])
            at[number] = np.array([averages[name]])
        values.append(one)
    return tuple(values), at, averages


def _factor(found: Read, part: Part, rows: Integers) -> Values:
    name = part.columns[0]
    factor = found.factors[name]
    if name not in (found.roles.visit, found.roles.arm):
        factor = _without_unused(factor, rows)
        checks.refuse_one_level(found, name, factor)
    return Values(name, factor.levels, codes=factor.codes[rows])


def _outcome(found: Read, rows: Integers) -> Floats:
    """The outcome on the rows used, through its function if the formula has one."""
    part = found.model.outcome
    if part.kind == "column":
        return found.outcome[part.columns[0]][rows]
    columns = {name: column[rows] for name, column in found.outcome.items()}
    places = [found.table.place(row) for row in rows.tolist()]
    at = {name: float(column.mean()) for name, column in columns.items()}
    values, _ = evaluated(part, columns, places, at)
    assert values.numbers is not None
    if values.numbers.shape[1] != 1:
        checks.refuse_outcome(found, values.numbers.shape[1])
    return np.ascontiguousarray(values.numbers[:, 0])
