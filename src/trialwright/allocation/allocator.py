"""What an allocator does, as pure functions of its seed, its annex and the draws that the ledger has kept.

An allocator serves a method that looks at earlier participants. It holds no truth of its own: the next slot follows
from what the ledger kept, so that an answer which was never kept can be given again or given up, and afterwards the
whole sequence can be drawn again and compared (`replayed`).

    arm of draw n    the method's pure function of the state after n - 1 draws and the stream of the seed
    label of draw n  the nth label of the seed's stream of labels
    nonce of draw n  from a stream addressed by n, the participant and the levels: two answers for the same place that
                     were asked for different participants have unlike leaves even where their arms are alike, so that
                     asking often tells nothing
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType

from trialwright.allocation.annex import Annex
from trialwright.allocation.methods import Minimisation, begin, next_arm
from trialwright.allocation.methods.state import AnyState
from trialwright.allocation.slots import NONCE_BYTES, OpenSlot, labels
from trialwright.allocation.stream import Stream
from trialwright.design.strata import UNSTRATIFIED, stratum_name
from trialwright.ledger.canonical import fingerprint


@dataclass(frozen=True, slots=True)
class KeptDraw:
    """A draw as the ledger kept it. `position` counts within its stratum."""

    participant: str
    levels: Mapping[str, str]
    stratum: str
    position: int
    label: str
    leaf: str


@dataclass(frozen=True, slots=True)
class Stands:
    """Where the sequence stands: how many draws were kept, in all and by stratum, the leaf of the last, the method's
    state."""

    state: AnyState
    number: int = 0
    leaf: str = ""
    drawn: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


class Allocator:
    """Seed (or a stream) and annex, ready to draw. Nothing in it changes but the labels that it has worked out."""

    def __init__(self, annex: Annex, seed: bytes | Stream) -> None:
        self.annex = annex
        self._stream = seed if isinstance(seed, Stream) else Stream(seed)
        self._more = labels(self._stream)
        self._labels: list[str] = []

    def __repr__(self) -> str:
        return f"Allocator({self.annex!r})"

    def begin(self) -> Stands:
        """Before the first participant."""
        return Stands(begin(self.annex.method))

    def label(self, number: int) -> str:
        """The label of a draw, counted from 1."""
        self._labels.extend(islice(self._more, max(0, number - len(self._labels))))
        return self._labels[number - 1]

    def next(self, stands: Stands, participant: str, levels: Mapping[str, str]) -> tuple[OpenSlot, Stands]:
        """The slot for this participant if nobody else comes before, and where the sequence would stand then. Raises
        ValueError for levels that the annex does not know."""
        number = stands.number + 1
        arm, state, _ = next_arm(self.annex.method, stands.state, levels, self._stream)
        stratum = UNSTRATIFIED if isinstance(self.annex.method, Minimisation) else stratum_name(levels)
        position = stands.drawn.get(stratum, 0) + 1
        place = fingerprint({"number": number, "participant": participant, "levels": dict(levels)})
        nonce = self._stream.draws(f"nonce:{place}").octets(NONCE_BYTES)
        slot = OpenSlot(stratum, position, self.label(number), arm, nonce)
        leaf = slot.leaf(self.annex.trial, self.annex.sha256)
        return slot, Stands(state, number, leaf, {**stands.drawn, stratum: position})


@dataclass(frozen=True, slots=True)
class Replayed:
    """A sequence drawn again: the slots as seed and annex give them for the participants who came, and in sentences
    how the draws that were kept differ from them. Without a problem it is proof."""

    slots: Mapping[str, OpenSlot]
    problems: tuple[str, ...]

    @property
    def arms(self) -> Mapping[str, str]:
        """Participant -> arm."""
        return {participant: slot.arm for participant, slot in self.slots.items()}


def replayed(annex: Annex, seed: bytes, draws: Iterable[KeptDraw]) -> Replayed:
    """Draw the whole sequence again, in the order of the ledger's facts, and compare place, label and leaf of every
    draw. Levels are those at the draw: a stratum that was corrected later changes nothing (RN6)."""
    allocator = Allocator(annex, seed)
    stands, slots, problems = allocator.begin(), {}, []
    for number, draw in enumerate(draws, start=1):
        where = f"draw {number}, {draw.participant}"
        try:
            slot, stands = allocator.next(stands, draw.participant, draw.levels)
        except ValueError as error:
            problems.append(f"{where}: the annex does not know these levels ({error}); what follows cannot be proved")
            break
        if draw.participant in slots:
            problems.append(f"{where}: this participant was drawn before")
        slots[draw.participant] = slot
        if (slot.stratum, slot.position, slot.label, stands.leaf) != (
            draw.stratum,
            draw.position,
            draw.label,
            draw.leaf,
        ):
            problems.append(f"{where}: label {draw.label} is not the slot that seed and annex give here")
    return Replayed(slots, tuple(problems))
