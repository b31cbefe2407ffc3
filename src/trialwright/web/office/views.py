"""The front page for staff."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from trialwright.web import alarms, running
from trialwright.web.classes import Class, blinding
from trialwright.web.office import overview as counted
from trialwright.web.seen import Sees


@blinding(Class.MASKED_FOR_ASSESSORS)
def overview(request: HttpRequest, sees: Sees) -> HttpResponse:
    """How the trial stands, all arms together."""
    with running.reading().trial() as now:
        if now is None:
            return render(request, "not_open.html", status=503)
        context = {
            "section": "overview",
            "definition": now.definition,
            "overview": counted.overview(now, sees),
            "alarms": alarms.alarms(now, sees),
            "now": now.now,
        }
    return render(request, "office/overview.html", context)
