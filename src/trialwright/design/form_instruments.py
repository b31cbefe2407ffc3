"""Forms that take their items from an instrument, and forms of their own that are held against one.

`forms: {haq: {label: ..., instrument: haq-di}}` without items gets the instrument's, as the definition is read: coded
answers with a code list of neutral labels, numbers with their range and step, tick boxes. The definition that the
ledger keeps then holds the items themselves, so that it can be read when the instrument has long been declared anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from trialwright.design.canonical import plain
from trialwright.design.findings import Findings
from trialwright.design.instruments import Answers, Instrument, InstrumentItem, levels, named_by_key
from trialwright.design.model import Definition, Form, Item, ItemType
from trialwright.design.problems import Place, Problem, known_or_close
from trialwright.design.read_instrument import review_instrument
from trialwright.design.tree import Node

TICKED = ("0", "1")
"""The codes of a tick box; in a form it is a question of yes or no."""


def with_instruments(root: Node, instruments: Mapping[str, Instrument] | None) -> list[Problem]:
    """Give the forms of a definition's tree that name an instrument and have no items the items of it, in place, and
    the definition every declaration that a form names.

    So the ledger keeps the rule of a score beside the items, and a later version of this program scores the trial as it
    was written. The definition's own instruments go before those of the catalogue (`instruments`). Gives the problems;
    a form whose instrument is declared wrongly is left alone, since what is wrong is told where it stands.
    """
    forms = root.child("forms")
    if forms is None or not isinstance(forms.value, dict):
        return []
    problems = []
    for name, form in forms.value.items():
        asked = form.child("instrument") if isinstance(form.value, dict) else None
        if asked is None or not isinstance(asked.value, str):
            continue
        instrument, known = _known(root, asked.value, instruments)
        furnished = bool(form.child("items") or form.child("groups"))
        if known and instrument is not None:
            _below(root, "instruments", asked.value, plain(instrument), asked.place)
            if not furnished:
                _furnish(root, form, asked.place, instrument)
        elif not known and not furnished:
            path = f"forms.{name}.instrument"
            hint = known_or_close(asked.value, [*_own(root), *(instruments or ())])
            problems.append(Problem(asked.place, f"there is no instrument '{asked.value}'", hint, path=path))
    return problems


def _known(root: Node, wanted: str, instruments: Mapping[str, Instrument] | None) -> tuple[Instrument | None, bool]:
    """The instrument, None where its declaration is faulty; and whether there is one of that name."""
    own = _own(root).get(wanted)
    if own is not None:
        try:
            declared = Instrument.model_validate(named_by_key({wanted: own.plain()})[wanted])
        except ValidationError:
            return None, True
        return (declared if sound(wanted, declared) else None), True
    if instruments is not None and wanted in instruments:
        return instruments[wanted], True
    return None, False


def sound(name: str, instrument: Instrument) -> bool:
    """Whether a declaration holds together, so that its items and scales can be looked into."""
    found = Findings(Node({}, Place("", 1, 1)))
    review_instrument(instrument, found, ("instruments", name))
    return not any(problem.severity == "error" for problem in found.problems)


def _own(root: Node) -> Mapping[str, Node]:
    declared = root.child("instruments")
    return declared.value if declared is not None and isinstance(declared.value, dict) else {}


def _furnish(root: Node, form: Node, place: Place, instrument: Instrument) -> None:
    assert isinstance(form.value, dict)
    form.value["items"] = _node([_item(instrument, item) for item in instrument.items], place)
    form.keys["items"] = place
    lists = {codelist(instrument.id, item.answers): instrument.answers_of(item.id).codes for item in instrument.items
             if _type(instrument.answers_of(item.id)) == ItemType.CODE}  # fmt: skip
    for name, codes in lists.items():
        _below(root, "codelists", name, dict(codes), place)


def _below(root: Node, part: str, name: str, value: Any, place: Place) -> None:
    """Put a plain value into a part of the definition under a name that is free there."""
    assert isinstance(root.value, dict)
    held = root.child(part)
    if held is None or not isinstance(held.value, dict):
        held = root.value[part] = Node({}, place, sourced="whole")
        root.keys[part] = place
    assert isinstance(held.value, dict)
    if name not in held.value:
        held.value[name] = _node(value, place)
        held.keys[name] = place


def _node(value: Any, place: Place) -> Node:
    """A plain value as if all of it stood at one place; it is as well sourced as the instrument."""
    if isinstance(value, dict):
        entries = {key: _node(entry, place) for key, entry in value.items()}
        return Node(entries, place, dict.fromkeys(entries, place), sourced="whole")
    if isinstance(value, list):
        return Node([_node(entry, place) for entry in value], place, sourced="whole")
    return Node(value, place, sourced="whole")


def codelist(instrument: str, answers: str) -> str:
    """The name that a list of an instrument's answers has among the code lists of a definition."""
    return f"{instrument}_{answers}".replace("-", "_")[:40]


def _type(answers: Answers) -> ItemType:
    if answers.codes:
        return (
            ItemType.BOOLEAN if tuple(sorted(answers.codes)) == TICKED and answers.blank is not None else ItemType.CODE
        )
    whole = answers.step is not None and answers.step == int(answers.step)
    starts_whole = answers.low is None or answers.low == int(answers.low)
    return ItemType.INTEGER if whole and starts_whole else ItemType.DECIMAL


def _item(instrument: Instrument, item: InstrumentItem) -> dict[str, Any]:
    answers = instrument.answers_of(item.id)
    kind = _type(answers)
    made: dict[str, Any] = {"id": item.id, "type": kind.value, "label": item.label}
    if kind == ItemType.CODE:
        made["codes"] = codelist(instrument.id, item.answers)
    elif kind != ItemType.BOOLEAN:
        made |= {"range": [answers.low, answers.high]} if answers.low is not None and answers.high is not None else {}
        made |= {"step": answers.step} if answers.step is not None and kind == ItemType.DECIMAL else {}
        made |= {"unit": answers.unit} if answers.unit is not None else {}
    return made


# ------------------------------------------------------------------ forms of their own


def review_form_instruments(
    definition: Definition, instruments: Mapping[str, Instrument] | None, found: Findings
) -> None:
    """Every mistake in the definition's own instruments; and every form that names an instrument held against it: each
    item that is lacking or may be answered otherwise."""
    for name, one in definition.instruments.items():
        review_instrument(one, found, ("instruments", name))
    for name, form in definition.forms.items():
        wanted = form.instrument
        if wanted is None:
            continue
        instrument = definition.instruments.get(wanted) or (instruments or {}).get(wanted)
        if instrument is None:
            if instruments is not None:
                hint = known_or_close(wanted, [*definition.instruments, *instruments])
                found.error(("forms", name, "instrument"), f"there is no instrument '{wanted}'", hint)
            continue
        if wanted in definition.instruments and not sound(wanted, instrument):
            continue  # what is wrong with it is told where it stands
        for sentence in differences(definition, form, instrument):
            hint = f"`trialwright instruments show {wanted}` prints the items"
            found.error(("forms", name, "instrument"), f"form '{name}' is no '{wanted}': {sentence}", hint)


def differences(definition: Definition, form: Form, instrument: Instrument) -> Iterator[str]:
    """What keeps a form from being the instrument, a sentence each; items that the instrument lacks are the form's own
    affair."""
    items = {item.id: item for item in form.items}
    for item in instrument.items:
        answers = instrument.answers_of(item.id)
        mine = items.get(item.id)
        if mine is None:
            yield f"it has no item '{item.id}' ({item.label})"
        elif said := _other_answers(definition, mine, answers):
            yield f"'{item.id}' {said}"


def _other_answers(definition: Definition, mine: Item, answers: Answers) -> str:
    kind, possible = _type(answers), levels(answers)
    if kind == ItemType.BOOLEAN and mine.type == ItemType.BOOLEAN:
        return ""
    if mine.type == ItemType.CODE and possible is not None:
        codes = set(definition.codelists.get(mine.codes or "", {}))
        wanted = {format(level.normalize(), "f") for level in possible}
        return "" if codes == wanted else f"takes {_listed(codes)}, the instrument {_listed(wanted)}"
    if mine.type not in (ItemType.INTEGER, ItemType.DECIMAL):
        return f"is a {mine.type.value} item, the instrument asks for {_asked(answers)}"
    if mine.range is not None and (answers.low, answers.high) != (None, None):
        low, high = mine.range
        if (answers.low is not None and low < answers.low) or (answers.high is not None and high > answers.high):
            return f"goes from {low} to {high}, the instrument asks for {_asked(answers)}"
    elif mine.range is None and possible is not None:
        return f"has no range, the instrument asks for {_asked(answers)}"
    return ""


def _listed(codes: set[str]) -> str:
    return ", ".join(sorted(codes, key=_order)) or "nothing"


def _order(code: str) -> tuple[Decimal, str]:
    try:
        return Decimal(code), code
    except ArithmeticError:
        return Decimal("Infinity"), code


def _asked(answers: Answers) -> str:
    if answers.codes:
        return _listed(set(answers.codes))
    return f"{answers.low} to {answers.high}"
