"""A label as bars that any hand scanner reads: Code 39 (ISO/IEC 16388), drawn as SVG.

A character is five bars and four spaces. Two of the bars are wide, by the character's place among ten; the one wide
space says which ten. `*` begins and ends.
"""

BARS = ("WnnnW", "nWnnW", "WWnnn", "nnWnW", "WnWnn", "nWWnn", "nnnWW", "WnnWn", "nWnWn", "nnWWn")
TENS = (("1234567890", 1), ("ABCDEFGHIJ", 2), ("KLMNOPQRST", 3), ("UVWXYZ-. *", 0))
WIDE, NARROW = 3, 1
QUIET = 10
"""The white before and after, in narrow bars."""


def widths(character: str) -> list[int]:
    """The nine widths of a character, bar first, in narrow bars. Raises ValueError for what Code 39 does not have."""
    for ten, space in TENS:
        place = ten.find(character)
        if place >= 0:
            bars = [WIDE if bar == "W" else NARROW for bar in BARS[place]]
            spaces = [WIDE if number == space else NARROW for number in range(4)]
            return [width for pair in zip(bars, [*spaces, 0], strict=True) for width in pair][:9]
    raise ValueError(f"{character!r} cannot be written in Code 39")


def svg(text: str, height: int = 40) -> str:
    """The text between its two stars as an SVG element that is as wide as its place lets it be."""
    x, bars = QUIET, []
    for character in f"*{text}*":
        for number, width in enumerate(widths(character)):
            if number % 2 == 0:
                bars.append(f'<rect x="{x}" y="0" width="{width}" height="{height}"/>')
            x += width
        x += NARROW
    box = f'viewBox="0 0 {x - NARROW + QUIET} {height}" preserveAspectRatio="none"'
    return f'<svg class="bars" {box} role="img" aria-label="{text} in bars">{"".join(bars)}</svg>'
