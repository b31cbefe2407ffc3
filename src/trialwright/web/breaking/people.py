"""Who may ask: a passphrase (scrypt) and a one-time code (RFC 6238) each, given out once at enrolment.

Nobody is locked out. A wrong passphrase makes the next wrong answer slower; a right one is answered at once, also after
a hundred wrong ones: the person at the bed must never wait for somebody who tried to get in.
"""

import hashlib
import hmac
import secrets
import sqlite3
import unicodedata
from base64 import b32encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from trialwright.ledger.canonical import instant_text

COST = {"n": 2**14, "r": 8, "p": 1}
"""What Percival's paper on scrypt (2009) takes for log-ins that somebody waits for: 16 MiB and some 0.04 s, so
that half a second holds on a busy old machine too. A one-time code stands beside it, and who can read these hashes can
read the key of the host as well."""
MEMORY = 64 * 2**20
LEAST_PASSPHRASE = 12
SECRET_BYTES = 20
STEP_SECONDS = 30
DIGITS = 6
STEPS_EITHER_WAY = 1
"""A telephone's clock may be off by half a minute."""

REMEMBERED = timedelta(minutes=15)
SLOWEST_SECONDS = 8
MANY_CODES = 10
"""So many wrong one-time codes behind the right passphrase, within what is remembered: somebody may have the passphrase
and be trying codes, of which a computer can try a million in some hours. From then on two codes are asked for, one
after the other, which nobody can guess; the doctor waits half a minute and is never locked out."""
_BLUR = secrets.token_bytes(32)
"""Ids that nobody has are counted one by one too, or the delay would tell which ids there are; under a key that ends
with the process, since somebody may have typed a passphrase into the wrong field."""


class CannotEnrol(ValueError):
    """Why somebody cannot be added, in a sentence."""


@dataclass(frozen=True, slots=True)
class Known:
    """A person of the break host. `code` is the number of the step whose one-time code was typed."""

    id: str
    name: str
    site: str
    code: int = 0


def add(
    database: sqlite3.Connection, person: str, name: str, site: str, passphrase: str, now: datetime, trial: str
) -> tuple[str, str]:
    """Enrol somebody. Returns the secret of their one-time codes (base32) and its otpauth address: shown once, kept
    nowhere else. Raises `CannotEnrol`."""
    if not (person.isascii() and person.replace("-", "").replace(".", "").replace("_", "").isalnum()):
        raise CannotEnrol(f"'{person}' is no id; use letters, digits, - . _, the same id as in the trial")
    if len(_plain(passphrase)) < LEAST_PASSPHRASE:
        raise CannotEnrol(
            f"a passphrase has at least {LEAST_PASSPHRASE} characters; four or five words are easy to type"
        )
    if database.execute("SELECT 1 FROM person WHERE id = ? AND left_at IS NULL", (person,)).fetchone():
        raise CannotEnrol(f"{person} is enrolled already; remove {person} first to give a new passphrase")
    salt, secret = secrets.token_bytes(16), secrets.token_bytes(SECRET_BYTES)
    database.execute(
        "INSERT OR REPLACE INTO person (id, name, site, salt, passphrase, secret, added_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (person, name, site, salt, _stretched(passphrase, salt), secret, instant_text(now.astimezone(UTC))),
    )
    return b32encode(secret).decode(), _totp(secret).get_provisioning_uri(person, f"Code break {trial}")


def remove(database: sqlite3.Connection, person: str, now: datetime) -> bool:
    """Let somebody go; False where nobody of this id is enrolled."""
    changed = database.execute(
        "UPDATE person SET left_at = ? WHERE id = ? AND left_at IS NULL", (instant_text(now.astimezone(UTC)), person)
    )
    return changed.rowcount == 1


def listed(database: sqlite3.Connection) -> list[tuple[Known, str, str | None]]:
    """Everybody, with the instants when they came and left."""
    rows = database.execute("SELECT id, name, site, added_at, left_at FROM person ORDER BY id")
    return [(Known(*row[:3]), row[3], row[4]) for row in rows]


def recognised(database: sqlite3.Connection, person: str, passphrase: str, code: str, now: datetime) -> Known | None:
    """The person whose passphrase and one-time code these are, else None. Takes the same time for everybody, enrolled
    or not."""
    row = database.execute(
        "SELECT id, name, site, salt, passphrase, secret FROM person WHERE id = ? AND left_at IS NULL",
        (person.strip(),),
    ).fetchone()
    known, name, site, salt, kept, secret = row or ("", "", "", b"\0" * 16, b"\0" * 32, b"\0" * SECRET_BYTES)
    right = hmac.compare_digest(_stretched(passphrase, salt), kept)
    step = _step_of(secret, code, now)
    return Known(known, name, site, step) if row and right and step else None


def passphrase_of(database: sqlite3.Connection, person: str, passphrase: str) -> str:
    """The id whose passphrase this is, else ''. Takes the same time for everybody, enrolled or not."""
    row = database.execute(
        "SELECT id, salt, passphrase FROM person WHERE id = ? AND left_at IS NULL", (person.strip(),)
    ).fetchone()
    known, salt, kept = row or ("", b"\0" * 16, b"\0" * 32)
    return str(known) if hmac.compare_digest(_stretched(passphrase, salt), kept) else ""


def take_code(database: sqlite3.Connection, known: Known) -> bool:
    """Use the one-time code up, in the transaction that writes the log; False where it was used before."""
    changed = database.execute(
        "UPDATE person SET last_code = ? WHERE id = ? AND last_code < ?", (known.code, known.id, known.code)
    )
    return changed.rowcount == 1


def note_failure(database: sqlite3.Connection, person: str, now: datetime) -> float:
    """Remember a wrong answer; returns the seconds by which to delay this refusal (0.5, 1, 2 ... at most 8), the same
    for ids that there are and for others. What was typed is not kept.
    """
    since = instant_text((now - REMEMBERED).astimezone(UTC))
    database.execute("DELETE FROM failure WHERE at < ?", (since,))
    name = hashlib.blake2b(person.strip().encode(), key=_BLUR, digest_size=16).hexdigest()
    _note(database, name, now)
    return float(min(2.0 ** (_noted(database, name, now) - 2), SLOWEST_SECONDS))


def note_wrong_code(database: sqlite3.Connection, person: str, now: datetime) -> bool:
    """Remember a wrong one-time code behind the right passphrase; whether it is the one that makes them many."""
    _note(database, f"{person} code", now)
    return _noted(database, f"{person} code", now) == MANY_CODES


def enough(database: sqlite3.Connection, known: Known, now: datetime) -> bool:
    """Whether this one right code is enough: unless many wrong ones came behind the right passphrase, or the code
    before this one was right too."""
    if _noted(database, f"{known.id} code", now) < MANY_CODES:
        return True
    before = (f"{known.id} right {known.code - 1}", f"{known.id} right {known.code - 2}")
    _note(database, f"{known.id} right {known.code}", now)
    return any(_noted(database, name, now) for name in before)


def _note(database: sqlite3.Connection, name: str, now: datetime) -> None:
    database.execute("INSERT INTO failure VALUES (?, ?)", (name, instant_text(now.astimezone(UTC))))


def _noted(database: sqlite3.Connection, name: str, now: datetime) -> int:
    since = instant_text((now - REMEMBERED).astimezone(UTC))
    query = "SELECT COUNT(*) FROM failure WHERE person = ? AND at >= ?"
    return int(database.execute(query, (name, since)).fetchone()[0])


def code_at(secret: bytes, now: datetime) -> str:
    """The one-time code at an instant, as an authenticator shows it."""
    return _totp(secret).generate(int(now.timestamp())).decode()


def _plain(passphrase: str) -> str:
    return unicodedata.normalize("NFKC", passphrase).strip()


def _stretched(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(_plain(passphrase).encode(), salt=salt, maxmem=MEMORY, dklen=32, **COST)


def _totp(secret: bytes) -> TOTP:
    # SHA-1 is what every authenticator can do; RFC 6238 rests on HMAC, which its collisions do not touch.
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)


def _step_of(secret: bytes, code: str, now: datetime) -> int:
    """The number of the 30-second step that the code belongs to, 0 for none near now."""
    typed = "".join(code.split()).encode()
    step = int(now.timestamp()) // STEP_SECONDS
    found = 0
    for near in range(step - STEPS_EITHER_WAY, step + STEPS_EITHER_WAY + 1):
        if hmac.compare_digest(_totp(secret).generate(near * STEP_SECONDS), typed):
            found = near
    return found
