"""Code break: interactions of the person, server time of the machine, over HTTP from form to arm.

The break host is a process of its own with no trial folder, database or clinic server. Each turn opens the page, sends
the form with a fresh one-time code and reads the arm. What is waited for between turns is the next code, which a real
person has already; it does not count.
"""

import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from tests.plugins.breaking import PASSPHRASE, Night, a_night, arm_of
from tests.plugins.worlds import allocation_list

from trialwright.web.breaking import log, people

TURNS = 40
WANTED_SECONDS = 0.5
LABEL = allocation_list()[0].label
FIELDS = 6
"""Label, reason, words, id, passphrase, code: one form, so one interaction."""


def main() -> list[dict[str, Any]]:
    """Open a label again and again; give median, slowest and the part that stretching the passphrase takes."""
    with tempfile.TemporaryDirectory() as folder:
        night = a_night(Path(folder) / "break")
        inside = _inside(night)
        with _served(night) as address:
            seconds = [_turn(night, address, number) for number in range(TURNS)]
    seconds.sort()
    return [
        {
            "interactions": 3,
            "fields of the form": FIELDS,
            "sent to shown, median s": median(seconds),
            "slowest of 40 s": seconds[-1],
            "wanted s": WANTED_SECONDS,
            "reached": "yes" if seconds[-1] <= WANTED_SECONDS else "NO",
            **inside,
        }
    ]


def _inside(night: Night) -> dict[str, float]:
    began = time.perf_counter()
    with log.reading(night.host.folder) as database:
        people.recognised(database, "nobody", PASSPHRASE, "000000", night.now)
    stretched = time.perf_counter() - began
    began = time.perf_counter()
    night.asks(LABEL)
    return {"of it passphrase s": stretched, "opening, log and notice s": time.perf_counter() - began - stretched}


@contextmanager
def _served(night: Night) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [sys.executable, "-c", "from trialwright.cli import main; main()"]
    command = [*program, "break-host", "serve", str(night.host.folder), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}/"
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{address}alive", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        try:
            yield address
        finally:
            process.terminate()


def _turn(night: Night, address: str, number: int) -> float:
    """One break over HTTP. Everybody asks once with a secret of their own, so no code has to be waited for."""
    person = f"doctor{number}"
    night.now = datetime.now(UTC) - timedelta(seconds=1)
    night.enrol(person, "A doctor")
    form = {
        "label": LABEL, "category": "emergency", "words": "", "person": person, "passphrase": PASSPHRASE,
        "code": people.code_at(night.secrets[person], datetime.now(UTC)),
    }  # fmt: skip
    urllib.request.urlopen(address, timeout=20).close()
    began = time.perf_counter()
    with urllib.request.urlopen(address, urllib.parse.urlencode(form).encode(), timeout=20) as answer:
        page = answer.read().decode()
    spent = time.perf_counter() - began
    assert arm_of(LABEL) in page
    return spent
