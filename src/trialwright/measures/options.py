"""Options of a declared measure, read from the definition's words."""

from collections.abc import Mapping, Sequence

from trialwright.design.catalogue import folded


class BadOption(ValueError):
    """An option that cannot be read: `option`, and a sentence about what is wrong with it."""

    def __init__(self, option: str, says: str) -> None:
        super().__init__(says)
        self.option = option


def word(options: Mapping[str, str], option: str, words: Sequence[str]) -> str:
    """The option's word, the first where none is said. Raises `BadOption`."""
    said = folded(options.get(option, words[0]))
    if said not in words:
        raise BadOption(option, f"'{options[option]}' is none of: {', '.join(words)}")
    return said
