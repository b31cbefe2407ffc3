"""The yearly drill: somebody breaks the code of the label that belongs to nobody, and the times are written down."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trialwright.web.breaking import log
from trialwright.web.breaking.host import DRILLS, Host, write_whole
from trialwright.web.breaking.opening import Asked, Shown

MOST_SECONDS, MOST_OPENING_SECONDS = 30, 0.5
"""What is aimed at: half a minute for the person, half a second for the machine (facts/conduct.md E4)."""


@dataclass(frozen=True, slots=True)
class Drilled:
    """How long a person took to fill in the form, and the machine to open, both in seconds."""

    shown: Shown
    person: str
    filling: float
    opening: float


def measured(ask: Callable[[], Asked], opened: Callable[[Asked], Shown]) -> Drilled:
    """Ask and open, with a watch beside it."""
    began = time.perf_counter()
    asked = ask()
    filled = time.perf_counter()
    shown = opened(asked)
    return Drilled(shown, asked.person, filled - began, time.perf_counter() - filled)


def report(host: Host, found: Drilled, now: datetime) -> Path:
    """Write the report of a drill; returns its path."""
    problems = log.problems(host.folder)
    notice = host.outbox / f"{found.shown.reference}.json"
    rows = [
        ("A drill's label was opened, no participant's", found.shown.drill),
        (f"The machine answered in {found.opening:.2f} s (at most {MOST_OPENING_SECONDS})", found.opening <= 0.5),
        (f"The person needed {found.filling:.0f} s (aim: {MOST_SECONDS})", found.filling <= MOST_SECONDS),
        ("The log's chain holds", not problems),
        ("The notice without the treatment lies in the outbox", notice.exists()),
    ]
    lines = [
        f"# Code break drill, {now:%d %B %Y}",
        "",
        f"Break host {host.id} of {host.title}. Label {found.shown.label}, reference {found.shown.reference}, by "
        f"{found.person}.",
        "Interactions: 3 (open the page or the program, fill in and send, read the answer).",
        "",
        "| what | held |",
        "|---|---|",
        *(f"| {what} | {'yes' if held else 'NO'} |" for what, held in rows),
        "",
        "To sign: who did the drill ______________________   who watched ______________________   date ____________",
    ]
    path = host.folder / DRILLS / f"drill-{now:%Y-%m-%d-%H%M%S}.md"
    write_whole(path, ("\n".join(lines) + "\n").encode())
    return path
