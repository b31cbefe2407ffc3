"""Progress of long work."""

import io
import re
import sys
from collections.abc import Callable

import pytest

from trialwright.cli.progress import progress


class Terminal(io.StringIO):
    """An error stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, work: Callable[[], None]) -> str:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream)
    work()
    return stream.getvalue()


def counted(total: int | None, unit: str) -> Callable[[], None]:
    def work() -> None:
        with progress("Working", total=total, unit=unit) as step:
            step(3)

    return work


def test_a_pipe_gets_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, io.StringIO(), counted(4, "trials")) == ""


def test_a_terminal_sees_how_much_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "3/4" in shown(monkeypatch, Terminal(), counted(4, "trials"))
    assert "3 facts" in shown(monkeypatch, Terminal(), counted(None, "facts"))


def test_work_that_counts_nothing_shows_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", shown(monkeypatch, Terminal(), counted(None, "")))
    assert "Working 0:00:00" in seen
