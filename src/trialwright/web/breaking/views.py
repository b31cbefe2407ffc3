"""One page: the form, and its answer. The arm is in the answer to a POST alone: in no address, cookie or cache."""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Semaphore
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from trialwright.allocation.notices import CATEGORIES
from trialwright.ledger.canonical import instant
from trialwright.web.breaking import log
from trialwright.web.breaking.host import Host, NotAHost, read_slots
from trialwright.web.breaking.opening import ENVELOPE, Asked, NotShown, Shown, open_label

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
PAGE_STEP = 8192
"""Answers are filled up to a multiple of this, so that their length on the wire does not tell the arm."""
MOST_BYTES = 64 * 1024
"""Of a request; a filled form has less than 16 kB."""
THREADS = 16
DELAYED = Semaphore(THREADS // 2)
"""Wrong answers wait, but never in so many threads that a right one finds none."""

Answer = Callable[[HttpRequest], HttpResponse]


@dataclass(frozen=True)
class Serving:
    """The host that this process serves, with its private key in memory."""

    host: Host
    identity: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __repr__(self) -> str:
        return f"Serving({self.host.id})"


_current: list[Serving] = []


def start(serving: Serving) -> None:
    """Make this the host of the process."""
    _current[:] = [serving]


def headers(answer: Answer) -> Answer:
    """Set the headers on every answer: nothing is kept, framed or fetched from elsewhere."""

    def with_headers(request: HttpRequest) -> HttpResponse:
        # Django's own limit leaves out files, which would fill the disk without which nothing is shown.
        long = int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES
        response = HttpResponse("too long\n", "text/plain", 413) if long else answer(request)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    return with_headers


@require_http_methods(["GET", "HEAD", "POST"])
def code_break(request: HttpRequest) -> HttpResponse:
    """The form; sent, the arm, once."""
    if request.method != "POST":
        return _form(request, Asked(), {}, 200)
    sent = request.POST
    asked = Asked(*(sent.get(name, "") for name in ("label", "category", "words", "person", "passphrase", "code")))
    serving = _current[0]
    try:
        return _answer(request, open_label(serving.host, serving.identity, asked, serving.now()))
    except NotShown as refusal:
        _delay(refusal.wait)
        return _form(request, asked, refusal.problems, 422)
    except (sqlite3.Error, OSError):
        # What cannot be logged is not shown.
        sentence = (
            f"The log of this machine cannot be written, so nothing is shown. {ENVELOPE} {serving.host.telephone}."
        )
        return _form(request, asked, {"": sentence}, 503)


def _delay(seconds: float) -> None:
    if seconds and DELAYED.acquire(blocking=False):
        try:
            time.sleep(seconds)
        finally:
            DELAYED.release()


def _form(request: HttpRequest, asked: Asked, problems: dict[str, str], status: int) -> HttpResponse:
    context = {
        "host": _current[0].host,
        "asked": asked,
        "whole": problems.get("", ""),
        "wrong": problems,
        "count": len(problems),
        "categories": CATEGORIES,
    }
    return _filled(render(request, "breaking/form.html", context, status=status))


def _answer(request: HttpRequest, shown: Shown) -> HttpResponse:
    context = {"host": _current[0].host, "shown": shown, "at": instant(shown.at), "here": _here(shown.at)}
    return _filled(render(request, "breaking/shown.html", context))


def _here(at: str) -> datetime:
    return instant(at).astimezone(ZoneInfo(_current[0].host.zone))


def _filled(response: HttpResponse) -> HttpResponse:
    content = response.content
    response.content = content.ljust(-(-len(content) // PAGE_STEP) * PAGE_STEP)
    return response


@require_GET
def alive(request: HttpRequest) -> HttpResponse:
    """For whoever watches the machine: log, slots and chain can be read. Says nothing else."""
    try:
        host = _current[0].host
        well = bool(read_slots(host.folder)) and not log.problems(host.folder)
    except (NotAHost, sqlite3.Error, OSError):
        well = False
    return HttpResponse("alive\n" if well else "not well: use the envelopes\n", "text/plain", 200 if well else 503)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What was sent cannot be read."""
    return _lost(request, "What was sent cannot be read.", 400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is no such page."""
    return _lost(request, "There is no such page.", 404)


def failed(request: HttpRequest) -> HttpResponse:
    """Something went wrong here; what it was stays out of the page."""
    return _lost(request, "Something went wrong on this machine. Nothing was shown.", 500)


def _lost(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    host: Any = _current[0].host if _current else None
    return render(request, "breaking/lost.html", {"host": host, "sentence": sentence}, status=status)


BLINDING = {"code-break": "unblinded: needs a passphrase and a one-time code", "alive": "open"}
"""The blinding class of every route, by its name."""
