"""What a definition may ask for: the measures, analyses, randomisation methods and instruments that the program
has.

Design defines the type; the layers above know what exists and fill it. An unknown part (None) is not checked, which
is what a reader without the layers above needs; an empty one says that nothing of the kind exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from trialwright.design.instruments import Instrument


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of the catalogue: the inputs it cannot do without, those it may use, and what it gives beside its
    score. `options` are those that it takes (None: not checked); `remarks` says what is wrong with them, given the
    options and the names of the inputs. `log`: its inputs are items of one log."""

    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    options: tuple[str, ...] | None = None
    remarks: Callable[[Mapping[str, str], tuple[str, ...]], Iterator[Remark]] | None = None
    log: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """What is wrong with an option of a derivation (or with its options as a whole), what to do, and whether the
    definition can still be used."""

    option: str | None
    says: str
    hint: str
    severe: bool = True


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Methods by name. None: not known here, so not checked.

    `options`: analysis -> option -> the words that it takes (see `folded`), or none: a visit of the endpoint. What an
    analysis that is not among them takes is not checked.
    """

    measures: Mapping[str, Measure] | None = None
    analyses: frozenset[str] | None = None
    randomisation: frozenset[str] | None = None
    instruments: Mapping[str, Instrument] | None = None
    options: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None

    EMPTY: ClassVar[Catalogue]


Catalogue.EMPTY = Catalogue()


def folded(word: str) -> str:
    """A word of an option without capitals, hyphens and brackets: "Kenward-Roger (linear)" and "kenward-roger-linear"
    are one."""
    return " ".join("".join(letter if letter.isalnum() else " " for letter in word.casefold()).split())
