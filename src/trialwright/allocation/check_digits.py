"""A check character after ISO/IEC 7064, so that a mistyped label or number names nobody instead of somebody else.

MOD 37,2 finds every single wrong character and every swap of two, but may end in `*`; it guards the labels, of which
one is drawn anew until it ends in a letter or digit. MOD 37,36 ends in a letter or digit always and finds every single
wrong character and nearly every swap of neighbours; it guards numbers that are counted, such as a participant's.
"""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
VALUE = {character: value for value, character in enumerate(ALPHABET)}


def check_character(text: str) -> str:
    """The MOD 37,36 check character of the letters and digits in `text`; separators do not count."""
    check = 36
    for value in _values(text):
        check = (check + value) % 36 or 36
        check = check * 2 % 37
    return ALPHABET[(1 - check) % 36]


def pure_check_character(text: str) -> str:
    """The MOD 37,2 check character of the letters and digits in `text`; it may be `*`."""
    check = 0
    for value in _values(text):
        check = (check + value) * 2 % 37
    return (ALPHABET + "*")[(1 - check) % 37]


def _values(text: str) -> list[int]:
    values = [VALUE[character] for character in text.upper() if character in VALUE]
    if not values:
        raise ValueError(f"{text!r} holds no letter or digit to check")
    return values
