"""Plate-reader grids: 8 rows of 12 responses (96 wells) or 16 of 24 (384), lettered and numbered as the plate is.

A grid says what the reader saw and nothing of what the wells hold; a layout says that. A file may hold several grids
under each other, each with the plate's name on the line before it.
"""

from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase

from trialwright.measures.assay.plates import SHAPES, Problem, place_of
from trialwright.measures.assay.sheets import NotANumber, Sheet, number


@dataclass(frozen=True, slots=True)
class Grid:
    """The responses of one plate by well, with the line on which each stands; None where the reader saw nothing."""

    plate: str
    responses: dict[str, float | None]
    lines: dict[str, int]


def grids(found: Sheet) -> tuple[list[Grid], list[Problem]]:
    """Every grid in a file. A grid begins with a row that numbers the columns from 1."""
    heads = [index for index, row in enumerate(found.rows) if _width(row.cells)]
    made, problems = [], []
    for order, head in enumerate(heads):
        width = _width(found.rows[head].cells)
        rows = next(rows for rows, columns in SHAPES.values() if columns == width)
        name = Path(found.file).stem + (f"-{order + 1}" if len(heads) > 1 else "")
        before = found.rows[head - 1].cells if head else ()
        titled = [cell for cell in before if cell]
        if len(heads) > 1 and len(titled) == 1:
            name = titled[0]
        grid, wrong = _grid(found, head, rows, width, name)
        made.append(grid)
        problems += wrong
    return made, problems


def is_grid(found: Sheet) -> bool:
    """Whether a row numbers the columns of a plate."""
    return any(_width(row.cells) for row in found.rows)


def _width(cells: tuple[str, ...]) -> int:
    """12 or 24 where the row numbers the columns of a plate from its second cell on, else 0."""
    numbers = [cell.rstrip("0").rstrip(".") if "." in cell else cell for cell in cells[1:]]
    while numbers and not numbers[-1]:
        numbers.pop()
    for _, columns in SHAPES.values():
        if numbers == [str(column + 1) for column in range(columns)]:
            return columns
    return 0


def _grid(found: Sheet, head: int, rows: int, width: int, name: str) -> tuple[Grid, list[Problem]]:
    grid, problems = Grid(name, {}, {}), []
    below = found.rows[head + 1 : head + 1 + rows]
    for index, letter in enumerate(ascii_uppercase[:rows]):
        row = below[index] if index < len(below) else None
        if row is None or row.cell(0).upper() != letter:
            line = row.line if row else found.rows[-1].line
            say = f"row {letter} of plate {name} is missing; a grid of {width} columns has {rows} rows, A to "
            problems.append(found.problem(line, "", f"{say}{ascii_uppercase[rows - 1]}", name))
            break
        for column in range(width):
            try:
                grid.responses[place_of(index, column)] = number(row.cell(column + 1), found.delimiter)
            except NotANumber as wrong:
                problems.append(found.problem(row.line, str(column + 1), str(wrong), name))
            grid.lines[place_of(index, column)] = row.line
    if not problems and not any(response is not None for response in grid.responses.values()):
        problems.append(
            found.problem(found.rows[head].line, "", f"plate {name} is empty: no well has a response", name)
        )
    return grid, problems
