"""One draw, and a whole list: `next_arm(method, state, covariates, stream) -> (arm, state, trace)`.

Nothing but its arguments decides a draw and nothing is consumed: the state says how far each stratum's stream was
read, or for a minimisation how many were drawn before.
"""

from collections.abc import Mapping
from dataclasses import replace

from trialwright.allocation.methods.blocks import Blocks
from trialwright.allocation.methods.declared import METHODS, Method
from trialwright.allocation.methods.minimisation import Minimisation, next_by_margins
from trialwright.allocation.methods.shares import drawn
from trialwright.allocation.methods.state import AnyState, AnyTrace, Counted, Margins, Open, State, Stood, Trace
from trialwright.allocation.stream import Stream
from trialwright.design.strata import stratum_name

IN_ADVANCE = frozenset(METHODS) - {Minimisation.name}
"""The methods that depend on the place in the stratum alone and so are drawn up as a sealed list."""


class NeedsPastArms(ValueError):
    """A method that looks at who came before cannot be drawn up in advance."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} cannot be drawn up in advance: each arm depends on the levels of everybody before, who are not"
            " known yet; let an allocator draw, or choose a method that depends on the place in its stratum alone"
        )


def begin(method: Method) -> AnyState:
    """Where a method stands before the first participant."""
    return Margins() if isinstance(method, Minimisation) else State()


def next_arm(
    method: Method, state: AnyState, covariates: Mapping[str, str], stream: Stream
) -> tuple[str, AnyState, AnyTrace]:
    """The next arm for a participant with these covariates (factor: level)."""
    if isinstance(method, Minimisation):
        if not isinstance(state, Margins):
            raise TypeError("this is not the state of a minimisation")
        return next_by_margins(method, state, covariates, stream)
    if not isinstance(state, State):
        raise TypeError("this is the state of a minimisation")
    stratum = stratum_name(covariates)
    before = state.strata.get(stratum) or _unbegun(method)
    arm, after = _stepped(method, before, stratum, stream)
    return arm, State({**state.strata, stratum: after}), Trace(stratum, before, after)


def list_for(method: Method, stratum: str, n: int, stream: Stream) -> tuple[str, ...]:
    """The first `n` arms of a stratum in order. The last block may be cut, since a list that ended with whole blocks
    would tell by its length how large they were. Raises `NeedsPastArms` for minimisation.
    """
    if isinstance(method, Minimisation):
        raise NeedsPastArms(method.name)
    if isinstance(method, Blocks):
        return _in_blocks(method, stratum, n, stream)
    arms = tuple(method.ratio)
    given, draws, order = [0] * len(arms), stream.draws(f"stratum:{stratum}"), []
    for _ in range(n):
        index = drawn(method.chances(Counted(tuple(given), draws.position)), draws)
        given[index] += 1
        order.append(arms[index])
    return tuple(order)


def _in_blocks(method: Blocks, stratum: str, n: int, stream: Stream) -> tuple[str, ...]:
    arms: list[str] = []
    stood = Open()
    while len(arms) < n:
        stood = method.begun(stood, stratum, stream)
        arms.extend(stood.left)
    return tuple(arms[:n])


def _unbegun(method: Method) -> Stood:
    return Open() if isinstance(method, Blocks) else Counted((0,) * len(method.ratio))


def _stepped(method: Method, before: Stood, stratum: str, stream: Stream) -> tuple[str, Stood]:
    if isinstance(method, Blocks) and isinstance(before, Open):
        opened = before if before.left else method.begun(before, stratum, stream)
        return opened.left[0], replace(opened, left=opened.left[1:])
    if isinstance(method, Blocks | Minimisation) or isinstance(before, Open):
        raise TypeError(f"this is not the state of {method.name}")
    draws = stream.draws(f"stratum:{stratum}", before.position)
    index = drawn(method.chances(before), draws)
    given = tuple(count + (place == index) for place, count in enumerate(before.given))
    return tuple(method.ratio)[index], Counted(given, draws.position)
