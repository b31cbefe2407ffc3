"""How the mixed model refuses what it is handed: one sentence for each fault, with the column, level, visit or line."""

import difflib
from collections.abc import Iterable

from trialwright.analysis.estimates import NotEstimable

SHOWN = 12


def printable(text: str) -> str:
    """The text with what cannot be printed shown escaped: a cell may hold anything, also what moves a cursor."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


class BadTable(NotEstimable):
    """The table does not hold what the model names; `problems` has a sentence for every fault."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(map(printable, problems))
        rest = len(self.problems) - SHOWN
        more = (f"... and {rest} more of this kind.",) if rest > 0 else ()
        super().__init__("\n".join((*self.problems[:SHOWN], *more)))


class BadFormula(NotEstimable):
    """The formula cannot be read, or means nothing here; the sentence says at which place."""

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(sentence))


class UnknownChoice(NotEstimable):
    """An option has a value that is none of its choices."""

    def __init__(self, what: str, value: object, choices: Iterable[str]) -> None:
        known = tuple(choices)
        super().__init__(
            printable(f"There is no {what} '{value}'{closest(str(value), known)}; known are {listed(known)}.")
        )


def closest(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for the nearest known name, or nothing."""
    names = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name.casefold(), names, 1, 0.6)
    return f" (did you mean '{names[near[0]]}'?)" if near else ""


def listed(names: Iterable[str], most: int = 20) -> str:
    """`a, b, c`, cut short where there are too many to read."""
    known = tuple(names)
    return ", ".join(known[:most]) + (f" and {len(known) - most} more" if len(known) > most else "")
