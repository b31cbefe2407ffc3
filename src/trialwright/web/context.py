"""What every template may ask about the reader."""

from typing import Any

from django.http import HttpRequest

from trialwright.web import sessions


def reader(request: HttpRequest) -> dict[str, Any]:
    """The reader's role, None for the public; decides which links the header shows."""
    session = sessions.current(request)
    role = session.role if session else None
    return {"reader_role": role, "reader_name": (role or "").replace("_", " ")}
