"""Record that a participant's code was broken. Nothing is opened here and no arm comes by: the break host, an envelope
or the safety unit showed it to one person, and this is the fact of it.

Nobody is asked for leave (BL3), so this verb refuses only what cannot be true. Many breaks raise an alarm that somebody
looks at; they never block. The participation goes on (BL7).
"""

from datetime import timedelta

from trialwright.allocation.notices import CATEGORIES
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.refusal import Refused
from trialwright.ledger import kinds
from trialwright.ledger.canonical import instant, instant_text
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Opening, Participant, State

BREAK_HOST, ENVELOPE, SAFETY_UNIT = "break host", "envelope", "safety unit"
HOW = (BREAK_HOST, ENVELOPE)
"""How this verb's codes were broken; the safety unit has a verb of its own."""

SUSAR = "SUSAR"

MANY, MANY_DAYS = 3, 7
"""So many breaks in so many days raise an alarm."""
CLOCKS_APART = timedelta(minutes=10)
"""So much may the watch of who opened an envelope be ahead."""
SAME_DAY = timedelta(hours=24)
"""A day is any 24 hours: a night shift has no midnight."""


def break_code(
    desk: Desk,
    *,
    how: str,
    category: str,
    learned_by: str,
    by: Person,
    participant: str | None = None,
    label: str | None = None,
    shown_at: str | None = None,
    reference: str | None = None,
    site: str | None = None,
    why: str | None = None,
) -> Fact:
    """Record one opened allocation, by participant or by label: who learned it, when, how and why; never the arm.

    `shown_at` is the canonical instant when it was shown (now without). `reference` names the entry in the log of the
    place where it was opened; told twice, the first fact is returned and nothing is added. `site` is where who learned
    it works. `why` is sealed. Raises `Refused`.
    """
    with desk.act("break_code", by) as state:
        _require_words(how, category, learned_by)
        at = _when(desk, how, shown_at)
        person = _whose(desk, state, participant, label, by)
        assert person.allocation is not None
        told = reference or f"{how}:{person.allocation.label}:{learned_by}:{at}"
        known = _told_before(state, told)
        if known is not None:
            return _same(desk.ledger.fact(known.number), person, learned_by)
        fact = append_opening(desk, person, how, category, learned_by, at, told, by, why)
        _raise_alarms(desk, state, person, learned_by, at, site, by)
        return fact


def label_of_nobody(
    desk: Desk, *, label: str, learned_by: str, shown_at: str, reference: str, by: Person
) -> Fact | None:
    """Raise the alarm that somebody opened a label that no participant has: it may be drawn tomorrow. None where the
    alarm was raised before."""
    with desk.act("break_code", by) as state:
        if any(alarm.about.get("reference") == reference for alarm in state.alarms):
            return None
        about = {"label": label, "who": learned_by, "shown_at": shown_at, "reference": reference}
        payload = {"alarm": kinds.UNKNOWN_LABEL, "about": about}
        return desk.append(by, kinds.ALARM_RAISED, payload, state.version)


def append_opening(
    desk: Desk,
    person: Participant,
    how: str,
    category: str,
    learned_by: str,
    shown_at: str,
    reference: str,
    by: Person,
    why: str | None,
) -> Fact:
    """The fact of an opening, its words sealed beside it; inside an act only."""
    assert person.allocation is not None
    payload = {
        "how": how,
        "category": category,
        "label": person.allocation.label,
        "learned_by": learned_by,
        "shown_at": shown_at,
        "reference": reference,
        "commitment": kept_words(desk, why),
    }
    return desk.append(by, kinds.CODE_BROKEN, payload, desk.state.version, person.id)


def kept_words(desk: Desk, words: str | None) -> str | None:
    """Seal words that may name an arm and give their commitment; None without words. Inside an act only."""
    if not (words and words.strip()):
        return None
    key = f"words/{desk.state.number + 1}"
    return desk.vault.keep(key, {"words": words.strip()}, desk.chance.token(key))


def _require_words(how: str, category: str, learned_by: str) -> None:
    problems = []
    if how not in HOW:
        problems.append(f"how is one of: {', '.join(HOW)}; not '{how}'")
    if category not in CATEGORIES:
        problems.append(f"category is one of: {', '.join(CATEGORIES)}; not '{category}'")
    if not learned_by.strip():
        problems.append("say who learned the treatment")
    if problems:
        raise Refused("This code break cannot be recorded as it stands.", "break", tuple(problems))


def _when(desk: Desk, how: str, shown_at: str | None) -> str:
    """The instant as told, or now. Of an envelope it has passed; the break host's own clock is never argued with."""
    now = instant_text(desk.clock.now())
    if shown_at is None:
        return now
    try:
        instant(shown_at)
    except ValueError:
        raise Refused(
            f"'{shown_at}' is no instant; write UTC with microseconds, as 2026-03-01T03:10:00.000000Z.", "instant"
        ) from None
    if how == ENVELOPE and shown_at > instant_text(desk.clock.now() + CLOCKS_APART):
        raise Refused(f"{shown_at} has not come yet; give the instant when the envelope was opened.", "instant")
    return shown_at


def _whose(desk: Desk, state: State, participant: str | None, label: str | None, by: Person) -> Participant:
    """The participant, found by number or by the label on the bag, the card or the envelope."""
    if participant is None:
        participant = state.labels.get((label or "").strip().upper())
    if participant is None:
        raise Refused(
            f"Label {label or '(none)'} belongs to no participant of this trial; read it again, or name the "
            "participant, and tell the trial office.",
            "label",
        )
    person = desk.participant(participant, by)
    if person.allocation is None:
        raise Refused(f"{participant} is not randomised; there is no code to break.", "randomised")
    if label is not None and person.allocation.label != label.strip().upper():
        raise Refused(f"{participant} does not have label {label}; check both.", "label")
    return person


def _told_before(state: State, reference: str) -> Opening | None:
    return next(
        (entry for one in state.participants.values() for entry in one.openings if entry.reference == reference), None
    )


def _same(fact: Fact, person: Participant, learned_by: str) -> Fact:
    """The first fact again. Another break under its reference is a mistake that must not vanish."""
    payload = fact.payload or {}
    if fact.participant != person.id or payload.get("learned_by") != learned_by:
        raise Refused(
            f"Reference {payload.get('reference')} stands for another code break already, fact {fact.number}.",
            "reference",
        )
    return fact


def _raise_alarms(
    desk: Desk, state: State, person: Participant, learned_by: str, at: str, site: str | None, by: Person
) -> None:
    """Say that somebody should look: the same person twice on a day, many breaks at all, a break from elsewhere."""
    breaks = [(one.id, entry) for one in state.participants.values() for entry in one.openings if entry.how in HOW]
    # The same participant seen twice is one break.
    of = {one for one, entry in breaks if entry.learned_by == learned_by and _within(entry.shown_at, at, SAME_DAY)}
    own, lately = len(of), len({one for one, entry in breaks if _within(entry.shown_at, at, timedelta(days=MANY_DAYS))})
    if own > 1:
        _alarm(desk, by, person, kinds.SECOND_BREAK, {"who": learned_by, "breaks": str(own)})
    if lately >= MANY:
        _alarm(desk, by, person, kinds.MANY_BREAKS, {"breaks": str(lately), "days": str(MANY_DAYS)})
    if site and site != person.site:
        _alarm(desk, by, person, kinds.BROKEN_ELSEWHERE, {"who": learned_by, "site": site})


def _within(one: str, other: str, span: timedelta) -> bool:
    return abs(instant(one) - instant(other)) < span


def _alarm(desk: Desk, by: Person, person: Participant, alarm: str, about: dict[str, str]) -> None:
    desk.append(by, kinds.ALARM_RAISED, {"alarm": alarm, "about": about}, desk.state.version, person.id)
