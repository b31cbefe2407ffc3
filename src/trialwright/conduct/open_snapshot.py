"""Record that the data monitoring committee's statistician takes a snapshot that will be opened away from the server.

The fact is appended when the snapshot is handed out, since nobody can see an opening that happens offline.
"""

from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.refusal import Refused
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.snapshot import Snapshot

PURPOSE = "data monitoring committee"


def open_snapshot(desk: Desk, *, meeting: str, by: Person) -> Fact:
    """Append who takes which snapshot (its hash) with how many allocations. `meeting` is a number or a date: words
    could say what was found. The snapshot is the ledger up to the fact before this one. Raises `Refused`."""
    with desk.act("open_snapshot", by) as state:
        if not (meeting.replace("-", "").isascii() and meeting.replace("-", "").isdecimal()):
            raise Refused("Name the meeting by its number or its date, such as 2 or 2026-11-22.", "meeting")
        if not state.labels:
            raise Refused("Nobody is randomised yet; there is no allocation to open.", "randomised")
        snapshot = Snapshot(state, desk.ledger.head())
        payload = {
            "purpose": f"{PURPOSE}, meeting {meeting}",
            "snapshot": snapshot.hash,
            "opened": str(len(state.labels)),
        }
        return desk.append(by, kinds.SNAPSHOT_OPENED, payload, state.version)
