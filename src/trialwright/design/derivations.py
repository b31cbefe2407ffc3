"""What a declared measure rests on, and who may therefore see it before unblinding."""

from __future__ import annotations

from trialwright.design.forms import blinding_of, expanded, items, kept
from trialwright.design.model import Blinding, Definition

STRICTNESS = (Blinding.OPEN, Blinding.MASKED_FOR_ASSESSORS, Blinding.MASKED_FOR_SPONSOR, Blinding.SEALED)
"""From what everybody may see to what nobody blinded may see."""


@kept
def items_behind(definition: Definition, name: str) -> frozenset[str]:
    """The items (`form.item`) that a derivation or item is computed from, through other derivations too; a whole form
    where an input names one (`form`)."""
    found: set[str] = set()
    open_ends, seen = [name], set[str]()
    while open_ends:
        one = open_ends.pop()
        if one in seen:
            continue
        seen.add(one)
        derivation = definition.derivations.get(one)
        if derivation is not None:
            open_ends += derivation.inputs.values()
        elif one in definition.forms:
            found |= {f"{one}.{item}" for item in items(definition, one)}
        else:
            found.add(one)
    return frozenset(found)


@kept
def blinding_of_derivation(definition: Definition, name: str) -> Blinding:
    """The strictest class among everything that a derivation is computed from; what cannot be traced is sealed."""
    return max((_class(definition, item) for item in items_behind(definition, name)), key=STRICTNESS.index)


def _class(definition: Definition, name: str) -> Blinding:
    form, _, item = name.partition(".")
    known = definition.forms.get(form)
    if known is None:
        return Blinding.SEALED
    if item in items(definition, form):
        return blinding_of(definition, form, item)
    # A derived item or a whole group may rest on any item of its form.
    classes = [blinding_of(definition, form, each) for each in expanded(known)]
    return max([known.blinding, *classes], key=STRICTNESS.index)
