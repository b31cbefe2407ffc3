"""A planned analysis made ready to be asked of many trials at once: what it needs, what it estimates, who answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.handling import Handling, covariate_of, handling
from trialwright.design.model import Analysis, Definition
from trialwright.simulate.beyond import shown
from trialwright.simulate.crowds import Recorded
from trialwright.simulate.estimators import Estimated
from trialwright.simulate.measured import QUANTITIES, Items, Measured, NotSimulated, items_of, joined, logs_of
from trialwright.simulate.members import rows_of
from trialwright.simulate.program import Program

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """One number that an analysis estimates. `label` is empty where there is only one. The truth is that of the
    measure at the visit: a difference of means, or of shares at or above `cut`; none for a test without an
    estimate. The truth is on the scale of
    `handling`, with the same done to values beyond a limit."""

    label: str
    measure: str | None = None
    visit: str | None = None
    cut: float | None = None
    handling: Handling = field(default_factory=Handling)


@dataclass(frozen=True)
class Planned:
    """An analysis that can be simulated. `id` is that of the plan (`analysis`), with the `measure` behind it where the
    method takes several of an endpoint one by one; `leading` is the place of the target that speaks for it. `rows` are
    the wanted logs, of which the measures themselves need `logs`."""

    id: str
    plan: Analysis
    population: str | None
    targets: tuple[Target, ...]
    items: Items
    rows: Mapping[str, tuple[str, ...]]
    measures: Mapping[str, tuple[str, ...]]
    answer: Callable[["Asked"], tuple[Estimated, ...]]
    leading: int = 0
    analysis: str = ""
    measure: str | None = None
    logs: Items = field(default_factory=dict)

    @property
    def level(self) -> float:
        """0.95 for 95 % intervals."""
        return float(1 - (self.plan.alpha if self.plan.sided == 2 else 2 * self.plan.alpha))


@dataclass(frozen=True)
class Asked:
    """What an analysis is answered from: `arm` is 0 for the reference, 1 for the treatment, -1 for who takes no part;
    `measures` are shared by all analyses of the same trials."""

    recorded: Recorded
    strata: Mapping[str, Any]
    arm: NDArray[np.int64]
    measures: Mapping[str, Measured]
    planned: Planned


@dataclass(frozen=True)
class Making:
    """An analysis while it is made ready; `measure` is one of the endpoint's, for a method that takes them one by one.

    `strata` are the declared factors: a world may leave them out of its randomisation and still adjust for them.
    """

    program: Program
    strata: Mapping[str, Any]
    name: str
    plan: Analysis
    endpoint: str
    population: str | None
    measure: str | None = None
    items: Items = field(default_factory=dict)
    measures: dict[str, tuple[str, ...]] = field(default_factory=dict)
    logs: Items = field(default_factory=dict)

    @property
    def definition(self) -> Definition:
        """The world's definition."""
        return self.program.definition

    def need(self, measure: str, visits: Sequence[str]) -> None:
        """Ask for a measure at these visits, beside what was asked before."""
        joined(self.items, items_of(self.program, measure, visits))
        joined(self.logs, logs_of(self.program, measure))
        joined(self.measures, {measure: tuple(visits)})

    def baseline_of(self, measure: str) -> str:
        """The visit at which a measure has its baseline, as in `analysis.case`."""
        return baseline_of(self.program, measure)

    def made(self, targets: Sequence[Target], answer: Any, leading: int = 0) -> Planned:
        """The analysis, made ready, with everything that was asked for."""
        several = self.measure is not None
        name = f"{self.name} {self.measure}" if several else self.name
        rows = dict(rows_of(self.program, self.population))
        joined(rows, self.logs)
        return Planned(
            name, self.plan, self.population, tuple(targets), dict(self.items), rows, dict(self.measures), answer,
            leading, self.name, self.measure, dict(self.logs),
        )  # fmt: skip


def baseline_of(program: Program, measure: str) -> str:
    """The visit at which a measure has its baseline: its own, else that from which the days count."""
    derivation = program.definition.derivations.get(measure)
    return (derivation.baseline if derivation else None) or program.visits[program.anchor]


# ------------------------------------------------------------------ what is adjusted for


def adjustments(making: Making, measure: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The declared factors and covariates, in the words of `analysis.asking`; asks for what they need."""
    factors, covariates = [], []
    definition = making.definition
    derivation = definition.derivations.get(measure)
    start = making.baseline_of(measure)
    for name in making.plan.covariates:
        first, _, rest = name.partition(".")
        if name in making.strata or (rest == "true" and first in making.strata):
            factor = name if name in making.strata else first
            factors.append(factor)
            if factor not in definition.randomisation.strata:
                item = making.strata[factor].item
                joined(making.items, items_of(making.program, item, _visits_of(making.program, item)))
        elif first == measure and derivation is not None and rest in QUANTITIES.get(derivation.method, ()):
            covariates.append(name)
        elif first in definition.forms or name in definition.derivations:
            making.need(name, [start])
            covariates.append(name)
        else:
            raise NotSimulated(f"The covariate '{name}' is neither a stratification factor nor known at baseline.")
    return tuple(factors), tuple(covariates)


def _visits_of(program: Program, item: str) -> tuple[str, ...]:
    """The visits up to the randomisation at which an item's form is planned."""
    form = item.partition(".")[0]
    last = program.visits.index(program.definition.randomisation.visit)
    places = next((one.places for one in program.forms if one.form == form), ())
    return tuple(program.visits[place] for place in sorted(places) if place <= last)


def covariate(asked: Asked, measure: str, name: str) -> Floats:
    """A covariate at its baseline, shape (trials, n)."""
    first, _, rest = name.partition(".")
    if rest and first == measure:
        return asked.measures[measure].baseline[rest]
    start = baseline_of(asked.recorded.program, measure)
    scored, chosen = asked.measures[name], handling(asked.planned.plan.method, asked.planned.plan.options)
    return shown(scored.at(start), scored.censored_at(start), covariate_of(chosen, name == measure))[0]


def factor(asked: Asked, name: str) -> NDArray[np.int64]:
    """The level of a factor as a whole number: as randomised, or by the newest record up to the randomisation where
    the world does not stratify by it, as in `analysis.case`."""
    if name in asked.recorded.levels:
        return np.asarray(asked.recorded.levels[name], dtype=np.int64)
    factor = asked.strata[name]
    column = asked.recorded.items[factor.item]
    texts = column.names or ()
    mapped = [factor.map.get(text, factor.map.get("*", "")) for text in texts]
    levels = sorted({*mapped, ""})
    table = np.array([levels.index(level) for level in mapped] or [0], dtype=np.int64)
    found = np.full(column.units.shape[:2], levels.index(""), dtype=np.int64)
    visits = asked.recorded.visits[factor.item]
    for visit in sorted(_visits_of(asked.recorded.program, factor.item), key=asked.recorded.program.visits.index):
        place = visits.index(visit)
        here = table[np.clip(column.units[..., place], 0, len(table) - 1)]
        found = np.where(column.present[..., place], here, found)
    return found
