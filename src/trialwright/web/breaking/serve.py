"""Serve the break host: a process that knows no database of the trial and holds one private key, in memory."""

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trialwright.web import listening
from trialwright.web.breaking import log, views
from trialwright.web.breaking.host import Host, NotAHost, read_host, read_slots, require_opens
from trialwright.web.breaking.opening import mend_outbox


def serve(
    folder: Path, key: Callable[[Path], str], port: int, host: str = "127.0.0.1", say: Callable[[str], None] = print
) -> None:
    """Serve until interrupted. `key` gives the private key of a key file. Raises `NotAHost` where log, slots or key do
    not stand, and `listening.CannotListen`."""
    here = read_host(folder)
    listening.require_free(host, port)
    identity = require_sound(here, key)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash must not write the key to a disk
    mended = mend_outbox(here)
    say(f"Code break of {here.title}: {listening.address_of(host, port)}/")
    if mended:
        say(f"{mended} notices were missing from {here.outbox} and were written.")
    say("Stop with Ctrl-C.")
    listening.run(lambda: application(here, identity, (host,)), host, port, views.THREADS)


def require_sound(host: Host, key: Callable[[Path], str]) -> str:
    """The private key, after the chain of the log and every slot were looked at. Raises `NotAHost`."""
    wrong = log.problems(host.folder)
    if wrong:
        raise NotAHost(f"the log of {host.folder} was changed: {wrong[0]}; keep a copy and call the trial office")
    identity = key(host.key)
    require_opens(list(read_slots(host.folder).values()), identity, host.trial)
    return identity


def application(host: Host, identity: str, names: tuple[str, ...] = ()) -> Any:
    """The WSGI application with its style sheet."""
    import django
    from django.conf import settings as django_settings
    from django.core.wsgi import get_wsgi_application
    from whitenoise import WhiteNoise

    from trialwright.web.breaking import settings

    if not django_settings.configured:
        django_settings.configure(
            **settings.pages((*host.hosts, *(f"[{name}]" if ":" in name else name for name in names)))
        )
        django.setup()
    views.start(views.Serving(host, identity))
    return WhiteNoise(get_wsgi_application(), root=settings.STATIC, prefix="static/", max_age=3600)
