"""The cells of a CSV file, read exactly: as texts coded by distinct value, never as binary floats, with every fault at
its place.

Each distinct text is read once into whole units and a number of decimals, and a column becomes integers by look-up: a
million rows hold only thousands of distinct texts.
"""

import csv
import errno
import io
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trialwright.measures.tis import Exact, integers

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
LONGEST = 30  # characters of a number; longer ones are slips, and would make the arithmetic crawl

NAMELESS = "several columns have no name; delete them (spreadsheets leave empty columns at the end) or name them"

Codes = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the file: its line (1 is the header), the column's name, and what to do about it."""

    line: int
    column: str
    sentence: str

    def at(self, path: str) -> str:
        """`file:line:column: sentence`, the form that editors can follow; what cannot be printed is shown escaped."""
        text = ":".join(part for part in (path, str(self.line), self.column) if part) + ": " + self.sentence
        return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


class BadTable(Exception):
    """The file cannot be scored; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problem(s)")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells: texts coded by distinct value (a row of `frame` holds indices into `texts`), the file they came
    from, and the rows that are ragged.
    """

    frame: pl.DataFrame
    texts: list[str]
    content: bytes
    ragged: tuple[Problem, ...] = ()

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


def content_of(path: Path) -> bytes:
    """The file's bytes with line ends of one kind and quotation marks in order. Raises BadTable, or OSError (also for a
    device, which may have no end)."""
    kind = path.stat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind) or stat.S_ISDIR(kind)):
        raise OSError(errno.EINVAL, "it is neither a file nor a pipe", str(path))
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    _refuse_stray_quotes(content)
    return content


def header_of(content: bytes) -> list[str]:
    """The names of the columns, without spaces around them. Raises BadTable where they cannot be told or stand
    twice.
    """
    try:
        line = io.BytesIO(content).readline().decode()
        first = next(csv.reader(io.StringIO(line)), [])
    except (UnicodeDecodeError, csv.Error):
        raise BadTable([Problem(1, "", "the header is not UTF-8 text; save the file as CSV in UTF-8")]) from None
    if line.count('"') % 2:
        raise BadTable([Problem(1, "", "the header has a line break inside a quoted name; it must stand on one line")])
    header = [name.strip() for name in first]
    if len(header) == 1 and ";" in header[0]:
        raise BadTable([Problem(1, "", "the columns are separated by semicolons; save the file with commas")])
    if len(header) == 1 and "\t" in header[0]:
        raise BadTable([Problem(1, "", "the columns are separated by tabs; save the file with commas")])
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise BadTable([Problem(1, name, "the column stands twice" if name else NAMELESS) for name in twice])
    return header


def _refuse_stray_quotes(content: bytes) -> None:
    """Fast readers guess where a quotation mark stands astray, and `""3.5` becomes another number; so none may.

    Marks come in pairs: one opens at the start of a cell, one closes at its end; inside, two side by side mean one.
    """
    if b'"' not in content:
        return
    text = np.frombuffer(content, dtype=np.uint8)
    marks = np.flatnonzero(text == ord('"'))
    opening, closing = marks[0::2], marks[1::2]
    doubled = closing[: len(opening[1:])] + 1 == opening[1:]  # closed and at once opened again: one mark inside a cell
    at_start = _ends_cell(text, opening - 1)
    at_start[1:] |= doubled
    at_end = _ends_cell(text, closing + 1)
    at_end[: len(doubled)] |= doubled
    stray = [*opening[~at_start][:1].tolist(), *closing[~at_end][:1].tolist()]
    if len(marks) % 2:
        stray.append(int(marks[-1]))
    if stray:
        line = content.count(b"\n", 0, min(stray)) + 1
        raise BadTable([Problem(line, "", "a quotation mark stands astray; a quoted cell has one at each end")])


def _ends_cell(text: NDArray[np.uint8], places: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether a comma, a line break or nothing at all stands at each place."""
    outside = (places < 0) | (places >= len(text))
    there = text[np.clip(places, 0, len(text) - 1)]
    return outside | (there == ord(",")) | (there == ord("\n"))


def sheet_of(original: bytes, header: list[str], coded: Collection[str]) -> Sheet:
    """The cells, the columns `coded` by distinct text. The fast reader gets the file as it is; one with ragged rows or
    blank lines is read with care first.
    """
    sheet = _read(original, original, header, coded)
    if sheet is None or _may_be_ragged(sheet.frame, original, header):
        tidy, ragged = _tidied(original, header, coded)
        sheet = _read(tidy, original, header, coded)
        sheet = sheet and replace(sheet, ragged=ragged)
    if sheet is None or not sheet.frame.height:
        empty = next(_rows(original), None) is None
        raise BadTable(
            [Problem(2, "", "the file has a header and no rows" if empty else "the file cannot be read as CSV")]
        )
    return sheet


def _read(content: bytes, original: bytes, header: list[str], coded: Collection[str]) -> Sheet | None:
    """The cells by the fast reader, or None where it stumbles (a row that is too long, bytes that are no text)."""
    categories = pl.Categories.random()
    kinds: dict[str, Any] = dict.fromkeys(header, pl.String) | dict.fromkeys(coded, pl.Categorical(categories))
    try:
        frame = pl.read_csv(content, has_header=False, skip_lines=1, schema=kinds)
    except pl.exceptions.PolarsError:
        return None
    return Sheet(frame, categories.to_series().to_list(), original)


def _may_be_ragged(frame: pl.DataFrame, content: bytes, header: list[str]) -> bool:
    """The fast reader fills short rows and blank lines with empty cells, which show in the last column."""
    if not frame[header[-1]].null_count():
        return False
    if b'"' in content:
        return True  # a comma or a line break may stand inside a cell, so neither can be counted
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


def _tidied(content: bytes, header: list[str], coded: Collection[str]) -> tuple[bytes, tuple[Problem, ...]]:
    """The same cells, each row on one line of its own, and the rows that are ragged, in whose place an empty one
    stands so that the others are looked at too. Raises BadTable for what is no text.
    """
    if undecodable := _undecodable(content):
        raise BadTable(undecodable)
    tidy = io.StringIO(newline="")
    writer = csv.writer(tidy, lineterminator="\n")
    writer.writerow(header)
    problems = []
    empty = ["" if name in coded else "?" for name in header]
    for line, row in _rows(content):
        if len(row) != len(header):
            problems.append(Problem(line, header[min(len(row), len(header)) - 1], _ragged(len(row), len(header))))
        writer.writerow(row if len(row) == len(header) else empty)
    return tidy.getvalue().encode(), tuple(problems)


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
class Numbers:
    """Every distinct text of the file as a number: mantissa / 10**decimals, or what is wrong with it. Last: the empty
    cell.
    """

    mantissa: NDArray[Any]
    decimals: NDArray[np.int64]
    present: NDArray[np.bool_]
    wrong: Mapping[int, str]


def numbers_of(texts: list[str]) -> Numbers:
    """Plain decimals as people write them: `12`, `1.5`, `.5`; an empty or blank text is "not measured"."""
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
    return Numbers(integers(mantissas), np.array(decimals), np.array(present), wrong)


def _not_a_number(text: str) -> str:
    if len(text) > LONGEST:
        return f"a number of {len(text)} characters is a slip; at most {LONGEST} are read"
    if NUMBER.fullmatch(text.replace(",", ".")):
        return f"{text!r} has a decimal comma; write {text.replace(',', '.')}"
    return f"{text!r} is not a number; leave the cell empty if it was not measured"


def column_of(codes: Codes, used: Codes, numbers: Numbers) -> tuple[Exact, NDArray[Any]]:
    """The column in one unit, and the units of its distinct texts (in the order of `used`)."""
    decimals = int(numbers.decimals[used].max(initial=0))
    powers = [10 ** (decimals - int(own)) for own in numbers.decimals[used]]
    units = integers([int(mantissa) * power for mantissa, power in zip(numbers.mantissa[used], powers, strict=True)])
    table = np.zeros(len(numbers.present), dtype=units.dtype)
    table[used] = units
    present = numbers.present[codes] if not numbers.present[used].all() else np.True_
    return Exact(table[codes], decimals, present), units
