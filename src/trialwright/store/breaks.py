"""What the clinic does with code breaks on a trial folder: take in the break host's notices, write letters about them.

`trialwright.toml` may say, under `[emergency]`: `telephone` (24 hours), `outbox` (where the break host's notices
arrive) and `host_key` (its public key). A letter says that a code was broken, never what it is: it is the same text
whatever the arm.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trialwright.allocation.notices import CATEGORIES, DRILL, BadNotice, Notice, read_notice, told
from trialwright.conduct import Desk, Person, Refused, break_code
from trialwright.conduct.break_code import BREAK_HOST, SUSAR, label_of_nobody
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.store.folder import SETTINGS, NotATrial, sync

OUTBOX = "outbox"
HOST = Person("break-host", "break_host", "Break host")
TELEPHONE = "the 24-hour telephone on the participant's card"


@dataclass(frozen=True, slots=True)
class Emergency:
    """What `[emergency]` says; empty texts where it says nothing."""

    telephone: str = ""
    outbox: str = ""
    host_key: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the notices: new facts, known ones, drills, labels of nobody, files that were refused, and the
    references that the break host gave in between and nobody has told here."""

    facts: tuple[Fact, ...]
    known: int
    drills: int
    nobody: tuple[str, ...]
    refused: tuple[str, ...]
    missing: tuple[str, ...] = ()


def emergency(folder: Path) -> Emergency:
    """The emergency settings of a trial folder. Raises `NotATrial` where they cannot be read."""
    try:
        said = tomllib.loads((folder / SETTINGS).read_text(encoding="utf-8")).get("emergency", {})
        return Emergency(**{name: str(value) for name, value in said.items()})
    except OSError as error:
        raise NotATrial(f"{folder / SETTINGS} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise NotATrial(
            f"{folder / SETTINGS}: [emergency] knows telephone, outbox and host_key, each a text"
        ) from error


def take_in_notices(desk: Desk, outbox: Path, host_key: str) -> Taken:
    """Take in every notice that is not a fact yet. A notice with a wrong signature, of another trial or that cannot be
    read is named and skipped; the others are taken in all the same. Asked again, it adds nothing."""
    facts: list[Fact] = []
    nobody, refused = [], []
    known = drills = 0
    told: set[str] = set()
    for path in sorted(outbox.glob("*.json")):
        try:
            notice = read_notice(path.read_bytes(), host_key)
            if notice.trial != desk.protocol().definition.id:
                raise BadNotice(f"it is of another trial, {notice.trial}")
            told.add(notice.reference)
            if notice.kind == DRILL:
                drills += 1
                continue
            before = desk.state.number
            fact = _fact(desk, notice)
        except (BadNotice, Refused, OSError) as error:
            refused.append(f"{path.name}: {error}")
            continue
        if fact is None:
            nobody.append(notice.label)
        elif fact.number > before:
            facts.append(fact)
        else:
            known += 1
    missing = _missing({*told, *_told_before(desk)})
    return Taken(tuple(facts), known, drills, tuple(nobody), tuple(refused), missing)


def _told_before(desk: Desk) -> list[str]:
    """The references of the break host that the ledger has, of participants and of labels that nobody had."""
    openings = [one for person in desk.state.participants.values() for one in person.openings if one.how == BREAK_HOST]
    nobody = [alarm.about["reference"] for alarm in desk.state.alarms if "reference" in alarm.about]
    return [*(opening.reference for opening in openings), *nobody]


def _missing(told: set[str]) -> tuple[str, ...]:
    """A break host counts its openings and drills; a number that was left out is a break that somebody kept back, or
    the notice of a drill that was cleared away."""
    counts: dict[str, set[int]] = {}
    for reference in told:
        host, _, number = reference.rpartition("-")
        if host and number.isascii() and number.isdigit():
            counts.setdefault(host, set()).add(int(number))
    return tuple(
        f"{host}-{number:05d}"
        for host, numbers in sorted(counts.items())
        for number in range(1, max(numbers))
        if number not in numbers
    )


def _fact(desk: Desk, notice: Notice) -> Fact | None:
    """The fact of a notice; None for a label that nobody has, which raises an alarm instead."""
    desk.catch_up()
    if notice.label not in desk.state.labels:
        label_of_nobody(
            desk,
            label=notice.label,
            learned_by=notice.learned_by,
            shown_at=notice.shown_at,
            reference=notice.reference,
            by=HOST,
        )
        return None
    return break_code(
        desk,
        label=notice.label,
        how=BREAK_HOST,
        category=notice.category,
        learned_by=notice.learned_by,
        shown_at=notice.shown_at,
        reference=notice.reference,
        site=notice.site or None,
        by=HOST,
    )


def write_letters(folder: Path, desk: Desk) -> list[Path]:
    """Write into DIR/outbox the letter to sponsor and principal investigator about every opening that has none yet;
    returns the new ones. They are numbered as the openings are."""
    desk.catch_up()
    openings = sorted(
        ((entry.number, person) for person in desk.state.participants.values() for entry in person.openings),
        key=lambda found: found[0],
    )
    place = folder / OUTBOX
    place.mkdir(exist_ok=True)
    telephone = emergency(folder).telephone or TELEPHONE
    title = desk.protocol().definition.title
    written = []
    for count, (number, person) in enumerate(openings, start=1):
        path = place / f"code-break-{count:05d}.txt"
        if path.exists():
            continue
        payload = desk.ledger.fact(number).payload or {}
        letter = told(
            _as_notice(desk, payload, person.site, _alarms_after(desk, number)),
            title.acronym or title.official,
            telephone,
            _reason(str(payload.get("category", ""))),
        )
        aside = path.with_suffix(".new")
        aside.write_text(letter, encoding="utf-8")
        os.replace(aside, path)
        written.append(path)
    sync(place)
    return written


def _alarms_after(desk: Desk, number: int) -> list[str]:
    """The alarms of a break: the facts right behind it."""
    raised = {alarm.number: alarm.alarm for alarm in desk.state.alarms}
    found = []
    while (number := number + 1) in raised:
        found.append(raised[number])
    return found


def _reason(category: str) -> str:
    return "Suspected unexpected serious adverse reaction" if category == SUSAR else CATEGORIES.get(category, category)


def _as_notice(desk: Desk, payload: Mapping[str, str], site: str, alarms: list[str]) -> Notice:
    breaks = (kinds.SECOND_BREAK, kinds.MANY_BREAKS, kinds.BROKEN_ELSEWHERE)
    who = payload.get("learned_by", "")
    return Notice(
        desk.protocol().definition.id,
        payload.get("reference", ""),
        payload.get("how", ""),
        payload.get("label", ""),
        payload.get("category", ""),
        who,
        who,
        site,
        payload.get("shown_at", ""),
        "",
        tuple(alarm for alarm in alarms if alarm in breaks),
    )
