"""Tapes written: recipes of variables become operations on registers.

Every method is the twin of a closure in `formula.py` or `variables.py`: the same operations in the same order. What
does not depend on participants (parameters, weeks, edges of categories) is computed here by the specification itself
and becomes a constant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from trialwright.logic.syntax import Binary, Call, Expression, Joined, ListOf, Literal, Name, Unary
from trialwright.simulate.formula import FUNCTIONS, OPERATORS, Codes, Formula, category_words, counted

AT_ZERO, AT_PLACES, AT_OWN = range(3)
"""Where a draw is addressed: at place 0, at each place, at each participant's own place."""
STEPS = "#"
"""Before a name: how many steps of its grid the value is."""


class NoTape(Exception):
    """The table says something that a tape cannot; NumPy computes it."""


@dataclass(frozen=True, slots=True)
class Term:
    """One uniform draw of a score; as a normal score it counts with its weight. `own`: one draw for all places."""

    draw: str
    weight: float | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a variable is made, as data: its kind, the formulas of its parts in their order, the categories of a choice,
    the terms of its draw, then the ends of `within` and the grid."""

    kind: str
    parts: tuple[Formula, ...]
    categories: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    ends: tuple[Formula, ...] = ()
    grid: float = 0.0


@dataclass(frozen=True, slots=True)
class Node:
    """A value while a tape is written.

    `kind`: f number, i whole number, b truth, c code, s steps of a grid. `value`: what it is, where it does not depend
    on participants. Otherwise `register` holds it; `several`: it differs between places; `place`: this place of a
    register alone.
    """

    kind: str
    value: Any = None
    register: int = -1
    several: bool = False
    place: int | None = None
    names: tuple[str, ...] = ()

    @property
    def constant(self) -> bool:
        """Whether it is known now."""
        return self.register < 0


@dataclass(frozen=True, slots=True)
class Given:
    """A name from outside: an array of so many places (0: a plain number), or a constant. `alike`: the array has the
    same value at all places."""

    kind: str
    width: int
    constant: Any
    names: tuple[str, ...] = ()
    alike: bool = False

    @property
    def mark(self) -> tuple[Any, ...]:
        """What of it a tape depends on."""
        known = None if self.constant is None else np.asarray(self.constant).tobytes()
        return (self.kind, self.width, known, self.names, self.alike)


@dataclass(slots=True)
class Line:
    """One operation on registers; `extra` are the two numbers at the end of a line of code."""

    operation: str
    result: int
    operands: tuple[Node, ...]
    several: bool
    extra: tuple[int, int] = (0, 0)


# ------------------------------------------------------------------ writing


@dataclass
class Writer:
    """Writes the lines of one tape, register by register; equal operations are written once."""

    known: Mapping[str, Given]
    visits: tuple[str, ...]
    places: int
    own_places: bool
    lines: list[Line] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    done: dict[Any, Node] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    draws: list[str] = field(default_factory=list)
    count: int = 0

    def write(
        self, operation: str, kind: str, *operands: Node, several: bool | None = None, extra: Any = (0, 0)
    ) -> Node:
        """A new register with the result of an operation."""
        if several is None:
            several = any(self._is_several(operand) for operand in operands)
        mark = (operation, kind, tuple(_same(operand) for operand in operands), several, extra)
        if mark not in self.done:
            self.lines.append(Line(operation, self.count, operands, several, extra))
            self.done[mark] = Node(kind, register=self.count, several=several)
            self.count += 1
        return self.done[mark]

    def _is_several(self, node: Node) -> bool:
        if node.constant:
            return np.ndim(node.value) == 2 and np.shape(node.value)[1] > 1
        return node.several and node.place is None

    # -------------------------------------------------------------- names

    def name(self, name: str) -> Node:
        """The value of a variable of this table or of a name from outside."""
        if name not in self.nodes:
            self.nodes[name] = self._outside(name)
        return self.nodes[name]

    def _outside(self, name: str) -> Node:
        one = self.known.get(name)
        if one is None:
            raise NoTape(f"'{name}' is not there")
        if one.width not in (0, 1, self.places):
            raise NoTape(f"'{name}' has other places")
        if one.constant is not None:
            return Node(one.kind, value=one.constant, names=one.names)
        several = one.width > 1 and not one.alike
        node = self.write("load", one.kind, several=several, extra=(0, self._input(name)))
        return replace(node, names=one.names)

    def _input(self, name: str) -> int:
        if name not in self.inputs:
            self.inputs.append(name)
        return self.inputs.index(name)

    def at(self, name: str, place: int) -> Node:
        """The value of a name at one place, for all places."""
        source = "@" + name if "@" + name in self.known else name
        if source in self.nodes:
            return self._place_of(self.nodes[source], place)
        one = self.known.get(source)
        if one is None or one.names or place >= one.width:
            raise NoTape(f"'{name}' has no such place")
        if one.constant is not None:
            return Node(one.kind, value=one.constant[:, place : place + 1])
        return self.write("load", one.kind, several=False, extra=(place, self._input(source)))

    def _place_of(self, node: Node, place: int) -> Node:
        """One place of a variable of this table, which stands at all of them."""
        if node.names or place >= self.places:
            raise NoTape("a category, or a place that is not there")
        if node.constant:
            return Node(node.kind, value=np.broadcast_to(node.value, (1, self.places))[:, place : place + 1])
        return replace(node, place=place) if node.several and node.place is None else node

    # -------------------------------------------------------------- formulas

    def formula(self, one: Formula) -> Node:
        """The value of a formula."""
        if one.expression is None:
            raise NoTape("a formula that is wrong")
        return self.expression(one.expression)

    def expression(self, expression: Expression) -> Node:
        """The value of an expression: the twin of `formula._closure`."""
        match expression:
            case Literal(value) if not isinstance(value, str):
                return constant(value if isinstance(value, bool) else float(value))  # type: ignore[arg-type]
            case Name(_):
                return self.name(expression.text)
            case Unary("not", part):
                return self.apply("not", self.number(part))
            case Unary(_, part):
                return self.apply("negate", self.number(part))
            case Joined(operator, parts):
                nodes = [self.number(part) for part in parts]
                return self.fold(operator, nodes)
            case Binary(operator, left, right):
                if isinstance(left, Name) and self.name(left.text).kind == "c":
                    return self._category(operator, self.name(left.text), right)
                return self.apply(operator, self.number(left), self.number(right))
            case Call("at", arguments):
                return self.at(arguments[0].text, self.visits.index(arguments[1].text))  # type: ignore[union-attr]
            case Call("count", (ListOf(parts),)):
                return self.fold("+", [self._counted(self.number(part)) for part in parts])
            case Call(function, arguments):
                nodes = [self.number(argument) for argument in arguments]
                return self.fold(function, nodes) if function in ("min", "max") else self.apply(function, *nodes)
        raise NoTape("an expression of another kind")

    def number(self, expression: Expression) -> Node:
        """The value of an expression that may not be a category."""
        node = self.expression(expression)
        if node.kind == "c":
            raise NoTape("a category as a number")
        return node

    def fold(self, operation: str, nodes: Sequence[Node]) -> Node:
        """One operation from left to right."""
        out = nodes[0]
        for node in nodes[1:]:
            out = self.apply(operation, out, node)
        return out

    def _counted(self, node: Node) -> Node:
        if node.constant:
            return constant(counted([node.value]))
        if node.kind == "f":
            raise NoTape("a count of numbers")
        return Node("i", register=node.register, several=node.several, place=node.place)

    def _category(self, operator: str, node: Node, right: Expression) -> Node:
        words = category_words(right)
        if node.constant:
            found = Codes(np.asarray(node.value), node.names).is_one_of(words)
            return constant(~found if operator == "!=" else found)
        code = Node("f", register=node.register, several=node.several)
        equal = [self.write("==", "b", code, constant(float(node.names.index(word)))) for word in words]
        either = self.fold("or", equal)
        return self.apply("not", either) if operator == "!=" else either

    # -------------------------------------------------------------- operations

    def apply(self, operation: str, *nodes: Node) -> Node:
        """An operation of the language; on constants it is done now."""
        if all(node.constant for node in nodes):
            return constant(_done(operation, [node.value for node in nodes]))
        kinds = {node.kind for node in nodes}
        if operation in (">", ">="):
            return self.write({">": "<", ">=": "<="}[operation], "b", nodes[1], nodes[0])
        if operation in ("<", "<=", "==", "!=", "and", "or", "not", "missing"):
            return self.write(operation, "b", *nodes)
        if operation in ("/", "exp", "log", "sqrt", "floor", "ceil", "log1p", "below"):
            return self.write(operation, "f", *nodes)
        if operation == "if":
            return self.write(operation, _widest(nodes[1:]), *nodes)
        if operation in ("min", "max", "abs"):
            return self.write(operation, _widest(nodes), *nodes)
        if kinds == {"b"}:
            if operation in ("+", "*"):
                return self.write("or" if operation == "+" else "and", "b", *nodes)
            raise NoTape(f"'{operation}' of truths")
        if operation not in ("+", "-", "*", "negate"):
            raise NoTape(f"no operation '{operation}'")
        made = self.write(operation, _widest(nodes), *nodes)
        # A whole number has no minus zero.
        return self.write("+", "i", made, constant(0.0)) if made.kind == "i" else made

    # -------------------------------------------------------------- draws

    def draw(self, term: Term, normal: bool) -> Node:
        """A uniform draw or its normal score."""
        if term.draw not in self.draws:
            self.draws.append(term.draw)
        where = AT_ZERO if term.own else AT_OWN if self.own_places else AT_PLACES
        several = self.places > 1 and not term.own
        extra = (where, self.draws.index(term.draw))
        return self.write("normal" if normal else "uniform", "f", several=several, extra=extra)

    def score(self, terms: tuple[Term, ...]) -> Node:
        """The normal score of a draw: the weighted sum of its terms, in their order."""
        if terms[0].weight is None:
            return self.draw(terms[0], normal=True)
        parts = [(constant(float(term.weight or 0.0)), self.draw(term, normal=True)) for term in terms]
        out = self.apply("*", *parts[0])
        for weight, score in parts[1:]:
            out = self.write("add product", "f", out, weight, score)
        return out

    def uniform(self, terms: tuple[Term, ...]) -> Node:
        """The uniform draw itself, or that of a composed score."""
        if terms[0].weight is None:
            return self.draw(terms[0], normal=False)
        return self.write("below", "f", self.score(terms))

    # -------------------------------------------------------------- variables

    def variable(self, recipe: Recipe) -> tuple[Node, Node | None]:
        """The value of a variable, the twin of `variables.step_of`, and how many steps of its grid it is, where it has
        one."""
        node = self._made(recipe)
        if not recipe.ends and not recipe.grid:
            return node, None
        if node.kind == "c":
            raise NoTape("a category on a grid")
        if recipe.ends:
            low, high = (self.formula(end) for end in recipe.ends)
            if "c" in (low.kind, high.kind):
                raise NoTape("a category as an end")
            if node.constant:
                node = self.fold("min", [self.fold("max", [node, low]), high])
            else:
                node = self.write("clip", _widest((node, low, high)), node, low, high)
        return self._on_grid(node, recipe.grid) if recipe.grid else (node, None)

    def _on_grid(self, node: Node, grid: float) -> tuple[Node, Node]:
        fine = 0 < grid < 1
        number = float(round(1 / grid)) if fine else grid
        if node.constant:
            value = np.asarray(node.value)
            below = np.floor(value * number + 0.5) if fine else np.floor(value / number + 0.5)
            return constant(below / number if fine else below * number), replace(constant(below), kind="s")
        steps = self.write("fine steps" if fine else "coarse steps", "f", node, constant(number))
        return self.write("/" if fine else "*", "f", steps, constant(number)), replace(steps, kind="s")

    def _made(self, recipe: Recipe) -> Node:
        if recipe.kind == "formula":
            return self.formula(recipe.parts[0])
        parts = [self.formula(part) for part in recipe.parts]
        if any(part.kind == "c" for part in parts):
            raise NoTape("a category as a number")
        if recipe.kind in ("by_visit", "by_row"):
            return self._beside(parts)
        if recipe.kind in ("normal", "lognormal"):
            first, second, z = *parts, self.score(recipe.terms)
            if recipe.kind == "normal":
                return self.write("add product", "f", first, second, z)
            return self.apply("*", _real(first), self.apply("exp", self.apply("*", _real(second), z)))
        u = self.uniform(recipe.terms)
        match recipe.kind:
            case "choose":
                return self._choice(u, parts, recipe.categories)
            case "bernoulli":
                return self.apply("<", u, parts[0])
            case "exponential":
                logarithm = self.apply("log1p", self.apply("negate", u))
                return self.apply("*", self.apply("negate", parts[0]), logarithm)
            case "between":
                return self.write("add product", "f", parts[0], self.apply("-", parts[1], parts[0]), u)
            case "integer":
                return self._integer(u, *parts)
        raise NoTape(f"no kind '{recipe.kind}'")

    def _integer(self, u: Node, low: Node, high: Node) -> Node:
        steps = self.apply("+", self.apply("-", high, low), constant(1))
        step = self.apply("min", self.apply("floor", self.apply("*", u, steps)), self.apply("-", steps, constant(1)))
        return self.write("truncate", "i", self.apply("+", low, step))

    def _choice(self, u: Node, weights: Sequence[Node], names: tuple[str, ...]) -> Node:
        """How many edges of the categories lie at or below the draw."""
        if not any(not weight.constant or np.ndim(weight.value) for weight in weights):
            numbers = np.array([weight.value for weight in weights], dtype=np.float64)
            sums_of = np.cumsum(numbers)
            if (numbers < 0).any() or not sums_of[-1] > 0:
                raise NoTape("weights that cannot be")
            edges = (sums_of / sums_of[-1])[: np.flatnonzero(numbers)[-1]].tolist()
            above = [self.write("<=", "b", constant(edge), u) for edge in edges]
        else:
            sums = [_real(weights[0])]
            for weight in weights[1:]:
                sums.append(self.apply("+", sums[-1], _real(weight)))
            reach = self.apply("*", u, sums[-1])
            above = [self.apply("<=", edge, reach) for edge in sums[:-1]]
        counts = [Node("f", register=one.register, several=one.several) for one in above]
        index = self.fold("+", counts) if counts else self.apply("*", u, constant(0.0))
        return Node("c", register=index.register, several=index.several, names=names)

    def _beside(self, parts: Sequence[Node]) -> Node:
        if len(parts) != self.places or any(self._is_several(part) for part in parts):
            raise NoTape("columns that do not fit the places")
        if all(part.constant for part in parts):
            return constant(np.array([[np.asarray(part.value, dtype=np.float64).item() for part in parts]]))
        if len(parts) == 1:
            return _real(parts[0])
        out = self.write("copy", "f", parts[0], several=True, extra=(self.count, 0))
        for place, part in enumerate(parts[1:], start=1):
            self.lines.append(Line("copy", out.register, (part,), False, (0, place)))
        return out


def constant(value: Any) -> Node:
    """A node of what is known now."""
    kind = np.asarray(value).dtype.kind
    if kind not in "fib":
        raise NoTape("a constant of another kind")
    return Node(kind, value=value)


def _same(node: Node) -> Any:
    """What makes two operands equal."""
    if not node.constant:
        return (node.register, node.place)
    array = np.asarray(node.value)
    return (array.dtype.kind, array.shape, array.tobytes())


def _done(operation: str, values: Sequence[Any]) -> Any:
    if operation in OPERATORS:
        return OPERATORS[operation](*values)
    if operation in ("and", "or"):
        return (np.logical_and if operation == "and" else np.logical_or)(*values)
    if operation == "not":
        return np.logical_not(values[0])
    if operation == "negate":
        return -np.asarray(values[0])
    if operation in FUNCTIONS:
        return FUNCTIONS[operation][0](*values)
    raise NoTape(f"no operation '{operation}'")


def _widest(nodes: Sequence[Node]) -> str:
    kinds = {node.kind for node in nodes}
    return "f" if "f" in kinds else "i" if "i" in kinds else "b"


def _real(node: Node) -> Node:
    """The same value as a number, not as a truth."""
    if node.constant:
        return constant(np.asarray(node.value, dtype=np.float64)[()])
    return Node("f", register=node.register, several=node.several, place=node.place)
