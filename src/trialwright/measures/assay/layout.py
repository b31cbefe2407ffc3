"""Where each specimen goes on a plate: at random, from a seed, and blind to the treatment.

All specimens of a participant are on one plate, so that changes over time are not differences between plates. The order
of participants over the plates and of specimens over the positions is random. Standards, controls and blanks stand
apart from each other: replicates side by side, the pairs spread over the plate at random. The only things read are the
names of specimens and of participants; nothing here can know an allocation.

Chance is addressed (compute.chance): the same seed and the same specimens give the same plates, in whatever order the
file lists them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trialwright.compute import chance
from trialwright.measures.assay.plates import SHAPES, Well, place_of, position


@dataclass(frozen=True, slots=True)
class Specimen:
    """One tube: its name, whose it is, and what it is diluted by; `visit` is carried along."""

    sample: str
    participant: str
    visit: str = ""
    dilution: float = 1.0


@dataclass(frozen=True, slots=True)
class Standard:
    """What stands on every plate beside the specimens: a standard, control, anchor or blank."""

    role: str
    level: str
    nominal: float | None
    replicates: int = 2


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One plate: its name and its wells, by row and column; empty wells are left out. `specimens` by sample."""

    id: str
    wells: tuple[Well, ...]
    specimens: Mapping[str, Specimen]


class TooMuch(ValueError):
    """What was asked does not fit a plate; says by how much."""


def arrange(
    specimens: Sequence[Specimen],
    standards: Sequence[Standard],
    seed: int,
    replicates: int = 2,
    size: int = 96,
    prefix: str = "P",
) -> tuple[Arrangement, ...]:
    """Lay the specimens out over as many plates of `size` (96 or 384) wells as they need.

    Raises TooMuch where the standards, or the standards and one participant's specimens, do not fit a plate, and
    ValueError for a specimen that stands twice.
    """
    rows, columns = SHAPES[size]
    room = rows * columns - sum(standard.replicates for standard in standards)
    by_participant = _by_participant(specimens)
    _check(by_participant, room, replicates, size)
    plates = _filled(by_participant, room // replicates, seed)
    return tuple(
        _arrangement(f"{prefix}{number + 1}", number, own, standards, seed, replicates, size)
        for number, own in enumerate(plates)
    )


def _by_participant(specimens: Sequence[Specimen]) -> dict[str, list[Specimen]]:
    """In an order that does not depend on the file's."""
    twice = [name for (name, _), count in Counter((one.sample, one.dilution) for one in specimens).items() if count > 1]
    if twice:
        raise ValueError(f"these samples stand twice: {', '.join(sorted(twice))}; each tube has a name of its own")
    found: dict[str, list[Specimen]] = {}
    for specimen in sorted(specimens, key=lambda one: (one.participant, one.sample, one.dilution)):
        found.setdefault(specimen.participant, []).append(specimen)
    return found


def _check(by_participant: Mapping[str, Sequence[Specimen]], room: int, replicates: int, size: int) -> None:
    if room < replicates:
        raise TooMuch(f"the standards, controls and blanks leave {max(room, 0)} of {size} wells; take fewer of them")
    for participant, own in by_participant.items():
        if len(own) * replicates > room:
            say = (
                f"participant {participant} has {len(own)} specimens, {len(own) * replicates} wells; a plate has {room}"
            )
            raise TooMuch(f"{say} beside its standards. Take fewer replicates, or larger plates")


def _filled(by_participant: Mapping[str, list[Specimen]], room: int, seed: int) -> list[list[Specimen]]:
    """Participants in random order, each put on the first plate with room for all their specimens."""
    people = list(by_participant)
    plates: list[list[Specimen]] = []
    for index in _shuffled(seed, "assay layout participants", 0, len(people)):
        own = by_participant[people[index]]
        plate = next((plate for plate in plates if len(plate) + len(own) <= room), None)
        if plate is None:
            plates.append(list(own))
        else:
            plate += own
    return plates


def _arrangement(
    name: str,
    number: int,
    specimens: Sequence[Specimen],
    standards: Sequence[Standard],
    seed: int,
    replicates: int,
    size: int,
) -> Arrangement:
    """Replicates lie side by side in one row where they fit; every group takes a random place among the groups of its
    width."""
    groups = [(standard.replicates, _of(standard)) for standard in standards]
    groups += [(replicates, Well("A1", "sample", sample=one.sample, dilution=one.dilution)) for one in specimens]
    wells: list[Well] = []
    for places, well in zip(_places(groups, size, seed, number), (well for _, well in groups), strict=True):
        wells += [_at(well, place) for place in places]
    ordered = sorted(wells, key=lambda well: position(well.place))
    return Arrangement(name, tuple(ordered), {one.sample: one for one in specimens})


def _of(standard: Standard) -> Well:
    return Well("A1", standard.role, standard.level, standard.nominal)


def _at(well: Well, place: str) -> Well:
    return Well(place, well.role, well.level, well.nominal, None, well.sample, well.dilution)


def _places(groups: Sequence[tuple[int, Well]], size: int, seed: int, number: int) -> list[list[str]]:
    """The wells of each group. The widest groups choose first, since they find a run of free wells least easily; among
    the runs that are free each is as likely."""
    rows, columns = SHAPES[size]
    free = np.ones((rows, columns), dtype=bool)
    order = _shuffled(seed, "assay layout groups", number, len(groups))
    order = sorted(order, key=lambda index: -groups[index][0])
    draws = chance.uniform(seed, "assay layout places", number, np.arange(len(groups)), 0)
    chosen: list[list[str]] = [[] for _ in groups]
    for index in order:
        width = groups[index][0]
        starts = _starts(free, width)
        if not starts:  # no run is left: single wells, wherever they are
            places = [(int(row), int(column)) for row, column in np.argwhere(free)][:width]
        else:
            row, column = starts[min(int(draws[index] * len(starts)), len(starts) - 1)]
            places = [(row, column + step) for step in range(width)]
        for row, column in places:
            free[row, column] = False
        chosen[index] = [place_of(row, column) for row, column in places]
    return chosen


def _starts(free: np.ndarray, width: int) -> list[tuple[int, int]]:
    """Where a run of free wells of this width begins, on a raster of the width, so that runs never cut each other."""
    rows, columns = free.shape
    return [
        (row, column)
        for row in range(rows)
        for column in range(0, columns - width + 1, width)
        if free[row, column : column + width].all()
    ]


def _shuffled(seed: int, variable: str, number: int, count: int) -> list[int]:
    """A random order of count things: sorted by an addressed draw each."""
    if not count:
        return []
    return [
        int(index) for index in np.argsort(chance.uniform(seed, variable, number, np.arange(count), 0), kind="stable")
    ]
