"""Chance for the lists of imaginary trials: the pure methods draw from addressed words in the place of a sealed stream.

A simulation of a million trials draws the arms of all of them at once (`allocation.arrays`); a rehearsal of one of them
must draw the very same arms one after the other. Both read the words of `arrays.words_of`: those of a stratum under
its label, the word of the nth minimised draw at place n - 1 of one row. Labels and nonces, of which no arm depends,
still follow from the 32 bytes of the seed. Nothing here is for a list that somebody relies on.

One difference remains: a live stream rejects the few words that would favour low remainders and the arrays do not, so
they part with a probability below 2^-50 for a draw.
"""

from dataclasses import dataclass, field

from trialwright.allocation.arrays import words_of
from trialwright.allocation.stream import Draws, Stream

STRATUM, MINIMISATION = "stratum:", "minimisation:"
FIRST = 64
"""Words that are made together at first; then always twice as many."""


@dataclass(frozen=True, slots=True, repr=False)
class AddressedStream(Stream):
    """The chance of the list of trial `trial` under `chance_seed`; everything but the arms follows from `seed`."""

    chance_seed: int
    trial: int
    _words: dict[str, list[int]] = field(default_factory=dict, compare=False)

    def draws(self, label: str, position: int = 0) -> Draws:
        """A cursor in the words of `label`, standing before word `position`."""
        if label.startswith(STRATUM):
            return _AddressedDraws(self, label, position)
        if label.startswith(MINIMISATION):
            return _AddressedDraws(self, "minimisation", int(label.removeprefix(MINIMISATION)) - 1 + position)
        return Stream.draws(self, label, position)

    def word(self, label: str, position: int) -> int:
        """One word of a label."""
        held = self._words.get(label, [])
        if position >= len(held):
            count = max(FIRST, 2 * len(held), position + 1)
            held = self._words[label] = words_of(self.chance_seed, label, [self.trial], count)[0].tolist()
        return held[position]


class _AddressedDraws(Draws):
    """A cursor in the addressed words of one label."""

    __slots__ = ("_label", "_stream")

    def __init__(self, stream: AddressedStream, label: str, position: int) -> None:
        super().__init__(b"", position)
        self._stream, self._label = stream, label

    def word(self) -> int:
        """The next 64 bits."""
        self.position += 1
        return self._stream.word(self._label, self.position - 1)
