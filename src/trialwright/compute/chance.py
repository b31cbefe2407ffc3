"""Addressed chance: a draw is a function of where it belongs, not of how many draws came before it.

    value = quantile(uniform(seed, variable, trial, slot, visit))

Because nothing is consumed, the numbers are the same whatever the order, the chunking or the number of workers; trial k
of a million can be replayed alone, and one participant of it can be drawn again under the other arm.

The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC'11): a keyed
bijection of a 128-bit counter. The key comes from the seed and the name of the variable (SHA-256, first 64 bits), the
counter is the address: visit, slot, and the trial as two words. `uniform_reference` is the same in plain Python
integers; a property test proves the two equal.

Resolution: 52 bits of the cipher's output k give u = (2k + 1) / 2^53. So u is an odd multiple of 2^-53: never 0, never
1, exactly representable with 53 bits, and symmetrical about one half. The extreme normal draws are -8.2 and +8.2.
"""

import ctypes
import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialwright.compute import functions, native
from trialwright.compute.functions import pointer

Floats = NDArray[np.float64]
Words = tuple[Any, Any, Any, Any]

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
WORD = 0xFFFFFFFF
BLOCK = 8192
"""Values per pass: the handful of 64-bit work arrays of a pass stays in the second-level cache."""
FEWEST = 64
"""Fewer addresses are drawn by the reference: the way to the library costs more."""
MOST_AXES = 8


# ------------------------------------------------------------------ the cipher


@lru_cache(maxsize=4096)
def key(seed: int, variable: str) -> tuple[int, int]:
    """The two 32-bit key words of a variable under a seed (any non-negative integer)."""
    if seed < 0:
        raise ValueError(f"the seed {seed} is negative; give a whole number from 0")
    digest = hashlib.sha256(f"trialwright chance 1|{seed}|{variable}".encode()).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")


def philox_reference(counter: tuple[int, int, int, int], keys: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 of one counter, in plain integers: the specification of `philox`."""
    c0, c1, c2, c3 = counter
    k0, k1 = keys
    for _ in range(ROUNDS):
        first, second = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1, c2, c3 = (second >> 32) ^ c1 ^ k0, second & WORD, (first >> 32) ^ c3 ^ k1, first & WORD
        k0, k1 = (k0 + WEYL[0]) & WORD, (k1 + WEYL[1]) & WORD
    return c0, c1, c2, c3


def philox(counter: Words, keys: tuple[Any, Any]) -> Words:
    """Philox4x32-10 of arrays of counters: four arrays of uint64, each value below 2^32, that broadcast together, with
    the two key words."""
    c0, c1, c2, c3, k0, k1 = (np.asarray(word, dtype=np.uint64) for word in (*counter, *keys))
    m0, m1, w0, w1, mask, half = (np.uint64(value) for value in (*MULTIPLIERS, *WEYL, WORD, 32))
    for _ in range(ROUNDS):
        first, second = c0 * m0, c2 * m1
        c0 = (second >> half) ^ c1 ^ k0
        c2 = (first >> half) ^ c3 ^ k1
        c1, c3 = second & mask, first & mask
        k0, k1 = (k0 + w0) & mask, (k1 + w1) & mask
    return c0, c1, c2, c3


# ------------------------------------------------------------------ uniform draws


def uniform(seed: int, variable: str, trial: ArrayLike, slot: ArrayLike, visit: ArrayLike) -> Floats:
    """Addressed uniform draws in (0, 1).

    `trial` (below 2^64), `slot` and `visit` (below 2^32) are whole numbers that broadcast together; the result has
    their common shape. Draws at different addresses, and of different variables, are independent. Resolution: odd
    multiples of 2^-53.
    """
    return np.asarray(uniforms(seed, (variable,), trial, slot, visit)[0])


def uniforms(seed: int, variables: Sequence[str], trial: ArrayLike, slot: ArrayLike, visit: ArrayLike) -> Floats:
    """`uniform` of several variables at the same addresses, on a first axis: the same numbers, made together."""
    trials, slots, visits = address_words(trial, slot, visit)
    keys = np.array([key(seed, variable) for variable in variables], dtype=np.uint64).reshape(-1, 2)
    shape = np.broadcast_shapes(trials.shape, slots.shape, visits.shape)
    if math.prod(shape) >= FEWEST and len(shape) <= MOST_AXES and (library := native.library()) is not None:
        return _uniforms_of(library, keys, np.broadcast_arrays(trials, slots, visits))
    return uniforms_reference(keys, trials, slots, visits)


def _uniforms_of(library: ctypes.CDLL, keys: NDArray[np.uint64], words: Sequence[NDArray[np.uint64]]) -> Floats:
    shape = words[0].shape
    draws = np.empty((len(keys), *shape))
    sizes = np.array(shape, dtype=np.int64)
    strides = np.array([[stride // 8 for stride in word.strides] for word in words], dtype=np.int64)
    library.tw_uniforms(
        pointer(keys),
        ctypes.c_int64(len(keys)),
        ctypes.c_int(len(shape)),
        pointer(sizes),
        (ctypes.c_void_p * 3)(*(word.ctypes.data for word in words)),
        pointer(strides),
        pointer(draws),
    )
    return draws


def uniforms_reference(
    keys: NDArray[np.uint64], trials: NDArray[np.uint64], slots: NDArray[np.uint64], visits: NDArray[np.uint64]
) -> Floats:
    """The draws of variables by their keys, shape (v, 2), at addresses that broadcast together: the specification of
    the kernel's."""
    shape = np.broadcast_shapes(trials.shape, slots.shape, visits.shape)
    words = [visits, slots, trials & np.uint64(WORD), trials >> np.uint64(32)]
    flat = [np.broadcast_to(word, shape).reshape(-1) if word.size > 1 else word.reshape(-1) for word in words]
    count = math.prod(shape)
    draws = np.empty((len(keys), count))
    width = max(1, BLOCK // max(1, len(keys)))
    for start in range(0, count, width):
        part = slice(start, start + width)
        c0, c1, c2, c3 = (word[part] if word.size > 1 else word for word in flat)
        high, low, _, _ = philox((c0, c1, c2, c3), (keys[:, :1], keys[:, 1:]))
        draws[:, part] = _fraction(high, low)
    return draws.reshape(len(keys), *shape)


def address_words(trial: ArrayLike, slot: ArrayLike, visit: ArrayLike) -> tuple[NDArray[np.uint64], ...]:
    """The three parts of an address as the cipher takes them. Raises `TypeError` or `ValueError` for what is none."""
    trials, slots, visits = (_address(value) for value in (trial, slot, visit))
    if (slots.size and slots.max() > WORD) or (visits.size and visits.max() > WORD):
        raise ValueError("a slot or visit number is above 2^32 - 1")
    return trials, slots, visits


def _address(value: ArrayLike) -> NDArray[np.uint64]:
    array = np.asarray(value)
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"an address is a whole number, not {array.dtype}")
    if array.dtype.kind == "i" and array.size and array.min() < 0:
        raise ValueError("an address is a whole number from 0")
    return array.astype(np.uint64)


def _fraction(high: Any, low: Any) -> Any:
    """The 52 leading bits of two words as an odd multiple of 2^-53."""
    bits = (high << np.uint64(20)) | (low >> np.uint64(12))
    return (bits.astype(np.float64) + 0.5) * 2.0**-52


def uniform_reference(seed: int, variable: str, trial: int, slot: int, visit: int) -> float:
    """One addressed uniform draw in plain Python: the specification of `uniform`."""
    high, low, _, _ = philox_reference((visit, slot, trial & WORD, trial >> 32), key(seed, variable))
    return (2 * ((high << 20) | (low >> 12)) + 1) / 2**53


def octets(seed: int, variable: str, trial: int, slot: int, first: int, count: int) -> bytes:
    """16 addressed bytes for each of the visits `first`, `first + 1`, ...: the cipher's whole output, for salts."""
    visits = np.arange(first, first + count, dtype=np.uint64)
    words = philox((visits, slot, trial & WORD, trial >> 32), key(seed, variable))
    return np.stack(words, axis=-1).astype("<u4").tobytes()


# ------------------------------------------------------------------ quantiles


def normal(u: ArrayLike, mean: ArrayLike = 0.0, sd: ArrayLike = 1.0) -> Floats:
    """The normal quantile of u."""
    return np.asarray(mean + np.asarray(sd) * functions.normal_quantile(u))


def lognormal(u: ArrayLike, median: ArrayLike, sigma: ArrayLike) -> Floats:
    """The lognormal quantile of u; `sigma` is the standard deviation of the natural logarithm."""
    return np.asarray(np.asarray(median) * functions.exp(np.asarray(sigma) * functions.normal_quantile(u)))


def bernoulli(u: ArrayLike, chance: ArrayLike) -> NDArray[np.bool_]:
    """Whether an event of this chance happens."""
    return np.asarray(np.asarray(u) < chance)


def categorical(u: ArrayLike, weights: ArrayLike) -> NDArray[np.int64]:
    """The index of a category: `weights` (not necessarily of sum 1) in a fixed order."""
    weight = np.asarray(weights, dtype=np.float64)
    if weight.ndim != 1 or not weight.size or (weight < 0).any() or not weight.sum() > 0:
        raise ValueError("the weights of categories are numbers from 0, not all 0")
    sums = np.cumsum(weight)
    edges = sums / sums[-1]
    # The last category with weight takes what rounding leaves above the edges.
    return np.minimum(np.searchsorted(edges, u, side="right"), np.flatnonzero(weight)[-1])


def exponential(u: ArrayLike, mean: ArrayLike) -> Floats:
    """The exponential quantile of u."""
    return np.asarray(-np.asarray(mean) * functions.log1p(-np.asarray(u)))


def between(u: ArrayLike, low: ArrayLike, high: ArrayLike) -> Floats:
    """The quantile of the uniform distribution on (low, high)."""
    return np.asarray(low + (np.asarray(high) - low) * np.asarray(u))


def integer(u: ArrayLike, low: ArrayLike, high: ArrayLike) -> NDArray[np.int64]:
    """A whole number from low to high, both included, equally likely."""
    width = np.asarray(high) - np.asarray(low) + 1
    return np.asarray(low + np.minimum(np.floor(np.asarray(u) * width), width - 1)).astype(np.int64)
