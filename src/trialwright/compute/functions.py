"""Exponential, logarithm, normal quantile and normal distribution from exactly rounded operations alone.

IEEE 754 fixes the result of + - * / and sqrt to the last bit, but not that of exp or log: those differ between
mathematical libraries, and inside NumPy between processors. What is imagined has to be the same everywhere, so these
functions use nothing but exactly rounded operations, comparisons and whole-number work on the bits, in a fixed order.
`kernel/functions.h` is the same in lanes; a property test proves every bit equal. What this costs in accuracy is
little; the largest errors found against 50 digits (tests/unit/compute/test_functions.py) are

    exp, log           0.83 and 0.73 units in the last place
    log1p              1.2 units
    normal_quantile    7e-16 relative (4.9 units)
    normal_below       8e-16 relative, while the result is above 1e-300

Arguments are anything that NumPy makes an array of floats; results have its shape. Where the mathematical function has
no finite value the results are those of NumPy (nan, inf, -inf), without a warning.

Sources: the reduction of exp by two parts of ln 2 is that of Cody and Waite (Software manual for the elementary
functions, 1980); log(m) = 2 artanh((m - 1) / (m + 1)) and the tail through Mills' ratio are textbook identities; their
polynomials were fitted by the exchange algorithm of Remez in 50 digits. The rational functions of the normal quantile
are figures of M. J. Wichura: Algorithm AS 241, Applied Statistics 37 (1988) 477-484, PPND16.
"""

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialwright.compute import native

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

LN2_HIGH = 0.6931471805598903
"""ln 2 cut to 42 bits, so that its product with a power's exponent is exact."""
LN2_LOW = 5.497923018708371e-14
PER_LN2 = 1.4426950408889634
ROUNDER = 6755399441055744.0
"""1.5 * 2^52: adding it rounds to a whole number, which then stands in the lowest bits."""
LEAST, MOST = -746.0, 710.0
"""Below the one exp is 0, above the other it is infinite."""

# (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2; error 2^-57.9 of exp(r).
EXP = (
    0.5000000000000011, 0.16666666666666413, 0.041666666666530155, 0.00833333333349447, 0.0013888888943630361,
    0.00019841269506555356, 2.4801493098733352e-05, 2.755758639674158e-06, 2.763024842243285e-07,
    2.5000053878886233e-08,
)  # fmt: skip
# (2 artanh(s) - 2 s) / s^3 in s^2, for s = f / (2 + f), sqrt(1/2) <= 1 + f < sqrt(2); error 2^-58.5 of 2 s.
LOG = (
    0.6666666666666734, 0.3999999999941397, 0.2857142874256125, 0.2222219855385907, 0.18183565403799656,
    0.15314021199468822, 0.14796260448584733,
)  # fmt: skip
HALF_ROOT_BITS = 0x3FE6A09E667F3BCD
"""The bits of sqrt(1/2): where the reduced argument of log begins."""
ONE_BITS = 0x3FF0000000000000

# AS 241, numerators and denominators: near the middle, in the tails, far out.
MIDDLE = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
     3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
TAIL = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
     1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
FAR = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
     1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
)  # fmt: skip
# (a + 4) * Mills' ratio of a in t = (a - 4) / (a + 4), over sqrt(2 pi), for 0 <= a <= 39; relative error 2^-53.9.
MILLS = (
    0.7552851304157515, -0.6078966419718921, 0.38713740074221475, -0.18652185795965726, 0.060396574890923246,
    -0.007540188966734709, -0.003479692367092912, 0.001630818457850098, 0.0001333443089451715,
    -0.0002310949388170753, -1.908235413655609e-06, 3.5144713905431517e-05, 7.165721582273335e-07,
    -5.920302082849827e-06, -6.294571084689248e-07, 1.0219302868914948e-06, 2.71437785999897e-07,
    -1.5566442217015408e-07, -8.511656985255184e-08, 1.408325233362358e-08, 1.9583463219888505e-08,
    1.4003249698287027e-09, -2.633288034900942e-09, -5.823309801721471e-10, 5.79133879485117e-11,
)  # fmt: skip
FARTHEST = 39.0
"""Where the normal tail has left the numbers."""


# ------------------------------------------------------------------ what is called


def exp(x: ArrayLike) -> Any:
    """The exponential of x."""
    return _applied("exp", exp_reference, x)


def log(x: ArrayLike) -> Any:
    """The natural logarithm of x; -inf at 0, nan below."""
    return _applied("log", log_reference, x)


def log1p(x: ArrayLike) -> Any:
    """The natural logarithm of 1 + x, exact for small x too."""
    return _applied("log1p", log1p_reference, x)


def normal_quantile(u: ArrayLike) -> Any:
    """The value below which a standard normal variable falls with probability u; nan outside [0, 1]."""
    return _applied("normal_quantile", normal_quantile_reference, u)


def normal_below(z: ArrayLike) -> Any:
    """The probability that a standard normal variable falls below z."""
    return _applied("normal_below", normal_below_reference, z)


KERNELS = ("exp", "log", "log1p", "normal_quantile", "normal_below")
"""The functions by their number in the library."""
FEWEST = 64
"""Below so many values the reference is as fast as the way to the library."""


def _applied(name: str, reference: Callable[[Floats], Floats], x: ArrayLike) -> Any:
    values = np.asarray(x, dtype=np.float64)
    library = native.library() if values.size >= FEWEST else None
    if library is None:
        flat = values.reshape(-1)
        return reference(flat).reshape(values.shape)[()]
    flat = np.ascontiguousarray(values)
    out = np.empty(values.shape)
    library.tw_function(
        ctypes.c_int(KERNELS.index(name)),
        pointer(flat),
        pointer(out),
        ctypes.c_int64(flat.size),
    )
    return out


def pointer(array: NDArray[Any]) -> ctypes.c_void_p:
    """Where the array begins; the caller keeps the array alive."""
    return ctypes.c_void_p(array.ctypes.data)


# ------------------------------------------------------------------ the specification, on arrays of one axis


def exp_reference(x: Floats) -> Floats:
    """exp(k ln 2 + r) = 2^k (1 + r + r^2 p(r)); the rounding error of r is carried along."""
    with np.errstate(all="ignore"):
        bound = np.where(x < LEAST, LEAST, np.where(x > MOST, MOST, x))
        power = (bound * PER_LN2 + ROUNDER) - ROUNDER
        high = bound - power * LN2_HIGH
        low = power * LN2_LOW
        r = high - low
        lost = (high - r) - low
        value = 1.0 + (r + ((r * r) * _polynomial(EXP, r) + lost))
        half = power * 0.5 + ROUNDER
        rest = (power - (half - ROUNDER)) + ROUNDER
        return np.where(x == x, (value * _power_of_two(half)) * _power_of_two(rest), x)


def _power_of_two(rounded: Floats) -> Floats:
    """2 to the whole number that stands in the lowest bits of a sum with `ROUNDER`."""
    return ((rounded.view(np.uint64) + np.uint64(1023)) << np.uint64(52)).view(np.float64)


def log_reference(x: Floats) -> Floats:
    """log(2^k (1 + f)) = k ln 2 + f - (f^2 / 2 - s (f^2 / 2 + s^2 p(s^2))), with s = f / (2 + f)."""
    with np.errstate(all="ignore"):
        small = x < 2.0**-1022
        bits = np.where(small, x * 2.0**54, x).view(np.uint64)
        shifted = bits + np.uint64(ONE_BITS - HALF_ROOT_BITS)
        power = _whole(shifted >> np.uint64(52)) - np.where(small, 1077.0, 1023.0)
        reduced = (shifted & np.uint64(2**52 - 1)) + np.uint64(HALF_ROOT_BITS)
        f = reduced.view(np.float64) - 1.0
        s = f / (2.0 + f)
        z = s * s
        half = 0.5 * f * f
        inner = s * (half + z * _polynomial(LOG, z)) + power * LN2_LOW
        value = power * LN2_HIGH - ((half - inner) - f)
        value = np.where(x == np.inf, x, value)
        value = np.where(x == 0, -np.inf, value)
        return np.where(x < 0, np.nan, np.where(x == x, value, x))


def _whole(words: Words) -> Floats:
    """Whole numbers below 2^52 as floats, by their bits."""
    return (words | np.uint64(0x4330000000000000)).view(np.float64) - 2.0**52


def log1p_reference(x: Floats) -> Floats:
    """log(u) + (x - (u - 1)) / u with u = 1 + x rounded: the second part is what the rounding lost."""
    with np.errstate(all="ignore"):
        u = 1.0 + x
        lost = (x - (u - 1.0)) / u
        exact = np.where((u == np.inf) | (u <= 0), 0.0, lost)
        return np.where(u == 1.0, x, log_reference(u) + exact)


def normal_quantile_reference(u: Floats) -> Floats:
    """AS 241: odd about one half; in the tails a function of sqrt(-log(the smaller side))."""
    with np.errstate(all="ignore"):
        q = u - 0.5
        w = 0.180625 - q * q
        middle = (q * _polynomial(MIDDLE[0], w)) / _polynomial(MIDDLE[1], w)
        tail = np.flatnonzero(~(np.abs(q) <= 0.425))
        middle[tail] = _tail(u[tail], q[tail])
        return middle


def _tail(u: Floats, q: Floats) -> Floats:
    side = np.where(q < 0, u, 1.0 - u)
    r = np.sqrt(-log_reference(side))
    near, far = r - 1.6, r - 5.0
    value = np.where(
        r <= 5.0,
        _polynomial(TAIL[0], near) / _polynomial(TAIL[1], near),
        _polynomial(FAR[0], far) / _polynomial(FAR[1], far),
    )
    value = np.where(side == 0, np.inf, value)
    return np.where(q < 0, -value, value)


def normal_below_reference(z: Floats) -> Floats:
    """The tail beyond |z| is exp(-z^2 / 2) times Mills' ratio; z is split so that its square loses nothing."""
    with np.errstate(all="ignore"):
        size = np.abs(z)
        a = np.where(size > FARTHEST, FARTHEST, size)
        coarse = (a * 16.0 + ROUNDER - ROUNDER) * 0.0625
        fine = (a - coarse) * (a + coarse)
        fall = exp_reference(coarse * coarse * -0.5) * exp_reference(fine * -0.5)
        tail = fall * (_polynomial(MILLS, (a - 4.0) / (a + 4.0)) / (a + 4.0))
        return np.where(z > 0, 1.0 - tail, np.where(z == z, tail, z))


def _polynomial(coefficients: Sequence[float], x: Floats) -> Floats:
    """By Horner's rule, from the highest power down: the order is part of the specification."""
    value = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value *= x
        value += coefficient
    return value
