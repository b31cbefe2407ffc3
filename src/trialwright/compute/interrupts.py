"""Ctrl-C and the processes that work for this one."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def not_interrupted() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal. Those begun here inherit the mask and leave it to this one, which
    gets it afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
