"""The columns of a table by the part they play in the model, and which rows know enough to be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.mmrm.faults import BadFormula, BadTable, closest, listed
from trialwright.analysis.mmrm.formula import Model
from trialwright.analysis.mmrm.table import MISSING, Factor, Table, coded, factor, is_numeric, labels, numbers

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns hold what. `visits` and `times` put the visits in order and at coordinates, where given."""

    participant: str
    visit: str
    arm: str | None = None
    reference: str | None = None
    weights: str | None = None
    groups: str | None = None
    visits: tuple[str, ...] | None = None
    times: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Read:
    """All rows of the table. `who` (N,) are places in `people`, -1 where nobody is named; `factors` hold the visit, the
    arm and the factors of the formula, `covariates` its numbers; `used` says which rows know all of it.
    """

    table: Table
    model: Model
    roles: Roles
    who: Integers
    people: tuple[str, ...]
    visit: Factor
    factors: Mapping[str, Factor]
    covariates: Mapping[str, Floats]
    outcome: Mapping[str, Floats]
    weights: Floats | None
    group: Factor | None
    used: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    left_out: Mapping[str, int] = field(default_factory=dict)


def read(table: Table, model: Model, roles: Roles) -> Read:
    """The columns that the model and its options name. Raises `BadTable` and `BadFormula`."""
    _require(table, model, roles)
    visit = _ordered(factor(table, roles.visit), roles)
    factors = {roles.visit: visit}
    if roles.arm:
        factors[roles.arm] = _reference_first(factor(table, roles.arm), roles)
    covariates = _columns(table, model, roles, factors)
    outcome = _numbers(table, model.outcome.columns)
    who, people = _identities(table, roles.participant)
    weights = numbers(table, roles.weights) if roles.weights else None
    group = factor(table, roles.groups) if roles.groups else None
    known: dict[str, NDArray[np.bool_]] = {name: column == column for name, column in outcome.items()}
    known |= {name: column == column for name, column in covariates.items()}
    known |= {name: one.codes >= 0 for name, one in factors.items() if name != roles.visit}
    if weights is not None and roles.weights:
        known[roles.weights] = weights == weights
    if group is not None and roles.groups:
        known[roles.groups] = group.codes >= 0
    used, left_out = _used(known)
    _refuse_nameless(table, roles, used, who, visit)
    if weights is not None:
        _refuse_weights(table, roles, used, weights)
    return Read(table, model, roles, who, people, visit, factors, covariates, outcome, weights, group, used, left_out)


def _require(table: Table, model: Model, roles: Roles) -> None:
    """Every column that is named must be there, and the arm must be in the formula."""
    wanted = dict.fromkeys(model.outcome.columns, "the outcome")
    wanted |= {name: "in the formula" for name in model.columns if name not in wanted}
    options = {
        "the participant": roles.participant, "the visit": roles.visit, "the arm": roles.arm,
        "the weights": roles.weights, "the covariance groups": roles.groups,
    }  # fmt: skip
    wanted |= {name: what for what, name in options.items() if name}
    absent = [(name, what) for name, what in wanted.items() if name not in table.names]
    if absent:
        columns = listed(table.names)
        raise BadTable(
            f"There is no column '{name}' ({what}){closest(name, table.names)}; the columns are {columns}."
            for name, what in absent
        )
    if roles.arm and roles.arm not in model.columns:
        raise BadFormula(
            f"The arm '{roles.arm}' is not in the formula '{model.text}', so it has no effect to estimate; "
            f"'{model.text} + {roles.arm}*{roles.visit}' would estimate one at each visit."
        )
    if twice := [name for name in model.outcome.columns if name in (*model.columns, roles.arm, roles.visit)]:
        raise BadFormula(f"The outcome '{twice[0]}' of the formula '{model.text}' also stands among what explains it.")


def _columns(table: Table, model: Model, roles: Roles, factors: dict[str, Factor]) -> dict[str, Floats]:
    """The covariates of the formula; its factors are added to `factors`. All cells that are no numbers at once."""
    forced = {part.columns[0] for part in model.parts if part.kind == "factor"}
    inside = {name for part in model.parts if part.kind == "function" for name in part.columns}
    numeric = []
    for name in model.columns:
        if name in factors:
            continue
        if name not in forced and (name in inside or is_numeric(table, name)):
            numeric.append(name)
        else:
            factors[name] = factor(table, name)
    if wrong := [name for name in inside if name in factors]:
        raise BadFormula(f"'{wrong[0]}' is a factor of the model and stands inside a function in '{model.text}'.")
    return _numbers(table, tuple(numeric))


def _numbers(table: Table, names: tuple[str, ...]) -> dict[str, Floats]:
    if len(names) == 1:
        return {names[0]: numbers(table, names[0])}
    found: dict[str, Floats] = {}
    problems: list[str] = []
    for name in names:
        try:
            found[name] = numbers(table, name)
        except BadTable as bad:
            problems += bad.problems
    if problems:
        raise BadTable(problems)
    return found


def _identities(table: Table, name: str) -> tuple[Integers, tuple[str, ...]]:
    """Participants in the order in which they appear, -1 where the cell is empty."""
    values, _ = table.values(name)
    if isinstance(values, np.ndarray):
        who, distinct = coded(values)
        return who, labels(distinct)
    seen: dict[str, int] = {}
    codes = np.array([seen.setdefault(text, len(seen)) for text in values], dtype=np.int64)
    for text in MISSING & seen.keys():
        codes[codes == seen[text]] = -1
    return codes, tuple(seen)


def _ordered(visit: Factor, roles: Roles) -> Factor:
    """The visits in the order that was given, if one was; each must be there and no other."""
    if roles.visits is None:
        return visit
    given = tuple(str(one) for one in roles.visits)
    problems = [
        f"The visit '{one}' of the order that was given is not in the column '{roles.visit}'"
        f"{closest(one, visit.levels)}; it holds {listed(visit.levels)}."
        for one in given
        if one not in visit.levels
    ]
    problems += [f"The visit '{one}' is not in the order that was given." for one in visit.levels if one not in given]
    if problems or len(set(given)) < len(given):
        raise BadTable(problems or ["A visit stands twice in the order that was given."])
    return _in_order(visit, given)


def _in_order(factor: Factor, levels: tuple[str, ...]) -> Factor:
    places = np.array([*(levels.index(one) for one in factor.levels), -1], dtype=np.int64)
    return Factor(places[factor.codes], levels)


def _reference_first(arm: Factor, roles: Roles) -> Factor:
    """The arm with its reference level first, so that every coefficient is a difference from it."""
    if len(arm.levels) < 2:
        only = f"has one level, '{arm.levels[0]}'" if arm.levels else "is empty"
        raise BadTable([f"The arm '{roles.arm}' {only}, so there is nothing to compare."])
    if roles.reference is None or roles.reference == arm.levels[0]:
        return arm
    if roles.reference not in arm.levels:
        near = closest(roles.reference, arm.levels)
        raise BadTable(
            [f"The reference '{roles.reference}' is no level of the arm '{roles.arm}'{near}: {listed(arm.levels)}."]
        )
    return _in_order(arm, (roles.reference, *(one for one in arm.levels if one != roles.reference)))


def _used(known: Mapping[str, NDArray[np.bool_]]) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """The rows that know everything, and how many were left out for the first thing that they lack."""
    used = np.logical_and.reduce(list(known.values()))
    left_out: dict[str, int] = {}
    if not used.all():
        still = np.ones(used.size, dtype=bool)
        for name, have in known.items():
            if lacking := int(np.count_nonzero(still & ~have)):
                left_out[name] = lacking
            still &= have
    if not used.any():
        why = ", ".join(f"{count} lack '{name}'" for name, count in left_out.items()) or "it has none"
        raise BadTable([f"No row of the table can be used: {why}."])
    return used, left_out


def _refuse_nameless(table: Table, roles: Roles, used: NDArray[np.bool_], who: Integers, visit: Factor) -> None:
    """A row that is to be used must say whose it is and of which visit."""
    problems: list[str] = []
    for name, codes in ((roles.participant, who), (roles.visit, visit.codes)):
        for row in np.flatnonzero(used & (codes < 0)).tolist():
            problems.append(f"{table.place(row)} has an outcome and no value in the column '{name}'.")
    if problems:
        raise BadTable(problems)


def _refuse_weights(table: Table, roles: Roles, used: NDArray[np.bool_], weights: Floats) -> None:
    wrong = np.flatnonzero(used & ~(weights > 0)).tolist()
    if wrong:
        raise BadTable(
            f"{table.place(row)}, column '{roles.weights}': the weight {weights[row]:g} must be above 0."
            for row in wrong
        )
