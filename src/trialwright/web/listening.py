"""Listening at an address: what the clinic's server and the break host have in common."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable
from typing import Any


class CannotListen(ValueError):
    """Why an address cannot be served at, in a sentence."""


def require_free(host: str, port: int) -> None:
    """Refuse an address that cannot be listened at, before it is told to anybody."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        hint = "choose another with --port" if error.errno == errno.EADDRINUSE else "choose another with --host"
        raise CannotListen(f"{host}:{port} cannot be served at: {error.strerror}; {hint}") from None


def address_of(host: str, port: int) -> str:
    """The address to type into a browser."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def run(opened: Callable[[], Any], host: str, port: int, threads: int) -> None:
    """Serve the application that `opened` gives in one worker process with this many threads, until interrupted."""
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):
        """Gunicorn told in the program instead of by a file."""

        def load_config(self) -> None:
            chosen = {
                "bind": f"{host}:{port}",
                "workers": 1,
                "threads": threads,
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
            return opened()

    sys.argv[1:] = []  # gunicorn reads the command line that is not meant for it
    Server().run()
