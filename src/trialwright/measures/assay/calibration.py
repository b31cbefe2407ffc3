"""The standard curve of a plate with its levels judged: fitted, failing standards dropped where the rules allow it,
fitted again, and the limits of quantification.

A level is judged by the content at the mean response of its wells. Its deviation is (content - nominal) / nominal.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.assay import curves, fitting, soundness, variance
from trialwright.measures.assay.curves import Fits
from trialwright.measures.assay.plates import BadPlates, Plate, Well, levels
from trialwright.measures.assay.rules import Rules
from trialwright.measures.assay.verdicts import SLACK, at_most, cv, deviation

Floats = NDArray[np.float64]

ROUNDING = 1e-20
"""A weighted mean square residual, as part of that of the responses, that is rounding alone."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What is declared for a run: the curve (`4pl`, `5pl`, `best`), the weights (`none`, `1/y2`, `power`), and limits
    of quantification in the unit of the plates; None takes what the rules say."""

    model: str | None = None
    weights: str | None = None
    lloq: float | None = None
    uloq: float | None = None

    def under(self, rules: Rules) -> "Choices":
        """With the policies of the rules where nothing was declared."""
        model, weights = self.model or rules.policy("model"), self.weights or rules.policy("weights")
        return replace(self, model=model, weights=weights)


AS_THE_RULES_SAY = Choices()


@dataclass(frozen=True, slots=True)
class Level:
    """One standard level: the wells that count, those that do not (no response, overflow, too few beads), the content
    at their mean response and of each well, the deviation that is allowed; and whether it was dropped from the fit."""

    nominal: float
    name: str
    role: str
    wells: tuple[Well, ...]
    left_out: tuple[Well, ...]
    response: float
    content: float
    contents: tuple[float, ...]
    allowed: float
    allowed_cv: float
    dropped: bool = False
    inside: bool = True
    """Whether it stands between the limits of quantification, where the rules judge it."""

    @property
    def bias(self) -> float:
        """(content - nominal) / nominal; missing where the response lies beyond the curve."""
        return deviation(self.content, self.nominal)

    @property
    def cv(self) -> float | None:
        """Of the contents of its wells; None of a single well."""
        return cv(self.contents)

    @property
    def within(self) -> bool:
        """Whether it back-calculates within what is allowed."""
        return at_most(abs(self.bias), self.allowed)

    @property
    def precise(self) -> bool:
        """Whether its replicates agree; a single well cannot say."""
        return self.cv is None or at_most(self.cv, self.allowed_cv)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The curve of a plate (`fits` has one row), its levels from the lowest, and the limits of quantification in the
    unit of the plate; None where no level holds."""

    plate: Plate
    fits: Fits
    levels: tuple[Level, ...]
    lloq: float | None
    uloq: float | None

    @property
    def usable(self) -> bool:
        """Whether there is a curve to read contents from."""
        return bool(self.fits.usable[0])

    @property
    def rising(self) -> bool:
        """Whether the response rises with the content."""
        return bool(self.fits.parameters[0, 0] < 0)

    @property
    def counted(self) -> tuple[Level, ...]:
        """The standard levels that the rules judge: no anchors, none beyond the limits."""
        return tuple(level for level in self.levels if level.role == "standard" and level.inside)

    @property
    def dropped(self) -> tuple[Level, ...]:
        return tuple(level for level in self.levels if level.dropped)


def calibrate(plates: Sequence[Plate], rules: Rules, choices: Choices = AS_THE_RULES_SAY) -> tuple[Calibration, ...]:
    """The curves of sound plates, all fitted together.

    Where a level deviates by more than is allowed, the curve is fitted without each level in turn. The level without
    which the others agree best is dropped if it is one that deviates, if the rules allow it, and if enough levels
    remain; so a bad neighbour cannot push a good level out. A limit of quantification is never dropped unless the
    rules determine the limits; then the range ends before it. Raises BadPlates where the weights `power` are asked
    and the replicates do not say how the variance grows.
    """
    choices = choices.under(rules)
    made: dict[int, Calibration] = {}
    dropped: list[frozenset[float]] = [frozenset() for _ in plates]
    waiting = list(range(len(plates)))
    thetas = _thetas(plates, rules, choices)
    while waiting:
        fitted = _fitted([_kept(plates[i], rules, dropped[i]) for i in waiting], choices, [thetas[i] for i in waiting])
        for index, fits in zip(waiting, fitted, strict=True):
            made[index] = _judged(plates[index], fits, dropped[index], rules, choices)
        again = []
        for index in waiting:
            worst = _worst(made[index], rules, thetas[index])
            if worst is not None:
                dropped[index] |= {worst}
                again.append(index)
        waiting = again
    return tuple(made[index] for index in range(len(plates)))


# ------------------------------------------------------------------ fitting


def _kept(plate: Plate, rules: Rules, dropped: frozenset[float]) -> list[tuple[float, float]]:
    found = soundness.calibrators(plate, rules)
    return [(nominal, w.response or 0.0) for nominal, wells in found.items() if nominal not in dropped for w in wells]


def _thetas(plates: Sequence[Plate], rules: Rules, choices: Choices) -> list[float | None]:
    """The exponent of the variance function for each plate, estimated from the replicates of all plates of its
    analyte."""
    if choices.weights != "power":
        return [None] * len(plates)
    by_analyte: dict[str, list[int]] = {}
    for index, plate in enumerate(plates):
        by_analyte.setdefault(plate.analyte, []).append(index)
    thetas: list[float | None] = [None] * len(plates)
    for members in by_analyte.values():
        doses, responses = _padded([_kept(plates[index], rules, frozenset()) for index in members])
        theta = float(variance.estimate(doses, responses).theta)
        if not math.isfinite(theta):
            say = "the replicates say too little of how the scatter grows with the response; take the weights 1/y2"
            raise BadPlates([plates[index].problem(say, None, "weights") for index in members])
        for index in members:
            thetas[index] = theta
    return thetas


def _padded(wells: Sequence[Sequence[tuple[float, float]]]) -> tuple[Floats, Floats]:
    """Doses and responses (p, w); missing where a plate has fewer wells than another."""
    width = max((len(plate) for plate in wells), default=0)
    table = np.full((2, len(wells), max(width, 1)), np.nan)
    for row, plate in enumerate(wells):
        table[:, row, : len(plate)] = np.array(plate).T if plate else np.empty((2, 0))
    return table[0], table[1]


def _fitted(
    wells: Sequence[Sequence[tuple[float, float]]], choices: Choices, thetas: Sequence[float | None]
) -> list[Fits]:
    """One record of one row for each plate. `best` is the five-parameter curve where it converged and its AICc is
    lower, else the four-parameter one."""
    chosen: list[Fits | None] = [None] * len(wells)
    for theta in dict.fromkeys(thetas):
        rows = [index for index, own in enumerate(thetas) if own == theta]
        doses, responses = _padded([wells[index] for index in rows])
        models: Any = ("4pl", "5pl") if choices.model == "best" else (choices.model,)
        tried = [fitting.fit(doses, responses, model, choices.weights or "none", theta) for model in models]
        for place, index in enumerate(rows):
            chosen[index] = min(
                (fits[place] for fits in tried), key=lambda fits: _cost(fits, np.array(wells[index])[:, 0:1].T)
            )
    return [fits for fits in chosen if fits is not None]


def _cost(fits: Fits, doses: Floats) -> float:
    """The corrected Akaike criterion of a curve under its weights; infinite for one that may not be used, or whose
    asymmetry nothing says."""
    unknowns = 6 if fits.model == "5pl" else 5  # the parameters and the residual variance
    n = doses.size
    if fits.model == "5pl" and (fits.status[0] != curves.CONVERGED or n <= unknowns + 1):
        return math.inf
    if not fits.usable[0] or n <= unknowns + 1 or not fits.rss[0] > 0:
        return 1e300
    size = np.maximum(np.abs(curves.predict(fits.parameters, doses)), np.finfo(float).tiny)
    weighting = 2 * fits.theta * float(np.log(size).sum()) if fits.weights == "power" else 0.0
    # Of wells that lie on both curves but for rounding neither is better.
    least = ROUNDING * float((size ** (2 - 2 * fits.theta)).mean())
    return n * math.log(max(fits.rss[0] / n, least)) + weighting + 2 * unknowns * n / (n - unknowns - 1)


# ------------------------------------------------------------------ judging


def _judged(plate: Plate, fits: Fits, dropped: frozenset[float], rules: Rules, choices: Choices) -> Calibration:
    """The levels and the limits of quantification of a fitted curve."""
    found = [
        _level(nominal, wells, fits, nominal in dropped, rules)
        for nominal, wells in levels([w for w in plate.of("standard", "anchor") if not soundness.zero(w)]).items()
    ]
    lloq, uloq = limits(found, rules, choices)
    placed = [_placed(level, lloq, uloq, rules) for level in found]
    return Calibration(plate, fits, tuple(placed), lloq, uloq)


def _level(nominal: float, wells: tuple[Well, ...], fits: Fits, dropped: bool, rules: Rules) -> Level:
    counting = tuple(well for well in wells if soundness.used(well, rules))
    responses = [well.response or 0.0 for well in counting]
    middle = float(np.mean(responses)) if responses else math.nan
    contents = curves.dose_at(fits.parameters, np.array([[middle, *responses]]))[0] if fits.usable[0] else None
    of_wells = (
        tuple(float(content) for content in contents[1:]) if contents is not None else (math.nan,) * len(counting)
    )
    return Level(
        nominal,
        wells[0].name,
        "anchor" if all(well.role == "anchor" for well in wells) else "standard",
        counting,
        tuple(well for well in wells if well not in counting),
        middle,
        float(contents[0]) if contents is not None else math.nan,
        of_wells,
        rules["calibrator_bias_at_limits"],  # before the limits are known, every level may become one
        rules["cv_at_lloq"],
        dropped,
    )


def limits(found: Sequence[Level], rules: Rules, choices: Choices) -> tuple[float | None, float | None]:
    """The limits of quantification: as declared for the run; else the lowest and the highest standard; or, where the
    rules determine them, the lowest and the highest standard that hold what is asked at a limit (deviation and CV)."""
    standards = [level for level in found if level.role == "standard"]
    if rules.policy("limits") == "determined":
        standards = [level for level in standards if level.within and level.precise and not level.dropped]
    nominal = [level.nominal for level in standards]
    low = choices.lloq if choices.lloq is not None else min(nominal, default=None)
    high = choices.uloq if choices.uloq is not None else max(nominal, default=None)
    return low, high


def _placed(level: Level, lloq: float | None, uloq: float | None, rules: Rules) -> Level:
    """The level with what the rules allow where it stands."""
    if lloq is None or uloq is None:
        return replace(level, inside=False)
    at_lloq, at_uloq = (math.isclose(level.nominal, limit, rel_tol=1e-9) for limit in (lloq, uloq))
    return replace(
        level,
        allowed=rules["calibrator_bias_at_limits" if at_lloq or at_uloq else "calibrator_bias"],
        allowed_cv=rules["cv_at_lloq" if at_lloq else "cv"],
        inside=lloq * (1 - SLACK) <= level.nominal <= uloq * (1 + SLACK),
    )


def _worst(calibration: Calibration, rules: Rules, theta: float | None) -> float | None:
    """The level to drop next; None where all hold, where too few would remain, or where the one to blame is a limit."""
    if not rules.policy("drop_standards") or not calibration.usable:
        return None
    standards = [level for level in calibration.levels if level.role == "standard" and level.wells]
    kept = [level for level in standards if not level.dropped]
    failing = [level for level in kept if not level.within]
    needed = max(rules["calibrators_within_least"], rules["calibrators_within"] * len(standards))
    if not failing or len(kept) - 1 < needed - SLACK:
        return None
    blamed = _blamed(calibration, kept, rules, theta)
    fixed = rules.policy("limits") == "standards" and blamed in (calibration.lloq, calibration.uloq)
    return None if fixed or blamed not in [level.nominal for level in failing] else blamed


def _blamed(calibration: Calibration, kept: Sequence[Level], rules: Rules, theta: float | None) -> float:
    """The level without which the weighted sum of squares per degree of freedom is least, the model held."""
    dropped = frozenset(level.nominal for level in calibration.dropped)
    without = [_kept(calibration.plate, rules, dropped | {level.nominal}) for level in kept]
    doses, responses = _padded(without)
    fits = fitting.fit(doses, responses, calibration.fits.model, calibration.fits.weights, theta)
    spread = np.where(fits.usable & (fits.degrees > 0), fits.rss / np.maximum(fits.degrees, 1), np.inf)
    return kept[int(np.argmin(spread))].nominal
