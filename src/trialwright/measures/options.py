"""Options of a declared measure, read from the definition's words."""

from collections.abc import Mapping, Sequence

from trialwright.design.catalogue import folded
from trialwright.design.problems import did_you_mean


class BadOption(ValueError):
    """An option that cannot be read: `option`, a sentence about what is wrong with it, and perhaps what to do."""

    def __init__(self, option: str, says: str, hint: str = "") -> None:
        super().__init__(says)
        self.option = option
        self.hint = hint


def word(options: Mapping[str, str], option: str, words: Sequence[str]) -> str:
    """The option's word, the first where none is said. Raises `BadOption`."""
    said = folded(options.get(option, words[0]))
    if said not in words:
        raise BadOption(option, f"'{options[option]}' is none of: {', '.join(words)}", did_you_mean(said, words) or "")
    return said
