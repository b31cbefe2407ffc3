"""Serve the pages of a trial folder: one process with many threads, which share one state of the trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from trialwright.web import listening, running
from trialwright.web.reading import Reading
from trialwright.web.running import LOG_IN_FAILED, LOGGED_IN, LOGGED_OUT, READ, Access
from trialwright.web.sessions import Link
from trialwright.web.settings import CannotServe

THREADS = 8
"""Requests answered at once; a page takes milliseconds."""


def serve(
    folder: Path,
    port: int = 8000,
    host: str = "127.0.0.1",
    role: str = "monitor",
    say: Callable[[str], None] = print,
) -> None:
    """Serve the trial in `folder` until interrupted; says the address and a link that opens one session in `role`.

    Raises `CannotServe`, `listening.CannotListen` or `store.NotATrial` where folder, role or address cannot be used,
    and `ledger.ports.Broken` for a ledger that does not verify.
    """
    listening.require_free(host, port)
    _configure(folder, host)
    require_blinded(folder, role)
    link = Link(role)
    address = listening.address_of(host, port)
    _take_in_breaks(folder, say)
    say(f"The trial is at {address}/")
    say(f"A session as {role.replace('_', ' ')}, once: {address}/enter/{link.token}")
    say("Stop with Ctrl-C.")
    listening.run(lambda: _opened(folder, link), host, port, THREADS)


def _configure(folder: Path, host: str) -> None:
    import django
    from django.conf import settings as django_settings

    from trialwright.web import settings

    chosen = settings.for_folder(folder)
    chosen["ALLOWED_HOSTS"].append(f"[{host}]" if ":" in host else host)
    if django_settings.configured:
        # `store` configured Django for itself, as in a demo that goes on to serve; the pages' settings come on top.
        for name, value in chosen.items():
            if name not in ("DATABASES", "INSTALLED_APPS"):
                setattr(django_settings, name, value)
        return
    django_settings.configure(**chosen)
    django.setup()


def require_blinded(folder: Path, role: str) -> None:
    """Refuse a role that the trial does not have, or that is not blinded: these pages know no treatment."""
    from django.db import connections

    from trialwright import store

    try:
        with Reading(store.open_ledger(folder)).trial() as trial:
            blinded = trial.definition.blinding.blinded if trial else (role,)
    finally:
        # The worker is a process of its own, and a database connection must not go with it.
        connections.close_all()
    if role not in blinded:
        raise CannotServe(f"{role!r} is no blinded role of this trial; choose one of {', '.join(blinded)}")


def _take_in_breaks(folder: Path, say: Callable[[str], None]) -> None:
    """Take in what the break host told while this server was down, where the settings say where that lies."""
    from django.db import connections

    from trialwright import store
    from trialwright.store import breaks

    said = breaks.emergency(folder)
    if not (said.outbox and said.host_key):
        return
    desk = store.open_desk(folder)
    try:
        taken = breaks.take_in_notices(desk, folder / said.outbox, said.host_key)
        breaks.write_letters(folder, desk)
    finally:
        desk.ledger.close()
        connections.close_all()
    if taken.facts or taken.nobody or taken.refused:
        say(f"Code breaks: {len(taken.facts)} taken in; {len(taken.nobody) + len(taken.refused)} to look at with")
        say(f"  trialwright breaks take-in {folder}")


def _opened(folder: Path, link: Link) -> Any:
    """The application over the folder, in the process that answers."""
    from trialwright import store
    from trialwright.store import wordings

    # Of several languages the last by name; a page shows one.
    texts = {one.instrument: one for one in wordings.loaded(folder)}
    running.start(running.Running(Reading(store.open_ledger(folder)), (link,), _access_log(folder), texts))
    return application()


def _access_log(folder: Path) -> Callable[[Access], None]:
    """Write to the second chain of the trial: who came in, read, left."""
    from trialwright import store

    kept = {
        LOGGED_IN: store.access.LOGGED_IN,
        LOG_IN_FAILED: store.access.LOG_IN_FAILED,
        LOGGED_OUT: store.access.LOGGED_OUT,
        READ: store.access.READ,
    }
    log, clock, chance = store.open_access(folder), store.ServerClock(), store.SystemChance()

    def keep(access: Access) -> None:
        store.note(
            log, clock, chance, by=access.by, role=access.role, kind=kept[access.kind],
            about={"page": access.page}, participant=access.participant,
        )  # fmt: skip

    return keep


def application() -> Any:
    """The WSGI application with its static files."""
    from django.core.wsgi import get_wsgi_application
    from whitenoise import WhiteNoise

    from trialwright.web import settings

    return WhiteNoise(get_wsgi_application(), root=settings.STATIC, prefix="static/", max_age=3600)
