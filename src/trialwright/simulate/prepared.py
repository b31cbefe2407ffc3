"""What is simulated, made ready: the worlds' programs, and the planned analyses that can be simulated in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from trialwright import design
from trialwright.design.model import Definition
from trialwright.design.problems import known_or_close
from trialwright.simulate.planned import Planned
from trialwright.simulate.program import Program
from trialwright.simulate.questions import simulated
from trialwright.simulate.reading import Read, read
from trialwright.simulate.worlds import World, imagined_program

Truths = Mapping[str, tuple[float, float]]
"""`analysis|place of the target` -> the true value and its Monte Carlo error."""

ALL, PRIMARY = "all", "primary"


class WrongAnalyses(ValueError):
    """Analyses that the definition does not plan."""


@dataclass(frozen=True)
class Spec:
    """What is simulated, small enough to be sent to a worker. `truths` holds the true values of each world."""

    trial: str
    seed: int
    worlds: tuple[World, ...]
    analyses: tuple[str, ...]
    truths: tuple[Truths, ...] = ()


@dataclass(frozen=True)
class Ready:
    """A spec made ready in a process: the files, a program for each world, the analyses that can be simulated in it,
    and why the others cannot."""

    source: Read
    definition: Definition
    programs: tuple[Program, ...]
    planned: tuple[tuple[Planned, ...], ...]
    lacking: Mapping[str, str]


def ready(spec: Spec) -> Ready:
    """Read and compile once in each process. Raises what is wrong with the files or the worlds."""
    return _ready(spec.trial, spec.worlds, spec.analyses)


@lru_cache(maxsize=2)
def _ready(trial: str, worlds: tuple[World, ...], analyses: tuple[str, ...]) -> Ready:
    source, definition = read(trial), design.read(trial)
    programs = tuple(imagined_program(source, definition, world) for world in worlds)
    names = chosen(definition, analyses)
    lacking: dict[str, str] = {}
    planned = []
    for program in programs:
        here = []
        for name in names:
            for key, made in simulated(program, definition.randomisation.strata, name).items():
                if isinstance(made, Planned):
                    here.append(made)
                else:
                    lacking[key] = made
        planned.append(tuple(here))
    # What one world of the grid cannot answer is left out of all of them, so that they stand side by side.
    kept = tuple(tuple(one for one in here if one.id not in lacking) for here in planned)
    return Ready(source, definition, programs, kept, lacking)


def chosen(definition: Definition, analyses: Sequence[str]) -> tuple[str, ...]:
    """The analyses asked for, in the order of the definition: `all`, `primary`, names; without any, the primary one
    and the mixed model of the same measure. Raises `WrongAnalyses`."""
    plans = definition.analyses
    if not analyses:
        return _side_by_side(definition)
    wanted: set[str] = set()
    wrong = []
    for word in analyses:
        if word == ALL:
            wanted |= set(plans)
        elif word == PRIMARY:
            wanted |= {name for name, plan in plans.items() if plan.level == "primary"}
        elif word in plans:
            wanted.add(word)
        else:
            wrong.append(f"--analyses {word}: {known_or_close(word, list(plans))}")
    if wrong:
        raise WrongAnalyses("\n".join(wrong))
    return tuple(name for name in plans if name in wanted)


def _side_by_side(definition: Definition) -> tuple[str, ...]:
    first = next((name for name, plan in definition.analyses.items() if plan.level == "primary"), None)
    if first is None:
        return tuple(definition.analyses)
    measures = _measures(definition, first)
    mixed = [name for name, plan in definition.analyses.items() if plan.method == "mmrm" and name != first]
    return (first, *(name for name in mixed if measures & _measures(definition, name)))


def _measures(definition: Definition, name: str) -> set[str]:
    plan = definition.analyses[name]
    estimand = definition.estimands[plan.estimand] if plan.estimand else None
    endpoint = plan.endpoint or (estimand.endpoint if estimand else None)
    return set(definition.endpoints[endpoint].measure) if endpoint else set()


def base_of(worlds: Sequence[World], place: int) -> int:
    """The world that another is compared with: the first of the same scenario."""
    return next(other for other, world in enumerate(worlds) if world.scenario == worlds[place].scenario)
