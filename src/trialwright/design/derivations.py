"""What a declared measure rests on, and who may therefore see it before unblinding."""

from __future__ import annotations

from trialwright.design.forms import blinding_of, expanded, items, kept
from trialwright.design.model import Blinding, Definition, Derivation

STRICTNESS = (Blinding.OPEN, Blinding.MASKED_FOR_ASSESSORS, Blinding.MASKED_FOR_SPONSOR, Blinding.SEALED)
"""From what everybody may see to what nobody blinded may see."""


TRUTHS = frozenset({"confirmed_deterioration"})
"""Methods that say whether something is so, not how much."""


def is_truth(derivation: Derivation) -> bool:
    """Whether a derivation says that something is so (1 or 0 in arrays): conditions speak of it without a number."""
    return derivation.method in TRUTHS


def truths_of_checks(definition: Definition, form_name: str) -> tuple[str, ...]:
    """The derivations that the edit checks of a form may ask for: truths that rest on the form and on nothing that is
    hidden from who sees it."""
    form = definition.forms[form_name]
    return tuple(
        name
        for name, derivation in definition.derivations.items()
        if is_truth(derivation)
        and any(item.partition(".")[0] == form_name for item in items_behind(definition, name))
        and STRICTNESS.index(blinding_of_derivation(definition, name)) <= STRICTNESS.index(form.blinding)
    )


def baseline(definition: Definition, derivation: Derivation) -> str:
    """The derivation's own baseline, else the visit that days count from."""
    return derivation.baseline or next(name for name, visit in definition.visits.items() if visit.anchor)


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
    return max(
        (_class(definition, item) for item in items_behind(definition, name)),
        key=STRICTNESS.index,
        default=Blinding.SEALED,
    )


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
