"""The columns of a table of any make: polars, pandas, a mapping of arrays, or a CSV file.

A column is either numbers (missing is nan) or codes into levels (missing is -1). A text is missing when it is empty,
`NA`, `NaN` or `.`. Where numbers are needed and something else stands, the row, the column and the value are said.
"""

import csv
import io
import math
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.mmrm.faults import BadTable, closest, listed

MISSING = frozenset(("", "NA", "NaN", "nan", "N/A", "."))
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
PIECES = re.compile(r"(\d+(?:\.\d+)?)", re.ASCII)
LARGEST = 1e70
"""Larger numbers are refused: the fourth power of an outcome must be a number still."""
SEPARATORS = (",", ";", "\t")

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Factor:
    """A column as levels: `codes` (N,) are places in `levels`, -1 where nothing is known."""

    codes: Integers
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Columns by name, each as it came; `lines` are the lines of a file on which the rows begin."""

    names: tuple[str, ...]
    rows: int
    column: Callable[[str], Any]
    file: str = ""
    lines: Sequence[int] | None = None
    read: dict[str, tuple[Floats | Sequence[str], tuple[str, ...]]] = field(default_factory=dict, repr=False)

    def values(self, name: str) -> tuple[Floats | Sequence[str], tuple[str, ...]]:
        """A column as numbers or as texts, and the order of its categories if it declares one; read once."""
        if name not in self.read:
            self.read[name] = _raw(self.column(name))
        return self.read[name]

    def place(self, row: int) -> str:
        """Where a row stands, for a sentence: a line of the file, or the row counted from 1."""
        return f"line {self.lines[row]}" if self.lines is not None else f"row {row + 1}"

    def require(self, name: str, what: str) -> None:
        """Raises `BadTable` with the closest name where the column is not there."""
        if name not in self.names:
            near = closest(name, self.names)
            raise BadTable(
                [f"There is no column '{name}' ({what}){near}; the columns are {listed(map(str, self.names))}."]
            )


def table_of(source: Any) -> Table:
    """A polars or pandas frame, a mapping of name to array, or a path to a CSV file, as a `Table`."""
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, os.PathLike)):
        return from_csv(Path(source))
    if hasattr(source, "collect") and not hasattr(source, "height"):
        source = source.collect()
    if hasattr(source, "get_column"):
        return Table(tuple(source.columns), source.height, source.get_column)
    if hasattr(source, "iloc"):
        return Table(tuple(map(str, source.columns)), len(source), source.__getitem__)
    if isinstance(source, Mapping):
        return _from_mapping(source)
    raise BadTable(
        [f"A table is a polars or pandas frame, a mapping of arrays or a CSV file, not {type(source).__name__}."]
    )


def _from_mapping(source: Mapping[str, Any]) -> Table:
    lengths = {name: len(column) for name, column in source.items()}
    if len(set(lengths.values())) > 1:
        least, most = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
        raise BadTable(
            [f"The columns differ in length: '{least}' has {lengths[least]} rows and '{most}' {lengths[most]}."]
        )
    return Table(tuple(source), next(iter(lengths.values()), 0), source.__getitem__)


def from_csv(path: Path) -> Table:
    """The cells of a CSV file in UTF-8, separated by commas, semicolons or tabs. Raises `BadTable` and `OSError`."""
    kind = path.stat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
        raise BadTable([f"{path}: cannot be read: it is neither a file nor a pipe."])
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadTable([f"{path}: line {line} is not UTF-8 text; save the file as CSV in UTF-8."]) from None
    first = text.partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    try:
        rows = _rows(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise BadTable([f"{path}: cannot be read as CSV: {error}."]) from None
    if not rows:
        raise BadTable([f"{path}: the file is empty."])
    header = [name.strip() for name in rows[0][1]]
    _check(path, header, rows[1:], separator)
    cells = zip(*(row for _, row in rows[1:]), strict=True)
    columns = {name: [text.strip() for text in column] for name, column in zip(header, cells, strict=True)}
    return Table(tuple(header), len(rows) - 1, columns.__getitem__, str(path), [line for line, _ in rows[1:]])


def _rows(reader: Any) -> list[tuple[int, list[str]]]:
    """Rows that hold anything, each with the line on which it begins."""
    rows, begins = [], 1
    for row in reader:
        if row:
            rows.append((begins, row))
        begins = reader.line_num + 1
    return rows


def _check(path: Path, header: list[str], rows: list[tuple[int, list[str]]], separator: str) -> None:
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise BadTable([f"{path}: the column '{name}' stands twice in the header." for name in twice])
    if not rows:
        raise BadTable([f"{path}: the file has a header and no rows."])
    why = "; a decimal comma would do that" if separator == "," else ""
    ragged = [
        f"{path}: line {line} has {len(cells)} cells where the header has {len(header)}{why}."
        for line, cells in rows
        if len(cells) != len(header)
    ]
    if ragged:
        raise BadTable(ragged)


def is_numeric(table: Table, name: str) -> bool:
    """Whether a column is a covariate (numbers) rather than a factor.

    A column of texts is a covariate when one of them is a number, or a number with a decimal comma: what else stands
    in it is then a mistake and is said to be one, not taken for a level.
    """
    values, _ = table.values(name)
    if isinstance(values, np.ndarray):
        return True
    return any(NUMBER.fullmatch(text) or COMMA.fullmatch(text) for text in set(values))


def numbers(table: Table, name: str) -> Floats:
    """The column as numbers (N,), nan where missing. Raises `BadTable` for all that is none, or infinite."""
    values, _ = table.values(name)
    if isinstance(values, np.ndarray):
        wrong = np.abs(values) > LARGEST
        if wrong.any():
            raise BadTable(
                _cell(table, row, name, str(values[row]), _why_no_number(str(values[row])))
                for row in np.flatnonzero(wrong).tolist()
            )
        return values
    known: dict[str, float] = {}
    wrong_texts: dict[str, str] = {}
    for text in set(values):
        if text in MISSING:
            known[text] = math.nan
        elif NUMBER.fullmatch(text) and abs(float(text)) <= LARGEST:
            known[text] = float(text)
        else:
            wrong_texts[text] = _why_no_number(text)
    if wrong_texts:
        raise BadTable(
            _cell(table, row, name, text, wrong_texts[text]) for row, text in enumerate(values) if text in wrong_texts
        )
    return np.array([known[text] for text in values], dtype=np.float64)


def _cell(table: Table, row: int, name: str, value: str, why: str) -> str:
    where = f"{table.file}: " if table.file else ""
    shown = value if len(value) <= 40 else value[:40] + "..."
    return f"{where}{table.place(row)}, column '{name}': '{shown}' {why}."


def _why_no_number(text: str) -> str:
    if COMMA.fullmatch(text):
        return f"has a decimal comma; write {text.replace(',', '.')}"
    if INFINITE.fullmatch(text) or (NUMBER.fullmatch(text) and math.isinf(float(text))):
        return "is not a finite number"
    if NUMBER.fullmatch(text):
        return f"is beyond {LARGEST:g}, which is surely a slip"
    return "is not a number; leave the cell empty where nothing was measured"


def factor(table: Table, name: str) -> Factor:
    """The column as levels, in the order of its categories if it declares them, else in natural order (`natural`)."""
    values, declared = table.values(name)
    if isinstance(values, np.ndarray):
        return _of_numbers(values)
    seen: dict[str, int] = {}
    first = np.array([seen.setdefault(text, len(seen)) for text in values], dtype=np.int64)
    present = [text for text in seen if text not in MISSING]
    order = {text: place for place, text in enumerate(declared)} if declared else {}
    levels = tuple(sorted(present, key=order.__getitem__ if declared else natural))
    places = {text: place for place, text in enumerate(levels)}
    return Factor(np.array([places.get(text, -1) for text in seen], dtype=np.int64)[first], levels)


def _of_numbers(values: Floats) -> Factor:
    codes, distinct = coded(values)
    return Factor(codes, labels(distinct))


def coded(values: Floats) -> tuple[Integers, Floats]:
    """Places (N,) in the distinct numbers, which rise; -1 for nan."""
    known = values == values
    if not known.all():
        codes = np.full(values.size, -1, dtype=np.int64)
        codes[known], distinct = coded(values[known])
        return codes, distinct
    distinct, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64, copy=False), distinct


def label(value: float) -> str:
    """How a number is called as a level: 4, not 4.0."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)


def labels(values: Floats) -> tuple[str, ...]:
    """The same for many distinct numbers."""
    whole = np.trunc(values)
    if (whole == values).all() and np.abs(whole).max(initial=0.0) < 2**53:
        return tuple(map(str, whole.astype(np.int64).tolist()))
    return tuple(map(label, values.tolist()))


@lru_cache(maxsize=4096)
def natural(text: str) -> tuple[Any, ...]:
    """The key of the natural order: numbers inside a text compare as numbers, so W4 stands before W12."""
    if NUMBER.fullmatch(text):
        return (0, float(text), text)
    pieces = tuple(
        (0, float(one), "") if NUMBER.fullmatch(one) else (1, 0.0, one.casefold()) for one in PIECES.split(text)
    )
    return (1, 0.0, "", pieces, text)


def _raw(column: Any) -> tuple[Floats | Sequence[str], tuple[str, ...]]:
    """A column as float numbers or as texts without spaces around them; then the order of its categories, if any."""
    if hasattr(column, "to_physical"):
        return _raw_polars(column)
    if hasattr(column, "iloc"):
        return _raw_pandas(column)
    if type(column) is list:
        return _texts(column)
    array = np.asarray(column)
    if array.ndim != 1:
        raise BadTable([f"A column has shape {array.shape}; a column of the table is one value for each row."])
    if array.dtype.kind in "iuf":
        return array.astype(np.float64, copy=False), ()
    return _texts(array.tolist())


def _raw_polars(column: Any) -> tuple[Floats | Sequence[str], tuple[str, ...]]:
    import polars as pl

    if column.dtype.is_numeric():
        return column.cast(pl.Float64).to_numpy(), ()
    texts, _ = _texts(column.to_list())
    declared = tuple(column.dtype.categories.to_list()) if column.dtype == pl.Enum else ()
    return texts, declared


def _raw_pandas(column: Any) -> tuple[Floats | Sequence[str], tuple[str, ...]]:
    if hasattr(column, "cat"):
        declared = tuple(map(_name, column.cat.categories.tolist()))
        return [_name(one) for one in column.tolist()], declared
    if column.dtype.kind in "iuf":
        return column.to_numpy(dtype=np.float64, na_value=np.nan), ()
    return _texts(column.tolist())


def _texts(values: Iterable[Any]) -> tuple[Floats | Sequence[str], tuple[str, ...]]:
    """Texts as they are; other things by their name; numbers among objects as numbers if all of them are."""
    kept = list(values)
    if all(type(one) is str for one in kept):
        return [one.strip() for one in kept], ()
    absent = [one is None or type(one).__name__ in ("NAType", "NaTType") or one != one for one in kept]
    rest = [one for one, gone in zip(kept, absent, strict=True) if not gone]
    if rest and all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in rest):
        return np.array([math.nan if gone else one for one, gone in zip(kept, absent, strict=True)], np.float64), ()
    return ["" if gone else _name(one) for one, gone in zip(kept, absent, strict=True)], ()


def _name(value: Any) -> str:
    """How a value is called as a level; a missing one has no name."""
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return label(value)
    return str(value).strip()
