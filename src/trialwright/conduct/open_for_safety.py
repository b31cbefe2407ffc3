"""The safety unit opens one participant for a suspected unexpected serious adverse reaction (BL6).

The arm is handed to who holds the key and stands nowhere else: investigators and analysts see that it was opened, not
what it is.
"""

from collections.abc import Sequence

from trialwright.conduct.break_code import SAFETY_UNIT, SUSAR, append_opening
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.refusal import Refused, require_why
from trialwright.ledger.canonical import instant_text
from trialwright.ledger.fact import Fact
from trialwright.ledger.vault import CannotOpen


def open_for_safety(desk: Desk, *, participant: str, keys: Sequence[str], by: Person, why: str) -> tuple[Fact, str]:
    """Open one participant's slot with a private key. Returns the fact and the arm; the fact stands before the arm is
    handed out. `why` is sealed, for it may tell what was found. Raises `Refused`."""
    with desk.act("open_for_safety", by) as state:
        require_why(why)
        person = desk.participant(participant, by)
        if person.allocation is None:
            raise Refused(f"{participant} is not randomised; there is nothing to open.", "randomised")
        label = person.allocation.label
        try:
            arm = desk.vault.opened([label], keys)[label]
        except CannotOpen as error:
            raise Refused(f"Nothing was opened: {error}. Check that this is the safety unit's key.", "key") from error
        at = instant_text(desk.clock.now())
        told = f"{SAFETY_UNIT}:{label}:{state.number + 1}"
        fact = append_opening(desk, person, SAFETY_UNIT, SUSAR, by.id, at, told, by, why)
    return fact, arm
