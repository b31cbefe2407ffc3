"""What the pharmacist's commands share: the trial, the key, the journal, the one slot that is looked at."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from trialwright import store
from trialwright.allocation import preparation
from trialwright.allocation.keys import private_key, public_of
from trialwright.cli.passphrase import asking
from trialwright.cli.pharmacy_journal import Journal
from trialwright.conduct import Desk, Person, Refused
from trialwright.conduct.prepare import Planned, kept_records, opened_arm, planned, product_of, supply_of
from trialwright.conduct.protocol import Protocol
from trialwright.design.supply import amount
from trialwright.ledger.replay import Participant
from trialwright.store import access
from trialwright.store.list_changes import recipients_of

USED = re.compile(r"(?P<lot>.+):(?P<count>[0-9]+)x(?P<size>.+)\Z")
"""Lot, number and size, as in `N26A117:2x20 g`."""


@dataclass(frozen=True)
class Pharmacy:
    """An open trial as the pharmacist works with it. `close` it afterwards."""

    folder: Path
    desk: Desk
    by: Person
    key: str = field(repr=False)
    journal: Journal

    def close(self) -> None:
        """Sign the head, where this computer holds the key for it, and let the database go."""
        self.desk.ledger.close()  # type: ignore[attr-defined]

    def participant(self, number: str) -> tuple[Participant, Protocol]:
        """A randomised participant and the protocol of their site."""
        person = self.desk.participant(number, self.by)
        if person.allocation is None:
            raise Refused(f"{number} is not randomised; there is nothing to prepare.", "randomised")
        return person, self.desk.protocol(self.desk.version_at(person.site))

    def planned(self, person: Participant, protocol: Protocol, visit: str, days: int | None) -> Planned:
        """The course, before anybody looks at the arm. Once a day of it was prepared, its weight and number of days
        hold."""
        begun = self.journal.course(person.id, visit)
        if begun is None:
            return planned(protocol, person, visit, days)
        if days is not None and str(days) != begun["days"]:
            raise Refused(f"This course was begun over {begun['days']} days; go on with them.", "days")
        plan = planned(protocol, person, visit, int(begun["days"]))
        kg = Fraction(begun["weight_kg"])
        if kg == plan.dosing.kg:
            return plan
        says = (f"{begun['weight_kg']} kg, with which the course was begun; now it would be {plan.dosing.says[0]}",)
        dosing = preparation.Dosing(kg, plan.dosing.visit, says)
        return Planned(dosing, preparation.course(protocol.preparation, kg, int(begun["days"]), visit))

    def arm(self, person: Participant, what: str, visit: str) -> str:
        """The arm of one label, opened with the pharmacist's key and compared with its leaf; that it was opened is
        noted before it is shown, without what it is."""
        label = person.allocation.label if person.allocation else ""
        log = store.open_access(self.folder)
        try:
            store.note(
                log,
                store.ServerClock(),
                store.SystemChance(),
                by=self.by.id,
                role=self.by.role,
                kind=access.PRINTED,
                about={"what": what, "label": label, "visit": visit},
                participant=person.id,
            )
        finally:
            log.close()
        return opened_arm(self.desk, label, [self.key])

    def product(self, protocol: Protocol, person: Participant, what: str, visit: str) -> tuple[str, str]:
        """(arm, product) of a participant."""
        arm = self.arm(person, what, visit)
        return arm, product_of(protocol, arm)

    def records(self) -> list[dict[str, Any]]:
        """The pharmacy's sealed records, and what of the journal was not released yet."""
        kept = kept_records(self.desk, [self.key])
        there = {one.get("reference") for one in kept}
        waiting = [{"record": "prepared", **one} for one in self.journal.waiting() if one["reference"] not in there]
        return kept + waiting


def opened(
    folder: Path, key: Path, by: str, passphrase_file: Path | None, journal: Path | None, now: Any = None
) -> Pharmacy:
    """The trial, verified: the chain, the signed heads, and the slots against the committed root."""
    found = store.verify(folder)
    if not found.ok:
        raise Refused(f"{folder} does not verify, so nothing is prepared from it: {found.problems[0].sentence}", "seal")
    private = private_key(key, asking(passphrase_file))
    agreed = recipients_of(folder)
    desk = store.open_desk(folder, now)
    try:
        recipients = [public_of(private), *(k for role, k in agreed.items() if role.startswith("pharmacist"))]
        place = journal or key.with_name(f"{key.stem}.{desk.protocol().definition.id}.journal")
        return Pharmacy(folder, desk, pharmacist(by), private, Journal(place, private, recipients))
    except BaseException:
        desk.ledger.close()
        raise


def pharmacist(name: str) -> Person:
    """Who works here."""
    if not name.strip():
        raise Refused("Say who you are with --by.", "by")
    return Person(name.strip(), "pharmacist", name.strip())


def reference() -> str:
    """A random name for a record, so that it is kept once."""
    return secrets.token_hex(16)


def lots(protocol: Protocol, product: str, texts: list[str]) -> list[dict[str, str]]:
    """`LOT:COUNTxSIZE` as records. Refuses with everything that is wrong."""
    supply = supply_of(protocol)
    named = {amount(size, "g"): size for size in supply.vials}
    wrong, found = [], []
    for text in texts:
        match = USED.match(text.strip())
        if match is None:
            wrong.append(f"'{text}' is not LOT:COUNTxSIZE, such as N26A117:2x20 g")
            continue
        try:
            size = _size(match["size"].strip(), product == supply.product, named)
        except ValueError as error:
            wrong.append(f"{text}: {error}")
            continue
        found.append({"product": product, "lot": match["lot"].strip(), "size": size, "count": match["count"]})
    if wrong:
        raise Refused("The lots were not understood:", "values", tuple(wrong))
    return found


def _size(text: str, weighed: bool, named: Mapping[Fraction, str]) -> str:
    """The size as the definition writes it; a placebo's is a volume."""
    spaced = re.sub(r"(?<=\d)(?=[A-Za-z])", " ", text, count=1)
    if not weighed:
        amount(spaced, "mL")
        return spaced
    grams = amount(spaced, "g")
    if grams not in named:
        raise ValueError(f"there are no vials of {spaced}; there are {', '.join(named.values())}")
    return named[grams]
