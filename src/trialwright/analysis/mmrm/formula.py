"""A model formula in the notation of Wilkinson and Rogers (1973), as R writes it, taken apart into parts and terms.

formulaic parses it; here it is made sure that every part is a column, a column declared to be a factor by `C(...)`, or
a function from a short list applied to columns. Nothing else is evaluated, so a formula cannot run code of its own.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trialwright.analysis.mmrm.faults import BadFormula, closest, listed

FUNCTIONS = (
    "I", "sqrt", "abs", "center", "scale", "standardize", "poly", "bs", "cs", "cr", "log", "log2", "log10", "exp",
    "np.abs", "np.exp", "np.expm1", "np.log", "np.log10", "np.log1p", "np.log2", "np.maximum", "np.minimum", "np.power",
    "np.sqrt", "np.square",
)  # fmt: skip
"""What may be applied to columns; the state of each (a mean, knots) is kept from the rows used."""

COVARIANCE_IN_FORMULA = re.compile(r"^(us|cs|csh|ar1|ar1h|ad|adh|toep|toeph|sp_exp|sp_gau)\((.*)\)$", re.DOTALL)
MARKED = re.compile("⧛(.*?)⧚", re.DOTALL)
COLOURS = re.compile("\x1b?\\[[0-9;]*m")
QUOTED = re.compile(r"`([^`]*)`")
LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Part:
    """One factor of a term: `kind` is "column", "factor" (a column under `C(...)`) or "function" of `columns`."""

    text: str
    kind: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A parsed formula: the outcome and the terms in order, the empty term being the intercept.

    `parts` holds every part of the right-hand side once, in order, `columns` every column that they name, and `places`
    the terms again as places in `parts`.
    """

    text: str
    outcome: Part
    terms: tuple[tuple[Part, ...], ...]
    parts: tuple[Part, ...]
    columns: tuple[str, ...]
    places: tuple[tuple[int, ...], ...]


@lru_cache(maxsize=256)
def parsed(text: str) -> Model:
    """The formula `outcome ~ terms`, taken apart. Raises `BadFormula` with the place."""
    left, right = _sides(text)
    if len(left) != 1 or len(left[0].factors) != 1:
        raise BadFormula(f"The formula '{text}' has {len(left)} outcomes before '~'; the model has one.")
    outcome = _part(text, left[0].factors[0])
    if outcome is None or outcome.kind == "factor":
        raise BadFormula(f"The outcome '{left[0]}' of the formula '{text}' must be a column of numbers.")
    terms = tuple(_term(text, term) for term in right)
    if not terms:
        raise BadFormula(f"The formula '{text}' has no term after '~'.")
    parts = tuple(dict.fromkeys(part for term in terms for part in term))
    columns = tuple(dict.fromkeys(name for part in parts for name in part.columns))
    places = tuple(tuple(parts.index(part) for part in term) for term in terms)
    return Model(text, outcome, terms, parts, columns, places)


def _sides(text: str) -> tuple[list[Any], list[Any]]:
    """The terms before and after the `~`, as formulaic reads them."""
    if len(text) > LONGEST:
        raise BadFormula(f"A formula of {len(text)} characters is a slip; at most {LONGEST} are read.")
    if text.count("~") != 1:
        raise BadFormula(f"The formula '{text}' must have one '~' between the outcome and the model: 'y ~ base + arm'.")
    left, right = text.split("~")
    for side, name in ((left, "before"), (right, "after")):
        if not side.strip():
            raise BadFormula(f"The formula '{text}' has nothing {name} the '~'.")
    if COVARIANCE_IN_FORMULA.search(left) or "||" in text:
        raise BadFormula(_bar(text, "||"))
    import formulaic

    try:
        formula: Any = formulaic.Formula(text)
        if isinstance(formula.rhs, tuple):
            raise BadFormula(_bar(text, "|"))
        return list(formula.lhs), list(formula.rhs)
    except formulaic.errors.FormulaicError as error:
        if "Operator `|`" in str(error):
            raise BadFormula(_bar(text, "|")) from None
        raise BadFormula(_place(text, str(error))) from None
    except (ArithmeticError, AttributeError, LookupError, RecursionError, SyntaxError, TypeError, ValueError) as error:
        if isinstance(error, BadFormula):
            raise
        raise BadFormula(f"The formula '{text}' cannot be read: {' '.join(str(error).split())}.") from None


def _bar(text: str, bar: str) -> str:
    return (
        f"The formula '{text}' has a '{bar}' at character {text.find(bar) + 1}: the model has no random effects; what "
        "repeats within a participant is said by the visit, the participant and the covariance structure."
    )


def _place(text: str, said: str) -> str:
    """formulaic's complaint as a sentence; it marks the place with brackets of its own and colour codes."""
    why, _, context = said.partition("\n\n")
    why = why.strip().rstrip(".")
    if "`.` operator" in why:
        why, context = "'.' (every other column) is not understood here; name the columns", ""
    marked = MARKED.search(COLOURS.sub("", context))
    if not marked:
        return f"The formula '{text}' cannot be read: {why[:1].lower()}{why[1:]}."
    at = marked.start() + 1
    return f"The formula '{text}' cannot be read at character {at}, '{marked[1]}': {why[:1].lower()}{why[1:]}."


def _term(text: str, term: Any) -> tuple[Part, ...]:
    parts = (_part(text, factor) for factor in term.factors)
    return tuple(dict.fromkeys(part for part in parts if part is not None))


def _part(text: str, factor: Any) -> Part | None:
    """A part of a term; None is the constant 1."""
    kind, expression = factor.eval_method.value, factor.expr
    if kind == "literal":
        if str(expression) != "1":
            raise BadFormula(
                f"The term '{expression}' of the formula '{text}' is a number, which scales and explains nothing."
            )
        return None
    if kind == "lookup":
        return Part(expression, "column", (expression,))
    if inside := COVARIANCE_IN_FORMULA.match(expression):
        raise BadFormula(
            f"The part '{expression}' of the formula is given by options instead: the covariance structure "
            f"('{inside[1]}'), the visit and the participant."
        )
    return _function(expression)


def _function(expression: str) -> Part:
    """A function of columns, once it is certain that it is nothing but that."""
    names: dict[str, str] = {}
    plain = QUOTED.sub(
        lambda found: names.setdefault(f"quoted_{len(names)}_", found[1]) and list(names)[-1], expression
    )
    try:
        tree = ast.parse(plain.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise BadFormula(f"The part '{expression}' of the formula cannot be read.") from None
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in ("C", "factor"):
        if len(tree.args) != 1 or tree.keywords or not isinstance(tree.args[0], ast.Name):
            raise BadFormula(
                f"The part '{expression}' of the formula: C(...) takes one column; factors are coded by treatment "
                "contrasts, and the results that matter (means, contrasts, tests) do not depend on the coding."
            )
        column = tree.args[0].id
        return Part(expression, "factor", (names.get(column, column),))
    columns = tuple(dict.fromkeys(names.get(one, one) for one in _columns(expression, tree)))
    if not columns:
        raise BadFormula(f"The part '{expression}' of the formula names no column.")
    return Part(expression, "function", columns)


def _columns(whole: str, node: ast.AST) -> Iterator[str]:
    """The columns in an expression of numbers, columns, arithmetic and known functions; anything else is refused."""
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Constant(value=int() | float()):
            return
        case ast.BinOp() | ast.UnaryOp() | ast.Tuple() | ast.List():
            for inner in ast.iter_child_nodes(node):
                if isinstance(inner, ast.expr):
                    yield from _columns(whole, inner)
        case ast.Call():
            name = ast.unparse(node.func)
            if name not in FUNCTIONS:
                raise BadFormula(
                    f"The function '{name}' in '{whole}' is not known{closest(name, FUNCTIONS)}; known are "
                    f"{listed(FUNCTIONS, 30)} and C."
                )
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                yield from _columns(whole, argument)
        case ast.Attribute(value=ast.Name()):
            name = ast.unparse(node)
            raise BadFormula(f"'{name}' in the part '{whole}' of the formula: put the column in backticks, `{name}`.")
        case _:
            raise BadFormula(f"'{ast.unparse(node)}' in the part '{whole}' of the formula is not understood.")
