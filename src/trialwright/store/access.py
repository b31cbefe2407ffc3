"""The access log: who logged in, read what is sensitive, exported or printed (AT7). A chain of its own."""

from collections.abc import Mapping

from trialwright.ledger.canonical import instant_text
from trialwright.ledger.fact import Draft, Fact
from trialwright.ledger.ports import Chance, Clock
from trialwright.store.ledger import DatabaseLedger

LOGGED_IN = "access.logged_in"
LOG_IN_FAILED = "access.log_in_failed"
LOGGED_OUT = "access.logged_out"
READ = "access.read"
EXPORTED = "access.exported"
PRINTED = "access.printed"
USER_CHANGED = "access.user_changed"
WORDING_LOADED = "access.wording_loaded"
KINDS = frozenset({LOGGED_IN, LOG_IN_FAILED, LOGGED_OUT, READ, EXPORTED, PRINTED, USER_CHANGED, WORDING_LOADED})


def note(
    log: DatabaseLedger,
    clock: Clock,
    chance: Chance,
    *,
    by: str,
    role: str,
    kind: str,
    about: Mapping[str, str | None],
    participant: str | None = None,
    why: str | None = None,
) -> Fact:
    """Append one access. `about` says what was read or exported, in texts; never the value that was read."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of access; there are {', '.join(sorted(KINDS))}")
    with log.act():
        head = log.head()
        at = max(instant_text(clock.now()), head.at)
        salt = chance.salt(head.number + 1)
        return log.append(Draft(at, by, role, kind, "", about, salt, participant, why=why))
