"""Kit numbers: six random digits and a check letter. They are drawn from one pool for all arms, so a number, the order
of numbers, and a gap between them tell nothing.

The last character is a letter where the others are digits, so that no `0` is read as an `O`; it is the ISO/IEC 7064
MOD 37,2 check character, which finds every single wrong digit and every swap of two. A number that would end in
another sign is drawn anew.
"""

from collections.abc import Collection, Iterator

from trialwright.allocation.check_digits import pure_check_character
from trialwright.allocation.stream import Draws

DIGITS = 6
LETTERS = "BCDFGHJKMNPQRTVWXYZ"
"""No vowels, and no letter that looks like a digit."""


def kit_numbers(draws: Draws, taken: Collection[str] = ()) -> Iterator[str]:
    """Random numbers without end, no two alike and none that is taken already. A pool has room for some hundred
    thousand."""
    given = set(taken)
    while True:
        stem = f"{draws.below(10**DIGITS):0{DIGITS}d}"
        number = stem + pure_check_character(stem)
        if number[-1] in LETTERS and number not in given:
            given.add(number)
            yield number


def kit_number(text: str) -> str:
    """A number as it was typed or scanned, without spaces and hyphens, in capitals."""
    return "".join(character for character in text.upper() if character not in " -")


def number_is_right(number: str) -> bool:
    """Whether it can be a kit's number: six digits and the letter that belongs to them."""
    stem, letter = number[:-1], number[-1:]
    return (
        len(stem) == DIGITS
        and stem.isascii()
        and stem.isdecimal()
        and letter in LETTERS
        and letter != ""
        and pure_check_character(stem) == letter
    )
