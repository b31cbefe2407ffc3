"""Open one label for one person: checked, logged, told, and only then shown.

The order is the point. The entry with the arm is on the disk before anybody sees the arm; the notice without it follows
from the entry and is made again after a crash. So nothing is ever shown that is not logged, and no break is ever lost
to the clinic.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trialwright.allocation import notices
from trialwright.allocation.held import Opened, open_held
from trialwright.allocation.notices import CATEGORIES, Notice, signed_notice, told
from trialwright.allocation.sealing import NotOpened
from trialwright.allocation.slots import LABEL_LENGTH, WrongSlot, label_is_right
from trialwright.ledger.canonical import instant
from trialwright.ledger.heads import signing_key
from trialwright.web.breaking import log, people
from trialwright.web.breaking.host import DRILL_ARM, SIGNS, Host, NotAHost, read_slots, write_whole
from trialwright.web.breaking.log import Entry
from trialwright.web.breaking.people import Known

DAY = timedelta(hours=24)
MANY, MANY_DAYS = 3, 7
SECOND_BREAK = "second code break by one person on a day"
MANY_BREAKS = f"{MANY} or more code breaks in {MANY_DAYS} days"
MOST_WORDS = 2000

GUESSED = f"{people.MANY_CODES} wrong one-time codes behind the right passphrase: somebody may know it"
ENVELOPE = "Open the printed envelope of this label (24-hour pharmacy), or telephone"


@dataclass(frozen=True, slots=True)
class Asked:
    """One filled form."""

    label: str = ""
    category: str = ""
    words: str = ""
    person: str = ""
    passphrase: str = field(default="", repr=False)
    code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """What one person is shown, once. `products` are (product, its role); `note` is what the seal itself says."""

    label: str
    arm: str
    products: tuple[tuple[str, str], ...]
    note: str
    reference: str
    at: str
    drill: bool
    told: bool

    def __repr__(self) -> str:
        return f"Shown(label={self.label!r}, ...)"


class NotShown(Exception):
    """Why nothing is shown: field -> sentence (`""` for all of it), and by how many seconds to delay the answer."""

    def __init__(self, problems: Mapping[str, str], wait: float = 0.0) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)
        self.wait = wait


def open_label(host: Host, identity: str, asked: Asked, now: datetime) -> Shown:
    """Show the arm of one label to who has a passphrase and a fresh one-time code. Raises `NotShown`, in which case
    nothing was opened. What stands between a doctor and the arm is written here and nowhere else."""
    problems = wrong_in(asked)
    if problems:
        raise NotShown(problems)
    known = _recognised(host, asked, now)
    opened = _opened(host, identity, asked, known, now)
    drill = opened.arm == DRILL_ARM
    with log.writing(host.folder) as database:
        if not people.take_code(database, known):
            raise NotShown(
                {
                    "": "This one-time code has been used, and what it opened was shown then. To see it again, "
                    "wait for the next code (at most 30 seconds) and send once more; that is logged again."
                }
            )
        before = log.entries(database, log.OPENED, log.DRILL)
        said = {
            "reference": f"{host.id}-{len(before) + 1:05d}",
            "label": opened.label,
            "arm": opened.arm,
            "category": asked.category,
            "words": asked.words.strip(),
            "learned_by": known.id,
            "name": known.name,
            "site": known.site,
            "alarms": [] if drill else _alarms(before, known, opened.label, now),
        }
        entry = log.append(database, now, log.DRILL if drill else log.OPENED, said)
    return _shown(host, opened, entry, _told(host))


def wrong_in(asked: Asked) -> dict[str, str]:
    """Every field that cannot be right as it stands; nothing here needs to know who asks."""
    problems = {}
    label = plain_label(asked.label)
    if not label:
        problems["label"] = (
            f"Type the label: {LABEL_LENGTH + 1} letters and digits on the bag and on the participant's card."
        )
    elif not label_is_right(label):
        problems["label"] = (
            f"{label} is not a label: at least one character was misread. Read it again from the bag or the card. It "
            f"has {LABEL_LENGTH + 1} characters; A, E, I, L, O, S, U, 0 and 1 never occur."
        )
    if asked.category not in CATEGORIES:
        problems["category"] = "Choose a reason."
    if asked.category == "other" and not asked.words.strip():
        problems["words"] = "Say the reason in a few words."
    if len(asked.words) > MOST_WORDS:
        problems["words"] = f"At most {MOST_WORDS} characters."
    for name, sentence in (
        ("person", "Type your id, as in the trial."),
        ("passphrase", "Type your passphrase."),
        ("code", "Type the six digits that your authenticator shows now."),
    ):
        if not getattr(asked, name).strip():
            problems[name] = sentence
    return problems


def plain_label(text: str) -> str:
    """A label as it was typed or scanned, without spaces and hyphens, in capitals."""
    return "".join(character for character in text.upper() if not character.isspace() and character != "-")


def _recognised(host: Host, asked: Asked, now: datetime) -> Known:
    with log.reading(host.folder) as database:
        known = people.recognised(database, asked.person, asked.passphrase, asked.code, now)
    if known is not None:
        _require_enough(host, known, now)
        return known
    with log.reading(host.folder) as database:
        whose = people.passphrase_of(database, asked.person, asked.passphrase)
    with log.writing(host.folder) as database:
        wait = people.note_failure(database, asked.person, now)
        if whose and people.note_wrong_code(database, whose, now):
            said = {"label": "", "reason": GUESSED, "learned_by": whose}
            log.append(database, now, log.REFUSED, said)
    raise NotShown(
        {
            "": "Id, passphrase and one-time code do not belong together. Type the passphrase again and wait for a "
            f"fresh code. You are not locked out. If it does not work: {ENVELOPE} {host.telephone}."
        },
        wait,
    )


def _require_enough(host: Host, known: Known, now: datetime) -> None:
    """After many wrong codes behind the right passphrase, ask for two codes in a row."""
    with log.writing(host.folder) as database:
        enough = people.enough(database, known, now)
    if not enough:
        raise NotShown(
            {
                "": "The passphrase of this id was typed with many wrong one-time codes, so two codes are needed: wait "
                "for the next code (at most 30 seconds) and send once more. If it was not you, somebody knows the "
                f"passphrase: tell the trial office. If you cannot wait: {ENVELOPE} {host.telephone}."
            }
        )


def _opened(host: Host, identity: str, asked: Asked, known: Known, now: datetime) -> Opened:
    label = plain_label(asked.label)
    why = f"{ENVELOPE} {host.telephone}."
    try:
        slot = read_slots(host.folder).get(label)
    except NotAHost:
        raise NotShown({"": f"The sealed list cannot be read on this machine. {why}"}) from None
    if slot is None:
        _note_refusal(host, known, label, "unknown label", now)
        raise NotShown(
            {"label": f"{label} is well formed but is no label of {host.title}. Is the card of another trial? {why}"}
        )
    try:
        return open_held(slot, [identity], host.trial)
    except (NotOpened, WrongSlot):
        _note_refusal(host, known, label, "the slot does not hold what was committed", now)
        raise NotShown(
            {"": f"The sealed slot of {label} is not what was committed before the trial, so it is not shown. {why}"}
        ) from None


def _note_refusal(host: Host, known: Known, label: str, reason: str, now: datetime) -> None:
    with log.writing(host.folder) as database:
        log.append(database, now, log.REFUSED, {"label": label, "reason": reason, "learned_by": known.id})


def _alarms(before: list[Entry], known: Known, label: str, now: datetime) -> list[str]:
    """What somebody should look at tomorrow; nothing here keeps anybody waiting. The same label seen twice is one."""
    breaks = [entry for entry in before if entry.kind == log.OPENED and entry.said["label"] != label]
    own = any(entry.said["learned_by"] == known.id and now - instant(entry.at) < DAY for entry in breaks)
    lately = {entry.said["label"] for entry in breaks if now - instant(entry.at) < timedelta(days=MANY_DAYS)}
    return [SECOND_BREAK] * own + [MANY_BREAKS] * (len(lately) + 1 >= MANY)


def _shown(host: Host, opened: Opened, entry: Entry, is_told: bool) -> Shown:
    arm = host.arms.get(opened.arm)
    label, products = (arm.label, arm.gives) if arm else (opened.words, ())
    note = opened.words if opened.words not in (opened.arm, label) else ""
    return Shown(
        opened.label, label, products, note, entry.said["reference"], entry.at, entry.kind == log.DRILL, is_told
    )


def _told(host: Host) -> bool:
    """Write the notices; a full disk must not stand between a doctor and the arm that is already logged."""
    try:
        mend_outbox(host)
    except OSError:
        return False
    return True


def notice_of(host: Host, entry: Entry) -> Notice:
    """What the world may know of an entry: everything but the arm and the words."""
    said = entry.said
    return Notice(
        trial=host.trial,
        reference=said["reference"],
        kind=notices.DRILL if entry.kind == log.DRILL else notices.BREAK,
        label=said["label"],
        category=said["category"],
        learned_by=said["learned_by"],
        name=said["name"],
        site=said["site"],
        shown_at=entry.at,
        entry=entry.seal,
        alarms=tuple(said["alarms"]),
    )


def mend_outbox(host: Host) -> int:
    """Write the notice of every entry that has none yet; returns how many were written. Asked at each start and after
    each opening, so a crash between log and notice costs nothing."""
    with log.reading(host.folder) as database:
        entries = log.entries(database, log.OPENED, log.DRILL)
    missing = [
        entry
        for entry in entries
        if not all((host.outbox / f"{entry.said['reference']}.{ending}").exists() for ending in ("json", "txt"))
    ]
    if not missing:
        return 0
    key = signing_key((host.folder / SIGNS).read_bytes())
    for entry in missing:
        notice = notice_of(host, entry)
        write_whole(host.outbox / f"{notice.reference}.json", signed_notice(notice, key))
        letter = told(notice, host.title, host.telephone, CATEGORIES.get(notice.category, notice.category))
        write_whole(host.outbox / f"{notice.reference}.txt", letter.encode())
    return len(missing)
