"""Items and their values in the words of the definition."""

from __future__ import annotations

from collections.abc import Iterable

from trialwright import design
from trialwright.design.form_instruments import codelist
from trialwright.design.model import Definition
from trialwright.web import running

# UCUM codes as people write them; a code that is not here is written as it is.
_UNITS = {
    "a": "years", "mo": "months", "wk": "weeks", "d": "days", "mm[Hg]": "mmHg", "Cel": "°C", "/min": "per minute",
    "m[g]": "milli-g", "10*9/L": "× 10⁹/L", "umol/L": "µmol/L",
}  # fmt: skip


def in_order(definition: Definition, form: str, names: Iterable[str]) -> list[str]:
    """Items in the order of the form; the ledger keeps them by name."""
    known = list(design.items(definition, form)) if form in definition.forms else []
    place = {name: number for number, name in enumerate(known)}
    return sorted(names, key=lambda name: (place.get(name, len(place)), name))


def item_label(definition: Definition, form: str, item: str) -> tuple[str, str]:
    """The label and unit of an item; an item of a group is told by its key and side, one of a questionnaire by its
    licensed text where the sponsor loaded that."""
    found = design.items(definition, form).get(item) if form in definition.forms else None
    if found is None:
        return item, ""
    wording = running.wording(definition.forms[form].instrument)
    label = wording.items.get(item, found.label) if wording else found.label
    keys = [{"L": "left", "R": "right"}.get(part, part.replace("_", " ")) for part in item.split(".")[1:-1]]
    return (f"{label}: {', '.join(keys)}" if keys else label), unit_in_words(found.unit)


def unit_in_words(unit: str | None) -> str:
    """A UCUM code as people write it; nothing for a number without a unit."""
    return _UNITS.get(unit or "", unit or "")


def in_words(definition: Definition, form: str, item: str, value: str | None) -> str | None:
    """A value as a person reads it: codes by their text, yes and no."""
    found = design.items(definition, form).get(item) if form in definition.forms else None
    if value is None or found is None:
        return value
    if found.codes and found.codes in definition.codelists:
        codes = {**definition.codelists[found.codes], **_licensed(definition, form, found.codes)}
        return ", ".join(codes.get(code, code) for code in value.split("|"))
    return {"true": "yes", "false": "no"}.get(value, value) if found.type == "boolean" else value


def _licensed(definition: Definition, form: str, codes: str) -> dict[str, str]:
    """The licensed texts of a list of answers, where the sponsor loaded any."""
    wording = running.wording(definition.forms[form].instrument)
    answers = wording.answers if wording else {}
    instrument = wording.instrument if wording else ""
    return next((texts for name, texts in answers.items() if codelist(instrument, name) == codes), {})
