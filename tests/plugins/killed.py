"""A process that records, draws, seals, redacts and signs as fast as it can and says what is committed, to be killed.

`python -m tests.plugins.killed FOLDER` prints the number and the seal of each fact after its act was committed.
`python -m tests.plugins.killed FOLDER --create ADDRESS` creates the folder and prints `created`.
"""

import sys
from itertools import count
from pathlib import Path

from tests.plugins.acts import consent, draft, page, redaction, signature
from tests.plugins.lists import RECIPIENTS, STRATA, with_list

from trialwright import store
from trialwright.ledger import kinds
from trialwright.ledger.vault import Exhausted


def work(folder: Path) -> None:
    """Act without end."""
    ledger = store.open_ledger(folder)
    vault = store.open_vault(folder, ledger)
    if ledger.head().number == 0:
        with ledger.act():
            ledger.append(consent())
    for turn in count(ledger.head().number):
        with ledger.act():
            number = ledger.append(page({"weight": str(turn), "note": "x" * 200}, 5000, visit=f"V{turn % 7}")).number
            if turn % 3 == 0:
                ledger.append(signature(5000, visit=f"V{turn % 7}"))
            if turn % 11 == 0:
                ledger.append(redaction(number, ["note"], {"weight": str(turn)}, 5000, visit=f"V{turn % 7}"))
                ledger.redact(number)
            if turn % 13 == 0:
                commitment = vault.keep(f"igg/{turn}", {"igg": "12.1"}, "5a" * 16)
                place = {"participant": "AMC-001-K", "visit": f"S{turn}", "form": "igg"}
                ledger.append(draft(kinds.SEALED_KEPT, {"commitment": commitment}, 5000, **place))
        if turn % 17 == 0:
            draw(ledger, vault, STRATA[turn % 2], f"AMC-{turn}")
        if turn % 29 == 0:
            ledger.sign()
        head = ledger.head()
        print(head.number, head.seal, flush=True)


def draw(ledger: store.DatabaseLedger, vault: store.SealedVault, stratum: str, participant: str) -> None:
    """Consent and draw in one act; an empty list is left in peace."""
    try:
        with ledger.act():
            ledger.append(consent(participant, 5000))
            slot = vault.draw(stratum)
            payload = {
                "stratum": stratum,
                "levels": {},
                "position": str(slot.position),
                "label": slot.label,
                "leaf": slot.leaf,
            }
            ledger.append(draft(kinds.ALLOCATION_DRAWN, payload, 5000, participant=participant))
    except Exhausted:
        return


def main(folder: str, *create: str) -> None:
    """Create, or work."""
    if create:
        address = create[1] if create[1:] else None
        store.create(Path(folder), database=address, recipients=RECIPIENTS, prepare=with_list)
        print("created", flush=True)
    else:
        work(Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
