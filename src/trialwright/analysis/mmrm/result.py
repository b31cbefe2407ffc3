"""What a mixed model for repeated measures says: means, differences between arms, tests, and everything behind them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm import means
from trialwright.analysis.mmrm.frame import Frame
from trialwright.analysis.mmrm.inference import Contrasts, Inference, Joint
from trialwright.analysis.mmrm.means import Combination
from trialwright.analysis.mmrm.records import Fit

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]

FIGURES = ("estimate", "se", "df", "t", "p", "lower", "upper")


@dataclass(frozen=True)
class Estimates:
    """Estimates in rows: `labels` name each row (column -> one text per row), `values` hold an array per figure.

    `estimate`, `se`, `df`, `t`, `p` (two-sided), `lower` and `upper` are arrays of shape (c,) in the order of the rows;
    `shown` names those that mean something (a mean has no test against zero).
    """

    labels: Mapping[str, tuple[str, ...]]
    values: Contrasts
    shown: tuple[str, ...] = FIGURES

    def __len__(self) -> int:
        return self.values.estimate.size

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows())

    def __getattr__(self, name: str) -> Floats:
        if name in FIGURES:
            return getattr(self.values, name)
        raise AttributeError(name)

    def rows(self) -> list[dict[str, Any]]:
        """One mapping per row: its labels, then its figures."""
        columns = {**self.labels, **{name: getattr(self.values, name).tolist() for name in self.shown}}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def at(self, **wanted: Any) -> dict[str, Any]:
        """The one row with these labels: `contrasts.at(visit="W12")`. Raises `KeyError` unless exactly one has them."""
        found = [row for row in self.rows() if all(row.get(name) == str(value) for name, value in wanted.items())]
        if len(found) != 1:
            raise KeyError(f"{len(found)} rows have {', '.join(f'{name} = {value}' for name, value in wanted.items())}")
        return found[0]

    def table(self) -> "pl.DataFrame":
        """The rows as a polars frame."""
        import polars as pl

        return pl.DataFrame({**self.labels, **{name: getattr(self.values, name) for name in self.shown}})


@dataclass(frozen=True)
class Mmrm:
    """A fitted mixed model for repeated measures. Print it, or take:

    - `means`, `contrasts`: least-squares means by arm and visit; differences between arms by visit. `at`: where they
      hold;
    - `coefficients`, `tests` (type III F tests) and `untested`, `covariance` between the `visits` (m, m), or one for
      each group;
    - `loglik`, `deviance`, `aic`, `bic`, `iterations`, `engine`, `left_out`;
    - `estimate(...)` and `joint(...)` for contrasts of your own; `fit`, `inference` and `frame` for everything else;
    - `as_plain()` for JSON, `str()` for people, `.table()` of each set of estimates for polars.
    """

    frame: Frame
    fit: Fit
    inference: Inference
    level: float

    @property
    def visits(self) -> tuple[str, ...]:
        """The visits in order."""
        return self.frame.data.visits

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, the reference first; one empty text where the model has none."""
        return self.frame.arms

    @cached_property
    def _cells(self) -> Floats:
        return means.cells(self.frame)

    @cached_property
    def _both(self) -> tuple[Estimates, Estimates]:
        """Means and differences, from one look at the covariance."""
        frame, of = self.frame, self._cells
        rows = np.concatenate([of, means.differences(frame, of)]) if len(frame.arms) > 1 else of
        found, count = _contrasts(self, rows), len(of)
        arms, m = frame.arms, len(self.visits)
        named = {"arm": tuple(arm for arm in arms for _ in range(m)), "visit": self.visits * len(arms)}
        if frame.roles.arm is None:
            del named["arm"]
        compared = tuple(f"{arms[one]} - {arms[other]}" for one, other in means.pairs(arms))
        shown = ("estimate", "se", "df", "lower", "upper")
        return Estimates(named, _part(found, slice(None, count)), shown), Estimates(
            {"visit": tuple(visit for visit in self.visits for _ in compared), "contrast": compared * m},
            _part(found, slice(count, None)),
        )

    @property
    def means(self) -> Estimates:
        """The least-squares mean of each arm at each visit; see `at`."""
        return self._both[0]

    @property
    def contrasts(self) -> Estimates:
        """Every difference between two arms at every visit: the others minus the reference first."""
        return self._both[1]

    @cached_property
    def at(self) -> dict[str, float | dict[str, float]]:
        """Where the means hold: covariate -> its average, factor -> the weight of each level."""
        return means.held_at(self.frame)

    @cached_property
    def coefficients(self) -> Estimates:
        """The coefficients of the design, by treatment contrasts."""
        columns = self.frame.data.columns
        return Estimates({"coefficient": columns}, _contrasts(self, np.eye(len(columns))))

    @cached_property
    def _tested(self) -> tuple[dict[str, Joint], dict[str, str]]:
        tests, untested = {}, {}
        for name, rows in means.terms(self.frame).items():
            try:
                tests[name] = self.inference.joint(rows)
            except NotEstimable as refusal:
                untested[name] = str(refusal)
        return tests, untested

    @property
    def tests(self) -> dict[str, Joint]:
        """The type III F test of each term of the formula; see `means.terms`. Terms in `untested` have none."""
        return self._tested[0]

    @property
    def untested(self) -> dict[str, str]:
        """Why a term has no F test: too few participants to test all its rows at once."""
        return self._tested[1]

    @property
    def covariance(self) -> Floats | dict[str, Floats]:
        """The covariance matrix between the visits (m, m); by covariance group where there are several."""
        sigma, groups = self.fit.sigma, self.frame.data.groups
        return sigma[0] if len(groups) == 1 else dict(zip(groups, sigma, strict=True))

    def estimate(self, *wanted: Combination, **named: Combination) -> Estimates:
        """Contrasts of your own, each by itself.

            fit.estimate({("A", "W12"): 1, ("P", "W12"): -1})
            fit.estimate(average={("A", "W8"): 0.5, ("A", "W12"): 0.5, ("P", "W8"): -0.5, ("P", "W12"): -0.5})
            fit.estimate({"base": 10})

        A cell (arm, visit) is its least-squares mean, a text is a coefficient, an array has one number for each.
        """
        rows = {f"contrast {number}": one for number, one in enumerate(wanted, start=1)} | named
        matrix = np.array([means.combination(self.frame, one, self._cells) for one in rows.values()])
        return Estimates({"contrast": tuple(rows)}, _contrasts(self, matrix))

    def joint(self, *wanted: Combination) -> Joint:
        """The F test that all of these contrasts are zero at once."""
        return self.inference.joint([means.combination(self.frame, one, self._cells) for one in wanted])

    @property
    def loglik(self) -> float:
        """The (restricted) log-likelihood with all its constants; see `Fit`."""
        return self.fit.loglik

    @property
    def deviance(self) -> float:
        """-2 log-likelihood."""
        return -2.0 * self.fit.loglik

    @property
    def parameters(self) -> int:
        """What AIC and BIC count: the covariance parameters, and by ML the coefficients too, as SAS does."""
        return self.fit.theta.size + (self.fit.beta.size if self.fit.method == "ML" else 0)

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return self.deviance + 2.0 * self.parameters

    @property
    def bic(self) -> float:
        """The Bayesian criterion; the sample size is the number of participants, as in SAS and mmrm."""
        return self.deviance + float(np.log(len(self.frame.data.participants))) * self.parameters

    @property
    def iterations(self) -> int:
        """Steps to convergence."""
        return self.fit.iterations

    @property
    def engine(self) -> str:
        """What fitted: the compiled kernel or the reference."""
        return self.fit.engine

    @property
    def left_out(self) -> Mapping[str, int]:
        """Rows that were not used, by the first column that they lack."""
        return self.frame.left_out

    def as_plain(self) -> dict[str, Any]:
        """Everything as numbers, texts, lists and mappings, ready for JSON."""
        from trialwright.analysis.mmrm.export import plain

        return plain(self)

    def __str__(self) -> str:
        from trialwright.analysis.mmrm.export import text

        return text(self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from trialwright.analysis.mmrm.export import html

        return html(self)

    def __repr__(self) -> str:
        data = self.frame.data
        return (
            f"<Mmrm {self.frame.model.text!r}, {self.fit.covariance}, {self.fit.method}, {self.inference.df}: "
            f"{data.outcome.size} rows, {len(data.participants)} participants, log-likelihood {self.loglik:.4f}>"
        )


def _contrasts(fit: Mmrm, rows: Floats) -> Contrasts:
    """The contrasts, none of them lost in rounding. Raises `NotEstimable`."""
    with np.errstate(invalid="ignore"):
        found = fit.inference.contrast(rows, fit.level)
    if not np.isfinite(found.se).all():
        raise NotEstimable(
            "A standard error is lost in rounding, because columns of the design all but repeat each other; centre the "
            f"covariates of the formula '{fit.frame.model.text}' or give them another unit."
        )
    return found


def _part(values: Contrasts, rows: slice) -> Contrasts:
    return replace(values, **{name: getattr(values, name)[rows] for name in FIGURES})
