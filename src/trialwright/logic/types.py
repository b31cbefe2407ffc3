"""Types of values, and the scope: which names an expression may use and of what type each is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trialwright.logic.parse import parse
from trialwright.logic.places import LogicError, LogicErrors, Place, did_you_mean
from trialwright.logic.structure import Path, Places, condition
from trialwright.logic.syntax import Expression
from trialwright.logic.units import Unit, UnitError, unit

KINDS = {
    "boolean", "integer", "decimal", "text", "date", "partial_date", "datetime", "code", "codes", "quantity", "list",
    "record",
}  # fmt: skip
DEFINITION_KEYS = {
    "type", "unit", "units", "values", "of", "fields", "label", "derive", "judgement", "question", "form", "fhir",
    "src", "source", "note", "list",
    "by", "id", "text", "judged_by", "item", "consent",
}  # fmt: skip
ANCHORS = ("screening", "baseline", "consent", "randomisation", "diagnosis")


@dataclass(frozen=True, slots=True)
class Type:
    """What kind of value something has.

    `unit` is the unit that numbers of a quantity stand in; a quantity without one carries its unit with each value,
    one of `units` where those are declared. `values` are a code's values and labels, None where any word will do.
    `span`: a calendar span between dates. `named`: the unit is in the function's name (`days_between`), so that a
    bare number is understood.
    """

    kind: str
    unit: Unit | None = None
    units: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] | None = None
    of: "Type | None" = None
    fields: tuple[tuple[str, "Field"], ...] = ()
    span: bool = False
    named: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(code for code, _ in self.values or ())

    @property
    def numeric_codes(self) -> bool:
        """Whether every code is a whole number, so that codes have an order."""
        return bool(self.values) and all(code.lstrip("-").isdigit() for code in self.codes)

    @property
    def words(self) -> str:
        """The type in words, for messages."""
        match self.kind:
            case "quantity" if self.unit:
                return f"a quantity in {self.unit.code}"
            case "quantity":
                return f"a quantity in {' or '.join(self.units)}" if self.units else "a quantity that carries its unit"
            case "code":
                shown = ", ".join(self.codes[:8]) + (", ..." if len(self.codes) > 8 else "")
                return f"a code ({shown})" if self.values else "a code"
            case "list":
                return "a list"
        return {"integer": "a whole number", "decimal": "a number", "text": "a text"}.get(self.kind, f"a {self.kind}")


@dataclass(frozen=True, slots=True)
class Field:
    """A name of the scope: its type, label in English, derivation, and who must judge it where it is a judgement."""

    type: Type
    label: str = ""
    derive: Expression | None = None
    judged_by: str = ""
    question: str = ""


BOOLEAN, INTEGER, DECIMAL = Type("boolean"), Type("integer"), Type("decimal")
TEXT, DATE, DATETIME = Type("text"), Type("date"), Type("datetime")
WINDOW, WRONG = Type("window"), Type("wrong")


def quantity(code: str, span: bool = False, named: bool = False) -> Type:
    """The type of numbers in a unit."""
    return Type("quantity", unit(code), span=span, named=named)


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that an expression may use."""

    names: Mapping[str, Field]
    anchors: tuple[str, ...] = ANCHORS
    macros: Mapping[str, Expression] = field(default_factory=dict)
    visits: tuple[str, ...] = ()
    row: Type | None = None

    def within(self, row: Type | None) -> "Scope":
        """The scope inside a list, where `it` is a row."""
        return replace(self, row=row)

    def words(self) -> Iterable[str]:
        """Every name that could be meant, for suggestions."""
        row = [f"it.{name}" for name, _ in self.row.fields] if self.row else []
        return [*self.names, *self.anchors, *self.macros, *row]


@dataclass(slots=True)
class _Reader:
    """Reads type definitions and gathers what is wrong with them."""

    places: Places
    errors: list[LogicError] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        if isinstance(self.places, Place):
            return self.places
        while self.places and path not in self.places and path:
            path = path[:-1]
        return (self.places or {}).get(path, Place())

    def wrong(self, path: Path, message: str, suggestion: str = "") -> Type:
        self.errors.append(LogicError(message, self.place(path), suggestion))
        return WRONG

    def field(self, definition: Any, path: Path) -> Field:
        if isinstance(definition, Field):
            return definition
        if isinstance(definition, str):
            definition = {"type": definition}
        if not isinstance(definition, Mapping) or not isinstance(definition.get("type"), str):
            return Field(self.wrong(path, "a definition needs a type", f"one of {', '.join(sorted(KINDS))}"))
        for key in definition:
            if key not in DEFINITION_KEYS:
                self.wrong((*path, key), f"{key!r} is no part of a definition", did_you_mean(str(key), DEFINITION_KEYS))
        derive = definition.get("derive")
        return Field(
            self.type(definition, path),
            str(definition.get("label") or definition.get("text") or ""),
            self.derivation(derive, (*path, "derive")) if isinstance(derive, str) else None,
            str(definition.get("judged_by") or definition.get("judgement") or ""),
            str(definition.get("question") or ""),
        )

    def derivation(self, text: str, path: Path) -> Expression | None:
        try:
            return parse(text, self.place(path))
        except LogicErrors as found:
            self.errors += found.errors
            return None

    def type(self, definition: Mapping[str, Any], path: Path) -> Type:
        kind = definition["type"]
        if kind not in KINDS:
            return self.wrong((*path, "type"), f"{kind!r} is not a type", did_you_mean(kind, KINDS))
        match kind:
            case "quantity" | "integer" | "decimal":
                return self.number(kind, definition, path)
            case "code" | "codes":
                coded = Type("code", values=self.values(definition.get("values"), (*path, "values")))
                return coded if kind == "code" else Type("list", of=coded)
            case "list":
                of, key = (definition["of"], "of") if "of" in definition else (definition.get("fields"), "fields")
                return Type("list", of=self.element(of, (*path, key)))
            case "record":
                return self.record(definition.get("fields"), (*path, "fields"))
        return DATE if kind == "partial_date" else Type(kind)

    def number(self, kind: str, definition: Mapping[str, Any], path: Path) -> Type:
        code, several = definition.get("unit"), definition.get("units")
        try:
            if code is not None and str(code) not in ("1", ""):
                return Type("quantity", unit(str(code)))
            units = tuple(str(each) for each in several or ())
            for each in units:
                unit(each)
        except UnitError as error:
            return self.wrong((*path, "unit" if code is not None else "units"), str(error))
        return (
            Type(kind, units=units)
            if kind == "quantity" and code is None
            else Type("decimal" if kind == "quantity" else kind)
        )

    def values(self, values: Any, path: Path) -> tuple[tuple[str, str], ...] | None:
        if values is None:
            return None
        if isinstance(values, Mapping):
            return tuple((str(code), str(label)) for code, label in values.items())
        if isinstance(values, (list, tuple)):
            return tuple((str(code), str(code)) for code in values)
        self.wrong(path, "values are a list of codes or a mapping from codes to labels")
        return None

    def element(self, of: Any, path: Path) -> Type | None:
        if isinstance(of, Mapping) and not isinstance(of.get("type"), str):
            return self.record(of, path)
        return self.field(of, path).type

    def record(self, fields: Any, path: Path) -> Type:
        if not isinstance(fields, Mapping):
            return self.wrong(path, "a record needs its fields: a mapping from names to types")
        return Type(
            "record", fields=tuple((str(name), self.field(each, (*path, name))) for name, each in fields.items())
        )


def scope(
    definitions: Mapping[str, Any],
    anchors: Iterable[str] = ANCHORS,
    macros: Mapping[str, Any] | None = None,
    visits: Iterable[str] = (),
    row: Any = None,
    places: Places = None,
) -> Scope:
    """A scope from plain dictionaries, as YAML gives them; raises LogicErrors with everything that is wrong in them.

    `macros` are named conditions (text or structure), `row` the definition of a record that `it` stands for at top
    level.
    """
    reader = _Reader(places)
    names = {name: reader.field(definition, (name,)) for name, definition in definitions.items()}
    conditions: dict[str, Expression] = {}
    for name, node in (macros or {}).items():
        try:
            conditions[name] = condition(node, reader.place(("macros", name)), name)
        except LogicErrors as found:
            reader.errors += found.errors
    of_row = None if row is None else row if isinstance(row, Type) else reader.element(row, ("row",))
    if reader.errors:
        raise LogicErrors(reader.errors)
    return Scope(names, tuple(anchors), conditions, tuple(visits), of_row)
