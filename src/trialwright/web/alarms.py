"""Alarms in words: what somebody has to look at, and what to do. Nothing is blocked by them.

An alarm of the list names the stratum alone. That a stratum has run out tells no more than the ledger does anyway: how
many slots it has stands in fact 1, and every draw names its stratum. What is not in the table below is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trialwright.design.model import Blinding
from trialwright.ledger import kinds
from trialwright.ledger.canonical import instant
from trialwright.ledger.replay import Alarm, State
from trialwright.web.reading import Trial
from trialwright.web.seen import Sees

OF_THE_LIST = frozenset({kinds.LIST_EXHAUSTED, kinds.LIST_DAMAGED})
"""Alarms that a change of the allocation list answers."""

BREAKS = Blinding.MASKED_FOR_ASSESSORS
"""A code break tells of an adverse event, which assessors may not know."""

SAYS: Mapping[str, tuple[Blinding, str]] = {
    kinds.LIST_EXHAUSTED: (
        Blinding.OPEN,
        "No slot is left in stratum {stratum}: enrol nobody in it until the list is extended.",
    ),
    kinds.LIST_DAMAGED: (
        Blinding.OPEN,
        "The allocation list of stratum {stratum} is not as it was committed: randomise nobody, verify the ledger.",
    ),
    kinds.ALLOCATOR_SILENT: (
        Blinding.OPEN,
        "The allocator did not answer: see that its process runs; nothing was drawn.",
    ),
    kinds.NO_KIT: (Blinding.OPEN, "Nobody could be handed a kit at {site} ({visit}): send kits there now."),
    kinds.MANY_BREAKS: (BREAKS, "{breaks} code breaks in {days} days: find out why."),
    kinds.SECOND_BREAK: (BREAKS, "One person broke {breaks} codes on a day: find out why."),
    kinds.BROKEN_ELSEWHERE: (BREAKS, "A code was broken from site {site}, not the participant's own: find out why."),
    kinds.UNKNOWN_LABEL: (BREAKS, "A code was broken for a label that nobody has: find out why."),
}
"""Alarm -> who may see it, and its words."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An alarm as it is shown."""

    at: datetime
    says: str


def alarms(trial: Trial, sees: Sees) -> tuple[Shown, ...]:
    """The alarms that the reader may see and that nothing has answered, the newest first; each only once."""
    found: dict[str, Shown] = {}
    for raised in reversed(trial.state.alarms):
        blinding, words = SAYS.get(raised.alarm, (Blinding.SEALED, ""))
        if blinding in sees and not _answered(trial.state, raised):
            says = words.format_map(_Known(raised.about))
            found.setdefault(says, Shown(instant(raised.at), says))
    return tuple(found.values())


class _Known(dict[str, str]):
    """What an alarm is about; what it does not say is a dash."""

    def __missing__(self, name: str) -> str:
        return "–"


def _answered(state: State, raised: Alarm) -> bool:
    return raised.alarm in OF_THE_LIST and raised.number < max(state.list_changes, default=0)
