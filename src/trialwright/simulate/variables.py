"""Variables compiled: each becomes a step that computes an array from the variables before it and from addressed draws.

Every array has two axes: participants, and places. A variable of screening or of the course has one place, one of the
visits has a place for each planned visit, one of a log has a place for each row.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.compute import chance, functions
from trialwright.design.problems import Problem, known_or_close
from trialwright.simulate.formula import Codes, Environment, Formula, Value, WrongFormula, formula, least, most
from trialwright.simulate.reading import Read
from trialwright.simulate.scenario import DRAWS, Joint, Scenario, Variable, Variables
from trialwright.simulate.tape import Tapes, played, steps_as_kept
from trialwright.simulate.tape_writer import STEPS, Recipe, Term

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
    "bernoulli": chance.bernoulli,
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
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    visits: tuple[str, ...] = ()
    kept: frozenset[str] | None = None
    in_steps: frozenset[str] = frozenset()
    tapes: Tapes = field(default_factory=dict, init=False, compare=False, repr=False)

    def only(self, names: Iterable[str], uses: Mapping[str, frozenset[str]] | None = None) -> "Table":
        """The steps that these names need, in the same order.

        `uses` says what names of other tables need in turn (`Program.uses`); without it only this table's own names
        are followed. Ask once for each program and keep the result: a table remembers how it was prepared.
        """
        wanted = reached(names, self.uses if uses is None else {**uses, **self.uses})
        return replace(self, steps=tuple(step for step in self.steps if step[0] in wanted))

    def keeping(self, names: Iterable[str], in_steps: Iterable[str] = ()) -> "Table":
        """A table whose `fill` leaves only these of its variables in the environment: whatever is in between then costs
        no memory. Names of other tables are let be.

        Of a variable with a `step`, `in_steps` leaves how many steps of its grid each value is, under `STEPS + name`:
        32-bit whole numbers, `tape.MISSING` where the value is nan, cut off at 2^31 - 1. They are ready before the
        value itself, which is then only computed where somebody needs it.
        """
        return replace(self, kept=frozenset(names), in_steps=frozenset(in_steps))

    def fill(self, environment: dict[str, Any], address: Address) -> dict[str, Any]:
        """Compute the variables into the environment: by the kernel where it is there, with the same bits."""
        recipes = {name: self.recipes[name] for name, _ in self.steps if name in self.recipes}
        made = None
        if len(recipes) == len(self.steps):
            made = played(recipes, self.inputs, self.kept, self.in_steps, environment, address, self.visits, self.tapes)
        if made is None:
            made = self.fill_reference(environment, address)
        for name, value in made.items():
            environment[name] = spread(value, address)
        return environment

    def fill_reference(self, environment: Mapping[str, Any], address: Address) -> dict[str, Any]:
        """The variables by NumPy: the specification of the kernel's."""
        names = tuple(dict.fromkeys(draw for name, _ in self.steps for draw in self.draws.get(name, ())))
        made = chance.uniforms(address.seed, names, address.trial, address.slot, address.place)
        address = replace(address, drawn=dict(zip(names, made, strict=True)))
        known = dict(environment)
        for name, step in self.steps:
            known[name] = spread(step(known, address), address)
        left = {name: known[name] for name, _ in self.steps if self.kept is None or name in self.kept}
        for name, _ in self.steps:
            grid = self.recipes[name].grid if name in self.in_steps else 0
            if grid:
                left[STEPS + name] = spread(steps_as_kept(np.floor(_in_units(known[name], grid) + 0.5)), address)
        return left

    @property
    def inputs(self) -> list[str]:
        """The names from outside that its variables speak of."""
        own = {name for name, _ in self.steps}
        return sorted({used for name in own for used in self.uses.get(name, frozenset())} - own)


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
    """The value with both axes at full length; a view where it is the same along an axis, else an array whose
    participants lie side by side, place after place."""
    shape = (address.trial.shape[0], address.place.shape[1])
    if isinstance(value, Codes):
        return Codes(np.broadcast_to(np.asfortranarray(value.index), shape), value.names)
    return np.broadcast_to(np.asfortranarray(value), shape)


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
        steps: list[tuple[str, Step]] = []
        draws: dict[str, tuple[str, ...]] = {}
        recipes: dict[str, Recipe] = {}
        for name, variable in variables.items():
            if name in self.known:
                self.wrong((*path, name), f"'{name}' is declared a second time")
            self._used = set()
            recipe = recipes[name] = self._recipe(prefix + name, variable, (*path, name), rows)
            steps.append((name, step_of(recipe)))
            self.known[name] = tuple(variable.choose) if variable.choose is not None else None
            draws[name] = tuple(term.draw for term in recipe.terms if not term.own)
            self.uses[name] = frozenset(self._used)
            if variable.step is not None:
                self.steps[name] = variable.step
        uses = {name: self.uses[name] for name in variables}
        return Table(tuple(steps), draws, uses, recipes, self.visits)

    def _recipe(self, name: str, variable: Variable, path: tuple[str, ...], rows: int) -> Recipe:
        parts = tuple(self._parts(variable, path, rows))
        return Recipe(
            kind=variable.kind,
            parts=parts,
            categories=tuple(variable.choose or ()),
            terms=self._terms(name, variable, path) if variable.kind in DRAWS else (),
            ends=tuple(self.formula(end, (*path, "within", at)) for at, end in enumerate(variable.within or ())),
            grid=float(variable.step or 0),
        )

    def _parts(self, variable: Variable, path: tuple[str, ...], rows: int) -> list[Formula]:
        """The formulas of a distribution or value, in the order of its fields, categories, visits or rows."""
        kind = variable.kind
        given = getattr(variable, kind)
        path = (*path, kind)
        if kind in ("formula", "bernoulli"):
            return [self.formula(given, path)]
        if kind == "choose":
            return [self.formula(weight, (*path, code)) for code, weight in given.items()]
        if kind == "by_visit":
            for visit in given:
                if visit not in self.visits:
                    hint = known_or_close(visit, self.visits)
                    self.wrong((*path, visit), f"'{visit}' is not a planned visit", hint)
            return [self.formula(given.get(visit, 0), (*path, visit)) for visit in self.visits]
        if kind == "by_row":
            if len(given) != rows:
                self.wrong(path, f"there are {rows} rows and {len(given)} values")
            return [self.formula(number, (*path, index)) for index, number in enumerate(given)]
        return [self.formula(getattr(given, part), (*path, part)) for part in type(given).model_fields]

    def _terms(self, name: str, variable: Variable, path: tuple[str, ...]) -> tuple[Term, ...]:
        """The draws of a variable: one of its own, one that stays and one for each place, or those of a block."""
        if variable.joint is not None:
            if variable.joint not in self.factors:
                hint = known_or_close(variable.joint, sorted(self.factors))
                self.wrong((*path, "joint"), f"there is no block '{variable.joint}'", hint)
                return (Term(name),)
            joint, factor = self.factors[variable.joint]
            if name not in joint.variables:
                says = f"block {variable.joint} does not hold '{name}'"
                self.wrong((*path, "joint"), says, ", ".join(joint.variables))
                return (Term(name),)
            row = factor[joint.variables.index(name)]
            return tuple(Term(f"{variable.joint}.{index}", weight) for index, weight in enumerate(row) if weight)
        if not variable.persist:
            return (Term(name),)
        stays = float(variable.persist)
        return (Term(f"{name}|own", math.sqrt(stays), own=True), Term(name, math.sqrt(1 - stays)))


# ------------------------------------------------------------------ the specification, by NumPy


def step_of(recipe: Recipe) -> Step:
    """The closure that computes a variable."""
    if recipe.kind == "formula":
        step: Step = lambda environment, address: recipe.parts[0](environment)  # noqa: E731
    elif recipe.kind in ("by_visit", "by_row"):
        step = lambda environment, address: _beside([part(environment) for part in recipe.parts], address)  # noqa: E731
    else:
        quantile, normal = _quantile(recipe), recipe.kind in ("normal", "lognormal")
        score = _score if normal else _uniform_of
        step = lambda environment, address: quantile(environment, score(recipe.terms, address))  # noqa: E731
    return _finished(step, recipe)


def _finished(step: Step, recipe: Recipe) -> Step:
    """Cut off, then round to the grid: `k / per_unit` is the double nearest to the decimal that will be written."""
    ends, grid = recipe.ends, recipe.grid
    if not ends and not grid:
        return step

    def compute(environment: Environment, address: Address) -> Value:
        values = step(environment, address)
        if ends:
            values = least(most(values, ends[0](environment)), ends[1](environment))
        if not grid:
            return values
        steps = np.floor(_in_units(values, grid) + 0.5)
        return steps / round(1 / grid) if grid < 1 else steps * grid

    return compute


def _in_units(values: Value, grid: float) -> Value:
    """Numbers counted in steps of a grid; a grid finer than one divides it."""
    return np.asarray(values) * round(1 / grid) if grid < 1 else np.asarray(values) / grid


def _quantile(recipe: Recipe) -> Callable[[Environment, Any], Value]:
    """From the normal score (normal, lognormal) or the uniform draw (all others) to the value."""
    parts = recipe.parts
    if recipe.kind == "choose":
        names = recipe.categories
        return lambda environment, u: Codes(_category(u, [weight(environment) for weight in parts]), names)
    if recipe.kind == "normal":
        return lambda environment, z: np.asarray(parts[0](environment) + np.asarray(parts[1](environment)) * z)
    if recipe.kind == "lognormal":
        return lambda environment, z: (
            np.asarray(parts[0](environment)) * functions.exp(np.asarray(parts[1](environment)) * z)
        )
    quantile = QUANTILES[recipe.kind]
    return lambda environment, u: quantile(u, *(part(environment) for part in parts))


def _score(terms: Sequence[Term], address: Address) -> Floats:
    """The normal score: that of one draw, or the weighted sum of several in their order."""
    if terms[0].weight is None:
        return chance.normal(_uniform(address, terms[0]))
    total = terms[0].weight * chance.normal(_uniform(address, terms[0]))
    for term in terms[1:]:
        total = total + (term.weight or 0.0) * chance.normal(_uniform(address, term))
    return total


def _uniform_of(terms: Sequence[Term], address: Address) -> Floats:
    """The uniform draw; one that belongs to a block or stays in part takes the detour over its normal score."""
    if terms[0].weight is None:
        return _uniform(address, terms[0])
    return np.asarray(functions.normal_below(_score(terms, address)))


def _uniform(address: Address, term: Term) -> Floats:
    made = address.drawn.get(term.draw)
    if made is not None:
        return made
    place = np.zeros((1, 1), dtype=np.int64) if term.own else address.place
    return chance.uniform(address.seed, term.draw, address.trial, address.slot, place)


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


def _factor(joint: Joint) -> list[list[float]]:
    """The Cholesky factor of the block's correlation matrix, row by row; by plain sums, because a library's last bits
    differ between machines. Raises `numpy.linalg.LinAlgError` where the matrix is not positive definite."""
    size = len(joint.variables)
    factor: list[list[float]] = []
    for row in range(size):
        numbers: list[float] = []
        for column in range(row + 1):
            rest = 1.0 if row == column else float(joint.correlations[column][row - column - 1])
            for before in range(column):
                rest -= numbers[before] * (numbers if row == column else factor[column])[before]
            if row == column and rest <= 0:
                raise np.linalg.LinAlgError("the matrix is not positive definite")
            numbers.append(math.sqrt(rest) if row == column else rest / factor[column][column])
        factor.append(numbers)
    return factor
