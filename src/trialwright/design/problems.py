"""What can be wrong with a definition: a problem with its place, a sentence, and a suggestion."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in the text: file as it was named, line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `path` is the dotted path in the definition, where there is one; `suggestion` says what to
    do."""

    place: Place
    message: str
    suggestion: str | None = None
    severity: Severity = "error"
    path: str = ""

    def __str__(self) -> str:
        hint = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.place}: {self.severity}: {self.message}{hint}"


class DefinitionErrors(ValueError):
    """A definition that cannot be used; holds every problem found, in the order of the text."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in the order of the text, each once."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: (problem.place, problem.message)))


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`did you mean 'range'?` when one of the known words is close, else None."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    if not close:
        folded = {name.casefold(): name for name in known}
        close = [folded[word.casefold()]] if word.casefold() in folded else []
    return f"did you mean '{close[0]}'?" if close else None


def known_or_close(word: str, known: Sequence[str]) -> str:
    """The close word where there is one, else the list of what is known (the first twelve)."""
    few = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return did_you_mean(word, known) or (f"known: {few}" if known else "none is declared")
