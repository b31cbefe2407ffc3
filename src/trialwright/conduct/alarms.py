"""Raise an alarm: a fact that somebody has to look at. It blocks nothing, and it is not raised again and again."""

from collections.abc import Mapping

from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.ledger import kinds
from trialwright.ledger.canonical import instant_text
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import State

DAY = len("2026-03-02")
"""The characters of an instant that say the day, in UTC."""


def alarm_of_a_refusal(desk: Desk, verb: str, by: Person, alarm: str, about: Mapping[str, str]) -> Fact | None:
    """Keep an alarm in an act of its own, after the act that was refused has left nothing behind.

    Once a day: an attempt that is repeated, by hand or by a program, does not flood the ledger. A change of the
    allocation list begins anew. Returns None where the alarm stands already. The fact names no participant, because
    nothing happened to one.
    """
    with desk.act(verb, by) as state:
        if _stands(state, alarm, about, instant_text(desk.clock.now())):
            return None
        return desk.append(by, kinds.ALARM_RAISED, {"alarm": alarm, "about": dict(about)}, state.version)


def _stands(state: State, alarm: str, about: Mapping[str, str], now: str) -> bool:
    since = max(state.list_changes, default=0)
    return any(
        (raised.alarm, raised.about) == (alarm, about) and raised.at[:DAY] == now[:DAY] and raised.number > since
        for raised in reversed(state.alarms)
    )
