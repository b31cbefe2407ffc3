"""The value sets: found by country or by DOI, held as a table with one value per health state.

`data/value_sets_*.csv` hold one line per set: country, ISO codes, variant, kind, DOI or another reference, the figures
of its model, and the values that the paper states in place of its model (22 states of Australia's EQ-5D-3L).
The figures were read from the coefficient tables of the R package eq5d (fragla/eq5d at bfdc7ca, 2026-04-30, MIT, (c)
2019 Fraser Morton), not from the papers; the tests name the states that were compared with something else.
"""

import csv
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.eq5d.tables import every_value

DATA = Path(__file__).with_name("data")
TOP: Mapping[str, int] = MappingProxyType({"5L": 5, "3L": 3, "Y-3L": 3})
"""Version -> its highest level."""

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "VT": "elicited for the 5L (EQ-VT)",
        "TTO": "time trade-off",
        "VAS": "visual analogue scale",
        "IVP": "elicited for the youth version",
        "CW": "crosswalk: 5L states on 3L values",
        "RCW": "reverse crosswalk: 3L states on 5L values",
    }
)
CROSSWALKS = ("CW", "RCW")
SOURCE = "figures as in the R package eq5d (fragla/eq5d bfdc7ca); see the reference for the paper"
ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "UK": ("United Kingdom", "Great Britain"),
        "USA": ("United States", "United States of America"),
        "South Korea": ("Korea", "Republic of Korea"),
        "UAE": ("United Arab Emirates",),
        "WePP": ("Western preference pattern",),
        "Netherlands": ("The Netherlands", "Holland"),
        "Vietnam": ("Viet Nam",),
    }
)


class NoSuchValueSet(ValueError):
    """No value set has that name, or several do; `choices` are those that were meant, or all there are."""

    def __init__(self, sentence: str, choices: "tuple[ValueSet, ...]") -> None:
        super().__init__(sentence)
        self.choices = choices


@dataclass(frozen=True, slots=True, eq=False)
class ValueSet:
    """One value set. `thousandths`: the index of every state in ascending order, rounded to three decimals (a half
    upward); `unrounded`: the same with every decimal of the paper (empty for published tables of values).
    """

    version: str
    country: str
    variant: str
    kind: str
    doi: str
    reference: str
    codes: tuple[str, ...]
    thousandths: NDArray[np.int16] = field(repr=False)
    unrounded: NDArray[np.float64] = field(repr=False)
    figures: Mapping[str, Decimal] = field(default_factory=dict, repr=False)
    status: str = "read"

    @property
    def top(self) -> int:
        """The highest level of the version."""
        return TOP[self.version]

    @property
    def name(self) -> str:
        """Country and variant."""
        return f"{self.country} {self.variant}".rstrip()

    @property
    def pin(self) -> str:
        """What names this set and no other of its version: the DOI, with `#` and the variant or country where the
        paper has several; without a DOI the name and the kind."""
        if not self.doi:
            return f"{self.name} {self.kind}"
        if self.kind in CROSSWALKS:
            return f"{self.doi}#{self.country}"
        return f"{self.doi}#{self.variant}" if self.variant in ("cTTO", "DCE") else self.doi

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest value of any state."""
        return int(self.thousandths.min()) / 1000, int(self.thousandths.max()) / 1000


def value_set(version: str, name: str, kind: str | None = None) -> ValueSet:
    """The value set of a version by country (name or ISO code, with the variant where there are several) or DOI.

    `kind`: see KINDS; crosswalks are found by kind, or by a DOI that belongs to nothing else. Raises NoSuchValueSet,
    which lists what there is, for a name that is unknown or stands for several.
    """
    version = version_named(version)
    there_are = value_sets(version)
    if kind is not None:
        kind = _kind_named(kind, there_are)
        there_are = tuple(one for one in there_are if one.kind == kind)
    wanted = _plain(name)
    found = tuple(one for one in there_are if wanted in _names(one))
    elicited = tuple(one for one in found if kind or one.kind not in CROSSWALKS)
    found = elicited or tuple(one for one in found if "/" in name or wanted == _plain(one.pin))
    if len(found) == 1:
        return found[0]
    if found:
        listed = "; ".join(f"{one.name} {one.kind} ({one.pin})" for one in found)
        raise NoSuchValueSet(f"{name!r} stands for several value sets of the {version}: {listed}", found)
    raise NoSuchValueSet(_unknown(version, name, kind, there_are), there_are)


def _unknown(version: str, name: str, kind: str | None, there_are: "tuple[ValueSet, ...]") -> str:
    """What a name that stands for nothing may have meant: a set of another version, a DOI or country much like it; else
    all there are."""
    elsewhere = [one for other in TOP if other != version for one in value_sets(other) if _plain(name) in _names(one)]
    if elsewhere and "/" in name:
        told = ", ".join(dict.fromkeys(f"{one.name} of the {one.version}" for one in elsewhere))
        return f"{name!r} is no value set of the {version}: it is {told}; check version and DOI"
    known = {_plain(one.pin): one for one in there_are if one.doi}
    if "/" in name and (near := difflib.get_close_matches(_plain(name), known, 1, 0.9)):
        meant = known[near[0]]
        return f"there is no value set {name!r} of the {version}; did you mean {meant.pin} ({meant.name})?"
    names = list(dict.fromkeys(one.name for one in there_are if kind or one.kind not in CROSSWALKS))
    close = difflib.get_close_matches(name, names, 1, 0.75)
    middle = f"; did you mean {close[0]}? There are:" if close else "; there are:"
    return f"there is no value set {name!r} of the {version}{middle} {', '.join(names)}"


def version_named(version: str) -> str:
    """`5L`, `3L` or `Y-3L`, however it was written. Raises ValueError for anything else."""
    plain = _plain(version).removeprefix("eq5d")
    for known in TOP:
        if plain == _plain(known):
            return known
    raise ValueError(f"there is no version {version!r} of the EQ-5D here; there are: {', '.join(TOP)}")


def _kind_named(kind: str, there_are: tuple[ValueSet, ...]) -> str:
    kinds = list(dict.fromkeys(one.kind for one in there_are))
    if kind.upper() not in kinds:
        version = there_are[0].version
        raise NoSuchValueSet(f"the {version} has no value sets of kind {kind!r}; it has: {', '.join(kinds)}", there_are)
    return kind.upper()


@cache
def value_sets(version: str) -> tuple[ValueSet, ...]:
    """Every value set of a version, in the order of kind and country."""
    from trialwright.measures.eq5d.crosswalks import crosswalks

    version = version_named(version)
    elicited = tuple(_read(version, row) for row in _rows(f"value_sets_{version.replace('-', '').lower()}.csv"))
    return elicited + crosswalks(version)


def _rows(file: str) -> list[dict[str, str]]:
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _read(version: str, row: Mapping[str, str]) -> ValueSet:
    figures = {term: Decimal(figure) for term, figure in (pair.split() for pair in row["terms"].split("; "))}
    parts = row["stated"].split()
    stated = dict(zip(parts[::2], map(Decimal, parts[1::2]), strict=True))
    multiplied = (version, row["kind"], row["country"]) == ("3L", "VAS", "Germany")
    thousandths, unrounded = every_value(figures, TOP[version], multiplied, stated)
    thousandths.setflags(write=False)
    unrounded.setflags(write=False)
    return ValueSet(
        version,
        row["country"],
        row["variant"],
        row["kind"],
        row["doi"],
        row["other_reference"],
        tuple(row["codes"].split()),
        thousandths,
        unrounded,
        MappingProxyType(figures),
    )


def _plain(name: str) -> str:
    """A name without capitals, spaces and signs; a DOI keeps its slash, dots and what follows `#`."""
    name = re.sub(r"^(https?://)?(dx\.)?doi(\.org/|:)\s*", "", name.strip().lower())
    if "/" in name:
        doi, _, part = name.partition("#")
        return doi + ("#" + _plain(part) if part else "")
    return re.sub("[^0-9a-z]", "", name)


@cache
def _names(one: ValueSet) -> frozenset[str]:
    names = [one.country, *one.codes, *ALIASES.get(one.country, ())]
    plain = {_plain(name) for name in names}
    plain |= {_plain(f"{name} {one.variant}") for name in names}
    plain.add(_plain(one.pin))
    if one.doi:
        plain.add(_plain(one.doi))
        plain |= {_plain(f"{one.doi}#{name}") for name in (*names, one.variant) if name}
    return frozenset(plain)
