"""Forms unfolded: every item of a form under its full id, who may see it, and which forms are due at a visit.

Full ids: an item `phga`; an item of a group `mmt.deltoid.L.grade` (group, key, side where there are sides, item).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from trialwright.design.model import Blinding, Definition, Form, Group, Item

P = ParamSpec("P")
R = TypeVar("R")


def kept(function: Callable[P, R]) -> Callable[P, R]:
    """Remember the function's answers for as long as its first argument, a definition, lives. Definitions are
    frozen, but hold mappings and cannot be hashed, so they are known by identity."""
    answers: dict[int, tuple[weakref.ref[Any], dict[Any, Any]]] = {}

    @wraps(function)
    def remembered(*args: P.args, **kwargs: P.kwargs) -> R:
        owner: Any = args[0]
        held = answers.get(id(owner))
        if held is None or held[0]() is not owner:
            place = id(owner)
            held = answers[place] = (weakref.ref(owner, lambda _: answers.pop(place, None)), {})
        key = (args[1:], tuple(kwargs.items()))
        if key not in held[1]:
            held[1][key] = function(*args, **kwargs)
        return held[1][key]

    return remembered


def group_places(group: Group) -> Iterator[tuple[str, str | None]]:
    """Each key of the group with each side; the side is None where the group has none."""
    for key in group.keys:
        for side in group.sides or (None,):
            yield key, side


def full_id(group: str, key: str, side: str | None, item: str) -> str:
    """The stored id of an item of a group."""
    return ".".join(part for part in (group, key, side, item) if part is not None)


def expanded(form: Form) -> dict[str, Item]:
    """The form's items under their full ids, in the order of the page: single items, then groups."""
    found = {item.id: item for item in form.items}
    for group in form.groups:
        for key, side in group_places(group):
            for item in group.items:
                found[full_id(group.id, key, side, item.id)] = item
    return found


@kept
def items(definition: Definition, form: str) -> dict[str, Item]:
    """The items of a form by full id. Raises KeyError for an unknown form."""
    return expanded(definition.forms[form])


def blinding_of(definition: Definition, form: str, item: str | None = None) -> Blinding:
    """Who may see a value before unblinding: the item's own class, else the form's. Derived items have the form's
    class. A full id or the id alone; without an item the form's class."""
    own = items(definition, form).get(item) if item else None
    return own.blinding if own is not None and own.blinding is not None else definition.forms[form].blinding


def due_forms(definition: Definition, visit: str) -> list[str]:
    """The forms planned at a visit, in the order of the schedule; conditions (`when`) are not looked at. `UNS.1`
    is visit UNS."""
    planned = visit.partition(".")[0]
    return [name for name, due in definition.schedule.items() if name in definition.forms and planned in due.visits]


def nearest(text: str, choices: Iterable[str]) -> str | None:
    """The choice that was probably meant, or None."""
    import difflib

    close = difflib.get_close_matches(text, list(choices), n=1, cutoff=0.6)
    return close[0] if close else None
