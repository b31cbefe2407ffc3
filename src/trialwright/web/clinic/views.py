"""The list of participants and the time line of each."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from trialwright.web import alarms, running
from trialwright.web.classes import Class, blinding
from trialwright.web.clinic import participants, scores, timeline, warnings
from trialwright.web.seen import Sees


@blinding(Class.MASKED_FOR_ASSESSORS)
def participant_list(request: HttpRequest, sees: Sees) -> HttpResponse:
    """Every participant, blinded."""
    with running.reading().trial() as now:
        if now is None:
            return render(request, "not_open.html", status=503)
        rows = participants.rows(now, sees)
        context = {
            "section": "participants",
            "definition": now.definition,
            "rows": rows,
            "alarms": alarms.alarms(now, sees),
            "now": now.now,
        }
    return render(request, "clinic/participants.html", context)


@blinding(Class.MASKED_FOR_ASSESSORS)
def participant(request: HttpRequest, participant: str, sees: Sees) -> HttpResponse:
    """What happened to one participant."""
    with running.reading().trial() as now:
        if now is None:
            return render(request, "not_open.html", status=503)
        person = now.state.participants.get(participant)
        if person is None:
            raise Http404
        queries = participants.waiting(now, person, sees)
        entries = timeline.entries(now, person, sees)
        starts = timeline.first_of_visits(now.definition, entries)
        context = {
            "section": "participants",
            "definition": now.definition,
            "starts": starts,
            "row": participants.row(now, person, len(queries), sees),
            "queries": queries,
            "broken": participants.broken(person, sees),
            "warnings": warnings.warnings(now, person),
            "scores": scores.computed(now, person, sees),
            "entries": [(place if place in starts else None, entry) for place, entry in enumerate(entries)],
            "zone": str(now.zone(person)),
        }
    return render(request, "clinic/participant.html", context)
