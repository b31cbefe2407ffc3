"""From the terms of a formula to the columns of the design: treatment contrasts, with no column more than needed.

Each term spans a space: a factor spans its constant and its L - 1 differences from the first level, a covariate only
itself. A term is coded by the part of its span that earlier terms have not covered, and a factor is *reduced* (its
first level left out) where its constant is covered. So `a:b` without main effects has all cells, and `0 + a` all levels
(Chambers and Hastie 1992, 2.4.1; the refinement is that of patsy and formulaic, whose matrices these are).
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Coded = tuple[int, bool]
"""A part by its place, and whether it is reduced."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A product of parts that codes (part of) a term: `term` is its place in the formula."""

    term: int
    parts: tuple[Coded, ...]


@dataclass(frozen=True, slots=True)
class Values:
    """One part of the formula on some rows.

    A factor has `levels` and either `codes` (N,) into them or `weights` (N, L), a mixture of levels in each row (equal
    weights for a least-squares mean). A covariate or function has `numbers` (N, k), its columns called `levels`.
    """

    name: str
    levels: tuple[str, ...]
    numbers: Floats | None = None
    codes: Integers | None = None
    weights: Floats | None = None

    @property
    def categorical(self) -> bool:
        """Whether the part is a factor."""
        return self.numbers is None


@lru_cache(maxsize=512)
def plan(terms: tuple[tuple[int, ...], ...], categorical: tuple[bool, ...]) -> tuple[Piece, ...]:
    """How each term is coded; `terms` hold places of parts, `categorical` says which parts are factors."""
    covered: set[tuple[Coded, ...]] = set()
    pieces = []
    for number, term in enumerate(terms):
        choices: list[tuple[Coded | None, ...]] = [
            ((part, True), None) if categorical[part] else ((part, False),) for part in term
        ]
        span = dict.fromkeys(tuple(one for one in product if one) for product in itertools.product(*choices))
        new = [product for product in span if frozenset(product) not in map(frozenset, covered)]
        covered.update(new)
        pieces += [Piece(number, product) for product in _joined(new)]
    return tuple(pieces)


def _joined(products: Sequence[tuple[Coded, ...]]) -> list[tuple[Coded, ...]]:
    """The fewest products with the same span: (anything) and (anything):(reduced factor) are (anything):(factor)."""
    kept: list[tuple[Coded, ...]] = []
    for product in sorted(products, key=len):
        for other in kept:
            extra = set(product) - set(other)
            if len(product) == len(other) + 1 and len(extra) == 1 and next(iter(extra))[1]:
                part = next(iter(extra))[0]
                full = tuple((one, False) if one == part else (one, reduced) for one, reduced in product)
                kept = _joined([*(one for one in kept if one != other), full])
                break
        else:
            kept.append(product)
    return kept


@lru_cache(maxsize=64)
def _treatment(levels: int, reduced: bool) -> Floats:
    """One row for each level: treatment contrasts, first level left out when reduced."""
    table = np.eye(levels)[:, int(reduced) :]
    table.flags.writeable = False
    return table


@lru_cache(maxsize=64)
def _sum_to_zero(levels: int, reduced: bool) -> Floats:
    """One row for each level: deviations from the mean of the levels, the last being minus the others, when reduced."""
    table = np.vstack([np.eye(levels - 1), -np.ones((1, levels - 1))]) if reduced else np.eye(levels)
    table.flags.writeable = False
    return table


def matrix(pieces: Sequence[Piece], values: Sequence[Values], rows: int, deviations: bool = False) -> Floats:
    """The design (rows, p). `deviations` codes reduced factors by deviations that sum to zero instead."""
    table = _sum_to_zero if deviations else _treatment
    blocks: dict[Coded, Floats] = {}
    products = []
    for piece in pieces:
        product = None
        for coded in piece.parts:
            if coded not in blocks:
                blocks[coded] = _block(values[coded[0]], coded[1], table)
            block = blocks[coded]
            product = block if product is None else _product(product, block)
        products.append(np.ones((rows, 1)) if product is None else product)
    return np.concatenate(products, axis=1)


def _block(part: Values, reduced: bool, table: Callable[[int, bool], Floats]) -> Floats:
    if part.numbers is not None:
        return part.numbers
    rows = table(len(part.levels), reduced)
    if part.codes is not None:
        return rows[part.codes]
    assert part.weights is not None
    return part.weights @ rows


def _product(first: Floats, second: Floats) -> Floats:
    """All products of a column of each; the columns of the first run fastest, as in R."""
    if first.shape[1] == 1 or second.shape[1] == 1:
        return first * second
    return (second[:, :, None] * first[:, None, :]).reshape(len(first), -1)


@lru_cache(maxsize=512)
def _names(piece: tuple[tuple[str, tuple[str, ...], bool, bool], ...]) -> tuple[str, ...]:
    columns = [
        tuple(f"{name}[{level}]" for level in levels[int(reduced) :]) if categorical else levels
        for name, levels, reduced, categorical in piece
    ]
    return tuple(":".join(reversed(product)) for product in itertools.product(*reversed(columns)))


def names(pieces: Sequence[Piece], values: Sequence[Values]) -> tuple[str, ...]:
    """What the columns of the design are called: `(Intercept)`, `base`, `arm[A]:visit[W12]`."""
    found: list[str] = []
    for piece in pieces:
        shown = tuple(
            (values[part].name, values[part].levels, reduced, values[part].categorical) for part, reduced in piece.parts
        )
        found += _names(shown) if shown else ("(Intercept)",)
    return tuple(found)


def terms_of_columns(pieces: Sequence[Piece], values: Sequence[Values]) -> Integers:
    """For each column of the design (p,) the place of its term in the formula."""
    widths = [
        int(
            np.prod(
                [len(values[part].levels) - (reduced and values[part].categorical) for part, reduced in piece.parts]
            )
        )
        for piece in pieces
    ]
    return np.repeat(np.array([piece.term for piece in pieces], dtype=np.int64), widths)
