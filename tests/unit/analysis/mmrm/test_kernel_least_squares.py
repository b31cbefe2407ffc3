"""Batched analysis of covariance: the same numbers as the plain one, trial by trial."""

from ctypes import CDLL

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from trialwright.analysis.ancova import ancova
from trialwright.analysis.mmrm.block import Regressions, least_squares_block, least_squares_reference
from trialwright.analysis.mmrm.records import Floats

FIELDS = ("estimate", "se", "df", "variance")


def made(t: int, n: int = 48, seed: int = 1) -> tuple[Floats, Floats]:
    """Outcome (t, n) with missing values and the design (t, n, 4): 1, a stratum, base, arm."""
    chance = np.random.default_rng(seed)
    base, stratum = chance.normal(50.0, 9.0, (t, n)), chance.integers(0, 2, (t, n)).astype(float)
    arm = np.tile(np.arange(n) % 2.0, (t, 1))
    outcome = 20.0 + 0.6 * base + 3.0 * arm + chance.normal(0.0, 8.0, (t, n))
    outcome[chance.random((t, n)) < 0.08] = np.nan
    return outcome, np.stack([np.ones((t, n)), stratum, base, arm], axis=-1)


def same(one: Regressions, other: Regressions, order: Floats | slice = slice(None)) -> bool:
    return all(np.array_equal(getattr(one, f), getattr(other, f)[order], equal_nan=True) for f in ("status", *FIELDS))


def test_it_is_the_plain_analysis_of_covariance(kernel: CDLL) -> None:
    outcome, design = made(20)
    found, slow = least_squares_block(outcome, design), least_squares_reference(outcome, design)
    assert not found.status.any()
    for name in FIELDS:
        np.testing.assert_allclose(getattr(found, name), getattr(slow, name), rtol=1e-12)
    for trial in range(20):
        here = ~np.isnan(outcome[trial])
        stratum, base, arm = design[trial, here, 1:].T
        plain = ancova(outcome[trial, here], arm, {"base": base}, {"stratum": stratum}).effect
        assert found.estimate[trial] == pytest.approx(plain.estimate, rel=1e-12)
        assert found.se[trial] == pytest.approx(plain.se, rel=1e-12)
        assert found.df[trial] == plain.df
        assert found.p[trial] == pytest.approx(plain.p, rel=1e-11)


def test_one_design_may_serve_all_trials(kernel: CDLL) -> None:
    outcome, design = made(11)
    spread = np.broadcast_to(design[3], design.shape)
    assert same(least_squares_block(outcome, design[3]), least_squares_block(outcome, spread))


@settings(max_examples=10)
@given(some.integers(1, 20), some.randoms(use_true_random=False))
def test_neighbours_change_no_bit(kernel: CDLL, chunk: int, chance: object) -> None:
    outcome, design = made(21)
    whole = least_squares_block(outcome, design)
    order = np.array(chance.sample(range(21), 21))  # type: ignore[attr-defined]
    for begin in range(0, 21, chunk):
        here = order[begin : begin + chunk]
        assert same(least_squares_block(outcome[here], design[here], threads=2), whole, here)


def test_every_width_gives_the_same_bits(kernel: CDLL) -> None:
    outcome, design = made(13)
    found = []
    try:
        for width in (b"portable", b"avx2", b"avx512"):
            if kernel.tw_width(width) >= 0:
                found.append(least_squares_block(outcome, design))
    finally:
        kernel.tw_width(b"")
    assert all(same(found[0], other) for other in found[1:])


def test_refusals_are_those_of_the_reference(kernel: CDLL) -> None:
    outcome, design = made(6, n=16, seed=4)
    outcome[1] = np.nan
    design[2, :, 2] = design[2, :, 1]
    outcome[3] = design[3] @ np.array([1.0, 2.0, 3.0, 4.0])
    outcome[4, 0] = np.inf
    design[5, 0, 2] = np.nan
    fast, slow = least_squares_block(outcome, design), least_squares_reference(outcome, design)
    assert fast.status.tolist() == slow.status.tolist() == [0, 2, 3, 6, 1, 0]
    np.testing.assert_allclose(fast.estimate, slow.estimate, rtol=1e-10)
    assert np.isnan(fast.p[1:5]).all()


def test_arrays_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="wanted are"):
        least_squares_block(np.ones((2, 5)), np.ones((4, 2)))
