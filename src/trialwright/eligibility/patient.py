"""A patient file: facts, dates and judgements as JSON, read against the definition of the facts with every error at
once.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ruamel.yaml import YAML, MappingNode, SequenceNode
from ruamel.yaml.error import YAMLError

from trialwright import logic
from trialwright.eligibility.verdict import Judgement
from trialwright.logic import Context, LogicError, LogicErrors, Place, did_you_mean

KEYS = ("facts", "dates", "screening", "baseline", "consent", "zone", "weight", "judgements", "note", "name")
JUDGEMENT_KEYS = ("about", "by", "answer", "why", "item")
MOST_BYTES = 5_000_000
MOST_DIGITS = 100

Ranges = Mapping[str, tuple[Decimal, Decimal]]
"""The least and the most that a fact may be, by its name; `list.field` for a field of a list."""


@dataclass(frozen=True, slots=True)
class Patient:
    """What a patient file says: facts by name, the context (dates, zone, weight) and the judgements made."""

    facts: Mapping[str, Any]
    context: Context
    judgements: tuple[Judgement, ...] = ()


class _Refused(ValueError):
    """A JSON construct that would lose or double a value."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise _Refused(f"{', '.join(twice)}: given twice in one object")
    return dict(pairs)


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise _Refused(f"{digits[:12]}... is a number of {len(digits)} digits")
    return int(digits)


def _constant(name: str) -> Any:
    raise _Refused(f"{name} is not a value; leave the fact out where it is unknown")


def _parsed(data: bytes | str | Mapping[str, Any], file: str) -> Mapping[str, Any]:
    if isinstance(data, Mapping):
        return data
    start = Place(file)
    if len(data) > MOST_BYTES:
        raise LogicErrors([LogicError(f"a patient file has at most {MOST_BYTES:,} bytes", start)])
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        read = json.loads(
            text, parse_float=Decimal, parse_int=_whole, object_pairs_hook=_pairs, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        place = Place(file, error.lineno, error.colno, error.pos)
        raise LogicErrors([LogicError(f"this is not JSON: {error.msg}", place)]) from None
    except UnicodeDecodeError as error:
        raise LogicErrors([LogicError("the file is not UTF-8 text", Place(file, 1, error.start + 1))]) from None
    except RecursionError:
        raise LogicErrors([LogicError("lists or objects are nested too deeply", start)]) from None
    except _Refused as error:
        raise LogicErrors([LogicError(str(error), start)]) from None
    if not isinstance(read, dict):
        raise LogicErrors([LogicError("a patient file is an object with `facts` and `screening`", start)])
    return read


def read_patient(
    data: bytes | str | Mapping[str, Any],
    facts: logic.Scope | Mapping[str, Any],
    file: str = "",
    ranges: Ranges = MappingProxyType({}),
) -> Patient:
    """The patient of a JSON text (or of a mapping already parsed); raises LogicErrors with every error and where it
    stands.

    {"screening": "2024-06-01", "zone": "Europe/Amsterdam", "weight": 70, "facts": {"age": 83, ...},
     "judgements": [{"about": "E1", "by": "A. de Vries", "answer": false, "why": "..."}]}. A fact left out, null or
     "unknown" is unknown; [] is the answer none known; "not applicable" is another answer. `ranges` are what the forms
     would refuse to record, in the units of the facts.
    """
    scope = facts if isinstance(facts, logic.Scope) else logic.scope(facts)
    raw = _parsed(data, file)
    told: list[tuple[str, str]] = []

    def wrong(message: str, suggestion: str = "") -> None:
        told.append((message, suggestion))

    for key in raw:
        if key not in KEYS:
            hint = "write it under facts" if key in scope.names else did_you_mean(str(key), KEYS)
            wrong(f"{key}: no part of a patient file", hint)
    values = _facts(raw.get("facts", {}), scope, wrong)
    _outside(values, ranges, wrong)
    context = _context(raw, values, wrong)
    judged = _judgements(raw.get("judgements", []), wrong)
    if told:
        stands = _places(data, file)
        raise LogicErrors(LogicError(message, _place(message, stands, file), hint) for message, hint in told)
    return Patient(values, context, judged)


def _places(data: bytes | str | Mapping[str, Any], file: str) -> dict[str, Place]:
    """Where each value of the file stands, by its path as the messages write it; read a second time only to refuse."""
    if isinstance(data, Mapping):
        return {}
    try:
        root = YAML(pure=True).compose(data.decode("utf-8-sig") if isinstance(data, bytes) else data)
    except (YAMLError, ValueError, RecursionError):  # JSON that is no YAML: the message names the path all the same
        return {}
    found: dict[str, Place] = {}
    rest: list[tuple[str, Any]] = [("", root)]
    while rest:
        path, node = rest.pop()
        found[path] = Place(file, node.start_mark.line + 1, node.start_mark.column + 1)
        if isinstance(node, MappingNode):
            rest += [(f"{path}.{key.value}" if path else key.value, value) for key, value in node.value]
        elif isinstance(node, SequenceNode):
            rest += [(f"{path}[{number}]", value) for number, value in enumerate(node.value, 1)]
    return found


def _place(message: str, stands: Mapping[str, Place], file: str) -> Place:
    path = message.partition(": ")[0]
    while path and path not in stands:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return stands[path] if path else Place(file, 0, 0)


def _facts(raw: Any, scope: logic.Scope, wrong: Any) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        wrong("facts: an object from names to values is needed")
        return {}
    values = {}
    for name, value in raw.items():
        known = scope.names.get(name)
        if known is None:
            wrong(f"facts.{name}: the trial has no such fact", did_you_mean(name, scope.names))
            continue
        try:
            values[name] = logic.read_value(value, known.type, f"facts.{name}")
        except LogicErrors as found:
            for error in found.errors:
                wrong(error.message, error.suggestion)
    return values


def _outside(values: Mapping[str, Any], ranges: Ranges, wrong: Any) -> None:
    """Say which numbers no form would take. A field of a list has the range of `list.field`."""
    for name, value in values.items():
        for path, number in _numbers(name, value):
            least, most = ranges.get(path.partition("[")[0] + path.partition("]")[2], (number, number))
            if not least <= number <= most:
                wrong(f"facts.{path}: {number} is outside {least} to {most}", "look at the value and its unit")


def _numbers(path: str, value: Any) -> Iterator[tuple[str, int | Decimal]]:
    """Every plain number with its path; quantities carry a unit of their own and are left to the criteria."""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        yield path, value
    elif isinstance(value, tuple | list):
        for row, one in enumerate(value, 1):
            for field, inner in one.items() if isinstance(one, Mapping) else ():
                yield from _numbers(f"{path}[{row}].{field}", inner)


def _context(raw: Mapping[str, Any], values: Mapping[str, Any], wrong: Any) -> Context:
    dates = raw.get("dates", {})
    if not isinstance(dates, Mapping):
        wrong("dates: an object from names to dates is needed")
        dates = {}
    anchors = {**dates, **{name: raw[name] for name in ("screening", "baseline", "consent") if name in raw}}
    if not anchors.get("screening"):
        wrong("screening: the date of screening is needed; every window hangs on it", 'write "screening": "2024-06-01"')
    read: dict[str, date] = {}
    for name, text in anchors.items():
        try:
            read[name] = date.fromisoformat(str(text))
        except ValueError:
            wrong(f"{name}: {text!r} is not a whole date", "write 2024-06-01")
    return Context(read, _zone(raw.get("zone", "UTC"), wrong), _weight(raw.get("weight"), values, wrong))


def _zone(name: Any, wrong: Any) -> str:
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        wrong(f"zone: {name!r} is not a time zone", "write for example Europe/Amsterdam")
        return "UTC"
    return str(name)


def _weight(raw: Any, values: Mapping[str, Any], wrong: Any) -> Any:
    given = values.get("weight") if raw is None else raw
    if given is None or isinstance(given, (logic.Absent, logic.Quantity)):
        return None
    if isinstance(given, bool) or not isinstance(given, (int, Decimal)) or not 0 < given < 1000:
        wrong(f"weight: {given!r} is not a body weight in kg")
        return None
    return given


def _judgements(raw: Any, wrong: Any) -> tuple[Judgement, ...]:
    if not isinstance(raw, (list, tuple)):
        wrong("judgements: a list is needed")
        return ()
    return tuple(made for number, one in enumerate(raw, 1) if (made := _judgement(one, f"judgements[{number}]", wrong)))


def _judgement(one: Any, at: str, wrong: Any) -> Judgement | None:
    if not isinstance(one, Mapping):
        wrong(f"{at}: an object with about, by, answer and why is needed")
        return None
    for key in one:
        if key not in JUDGEMENT_KEYS:
            wrong(f"{at}.{key}: no part of a judgement", did_you_mean(str(key), JUDGEMENT_KEYS))
    words = {key: one.get(key) for key in ("about", "by", "why")}
    empty = [key for key, value in words.items() if not isinstance(value, str) or not value.strip()]
    if empty:
        wrong(f"{at}: {', '.join(empty)} is missing", "a judgement names what it is about, who judged, and why")
    if not isinstance(one.get("answer"), bool):
        wrong(f"{at}.answer: true or false is needed")
    if empty or not isinstance(one.get("answer"), bool):
        return None
    item = one.get("item")
    return Judgement(
        str(words["about"]), str(words["by"]), one["answer"], str(words["why"]), None if item is None else str(item)
    )
