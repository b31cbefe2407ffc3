"""What every template may ask about the reader and the trial."""

from typing import Any

from django.http import HttpRequest

from trialwright.web import running, sessions


def reader(request: HttpRequest) -> dict[str, Any]:
    """The reader's role, None for the public; decides which links the header shows. `rehearsal` puts a banner on every
    page of a trial whose participants were made up."""
    session = sessions.current(request)
    role = session.role if session else None
    return {"reader_role": role, "reader_name": (role or "").replace("_", " "), "rehearsal": running.rehearsal()}
