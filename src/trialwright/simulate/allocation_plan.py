"""The allocation plan: every method of randomisation side by side, for a definition's own number of participants, ratio
and strata, before any list is made.

Who comes is imagined by the scenario, stratum by stratum; the arms are drawn by `allocation.arrays`. What can be
enumerated is exact: a `Figure` without an error. The rest is simulated and carries its Monte Carlo error. The annex of
the trial (its block sizes, its probabilities) is neither read nor needed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from trialwright.allocation.arrays import Drawn, Words, drawn, minimised, words_needed, words_of
from trialwright.allocation.methods import BiasedCoin, BigStick, Blocks, Impossible, Method, Minimisation, Simple, Urn
from trialwright.allocation.predictability import Foreseen, TooManyBeliefs, foreseen, foreseen_at_most, mean, upper
from trialwright.design.model import Definition
from trialwright.simulate import imbalance
from trialwright.simulate.imbalance import Floats, Integers, Strata
from trialwright.simulate.participants import arrivals, screened
from trialwright.simulate.program import Program

MOST_ENUMERATED = 300
"""Longer sequences are simulated: enumerating them would take longer than the simulation."""
IMAGINED_TOGETHER = 500
PLACES = ("over all", "in each stratum", "over the factors")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and its Monte Carlo error; no error: it is exact."""

    value: float
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One method. Rates and powers are shares; imbalances are participants (see `allocation.predictability`).

    `guesses` and `certain` are of one who knows the method, all earlier allocations and which sizes of block there
    are (with unequal shares, where that cannot be enumerated, at most so many); `certain_by_size` and
    `guesses_by_size` of one who knows the size of each block as it begins. `upper` is the
    imbalance over all that 95 % of trials do not exceed; `worst` that of the worst stratum, `total` the sum over the
    strata, `margins` that of the worst level of each factor. `power_lost` is against arms as equal as can be;
    `patients_lost` is Atkinson's loss.
    """

    method: Method
    place: str
    guesses: Figure
    guesses_by_size: Figure
    certain: Figure
    certain_by_size: Figure
    overall: Figure
    upper: float
    worst: Figure
    total: Figure
    margins: Mapping[str, Figure]
    power_lost: Figure | None
    patients_lost: Figure | None

    @property
    def name(self) -> str:
        """The method with its parameters in words, and where it is applied."""
        return in_words(self.method) + (", stratified" if self.place == PLACES[1] else "")

    @property
    def needs_allocator(self) -> bool:
        """Whether it cannot be drawn up in advance."""
        return isinstance(self.method, Minimisation)


@dataclass(frozen=True, slots=True)
class People:
    """Those who come: `levels` of each factor by index, shape (trials, n), in the order of their randomisation."""

    n: int
    factors: Mapping[str, tuple[str, ...]]
    levels: Mapping[str, Integers]
    trials: int


@dataclass(frozen=True, slots=True)
class Costs:
    """What the sample size assumed of the primary comparison; the share `staying` is analysed."""

    difference: float
    sd: float
    alpha: float
    staying: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The table: the methods in order, and what it was made for. `left_out` says which methods the ratio excludes."""

    trial: str
    n: int
    ratio: Mapping[str, int]
    factors: Mapping[str, tuple[str, ...]]
    shares: Mapping[str, Mapping[str, float]]
    declared: str
    scenario: str
    seed: int
    trials: int
    costs: Costs | None
    rows: tuple[Row, ...]
    left_out: tuple[str, ...] = field(default=())


def in_words(method: Method) -> str:
    """A method with its parameters, short enough for a table."""
    match method:
        case Simple():
            return "simple"
        case Blocks():
            return f"blocks {'/'.join(map(str, method.sizes))}"
        case BigStick():
            return f"big stick {method.limit}"
        case BiasedCoin():
            return f"Efron's coin {method.p}"
        case Urn():
            return f"Wei's urn {method.alpha},{method.beta}"
        case _:
            return f"minimisation {float(method.p):g}{', over all' if method.overall else ''}"


def candidates(
    ratio: Mapping[str, int], factors: Mapping[str, tuple[str, ...]]
) -> tuple[list[tuple[Method, str]], list[str]]:
    """Every method of the plan with the place it is applied, and why some cannot be."""
    unit = sum(ratio.values())
    sizes = [(1,), (2,), (3,), (2, 3), (1, 2, 3), (2, 3, 4)]
    makers: list[Callable[[], Method]] = [
        *(lambda size=size: Blocks(ratio, tuple(unit * times for times in size)) for size in sizes),
        lambda: BigStick(ratio, 2),
        lambda: BigStick(ratio, 3),
        lambda: BiasedCoin(ratio, Fraction(2, 3)),
        lambda: Urn(ratio, 1, 1),
    ]
    made: list[Method] = []
    left_out: list[str] = []
    for make in makers:
        try:
            made.append(make())
        except Impossible as refusal:
            left_out += [problem for problem in refusal.problems if problem not in left_out]
    listed: list[tuple[Method, str]] = [(Simple(ratio), PLACES[0]), *((method, PLACES[0]) for method in made)]
    if not factors:
        return listed, left_out
    listed += [(method, PLACES[1]) for method in made]
    minimising = [
        Minimisation(ratio, factors, p=Fraction(p, 10), overall=overall)
        for overall, tenths in ((0, (7, 8, 9, 10)), (1, (7, 8)))
        for p in tenths
    ]
    return [*listed, *((method, PLACES[2]) for method in minimising)], left_out


# ------------------------------------------------------------------ who comes


def imagined(program: Program, seed: int, trials: int, progress: Callable[[int], None] = lambda _: None) -> People:
    """The participants of many trials in the order of their baseline days, by the scenario's own distributions."""
    randomisation = program.definition.randomisation
    factors = {name: tuple(dict.fromkeys(factor.map.values())) for name, factor in randomisation.strata.items()}
    levels: dict[str, list[Integers]] = {name: [] for name in factors}
    for start in range(0, trials if factors else 0, IMAGINED_TOGETHER):
        chunk = range(start, min(trials, start + IMAGINED_TOGETHER))
        crowd = screened(program, seed, arrivals(program, seed, chunk))
        order = np.lexsort((crowd.slot, crowd.day0, crowd.trial))
        coming = order[crowd.enrolled[order]]
        for name, names in factors.items():
            codes = _levels_of(program, name, names, crowd.names)
            levels[name].append(codes[coming].reshape(len(chunk), randomisation.n))
        progress(chunk.stop)
    joined = {name: np.concatenate(parts) for name, parts in levels.items()}
    return People(randomisation.n, factors, joined, trials)


def _levels_of(program: Program, name: str, names: Sequence[str], known: Mapping[str, Any]) -> Integers:
    """The level of everybody, by the text that will be recorded for the factor's item."""
    factor = program.definition.randomisation.strata[name]
    form, _, item = factor.item.partition(".")
    columns = next(one for one in program.forms if one.form == form).columns
    feed = next(column.feed for column in columns if column.item == item)
    values = known[feed.from_ or ""]
    texts = [(feed.texts or {}).get(code, code) for code in values.names]
    place = [names.index(factor.map.get(text, factor.map.get("*", ""))) for text in texts]
    return np.asarray(np.array(place)[values.index[:, 0]])


# ------------------------------------------------------------------ the table


def plan(program: Program, seed: int = 1, trials: int = 2500, progress: Callable[[int], None] = lambda _: None) -> Plan:
    """The whole table for a definition and a scenario; `progress` is told the rows that are done."""
    definition = program.definition
    people = imagined(program, seed, trials, lambda _: progress(0))
    ratio = {arm: definition.randomisation.ratio[arm] for arm in sorted(definition.randomisation.ratio)}
    listed, left_out = candidates(ratio, people.factors)
    setting = Setting(people, seed, costs_of(definition))
    rows = []
    for done, (method, place) in enumerate(listed):
        rows.append(row(method, place, setting))
        progress(done + 1)
    shares = {
        name: dict(zip(names, _shares(people.levels[name], len(names)), strict=True))
        for name, names in people.factors.items()
    }
    declared = definition.randomisation.method
    return Plan(
        definition.id, people.n, ratio, people.factors, shares, declared, program.name, seed, trials, setting.costs,
        tuple(rows), tuple(left_out),
    )  # fmt: skip


def _shares(levels: Integers, count: int) -> list[float]:
    return [float(share) for share in np.bincount(levels.ravel(), minlength=count) / levels.size]


def costs_of(definition: Definition) -> Costs | None:
    """The assumptions of the sample size; None where the definition has none."""
    size = definition.sample_size
    if size is None:
        return None
    return Costs(float(size.difference), float(size.sd), float(size.alpha), 1 - float(size.dropout))


@dataclass(frozen=True)
class Setting:
    """What all methods are compared under: the people, where each stands, and the words of chance, drawn once."""

    people: People
    seed: int
    costs: Costs | None

    @cached_property
    def strata(self) -> Strata:
        """All combinations of the factors' levels."""
        return imbalance.strata_of({name: len(names) for name, names in self.people.factors.items()})

    @cached_property
    def stratum(self) -> Integers:
        """The stratum of everybody."""
        return imbalance.stratum_of(self.strata, self.people.levels, (self.people.trials, self.people.n))

    @cached_property
    def rank(self) -> Integers:
        """The place of everybody within their stratum, from 0."""
        rank = np.empty_like(self.stratum)
        for each in range(self.strata.count):
            here = self.stratum == each
            rank[here] = (np.cumsum(here, axis=1) - 1)[here]
        return rank

    @cached_property
    def _words(self) -> dict[str, Words]:
        return {}

    def words(self, name: str, count: int) -> Words:
        """The first words of this name. All methods read the same, so that they are compared under the same chance."""
        held = self._words.get(name)
        if held is None or held.shape[1] < count:
            held = words_of(self.seed, name, range(self.people.trials), 2 * count)
            self._words[name] = held
        return held[:, :count]

    @cached_property
    def _foreseen(self) -> dict[str, tuple[Foreseen, Foreseen]]:
        return {}

    def foreseen(self, method: Method) -> tuple[Foreseen, Foreseen] | None:
        """What is foreseen by who knows each size and by who knows the sizes; None where it is not enumerated."""
        if isinstance(method, Minimisation) or self.people.n > MOST_ENUMERATED:
            return None
        name = in_words(method)
        if name not in self._foreseen:
            each = foreseen(method, self.people.n, one=1.0)
            self._foreseen[name] = each, _knowing_the_sizes(method, self.people.n, each)
        return self._foreseen[name]


def _knowing_the_sizes(method: Method, n: int, each: Foreseen) -> Foreseen:
    """What is foreseen by who knows only which sizes there are; where that is too much to enumerate, a bound."""
    if not isinstance(method, Blocks) or len(method.sizes) == 1:
        return each
    try:
        return foreseen(method, n, "the sizes", 1.0)
    except TooManyBeliefs:
        return foreseen_at_most(method, n, 1.0)


def row(method: Method, place: str, setting: Setting) -> Row:
    """One method applied to the people who come."""
    strata, shares = setting.strata, tuple(method.ratio.values())
    made = drawn_for(method, place, setting)
    counts = imbalance.counted(made.arms, setting.stratum, strata.count, len(shares))
    known = setting.foreseen(method)
    overall, most = _overall(place, counts, shares, known)
    within = imbalance.unequal(counts, shares)
    margins = {
        name: _figure(imbalance.unequal(imbalance.over_levels(counts, strata, index), shares).max(axis=1))
        for index, name in enumerate(strata.factors)
    }
    two = len(shares) == 2
    lost = _figure(imbalance.patients_lost(counts, strata, shares)) if two else None
    power = _power_lost(place, counts.sum(axis=1), shares, setting.costs, known) if two and setting.costs else None
    return Row(
        method, place, *_foresight(place, made, known, counts), overall, most,
        _figure(within.max(axis=1)), _figure(within.sum(axis=1)), margins, power, lost,
    )  # fmt: skip


def drawn_for(method: Method, place: str, setting: Setting) -> Drawn:
    """The arms of everybody."""
    n, stratum = setting.people.n, setting.stratum
    if isinstance(method, Minimisation):
        return minimised(method, setting.words("minimisation", n), setting.people.levels)
    if place == PLACES[0]:
        return drawn(method, setting.words("stratum 0", words_needed(method, n)), n)
    arms, likeliest = np.empty(stratum.shape, dtype=np.int8), np.empty(stratum.shape, dtype=np.float32)
    for each in range(setting.strata.count):
        here = stratum == each
        longest = int(setting.rank[here].max(initial=-1)) + 1
        if longest:
            made = drawn(method, setting.words(f"stratum {each}", words_needed(method, longest)), longest)
            who = np.nonzero(here)[0], setting.rank[here]
            arms[here], likeliest[here] = made.arms[who], made.likeliest[who]
    return Drawn(arms, likeliest)


# ------------------------------------------------------------------ figures


def _figure(values: Any) -> Figure:
    """The mean over trials with its Monte Carlo error."""
    sample = np.asarray(values, dtype=np.float64)
    error = float(sample.std(ddof=1)) / len(sample) ** 0.5 if len(sample) > 1 else float("nan")
    return Figure(float(sample.mean()), error)


def _foresight(
    place: str, made: Drawn, known: tuple[Foreseen, Foreseen] | None, counts: Integers
) -> tuple[Figure, Figure, Figure, Figure]:
    """Right guesses and certain draws: enumerated where they can be; in strata, for the sizes that the strata have."""
    if known is None:
        guesses = _figure(made.likeliest.mean(axis=1, dtype=np.float64))
        certain = _figure((made.likeliest == 1).mean(axis=1))
        return guesses, guesses, certain, certain
    each, sizes = known
    series = (sizes.guesses, each.guesses, sizes.certain, each.certain)
    n = made.arms.shape[1]
    if place == PLACES[0]:
        found = [Figure(float(one[-1]) / n) for one in series]
    else:
        strata = counts.sum(axis=2)
        found = [_figure(np.array(one, dtype=np.float64)[strata].sum(axis=1) / n) for one in series]
    return found[0], found[1], found[2], found[3]


def _overall(
    place: str, counts: Integers, shares: Sequence[int], known: tuple[Foreseen, Foreseen] | None
) -> tuple[Figure, float]:
    """The imbalance over all: its mean, and what 95 % of trials do not exceed."""
    if known is not None and place == PLACES[0]:
        ends = known[0].imbalance
        return Figure(float(mean(ends))), float(upper(ends))
    unequal = imbalance.unequal(counts.sum(axis=1), shares)
    return _figure(unequal), float(np.quantile(unequal, 0.95, method="inverted_cdf"))


def _power_lost(
    place: str,
    sizes: Integers,
    shares: Sequence[int],
    costs: Costs,
    known: tuple[Foreseen, Foreseen] | None,
) -> Figure:
    """Power with arms as equal as can be, less the power averaged over the sizes that the arms come to."""
    n = int(sizes[0].sum())

    def power(first: Any) -> Floats:
        whole = np.asarray(first, dtype=float)
        return imbalance.power(whole, n - whole, costs.difference, costs.sd, costs.alpha, costs.staying)

    every = power(np.arange(n + 1))
    best = float(every.max())
    if known is not None and place == PLACES[0] and tuple(shares) == (1, 1):
        ends = known[0].imbalance
        return Figure(best - sum(float(part) * float(every[int(n - value) // 2]) for value, part in ends.items()))
    if tuple(shares) != (1, 1):
        best = float(every[round(n * shares[0] / sum(shares))])
    averaged = _figure(every[sizes[:, 0]])
    return Figure(best - averaged.value, averaged.error)
