"""The canonical form of a definition and its fingerprint.

The convention is that of everything that is hashed: sorted UTF-8 JSON, numbers as decimal strings, dates as ISO text.
Reading the canonical form back gives the same definition. What is absent is left out, so that a field added to the
format later does not change the fingerprint of a definition that does not use it.
"""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson
from pydantic import BaseModel

from trialwright.design.model import Definition


def plain(value: Any) -> Any:
    """The value as mappings, lists, texts and truth values; numbers as decimal text with the digits given."""
    if isinstance(value, BaseModel):
        return _fields(value)
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value]


def _fields(model: BaseModel) -> dict[str, Any]:
    kept = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if not field.exclude and (field.is_required() or value != field.get_default(call_default_factory=True)):
            kept[field.alias or name] = plain(value)
    return kept


_written: tuple[Definition, str] | None = None


def full_text(definition: Definition) -> str:
    """The definition whole, in the order of its file: the text that a ledger keeps. Visits, arms and forms are shown
    to people in this order; the fingerprint does not depend on it."""
    # A definition is frozen, and a rehearsal opens the same one thousands of times: the last text is remembered.
    global _written
    last = _written
    if last is None or last[0] is not definition:
        last = _written = (definition, orjson.dumps(plain(definition)).decode())
    return last[1]


def canonical(definition: Definition) -> bytes:
    """The canonical form as bytes."""
    return orjson.dumps(orjson.loads(full_text(definition)), option=orjson.OPT_SORT_KEYS)


def canonical_text(definition: Definition) -> str:
    """The canonical form as text."""
    return canonical(definition).decode()


def from_canonical(form: bytes | str) -> Definition:
    """The definition that a full text or a canonical form holds. Raises pydantic's ValidationError or orjson's
    JSONDecodeError (both ValueErrors) when it is none."""
    return Definition.model_validate(orjson.loads(form))


def fingerprint(definition: Definition) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(definition)).hexdigest()
