"""Mean daily and cumulative dose of a drug from its log: `mean_daily_dose` and `cumulative_dose`.

Inputs `dose`, `start`, `stop` and, where other drugs stand in the same log, `drug`. The value at a visit is of the time
before it; at a visit that did not take place it is unknown. Options, all declared in the definition:

    over      since baseline (to the day before the visit) | since the last visit (that took place)
    overlaps  later | add | highest            gaps       unknown | nought
    open_rows go on | until the next row | unknown
    drugs     `prednisone 1, methylprednisolone 1.25`: what a unit of each drug counts; others are left out
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.derived.source import Floats, Log, Source
from trialwright.analysis.derived.way import visits_themselves
from trialwright.design.model import Derivation
from trialwright.measures.doses import DoseRows, Taken, dose_rules, drugs, since_baseline, taken
from trialwright.measures.tis import Exact


def mean_daily_dose(source: Source, derivation: Derivation, visits: Sequence[str]) -> Floats:
    """Total dose of the time before each visit / its days."""
    return _taken(source, derivation, visits).mean


def cumulative_dose(source: Source, derivation: Derivation, visits: Sequence[str]) -> Floats:
    """Total dose of the time before each visit."""
    return _taken(source, derivation, visits).total


def _taken(source: Source, derivation: Derivation, visits: Sequence[str]) -> Taken:
    begin, end, took_place = _windows(source, derivation, visits)
    found = taken(_rows(source, derivation), begin, end, dose_rules(derivation.options))
    return Taken(found.units, found.decimals, found.known & took_place, found.days)


def _windows(
    source: Source, derivation: Derivation, visits: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """The first day of each window, the day of its visit, and whether both are known; arrays (people, visits)."""
    order = visits_themselves(source.definition, derivation, visits)
    days = source.days(order)
    held, on = np.asarray(days.present), np.asarray(days.units, dtype=np.int64)
    # Before the baseline, and at a visit that is not planned, there is no window.
    places = [order.index(visit) if visit in order else -1 for visit in visits]
    first = np.zeros(on.shape, dtype=np.int64)
    if since_baseline(derivation.options):
        begun = held[:, :1] & np.ones(held.shape, dtype=np.bool_)
        first[:] = on[:, :1]
    else:
        begun = np.zeros(held.shape, dtype=np.bool_)
        for place in range(1, len(order)):
            begun[:, place] = begun[:, place - 1] | held[:, place - 1]
            first[:, place] = np.where(held[:, place - 1], on[:, place - 1], first[:, place - 1])
    known = held & begun
    begin, end = np.where(known, first, 0), np.where(known, on, 0)
    return begin[:, places], end[:, places], known[:, places] & (np.array(places) >= 0)


def _rows(source: Source, derivation: Derivation) -> DoseRows:
    named = {argument: item.partition(".") for argument, item in derivation.inputs.items()}
    (form, _, dose), start, stop = named["dose"], named["start"][2], named["stop"][2]
    words = [named["drug"][2]] if "drug" in named else []
    log = source.log(form, [dose], [start, stop], words)
    counted, exists = log.numbers[dose], log.exists
    if words:
        counted, exists = _equivalents(log, counted, words[0], drugs(derivation.options.get("drugs", "")))
    return DoseRows(exists, counted, log.days[start], log.days[stop])


def _equivalents(log: Log, dose: Exact, item: str, counts: Mapping[str, Decimal]) -> tuple[Exact, NDArray[np.bool_]]:
    """The doses in units of the drug that counts 1; rows of drugs that are not named fall away, of none named none."""
    word = log.words[item]
    decimals = max((max(0, -int(one.as_tuple().exponent)) for one in counts.values()), default=0)
    factor = [int(counts.get(name, Decimal(0)).scaleb(decimals)) for name in word.names]
    here = np.array([*factor, 0], dtype=np.int64)[np.where(word.present, word.codes, len(factor))]
    of_these = np.array([*(not counts or name in counts for name in word.names), True])
    kept = log.exists & of_these[np.where(word.present, word.codes, len(factor))]
    if not counts:
        return dose, kept
    # A row whose drug is not recorded may be one of these, so its dose is unknown.
    known = np.asarray(dose.present) & word.present
    return Exact(np.asarray(dose.units, dtype=np.int64) * here, dose.decimals + decimals, known), kept
