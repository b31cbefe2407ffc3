"""How one method computes a derivation, and what it must be given for that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trialwright import design
from trialwright.analysis.derived.source import Floats, Source
from trialwright.design.derivations import baseline
from trialwright.design.model import Definition, Derivation

Computes = Callable[[Source, Derivation, Sequence[str]], Floats]
Looks = Callable[[Definition, Derivation, Sequence[str]], tuple[str, ...]]


def at_the_visits(definition: Definition, derivation: Derivation, visits: Sequence[str]) -> tuple[str, ...]:
    """Only what was recorded at a visit counts there."""
    return tuple(visits)


def from_baseline_on(definition: Definition, derivation: Derivation, visits: Sequence[str]) -> tuple[str, ...]:
    """The baseline and every planned visit up to the last one asked for at which the inputs are due."""
    order = design.visit_order(definition)
    start = baseline(definition, derivation)
    places = [order.index(visit) for visit in visits if visit in order]
    # Nobody can say which visits an unscheduled one comes after; those that were not made say nothing.
    last = max([order.index(start), *places]) if len(places) == len(visits) else len(order) - 1
    reach = order[order.index(start) : last + 1]
    between = [visit for visit in reach if visit == start or _due(definition, derivation, visit)]
    return tuple(dict.fromkeys((*between, *(visit for visit in visits if visit not in order))))


def visits_themselves(definition: Definition, derivation: Derivation, visits: Sequence[str]) -> tuple[str, ...]:
    """The baseline and all planned visits up to the last one asked for, whatever is recorded there: for their days."""
    order = design.visit_order(definition)
    start = order.index(baseline(definition, derivation))
    last = max([start, *(order.index(visit) for visit in visits if visit in order)])
    return tuple(order[start : last + 1])


@dataclass(frozen=True, slots=True)
class Way:
    """`compute` gives the values (people, visits). `looks` names the visits at which the inputs are wanted. `log`: the
    inputs are columns of a log. `deaths`: the day of a death counts."""

    compute: Computes
    looks: Looks = at_the_visits
    log: bool = False
    deaths: bool = False


def _due(definition: Definition, derivation: Derivation, visit: str) -> bool:
    """Whether a form that an input names is planned at the visit; another derivation's visits are its own matter."""
    for source in derivation.inputs.values():
        if source in definition.derivations:
            if _due(definition, definition.derivations[source], visit):
                return True
        elif visit in definition.schedule[source.partition(".")[0]].visits:
            return True
    return False
