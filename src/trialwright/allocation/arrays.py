"""The methods over many trials at once, for the plan and the simulator: the same probabilities as the pure functions in
`methods`, drawn for all trials together.

Chance comes in as `words`: 64-bit integers, one row per trial, as a stream of `trialwright.allocation.stream` would
give them. A row of words drawn from such a stream gives the very arms that the pure functions draw from it (a property
test holds the two together). `words_of` makes rows of addressed words for a simulation: Philox4x32-10 (see
`compute.chance`), keyed by seed and name, with trial and place as counter. Nothing here touches the stream of a list.

A draw below a bound is `word % bound`. The live stream rejects the last `2^64 mod bound` words, which would favour the
lowest remainders; here they are not rejected, at an error below bound / 2^64.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product
from math import lcm, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.allocation.methods import Blocks, Method, Minimisation
from trialwright.allocation.methods.minimisation import probabilities
from trialwright.allocation.methods.state import Counted
from trialwright.compute import chance

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]
Small = NDArray[np.int8]

MOST_UNIT = 1 << 62
CLOSE = 1 / 10**10
"""Sums of square roots that lie so close together are equal: those that differ lie farther apart."""
LONGEST_TABLED = 7
"""Blocks up to this length are looked up in a table of all their orders (7! = 5040)."""
CHUNK = 4096
"""Trials that are minimised together: their counts stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Arms drawn, and how foreseeable each was; both of shape (trials, n).

    `arms` are indices into the arms in order of their names. `likeliest` is the probability of the arm that one who
    knows the method, all earlier allocations and each block's size would name; 1 means certain.
    """

    arms: Small
    likeliest: NDArray[np.float32]


def words_of(seed: int, name: str, trials: Sequence[int] | NDArray[Any], count: int) -> Words:
    """`count` addressed words for each trial, of shape (trials, count); independent of those of another name."""
    trial = np.asarray(trials, dtype=np.uint64)
    low, high = (trial & np.uint64(chance.WORD))[:, None], (trial >> np.uint64(32))[:, None]
    pairs = np.arange(-(-count // 2), dtype=np.uint64)[None, :]
    words = np.empty((len(trial), 2 * pairs.shape[1]), dtype=np.uint64)
    keys = chance.key(seed, f"allocation {name}")
    rows = max(1, chance.BLOCK // max(1, pairs.shape[1]))
    for start in range(0, len(trial), rows):
        part = slice(start, start + rows)
        first, second, third, fourth = chance.philox((pairs, np.uint64(0), low[part], high[part]), keys)
        words[part, 0::2] = (first << np.uint64(32)) | second
        words[part, 1::2] = (third << np.uint64(32)) | fourth
    return words[:, :count]


def words_needed(method: Method, n: int) -> int:
    """How many words `n` draws of one trial take at most."""
    if not isinstance(method, Blocks):
        return n
    # A block of size z takes a word for its size, where there are several, and z - 1 for its order.
    return max(-(-n // size) * (size - 1 + (len(method.sizes) > 1)) for size in method.sizes) + max(method.sizes)


def drawn(method: Method, words: Words, n: int, foresight: bool = True) -> Drawn:
    """The first `n` draws of one stratum in every trial. For minimisation see `minimised`, which needs the levels.
    Without `foresight` how foreseeable a block was is left out (`likeliest` is empty), which takes less time."""
    if isinstance(method, Minimisation):
        raise TypeError("minimisation needs the levels of those who come; use minimised")
    if words.shape[1] < words_needed(method, n):
        raise ValueError(f"{n} draws need {words_needed(method, n)} words a trial; here are {words.shape[1]}")
    return _in_blocks(method, words, n, foresight) if isinstance(method, Blocks) else _counted(method, words, n)


# ------------------------------------------------------------------ one draw by exact probabilities


@dataclass(frozen=True, slots=True)
class _Table:
    """Exact probabilities of many situations: cumulative shares (situations, arms) of the unit of each, whether one
    arm is certain (then no word is taken), and the greatest probability."""

    edges: Words
    unit: Words
    certain: NDArray[np.bool_]
    likeliest: NDArray[np.float32]


def _table(chances: Sequence[Sequence[Any]]) -> _Table:
    """A table of rows of fractions, each over its own least common denominator, as `methods.shares.drawn` does it."""
    units = [lcm(*(one.denominator for one in row)) for row in chances]
    if max(units) > MOST_UNIT:
        raise ValueError("probabilities with denominators above 2^62 cannot be drawn with one word")
    shares = [[int(one * unit) for one in row] for row, unit in zip(chances, units, strict=True)]
    return _Table(
        np.cumsum(np.array(shares, dtype=np.uint64), axis=1),
        np.array(units, dtype=np.uint64),
        np.array([unit in row for row, unit in zip(shares, units, strict=True)]),
        np.array([max(row) for row in chances], dtype=np.float32),
    )


def _chosen(table: _Table, situation: Any, words: Words) -> Small:
    """The arm of each trial in its situation: how many cumulative shares its number has passed."""
    number = words % table.unit[situation]
    edges = table.edges[situation]
    arm = np.zeros(len(words), dtype=np.int8)
    for place in range(edges.shape[-1] - 1):
        arm += number >= edges[..., place]
    return arm


# ------------------------------------------------------------------ methods that look at how often each arm was given


def _counted(method: Any, words: Words, n: int) -> Drawn:
    trials, arms = len(words), len(method.ratio)
    given = np.zeros((trials, arms), dtype=np.int64)
    cursor = np.zeros(trials, dtype=np.int64)
    rows = np.arange(trials)
    drawn_arms = np.empty((n, trials), dtype=np.int8)
    likeliest = np.empty((n, trials), dtype=np.float32)
    for place in range(n):
        situation, seen = _situations(given, place)
        table = _table([method.chances(Counted(counts)) for counts in seen])
        arm = _chosen(table, situation, words[rows, cursor])
        cursor += ~table.certain[situation]
        given[rows, arm] += 1
        drawn_arms[place], likeliest[place] = arm, table.likeliest[situation]
    return Drawn(drawn_arms.T, likeliest.T)


def _situations(given: Integers, place: int) -> tuple[Integers, list[tuple[int, ...]]]:
    """The different counts that occur, and for each trial which of them it has."""
    if given.shape[1] == 2:
        return given[:, 0].copy(), [(first, place - first) for first in range(place + 1)]
    code = given[:, 0]
    for column in given.T[1:-1]:
        code = code * (place + 1) + column
    _, first, situation = np.unique(code, return_index=True, return_inverse=True)
    return situation, [tuple(row) for row in given[first].tolist()]


# ------------------------------------------------------------------ permuted blocks


def _in_blocks(method: Blocks, words: Words, n: int, foresight: bool) -> Drawn:
    """Block by block over all trials: the size, then the order by Fisher and Yates from the last place down."""
    trials, longest = len(words), max(method.sizes)
    arms = np.empty((trials, n + longest), dtype=np.int8)
    likeliest = np.empty((trials, n + longest) if foresight else (0, 0), dtype=np.float32)
    cursor, filled = np.zeros(trials, dtype=np.int64), np.zeros(trials, dtype=np.int64)
    sizes = np.array(method.sizes)
    index = {arm: place for place, arm in enumerate(method.ratio)}
    while True:
        open_rows = np.flatnonzero(filled < n)
        if not len(open_rows):
            break
        size = np.broadcast_to(sizes[0], len(open_rows))
        if len(sizes) > 1:
            size = sizes[(words[open_rows, cursor[open_rows]] % np.uint64(len(sizes))).astype(np.int64)]
            cursor[open_rows] += 1
        for each in method.sizes:
            rows = open_rows[size == each]
            if not len(rows):
                continue
            order = _shuffled(tuple(index[arm] for arm in method.unshuffled[each]), words, rows, cursor)
            places = filled[rows, None] + np.arange(each)
            arms[rows[:, None], places] = order
            if foresight:
                likeliest[rows[:, None], places] = _likeliest_left(order, len(index))
            filled[rows] += each
    return Drawn(arms[:, :n], likeliest[:, :n])


def _shuffled(block: tuple[int, ...], words: Words, rows: Integers, cursor: Integers) -> Small:
    """The block in an order of its own for each row: one word for every place but the first."""
    bounds = np.arange(len(block), 1, -1, dtype=np.uint64)
    at = rows * words.shape[1] + cursor[rows]
    digits = (words.ravel().take(at[:, None] + np.arange(len(bounds))) % bounds).astype(np.int64)
    cursor[rows] += len(bounds)
    if len(block) > LONGEST_TABLED:
        return _swapped(np.tile(np.array(block, dtype=np.int8), (len(rows), 1)), digits)
    orders, radix = _orders(block)
    return orders[digits @ radix]


@lru_cache(maxsize=32)
def _orders(block: tuple[int, ...]) -> tuple[Small, Integers]:
    """Every order of a block by the numbers that were drawn for it, and the weight of each number in the row."""
    bounds = list(range(len(block), 1, -1))
    radix = np.array([prod(bounds[place + 1 :]) for place in range(len(bounds))], dtype=np.int64)
    digits = np.arange(prod(bounds))[:, None] // radix % np.array(bounds, dtype=np.int64)
    return _swapped(np.tile(np.array(block, dtype=np.int8), (len(digits), 1)), digits), radix


def _swapped(order: Small, digits: Integers) -> Small:
    here = np.arange(len(order))
    for step, place in enumerate(range(order.shape[1] - 1, 0, -1)):
        other = digits[:, step]
        order[here, place], order[here, other] = order[here, other], order[here, place]
    return order


def _likeliest_left(order: Small, arms: int) -> NDArray[np.float32]:
    """At each place of a block the greatest share of one arm among those left."""
    size = order.shape[1]
    left = [np.cumsum((order == arm)[:, ::-1], axis=1)[:, ::-1] for arm in range(arms)]
    return (np.maximum.reduce(left) / np.arange(size, 0, -1)).astype(np.float32)


# ------------------------------------------------------------------ minimisation


def minimised(method: Minimisation, words: Words, levels: Mapping[str, Integers]) -> Drawn:
    """Minimise every trial: `levels` are, for each factor, the indices of the levels (in the method's order of them) of
    those who come, of shape (trials, n); one word is taken for each. Missing or undeclared levels raise ValueError.
    """
    wrong = [factor for factor in method.factors if factor not in levels]
    if wrong:
        raise ValueError(f"no levels are given for {', '.join(wrong)}")
    shape = words.shape[0], next(iter(levels.values())).shape[1]
    codes = np.empty((len(method.factors), *shape), dtype=np.int64)
    offset = 0
    for place, (factor, names) in enumerate(method.factors.items()):
        here = np.asarray(levels[factor])
        if here.shape != shape or words.shape[1] < shape[1]:
            raise ValueError(f"the levels of {factor} and the words must cover the same trials and participants")
        if here.size and not 0 <= here.min() <= here.max() < len(names):
            raise ValueError(f"{factor} has a level that is not declared")
        codes[place] = here + offset
        offset += len(names)
    parts = [slice(start, start + CHUNK) for start in range(0, max(1, shape[0]), CHUNK)]
    made = [_minimised(method, words[part], codes[:, part], offset) for part in parts]
    return Drawn(*(np.concatenate(each) for each in zip(*((one.arms, one.likeliest) for one in made), strict=True)))


def _minimised(method: Minimisation, words: Words, codes: Integers, places: int) -> Drawn:
    """Counts are kept as (arm, level, trial) in units of 1 / share, as the pure function scales them."""
    _, trials, n = codes.shape
    weights = [*method.weights.values(), *([method.overall] if method.overall else [])]
    shares = tuple(method.ratio.values())
    steps = [lcm(*shares) // share for share in shares]
    table = _preferences(method)
    counts = np.zeros((len(shares), (places + 1) * trials), dtype=np.int64)
    here = np.arange(trials)
    # The flat places of everybody's levels; the last row counts everybody, where that is weighed too.
    flat = np.ascontiguousarray(np.moveaxis(codes, 2, 0)) * trials + here
    arms = np.empty((n, trials), dtype=np.int8)
    likeliest = np.empty((n, trials), dtype=np.float32)
    given = np.array(steps)
    rows = np.ascontiguousarray(words.T)
    for number in range(n):
        at = list(flat[number])
        if method.overall:
            at.append(places * trials + here)
        counted = [counts[:, one] for one in at]
        if method.measure == "marginal_balance":
            scores = _balances(counted, weights, steps, number)
        else:
            scores = _scores(method.measure, counted, weights, steps)
        situation = _preferred(scores, exact=method.measure != "standard_deviation")
        arm = _chosen(table, situation, rows[number])
        for one in at:
            counts[arm, one] += given[arm]
        arms[number], likeliest[number] = arm, table.likeliest[situation]
    return Drawn(arms.T, likeliest.T)


def _scores(measure: str, counted: Sequence[Integers], weights: Sequence[int], steps: Sequence[int]) -> list[Any]:
    """The imbalance G that each arm would lead to, up to a factor that all arms share."""
    return [
        sum(weight * _unlike(measure, rows, arm, step) for rows, weight in zip(counted, weights, strict=True))
        for arm, step in enumerate(steps)
    ]


def _unlike(measure: str, rows: Integers, arm: int, step: int) -> Any:
    """The range, K (K - 1) times the variance, or its root, of the counts of one level with one more in `arm`."""
    if measure == "range" and len(rows) == 2:
        return np.abs(rows[arm] + step - rows[1 - arm])
    then = [row + step if place == arm else row for place, row in enumerate(rows)]
    if measure == "range":
        return np.maximum.reduce(then) - np.minimum.reduce(then)
    total = np.add.reduce(then)
    spread = len(then) * np.add.reduce([row * row for row in then]) - total * total
    return spread if measure == "variance" else np.sqrt(spread)


def _balances(counted: Sequence[Integers], weights: Sequence[int], steps: Sequence[int], number: int) -> list[Any]:
    """Han, Enas and McEntegart's marginal balance of each arm over one common denominator, in whole numbers: the
    product of all sums of counts stands below, so that fractions are compared without rounding."""
    arms = len(steps)
    # Everybody counts at most the largest step: the sums, and the differences of all pairs, stay below these.
    most = max(steps) * (number + 1)
    room = (most ** (len(counted) * arms)) * max(weights) * len(counted) * arms * arms
    kind = np.int64 if room < MOST_UNIT else object
    above, below = [], []
    for arm, step in enumerate(steps):
        then = [
            [row.astype(kind) + (step if place == arm else 0) for place, row in enumerate(rows)] for rows in counted
        ]
        apart = [sum(abs(one - other) for one, other in combinations(rows, 2)) for rows in then]
        sums = [sum(rows) for rows in then]
        others = [prod(sums[:place] + sums[place + 1 :]) for place in range(len(sums))]
        above.append(sum(weight * a * other for weight, a, other in zip(weights, apart, others, strict=True)))
        below.append(prod(sums))
    if len(set(steps)) == 1:
        return above  # every arm adds as much to every sum, so that all stand over the same denominator
    return [value * prod(below[:arm] + below[arm + 1 :]) for arm, value in enumerate(above)]


def _preferred(scores: Sequence[Any], exact: bool) -> Integers:
    """The preferred arms of each trial as a bit pattern. Sums of roots that agree in ten digits are equal."""
    least = np.minimum.reduce(scores)
    limit = least if exact else least + CLOSE * (1 + least)
    pattern = np.zeros(len(least), dtype=np.int64)
    for arm, score in enumerate(scores):
        pattern += (score <= limit).astype(np.int64) << arm
    return pattern


def _preferences(method: Minimisation) -> _Table:
    """The probabilities for every set of preferred arms, by its bit pattern; nobody preferred (0) does not occur."""
    arms = len(method.ratio)
    patterns = [
        tuple(arm for arm, is_in in enumerate(reversed(bits)) if is_in) for bits in product((0, 1), repeat=arms)
    ]
    return _table([probabilities(method, pattern or tuple(range(arms))) for pattern in patterns])
