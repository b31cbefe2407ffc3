"""Serve the pages of a trial folder: one process with many threads, which share one state of the trial."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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

    Raises ValueError where the folder or the role cannot be used.
    """
    import django
    from django.conf import settings as django_settings

    from trialwright import store
    from trialwright.web import running, settings
    from trialwright.web.reading import Reading
    from trialwright.web.sessions import Link

    if not django_settings.configured:
        django_settings.configure(**settings.for_folder(folder))
    django.setup()
    reading = Reading(store.open_ledger(folder))
    require_blinded(reading, role)
    link = Link(role)
    running.start(running.Running(reading, (link,)))
    address = f"http://{host}:{port}"
    say(f"The trial is at {address}/")
    say(f"A session as {role}, once: {address}/enter/{link.token}")
    say("Stop with Ctrl-C.")
    _run(application(), host, port)


def require_blinded(reading: Any, role: str) -> None:
    """Refuse a role that the trial does not have, or that is not blinded: these pages know no treatment."""
    with reading.trial() as trial:
        if trial is None:
            return
        blinded = trial.definition.blinding.blinded
    if role not in blinded:
        raise ValueError(f"{role!r} is no blinded role of this trial; choose one of {', '.join(blinded)}")


def application() -> Any:
    """The WSGI application with its static files."""
    from django.core.wsgi import get_wsgi_application
    from whitenoise import WhiteNoise

    from trialwright.web import settings

    return WhiteNoise(get_wsgi_application(), root=settings.STATIC, prefix="static/", max_age=3600)


def _run(wsgi: Any, host: str, port: int) -> None:
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):
        """Gunicorn told in the program instead of by a file."""

        def load_config(self) -> None:
            chosen = {
                "bind": f"{host}:{port}",
                "workers": 1,
                "threads": THREADS,
                "worker_class": "gthread",
                "loglevel": "warning",
                "errorlog": "-",
                "accesslog": None,  # addresses would hold the one-time token
                "proc_name": "trialwright",
                "graceful_timeout": 5,
            }
            for name, value in chosen.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return wsgi

    sys.argv[1:] = []  # gunicorn reads the command line that is not meant for it
    Server().run()
