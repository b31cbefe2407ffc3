"""The rules of one form, made ready once: readers of its items, edit checks, derived items, skip conditions.

`FormRules.page` takes what a person entered and gives what the ledger will hold together with everything that is
wrong with it, all at once. Nothing is written here; conduct decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trialwright import design, logic
from trialwright.capture.values import BadValue, Reader, kept, reader
from trialwright.design.derivations import items_behind, truths_of_checks
from trialwright.design.model import Blinding, CheckLevel, Definition, Form, Group, Item, ItemType

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to say about a page: the item or check it is about, the sentence, and what follows from it."""

    about: str
    says: str
    level: CheckLevel
    item: str | None = None


@dataclass(slots=True)
class Entered:
    """A page as it would be kept: texts by item id (None clears an item), the sealed ones apart, the values that edit
    checks ask for, and the findings."""

    items: dict[str, str | None] = field(default_factory=dict)
    sealed: dict[str, str | None] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Check:
    id: str
    says: str
    level: CheckLevel
    item: str | None
    test: Callable[..., Any]


def _places(group: Group) -> list[tuple[dict[str, Any], list[tuple[str, str]]]]:
    """Where a group repeats: what its rows say of the place (key and side), and the full id of each item there."""
    return [
        (
            {"key": key, "side": side or None},
            [(item.id, ".".join(part for part in (group.id, key, side, item.id) if part)) for item in group.items],
        )
        for key in group.keys
        for side in group.sides or ("",)
    ]


def _measures(definition: Definition, name: str, form: Form) -> dict[str, tuple[str, ...]]:
    asked = {word for check in form.checks for word in logic.names(logic.condition(check.when))}
    own = {*(item.id for item in form.items), *(one.id for one in form.derive), *(group.id for group in form.groups)}
    return {
        measure: tuple(
            item.partition(".")[2] for item in sorted(items_behind(definition, measure)) if item.startswith(f"{name}.")
        )
        for measure in truths_of_checks(definition, name)
        if measure in asked - own
    }


class FormRules:
    """One form of one definition version. Attributes are read-only by convention: `items` (by full id), `sealed`,
    `required`."""

    def __init__(self, definition: Definition, name: str) -> None:
        self.name = name
        self.form = definition.forms[name]
        self.items: dict[str, Item] = design.items(definition, name)
        self.readers: dict[str, Reader] = {
            full: reader(item, definition.codelists) for full, item in self.items.items()
        }
        self._usual = {full: read.usual for full, read in self.readers.items()}
        self.sealed = frozenset(
            full for full in self.items if design.blinding_of(definition, name, full) is Blinding.SEALED
        )
        self.sealed_whole = len(self.sealed) == len(self.items)
        self.labels = tuple(full for full, item in self.items.items() if item.type is ItemType.SLOT_LABEL)
        self.required = tuple(full for full, item in self.items.items() if item.required)
        self._groups = [(group.id, _places(group)) for group in self.form.groups]
        scope = design.form_scope(definition, name)
        checking = design.form_scope(definition, name, checking=True)
        deriving = design.form_scope(definition, name, deriving=True)
        self._derived = [
            (derived.id, logic.compile(logic.check(logic.parse(derived.expr), deriving, scope.names[derived.id].type)))
            for derived in self.form.derive
        ]
        self._checks = [
            _Check(
                check.id,
                check.say,
                check.level,
                check.item,
                logic.compile(logic.check(logic.condition(check.when), checking, expected="boolean")),
            )
            for check in self.form.checks
        ]
        self._skips = {
            full: logic.compile(logic.check(logic.condition(item.when), scope, expected="boolean"))
            for full, item in self.items.items()
            if item.when is not None
        }
        self.measures = _measures(definition, name, self.form)
        """Derivations that the edit checks ask for -> the items of this form behind them."""
        self.reads = {check.id: self._read_by(logic.condition(check.when)) for check in self.form.checks}
        """Edit check -> the items that it reads, through derived items and groups."""
        self.looks_back = any("prev(" in str(check.when) for check in self.form.checks)
        self.needs_values = bool(self._checks)
        self._asked = tuple(full for full in self.items if any(full in items for items in self.reads.values()))

    def _read_by(self, expression: logic.Expression) -> frozenset[str]:
        found: set[str] = set()
        rest, seen = [*logic.names(expression)], set[str]()
        derived = {item.id: item.expr for item in self.form.derive}
        while rest:
            name = rest.pop()
            found.update(full for full in self.items if full == name or full.startswith(f"{name}."))
            rest += self.measures.get(name, ()) if name not in seen else ()
            if name in derived and name not in seen:
                rest += logic.names(logic.parse(derived[name]))
            seen.add(name)
        return frozenset(found)

    def enter(self, raw: Mapping[str, Any]) -> Entered:
        """Read every raw value; a wrong one becomes a finding that refuses the page."""
        kept = dict(raw)
        entered = Entered(kept, {}, {}, [])
        try:
            # Nearly every value is a text that was seen before and found usual; one look is enough for those.
            others = [full for full, text in raw.items() if text not in self._usual[full]]
        except (KeyError, TypeError):
            others = list(raw)
        for full in others:
            self._read(entered, full, raw[full])
        if self._asked:
            readers = self.readers
            entered.values = {
                full: readers[full][text].value for full in self._asked if (text := kept.get(full)) is not None
            }
        if self.sealed:
            entered.sealed = {full: kept.pop(full) for full in raw if full in self.sealed and full in kept}
        return entered

    def _read(self, entered: Entered, full: str, value: Any) -> None:
        read = self.readers.get(full)
        if read is None:
            del entered.items[full]
            entered.findings.append(Finding(full, self._unknown(full), CheckLevel.REFUSE, full))
        elif value is not None:
            try:
                reading = read(value)
            except BadValue as wrong:
                del entered.items[full]
                says = f"{self.items[full].label}: {wrong}"
                entered.findings.append(Finding(full, says, CheckLevel.REFUSE, full))
                return
            entered.items[full] = reading.text
            if reading.unusual is not None:
                says = f"{self.items[full].label}: {reading.unusual}"
                entered.findings.append(Finding(full, says, CheckLevel.WARN, full))

    def _unknown(self, full: str) -> str:
        near = design.nearest(full, self.items)
        return f"form {self.name} has no item '{full}'" + (f"; did you mean '{near}'?" if near else "")

    def values(self, texts: Mapping[str, str | None]) -> dict[str, Any]:
        """The typed values of kept texts, for expressions."""
        readers = self.readers
        try:
            return {
                full: readers[full][text].value for full, text in texts.items() if text is not None and full in readers
            }
        except BadValue:  # an amendment has narrowed an item since: what was kept is still what was kept
            return {
                full: value
                for full, text in texts.items()
                if text is not None and full in readers and (value := kept(self.items[full], text)) is not None
            }

    def value(self, texts: Mapping[str, str | None], name: str, visit: str) -> Any:
        """The typed value of one item or derived item of a kept page; None where there is none."""
        reader = self.readers.get(name)
        if reader is not None:
            text = texts.get(name)
            try:
                return None if text is None else reader[text].value
            except BadValue:
                return self.values({name: text}).get(name)
        return self.environment(self.values(texts), visit).get(name)

    def environment(self, values: Values, visit: str, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What the form's expressions see: items, groups as lists of rows, derived items, the visit and the previous
        visit's page."""
        known: dict[str, Any] = dict(values)
        known["visit"] = visit.partition(".")[0]
        for group, places in self._groups:
            known[group] = rows = []
            for fixed, ids in places:
                row: dict[str, Any] = fixed.copy()
                for name, full in ids:
                    row[name] = values.get(full)
                rows.append(row)
        if before is not None:
            known["prev"] = before
        derived = {}
        for name, compute in self._derived:
            # A derived item may bear the name of the group that it sums up; meanwhile the name is the group.
            derived[name] = value = compute(known)
            known.setdefault(name, value)
        known.update(derived)
        return known

    def findings(self, known: Mapping[str, Any], context: logic.Context) -> list[Finding]:
        """The edit checks that are raised. Unknown raises nothing: a missing value is its own finding."""
        return [
            Finding(check.id, check.says, check.level, check.item)
            for check in self._checks
            if check.test(known, context) is True
        ]

    def missing(self, known: Mapping[str, Any], not_done: Mapping[str, str], context: logic.Context) -> list[str]:
        """Required items that are neither answered nor given a reason, skipped ones left out."""
        if "*" in not_done:
            return []
        return [
            full
            for full in self.required
            if known.get(full) is None and full not in not_done and not self._skipped(full, known, context)
        ]

    def _skipped(self, full: str, known: Mapping[str, Any], context: logic.Context) -> bool:
        skip = self._skips.get(full)
        return skip is not None and skip(known, context) is False
