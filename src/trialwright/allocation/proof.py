"""The proof afterwards: that the list was fixed before the first participant, and that it was followed in order.

Pure functions over what the trial keeps (`Evidence`). What needs no key is checked without one; with the seed from
escrow the list is drawn up again and everything is compared with it. Each step says what it found, each discrepancy
says where.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from trialwright.allocation.bulk import Regenerated
from trialwright.allocation.merkle import merkle_root
from trialwright.allocation.seed_shares import PARTS, signed_by
from trialwright.ledger.canonical import fingerprint


class Place(NamedTuple):
    """A slot as the trial keeps it; `drawn_by` is the number of the fact that the vault says drew it."""

    list: int
    stratum: str
    position: int
    label: str
    leaf: str
    drawn_by: int | None


class Draw(NamedTuple):
    """A draw as the ledger has it."""

    number: int
    participant: str
    stratum: str
    position: int
    label: str
    leaf: str


@dataclass(frozen=True, slots=True)
class Segment:
    """The list (number 1) or an extension of it. `said_root` and `said_annex` stand in the fact that took it in,
    `root` and `annex_sha256` in the vault; `ordered` is false where arms are drawn by an allocator; `document` is what
    the people who made the list signed, as that fact keeps it."""

    number: int
    fact: int
    root: str
    annex_sha256: str
    said_root: str
    said_annex: str
    ordered: bool = True
    document: str = ""

    @property
    def name(self) -> str:
        """How a person would call it."""
        return "the list" if self.number == 1 else f"the extension of fact {self.fact}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the trial keeps of its allocation: lists, slots in their order, draws in theirs, and the assignments that
    the ledger has since the final opening (participant: arm)."""

    segments: Sequence[Segment]
    places: Sequence[Place]
    draws: Sequence[Draw]
    assignments: Mapping[str, str]

    def of(self, segment: Segment) -> list[Place]:
        """The slots of one list."""
        return [place for place in self.places if place.list == segment.number]


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something that is not as it should be, and where."""

    place: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at. `kind` is 'proven' (it follows from commitments), 'record' (it is what people
    wrote) or 'open' (it could not be looked at; `says` tells why)."""

    name: str
    kind: str
    says: str
    discrepancies: tuple[Discrepancy, ...] = ()


PROVEN, RECORD, OPEN = "proven", "record", "open"


def step(name: str, kind: str, says: str, found: Iterable[Discrepancy]) -> Step:
    """A step with what it found."""
    return Step(name, kind, says, tuple(found))


# ---------------------------------------------------------------- without a key


def committed(evidence: Evidence) -> Step:
    """The slots that are kept give the roots that the facts name, so none was added, removed, exchanged or moved."""
    counted = sum(len(evidence.of(segment)) for segment in evidence.segments if segment.ordered)
    if not counted and evidence.segments:
        says = "An allocator draws one by one: the ledger has held the commitment to its seed since fact 1."
        return step("The allocator is the one that was committed", PROVEN, says, _uncommitted(evidence))
    says = f"{counted} slots give the root that the ledger has had since before the first participant."
    if len(evidence.segments) > 1:
        says += f" So do those of {len(evidence.segments) - 1} extension(s), each since its own fact."
    return step("The list is the one that was committed", PROVEN, says, _uncommitted(evidence))


def _uncommitted(evidence: Evidence) -> Iterator[Discrepancy]:
    for segment in evidence.segments:
        where = f"fact {segment.fact}"
        if (segment.said_root, segment.said_annex) != (segment.root, segment.annex_sha256):
            yield Discrepancy(
                where, f"{segment.name} is not the one that this fact names: another root or annex is kept."
            )
        if segment.ordered and root_of(place.leaf for place in evidence.of(segment)) != segment.said_root:
            yield Discrepancy(
                where,
                f"the slots of {segment.name} do not give the root of this fact: one was exchanged, added, removed or "
                "moved.",
            )
    known = {segment.number for segment in evidence.segments}
    for place in evidence.places:
        if place.list not in known:
            yield Discrepancy(_at(place), f"label {place.label} belongs to no list.")


def root_of(leaves: Iterable[str]) -> str:
    """The Merkle root over leaves in hexadecimal; `''` over none, and over what is no leaf."""
    try:
        return merkle_root([bytes.fromhex(leaf) for leaf in leaves]).hex()
    except ValueError:
        return ""


def signed(evidence: Evidence) -> Step:
    """Generator, witness and reviewer have signed terms that name this root and this annex."""
    name = "The list is signed by who made it"
    documents = {segment: document for segment in evidence.segments if (document := _document(segment)) is not None}
    if not documents:
        return Step(name, OPEN, "The list was taken in without signed terms, as a rehearsal's may be.")
    people = [person for document in documents.values() for person in _people(document)]
    found = (one for segment, document in documents.items() for one in _unsigned(segment, document))
    return step(name, PROVEN, f"Signed by {', '.join(people)}, for this root and this annex.", found)


def _document(segment: Segment) -> dict[str, Any] | None:
    try:
        held = orjson.loads(segment.document)
    except orjson.JSONDecodeError:
        return None
    return held if isinstance(held, dict) and all(isinstance(held.get(part), dict) for part in PARTS) else None


def _people(document: Mapping[str, Any]) -> list[str]:
    review = document.get("review")
    people = [f"{document[part]['name']} ({part})" for part in PARTS]
    return [*people, f"{review['reviewed_by']} (reviewer)"] if review else people


def _unsigned(segment: Segment, document: Mapping[str, Any]) -> Iterator[Discrepancy]:
    where = f"fact {segment.fact}"
    statement = {key: value for key, value in document.items() if key not in ("signatures", "review")}
    if (statement.get("root"), statement.get("annex_sha256")) != (segment.said_root, segment.said_annex):
        yield Discrepancy(where, f"what was signed of {segment.name} names another root or annex.")
    for part in PARTS:
        person, signature = document[part], str(document.get("signatures", {}).get(part, ""))
        if not signed_by(str(person.get("public_key", "")), signature, statement):
            yield Discrepancy(where, f"the signature of the {part}, {person.get('name')}, does not stand.")
    review = document.get("review")
    if review:
        said = {
            "form": statement.get("form"),
            "reviewed": fingerprint(statement),
            "by": review.get("reviewed_by"),
            "on": review.get("reviewed_on"),
        }
        if not signed_by(str(review.get("public_key", "")), str(review.get("signature", "")), said):
            yield Discrepancy(where, f"the signature of the reviewer, {review.get('reviewed_by')}, does not stand.")


def sealed_to(now: Mapping[str, str], said: Mapping[str, str] | None, fact: int) -> Step:
    """What is sealed goes to the public keys that were agreed (role -> key), by the list's signed terms or by the fact
    that changed them; whoever edits the settings could otherwise put in a key of their own."""
    name = "Values are sealed to the keys that were agreed"
    if said is None:
        return Step(name, OPEN, "The list was taken in without signed terms, so no keys were agreed on.")
    found = [
        Discrepancy(
            f"trialwright.toml, {role}", f"the key is not the one that fact {fact} names: {_which(now, said, role)}."
        )
        for role in sorted({*now, *said})
        if now.get(role) != said.get(role)
    ]
    return step(name, PROVEN, f"The settings name the {len(said)} public keys of fact {fact}.", found)


def _which(now: Mapping[str, str], said: Mapping[str, str], role: str) -> str:
    if role not in said:
        return "it names none"
    return "there is none" if role not in now else f"{now[role][:12]}... stands in the place of {said[role][:12]}..."


def in_order(evidence: Evidence) -> Step:
    """In each stratum each draw took the next slot, earlier lists first; no slot and no participant twice."""
    strata = len({draw.stratum for draw in evidence.draws})
    if evidence.segments and not any(segment.ordered for segment in evidence.segments):
        says = (
            f"{len(evidence.draws)} draws, nobody and no label twice; their order is proven with the allocator's seed."
        )
        return step("Nobody was drawn twice", PROVEN, says, [*_twice(evidence.draws), *_strange(evidence)])
    says = f"{len(evidence.draws)} draws in {strata} strata, each of the next slot of its stratum, nobody twice."
    found = [*_twice(evidence.draws), *_strange(evidence), *_out_of_order(evidence)]
    return step("The list was followed in order", PROVEN, says, found)


def _twice(draws: Sequence[Draw]) -> Iterator[Discrepancy]:
    labels: dict[str, Draw] = {}
    people: dict[str, Draw] = {}
    for draw in draws:
        if (earlier := labels.setdefault(draw.label, draw)) is not draw:
            yield Discrepancy(
                f"fact {draw.number}, {draw.participant}",
                f"label {draw.label} was drawn before, by fact {earlier.number} for {earlier.participant}.",
            )
        if (earlier := people.setdefault(draw.participant, draw)) is not draw:
            yield Discrepancy(
                f"fact {draw.number}, {draw.participant}",
                f"{draw.participant} was randomised before, by fact {earlier.number} (label {earlier.label}).",
            )


def _strange(evidence: Evidence) -> Iterator[Discrepancy]:
    """Draws of slots that are not kept, or are kept as something else, and marks of the vault that no draw has."""
    kept = {place.label: place for place in evidence.places}
    for draw in evidence.draws:
        where, place = f"fact {draw.number}, {draw.participant}", kept.get(draw.label)
        if place is None:
            yield Discrepancy(where, f"label {draw.label} is on no list.")
            continue
        if (place.stratum, place.position, place.leaf) != (draw.stratum, draw.position, draw.leaf):
            yield Discrepancy(
                where,
                f"label {draw.label} was drawn as {draw.stratum}, position {draw.position}, and is kept as "
                f"{_at(place)}, or under another commitment.",
            )
    drawn = {(draw.label, draw.number) for draw in evidence.draws}
    marked = {(place.label, place.drawn_by) for place in evidence.places if place.drawn_by is not None}
    for label, number in sorted(marked - drawn, key=str):
        yield Discrepancy(
            _at(kept[label]), f"label {label} is marked as drawn by fact {number}, which did not draw it."
        )
    for label, number in sorted(drawn - marked, key=str):
        if label in kept and kept[label].drawn_by is None:
            yield Discrepancy(_at(kept[label]), f"label {label} was drawn by fact {number} and is not marked as drawn.")


def _out_of_order(evidence: Evidence) -> Iterator[Discrepancy]:
    """Per stratum, in the order of facts: which slot was next, and which was taken."""
    ordered = {segment.number: segment for segment in evidence.segments if segment.ordered}
    home = {place.label: place for place in evidence.places if place.list in ordered}
    waiting = _queues(home.values())
    taken: set[str] = set()
    for draw in sorted(evidence.draws):
        queue = waiting.get(draw.stratum, [])
        while queue and queue[-1].label in taken:
            queue.pop()
        taken.add(draw.label)
        place = home.get(draw.label)
        if place is None:
            continue
        where = f"fact {draw.number}, {draw.participant}"
        if ordered[place.list].fact > draw.number:
            yield Discrepancy(where, f"label {draw.label} is of {ordered[place.list].name}, which came later.")
        if queue and queue[-1].label != draw.label:
            following = f"{queue[-1].label} ({_at(queue[-1])})"
            yield Discrepancy(where, f"label {draw.label} ({_at(place)}) was taken where {following} was next.")


def _queues(places: Iterable[Place]) -> dict[str, list[Place]]:
    """Stratum -> its slots, the next one last, where it is cheap to take; an extension comes after its list."""
    queues: dict[str, list[Place]] = {}
    for place in sorted(places, key=lambda place: (place.list, place.position), reverse=True):
        queues.setdefault(place.stratum, []).append(place)
    return queues


def _at(place: Place) -> str:
    return f"{place.stratum}, position {place.position}"


# ---------------------------------------------------------------- with the seed


def redrawn(evidence: Evidence, again: Mapping[int, Regenerated]) -> Step:
    """The seed from escrow gives exactly these slots: place, label and commitment. `again`: list number -> columns."""
    rows = sum(len(columns.label) for columns in again.values())
    says = f"Seed and annex from escrow give all {rows} slots again: place, label, arm and commitment."
    return step("The list follows from its seed", PROVEN, says, _not_redrawn(evidence, again))


def _not_redrawn(evidence: Evidence, again: Mapping[int, Regenerated]) -> Iterator[Discrepancy]:
    for segment in evidence.segments:
        columns = again.get(segment.number)
        if columns is None:
            continue
        kept = evidence.of(segment)
        if len(kept) != len(columns.label):
            yield Discrepancy(segment.name, f"the seed gives {len(columns.label)} slots and {len(kept)} are kept.")
        given = zip(columns.stratum, columns.position, columns.label, columns.leaf, strict=True)
        for place, slot in zip(kept, given, strict=False):
            if (place.stratum, place.position, place.label, place.leaf) != slot:
                yield Discrepancy(_at(place), f"label {place.label} is not the slot that the seed gives here.")


def redrawn_by_allocator(problems: Sequence[str], draws: int, committed: bool) -> Step:
    """The seed from escrow, which is the committed one, gives each draw again with the levels of who came."""
    says = f"Seed and annex from escrow give all {draws} draws again with the levels of who came: arm and commitment."
    found = [Discrepancy(*one.split(": ", 1)) if ": " in one else Discrepancy("draws", one) for one in problems]
    if not committed:
        found.insert(0, Discrepancy("fact 1", "the seed in escrow is not the one that was committed to."))
    return step("The draws follow from the allocator's seed", PROVEN, says, found)


def opened_one_by_one(evidence: Evidence, arms: Mapping[str, str], wrong: Sequence[str]) -> Step:
    """Without the seed: every slot, opened with a holder's key, holds the arm and nonce of its commitment."""
    says = f"All {len(arms)} slots open with a holder's key, each to the arm that was committed. No seed was seen."
    places = {place.label: _at(place) for place in evidence.places}
    found = (Discrepancy(places.get(one, one), f"label {one} does not hold what was committed.") for one in wrong)
    return step("Every slot holds what was committed", PROVEN, says, found)


def arms_of(evidence: Evidence, again: Mapping[int, Regenerated]) -> Mapping[str, str]:
    """Participant -> arm of the list, for every draw whose label the seed gives."""
    arms = {label: arm for columns in again.values() for label, arm in zip(columns.label, columns.arm, strict=True)}
    return {draw.participant: arms[draw.label] for draw in evidence.draws if draw.label in arms}


def assigned(evidence: Evidence, arms: Mapping[str, str]) -> Step:
    """The assignments in the ledger since the final opening are those of the list."""
    name = "The ledger's assignments are the list's"
    if not evidence.assignments:
        return Step(name, OPEN, "The ledger has no assignments yet; they enter it with the final opening.")
    says = f"{len(evidence.assignments)} participants have the arm in the ledger that their slot has on the list."
    return step(name, PROVEN, says, _wrong_assignments(evidence, arms))


def _wrong_assignments(evidence: Evidence, arms: Mapping[str, str]) -> Iterator[Discrepancy]:
    drawn = {draw.participant: draw for draw in evidence.draws}
    for participant in sorted(evidence.assignments.keys() | drawn.keys()):
        said, given = evidence.assignments.get(participant), arms.get(participant)
        if said == given and participant in drawn:
            continue
        label = f" (label {drawn[participant].label})" if participant in drawn else ""
        yield Discrepancy(
            participant,
            f"the ledger's final opening says {said or 'nothing'}; the list{label} says {given or 'nothing'}.",
        )
