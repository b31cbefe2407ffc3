"""Tapes coded: registers laid out in memory, lines as the numbers that kernel/tape.cpp reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.simulate.tape_writer import STEPS, Line, Node, Recipe, Writer

Floats = NDArray[np.float64]

OPERATIONS = (
    "load", "store", "uniform", "normal",
    "copy", "negate", "not", "abs", "floor", "ceil", "truncate", "sqrt", "exp", "log", "log1p", "below", "missing",
    "+", "-", "*", "/", "<", "<=", "==", "!=", "and", "or", "min", "max", "fine steps", "coarse steps",
    "if", "clip", "add product",
)  # fmt: skip
"""In the order of `Operation` in kernel/tape.cpp."""
NUMBER = {name: number for number, name in enumerate(OPERATIONS)}
LINE = 18
VALUES = 512
"""Values of a block: the registers of a block should stay in the nearest caches."""


@dataclass(frozen=True, slots=True)
class Tape:
    """A tape ready to play. `inputs` are the loaded names, `outputs` the stored ones with their nodes, `made` the
    constant ones."""

    code: NDArray[np.int64]
    constants: Floats
    draws: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[tuple[str, Node], ...]
    made: tuple[tuple[str, Node], ...]
    width: int
    registers: int


def written(
    writer: Writer, recipes: Mapping[str, Recipe], kept: frozenset[str] | None, in_steps: frozenset[str]
) -> Tape:
    """The tape of these variables in their order; those that are `kept` (None: all) are stored, and the steps of those
    that are wanted `in_steps` of their grid."""
    outputs: list[tuple[str, Node]] = []
    made: list[tuple[str, Node]] = []
    for name, recipe in recipes.items():
        writer.nodes[name], steps = writer.variable(recipe)
        wanted = [(name, writer.nodes[name])] if kept is None or name in kept else []
        if name in in_steps and steps is not None:
            wanted.append((STEPS + name, steps))
        made += [one for one in wanted if one[1].constant]
        for one in wanted:
            if not one[1].constant:
                several = one[1].several and one[1].place is None
                writer.lines.append(Line("store", -1, (one[1],), several, (0, len(outputs))))
                outputs.append(one)
    lines = _needed(writer.lines)
    width = max(8, min(VALUES // writer.places // 8 * 8, VALUES))
    offsets, registers = _laid_out(lines, writer.places, width)
    constants: dict[Any, int] = {}
    code = [_coded(line, offsets, constants, writer.places, width) for line in lines]
    return Tape(
        code=np.array(code, dtype=np.int64).reshape(-1, LINE),
        constants=_eightfold(constants),
        draws=tuple(writer.draws),
        inputs=tuple(writer.inputs),
        outputs=tuple(outputs),
        made=tuple(made),
        width=width,
        registers=registers,
    )


def _needed(lines: Sequence[Line]) -> list[Line]:
    """The lines whose result is stored or used."""
    used: set[int] = set()
    kept = []
    for line in reversed(lines):
        if line.operation == "store" or line.result in used:
            kept.append(line)
            used |= {node.register for node in line.operands if not node.constant}
    return kept[::-1]


def _laid_out(lines: Sequence[Line], places: int, width: int) -> tuple[dict[int, int], int]:
    """Where each register lies, in doubles, and how many are needed; what nobody reads any more is used again."""
    last: dict[int, int] = {}
    for number, line in enumerate(lines):
        for node in line.operands:
            last[node.register] = number
    offsets: dict[int, int] = {}
    sizes: dict[int, int] = {}
    free: dict[int, list[int]] = {1: [], places: []}
    top = 0
    for number, line in enumerate(lines):
        if line.result >= 0 and line.result not in offsets:
            size = places if line.several else 1
            if free[size]:
                offsets[line.result] = free[size].pop()
            else:
                offsets[line.result], top = top, top + size * width
            sizes[line.result] = size
        for register in {node.register for node in line.operands if not node.constant}:
            if last[register] == number:
                free[sizes[register]].append(offsets[register])
    return offsets, top


def _coded(line: Line, offsets: Mapping[int, int], constants: dict[Any, int], places: int, width: int) -> list[int]:
    """One line of code; see kernel/tape.cpp."""
    where = [_operand(node, offsets, constants, width) for node in line.operands] or [(0, 0, 0, 0)]
    where += [where[0]] * (3 - len(where))
    offset = offsets.get(line.result, 0)
    if line.operation == "copy":
        offset += line.extra[1] * width
    return [
        NUMBER[line.operation], places if line.several else 1, offset, width if line.several else 0,
        *where[0], *where[1], *where[2], *line.extra,
    ]  # fmt: skip


def _operand(
    node: Node, offsets: Mapping[int, int], constants: dict[Any, int], width: int
) -> tuple[int, int, int, int]:
    """Constant or not, where, the step from place to place, whether the lanes differ."""
    if node.constant:
        row = tuple(np.asarray(node.value, dtype=np.float64).reshape(-1).view(np.uint64).tolist())
        if row not in constants:
            constants[row] = 8 * sum(map(len, constants))
        return 1, constants[row], 8 if len(row) > 1 else 0, 0
    if node.place is not None:
        return 0, offsets[node.register] + node.place * width, 0, 1
    return 0, offsets[node.register], width if node.several else 0, 1


def _eightfold(constants: Mapping[Any, int]) -> Floats:
    """Constants as the lanes read them, each number eight times, at the address of lanes."""
    numbers = np.array([bits for row in constants for bits in row], dtype=np.uint64).view(np.float64)
    room = np.empty(8 * len(numbers) + 8)
    start = (-room.ctypes.data // 8) % 8
    out = room[start : start + 8 * len(numbers)]
    out[:] = np.repeat(numbers, 8)
    return out
