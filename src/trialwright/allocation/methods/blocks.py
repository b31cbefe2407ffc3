"""Permuted blocks of random sizes: within each block the arms stand exactly in their ratio.

Which sizes are possible is told to nobody who enrols (SPIRIT 2025 item 21): they live in the sealed annex.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from trialwright.allocation.methods.shares import ordered, ratio_problems, refuse
from trialwright.allocation.methods.state import Open
from trialwright.allocation.stream import Stream


@dataclass(frozen=True)
class Blocks:
    """`ratio` as {"A": 2, "B": 1}, and the possible block `sizes`, each equally likely; one size makes fixed blocks.

    Raises `Impossible` unless every size holds the ratio a whole number of times.
    """

    name: ClassVar[str] = "permuted_block"
    ratio: Mapping[str, int]
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        refuse([*ratio_problems(self.ratio), *self._wrong_sizes()])
        object.__setattr__(self, "ratio", ordered(self.ratio))
        object.__setattr__(self, "sizes", tuple(sorted(self.sizes)))

    def _wrong_sizes(self) -> list[str]:
        if not self.sizes or len(set(self.sizes)) != len(self.sizes):
            return ["name at least one block size, each once"]
        unit = sum(self.ratio.values())
        wrong = [str(size) for size in self.sizes if size < 1 or unit < 1 or size % unit]
        return (
            [f"block size {', '.join(wrong)} does not hold the ratio; sizes are multiples of {unit}"] if wrong else []
        )

    @property
    def parameters(self) -> Mapping[str, object]:
        """What the annex holds beside the ratio."""
        return {"sizes": list(self.sizes)}

    @cached_property
    def unshuffled(self) -> Mapping[int, tuple[str, ...]]:
        """For each size the arms of a block, sorted by arm."""
        unit = sum(self.ratio.values())
        return {
            size: tuple(arm for arm in self.ratio for _ in range(self.ratio[arm] * (size // unit)))
            for size in self.sizes
        }

    def begun(self, before: Open, stratum: str, stream: Stream) -> Open:
        """A fresh block: its size is drawn first, then the order of its arms."""
        draws = stream.draws(f"stratum:{stratum}", before.position)
        size = draws.one_of(self.sizes)
        arms = draws.shuffled(self.unshuffled[size])
        return Open(arms, size, before.blocks + 1, draws.position)
