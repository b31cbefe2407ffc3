"""Values that come from outside: a quantity with its own unit, the context of a participant, and reading JSON into
typed values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from trialwright.logic.calendar import local_date, partial_date
from trialwright.logic.places import LogicError, LogicErrors, Place, did_you_mean
from trialwright.logic.syntax import plain_decimal
from trialwright.logic.truth import NOT_APPLICABLE, UNKNOWN, Absent, Between
from trialwright.logic.types import Type
from trialwright.logic.units import UnitError, conversion, unit

Number = int | Decimal | Fraction
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that carries its own UCUM unit, for items that may be recorded in more than one."""

    number: Number
    unit: str

    def __str__(self) -> str:
        return f"{number_text(self.number)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Context:
    """What an expression hangs on beside the facts: dates, the site's zone, the body weight in kg, and the judgements
    made so far.

    Dates may be given as aware instants; they become dates at the site. A judgement is found by its id, inside a list
    by `id[row]`.
    """

    dates: Mapping[str, Any] = field(default_factory=dict)
    zone: str = "UTC"
    weight: Any = None
    judgements: Mapping[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        days = {name: local_date(value, self.zone) for name, value in self.dates.items() if value is not None}
        object.__setattr__(self, "dates", days)


def number_text(value: Number) -> str:
    """A number for people: no exponent, no trailing zeros, a fraction rounded to six digits."""
    if isinstance(value, Fraction):
        value = round(Decimal(value.numerator) / Decimal(value.denominator), 6)
    if isinstance(value, Decimal):
        text = plain_decimal(value)
        return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
    return str(value)


def number(value: Any) -> Any:
    """A result as int or Decimal: a fraction that has no finite decimal is rounded to 28 digits; anything else is
    returned as it is.
    """
    if not isinstance(value, Fraction):
        return value
    return value.numerator if value.denominator == 1 else Decimal(value.numerator) / Decimal(value.denominator)


def row_key(row: Any, position: int) -> str:
    """What a row is called in the id of a judgement: its own `key`, else its position from 1."""
    key = row.get("key") if isinstance(row, Mapping) else None
    return str(key) if key is not None else str(position)


@dataclass(slots=True)
class _Reader:
    errors: list[LogicError] = field(default_factory=list)

    def wrong(self, where: str, message: str, suggestion: str = "") -> Any:
        self.errors.append(LogicError(f"{where}: {message}" if where else message, Place(), suggestion))
        return UNKNOWN

    def value(self, raw: Any, type: Type, where: str) -> Any:
        if raw is None or isinstance(raw, Absent):
            return UNKNOWN if raw is None else raw
        if isinstance(raw, str) and raw in ("unknown", "not applicable") and raw not in type.codes:
            return UNKNOWN if raw == "unknown" else NOT_APPLICABLE
        match type.kind:
            case "boolean":
                return raw if isinstance(raw, bool) else self.wrong(where, f"{raw!r} is not true or false")
            case "integer" | "decimal":
                return self.number(raw, where, type.kind == "integer")
            case "quantity":
                return self.quantity(raw, type, where)
            case "code":
                return self.code(raw, type, where)
            case "text":
                return raw if isinstance(raw, str) else self.wrong(where, f"{raw!r} is not a text")
            case "date":
                return self.date(raw, where)
            case "datetime":
                return self.instant(raw, where)
            case "list":
                return self.rows(raw, type, where)
            case "record":
                return self.record(raw, type, where)
        return raw

    def number(self, raw: Any, where: str, whole: bool = False) -> Any:
        if isinstance(raw, bool) or not isinstance(raw, (int, float, str, Decimal)):
            return self.wrong(where, f"{raw!r} is not a number")
        try:
            value = Decimal(str(raw))
        except InvalidOperation:
            return self.wrong(where, f"{raw!r} is not a number")
        if not value.is_finite() or abs(value.adjusted()) > 60:
            return self.wrong(where, f"{raw} is too large or too small a number")
        if value == value.to_integral_value() and (whole or not isinstance(raw, (float, str))):
            return int(value)
        return self.wrong(where, f"{raw!r} is not a whole number") if whole else value

    def quantity(self, raw: Any, type: Type, where: str) -> Any:
        if isinstance(raw, Quantity):
            amount, code = raw.number, raw.unit
        elif isinstance(raw, Mapping):
            amount, code = self.number(raw.get("value"), where), str(raw.get("unit", ""))
        elif isinstance(raw, str) and " " in raw.strip():
            text, _, code = raw.strip().partition(" ")
            amount, code = self.number(text, where), code.strip()
        else:
            amount, code = self.number(raw, where), ""
        return amount if isinstance(amount, Absent) else self.measured(amount, code, type, where)

    def measured(self, amount: Any, code: str, type: Type, where: str) -> Any:
        own = type.unit
        if not code:
            if own is not None:
                return amount
            return self.wrong(
                where, "the value needs its unit", f"write it as '{amount} {next(iter(type.units), 'mg/d')}'"
            )
        try:
            given = unit(code)
            if own is not None:
                factor, power = conversion(given, own)
                if power:
                    return self.wrong(where, f"a value in {code} cannot stand in {own.code} without the weight")
                return amount * factor if isinstance(factor, int) else number(Fraction(amount) * factor)
            if type.units and not any(unit(each).dimension == given.dimension for each in type.units):
                return self.wrong(where, f"{code} is none of the units {', '.join(type.units)}")
        except UnitError as error:
            return self.wrong(where, str(error))
        return Quantity(amount, code)

    def code(self, raw: Any, type: Type, where: str) -> Any:
        word = str(raw) if isinstance(raw, (str, int)) and not isinstance(raw, bool) else None
        if word is None:
            return self.wrong(where, f"{raw!r} is not a code")
        if type.values is None or word in type.codes:
            return word
        by_label = {label: code for code, label in type.values}
        if word in by_label:
            return by_label[word]
        return self.wrong(
            where,
            f"{word!r} is none of the codes {', '.join(type.codes[:12])}",
            did_you_mean(word, [*type.codes, *by_label]),
        )

    def date(self, raw: Any, where: str) -> Any:
        if isinstance(raw, datetime):
            return raw.date()
        if isinstance(raw, (date, Between)):
            return raw
        try:
            return partial_date(str(raw))
        except ValueError as error:
            message = str(error)
            return self.wrong(where, message if "write" in message else f"{raw!r} is not a date of the calendar")

    def instant(self, raw: Any, where: str) -> Any:
        try:
            instant = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(raw))
        except ValueError:
            return self.wrong(where, f"{raw!r} is not a date with time", "write 2024-03-01T09:30:00+01:00")
        return (
            instant
            if instant.tzinfo
            else self.wrong(where, f"{raw!r} does not say its offset from UTC", "write ...+01:00 or ...Z")
        )

    def rows(self, raw: Any, type: Type, where: str) -> Any:
        if raw == "none known":
            return ()
        if not isinstance(raw, (list, tuple)):
            return self.wrong(where, f"{raw!r} is not a list", "write [] where the answer is none known")
        assert type.of is not None
        return tuple(self.value(each, type.of, f"{where}[{number}]") for number, each in enumerate(raw, 1))

    def record(self, raw: Any, type: Type, where: str) -> Any:
        if not isinstance(raw, Mapping):
            return self.wrong(where, f"{raw!r} is not a record")
        fields = dict(type.fields)
        for name in raw:
            if name not in fields and name != "key":
                self.wrong(f"{where}.{name}", f"there is no field {name!r}", did_you_mean(str(name), fields))
        read = {name: self.value(raw[name], fields[name].type, f"{where}.{name}") for name in raw if name in fields}
        return {**read, "key": str(raw["key"])} if "key" in raw and "key" not in fields else read


def read_value(raw: Any, type: Type, where: str = "") -> Any:
    """A typed value from text or JSON; raises LogicErrors with every error, each naming `where` it stands.

    null and "unknown" are UNKNOWN, "not applicable" is NOT_APPLICABLE, "none known" and [] are the empty list.
    """
    reader = _Reader()
    value = reader.value(raw, type, where)
    if reader.errors:
        raise LogicErrors(reader.errors)
    return value
