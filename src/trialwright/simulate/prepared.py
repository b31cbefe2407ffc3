"""What is simulated, made ready: the worlds' programs, and the planned analyses that can be simulated in them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trialwright import design
from trialwright.conduct.catalogue import catalogue
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
    """Read and compile once in each process, and again when a file of the trial has changed. Raises what is wrong
    with the files or the worlds."""
    key = (spec.trial, spec.worlds, spec.analyses)
    held = _held.get(key)
    if held is not None and held[0] == _contents(held[0]):
        return held[1]
    source, reading = read(spec.trial), design.inspect(spec.trial, catalogue())
    if reading.errors or reading.definition is None:
        raise design.DefinitionErrors(reading.errors)
    contents = _contents((*reading.files, Path(source.root.place.file)))
    made = _made(source, reading.definition, spec.worlds, spec.analyses)
    _held.pop(key, None)
    while len(_held) >= MOST_HELD:
        _held.pop(next(iter(_held)), None)
    _held[key] = contents, made
    return made


MOST_HELD = 2
_held: dict[tuple[str, tuple[World, ...], tuple[str, ...]], tuple[Mapping[Path, bytes], Ready]] = {}
"""What was made ready last, with the SHA-256 of the files that it was read from."""


def _contents(files: Iterable[Path]) -> dict[Path, bytes]:
    """The SHA-256 of each file; nothing of one that is gone."""
    return {file: hashlib.sha256(file.read_bytes()).digest() if file.is_file() else b"" for file in files}


def _made(source: Read, definition: Definition, worlds: Sequence[World], analyses: Sequence[str]) -> Ready:
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
