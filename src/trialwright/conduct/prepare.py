"""What the pharmacy plans and records: the course of a participant, before anybody looks at the arm, and the sealed
records of its stock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from trialwright import design
from trialwright.allocation import preparation
from trialwright.allocation.preparation import CannotPrepare, Course, Dosing, Reading
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.protocol import Protocol
from trialwright.conduct.refusal import Refused
from trialwright.design.supply import AdjustedWeight, Supply
from trialwright.ledger import kinds
from trialwright.ledger.canonical import canonical
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Participant
from trialwright.ledger.vault import CannotOpen

UNDER = "supply/"
"""How the keys of the pharmacy's records in the vault begin."""
LENGTH = 4096
"""Every record of the pharmacy is padded to this many bytes: how many lots it names must not show in its length."""
PREPARED = "prepared"
STOCK = ("received", "returned", "destroyed")
"""What is recorded of lots beside preparations: what came, what came back unused, what was done away with."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A course as it follows from the pages: the weight that counts, then dose, days, volumes and bags."""

    dosing: Dosing
    course: Course


def supply_of(protocol: Protocol) -> Supply:
    """The supply that the definition declares; refused where it declares none."""
    supply = protocol.definition.supply
    if supply is None:
        raise Refused("The definition does not say how a treatment is prepared (supply:).", "supply")
    return supply


def planned(protocol: Protocol, person: Participant, visit: str, days: int | None = None) -> Planned:
    """The course of a participant at a visit over so many days (the fewest without a number). It is a function of the
    pages alone: what was drawn plays no part in it."""
    supply = supply_of(protocol)
    if visit not in protocol.scheduled.get(supply.form, ()):
        courses = ", ".join(one for one in protocol.visits if one in protocol.scheduled.get(supply.form, ()))
        raise Refused(f"No treatment is planned at {visit}; there are courses at {courses}.", "visit")
    try:
        dosing = dosing_weight(protocol, person, visit)
        plan = protocol.preparation
        chosen = days or preparation.fewest_days(plan, dosing.kg, visit)
        return Planned(dosing, preparation.course(plan, dosing.kg, chosen, visit))
    except CannotPrepare as cannot:
        raise Refused(f"{person.id} at {visit}: {cannot}", "preparation") from cannot


def dosing_weight(protocol: Protocol, person: Participant, visit: str) -> Dosing:
    """The weight that the dose follows at this visit, from the pages up to it. Raises `CannotPrepare`."""
    rule = supply_of(protocol).weight
    readings: list[Reading] = []
    baseline = protocol.definition.randomisation.visit
    for at in reversed(protocol.visits[: protocol.position[visit] + 1]):
        if readings and at != baseline:
            continue  # the newest weight and that at baseline are all that the rule looks at
        kg = _number(protocol, person, rule.item, at, "kg")
        if kg is not None:
            readings.insert(0, Reading(at, kg))
    height, female = None, None
    if rule.adjusted is not None:
        height, female = _build(protocol, person, rule.adjusted)
    return preparation.dosing_weight(rule, readings, baseline, height, female)


def _build(protocol: Protocol, person: Participant, rule: AdjustedWeight) -> tuple[Fraction | None, bool | None]:
    heights = [_number(protocol, person, rule.height, visit, "cm") for visit in protocol.visits]
    sexes = [_text(person, rule.sex, visit) for visit in protocol.visits]
    height = next((one for one in reversed(heights) if one is not None), None)
    sex = next((one for one in reversed(sexes) if one is not None), None)
    return height, None if sex is None else sex == rule.female


def _text(person: Participant, place: str, visit: str) -> str | None:
    form, _, item = place.partition(".")
    page = person.pages.get((visit, form, ""))
    return None if page is None else page.items.get(item)


def _number(protocol: Protocol, person: Participant, place: str, visit: str, code: str) -> Fraction | None:
    text = _text(person, place, visit)
    if text is None:
        return None
    form, _, item = place.partition(".")
    return preparation.in_unit(text, design.items(protocol.definition, form)[item].unit or code, code)


def product_of(protocol: Protocol, arm: str) -> str:
    """Which of the two products an arm gives: for the pharmacist alone, after the plan is made."""
    supply = supply_of(protocol)
    given = protocol.definition.arms[arm].gives
    for product in (supply.product, supply.placebo):
        if product is not None and product in given:
            return product
    raise Refused(f"The arm of this label gives nothing that is prepared ({', '.join(given)}).", "arm")


def opened_arm(desk: Desk, label: str, keys: Sequence[str]) -> str:
    """The arm of one drawn label, for the holder of a key; refused where it is not opened or not what was committed."""
    try:
        return desk.vault.opened([label], keys)[label]
    except CannotOpen as error:
        raise Refused(f"The slot was not opened: {error}", "keys") from None


# ------------------------------------------------------------------ records


def kept_records(desk: Desk, keys: Sequence[str]) -> list[dict[str, Any]]:
    """The pharmacy's sealed records, for the holder of a key."""
    try:
        return [dict(one) for one in desk.vault.kept(keys, UNDER).values()]
    except CannotOpen as error:
        raise Refused(f"The records were not opened: {error}", "keys") from None


def keep_supply(desk: Desk, *, record: Mapping[str, Any], reference: str, by: Person) -> Fact:
    """Seal one record of the stock (received, returned, destroyed) and append its commitment.

    record: `record` says which of the three, `lots` is a list of {product, lot, size, count}. `reference` is a random
    name that the caller gave it; asked again with the same one, the fact that is there is returned.
    """
    with desk.act("keep_supply", by) as state:
        there = state.supplied.get(reference)
        if there is not None:
            return next(iter(desk.ledger.facts(after=there - 1)))
        desk.require_unlocked()
        wrong = _wrong_record(desk, record)
        if wrong:
            raise Refused("The record was not kept:", "values", tuple(wrong))
        return seal_record(desk, {**record, "by": by.id}, reference, by)


def _wrong_record(desk: Desk, record: Mapping[str, Any]) -> list[str]:
    supply = supply_of(desk.protocol())
    wrong = []
    if record.get("record") not in STOCK:
        wrong.append(f"'{record.get('record')}' is none of {', '.join(STOCK)}")
    wrong += wrong_lots(record.get("lots") or (), (supply.product, supply.placebo))
    about = record.get("participant")
    if about is not None and about not in desk.state.participants:
        wrong.append(f"there is no participant {about}")
    return wrong


def wrong_lots(lots: Sequence[Mapping[str, str]], products: Sequence[str | None]) -> list[str]:
    """What is wrong with {product, lot, size, count} of a record, in sentences."""
    wrong = [] if lots else ["no lot is named"]
    for one in lots:
        lot, count = one.get("lot", ""), one.get("count", "")
        if not lot.strip():
            wrong.append("a lot has no number")
        if one.get("product") not in products:
            wrong.append(f"lot {lot}: '{one.get('product')}' is no product of this trial")
        if not (count.isascii() and count.isdecimal() and int(count) > 0):
            wrong.append(f"lot {lot}: '{count}' is no whole number above 0")
        if not one.get("size", "").strip():
            wrong.append(f"lot {lot}: no size is named")
    return wrong


def seal_record(
    desk: Desk,
    record: Mapping[str, Any],
    reference: str,
    by: Person,
    version: str | None = None,
) -> Fact:
    """Seal a record, padded, and append its commitment; inside an act only. The fact names no participant: even the
    existence of a record is the pharmacy's."""
    key = f"{UNDER}{desk.state.number + 1}"
    commitment = desk.vault.keep(key, padded(record), desk.chance.token(key))
    payload = {"commitment": commitment, "reference": reference}
    return desk.append(by, kinds.SUPPLY_SEALED, payload, version or desk.state.version)


def padded(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with a filling that gives all records one length. Refuses one that is longer."""
    value = {**record, "pad": ""}
    lacking = LENGTH - len(canonical(value))
    if lacking < 0:
        raise Refused(
            "The record is too long to be kept as one; name fewer lots, and the others in a second.", "values"
        )
    return {**value, "pad": "." * lacking}
