"""EQ-5D answers from a CSV file as levels; every bad cell is named with its place.

Columns `mo, sc, ua, pd, ad` or one column `state`, in any mix of capitals; `id` may be missing (the row's number takes
its place), `vas` is optional.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trialwright.cli.cells import BadTable, Numbers, Problem, Sheet, content_of, header_of, numbers_of, sheet_of
from trialwright.measures.eq5d.profiles import VAS_TOP, Levels
from trialwright.measures.eq5d.terms import DIMENSIONS

KNOWN = ("id", "state", "vas", *DIMENSIONS)
RESULTS = ("index", "lss", "lfs", "why")
WRONG = -1


@dataclass(frozen=True, slots=True)
class Answers:
    """A file of answers. `kept`: columns carried over; `vas` holds texts, None where empty or not given; `repeated`:
    sentences about ids that stand several times; `problems` by row, for partial results."""

    ids: pl.Series
    kept: Mapping[str, pl.Series]
    levels: Levels
    vas: pl.Series | None
    ignored: tuple[str, ...]
    numbered: bool
    repeated: tuple[str, ...]
    problems: Mapping[int, list[Problem]]


def read_answers(path: Path, top: int, keep: Sequence[str] = (), partial: bool = False) -> Answers:
    """The answers of a CSV file in UTF-8 for a version with levels 1 to `top`, and the columns to `keep`.

    Raises BadTable with every problem, OSError if the file cannot be read. `partial`: bad cells become missing ones and
    stand in `problems`; a file whose columns cannot be told is refused all the same.
    """
    content = content_of(path)
    written = header_of(content)
    header = [name.lower() if name.lower() in KNOWN else name for name in written]
    keep = [name for name in dict.fromkeys(keep) if name.lower() != "id"]
    _check_names(header, keep)
    sheet = sheet_of(content, header, [name for name in header if name in KNOWN and name != "id"])
    numbers = numbers_of(sheet.texts)
    levels, bad = _levels(sheet, numbers, header, top)
    vas = None
    if "vas" in header:
        vas, wrong = _vas(sheet, numbers)
        bad += wrong
    ids = sheet.frame["id"] if "id" in header else None
    if ids is not None:
        bad += [(int(row), "id", "the row has no id") for row in ids.is_null().arg_true()]
    by_row = _placed(sheet, bad, dict(zip(header, written, strict=True)))
    if by_row and not partial:
        problems = [problem for row in by_row.values() for problem in row]
        raise BadTable(sorted(problems, key=lambda problem: (problem.line, written.index(problem.column))))
    rows = sheet.frame.height
    given = pl.Series("id", np.arange(1, rows + 1)).cast(pl.String) if ids is None else ids
    ignored = tuple(name for name in written if name.lower() not in KNOWN and name not in keep)
    kept = {name: sheet.frame[name] for name in keep}
    repeated = () if ids is None else _repeated(sheet, ["id", *keep])
    return Answers(given, kept, levels, vas, ignored, ids is None, repeated, by_row)


def _repeated(sheet: Sheet, names: list[str]) -> tuple[str, ...]:
    """One sentence, with the first of them, where questionnaires share what names them."""
    named = sheet.frame.select(pl.col(names).cast(pl.String))
    if named.hash_rows().n_unique() == named.height:  # nearly always, and a tenth of the work
        return ()
    named = named.with_row_index("row").filter(pl.col("id").is_not_null())
    shared = named.group_by(names, maintain_order=True).agg("row").filter(pl.col("row").list.len() > 1)
    if not shared.height:
        return ()
    first = shared["row"].head(3).to_list()
    lines = sheet.lines_of(row for rows in first for row in rows[:4])
    places = [
        f"{shared['id'][place]} in lines {', '.join(str(lines[row]) for row in rows[:4])}"
        for place, rows in enumerate(first)
    ]
    more = f" and {shared.height - 3} more" if shared.height > 3 else ""
    hint = "; name the column that tells them apart with --keep" if names == ["id"] else ""
    return (f"an id stands for several questionnaires: {'; '.join(places)}{more}{hint}",)


SPOKEN = {
    "mo": ("mobility", "mobil", "mob", "walking", "eq1", "eq5d1"),
    "sc": ("selfcare", "self", "eq2", "eq5d2"),
    "ua": ("usualactivities", "usualactivity", "usual", "activities", "activity", "ac", "eq3", "eq5d3"),
    "pd": ("paindiscomfort", "pain", "discomfort", "eq4", "eq5d4"),
    "ad": ("anxietydepression", "anxiety", "anx", "depression", "eq5", "eq5d5"),
    "vas": ("eqvas", "eq5dvas", "visualanaloguescale"),
    "state": ("profile", "healthstate", "eq5dstate"),
}
"""Names that people give the columns, as letters and digits alone."""


def _check_names(header: list[str], keep: Sequence[str]) -> None:
    """Raise BadTable unless the columns give the five levels in exactly one way, and those to keep are there."""
    needs = f"it needs {', '.join(DIMENSIONS)}, or state with five digits; id and vas may stand beside them"
    if not header:
        raise BadTable([Problem(1, "", f"the file is empty; {needs}")])
    twice = sorted({name for name in header if header.count(name) > 1})
    problems = [Problem(1, name, "the column stands twice, in other capitals") for name in twice]
    given = [name for name in DIMENSIONS if name in header]
    if "state" in header and given:
        problems.append(Problem(1, "state", f"the levels stand twice: in state and in {', '.join(given)}"))
    elif "state" not in header:
        lacking = [name for name in DIMENSIONS if name not in header]
        problems += [Problem(1, name, "the column is missing") for name in lacking]
        problems += [Problem(1, "", needs)] if len(lacking) > 1 else []
    if problems:
        for name in header:
            problems += [
                Problem(1, name, f"the column is unknown; did you mean {near}?") for near in _near(name, header)
            ]
    for name in keep:
        if name in RESULTS or name.lower() in KNOWN:
            problems.append(Problem(1, name, "the column cannot be kept: the result has one of that name; rename it"))
        elif name not in header:
            near = difflib.get_close_matches(name, header, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            problems.append(Problem(1, name, f"the column to keep is missing{meant}"))
    if problems:
        raise BadTable(problems)


def _near(name: str, header: list[str]) -> list[str]:
    """The known column that is not there and that a name may mean."""
    if name in KNOWN:
        return []
    free = [known for known in KNOWN if known not in header]
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    spoken = [
        known
        for known in free
        if plain.removeprefix("eq5d5l") in SPOKEN.get(known, ()) or plain in SPOKEN.get(known, ())
    ]
    return spoken or difflib.get_close_matches(name.lower(), free, 1, 0.8)


Bad = list[tuple[int, str, str]]  # row, column, sentence


def _levels(sheet: Sheet, numbers: Numbers, header: list[str], top: int) -> tuple[Levels, Bad]:
    levels: Levels = np.zeros((sheet.frame.height, 5), dtype=np.int8)
    if "state" in header:
        table = np.array([_digits(text, top) for text in [*sheet.texts, ""]], dtype=np.int8)
        levels = table[sheet.codes("state")]
        rows = np.flatnonzero(levels[:, 0] == WRONG)
        levels[rows] = 0
        sentence = f"is not a state: five digits from 1 to {top}, or empty where it was not answered"
        return levels, [(row, "state", f"{text!r} {sentence}") for row, text in _cells(sheet, "state", rows)]
    whole = (numbers.decimals == 0) & ~np.isin(np.arange(len(numbers.present)), list(numbers.wrong))
    fits = whole & (numbers.mantissa >= 1) & (numbers.mantissa <= top)
    level_of = np.where(fits, numbers.mantissa, np.where(numbers.present, WRONG, 0)).astype(np.int8)
    level_of[list(numbers.wrong)] = WRONG
    bad: Bad = []
    for place, name in enumerate(DIMENSIONS):
        column = level_of[sheet.codes(name)]
        rows = np.flatnonzero(column == WRONG)
        bad += [(row, name, _not_a_level(text, top)) for row, text in _cells(sheet, name, rows)]
        column[rows] = 0
        levels[:, place] = column
    return levels, bad


def _digits(text: str, top: int) -> tuple[int, ...]:
    text = text.strip()
    if not text:
        return (0,) * 5
    if len(text) != 5 or not all(digit in "12345"[:top] for digit in text):
        return (WRONG,) * 5
    return tuple(map(int, text))


def _cells(sheet: Sheet, name: str, rows: NDArray[np.intp]) -> list[tuple[int, str]]:
    """The rows with what stands there in a column."""
    return [(int(row), sheet.texts[code]) for row, code in zip(rows, sheet.codes(name)[rows].tolist(), strict=True)]


def _not_a_level(text: str, top: int) -> str:
    hint = "; is it the 5L?" if top == 3 and text.strip() in ("4", "5") else "; leave the cell empty if not answered"
    return f"{text!r} is not a level from 1 to {top}{hint}"


def _vas(sheet: Sheet, numbers: Numbers) -> tuple[pl.Series, Bad]:
    """The scale as whole or decimal numbers in plain writing, None where it is empty."""
    texts: list[str | None] = []
    outside = set()
    for place, present in enumerate(numbers.present):
        units, power = int(numbers.mantissa[place]), 10 ** int(numbers.decimals[place])
        if present and not 0 <= units <= VAS_TOP * power:
            outside.add(place)
        texts.append(sheet.texts[place].strip() if present and place not in outside else None)
    codes = sheet.codes("vas")
    wrong = {place: f"{sheet.texts[place]!r} is outside 0 to {VAS_TOP}" for place in outside} | dict(numbers.wrong)
    rows = np.flatnonzero(np.isin(codes, list(wrong)))
    taken = pl.Series("vas", texts, dtype=pl.String).gather(pl.Series(codes.astype(np.uint32)))
    return taken, [(int(row), "vas", wrong[int(codes[row])]) for row in rows]


def _placed(sheet: Sheet, bad: Bad, written: Mapping[str, str]) -> dict[int, list[Problem]]:
    """The problems of each row with their lines, under the names that the file has."""
    lines: dict[int, int] = sheet.lines_of(row for row, _, _ in bad) if bad else {}
    by_row: dict[int, list[Problem]] = {}
    for row, name, sentence in bad:
        by_row.setdefault(row, []).append(Problem(lines[row], written[name], sentence))
    if sheet.ragged:
        row_at = {line: row for row, line in sheet.lines_of(range(sheet.frame.height)).items()}
        for problem in sheet.ragged:
            told = Problem(problem.line, written[problem.column], problem.sentence)
            by_row[row_at[problem.line]] = [told]
    return by_row


def flagged(rows: Iterable[tuple[int, list[Problem]]]) -> dict[int, str]:
    """Per row what was wrong with it, in words for its cell `why`."""
    return {row: "; ".join(f"{one.column}: {one.sentence}" for one in problems) for row, problems in rows}


def narrow(codes: NDArray[np.int16]) -> pl.Series:
    """Codes as indices for look-ups in texts."""
    return pl.Series(codes.astype(np.uint32))
