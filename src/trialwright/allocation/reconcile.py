"""Arms against the pharmacy's records: commitments prove who was assigned what; only records say what was infused.

Records are the sealed entries of the pharmacy as texts (`record`: received, prepared, ...). Nothing here decides who
is right: each discrepancy is for people to look into.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from trialwright.allocation.proof import RECORD, Discrepancy, Step, step

PREPARED, RECEIVED = "prepared", "received"

Record = Mapping[str, Any]


class Given(NamedTuple):
    """An infusion that the site recorded: whose, at which visit and day, from bags with which label."""

    participant: str
    visit: str
    day: str
    label: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What the trial says: arms and labels of participants, products per arm (`gives`). Before the final
    opening nothing that is said `names_arms`."""

    arms: Mapping[str, str]
    labels: Mapping[str, str]
    gives: Mapping[str, Sequence[str]]
    names_arms: bool = True


def reconciled(expected: Expected, records: Mapping[str, Record], given: Sequence[Given]) -> Step:
    """Each preparation holds the product of its participant's arm, from a lot received as that product, under the
    participant's label; each infusion given was prepared. `records`: key -> sealed record."""
    prepared = {key: record for key, record in records.items() if record.get("record") == PREPARED}
    says = f"{len(prepared)} preparations and {len(given)} infusions agree with the arms, as people wrote them down."
    found = [*_wrong_preparations(expected, records, prepared), *_wrong_infusions(expected, prepared, given)]
    return step("The pharmacy's records agree with the list", RECORD, says, found)


def _wrong_preparations(
    expected: Expected, records: Mapping[str, Record], prepared: Mapping[str, Record]
) -> Iterator[Discrepancy]:
    lots = _lots(records)
    for key, record in prepared.items():
        participant = str(record.get("participant", ""))
        where = f"{key}, {participant} {record.get('visit', '')} day {record.get('day', '')}"
        arm, label = expected.arms.get(participant), expected.labels.get(participant)
        if arm is None:
            yield Discrepancy(where, f"something was prepared for {participant or 'nobody'}, who has no allocation.")
            continue
        if record.get("label") != label:
            yield Discrepancy(where, f"prepared under label {record.get('label')}; the participant's is {label}.")
        product = str(record.get("product", ""))
        wrong_arm = record.get("arm") not in (None, arm)
        if wrong_arm or product not in expected.gives.get(arm, ()):
            yield Discrepancy(where, _wrong_product(expected, record, arm, product))
        yield from (
            Discrepancy(where, sentence) for sentence in _wrong_lots(expected, product, record.get("lots") or [], lots)
        )


def _lots(records: Mapping[str, Record]) -> Mapping[str, set[str]]:
    """Lot -> the products that it was received as."""
    lots: dict[str, set[str]] = {}
    for record in records.values():
        if record.get("record") == RECEIVED:
            for one in record.get("lots") or ():
                lots.setdefault(str(one.get("lot", "")), set()).add(str(one.get("product", "")))
    return lots


def _wrong_product(expected: Expected, record: Record, arm: str, product: str) -> str:
    if not expected.names_arms:
        return "what was prepared is not what the participant's slot asks for."
    asks = ", ".join(expected.gives.get(arm, ())) or "nothing"
    return (
        f"prepared {product or 'nothing'} (as arm {record.get('arm', '?')}); the list says {arm}, which gives {asks}."
    )


def _wrong_lots(
    expected: Expected, product: str, used: Sequence[Record], lots: Mapping[str, set[str]]
) -> Iterator[str]:
    """A lot that was used as another product than it was received as is a wrong bag. A pharmacy that kept no receipts
    has nothing to compare with."""
    for one in used:
        lot, as_product = str(one.get("lot", "")), str(one.get("product", ""))
        received = lots.get(lot, set())
        if lots and not received:
            yield f"lot {lot} was used and never received."
        elif as_product != product or (received and product not in received):
            yield (
                f"lot {lot} was received as {', '.join(sorted(received)) or as_product} and used as {product}."
                if expected.names_arms
                else f"lot {lot} was used as another product than it is."
            )


def _wrong_infusions(
    expected: Expected, prepared: Mapping[str, Record], given: Sequence[Given]
) -> Iterator[Discrepancy]:
    made = {
        (record.get("participant"), record.get("visit"), day)
        for record in prepared.values()
        for day in _days(str(record.get("day", "")))
    }
    for one in given:
        where = f"{one.participant} {one.visit} day {one.day}"
        label = expected.labels.get(one.participant)
        if one.label != label:
            yield Discrepancy(
                where, f"the infusion page has label {one.label}; the participant's is {label or 'none'}."
            )
        if (one.participant, one.visit, one.day) not in made:
            yield Discrepancy(where, "an infusion was given, and no preparation of it is recorded.")


def _days(text: str) -> list[str]:
    """The days that a preparation covers, `2` or `1 to 3`, as the pages name them."""
    first, _, last = text.partition(" to ")
    if not (first.isdecimal() and (last or first).isdecimal()):
        return [text]
    return [str(day) for day in range(int(first), int(last or first) + 1)]
