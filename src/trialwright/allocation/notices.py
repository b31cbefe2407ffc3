"""The notice of a code break: that somebody learned one allocation, never which arm it is.

The break host signs it with Ed25519 and the clinic checks the signature before it becomes a fact. Two breaks that
differ in the arm alone give the same notice: no field, length, name or order in it depends on the arm. `entry` is the
seal of the break host's own log entry, which a random salt keeps from being tried out.
"""

from dataclasses import asdict, dataclass, fields

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from trialwright.ledger.canonical import canonical, instant

BREAK, DRILL = "break", "drill"
CATEGORIES = {
    "emergency": "Medical emergency: the treatment decides what is done now",
    "overdose": "Overdose, or a reaction during the infusion",
    "exposure": "Somebody else was exposed (a child, a wrong patient)",
    "pregnancy": "Pregnancy",
    "other": "Another medical reason",
}
"""Why a code is broken, in the open; the words beside it are sealed, because they may name the arm."""
FORMAT = "trialwright code break notice 1"


class BadNotice(ValueError):
    """A notice that is not signed by this break host, or is none; the reason is the sentence."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Who learned which label's allocation, when and why; every field is a text but the alarms."""

    trial: str
    reference: str
    kind: str
    label: str
    category: str
    learned_by: str
    name: str
    site: str
    shown_at: str
    entry: str
    alarms: tuple[str, ...] = ()


def _signed_bytes(notice: Notice) -> bytes:
    return canonical({"format": FORMAT, **asdict(notice), "alarms": list(notice.alarms)})


def signed_notice(notice: Notice, key: Ed25519PrivateKey) -> bytes:
    """The notice as one canonical JSON line with its signature."""
    content = orjson.loads(_signed_bytes(notice))
    return canonical({**content, "signature": key.sign(_signed_bytes(notice)).hex()}) + b"\n"


def read_notice(content: bytes, public_key: str) -> Notice:
    """The notice of a file, its signature checked against the break host's public key (hexadecimal). Raises
    `BadNotice`."""
    try:
        found = orjson.loads(content)
        signature = bytes.fromhex(found.pop("signature"))
        if found.pop("format") != FORMAT:
            raise BadNotice("it is no notice of a code break")
        notice = Notice(**{**found, "alarms": tuple(found["alarms"])})
        instant(notice.shown_at)
        _require_texts(notice)
    except BadNotice:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadNotice("it is no notice of a code break") from error
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(signature, _signed_bytes(notice))
    except (InvalidSignature, ValueError) as error:
        raise BadNotice("its signature is not this break host's") from error
    return notice


def _require_texts(notice: Notice) -> None:
    for field in fields(notice):
        value = getattr(notice, field.name)
        parts = value if isinstance(value, tuple) else (value,)
        if not all(isinstance(part, str) for part in parts):
            raise BadNotice(f"{field.name} is no text")


def _who(notice: Notice) -> str:
    return notice.name if notice.name == notice.learned_by else f"{notice.name} ({notice.learned_by})"


def told(notice: Notice, title: str, telephone: str, reason: str) -> str:
    """The notice as a letter to the sponsor and the principal investigator. `reason` is the category in words."""
    drill = notice.kind == DRILL
    lines = [
        "DRILL: no participant is concerned." if drill else "A participant's treatment code was broken.",
        "",
        f"Trial       {title} ({notice.trial})",
        f"Label       {notice.label}",
        f"Shown at    {notice.shown_at} (UTC)",
        f"Shown to    {_who(notice)}, site {notice.site or 'not named'}",
        f"Reason      {reason}",
        f"Reference   {notice.reference}",
        *(f"ALARM       {alarm}" for alarm in notice.alarms),
        "",
        "This notice does not say what the treatment is, and you need not know it. The participant stays in the trial.",
        "Do not ask the doctor who broke the code what it is. Ask for the follow-up report of the unblinding instead.",
        f"Questions   {telephone}",
    ]
    return "\n".join(lines) + "\n"
