"""Who is reading: a one-time link, then a signed cookie.

`serve` prints a link with a token, as Jupyter does. The first visit to it takes the token and sets a cookie that only
the server can sign and no script can read; the token is worth nothing afterwards. The key that signs lives as long as
the server, so a restart ends every session.
"""

from __future__ import annotations

import hmac
import multiprocessing
import secrets
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "trialwright"
_SALT = "trialwright.web.session"
HOURS = 12
"""How long a session lasts."""


def _flag() -> Any:
    # Shared memory: a worker that is replaced after a crash must not forget that the token was taken.
    return multiprocessing.get_context("spawn").Value("b", 0)


@dataclass(frozen=True)
class Link:
    """One link for one person in one role."""

    role: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    taken: Any = field(default_factory=_flag, repr=False)

    def take(self, token: str) -> bool:
        """Whether this is the token, and it was not taken before; afterwards it is."""
        if not hmac.compare_digest(self.token.encode(), token.encode()):
            return False
        with self.taken.get_lock():
            if self.taken.value:
                return False
            self.taken.value = 1
            return True


def begin(request: HttpRequest, response: HttpResponse, role: str) -> HttpResponse:
    """Set the signed cookie of a session in this role."""
    value = signing.dumps({"role": role}, salt=_SALT)
    response.set_cookie(COOKIE, value, max_age=HOURS * 3600, httponly=True, samesite="Lax", secure=request.is_secure())
    return response


def end(response: HttpResponse) -> HttpResponse:
    """Forget the session in this browser."""
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


def role(request: HttpRequest) -> str | None:
    """The role of the reader's session; None without one, or when it is too old or not ours."""
    try:
        content = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=HOURS * 3600)
    except signing.BadSignature:
        return None
    found = content.get("role") if isinstance(content, dict) else None
    return found if isinstance(found, str) else None
