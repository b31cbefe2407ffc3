"""Tapes: the variables of a table as one small program that the compiled kernel plays over blocks of participants.

The closures of `formula.py` and `variables.py` are the specification; a tape does the same operations in the same order
and gives the same bits, without an array in memory for every step (`tape_writer.py` writes it, `tape_code.py` lays it
out).

A tape is written for one shape of what comes in (which names are numbers, truths or codes, at one place or many) and
one set of constants, and kept with the table. A table that says something a tape cannot say is left to NumPy.
"""

import ctypes
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.compute import chance, native
from trialwright.compute.functions import pointer
from trialwright.simulate.formula import Codes
from trialwright.simulate.tape_code import Tape, written
from trialwright.simulate.tape_writer import Given, Node, NoTape, Recipe, Writer

__all__ = ["FEWEST", "MISSING", "Tapes", "played", "steps_as_kept"]

REAL, WHOLE, TRUTH, SHORT = range(4)
TYPES = {"f": np.float64, "i": np.int64, "b": np.bool_, "c": np.int64, "s": np.int32}
MOST_STEPS = 2**31 - 1
MISSING = -(2**31)
"""What stands among the steps of a grid for a number that is missing."""
FEWEST = 256
"""Fewer values are left to NumPy: writing a tape would take longer."""
MOST_TAPES = 16
"""Tapes that a table remembers."""
UNKNOWN: Any = object()

Tapes = dict[Any, Tape | None]
"""The tapes of a table by what they depend on; None where there can be none."""


def played(
    recipes: Mapping[str, Recipe],
    inputs: Iterable[str],
    kept: frozenset[str] | None,
    in_steps: frozenset[str],
    environment: Mapping[str, Any],
    address: Any,
    visits: tuple[str, ...],
    tapes: Tapes,
) -> dict[str, Any] | None:
    """The variables that are kept (None: all) and the steps of those that are wanted in steps, computed by the library;
    None where NumPy has to.

    `inputs` are the names from outside that the recipes speak of, `address` is a `variables.Address`. Arrays come back
    in the shape (participants, places), or (participants, 1) and (1, places) where they are the same along an axis.
    """
    library = native.library()
    people, places = address.trial.shape[0], address.place.shape[1]
    own_places = address.place.shape[0] > 1
    if library is None or people * places < FEWEST or people < 2 or (own_places and places > 1):
        return None
    try:
        known = {name: given(environment[name], people) for name in _sources(inputs, environment)}
    except NoTape:
        return None
    mark = (places, own_places, tuple((name, one.mark) for name, one in known.items()))
    tape = tapes.get(mark, UNKNOWN)
    if tape is UNKNOWN:
        if len(tapes) >= MOST_TAPES:
            tapes.clear()
        tape = tapes[mark] = _written(Writer(known, visits, places, own_places), recipes, kept, in_steps)
    return None if tape is None else _run(library, tape, environment, address)


def _sources(inputs: Iterable[str], environment: Mapping[str, Any]) -> list[str]:
    """The names, and those of the whole tables of visits that a log may ask for one visit of."""
    return [source for name in inputs for source in (name, "@" + name) if source in environment]


def _written(
    writer: Writer, recipes: Mapping[str, Recipe], kept: frozenset[str] | None, in_steps: frozenset[str]
) -> Tape | None:
    try:
        return written(writer, recipes, kept, in_steps)
    except (NoTape, TypeError, ValueError, ArithmeticError, RuntimeWarning):
        # Whatever is wrong, NumPy will say it in its own way.
        return None


def given(value: Any, people: int) -> Given:
    """What a name from outside is; everything that is the same for all participants is a constant."""
    names: tuple[str, ...] = ()
    if isinstance(value, Codes):
        value, names = value.index, value.names
    array = np.asarray(value)
    kind = "c" if names else array.dtype.kind
    if kind not in TYPES or array.dtype.itemsize != np.dtype(TYPES[kind]).itemsize:
        raise NoTape(f"values of {array.dtype}")
    if array.ndim == 0:
        return Given(kind, 0, value, names)
    if array.ndim != 2 or array.shape[0] not in (1, people) or not array.shape[1]:
        raise NoTape(f"an array of shape {array.shape}")
    if array.shape[0] == 1 or array.strides[0] == 0:
        return Given(kind, array.shape[1], np.ascontiguousarray(array[:1]), names)
    return Given(kind, array.shape[1], None, names, alike=array.strides[1] == 0)


# ------------------------------------------------------------------ playing


class TapeArray(ctypes.Structure):
    """`TapeArray` of kernel/tape.cpp."""

    _fields_ = (
        ("at", ctypes.c_void_p),
        ("by_person", ctypes.c_int64),
        ("by_place", ctypes.c_int64),
        ("kind", ctypes.c_int64),
    )


class TapeTask(ctypes.Structure):
    """`TapeTask` of kernel/tape.cpp."""

    _fields_ = (
        ("code", ctypes.c_void_p),
        ("lines", ctypes.c_int64),
        ("constants", ctypes.c_void_p),
        ("keys", ctypes.c_void_p),
        ("inputs", ctypes.POINTER(TapeArray)),
        ("outputs", ctypes.POINTER(TapeArray)),
        ("trial", ctypes.c_void_p),
        ("trial_by", ctypes.c_int64),
        ("slot", ctypes.c_void_p),
        ("slot_by", ctypes.c_int64),
        ("places_at", ctypes.c_void_p),
        ("place_by", ctypes.c_int64),
        ("people", ctypes.c_int64),
        ("width", ctypes.c_int64),
        ("registers", ctypes.c_int64),
    )


def _run(library: ctypes.CDLL, tape: Tape, environment: Mapping[str, Any], address: Any) -> dict[str, Any]:
    people, places = address.trial.shape[0], address.place.shape[1]
    words = chance.address_words(address.trial, address.slot, address.place)
    trial, slot, place = (np.ascontiguousarray(word) for word in words)
    keys = np.array([chance.key(address.seed, draw) for draw in tape.draws], dtype=np.uint64).reshape(-1, 2)
    loaded = [_array(environment[name]) for name in tape.inputs]
    stored = _room(tape, people, places)
    task = TapeTask(
        code=pointer(tape.code),
        lines=len(tape.code),
        constants=pointer(tape.constants),
        keys=pointer(keys),
        inputs=_arrays([(one, one.strides[0], one.strides[1]) for one in loaded]),
        outputs=_arrays([(one, one.strides[1], one.strides[0]) for one in stored]),
        trial=pointer(trial),
        trial_by=trial.strides[0] // 8 if len(trial) > 1 else 0,
        slot=pointer(slot),
        slot_by=slot.strides[0] // 8 if len(slot) > 1 else 0,
        places_at=pointer(place),
        place_by=place.strides[0] // 8 if len(place) > 1 else 0,
        people=people,
        width=tape.width,
        registers=tape.registers,
    )
    if library.tw_tape(ctypes.byref(task)):
        raise MemoryError("there is no memory for the registers of a tape")
    made = {name: _value(node, _constant(node)) for name, node in tape.made}
    made |= {name: _value(node, array.T) for (name, node), array in zip(tape.outputs, stored, strict=True)}
    return made


def _room(tape: Tape, people: int, places: int) -> list[NDArray[Any]]:
    """Arrays for what is stored, place after place, cut out of one piece of memory: the system then hands the same
    piece out again and again, where it would have to empty new pages for many."""
    rows = [places if node.several and node.place is None else 1 for _, node in tape.outputs]
    types = [np.dtype(TYPES[node.kind]) for _, node in tape.outputs]
    sizes = [row * people * kind.itemsize for row, kind in zip(rows, types, strict=True)]
    ends = np.cumsum([(size + 63) // 64 * 64 for size in sizes], dtype=np.int64).tolist()
    memory = np.empty(ends[-1] if ends else 0, dtype=np.uint8)
    return [
        memory[start : start + size].view(kind).reshape(row, people)
        for start, size, kind, row in zip([0, *ends], sizes, types, rows, strict=False)
    ]


def _constant(node: Node) -> NDArray[Any]:
    value = np.reshape(node.value, (1, -1))
    return steps_as_kept(value) if node.kind == "s" else value


def steps_as_kept(steps: NDArray[Any]) -> NDArray[np.int32]:
    """Steps of a grid as they are kept: whole numbers of 32 bits, `MISSING` for nan."""
    bound = np.clip(steps, -MOST_STEPS, MOST_STEPS)
    return np.where(np.isnan(bound), MISSING, bound).astype(np.int32)


def _value(node: Node, array: NDArray[Any]) -> Any:
    return Codes(array, node.names) if node.names else array


def _array(value: Any) -> NDArray[Any]:
    return np.asarray(value.index if isinstance(value, Codes) else value)


def _arrays(arrays: list[tuple[NDArray[Any], int, int]]) -> Any:
    kinds = {
        np.dtype(np.float64): REAL,
        np.dtype(np.int64): WHOLE,
        np.dtype(np.bool_): TRUTH,
        np.dtype(np.int32): SHORT,
    }
    rows = [TapeArray(one.ctypes.data, person, place, kinds[one.dtype]) for one, person, place in arrays]
    return (TapeArray * max(1, len(rows)))(*rows)
