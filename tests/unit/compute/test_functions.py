"""exp, log and the normal functions: the same bits everywhere, near the truth, NumPy's answers at the edges."""

import math
from collections.abc import Iterator
from ctypes import CDLL
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import special

from trialwright.compute import functions, native

EDGES = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 2.0**-1022, 1e308, -1e308, 2.0),
    *(2.0**-53, 1 - 2.0**-53, 0.075, 0.925, 1.4e-11, math.sqrt(0.5), math.nextafter(math.sqrt(0.5), 0), math.sqrt(2)),
    *(709.782712893384, 709.782712893385, -708.4, -745.13, -745.14, -746.0, 710.0, 38.5, -38.5, -39.0, -1e-9),
]


@pytest.fixture(params=native.WIDTHS)
def width(request: pytest.FixtureRequest, kernel: CDLL) -> Iterator[str]:
    """Every width of the library that this machine has."""
    before = native.width() or ""
    if kernel.tw_width(request.param.encode()) < 0:
        pytest.skip(f"this machine has no {request.param}")
    yield request.param
    kernel.tw_width(before.encode())


def points(name: str, count: int, seed: int = 1) -> np.ndarray:
    """Arguments from the whole domain of a function, and where it matters most."""
    chance = np.random.default_rng(seed)
    return {
        "exp": np.r_[chance.uniform(-2, 2, count), chance.uniform(-750, 712, count)],
        "log": np.r_[chance.uniform(0.4, 2.5, count), 10 ** chance.uniform(-300, 300, count)],
        "log1p": np.r_[chance.uniform(-0.999, 2, count), 10 ** chance.uniform(-20, 0, count)],
        "normal_quantile": np.r_[chance.uniform(size=count), 10 ** chance.uniform(-16, -1, count)],
        "normal_below": np.r_[chance.normal(0, 2, count), chance.uniform(-36, 8, count)],
    }[name]


@pytest.mark.parametrize("name", functions.KERNELS)
def test_the_library_gives_the_bits_of_the_reference(width: str, name: str) -> None:
    values = np.r_[points(name, 20_000), EDGES, np.random.default_rng(2).integers(0, 2**63, 4_000).view(np.float64)]
    for size in (functions.FEWEST, 511, 512, 513, values.size):
        part = values[-size:]
        reference = getattr(functions, f"{name}_reference")(part)
        given_back = getattr(functions, name)(part)
        same = (given_back.view(np.uint64) == reference.view(np.uint64)) | (np.isnan(given_back) & np.isnan(reference))
        assert same.all(), (width, part[~same])


@pytest.mark.parametrize("name", functions.KERNELS)
@given(values=arrays.arrays(np.float64, st.integers(1, 300), elements=st.floats(width=64)))
@settings(max_examples=30)
def test_a_value_does_not_depend_on_its_neighbours(name: str, values: np.ndarray) -> None:
    together = getattr(functions, name)(values)
    alone = [getattr(functions, name)(value) for value in values[:5]]
    assert np.array_equal(together[:5], alone, equal_nan=True)


@pytest.mark.parametrize("name", functions.KERNELS)
def test_the_edges_are_those_of_scipy_and_nothing_is_warned_of(name: str) -> None:
    peers = {"exp": np.exp, "log": np.log, "log1p": np.log1p}
    peer = peers.get(name, special.ndtri if name == "normal_quantile" else special.ndtr)
    with np.errstate(all="ignore"):
        wanted = peer(np.array(EDGES))
    found = getattr(functions, name)(np.array(EDGES))
    assert np.allclose(found, wanted, rtol=3e-15, atol=1e-300, equal_nan=True)
    assert np.array_equal(np.isfinite(found), np.isfinite(wanted))


def decimal_error(name: str, x: float, y: float) -> float:
    """The error of y in units of the last place of the truth, by 50 digits."""
    with localcontext() as context:
        context.prec = 50
        exact = {"exp": lambda d: d.exp(), "log": lambda d: d.ln(), "log1p": lambda d: (1 + d).ln()}[name](Decimal(x))
        return float(abs(Decimal(y) - exact) / Decimal(math.ulp(float(exact))))


@pytest.mark.parametrize(("name", "most"), [("exp", 0.9), ("log", 0.9), ("log1p", 1.6)])
def test_the_error_against_fifty_digits_is_small(name: str, most: float) -> None:
    values = points(name, 500, seed=3)
    values = values[(values > -700) & (values < 709)] if name == "exp" else values
    results = getattr(functions, name)(values)
    assert max(decimal_error(name, x, y) for x, y in zip(values.tolist(), results.tolist(), strict=True)) < most


def normal_below_exactly(z: float) -> Decimal:
    """The normal distribution by its series (Marsaglia 2004), to 40 digits and more in this range."""
    with localcontext() as context:
        context.prec = 130
        x = Decimal(z)
        term = total = x
        power = 1
        while abs(term) > Decimal(10) ** -110:
            power += 2
            term = term * x * x / power
            total += term
        pi = Decimal(
            "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798"
        )
        return Decimal("0.5") + total * (-x * x / 2).exp() / (2 * pi).sqrt()


def test_the_normal_functions_are_near_the_truth() -> None:
    chance = np.random.default_rng(7)
    z = np.r_[chance.normal(0, 1.5, 60), chance.uniform(-8, 8, 60)]
    below = functions.normal_below(z)
    assert max(abs(float(Decimal(p) / normal_below_exactly(x)) - 1) for x, p in zip(z, below, strict=True)) < 1e-15
    u = np.r_[chance.uniform(size=60), 10 ** chance.uniform(-15, -1, 60)]
    quantile = functions.normal_quantile(u)
    for probability, x in zip(u.tolist(), quantile.tolist(), strict=True):
        # One step of Newton in many digits is the distance to the truth.
        density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        away = float(normal_below_exactly(x) - Decimal(probability)) / density
        assert abs(away) <= 1e-15 * abs(x), probability


@given(st.integers(0, 2**52 - 1))
def test_the_quantile_is_odd_about_one_half(bits: int) -> None:
    u = (2 * bits + 1) / 2**53
    assert functions.normal_quantile(u) == -functions.normal_quantile(1 - u)


def test_shapes_are_kept() -> None:
    assert functions.exp(0.0) == 1.0
    assert functions.log(np.ones((2, 0))).shape == (2, 0)
    assert functions.exp(np.zeros((3, 50))[:, ::2]).shape == (3, 25)
    assert functions.normal_quantile(np.full((20, 30, 2), 0.5)).tolist() == np.zeros((20, 30, 2)).tolist()
