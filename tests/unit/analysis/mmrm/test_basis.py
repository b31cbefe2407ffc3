"""What is said of a model depends on no unit, no origin and no coding of its columns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.analysis.mmrm import Mmrm, mmrm
from trialwright.analysis.mmrm.basis import basis, orthonormal
from trialwright.analysis.mmrm.inference import inference
from trialwright.analysis.mmrm.records import Floats

N, M = 30, 4
KINDS = (
    ("kenward-roger-linear", "model"),
    ("kenward-roger", "model"),
    ("satterthwaite", "model"),
    ("satterthwaite", "empirical"),
    ("satterthwaite", "empirical-bias-reduced"),
    ("between-within", "empirical-jackknife"),
    ("residual", "model"),
)


def trial(
    seed: int, origin: float = 0.0, unit: float = 1.0, arms: tuple[str, str] = ("P", "A")
) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(seed)
    base = chance.normal(size=N)
    arm = np.arange(N) % 2
    y = base[:, None] + arm[:, None] * np.arange(M) + chance.normal(size=(N, 1)) + chance.normal(size=(N, M))
    y[chance.uniform(size=(N, M)) < 0.15] = np.nan
    return {
        "y": y.ravel(),
        "id": np.repeat(np.arange(N), M),
        "visit": np.tile(np.arange(1, M + 1), N),
        "arm": np.repeat(np.array(arms)[arm], M),
        "base": np.repeat(origin + unit * base, M),
    }


def fit(table: dict[str, np.ndarray], formula: str, kind: tuple[str, str], covariance: str, engine: str | None) -> Mmrm:
    return mmrm(
        formula, table, participant="id", visit="visit", arm="arm", reference="P",
        covariance=covariance, df=kind[0], variance=kind[1], engine=engine,
    )  # fmt: skip


def said(made: Mmrm) -> Floats:
    """All that has no unit of the covariate."""
    of, tests = made.contrasts, made.tests
    shared = ("base", "base:visit", "arm:visit")
    joint = [tests[name] for name in shared if name in tests]
    slope = made.coefficients.at(coefficient="base")
    return np.concatenate(
        [
            *(getattr(made.means, name) for name in ("estimate", "se", "df")),
            *(getattr(of, name) for name in ("estimate", "se", "df", "p")),
            [one.F for one in joint],
            [one.df2 for one in joint],
            [slope["t"], slope["df"]],
        ]
    )


@pytest.mark.parametrize(("covariance", "engine"), [("us", None), ("us", "reference"), ("ar1h", None), ("cs", None)])
@given(
    seed=st.integers(0, 1000),
    far=st.sampled_from([0.0, 30.0, 1e3, -1e5, 1e6]),
    power=st.integers(-9, 9),
    kind=st.sampled_from(KINDS),
)
@settings(max_examples=12, deadline=None)
def test_inference_does_not_depend_on_unit_and_origin_of_a_covariate(
    covariance: str, engine: str | None, seed: int, far: float, power: int, kind: tuple[str, str]
) -> None:
    unit = 10.0**power
    formula = "y ~ base + arm*visit"
    here = fit(trial(seed), formula, kind, covariance, engine)
    there = fit(trial(seed, far * unit, unit), formula, kind, covariance, engine)
    # A covariate a million standard deviations from zero has itself only ten digits of its own.
    assert said(there) == pytest.approx(said(here), rel=1e-11 * max(abs(far), 100.0), abs=1e-12 * max(abs(far), 100.0))
    se = there.coefficients.at(coefficient="base")["se"] * unit
    assert se == pytest.approx(here.coefficients.at(coefficient="base")["se"], rel=1e-11 * max(abs(far), 100.0))


@pytest.mark.parametrize("kind", KINDS)
def test_inference_does_not_depend_on_the_coding_of_the_design(kind: tuple[str, str]) -> None:
    table = trial(3, 2e5)
    usual = fit(table, "y ~ base + arm*visit", kind, "ar1h", None)
    cells = fit(table, "y ~ 0 + arm:visit + base", kind, "ar1h", None)
    for name in ("estimate", "se", "df", "lower", "upper"):
        if name != "estimate" and kind[0] == "between-within":
            continue  # the method counts columns, and so depends on how they are coded
        assert getattr(cells.contrasts, name) == pytest.approx(getattr(usual.contrasts, name), rel=1e-8, abs=1e-9)
        assert getattr(cells.means, name) == pytest.approx(getattr(usual.means, name), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("df", ["kenward-roger", "satterthwaite"])
def test_orthonormal_columns_say_the_same_as_those_of_the_fit(df: str) -> None:
    made = fit(trial(5), "y ~ base + arm*visit", (df, "model"), "csh", None)
    assert basis(made.fit).triangle is None
    turned = orthonormal(made.fit)
    assert turned.triangle is not None
    inside = inference(turned.fit, df)
    rows = np.eye(made.fit.beta.size)
    ours, theirs = made.inference.contrast(rows), inside.contrast(turned.rows(rows))
    for name in ("estimate", "se", "df", "p"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-9)
    assert turned.covariance(inside.covariance) == pytest.approx(made.inference.covariance, rel=1e-9, abs=1e-12)
