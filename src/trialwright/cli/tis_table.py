"""Pairs of visits from a CSV file as exact columns, and their scores as a table; every bad cell is named with its
place.

Cells never pass through a binary float. Each distinct text is read once into whole units and a number of decimals, and
the column becomes integers by look-up: a million rows hold only thousands of distinct texts.
"""

import csv
import difflib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trialwright.measures.tis import CoreSet, Exact, Limits, integers
from trialwright.measures.tis_rules import ENZYMES, FIXED_RANGES

SCALES = ("phga", "ptga", "mmt", "haq", "exm")
REQUIRED = ("id", "mmt_max", *(f"{scale}_{visit}" for scale in ("phga", "ptga", "mmt", "haq", "exm") for visit in "01"))
OPTIONAL = tuple(f"{enzyme}_{part}" for enzyme in ENZYMES for part in ("0", "1", "uln"))
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
LONGEST = 30  # characters of a number; longer ones are slips, and would make the arithmetic crawl

Codes = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the file: its line (1 is the header), the column's name, and what to do about it."""

    line: int
    column: str
    sentence: str

    def at(self, path: str) -> str:
        """`file:line:column: sentence`, the form that editors can follow."""
        return ":".join(part for part in (path, str(self.line), self.column) if part) + ": " + self.sentence


class BadTable(Exception):
    """The file cannot be scored; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problem(s)")
        self.problems = problems


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


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The cells: texts coded by distinct value (a row of `frame` holds indices into `texts`), and the file they came
    from.
    """

    frame: pl.DataFrame
    texts: list[str]
    content: bytes

    def codes(self, name: str) -> Codes:
        """Per row the index of its text; an empty cell has the index after the last."""
        return self.frame[name].to_physical().fill_null(len(self.texts)).to_numpy()

    def lines_of(self, rows: Iterable[int]) -> dict[int, int]:
        """The line on which each row begins; quoted cells may hold line breaks, so lines are counted by reading."""
        wanted, lines = set(rows), {}
        for row, (line, _) in enumerate(_rows(self.content)):
            if row in wanted:
                lines[row] = line
        return lines


def read_pairs(path: Path) -> Pairs:
    """The pairs of a CSV file in UTF-8. Raises BadTable with every problem, OSError if the file cannot be read."""
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    header = _header(content)
    sheet = _sheet(content, header)
    columns, problems = _columns(sheet, header)
    problems += _missing_ids(sheet)
    if problems:
        raise BadTable(sorted(problems, key=lambda problem: (problem.line, header.index(problem.column))))
    return _pairs(sheet, columns, header)


def _header(content: bytes) -> list[str]:
    try:
        first = next(csv.reader(io.StringIO(io.BytesIO(content).readline().decode())), [])
    except UnicodeDecodeError:
        raise BadTable([Problem(1, "", "the header is not UTF-8 text; save the file as CSV in UTF-8")]) from None
    header = [name.strip() for name in first]
    problems = [
        Problem(1, name, "the column stands twice") for name in sorted({n for n in header if header.count(n) > 1})
    ]
    if not header:
        raise BadTable([Problem(1, "", "the file is empty; it needs a header with " + ", ".join(REQUIRED))])
    if len(header) == 1 and ";" in header[0]:
        raise BadTable([Problem(1, "", "the columns are separated by semicolons; save the file with commas")])
    problems += [Problem(1, name, "the column is missing") for name in REQUIRED if name not in header]
    for enzyme in ENZYMES:
        triple = [f"{enzyme}_{part}" for part in ("0", "1", "uln")]
        if any(name in header for name in triple):
            problems += [
                Problem(1, name, f"the column is missing; {enzyme} needs {', '.join(triple)}")
                for name in triple
                if name not in header
            ]
    for name in header:
        near = (
            difflib.get_close_matches(name.lower(), REQUIRED + OPTIONAL, 1, 0.8)
            if name not in REQUIRED + OPTIONAL
            else []
        )
        if near:
            problems.append(Problem(1, name, f"the column is unknown; did you mean {near[0]}?"))
    if problems:
        raise BadTable(problems)
    return header


def _sheet(original: bytes, header: list[str]) -> _Sheet:
    """Coded cells. The fast reader gets a plain file; one with quotes, ragged rows or blank lines is first read with
    care.
    """
    sheet = _read(original, original, header) if b'"' not in original and b"\r" not in original else None
    if sheet is None or _may_be_ragged(sheet.frame, original, header):
        tidied = _tidied(original, header)
        sheet = _read(tidied, original, header)
    if sheet is None:
        raise BadTable([Problem(1, "", "the file cannot be read as CSV")])
    if not sheet.frame.height:
        raise BadTable([Problem(2, "", "the file has a header and no rows")])
    return sheet


def _read(content: bytes, original: bytes, header: list[str]) -> _Sheet | None:
    """The cells by the fast reader, or None where it stumbles (a row that is too long, bytes that are no text)."""
    known = [name for name in header if name in REQUIRED + OPTIONAL and name != "id"]
    categories = pl.Categories.random()
    kinds: dict[str, Any] = dict.fromkeys(header, pl.String) | dict.fromkeys(known, pl.Categorical(categories))
    try:
        frame = pl.read_csv(content, schema=kinds, columns=list(dict.fromkeys(["id", *known, header[-1]])))
    except pl.exceptions.ComputeError:
        return None
    return _Sheet(frame, categories.to_series().to_list(), original)


def _may_be_ragged(frame: pl.DataFrame, content: bytes, header: list[str]) -> bool:
    """The fast reader fills short rows and blank lines with empty cells, which show in the last column."""
    if not frame[header[-1]].null_count():
        return False
    rows = content.count(b"\n") + (not content.endswith(b"\n"))
    return rows != frame.height + 1 or content.count(b",") != (len(header) - 1) * rows


def _rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Rows below the header that hold anything, each with the line on which it begins."""
    reader = csv.reader(io.StringIO(content.decode(), newline=""))
    begins = 1
    for number, row in enumerate(reader):
        if number and row:
            yield begins, row
        begins = reader.line_num + 1


def _tidied(content: bytes, header: list[str]) -> bytes:
    """The same cells, each row complete and on one line of its own. Raises BadTable for ragged rows."""
    if undecodable := _undecodable(content):
        raise BadTable(undecodable)
    tidy = io.StringIO(newline="")
    writer = csv.writer(tidy, lineterminator="\n")
    writer.writerow(header)
    problems = []
    for line, row in _rows(content):
        if len(row) != len(header):
            problems.append(Problem(line, header[min(len(row), len(header)) - 1], _ragged(len(row), len(header))))
        writer.writerow(row)
    if problems:
        raise BadTable(problems)
    return tidy.getvalue().encode()


def _ragged(found: int, expected: int) -> str:
    return f"the row has {found} cells where the header has {expected}; a decimal comma would do that"


def _undecodable(content: bytes) -> list[Problem]:
    problems = []
    for line, text in enumerate(content.split(b"\n"), start=1):
        try:
            text.decode()
        except UnicodeDecodeError:
            problems.append(Problem(line, "", "the line is not UTF-8 text; save the file as CSV in UTF-8"))
    return problems


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Every distinct text of the file as a number: mantissa / 10**decimals, or what is wrong with it. Last: the empty
    cell.
    """

    mantissa: NDArray[Any]
    decimals: NDArray[np.int64]
    present: NDArray[np.bool_]
    wrong: Mapping[int, str]


def _numbers(texts: list[str]) -> _Numbers:
    mantissas, decimals, present, wrong = [], [], [], {}
    for index, text in enumerate([*texts, ""]):
        stripped = text.strip()
        if stripped and (len(stripped) > LONGEST or not NUMBER.fullmatch(stripped)):
            wrong[index] = _not_a_number(stripped)
            stripped = ""
        whole, _, part = stripped.partition(".")
        part = part.rstrip("0")
        mantissas.append(int(whole + part) if stripped and whole + part not in ("", "+", "-") else 0)
        decimals.append(len(part))
        present.append(bool(stripped))
    return _Numbers(integers(mantissas), np.array(decimals), np.array(present), wrong)


def _not_a_number(text: str) -> str:
    if len(text) > LONGEST:
        return f"a number of {len(text)} characters is a slip; at most {LONGEST} are read"
    if NUMBER.fullmatch(text.replace(",", ".")):
        return f"{text!r} has a decimal comma; write {text.replace(',', '.')}"
    return f"{text!r} is not a number; leave the cell empty if it was not measured"


def _columns(sheet: _Sheet, header: list[str]) -> tuple[dict[str, Exact], list[Problem]]:
    numbers = _numbers(sheet.texts)
    columns: dict[str, Exact] = {}
    bad: list[tuple[str, int, str]] = []  # column, row, sentence
    for name in header:
        if name == "id" or name not in REQUIRED + OPTIONAL:
            continue
        codes = sheet.codes(name)
        seen = np.zeros(len(sheet.texts) + 1, dtype=bool)
        seen[codes] = True
        used = np.flatnonzero(seen)
        column, units = _column(codes, used, numbers)
        columns[name] = column
        wrong = {code: numbers.wrong[code] for code in used.tolist() if code in numbers.wrong}
        wrong |= _outside(name, used, units, column.decimals, numbers, sheet.texts)
        if wrong:
            rows = np.flatnonzero(np.isin(codes, list(wrong)))
            bad += [(name, int(row), wrong[int(codes[row])]) for row in rows]
    bad += _above_maximum(columns, sheet)
    lines = sheet.lines_of(row for _, row, _ in bad) if bad else {}
    return columns, [Problem(lines[row], name, sentence) for name, row, sentence in bad]


def _column(codes: Codes, used: Codes, numbers: _Numbers) -> tuple[Exact, NDArray[Any]]:
    """The column in one unit, and the units of its distinct texts (in the order of `used`)."""
    decimals = int(numbers.decimals[used].max(initial=0))
    powers = [10 ** (decimals - int(own)) for own in numbers.decimals[used]]
    units = integers([int(mantissa) * power for mantissa, power in zip(numbers.mantissa[used], powers, strict=True)])
    table = np.zeros(len(numbers.present), dtype=units.dtype)
    table[used] = units
    present = numbers.present[codes] if not numbers.present[used].all() else np.True_
    return Exact(table[codes], decimals, present), units


def _outside(
    name: str, used: Codes, units: NDArray[Any], decimals: int, numbers: _Numbers, texts: list[str]
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


def _above_maximum(columns: Mapping[str, Exact], sheet: _Sheet) -> list[tuple[str, int, str]]:
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


def _missing_ids(sheet: _Sheet) -> list[Problem]:
    ids = sheet.frame["id"]
    if not ids.null_count():
        return []
    lines = sheet.lines_of(ids.is_null().arg_true().to_list())
    return [Problem(line, "id", "the row has no id") for line in lines.values()]


def _pairs(sheet: _Sheet, columns: Mapping[str, Exact], header: list[str]) -> Pairs:
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
