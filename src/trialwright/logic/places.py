"""Where something stands in a file, and errors that say so: every message of the language carries its place."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file: line and column count from 1, `offset` from 0 inside the expression's own text. Line 0 is
    the file as a whole.
    """

    file: str = ""
    line: int = 1
    column: int = 1
    offset: int = 0

    def moved(self, text: str, offset: int) -> "Place":
        """The place of `offset` within `text`, where `text` begins here."""
        before = text[:offset]
        lines = before.count("\n")
        column = offset - before.rfind("\n") if lines else self.column + offset
        return replace(self, line=self.line + lines, column=column, offset=offset)

    def __str__(self) -> str:
        where = f"{self.line}:{self.column}" if self.line else ""
        return ":".join(part for part in (self.file, where) if part)


@dataclass(frozen=True, slots=True)
class LogicError:
    """One thing that is wrong with an expression, where, and what may have been meant."""

    message: str
    place: Place = Place()
    suggestion: str = ""

    def line(self) -> str:
        """The error as one line of a report."""
        told = f"{self.message} ({self.suggestion})" if self.suggestion else self.message
        where = str(self.place)
        return f"{where}: {told}" if where else told


class LogicErrors(Exception):
    """All errors that were found, in the order of their places."""

    def __init__(self, errors: Iterable[LogicError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: (error.place.file, error.place.line, error.place.column)))
        super().__init__("\n".join(error.line() for error in self.errors))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the nearest of the known words, or nothing."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return f"did you mean {by_lower[close[0]]}?" if close else ""
