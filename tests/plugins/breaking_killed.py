"""A break host that opens label after label as fast as it can and says what it showed, to be killed.

`python -m tests.plugins.breaking_killed BREAK KEY SECRET START` prints reference, label and arm after each showing.
Passphrases are stretched less here, so that many openings fit into a second.
"""

import sys
from base64 import b32decode
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from trialwright.allocation.keys import private_key
from trialwright.web.breaking import people
from trialwright.web.breaking.host import read_host, read_slots
from trialwright.web.breaking.opening import Asked, open_label

CHEAP = {"n": 2, "r": 1, "p": 1}


def work(folder: Path, key: Path, secret: bytes, start: int, passphrase: str) -> None:
    """Open without end, a minute apart by the clock that is handed in."""
    people.COST.update(CHEAP)
    host, identity = read_host(folder), private_key(key)
    labels = sorted(set(read_slots(folder)) - {host.drill})
    began = datetime(2030, 1, 1, tzinfo=UTC)
    for turn in count(start):
        now = began + timedelta(minutes=turn)
        code = people.code_at(secret, now)
        shown = open_label(
            host, identity, Asked(labels[turn % len(labels)], "emergency", "", "p02", passphrase, code), now
        )
        print(shown.reference, shown.label, shown.arm, flush=True)


if __name__ == "__main__":
    work(Path(sys.argv[1]), Path(sys.argv[2]), b32decode(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
