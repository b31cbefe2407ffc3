"""Permuted blocks of random sizes, stratified: within each block the arms stand exactly in their ratio.

A method is a pure function `next_arm(method, state, covariates, stream) -> (arm, state, trace)`. The sealed list, an
allocator and the simulator use the same one. Which sizes are possible is told to nobody who enrols (SPIRIT 2025 item
21): they live in the sealed annex.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from trialwright.allocation.stream import Stream
from trialwright.design.strata import stratum_name


@dataclass(frozen=True)
class Blocks:
    """Permuted blocks: `ratio` of the arms in order, as {"A": 2, "B": 1}, and the possible block `sizes`, each equally
    likely.

    Raises ValueError unless every size holds the ratio a whole number of times.
    """

    ratio: Mapping[str, int]
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.ratio) < 2 or any(share < 1 for share in self.ratio.values()):
            raise ValueError("a ratio names at least two arms, each with a share of 1 or more")
        if not self.sizes or len(set(self.sizes)) != len(self.sizes):
            raise ValueError("name at least one block size, each once")
        unit = sum(self.ratio.values())
        wrong = [str(size) for size in self.sizes if size < 1 or size % unit]
        if wrong:
            raise ValueError(f"block size {', '.join(wrong)} does not hold the ratio; sizes are multiples of {unit}")

    @cached_property
    def unshuffled(self) -> Mapping[int, tuple[str, ...]]:
        """For each size the arms of a block, sorted by arm."""
        unit = sum(self.ratio.values())
        return {
            size: tuple(arm for arm in self.ratio for _ in range(self.ratio[arm] * (size // unit)))
            for size in self.sizes
        }


@dataclass(frozen=True, slots=True)
class Open:
    """Where a stratum stands: the open block's arms that are left and its size, blocks begun, words read of its
    stream.
    """

    left: tuple[str, ...] = ()
    size: int = 0
    blocks: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """Where every stratum stands that was drawn from."""

    strata: Mapping[str, Open] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Trace:
    """How an allocation came about, enough to repeat it alone (RN5): the stratum, and where it stood before and
    after.
    """

    stratum: str
    before: Open
    after: Open


def next_arm(blocks: Blocks, state: State, covariates: Mapping[str, str], stream: Stream) -> tuple[str, State, Trace]:
    """The next arm in the stratum of these covariates (factor: level). Nothing but the arguments
    decides it, and nothing is consumed.
    """
    stratum = stratum_name(covariates)
    before = state.strata.get(stratum, Open())
    opened = before if before.left else _begun(blocks, before, stratum, stream)
    after = replace(opened, left=opened.left[1:])
    return opened.left[0], State({**state.strata, stratum: after}), Trace(stratum, before, after)


def list_for(blocks: Blocks, stratum: str, n: int, stream: Stream) -> tuple[str, ...]:
    """The first `n` arms of a stratum in order. The last block may be cut, since a list that ended with whole blocks
    would tell by its length how large they were.
    """
    arms: list[str] = []
    stood = Open()
    while len(arms) < n:
        stood = _begun(blocks, stood, stratum, stream)
        arms.extend(stood.left)
    return tuple(arms[:n])


def _begun(blocks: Blocks, before: Open, stratum: str, stream: Stream) -> Open:
    """A fresh block: its size is drawn first, then the order of its arms."""
    draws = stream.draws(f"stratum:{stratum}", before.position)
    size = draws.one_of(blocks.sizes)
    arms = draws.shuffled(blocks.unshuffled[size])
    return Open(arms, size, before.blocks + 1, draws.position)
