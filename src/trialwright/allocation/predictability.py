"""How often an arm can be guessed, and how unequal the arms end up: exact, by enumeration, for every method whose draws
depend on the place in the stratum alone.

The guesser knows the method with its parameters and every earlier allocation of the stratum, and each time names an arm
that is likeliest (Blackwell and Hodges' convergence strategy, 1957). Of permuted blocks of several sizes two things may
be known: each block's size when it begins, or only which sizes there are (`KNOWING`).

    right guesses in n draws = Σ over places, Σ over histories h of  P(h) · max_k P(arm k | h)
    deterministic share      = Σ over places, P(one arm is certain | what is known) / n

With two equal arms the likeliest arm is the one that is behind, whatever the size of the block, so the guesses do not
depend on which of the two is known; the deterministic share does.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from trialwright.allocation.methods import Blocks, Method, Minimisation, NeedsPastArms
from trialwright.allocation.methods.state import Counted

Number = float | Fraction
Counts = tuple[int, ...]
"""How often each arm was given (or, of blocks, is left), arms in order of their names."""
Chances = dict[Counts, Number]
Belief = tuple[tuple[Counts, Number], ...]
"""What may be left of a block, and how likely a guesser holds it."""

KNOWING = ("each size", "the sizes")
"""What the guesser knows of permuted blocks: the size of each as it begins, or only which sizes there are."""
ROUNDING = Fraction(1, 10**12)
"""What sums of floats may fall short by."""
MOST_BELIEFS = 2_000
"""Above so many different beliefs the guesses of who knows only the sizes are not enumerated."""


class TooManyBeliefs(ValueError):
    """What a guesser who knows only the sizes may believe is too various to enumerate."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What can be foreseen of one sequence. `guesses[k]` are the right guesses expected in the first k draws,
    `certain[k]` how many of them were certain beforehand (k = 0 ... n); `imbalance` is how the sequence ends:
    imbalance -> probability (see `imbalance_of`).
    """

    guesses: tuple[Number, ...]
    certain: tuple[Number, ...]
    imbalance: Mapping[Fraction, Number]

    @property
    def guess_rate(self) -> Number:
        """The share of right guesses over the whole sequence."""
        return self.guesses[-1] / (len(self.guesses) - 1)

    @property
    def deterministic_share(self) -> Number:
        """The share of draws that were certain beforehand."""
        return self.certain[-1] / (len(self.certain) - 1)


def imbalance_of(counts: Counts, shares: Counts) -> Fraction:
    """max n_k / r_k - min n_k / r_k: for two equal arms the difference of their sizes."""
    scaled = [Fraction(count, share) for count, share in zip(counts, shares, strict=True)]
    return max(scaled) - min(scaled)


def foreseen(method: Method, n: int, knowing: str = "each size", one: Number = Fraction(1)) -> Foreseen:
    """What can be foreseen of the first `n` draws of one stratum, counted in the kind of number that `one` is: in
    fractions, or fast in binary floats.

    Raises `NeedsPastArms` for minimisation, whose draws depend on who comes, and `TooManyBeliefs` where the arms are
    not two equal ones and the guesses of who knows only the sizes cannot be enumerated (`foreseen_at_most` then).
    """
    if isinstance(method, Minimisation):
        raise NeedsPastArms(method.name)
    if knowing not in KNOWING:
        raise ValueError(f"a guesser knows {' or '.join(KNOWING)}, not {knowing!r}")
    guesses, certain, ends = _plainly(method, n, one)
    if isinstance(method, Blocks) and len(method.sizes) > 1 and knowing == "the sizes":
        certain = _certain_of_the_sizes(method, n, one)
        if tuple(method.ratio.values()) != (1, 1):
            guesses = _guesses_of_the_sizes(method, n, one)
    return Foreseen(_summed(guesses, one), _summed(certain, one), ends)


def foreseen_at_most(method: Blocks, n: int, one: Number = Fraction(1)) -> Foreseen:
    """What who knows only the sizes foresees, with the guesses of one who knows each size: never less."""
    each = foreseen(method, n, one=one)
    return Foreseen(each.guesses, _summed(_certain_of_the_sizes(method, n, one), one), each.imbalance)


def greatest_imbalance(method: Method, n: int, one: Number = Fraction(1)) -> Mapping[Fraction, Number]:
    """The greatest imbalance that occurs anywhere in the first `n` draws: imbalance -> probability."""
    shares = tuple(method.ratio.values())
    now: dict[tuple[Counts, Fraction], Number] = {
        (state, Fraction(0)): part for state, part in _begun(method, one).items()
    }
    for _ in range(n):
        then: dict[tuple[Counts, Fraction], Number] = defaultdict(lambda: 0 * one)
        for (state, greatest), part in now.items():
            for chance, after in _steps(method, state, type(one)):
                reached = max(greatest, imbalance_of(after, shares))
                for begun, share in _opened(method, after).items():
                    then[begun, reached] += part * (chance * share)
        now = then
    ends: dict[Fraction, Number] = defaultdict(lambda: 0 * one)
    for (_, greatest), part in now.items():
        ends[greatest] += part
    return dict(ends)


def mean(distribution: Mapping[Fraction, Number]) -> Number:
    """The mean of a distribution: value -> probability."""
    return sum((value * part for value, part in distribution.items()), Fraction(0))


def upper(distribution: Mapping[Fraction, Number], share: Fraction = Fraction(95, 100)) -> Fraction:
    """The least value that holds at least `share` of a distribution."""
    held: Number = 0
    for value in sorted(distribution):
        held += distribution[value]
        if held >= share - ROUNDING:
            return value
    return max(distribution)


def expected_correct_guesses(size: int, ratio: Mapping[str, int]) -> Fraction:
    """The mean number of right guesses in one permuted block, guessing each time an arm of which most are left.

    For two equal arms in a block of 2m it is m + (4^m / C(2m, m) - 1) / 2: 3/2, 17/6, 41/10, 373/70 for blocks of 2,
    4, 6 and 8. Raises ValueError for a size that does not hold the ratio.
    """
    return Fraction(foreseen(Blocks(ratio, (size,)), size).guesses[-1])


# ------------------------------------------------------------------ where a sequence may stand


def _begun(method: Method, one: Number) -> Chances:
    if isinstance(method, Blocks):
        return {left: one * share for left, share in _fresh(method).items()}
    return {(0,) * len(method.ratio): one}


@cache
def _fresh_blocks(ratio: Counts, sizes: Counts) -> Mapping[Counts, Fraction]:
    return {tuple(share * (size // sum(ratio)) for share in ratio): Fraction(1, len(sizes)) for size in sizes}


def _fresh(method: Blocks) -> Mapping[Counts, Fraction]:
    """What may be left when a block begins."""
    return _fresh_blocks(tuple(method.ratio.values()), method.sizes)


def _opened(method: Method, state: Counts) -> Mapping[Counts, Fraction]:
    """The state itself, or what it may be once the next block has begun."""
    if isinstance(method, Blocks) and not any(state):
        return _fresh(method)
    return {state: Fraction(1)}


def _chances(method: Method, state: Counts) -> tuple[Fraction, ...]:
    """The probability of each arm."""
    if isinstance(method, Blocks):
        return tuple(Fraction(left, sum(state)) for left in state)
    if isinstance(method, Minimisation):
        raise NeedsPastArms(method.name)
    return method.chances(Counted(state))


def _steps(method: Method, state: Counts, number: type[Number]) -> Iterator[tuple[Number, Counts]]:
    """Where a draw may lead: its probability, and what was given (or is left) then."""
    change = -1 if isinstance(method, Blocks) else 1
    for arm, chance in enumerate(_chances(method, state)):
        if chance:
            yield number(chance), (*state[:arm], state[arm] + change, *state[arm + 1 :])


def _plainly(method: Method, n: int, one: Number) -> tuple[list[Number], list[Number], dict[Fraction, Number]]:
    """At each place the probability of a right guess and of certainty, for who knows each size; and how it ends."""
    shares = tuple(method.ratio.values())
    guesses: list[Number] = []
    certain: list[Number] = []
    ends: dict[Fraction, Number] = {Fraction(0): one}
    now = _begun(method, one)
    for _ in range(n):
        then: Chances = defaultdict(lambda: 0 * one)
        guess, sure = 0 * one, 0 * one
        for state, part in now.items():
            steps = list(_steps(method, state, type(one)))
            best = max(chance for chance, _ in steps)
            guess += part * best
            sure += part if best == 1 else 0
            for chance, after in steps:
                then[after] += part * chance
        guesses.append(guess)
        certain.append(sure)
        ends = defaultdict(lambda: 0 * one)
        for state, part in then.items():
            ends[imbalance_of(state, shares)] += part
        now = _reopened(method, then, one)
    return guesses, certain, dict(ends)


def _reopened(method: Method, states: Chances, one: Number) -> Chances:
    if not isinstance(method, Blocks):
        return states
    now: Chances = defaultdict(lambda: 0 * one)
    for state, part in states.items():
        for begun, share in _opened(method, state).items():
            now[begun] += part * share
    return now


def _summed(places: list[Number], one: Number) -> tuple[Number, ...]:
    total, sums = 0 * one, [0 * one]
    for place in places:
        total += place
        sums.append(total)
    return tuple(sums)


# ------------------------------------------------------------------ who knows only the sizes


def _certain_of_the_sizes(method: Blocks, n: int, one: Number) -> list[Number]:
    """At each place the probability that only one arm can come, for who knows which sizes there are: what may be left
    is the set of all that the history allows."""
    everything = frozenset(_fresh(method))
    now: dict[tuple[Counts, frozenset[Counts]], Number] = {
        (left, everything): part for left, part in _begun(method, one).items()
    }
    certain: list[Number] = []
    for _ in range(n):
        then: dict[tuple[Counts, frozenset[Counts]], Number] = defaultdict(lambda: 0 * one)
        sure = 0 * one
        for (left, possible), part in now.items():
            arms = {arm for each in possible for arm, count in enumerate(each) if count}
            sure += part if len(arms) == 1 else 0
            for arm, count in enumerate(left):
                if count:
                    still = frozenset(after for each in possible for after in _fewer(method, each, arm))
                    for after, share in _opened(method, _less(left, arm)).items():
                        then[after, still] += part * (Fraction(count, sum(left)) * share)
        certain.append(sure)
        now = then
    return certain


def _less(left: Counts, arm: int) -> Counts:
    return (*left[:arm], left[arm] - 1, *left[arm + 1 :])


def _fewer(method: Blocks, left: Counts, arm: int) -> Mapping[Counts, Fraction]:
    """What may be left after this arm has come; nothing where it could not come."""
    return _opened(method, _less(left, arm)) if left[arm] else {}


def _guesses_of_the_sizes(method: Blocks, n: int, one: Number) -> list[Number]:
    """At each place the probability of a right guess by who weighs every size by Bayes' rule. In floats, beliefs that
    agree in twelve digits are one."""
    now: dict[Belief, Number] = {_belief(_begun(method, one)): one}
    guesses: list[Number] = []
    for _ in range(n):
        then: dict[Belief, Number] = defaultdict(lambda: 0 * one)
        guess = 0 * one
        for belief, part in now.items():
            arms = range(len(method.ratio))
            chances = [sum((weight * left[arm] / sum(left) for left, weight in belief), 0 * one) for arm in arms]
            guess += part * max(chances)
            for arm, chance in enumerate(chances):
                if chance > 0:
                    then[_after(method, belief, arm, chance)] += part * chance
        if len(then) > MOST_BELIEFS:
            raise TooManyBeliefs(f"more than {MOST_BELIEFS} beliefs after {len(guesses) + 1} draws")
        guesses.append(guess)
        now = then
    return guesses


def _after(method: Blocks, belief: Belief, arm: int, chance: Number) -> Belief:
    weights: Chances = defaultdict(lambda: 0 * chance)
    for left, weight in belief:
        for after, share in _fewer(method, left, arm).items():
            weights[after] += weight * left[arm] / sum(left) / chance * share
    return _belief(weights)


def _belief(weights: Chances) -> Belief:
    return tuple(sorted((left, _rounded(weight)) for left, weight in weights.items()))


def _rounded(weight: Number) -> Number:
    return weight if isinstance(weight, Fraction) else round(weight, 12)
