"""Coming in by the one-time link, leaving, and answers to what is not there."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from trialwright.web import running, sessions
from trialwright.web.classes import Class, Readers, blinding
from trialwright.web.running import Access
from trialwright.web.seen import Sees


@blinding(Class.OPEN, Readers.PUBLIC)
def enter(request: HttpRequest, token: str, sees: Sees) -> HttpResponse:
    """Take the token and begin a session. A browser that only looks ahead must not use the link up."""
    if request.method != "GET" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return HttpResponse(status=204)
    role = running.take(token)
    if role is None:
        running.note(Access(running.LOG_IN_FAILED, "unknown", "none", "enter"))
        return render(request, "refused.html", {"known": True}, status=403)
    session = sessions.new(role)
    running.note(Access(running.LOGGED_IN, session.id, role, "enter"))
    response = sessions.begin(request, redirect("overview"), session)
    response["Cache-Control"] = "no-store"
    return response


@blinding(Class.OPEN, Readers.PUBLIC)
def leave(request: HttpRequest, sees: Sees) -> HttpResponse:
    """End the session in this browser."""
    return _leave(request)


@require_POST
def _leave(request: HttpRequest) -> HttpResponse:
    session = sessions.current(request)
    if session is not None:
        running.note(Access(running.LOGGED_OUT, session.id, session.role, "leave"))
    return sessions.end(redirect("trial"))


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from a page of this server."""
    return render(request, "refused.html", {"known": False}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is no such page."""
    return render(request, "missing.html", status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """Something went wrong; what it was stays out of the page."""
    return render(request, "failed.html", status=500)
