"""Records of trials from outside: one reader per register, and the comparison of a record with a definition.

A new register is one module with `recognises(text)` and `read(text, source)` and one line in `READERS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trialwright.registry import medpath
from trialwright.registry.record import Problem, Record, UnreadablePage

__all__ = ["READERS", "Problem", "Reader", "Record", "UnreadablePage", "read"]

MOST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind of page or file becomes a record."""

    name: str
    reads: str
    recognises: Callable[[str], bool]
    read: Callable[[str, str], Record]


READERS: tuple[Reader, ...] = (
    Reader("medpath", "a page of MedPath saved as text", medpath.recognises, medpath.read),
)  # fmt: skip


def read(path: Path) -> Record:
    """The record in a saved page, by the first reader that recognises it. Raises UnreadablePage with every problem."""
    text = _text(path)
    for reader in READERS:
        if reader.recognises(text):
            return _named(path, reader, text)
    known = "; ".join(reader.reads for reader in READERS)
    raise UnreadablePage(str(path), (Problem(0, f"this is no page that can be read here. Known: {known}"),))


def _named(path: Path, reader: Reader, text: str) -> Record:
    """A record carries the name of its page alone; who has to mend the page needs the folder too."""
    try:
        return reader.read(text, path.name)
    except UnreadablePage as error:
        raise UnreadablePage(str(path), error.problems) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)  # no more, though the file may have no end
    except OSError as error:
        raise UnreadablePage(str(path), (Problem(0, f"the file cannot be read: {error.strerror}"),)) from error
    if len(raw) > MOST_BYTES:
        raise UnreadablePage(str(path), (Problem(0, f"a page has at most {MOST_BYTES:,} bytes"),))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        bad = [number for number, line in enumerate(raw.split(b"\n"), start=1) if not _is_utf8(line)]
        problems = tuple(Problem(number, "this line is not UTF-8 text; save the page again as UTF-8") for number in bad)
        raise UnreadablePage(str(path), problems) from None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
