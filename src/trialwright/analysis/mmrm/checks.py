"""What makes rows unfit for a mixed model, told with the participant, the visit, the arm and the line."""

import itertools

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.mmrm.faults import BadFormula, BadTable
from trialwright.analysis.mmrm.reading import Read
from trialwright.analysis.mmrm.table import NUMBER, Factor

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def refuse_twice(found: Read, rows: Integers, key: Integers) -> None:
    """Sorted by participant and visit, no two rows may have the same `key`."""
    m, table = len(found.visit.levels), found.table
    problems = []
    for place in np.flatnonzero(key[1:] == key[:-1]).tolist():
        person, visit = divmod(int(key[place]), m)
        lines = sorted((int(rows[place]), int(rows[place + 1])))
        problems.append(
            f"Participant '{found.people[person]}' has two rows for the visit '{found.visit.levels[visit]}': "
            f"{table.place(lines[0])} and {table.place(lines[1])}."
        )
    if problems:
        raise BadTable(problems)


def unseen_visits(found: Read, visit: Factor) -> tuple[str, ...]:
    """Notes on visits without any row in use; raises where fewer than two visits remain."""
    if len(visit.levels) < 2:
        raise BadTable(
            [
                f"Only the visit '{visit.levels[0]}' of the column '{found.roles.visit}' has outcomes; a model for "
                "repeated measures needs at least two (for one visit use an analysis of covariance)."
            ]
        )
    return tuple(
        f"The visit '{one}' has no row that can be used and is left out."
        for one in found.visit.levels
        if one not in visit.levels
    )


def cells(found: Read, rows: Integers, visit: Factor) -> Integers:
    """The rows in each cell of arm and visit (arms, visits); a cell that the model estimates may not be empty."""
    m, name = len(visit.levels), found.roles.arm
    if not name:
        return np.bincount(visit.codes[rows], minlength=m)[None, :]
    arm = found.factors[name]
    a = len(arm.levels)
    counts = np.bincount(arm.codes[rows] * m + visit.codes[rows], minlength=a * m).reshape(a, m)
    problems = [
        f"No row of the arm '{level}' (column '{name}') can be used, so it cannot be compared."
        for level, count in zip(arm.levels, counts.sum(axis=1), strict=True)
        if not count
    ]
    if not problems and _together(found, name, found.roles.visit):
        problems = [
            f"No outcome of the arm '{arm.levels[i]}' is known at the visit '{visit.levels[j]}', where the formula "
            "asks for an effect of its own."
            for i, j in itertools.product(range(a), range(m))
            if not counts[i, j]
        ]
    if problems:
        raise BadTable(problems)
    return counts


def _together(found: Read, first: str, second: str) -> bool:
    """Whether a term of the formula holds both columns."""
    named = [{name for part in term for name in part.columns} for term in found.model.terms]
    return any({first, second} <= columns for columns in named)


def refuse_changes(found: Read, rows: Integers, who: Integers, first: Integers) -> None:
    """The arm and the covariance group belong to a participant, so they may not change between visits."""
    problems = []
    checked = [(found.roles.arm, found.factors.get(found.roles.arm or "")), (found.roles.groups, found.group)]
    for name, factor in checked:
        if not name or factor is None:
            continue
        codes = factor.codes[rows]
        start = codes[first][who]
        wrong = np.flatnonzero(codes != start)
        for place in wrong[np.unique(who[wrong], return_index=True)[1]].tolist():
            begun = int(rows[first[who[place]]])
            problems.append(
                f"The column '{name}' changes within participant '{found.people[found.who[rows[place]]]}': "
                f"'{factor.levels[start[place]]}' in {found.table.place(begun)} and "
                f"'{factor.levels[codes[place]]}' in {found.table.place(int(rows[place]))}."
            )
    if problems:
        raise BadTable(problems)


def refuse_one_level(found: Read, name: str, factor: Factor) -> None:
    """A factor that does not vary has nothing to explain."""
    if len(factor.levels) < 2:
        raise BadTable(
            [
                f"The factor '{name}' has one level in the rows that are used, '{factor.levels[0]}', so it explains "
                f"nothing; leave it out of the formula '{found.model.text}'."
            ]
        )


def refuse_outcome(found: Read, columns: int) -> None:
    """An outcome is one column."""
    raise BadFormula(f"The outcome '{found.model.outcome.text}' makes {columns} columns; the model has one outcome.")


def times(found: Read, visit: Factor) -> Floats:
    """The coordinates of the visits: as given, or their labels where all are numbers; else none (shape (0,))."""
    given = found.roles.times
    if given is not None:
        order = found.visit.levels if len(given) != len(visit.levels) else visit.levels
        if len(given) != len(order):
            raise BadTable([f"There are {len(given)} times for {len(order)} visits: {', '.join(order)}."])
        if not np.isfinite(given).all() or len(set(given)) < len(given):
            raise BadTable(["The times of the visits must be different finite numbers."])
        at = dict(zip(order, given, strict=True))
        return np.array([at[one] for one in visit.levels], dtype=np.float64)
    if all(NUMBER.fullmatch(one) for one in visit.levels):
        return np.array([float(one) for one in visit.levels])
    return np.empty(0)
