"""Derivations whose method is an instrument: which instrument and scale they ask for, and from which items.

The method is the instrument's id with underscores (`haq_di` scores `haq-di`), the option `scale` names its scale; else
its first one is taken. Inputs name an item of a form for each item of the instrument; `form: FORM` stands for all items
of that form that bear the instrument's names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trialwright.design.forms import items
from trialwright.design.instruments import Instrument, Scale, used_items
from trialwright.design.model import Definition, Derivation

WHOLE_FORM = "form"
"""The input that names a form instead of an item."""


def method_of(instrument_id: str) -> str:
    """`haq_di` for `haq-di`: the name of the method that scores an instrument."""
    return instrument_id.replace("-", "_")


def instrument_of(definition: Definition, method: str, known: Mapping[str, Instrument]) -> Instrument | None:
    """The instrument that a method scores: the definition's own, else one of `known`; None where it is none."""
    for source in (definition.instruments, known):
        for name in source:
            if method_of(name) == method:
                return source[name]
    return None


def scale_of(instrument: Instrument, options: Mapping[str, str]) -> Scale | None:
    """The scale that a derivation asks for, the instrument's first where none is named; None for one that there is
    not."""
    if "scale" not in options:
        return instrument.scales[0]
    return next((scale for scale in instrument.scales if scale.id == options["scale"]), None)


def needed(instrument: Instrument, scale: Scale) -> tuple[str, ...]:
    """The items that a scale looks at."""
    return used_items(instrument, scale)


def stand_ins(instrument: Instrument, scale: Scale) -> tuple[str, ...]:
    """The items that are taken where one of those is not answered, other than those themselves."""
    used = used_items(instrument, scale)
    others = [item.instead for item in instrument.items if item.id in used and item.instead is not None]
    return tuple(name for name in dict.fromkeys(others) if name not in used)


def inputs_of(definition: Definition, derivation: Derivation, wanted: Sequence[str]) -> dict[str, str]:
    """Item of the instrument -> `form.item`: what `inputs` names, and what the form that it names has of the rest."""
    form = derivation.inputs.get(WHOLE_FORM, "")
    has = items(definition, form) if form in definition.forms else {}
    whole = {item: f"{form}.{item}" for item in wanted if item in has}
    return {**whole, **{item: source for item, source in derivation.inputs.items() if item in wanted}}
