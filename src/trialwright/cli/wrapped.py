"""Long lines for people: wrapped between words on a terminal, as they are in a pipe."""

import shutil
import sys
import textwrap


def wrapped(text: str, hang: int = 4) -> str:
    """The text with lines no wider than the terminal; what a line goes on with stands `hang` further in than it
    begins. In a pipe the text stays as it is.
    """
    if not sys.stdout.isatty():
        return text
    return folded(text, shutil.get_terminal_size().columns, hang)


def folded(text: str, width: int, hang: int) -> str:
    """The text with each line folded between words; a word that is too long stays whole."""
    return "\n".join(_folded(line, width, hang) for line in text.split("\n"))


def _folded(line: str, width: int, hang: int) -> str:
    if len(line) <= width:
        return line
    start = len(line) - len(line.lstrip())
    return textwrap.fill(
        line,
        max(width, start + hang + 20),
        subsequent_indent=" " * (start + hang),
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
