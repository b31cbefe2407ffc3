"""Questionnaires from a CSV file: item ids are columns, one row is one questionnaire. Every answer that cannot be is
named with its row and column; the scores come back as a table of texts.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trialwright.cli.cells import BadTable, Codes, Numbers, Problem, Sheet, content_of, header_of, numbers_of, sheet_of
from trialwright.design.instruments import Instrument, Scale
from trialwright.measures.instruments.answers import MISSING, Grid, Places, grids, plain, possible
from trialwright.measures.instruments.compiled import ScaleScore, Why, explained, needed, score


@dataclass(frozen=True, slots=True)
class Questionnaires:
    """A file as columns ready to score. `scales`: those whose columns are there; `left_out`: the others with the
    columns they lack. `ignored` names columns that mean nothing here; `bad`: row -> what is wrong with it."""

    kept: pl.DataFrame
    columns: dict[str, Places | NDArray[np.float64]]
    scales: tuple[str, ...]
    left_out: dict[str, tuple[str, ...]]
    ignored: tuple[str, ...]
    problems: tuple[Problem, ...]
    bad: dict[int, str]


def read_questionnaires(
    path: Path, instrument: Instrument, scales: Sequence[str], keep: Sequence[str]
) -> Questionnaires:
    """The questionnaires of a CSV file in UTF-8. Raises BadTable for a file or columns that cannot be used, OSError if
    it cannot be read; answers that cannot be stand in `problems`."""
    content = content_of(path)
    header = header_of(content)
    keep = [name for name in dict.fromkeys(keep) if name != "id"]
    wanted, left_out = _columns_for(instrument, scales, header, keep)
    items = [item.id for item in instrument.items if item.id in header]
    sheet = sheet_of(content, header, items)
    columns, wrong = _answers(instrument, sheet, items)
    problems, bad = _faults(sheet, header, wrong)
    kept = sheet.frame.select(["id", *keep])
    return Questionnaires(kept, columns, wanted, left_out, _ignored(instrument, header, keep), problems, bad)


# ------------------------------------------------------------------ the header


def _ignored(instrument: Instrument, header: Iterable[str], keep: Sequence[str]) -> tuple[str, ...]:
    known = {"id", *keep, *(item.id for item in instrument.items)}
    return tuple(name for name in header if name not in known)


def _columns_for(
    instrument: Instrument, scales: Sequence[str], header: list[str], keep: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The scales that the columns allow, and those left out because none of the columns they alone need is there.
    Raises BadTable for columns that are missing, or unknown and like a known one."""
    if not header:
        raise BadTable([Problem(1, "", "the file is empty; it needs a header with id and the items of the instrument")])
    problems = [Problem(1, name, "the column is missing") for name in ("id", *keep) if name not in header]
    results = {name for one in instrument.scales for name in (one.id, f"{one.id}_answered")} | {"why"}
    problems += [
        Problem(1, name, "the column cannot be kept: the result has one of that name; rename it")
        for name in keep
        if name in results
    ]
    items = [item.id for item in instrument.items]
    for name in _ignored(instrument, header, keep):
        near = _near(name, [one for one in items if one not in header])
        problems += [Problem(1, name, f"the column is unknown; did you mean {known}?") for known in near]
    lacking = {
        one.id: tuple(name for name in needed(instrument, [one.id]) if name not in header)
        for one in instrument.scales
        if not scales or one.id in scales
    }
    wanted = tuple(name for name, lacks in lacking.items() if not lacks)
    served = {name for one in wanted for name in needed(instrument, [one])}
    left_out: dict[str, tuple[str, ...]] = {}
    absent: dict[str, list[str]] = {}
    for name, lacks in lacking.items():
        begun = any(item in header and item not in served for item in needed(instrument, [name]))
        if lacks and not scales and wanted and not begun:
            left_out[name] = lacks
        else:
            for item in lacks:
                absent.setdefault(item, []).append(name)
    problems += [
        Problem(
            1, item, f"the column is missing; {', '.join(absent[item])} cannot do without it{_tick(instrument, item)}"
        )
        for item in items
        if item in absent
    ]
    if problems:
        raise BadTable(problems)
    return wanted, left_out


def _tick(instrument: Instrument, item: str) -> str:
    blank = instrument.answers_of(item).blank
    return "" if blank is None else f"; in an added column an empty cell means {plain(blank)}"


def _near(name: str, items: list[str]) -> list[str]:
    folded = {item.lower(): item for item in items}
    return [folded[near] for near in difflib.get_close_matches(name.lower(), list(folded), 1, 0.7)]


# ------------------------------------------------------------------ the answers

WrongCell = tuple[int, str, str]
"""Row, column, sentence."""


def _answers(
    instrument: Instrument, sheet: Sheet, items: Sequence[str]
) -> tuple[dict[str, Places | NDArray[np.float64]], list[WrongCell]]:
    numbers = numbers_of(sheet.texts)
    columns: dict[str, Places | NDArray[np.float64]] = {}
    wrong: list[WrongCell] = []
    tables: dict[str, tuple[Any, dict[int, str]]] = {}
    for name in items:
        codes = sheet.codes(name)
        kind = instrument.item(name).answers
        if kind not in tables:
            tables[kind] = _table(instrument, name, numbers, sheet.texts)
        table, sentences = tables[kind]
        column = table[codes]
        columns[name] = column if grids(instrument)[name] is None else Places(column)
        seen = np.zeros(len(table), dtype=bool)
        seen[codes] = True
        found = [code for code in np.flatnonzero(seen).tolist() if code in sentences]
        if found:
            rows = np.flatnonzero(np.isin(codes, found))
            wrong += [(int(row), name, sentences[int(codes[row])]) for row in rows]
    return columns, wrong


def _table(instrument: Instrument, name: str, numbers: Numbers, texts: Sequence[str]) -> tuple[Codes, dict[int, str]]:
    """What each distinct text of the file is as an answer to the item, and sentences for those that are none."""
    grid, answers = grids(instrument)[name], instrument.answers_of(name)
    sentences = dict(numbers.wrong)
    may = possible(answers)
    found: list[Any] = []
    for code, (mantissa, decimals, present) in enumerate(
        zip(numbers.mantissa.tolist(), numbers.decimals.tolist(), numbers.present.tolist(), strict=True)
    ):
        place = None if not present else _place(grid, Fraction(mantissa, 10**decimals), answers.low, answers.high)
        if present and place is None:
            sentences[code] = f"{texts[code].strip()} is no answer; possible: {may}"
        found.append((MISSING if grid is not None else np.nan) if place is None else place)
    return np.array(found, dtype=grid.kind if grid is not None else float), sentences


def _place(grid: Grid | None, answer: Fraction, low: Any, high: Any) -> int | float | None:
    if grid is not None:
        return grid.place(answer)
    below = low is not None and answer < low
    return None if below or (high is not None and answer > high) else float(answer)


def _faults(sheet: Sheet, header: list[str], wrong: list[WrongCell]) -> tuple[tuple[Problem, ...], dict[int, str]]:
    """The problems in the order of the file, and what is wrong with each row that has any."""
    nameless = sheet.frame["id"].is_null().arg_true().to_list()
    cells = [*wrong, *((row, "id", "the row has no id") for row in nameless)]
    rows = range(sheet.frame.height) if sheet.ragged else {row for row, _, _ in cells}
    lines = sheet.lines_of(rows) if cells or sheet.ragged else {}
    row_of = {line: row for row, line in lines.items()}
    told = [(row, Problem(lines[row], name, sentence)) for row, name, sentence in cells]
    told += [(row_of[problem.line], problem) for problem in sheet.ragged]
    told.sort(key=lambda one: (one[1].line, header.index(one[1].column)))
    bad: dict[int, str] = {}
    for row, problem in told:
        said = f"{problem.column}: {problem.sentence}"
        bad[row] = f"{bad[row]}; {said}" if row in bad else f"not scored: {said}"
    return tuple(problem for _, problem in told), bad


# ------------------------------------------------------------------ the scores


def scored(instrument: Instrument, found: Questionnaires, digits: int) -> pl.DataFrame:
    """The scores as a table: the columns kept, per scale its value as text and how many parts were answered, and in
    words what is missing. Rows in `bad` have no scores and say why."""
    result = score(instrument, found.columns, found.scales)
    sound = np.ones(found.kept.height, dtype=bool)
    sound[list(found.bad)] = False
    unsound = pl.Series(~sound)
    table = found.kept
    reasons = []
    for name in found.scales:
        scale, one = instrument.scale(name), result[name]
        values = np.where(sound, one.values, np.nan)
        table = table.with_columns(
            texts_of(values, digits).alias(name), pl.Series(f"{name}_answered", one.answered).set(unsound, None)
        )
        reasons.append(_reasons(scale, one, f"{name}: " if len(found.scales) > 1 else ""))
    why = pl.concat_str(reasons, separator="; ", ignore_nulls=True)
    table = table.with_columns(why=pl.select(why).to_series().replace("", None))
    if found.bad:
        rows = pl.Series(list(found.bad), dtype=pl.UInt32)
        table = table.with_columns(why=table["why"].scatter(rows, list(found.bad.values())))
    return table


def texts_of(values: NDArray[np.float64], digits: int) -> pl.Series:
    """Each number as people write it, rounded to so many digits; an unknown one is an empty cell."""
    distinct, places = np.unique(values, return_inverse=True)
    texts = [None if np.isnan(value) else plain(Decimal(f"{value:.{digits}f}")) for value in distinct]
    texts = ["0" if text == "-0" else text for text in texts]
    return pl.Series(texts, dtype=pl.String).gather(pl.Series(places.astype(np.uint32)))


def _reasons(scale: Scale, one: ScaleScore, before: str) -> pl.Series:
    """What is missing, in words; rows with the same gaps share one text."""
    combined = one.answered.astype(np.int32) * (max(Why) * 2) + one.why
    seen = np.flatnonzero(np.bincount(combined))
    texts = []
    for code in seen.tolist():
        answered, why = divmod(code, max(Why) * 2)
        said = explained(scale, why, answered)
        texts.append(before + said if said else None)
    place = np.zeros(int(seen.max(initial=0)) + 1, dtype=np.uint32)
    place[seen] = np.arange(len(seen))
    return pl.Series(texts, dtype=pl.String).gather(pl.Series(place[combined]))
