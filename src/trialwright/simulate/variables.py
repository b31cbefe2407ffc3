"""Variables compiled: each becomes a step that computes an array from the variables before it and from addressed draws.

Every array has two axes: participants, and places. A variable of screening or of the course has one place, one of the
visits has a place for each planned visit, one of a log has a place for each row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.compute import chance, functions
from trialwright.design.problems import Problem, known_or_close
from trialwright.simulate.formula import Codes, Environment, Formula, Value, WrongFormula, formula
from trialwright.simulate.reading import Read
from trialwright.simulate.scenario import DRAWS, Joint, Scenario, Variable, Variables

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Address:
    """Who and where is drawn: trial and slot of each participant, shape (n, 1), and the places, shape (1, p)."""

    seed: int
    trial: NDArray[np.uint64]
    slot: NDArray[np.int64]
    place: NDArray[np.int64]
    drawn: dict[str, Floats] = field(default_factory=dict)
    """Uniform draws that were made together for a whole table, by name."""


Step = Callable[[Environment, Address], Value]

QUANTILES: dict[str, Callable[..., Value]] = {
    "exponential": chance.exponential,
    "between": chance.between,
    "integer": chance.integer,
}


@dataclass(frozen=True, slots=True)
class Table:
    """Compiled variables in order; `draws` are the uniform draws that each of them needs at every place, `uses` the
    names that each of them speaks of."""

    steps: tuple[tuple[str, Step], ...]
    draws: Mapping[str, tuple[str, ...]]
    uses: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def only(self, names: Iterable[str], uses: Mapping[str, frozenset[str]] | None = None) -> "Table":
        """The steps that these names need, in the same order.

        `uses` says what names of other tables need in turn (`Program.uses`); without it only this table's own names
        are followed. Ask once for each program and keep the result: a table remembers how it was prepared.
        """
        wanted = reached(names, self.uses if uses is None else {**uses, **self.uses})
        return replace(self, steps=tuple(step for step in self.steps if step[0] in wanted))

    def fill(self, environment: dict[str, Any], address: Address) -> dict[str, Any]:
        """Compute every variable into the environment."""
        names = tuple(dict.fromkeys(draw for name, _ in self.steps for draw in self.draws.get(name, ())))
        made = chance.uniforms(address.seed, names, address.trial, address.slot, address.place)
        address = replace(address, drawn=dict(zip(names, made, strict=True)))
        for name, step in self.steps:
            environment[name] = spread(step(environment, address), address)
        return environment


def reached(names: Iterable[str], uses: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The names themselves and every name that they need, directly or by others."""
    wanted: set[str] = set()
    left = set(names)
    while left:
        name = left.pop()
        wanted.add(name)
        left |= uses.get(name, frozenset()) - wanted
    return frozenset(wanted)


def spread(value: Value, address: Address) -> Value:
    """The value with both axes at full length; a view, not a copy."""
    shape = (address.trial.shape[0], address.place.shape[1])
    if isinstance(value, Codes):
        return Codes(np.broadcast_to(value.index, shape), value.names)
    return np.broadcast_to(value, shape)


# ------------------------------------------------------------------ one variable


class Compiler:
    """Compiles the variables of one scenario table by table, and remembers which names are known and what is wrong."""

    def __init__(self, source: Read, scenario: Scenario, visits: Sequence[str]) -> None:
        self.read = source
        self.visits = tuple(visits)
        self.parameters = {**source.scenarios.parameters, **scenario.parameters}
        self.known: dict[str, tuple[str, ...] | None] = dict.fromkeys(self.parameters)
        self.steps: dict[str, Decimal] = {}
        self.uses: dict[str, frozenset[str]] = {}
        self.problems: list[Problem] = []
        self._used: set[str] = set()
        self.factors = {name: (joint, _factor(joint)) for name, joint in source.scenarios.joint.items()}

    def wrong(self, path: Sequence[str | int], says: str, hint: str | None = None) -> None:
        """Note something wrong at a path of the file."""
        where = ".".join(str(step) for step in path)
        problem = Problem(self.read.place(path), says, hint, path=where)
        self.problems.append(problem)

    def formula(self, text: Any, path: Sequence[str | int]) -> Formula:
        """A compiled formula; a wrong one is noted and stands for missing."""
        try:
            made = formula(text, self.known, self.visits)
            self._used |= made.uses
            return made
        except WrongFormula as wrong:
            self.wrong(path, str(wrong))
            return Formula(str(text), lambda _: np.nan, frozenset())

    def grid(self, name: str | None) -> Decimal | None:
        """The step of a variable, where it has one."""
        return self.steps.get(name) if name else None

    def know(self, **names: tuple[str, ...] | None) -> None:
        """Make names known: with their categories, or None for numbers."""
        self.known.update(names)

    def table(self, variables: Variables, path: tuple[str, ...], rows: int = 0, prefix: str = "") -> Table:
        """Compile a table of variables in the order of the file; `prefix` keeps the draws of logs apart."""
        steps = []
        draws: dict[str, tuple[str, ...]] = {}
        for name, variable in variables.items():
            if name in self.known:
                self.wrong((*path, name), f"'{name}' is declared a second time")
            self._used = set()
            steps.append((name, self._variable(prefix + name, variable, (*path, name), rows)))
            self.known[name] = tuple(variable.choose) if variable.choose is not None else None
            if variable.kind in DRAWS:
                draws[name] = self._score(prefix + name, variable, ()).draws
            self.uses[name] = frozenset(self._used)
            if variable.step is not None:
                self.steps[name] = variable.step
        return Table(tuple(steps), draws, {name: self.uses[name] for name in variables})

    def _variable(self, name: str, variable: Variable, path: tuple[str, ...], rows: int) -> Step:
        kind = variable.kind
        if kind == "formula":
            compute = self.formula(variable.formula, (*path, kind))
            return self._finished(lambda environment, address: compute(environment), variable, path)
        if kind == "by_visit":
            step: Step = self._by_visit(variable.by_visit or {}, path)
        elif kind == "by_row":
            step = self._by_row(variable.by_row or (), path, rows)
        else:
            step = self._draw(name, variable, kind, path)
        return self._finished(step, variable, path)

    def _finished(self, step: Step, variable: Variable, path: tuple[str, ...]) -> Step:
        """Cut off, then round to the grid: `k / per_unit` is the double nearest to the decimal that will be written."""
        if variable.within is None and variable.step is None:
            return step
        ends = [self.formula(end, (*path, "within", index)) for index, end in enumerate(variable.within or ())]
        grid = float(variable.step or 0)
        per_unit = round(1 / grid) if 0 < grid < 1 else None

        def compute(environment: Environment, address: Address) -> Value:
            values = step(environment, address)
            if ends:
                values = np.clip(values, ends[0](environment), ends[1](environment))
            if per_unit is not None:
                return np.floor(np.asarray(values) * per_unit + 0.5) / per_unit
            return np.floor(np.asarray(values) / grid + 0.5) * grid if grid else values

        return compute

    def _by_visit(self, numbers: Mapping[str, Any], path: tuple[str, ...]) -> Step:
        for visit in numbers:
            if visit not in self.visits:
                self.wrong(
                    (*path, "by_visit", visit), f"'{visit}' is not a planned visit", known_or_close(visit, self.visits)
                )
        entries = [self.formula(numbers.get(visit, 0), (*path, "by_visit", visit)) for visit in self.visits]
        return lambda environment, address: _beside([entry(environment) for entry in entries], address)

    def _by_row(self, numbers: Sequence[Any], path: tuple[str, ...], rows: int) -> Step:
        if len(numbers) != rows:
            self.wrong((*path, "by_row"), f"there are {rows} rows and {len(numbers)} values")
        entries = [self.formula(number, (*path, "by_row", index)) for index, number in enumerate(numbers)]
        return lambda environment, address: _beside([entry(environment) for entry in entries], address)

    def _draw(self, name: str, variable: Variable, kind: str, path: tuple[str, ...]) -> Step:
        quantile = self._quantile(variable, kind, path)
        score = self._score(name, variable, path)
        if kind in ("normal", "lognormal"):
            return lambda environment, address: quantile(environment, score(address))
        if score.is_plain:
            return lambda environment, address: quantile(environment, _uniform(address, name, address.place))
        return lambda environment, address: quantile(environment, functions.normal_below(score(address)))

    def _score(self, name: str, variable: Variable, path: tuple[str, ...]) -> "Score":
        if variable.joint is not None:
            if variable.joint not in self.factors:
                self.wrong(
                    (*path, "joint"),
                    f"there is no block '{variable.joint}'",
                    known_or_close(variable.joint, sorted(self.factors)),
                )
                return Score(name)
            joint, factor = self.factors[variable.joint]
            if name not in joint.variables:
                self.wrong(
                    (*path, "joint"), f"block {variable.joint} does not hold '{name}'", ", ".join(joint.variables)
                )
                return Score(name)
            return Score(name, block=variable.joint, row=factor[joint.variables.index(name)])
        return Score(name, persist=float(variable.persist or 0))

    def _quantile(self, variable: Variable, kind: str, path: tuple[str, ...]) -> Callable[[Environment, Any], Value]:
        """From the normal score (normal, lognormal) or the uniform draw (all others) to the value."""
        given = getattr(variable, kind)
        if kind == "choose":
            weights = [self.formula(weight, (*path, kind, code)) for code, weight in given.items()]
            names = tuple(given)
            return lambda environment, u: Codes(_category(u, [weight(environment) for weight in weights]), names)
        if kind == "bernoulli":
            likely = self.formula(given, (*path, kind))
            return lambda environment, u: chance.bernoulli(u, likely(environment))
        parts = [self.formula(getattr(given, part), (*path, kind, part)) for part in type(given).model_fields]
        if kind == "normal":
            return lambda environment, z: np.asarray(parts[0](environment) + np.asarray(parts[1](environment)) * z)
        if kind == "lognormal":
            return lambda environment, z: (
                np.asarray(parts[0](environment)) * functions.exp(np.asarray(parts[1](environment)) * z)
            )
        quantile = QUANTILES[kind]
        return lambda environment, u: quantile(u, *(part(environment) for part in parts))


@dataclass(frozen=True)
class Score:
    """A normal score: plain, partly persistent over the places, or one row of a correlated block."""

    name: str
    persist: float = 0.0
    block: str | None = None
    row: Floats | None = None

    @property
    def is_plain(self) -> bool:
        """Whether a uniform draw does without the detour over a normal score."""
        return self.block is None and not self.persist

    @property
    def draws(self) -> tuple[str, ...]:
        """The uniform draws that it takes at every place."""
        if self.row is None:
            return (self.name,)
        return tuple(f"{self.block}.{index}" for index, weight in enumerate(self.row.tolist()) if weight)

    def __call__(self, address: Address) -> Floats:
        if self.row is not None:
            parts = [
                weight * chance.normal(_uniform(address, f"{self.block}.{index}", address.place))
                for index, weight in enumerate(self.row.tolist())
                if weight
            ]
            return np.asarray(sum(parts))
        fresh = chance.normal(_uniform(address, self.name, address.place))
        if not self.persist:
            return fresh
        own = chance.normal(_uniform(address, f"{self.name}|own", np.zeros((1, 1), dtype=np.int64)))
        return np.asarray(np.sqrt(self.persist) * own + np.sqrt(1 - self.persist) * fresh)


def _uniform(address: Address, variable: str, place: NDArray[np.int64]) -> Floats:
    made = address.drawn.get(variable)
    if made is not None:
        return made
    return chance.uniform(address.seed, variable, address.trial, address.slot, place)


def _category(u: Floats, weights: list[Value]) -> NDArray[np.int64]:
    """The category of a uniform draw; the weights may differ from participant to participant."""
    if not any(np.ndim(weight) for weight in weights):
        return chance.categorical(u, np.array(weights, dtype=np.float64))
    edges = np.cumsum(np.stack(np.broadcast_arrays(*weights, u)[:-1], axis=-1).astype(np.float64), axis=-1)
    beyond = np.asarray(u)[..., None] * edges[..., -1:] >= edges[..., :-1]
    return np.asarray(beyond.sum(axis=-1), dtype=np.int64)


def _beside(values: list[Value], address: Address) -> Value:
    """One column per place."""
    people = address.trial.shape[0]
    columns = [np.broadcast_to(np.asarray(value, dtype=np.float64), (people, 1)) for value in values]
    return np.concatenate(columns, axis=1)


def _factor(joint: Joint) -> Floats:
    """The Cholesky factor of the block's correlation matrix. Raises `numpy.linalg.LinAlgError` where it is not
    positive definite."""
    size = len(joint.variables)
    matrix = np.eye(size)
    for row, numbers in enumerate(joint.correlations):
        matrix[row, row + 1 :] = matrix[row + 1 :, row] = [float(number) for number in numbers]
    return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
