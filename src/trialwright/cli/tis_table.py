"""Pairs of visits from a CSV file as exact columns for the Total Improvement Score; every bad cell is named with its
place.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trialwright.cli.cells import (
    BadTable,
    Codes,
    Numbers,
    Problem,
    Sheet,
    column_of,
    content_of,
    header_of,
    numbers_of,
    sheet_of,
)
from trialwright.measures.tis import CoreSet, Exact, Limits
from trialwright.measures.tis_rules import ENZYMES, FIXED_RANGES

SCALES = ("phga", "ptga", "mmt", "haq", "exm")
REQUIRED = ("id", "mmt_max", *(f"{scale}_{visit}" for scale in SCALES for visit in "01"))
OPTIONAL = tuple(f"{enzyme}_{part}" for enzyme in ENZYMES for part in ("0", "1", "uln"))
NUMBERS = (*REQUIRED[1:], *OPTIONAL)


@dataclass(frozen=True, slots=True)
class Pairs:
    """A file of pairs as columns ready to score. `ignored` names columns that mean nothing here."""

    ids: pl.Series
    baseline: CoreSet
    follow_up: CoreSet
    limits: Limits
    ignored: tuple[str, ...]

    def chunks(self, size: int) -> Iterator["Pairs"]:
        """The same pairs in order, `size` at a time: small arrays stay in the processor's cache."""
        for start in range(0, len(self.ids), size):
            rows = slice(start, start + size)
            limits = {name: _part(column, rows) for name, column in self.limits.upper_limits.items()}
            yield Pairs(
                self.ids[rows],
                _visit_part(self.baseline, rows),
                _visit_part(self.follow_up, rows),
                Limits(_part(self.limits.mmt_max, rows), limits),
                self.ignored,
            )


def _part(column: Exact, rows: slice) -> Exact:
    present = np.asarray(column.present)
    return Exact(column.units[rows], column.decimals, present[rows] if present.ndim else np.True_)


def _visit_part(visit: CoreSet, rows: slice) -> CoreSet:
    scales = {scale: _part(getattr(visit, scale), rows) for scale in SCALES}
    return CoreSet(**scales, enzymes={name: _part(column, rows) for name, column in visit.enzymes.items()})


def read_pairs(path: Path) -> Pairs:
    """The pairs of a CSV file in UTF-8. Raises BadTable with every problem, OSError if the file cannot be read."""
    content = content_of(path)
    header = header_of(content)
    _check_names(header)
    sheet = sheet_of(content, header, [name for name in header if name in NUMBERS])
    columns, problems = _columns(sheet, header)
    problems += [*_missing_ids(sheet), *sheet.ragged]
    if problems:
        raise BadTable(sorted(problems, key=lambda problem: (problem.line, header.index(problem.column))))
    return _pairs(sheet, columns, header)


def _check_names(header: list[str]) -> None:
    """Raise BadTable for columns that are missing, or unknown and so like a known one that an enzyme might be lost."""
    if not header:
        raise BadTable([Problem(1, "", "the file is empty; it needs a header with " + ", ".join(REQUIRED))])
    problems = [Problem(1, name, "the column is missing") for name in REQUIRED if name not in header]
    for enzyme in ENZYMES:
        triple = [f"{enzyme}_{part}" for part in ("0", "1", "uln")]
        absent = [name for name in triple if name not in header]
        if len(absent) < len(triple):
            needs = f"the column is missing; {enzyme} needs {', '.join(triple)}"
            problems += [Problem(1, name, needs) for name in absent]
    for name in header:
        if name not in REQUIRED + OPTIONAL:
            near = difflib.get_close_matches(name.lower(), REQUIRED + OPTIONAL, 1, 0.8)
            problems += [Problem(1, name, f"the column is unknown; did you mean {known}?") for known in near]
    if problems:
        raise BadTable(problems)


def _columns(sheet: Sheet, header: list[str]) -> tuple[dict[str, Exact], list[Problem]]:
    numbers = numbers_of(sheet.texts)
    columns: dict[str, Exact] = {}
    bad: list[tuple[str, int, str]] = []  # column, row, sentence
    for name in header:
        if name not in NUMBERS:
            continue
        codes = sheet.codes(name)
        seen = np.zeros(len(sheet.texts) + 1, dtype=bool)
        seen[codes] = True
        used = np.flatnonzero(seen)
        column, units = column_of(codes, used, numbers)
        columns[name] = column
        wrong = {code: numbers.wrong[code] for code in used.tolist() if code in numbers.wrong}
        wrong |= _outside(name, used, units, column.decimals, numbers, sheet.texts)
        if wrong:
            rows = np.flatnonzero(np.isin(codes, list(wrong)))
            bad += [(name, int(row), wrong[int(codes[row])]) for row in rows]
    bad += _above_maximum(columns, sheet)
    lines = sheet.lines_of(row for _, row, _ in bad) if bad else {}
    return columns, [Problem(lines[row], name, sentence) for name, row, sentence in bad]


def _outside(
    name: str, used: Codes, units: NDArray[Any], decimals: int, numbers: Numbers, texts: list[str]
) -> dict[int, str]:
    """Sentences for the distinct texts that the column may not hold."""
    scale = name.rpartition("_")[0]
    top = FIXED_RANGES.get(scale)
    present = numbers.present[used]
    if name == "mmt_max" or name.endswith("_uln"):
        bad, limit = present & (units <= 0), "must be greater than 0"
    elif top is not None:
        bad, limit = present & ((units < 0) | (units > top * 10**decimals)), f"is outside 0 to {top}"
    else:
        bad, limit = present & (units < 0), "is below 0"
    return {int(code): f"{texts[code]} {limit}" for code in used[np.asarray(bad, dtype=bool)]}


def _above_maximum(columns: Mapping[str, Exact], sheet: Sheet) -> list[tuple[str, int, str]]:
    maximum = columns["mmt_max"]
    bad = []
    for name in ("mmt_0", "mmt_1"):
        column = columns[name]
        top, value = (
            10 ** max(0, other.decimals - own.decimals) for own, other in ((maximum, column), (column, maximum))
        )
        above = (column.units * value > maximum.units * top) & column.present & maximum.present
        for row in np.flatnonzero(above):
            text, limit = (sheet.texts[sheet.frame[n].to_physical()[int(row)]] for n in (name, "mmt_max"))
            bad.append((name, int(row), f"{text} is above the maximum of this row, {limit}"))
    return bad


def _missing_ids(sheet: Sheet) -> list[Problem]:
    ids = sheet.frame["id"]
    if not ids.null_count():
        return []
    lines = sheet.lines_of(ids.is_null().arg_true().to_list())
    return [Problem(line, "id", "the row has no id") for line in lines.values()]


def _pairs(sheet: Sheet, columns: Mapping[str, Exact], header: list[str]) -> Pairs:
    enzymes = [enzyme for enzyme in ENZYMES if f"{enzyme}_0" in columns]
    first, second = (
        CoreSet(
            **{scale: columns[f"{scale}_{visit}"] for scale in SCALES},
            enzymes={enzyme: columns[f"{enzyme}_{visit}"] for enzyme in enzymes},
        )
        for visit in "01"
    )
    limits = Limits(columns["mmt_max"], {enzyme: columns[f"{enzyme}_uln"] for enzyme in enzymes})
    ignored = tuple(name for name in header if name not in REQUIRED + OPTIONAL)
    return Pairs(sheet.frame["id"], first, second, limits, ignored)
