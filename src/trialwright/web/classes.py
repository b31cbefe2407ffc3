"""The blinding class of every route, and what each role may see.

A route declares the most revealing class that it may show; a page then shows what both the route and the reader's role
allow. A test walks the URL conf and fails for a route that declares nothing. No route here is sealed: this server holds
nothing that could open a seal, and a page for unblinded roles would be an application of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from trialwright.design.model import Blinding as Class
from trialwright.web import running, sessions
from trialwright.web.running import Access

ORDER = (Class.OPEN, Class.MASKED_FOR_ASSESSORS, Class.MASKED_FOR_SPONSOR, Class.SEALED)
"""From what everybody may see to what nobody here may see."""

# Outcome assessors may not learn of adverse events and infusions. What is masked for the sponsor is masked for the
# site's blinded people too (design/blinding.md), so no role of this server sees it.
_OPEN = frozenset({Class.OPEN})
_WITH_INFUSIONS = frozenset({Class.OPEN, Class.MASKED_FOR_ASSESSORS})
SEES: dict[str, frozenset[Class]] = {
    "investigator": _WITH_INFUSIONS,
    "nurse": _WITH_INFUSIONS,
    "data_manager": _WITH_INFUSIONS,
    "monitor": _WITH_INFUSIONS,
    "sponsor": _WITH_INFUSIONS,
}
"""Roles that see more than open values; every other role sees open values only."""


class Readers(StrEnum):
    """Who may open a route."""

    PUBLIC = "public"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Declared:
    """What a route says of itself."""

    most: Class
    readers: Readers


View = Callable[..., HttpResponse]


def blinding(most: Class, readers: Readers = Readers.STAFF) -> Callable[[View], View]:
    """Declare the class of a route and who may open it; the view gets `sees`, the classes that it may show."""

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            session = sessions.current(request)
            if readers is Readers.PUBLIC:
                return view(request, *args, sees=up_to(most), **kwargs)
            if session is None:
                return render(request, "refused.html", {"known": False}, status=403)
            # What cannot be noted is not shown.
            page = view.__name__
            running.note(Access(running.READ, session.id, session.role, page, kwargs.get("participant")))
            response = view(request, *args, sees=seen_by(session.role) & up_to(most), **kwargs)
            response["Cache-Control"] = "no-store"
            return response

        guarded.declared = Declared(most, readers)  # type: ignore[attr-defined]
        return guarded

    return declare


def seen_by(role: str | None) -> frozenset[Class]:
    """The classes that a role may see; nobody in particular sees open values."""
    return SEES.get(role or "", _OPEN)


def up_to(most: Class) -> frozenset[Class]:
    """The classes from open up to this one, sealed never among them."""
    return frozenset(ORDER[: ORDER.index(most) + 1]) - {Class.SEALED}
