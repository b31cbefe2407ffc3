"""The page for everybody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from trialwright.web import running
from trialwright.web.classes import Class, Readers, blinding
from trialwright.web.public import content
from trialwright.web.seen import Sees


@blinding(Class.OPEN, Readers.PUBLIC)
def trial(request: HttpRequest, sees: Sees) -> HttpResponse:
    """The trial as its definition says it; no data of any participant."""
    with running.reading().trial() as now:
        if now is None:
            return render(request, "not_open.html", status=503)
        page = content.page(now.definition)
    return render(request, "public/trial.html", {"page": page, "section": "trial"})
