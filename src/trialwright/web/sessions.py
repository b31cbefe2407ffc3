"""Who is reading: a one-time link, then a signed cookie.

`serve` prints a link with a token, as Jupyter does. The first visit to it takes the token and sets a cookie that only
the server can sign and no script can read; the token is worth nothing afterwards. The key that signs lives as long as
the server, so a restart ends every session.
"""

from __future__ import annotations

import hmac
import mmap
import secrets
from dataclasses import dataclass, field
from threading import Lock

from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "trialwright"
_SALT = "trialwright.web.session"
HOURS = 12
"""How long a session lasts."""


@dataclass(frozen=True)
class Link:
    """One link for one person in one role."""

    role: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    # Memory that survives the process: a worker that is replaced after a crash must not forget that it was taken.
    _taken: mmap.mmap = field(default_factory=lambda: mmap.mmap(-1, 1), repr=False, compare=False)
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def take(self, token: str) -> bool:
        """Whether this is the token, and it was not taken before; afterwards it is."""
        if not hmac.compare_digest(self.token.encode(), token.encode()):
            return False
        with self._lock:
            if self._taken[0]:
                return False
            self._taken[0] = 1
            return True


@dataclass(frozen=True, slots=True)
class Session:
    """Who reads: a role, and an id that tells sessions apart in the access log until there are accounts with names."""

    role: str
    id: str


def begin(request: HttpRequest, response: HttpResponse, session: Session) -> HttpResponse:
    """Set the signed cookie of a session."""
    value = signing.dumps({"role": session.role, "id": session.id}, salt=_SALT)
    response.set_cookie(COOKIE, value, max_age=HOURS * 3600, httponly=True, samesite="Lax", secure=request.is_secure())
    return response


def end(response: HttpResponse) -> HttpResponse:
    """Forget the session in this browser."""
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


def new(role: str) -> Session:
    """A session with a fresh id."""
    return Session(role, f"session-{secrets.token_hex(4)}")


def current(request: HttpRequest) -> Session | None:
    """The reader's session; None without one, or when it is too old or not ours."""
    try:
        content = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=HOURS * 3600)
        return Session(str(content["role"]), str(content["id"]))
    except (signing.BadSignature, KeyError, TypeError):
        return None
