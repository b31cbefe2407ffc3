"""What may be written into an item: from what a person typed to the canonical text that the ledger keeps, or a
sentence why not.

A reader is made once per item and remembers the values it has seen: grades, codes and readings on a grid repeat
thousands of times.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from trialwright.design.model import Item, ItemType
from trialwright.logic import partial_date

TEXT_LIMIT = 4000
REMEMBERED = 4096
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
PARTIAL = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
SHA256 = re.compile(r"[0-9a-f]{64}")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class BadValue(ValueError):
    """A value that the item cannot take; the message is a sentence for the person who typed it."""


class Reading(NamedTuple):
    """A value as the ledger keeps it (`text`), as expressions read it (`value`), and, where it is out of the usual
    range, the sentence that asks for a confirmation."""

    text: str
    value: Any
    unusual: str | None = None


Parser = Callable[[Any], Reading]


class Reader(dict[str, Reading]):
    """Text -> `Reading`, read when it is asked for the first time and remembered up to a limit. Call it for a value
    that is no text.

    Raises `BadValue`; never changes the meaning of a value silently (DC2). It is a dictionary because a page of forty
    items is read faster by looking up than by calling.
    """

    def __init__(self, parse: Parser) -> None:
        super().__init__()
        self._parse = parse
        self.usual: set[str] = set()

    def __call__(self, raw: Any) -> Reading:
        return self[raw] if type(raw) is str else self._parse(raw)

    def __missing__(self, raw: str) -> Reading:
        reading = self._parse(raw)
        if len(self) >= REMEMBERED:  # instants and file hashes never come again; what does, is soon remembered anew
            self.clear()
            self.usual.clear()
        self[raw] = reading
        if reading.text == raw and reading.unusual is None:
            self.usual.add(raw)
        return reading


def reader(item: Item, codelists: Mapping[str, Mapping[str, str]]) -> Reader:
    """The reader of an item."""
    return Reader(PARSERS[item.type](item, codelists))


def _number(raw: Any, kind: str) -> Decimal:
    if isinstance(raw, bool | float) or not isinstance(raw, str | int | Decimal):
        raise BadValue(f"{raw!r} is not {kind} written out; give its digits as text")
    text = str(raw).strip()
    if not NUMBER.fullmatch(text):
        hint = "; write the decimal sign as a point" if re.fullmatch(r"[+-]?\d+,\d+", text) else ""
        raise BadValue(f"'{text}' is not {kind}{hint}")
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise BadValue(f"'{text}' is not {kind}") from error


def _with_unit(number: Decimal, item: Item) -> str:
    return f"{number:f} {item.unit}" if item.unit else f"{number:f}"


def _bounded(number: Decimal, item: Item) -> Reading:
    """Hard limits refuse; the usual range asks for a confirmation, because a true extreme must be recordable."""
    if item.range and not item.range[0] <= number <= item.range[1]:
        limits = f"{item.range[0]:f} to {_with_unit(item.range[1], item)}"
        raise BadValue(f"{_with_unit(number, item)} lies outside {limits}")
    if item.step and number % item.step:
        raise BadValue(f"{_with_unit(number, item)} is not a multiple of {item.step:f}")
    unusual = None
    if item.warn and not item.warn[0] <= number <= item.warn[1]:
        unusual = (
            f"{_with_unit(number, item)} lies outside the usual {item.warn[0]:f} to {_with_unit(item.warn[1], item)}; "
            "confirm it with a reason"
        )
    value = int(number) if item.type is ItemType.INTEGER else number
    return Reading(f"{number:f}", value, unusual)


def _integer(item: Item, codelists: Mapping[str, Mapping[str, str]]) -> Parser:
    def parse(raw: Any) -> Reading:
        number = _number(raw, "a whole number")
        if number != number.to_integral_value():
            raise BadValue(f"{number:f} is not a whole number")
        return _bounded(number.to_integral_value(), item)

    return parse


def _decimal(item: Item, codelists: Mapping[str, Mapping[str, str]]) -> Parser:
    return lambda raw: _bounded(_number(raw, "a number"), item)


def _text(item: Item, codelists: Mapping[str, Mapping[str, str]]) -> Parser:
    def parse(raw: Any) -> Reading:
        if not isinstance(raw, str) or not raw.strip():
            raise BadValue("the text is empty; give a reason why it is not done instead")
        if len(raw) > TEXT_LIMIT:
            raise BadValue(f"the text has {len(raw)} characters; at most {TEXT_LIMIT} are kept")
        if CONTROL.search(raw) or any("\ud800" <= letter <= "\udfff" for letter in raw):
            raise BadValue("the text holds a control character; type it again without pasting")
        return Reading(raw.strip(), raw.strip())

    return parse


def _choices(item: Item, codelists: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    return codelists[item.codes] if item.codes else {}


def _choice_sentence(raw: Any, choices: Mapping[str, str]) -> str:
    return f"'{raw}' is not one of {', '.join(f'{code} ({label})' for code, label in choices.items())}"


def _code(item: Item, codelists: Mapping[str, Mapping[str, str]]) -> Parser:
    choices = _choices(item, codelists)

    def parse(raw: Any) -> Reading:
        if isinstance(raw, bool | float) or str(raw) not in choices:
            raise BadValue(_choice_sentence(raw, choices))
        return Reading(str(raw), str(raw))

    return parse


def _codes(item: Item, codelists: Mapping[str, Mapping[str, str]]) -> Parser:
    choices = _choices(item, codelists)

    def parse(raw: Any) -> Reading:
        if not isinstance(raw, str | list | tuple):
            raise BadValue(f"{raw!r} is not a list of codes")
        chosen = raw.split("|") if isinstance(raw, str) else raw
        if not chosen or chosen == [""]:
            raise BadValue("no code is chosen; give a reason why it is not done instead")
        for code in chosen:
            if str(code) not in choices:
                raise BadValue(_choice_sentence(code, choices))
        codes = tuple(sorted({str(code) for code in chosen}))
        return Reading("|".join(codes), codes)

    return parse


def _boolean(item: Item, codelists: Mapping[str, Mapping[str, str]]) -> Parser:
    def parse(raw: Any) -> Reading:
        if isinstance(raw, bool):
            return Reading("true" if raw else "false", raw)
        if raw in ("true", "false"):
            return Reading(raw, raw == "true")
        raise BadValue(f"'{raw}' is neither true nor false")

    return parse


def _date(item: Item, codelists: Mapping[str, Mapping[str, str]]) -> Parser:
    def parse(raw: Any) -> Reading:
        text = raw.isoformat() if type(raw) is date else raw
        if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise BadValue(f"'{raw}' is not a date; write it as year-month-day, for example 2026-03-01")
        day = _real_date(text)
        return Reading(day.isoformat(), day)

    return parse


def _real_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadValue(f"'{text}' is no day of the calendar") from error


def _partial_date(item: Item, codelists: Mapping[str, Mapping[str, str]]) -> Parser:
    def parse(raw: Any) -> Reading:
        text = raw.isoformat() if type(raw) is date else raw
        if not isinstance(text, str) or not PARTIAL.fullmatch(text):
            raise BadValue(f"'{raw}' is not a date; write 2026-03-01, or 2026-03 or 2026 where the rest is not known")
        _real_date((text + "-01-01")[:10])
        return Reading(text, partial_date(text))

    return parse


def _datetime(item: Item, codelists: Mapping[str, Mapping[str, str]]) -> Parser:
    def parse(raw: Any) -> Reading:
        if not isinstance(raw, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", raw):
            raise BadValue(f"'{raw}' is not a date with a time; write it as 2026-03-01T08:30, in the site's own time")
        try:
            datetime.fromisoformat(raw)
        except ValueError as error:
            raise BadValue(f"'{raw}' is no moment of the calendar") from error
        return Reading(raw, raw)

    return parse


def _file(item: Item, codelists: Mapping[str, Mapping[str, str]]) -> Parser:
    def parse(raw: Any) -> Reading:
        if not isinstance(raw, str) or not SHA256.fullmatch(raw):
            raise BadValue("a file is recorded by the SHA-256 of its bytes (64 hexadecimal digits); upload it first")
        return Reading(raw, raw)

    return parse


PARSERS: dict[ItemType, Callable[[Item, Mapping[str, Mapping[str, str]]], Parser]] = {
    ItemType.TEXT: _text,
    ItemType.INTEGER: _integer,
    ItemType.DECIMAL: _decimal,
    ItemType.CODE: _code,
    ItemType.CODES: _codes,
    ItemType.BOOLEAN: _boolean,
    ItemType.DATE: _date,
    ItemType.PARTIAL_DATE: _partial_date,
    ItemType.DATETIME: _datetime,
    ItemType.FILE: _file,
    ItemType.SLOT_LABEL: _text,
}


def kept(item: Item, text: str) -> Any:
    """The value of a text that was kept under an earlier version, whatever the limits and codes of the item are now;
    None where the item has become another type, which makes it unknown."""
    free = item.model_copy(update={"range": None, "warn": None, "step": None})
    if item.type is ItemType.CODE:
        return text
    if item.type is ItemType.CODES:
        return tuple(text.split("|"))
    try:
        return PARSERS[item.type](free, {})(text).value
    except BadValue:
        return None


def as_number(value: Any) -> Decimal | int | None:
    """A recorded value as a number: a code that reads as one counts as it, a tick as 1; anything else is None."""
    kind = type(value)
    if value is None or kind is Decimal or kind is int:
        return value
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
