"""A thief who took everything that the server has: its folder and database, its environment, its command line, and all
that its processes have in memory. What does he learn of the allocation?

He tries every private key that he can find on every slot, and looks for what only somebody who opened a slot can have:
its nonce, and its contents.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trialwright.allocation.sealing import NotOpened, opened
from trialwright.allocation.slots import OpenSlot, SealedSlot

KEY = re.compile(rb"AGE-SECRET-KEY-1[A-Z0-9]{58}", re.IGNORECASE)
PIECE = 1 << 24
"""Memory is read in pieces of this many bytes that overlap by OVERLAP."""
OVERLAP = 1 << 12


@dataclass(frozen=True)
class Loot:
    """What was taken: where it lay -> the bytes, memory piece by piece."""

    folder: Path
    processes: tuple[int, ...] = ()

    def pieces(self) -> Iterator[tuple[str, bytes]]:
        """Everything, with the place where it lay."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield f"file {path.name}", path.name.encode() + b"\0" + path.read_bytes()
        for process in self.processes:
            at = Path("/proc") / str(process)
            yield f"environment of {process}", (at / "environ").read_bytes()
            yield f"command line of {process}", (at / "cmdline").read_bytes()
            yield from _memory(process)


def _memory(process: int) -> Iterator[tuple[str, bytes]]:
    """Every part of a process's memory that can be written: what it read, computed or was given."""
    maps = Path(f"/proc/{process}/maps").read_text(encoding="utf-8").splitlines()
    with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        for line in maps:
            place, rights, *_ = line.split()
            if not rights.startswith("rw") or "[v" in line:
                continue
            start, end = (int(part, 16) for part in place.split("-"))
            for at in range(start, end, PIECE):
                try:
                    memory.seek(at)
                    piece = memory.read(min(PIECE + OVERLAP, end - at))
                except OSError:
                    continue  # a page that was given back meanwhile
                yield f"memory of {process}", piece


def children(process: int) -> tuple[int, ...]:
    """A process and all that it started."""
    found = [process]
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                parent = int((path / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == process:
                found.extend(children(int(path.name)))
    return tuple(found)


def readable(process: int) -> bool:
    """Whether this machine lets us read that process's memory at all."""
    return os.access(f"/proc/{process}/mem", os.R_OK) and bool(next(_memory(process), None))


def learned(
    loot: Loot, slots: Sequence[SealedSlot], truth: Sequence[OpenSlot], secrets: Mapping[str, bytes]
) -> set[str]:
    """What the thief got hold of, each with its place; empty when not one allocation can be told.

    `secrets` are more things that he must not have: name -> bytes.
    """
    found: set[str] = set()
    keys: set[str] = set()
    wanted = dict(secrets)
    for slot in truth:
        wanted[f"the nonce of {slot.label}"] = slot.nonce
        wanted[f"the nonce of {slot.label} in letters"] = slot.nonce.hex().encode()
    needles = re.compile(b"|".join(re.escape(secret) for secret in wanted.values()))
    names = {secret: name for name, secret in wanted.items()}
    for place, piece in loot.pieces():
        found.update(f"{place}: {names[hit]}" for hit in needles.findall(piece))
        keys.update(key.decode().upper() for key in KEY.findall(piece))
    for key in keys:
        for slot in slots:
            try:
                opened(slot.ciphertext, [key])
            except NotOpened:
                continue
            found.add(f"a key that opens {slot.label}")
    return found
