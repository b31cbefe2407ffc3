"""Reviews what a definition says of values beyond a limit of quantification: the limits, and the items that flag them.

A value that a laboratory reports as `<1.2` is recorded as its limit with the flag of `below` true; what is done with it
in an analysis is the analysis's to declare (option `censored`).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from trialwright.design.catalogue import Catalogue
from trialwright.design.findings import Findings
from trialwright.design.forms import items
from trialwright.design.mistakes import Path
from trialwright.design.model import Analysis, Blinding, Definition, Form, Item, ItemType
from trialwright.design.problems import known_or_close

SIDES = (("below", "lloq"), ("above", "uloq"))
"""The key that names the flag of a side, and the key of the limit there."""


def review_censoring(form: Form, path: Path, item: Item, found: Findings) -> None:
    """The flags of one item: there, of type boolean, no more open than the value; and a limit for each of them."""
    if item.type not in (ItemType.INTEGER, ItemType.DECIMAL):
        return
    known = {each.id: each for each in form.items}
    for side, limit in SIDES:
        flag, bound = getattr(item, side), getattr(item, limit)
        if flag is not None:
            _flag(form, path, item, side, known, found)
            _limit(path, item, side, limit, found)
        elif bound is not None:
            found.warn(
                (*path, limit),
                f"'{item.id}' has a limit of quantification, and nothing says which values lie {side} it",
                f"add `{side}:` with the item of this form that is true of such a value",
                at_key=True,
            )
    if item.lloq is not None and item.uloq is not None and item.lloq >= item.uloq:
        found.error((*path, "uloq"), f"'{item.id}' is quantified from {item.lloq} to {item.uloq}", "the smaller first")
    if item.below is not None and item.below == item.above:
        found.error((*path, "above"), f"'{item.below}' flags both sides of '{item.id}'", "a side has its own flag")


def _flag(form: Form, path: Path, item: Item, side: str, known: dict[str, Item], found: Findings) -> None:
    flag = getattr(item, side)
    if flag not in known:
        truths = [name for name, each in known.items() if each.type is ItemType.BOOLEAN]
        found.error((*path, side), f"the form has no item '{flag}'", known_or_close(flag, truths))
        return
    if known[flag].type is not ItemType.BOOLEAN:
        found.error((*path, side), f"'{flag}' is of type {known[flag].type.value}", "a flag is an item of type boolean")
    sealed = (item.blinding or form.blinding) is Blinding.SEALED
    if sealed and (known[flag].blinding or form.blinding) is not Blinding.SEALED:
        hint = "a flag says something of the value: give it `blinding: sealed`"
        found.error((*path, side), f"'{item.id}' is sealed and its flag '{flag}' is not", hint)


def _limit(path: Path, item: Item, side: str, limit: str, found: Findings) -> None:
    """A flagged value must be writable: the limit stands inside the range of the item."""
    bound: Decimal | None = getattr(item, limit)
    if bound is not None and item.range is not None and not item.range[0] <= bound <= item.range[1]:
        found.error((*path, limit), f"the limit {bound} lies outside the range of '{item.id}'", "widen one of them")


# ------------------------------------------------------------------ what an analysis must declare

HANDLED = "censored"
"""The option by which an analysis declares what it does with values beyond a limit."""


def can_be_censored(definition: Definition, name: str) -> bool:
    """Whether values of `form.item` can lie beyond a limit: it has a flag or a limit of quantification."""
    form, _, item = name.partition(".")
    known = items(definition, form).get(item) if form in definition.forms else None
    return known is not None and any(getattr(known, key) is not None for pair in SIDES for key in pair)


def undeclared(definition: Definition, analysis: Analysis) -> Iterator[str]:
    """The outcomes and covariates of an analysis that can be censored while it declares nothing about them."""
    if HANDLED in analysis.options:
        return
    estimand = definition.estimands.get(analysis.estimand or "")
    endpoint = definition.endpoints.get(analysis.endpoint or (estimand.endpoint if estimand else ""))
    for name in dict.fromkeys((*(endpoint.measure if endpoint else ()), *analysis.covariates)):
        if can_be_censored(definition, name):
            yield name


def review_handling(
    definition: Definition, analysis: Analysis, path: Path, catalogue: Catalogue, found: Findings
) -> None:
    """Warn of an analysis that will not be done as soon as one value lies beyond its limit."""
    names = list(undeclared(definition, analysis))
    if not names:
        return
    takes = (catalogue.options or {}).get(analysis.method, {}).get(HANDLED)
    hint = (
        f"add the option `{HANDLED}`: {', '.join(takes)}" if takes else f"{analysis.method} has no way to handle them"
    )
    what = f"values of {', '.join(names)} can lie beyond a limit of quantification, and nothing says what is then done"
    found.warn(path, f"{what}; with one such value the analysis is not done", hint, at_key=True)
