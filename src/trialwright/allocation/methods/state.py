"""Where a method stands, what a draw leaves behind, and both as canonical text.

An allocator keeps its state as text from one draw to the next, and a trace is enough to repeat one draw alone (RN5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import orjson

from trialwright.ledger.canonical import canonical


@dataclass(frozen=True, slots=True)
class Open:
    """Where a stratum of permuted blocks stands: the open block's arms that are left and its size, blocks begun, words
    read of its stream.
    """

    left: tuple[str, ...] = ()
    size: int = 0
    blocks: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """Where a stratum of any other method stands: how often each arm was given (arms in order of their names; empty
    before the first), and words read of its stream.
    """

    given: tuple[int, ...] = ()
    position: int = 0


Stood = Open | Counted


@dataclass(frozen=True, slots=True)
class State:
    """Where every stratum stands that was drawn from."""

    strata: Mapping[str, Stood] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Trace:
    """How an allocation came about, enough to repeat it alone (RN5): the stratum, and where it stood before and
    after.
    """

    stratum: str
    before: Stood
    after: Stood


@dataclass(frozen=True, slots=True)
class Margins:
    """Where a minimisation stands: `counts` of each arm for every factor and level that was seen, over all
    participants `given`, arms in order of their names. Their sum is the counter that addresses the next draw.
    """

    given: tuple[int, ...] = ()
    counts: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def number(self) -> int:
        """How many were allocated."""
        return sum(self.given)


@dataclass(frozen=True, slots=True)
class Minimised:
    """How a minimised allocation came about: the participant's levels, where it stood before, the imbalance that each
    arm would have led to (as text, arms in order), which arms were preferred, and the probability of each arm.
    """

    levels: Mapping[str, str]
    before: Margins
    scores: tuple[str, ...]
    preferred: tuple[str, ...]
    chances: tuple[str, ...]


AnyState = State | Margins
AnyTrace = Trace | Minimised


def state_text(state: AnyState) -> bytes:
    """The one text of a state."""
    if isinstance(state, Margins):
        return canonical({"given": list(state.given), "counts": _lists(state.counts)})
    return canonical({"strata": {name: _plain(stood) for name, stood in state.strata.items()}})


def _lists(counts: Mapping[str, Mapping[str, tuple[int, ...]]]) -> dict[str, dict[str, list[int]]]:
    return {factor: {level: list(arms) for level, arms in levels.items()} for factor, levels in counts.items()}


def _plain(stood: Stood) -> dict[str, object]:
    if isinstance(stood, Open):
        return {"left": list(stood.left), "size": stood.size, "blocks": stood.blocks, "position": stood.position}
    return {"given": list(stood.given), "position": stood.position}


def read_state(text: bytes) -> AnyState:
    """The state of its text. Raises ValueError for anything else."""
    try:
        plain = orjson.loads(text)
        state: AnyState = (
            _margins(plain)
            if "counts" in plain
            else State({name: _stood(entry) for name, entry in plain["strata"].items()})
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError("this is not the state of a randomisation method") from error
    if state_text(state) != text:
        raise ValueError("this state is not in its canonical form")
    return state


def _margins(plain: Mapping[str, object]) -> Margins:
    counts = {
        factor: {level: tuple(map(int, arms)) for level, arms in levels.items()}
        for factor, levels in plain["counts"].items()  # type: ignore[attr-defined]
    }
    return Margins(tuple(map(int, plain["given"])), counts)  # type: ignore[call-overload]


def _stood(entry: Mapping[str, object]) -> Stood:
    position = int(entry["position"])  # type: ignore[call-overload]
    if "left" in entry:
        return Open(tuple(entry["left"]), int(entry["size"]), int(entry["blocks"]), position)  # type: ignore[arg-type,call-overload]
    return Counted(tuple(map(int, entry["given"])), position)  # type: ignore[call-overload]
