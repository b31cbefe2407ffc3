"""The allocator at work: one request after the other over a Unix socket, one line of JSON each way.

The ledger of the clinic is the one truth. A request says which draws the ledger has kept since this allocator last
heard, and the answer for the next place is a pure function of them. An answer that was never kept is given again or
given up. What the log has seen kept cannot be taken back: a clinic that was set back is refused.

A blinded process asks, so nothing that leaves here depends on an arm but leaf and ciphertext, which hide it: refusals
speak of levels and numbers alone, slots are sealed at one length, and every answer leaves at the end of a fixed beat.
"""

import fcntl
import json
import os
import socket
import stat
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from trialwright.allocation.allocator import Allocator, KeptDraw, Stands
from trialwright.allocation.methods.state import state_text
from trialwright.allocation.seed_shares import signature
from trialwright.allocation.slots import sealed_slot
from trialwright.store import allocator_log as log
from trialwright.store.allocator_folder import NotAnAllocator, Settings, opened, signs
from trialwright.store.allocator_terms import BEHIND, LEVELS, OTHER, STANDS, TAKEN, UNREADABLE, draw_of, statement

BEAT = 0.025
"""Seconds: an answer leaves at the next whole beat after its request came."""
PATIENCE = 5.0
"""Seconds for a request to arrive whole."""
LONGEST = 1 << 22
"""Bytes of a request; a thousand draws that were kept are a tenth of it."""
NUMBER_OF_CLIENTS = 64


class Refusal(Exception):
    """A request is not answered with a slot; `code` says why, in one of a few words, and `said` in a sentence."""

    def __init__(self, code: str, said: str, **more: Any) -> None:
        super().__init__(said)
        self.answer = {"refused": code, "said": said, **more}


class AllocatorAtWork:
    """One allocator with its log. `answer` is all that it does."""

    def __init__(self, settings: Settings, identity: str, now: Callable[[], datetime]) -> None:
        """Reads and verifies the log. Raises `BrokenLog` and `NotAnAllocator`."""
        self.settings, self._now = settings, now
        self._allocator: Allocator = opened(settings, identity)
        self._signs = signs(settings)
        self._stands: Stands = self._allocator.begin()
        self._people: set[str] = set()
        self._leaves = [""]
        self._proposed: dict[tuple[str, str], Mapping[str, Any]] = {}
        for entry in log.entries(settings.folder):
            if entry.kind == log.KEPT:
                self._recall(entry)
            elif entry.kind == log.PROPOSED and int(entry.body["number"]) == self._stands.number + 1:
                self._remember(entry.body)
        with log.writing(settings.folder) as database:
            log.append(database, now(), log.STARTED, {"kept": self._stands.number})

    def _recall(self, entry: log.Entry) -> None:
        try:
            self._follow(draw_of(entry.body))
        except (Refusal, KeyError, TypeError, ValueError) as error:
            raise log.BrokenLog(f"entry {entry.number} of the log is no draw of this seed; draw nothing") from error

    @property
    def number(self) -> int:
        """How many draws it has seen kept."""
        return self._stands.number

    def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a request: where it stands, a slot, or a refusal."""
        if not request:
            return {"refused": UNREADABLE, "said": "the request cannot be read"}
        if (request.get("trial"), request.get("root")) != (self.settings.trial, self.settings.root):
            return {"refused": OTHER, "said": "this allocator serves another trial or another seed"}
        try:
            if request.get("ask") == "stands":
                return {"number": self._stands.number}
            kept = [draw_of(draw) for draw in request["draws"]]
            participant, levels = str(request["participant"]), {str(f): str(v) for f, v in request["levels"].items()}
            self._take_in(int(request["number"]), int(request["after"]), str(request["leaf"]), kept)
            return self._propose(participant, levels)
        except Refusal as refusal:
            if refusal.answer["refused"] in (BEHIND, OTHER):
                self._log(log.REFUSED, refusal.answer)
            return refusal.answer
        except (KeyError, TypeError, ValueError, AttributeError):
            return {"refused": UNREADABLE, "said": "the request cannot be read"}

    # -------------------------------------------------------------- what the ledger has kept

    def _take_in(self, number: int, after: int, leaf: str, kept: list[KeptDraw]) -> None:
        mine = self._stands.number
        if number < mine:
            raise Refusal(
                BEHIND,
                f"the ledger has {number} draws and this allocator has seen {mine} kept: the clinic was set back",
            )
        if after != mine or number != after + len(kept):
            raise Refusal(STANDS, "say which draws were kept since", number=mine)
        if leaf != self._leaves[mine]:
            raise Refusal(OTHER, f"draw {mine} of the ledger is not the one that this allocator has seen kept")
        before = self._stands, set(self._people), list(self._leaves), dict(self._proposed)
        try:
            for draw in kept:
                self._follow(draw)
        except Refusal:
            self._stands, self._people, self._leaves, self._proposed = before
            raise
        if kept:
            with log.writing(self.settings.folder) as database:
                for place, draw in enumerate(kept, start=mine + 1):
                    log.append(database, self._now(), log.KEPT, {"number": place, **_plain(draw)})

    def _follow(self, draw: KeptDraw) -> None:
        """Go one draw on; it must be the one that seed and annex give here."""
        try:
            slot, stands = self._allocator.next(self._stands, draw.participant, draw.levels)
        except ValueError:
            slot, stands = None, self._stands
        place = (draw.stratum, draw.position, draw.label, draw.leaf)
        if slot is None or (slot.stratum, slot.position, slot.label, stands.leaf) != place:
            raise Refusal(OTHER, f"draw {self._stands.number + 1} of the ledger is not one that this allocator gave")
        self._stands = stands
        self._people.add(draw.participant)
        self._leaves.append(stands.leaf)
        self._proposed.clear()

    # -------------------------------------------------------------- the next slot

    def _propose(self, participant: str, levels: Mapping[str, str]) -> Mapping[str, Any]:
        if participant in self._people:
            raise Refusal(TAKEN, f"{participant} was drawn before")
        before = self._proposed.get((participant, _key(levels)))
        if before is None:
            before = self._draw(participant, levels)
            self._log(log.PROPOSED, before)
            self._remember(before)
        shown = ("number", "participant", "levels", "stratum", "position", "label", "leaf", "ciphertext", "signature")
        return {name: before[name] for name in shown}

    def _draw(self, participant: str, levels: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            slot, after = self._allocator.next(self._stands, participant, levels)
        except ValueError as error:
            raise Refusal(LEVELS, str(error)) from error
        made = sealed_slot(slot, self._allocator.annex, list(self.settings.holders.values()))
        draw = KeptDraw(participant, dict(levels), slot.stratum, slot.position, slot.label, after.leaf)
        number = after.number
        signed = signature(self._signs, statement(self.settings.root, number, draw, made.ciphertext))
        return {
            "number": str(number),
            **_plain(draw),
            "arm": slot.arm,
            "state": state_text(self._stands.state).decode(),
            "ciphertext": b64encode(made.ciphertext).decode(),
            "signature": signed,
        }

    def _remember(self, body: Mapping[str, Any]) -> None:
        self._proposed[body["participant"], _key(body["levels"])] = body

    def _log(self, kind: str, body: Mapping[str, Any]) -> None:
        with log.writing(self.settings.folder) as database:
            log.append(database, self._now(), kind, body)


def _plain(draw: KeptDraw) -> dict[str, Any]:
    return {
        "participant": draw.participant,
        "levels": dict(draw.levels),
        "stratum": draw.stratum,
        "position": str(draw.position),
        "label": draw.label,
        "leaf": draw.leaf,
    }


def _key(levels: Mapping[str, str]) -> str:
    return json.dumps(dict(levels), sort_keys=True)


# ------------------------------------------------------------------ the socket


def serve(
    settings: Settings,
    identity: str,
    now: Callable[[], datetime],
    said: Callable[[str], None],
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Answer until `stop`. `said` is told a line that a blinded eye may read. Raises `NotAnAllocator` where another
    process serves this folder already."""
    with _alone(settings), _listening(settings.socket) as server:
        at_work = AllocatorAtWork(settings, identity, now)
        said(f"allocator of {settings.trial}: {at_work.number} draws kept, listening at {settings.socket}")
        while not stop():
            with suppress(TimeoutError):
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    _converse(connection, at_work)


def _converse(connection: socket.socket, at_work: AllocatorAtWork) -> None:
    connection.settimeout(PATIENCE)
    request = _line(connection)
    came = time.monotonic()
    try:
        read = json.loads(request)
    except ValueError:
        read = {}
    answer = at_work.answer(read if isinstance(read, dict) else {})
    spent = time.monotonic() - came
    time.sleep(BEAT - spent % BEAT)
    connection.sendall(json.dumps(answer).encode() + b"\n")


def _line(connection: socket.socket) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n") and len(received) < LONGEST:
        part = connection.recv(1 << 16)
        if not part:
            break
        received += part
    return bytes(received)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One process per folder: the lock goes with the process, however that ends."""
    handle = os.open(settings.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NotAnAllocator(f"another process serves {settings.folder} already") from None
        yield
    finally:
        os.close(handle)


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    """The socket, for its owner and its group. One that a killed process left behind is replaced."""
    if path.exists():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise NotAnAllocator(f"{path} exists and is no socket; move it away")
        path.unlink()
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        server.bind(str(path))
        path.chmod(0o660)
    finally:
        os.umask(before)
    server.listen(NUMBER_OF_CLIENTS)
    server.settimeout(0.5)
    try:
        yield server
    finally:
        server.close()
        path.unlink(missing_ok=True)
