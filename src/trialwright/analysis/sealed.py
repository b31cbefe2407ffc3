"""Which measures rest on sealed items, and what an analysis of them says while they are closed."""

from trialwright import design, logic
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.observations import Observations
from trialwright.design.model import Analysis, Blinding, Definition


class Closed(NotEstimable):
    """The analysis rests on sealed items that nobody has opened."""


READ_BY = "a pharmacist, the safety unit, the committee's statistician or the unblinded monitor"
"""Whose key opens sealed values (`allocation.keys.VALUE_READERS`), in words."""


def sealed_items(definition: Definition) -> dict[str, str]:
    """Every sealed item, `form.item` -> its label, in the order of the definition."""
    return {
        f"{name}.{full}": item.label
        for name in definition.forms
        for full, item in design.items(definition, name).items()
        if design.blinding_of(definition, name, full) is Blinding.SEALED
    }


def sealed_behind(definition: Definition, name: str) -> list[str]:
    """The sealed items (`form.item`) that a measure rests on, through derivations and derived items of a form."""
    found: list[str] = []
    left, seen = [name], set[str]()
    while left:
        one = left.pop(0)
        if one in seen:
            continue
        seen.add(one)
        if one in definition.derivations:
            left += definition.derivations[one].inputs.values()
            continue
        form, _, item = one.partition(".")
        if form in definition.forms:
            derived = {each.id: each.expr for each in definition.forms[form].derive}
            if item in derived:
                left += [f"{form}.{inner}" for inner in logic.names(logic.parse(derived[item]))]
            found += _of_form(definition, form, item)
    return list(dict.fromkeys(found))


def _of_form(definition: Definition, form: str, item: str) -> list[str]:
    """An item itself, or the items of a group, where they are sealed."""
    return [
        f"{form}.{full}"
        for full in design.items(definition, form)
        if (full == item or full.startswith(f"{item}."))
        and design.blinding_of(definition, form, full) is Blinding.SEALED
    ]


def require_opened(seen: Observations, plan: Analysis, measures: tuple[str, ...]) -> None:
    """Raise `Closed` where the analysis rests on sealed items and these were not opened."""
    if seen.snapshot.opened is not None:
        return
    names = [name for one in (*measures, *plan.covariates) for name in sealed_behind(seen.definition, one)]
    if names:
        labels = sealed_items(seen.definition)
        what = ", ".join(dict.fromkeys(labels[name] for name in names))
        raise Closed(
            f"Sealed: {what}. It is opened for the analysis after the final lock and the planned unblinding, with the "
            f"key of {READ_BY}."
        )
