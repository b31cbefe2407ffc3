"""The canonical form of everything that is hashed: sorted UTF-8 JSON, numbers as decimal strings, instants as text.

This is the only function that writes it. Binary floats are refused: they have no single decimal form that a person
wrote down.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

TEXT = frozenset({str})
AS_IT_IS = frozenset({str, bool, type(None)})


class NotCanonical(TypeError):
    """A value that has no canonical form, such as a binary float."""


def instant_text(at: datetime) -> str:
    """An aware instant as canonical text, UTC with microseconds and Z: `2026-03-01T08:30:00.000000Z`."""
    if at.tzinfo is None:
        raise NotCanonical(f"instant {at!r} has no time zone")
    text = orjson.dumps(at if at.tzinfo is UTC else at.astimezone(UTC), option=orjson.OPT_UTC_Z).decode()
    return text[1:-1] if "." in text else f"{text[1:-2]}.000000Z"


def instant(text: str) -> datetime:
    """The aware instant that canonical text names; exactly the inverse of `instant_text`, any other text is a
    ValueError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a canonical instant") from None
    if at.tzinfo is None or instant_text(at) != text:
        raise ValueError(f"{text!r} is not a canonical instant")
    return at


def decimal_text(number: int | Decimal) -> str:
    """A number as plain decimal text, digits as given (`Decimal('5.30')` stays `5.30`); never an exponent."""
    if isinstance(number, Decimal) and not number.is_finite():
        raise NotCanonical(f"{number} is not a finite number")
    return format(number, "f") if isinstance(number, Decimal) else str(number)


class Texts(dict[str, Any]):
    """A payload that is plain by the way it was made: mappings of texts that a form's readers gave. It is written
    without another look at every entry, because nearly every fact is such a page."""


def plain(value: Any) -> Any:
    """The same value made of mappings, lists, texts, booleans and None only."""
    kind = type(value)
    if kind in AS_IT_IS or kind is Texts:
        return value
    if kind is dict or isinstance(value, Mapping):
        if not TEXT.issuperset(map(type, value)):
            raise NotCanonical(f"key {next(key for key in value if type(key) is not str)!r} is not a text")
        if kind is dict and AS_IT_IS.issuperset(map(type, value.values())):
            return value  # most payloads are this, and a rehearsal hashes millions of them
        return {key: entry if type(entry) in AS_IT_IS else plain(entry) for key, entry in value.items()}
    if kind is list or kind is tuple:
        return [entry if type(entry) in AS_IT_IS else plain(entry) for entry in value]
    if kind is int or kind is Decimal:
        return decimal_text(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    raise NotCanonical(f"{value!r} ({kind.__name__}) has no canonical form; write numbers as Decimal or text")


def canonical(value: Any) -> bytes:
    """Canonical bytes of a value. Raises `NotCanonical` for a float, a naive instant or a key that is no text."""
    try:
        return written(plain(value))
    except orjson.JSONEncodeError as error:
        raise NotCanonical(f"this cannot be written: {error}") from error


def written(value: Any) -> bytes:
    """Canonical bytes of a value that is plain already, such as what a state took from facts. It is not looked at
    again: a number in it would be written as a number."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def fingerprint(value: Any) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()
