"""Worlds to simulate: a scenario with another size, other parameters, another dropout, another way to randomise.

Every world of a grid is imagined with the same seed, so trial k has the same people in each of them as far as the
worlds allow: the difference between two worlds is known much better than either of them alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import product

from trialwright.allocation.methods import METHODS
from trialwright.design.model import Definition
from trialwright.design.problems import known_or_close
from trialwright.simulate.program import NoScenario, Program, program
from trialwright.simulate.reading import Read
from trialwright.simulate.scenario import Scenarios

NULL = "null"
"""The scenario without an effect, where a trial has one of that name."""

ALL = "all"


class WrongWorld(ValueError):
    """A world that cannot be; one sentence for each thing that is wrong with it."""


@dataclass(frozen=True)
class World:
    """One world. What is None or empty is as the scenario and the definition say; `dropout` multiplies the hazards of
    all ends that stop the visits; `stratified` false randomises all together."""

    scenario: str
    n: int | None = None
    parameters: tuple[tuple[str, Decimal], ...] = ()
    dropout: Decimal = Decimal(1)
    method: str | None = None
    stratified: bool = True

    @property
    def label(self) -> str:
        """What a reader calls it: the scenario, and all that differs from it."""
        parts = [self.scenario]
        if self.n is not None:
            parts.append(f"n = {self.n}")
        parts += [f"{name} = {value}" for name, value in self.parameters]
        if self.dropout != 1:
            parts.append(f"dropout × {self.dropout}")
        if self.method is not None:
            parts.append(self.method.replace("_", " "))
        if not self.stratified:
            parts.append("not stratified")
        return ", ".join(parts)


@dataclass(frozen=True)
class Choices:
    """What a grid is spanned by; an empty choice leaves things as they are."""

    scenarios: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    parameters: Mapping[str, tuple[Decimal, ...]] | tuple[()] = ()
    dropout: tuple[Decimal, ...] = ()
    methods: tuple[str, ...] = ()
    strata: tuple[bool, ...] = ()


def grid(scenarios: Scenarios, choices: Choices) -> tuple[World, ...]:
    """All combinations of the choices, the first choice of each varying slowest. Without scenarios: the default one,
    and the null one beside it where there is one; `all` stands for all of them.

    Raises `WrongWorld` with everything that is wrong.
    """
    names = choices.scenarios or tuple(
        dict.fromkeys((scenarios.default, *((NULL,) if NULL in scenarios.scenarios else ())))
    )
    if ALL in names and ALL not in scenarios.scenarios:
        names = tuple(dict.fromkeys((scenarios.default, *scenarios.scenarios)))
    parameters = dict(choices.parameters)
    _refuse_wrong(scenarios, choices, names, parameters)
    spans: list[Sequence[object]] = [
        names, choices.sizes or (None,), *([(name, value) for value in values] for name, values in parameters.items()),
        choices.dropout or (Decimal(1),), choices.methods or (None,), choices.strata or (True,),
    ]  # fmt: skip
    several = len(parameters)
    worlds = []
    for point in product(*spans):
        scenario, n, *rest = point
        dropout, method, stratified = rest[several:]
        worlds.append(World(scenario, n, tuple(rest[:several]), dropout, method, stratified))  # type: ignore[arg-type]
    return tuple(dict.fromkeys(worlds))


def _refuse_wrong(
    scenarios: Scenarios, choices: Choices, names: Sequence[str], parameters: Mapping[str, tuple[Decimal, ...]]
) -> None:
    wrong = [
        f"there is no scenario '{name}' ({known_or_close(name, list(scenarios.scenarios))})"
        for name in names
        if name not in scenarios.scenarios
    ]
    for name in parameters:
        if name not in scenarios.parameters:
            wrong.append(f"--set {name}: no such parameter ({known_or_close(name, sorted(scenarios.parameters))})")
    wrong += [f"--n {n}: a trial has at least two participants" for n in choices.sizes if n < 2]
    wrong += [f"--dropout {one}: a factor is not below 0" for one in choices.dropout if one < 0]
    for method in choices.methods:
        if method not in METHODS:
            wrong.append(f"--method {method}: no such method ({known_or_close(method, sorted(METHODS))})")
    if wrong:
        raise WrongWorld("\n".join(wrong))


def imagined_program(source: Read, definition: Definition, world: World) -> Program:
    """The program that imagines a world. Raises what `program` raises, and `WrongWorld`."""
    if world.scenario not in source.scenarios.scenarios:
        hint = known_or_close(world.scenario, list(source.scenarios.scenarios))
        raise NoScenario(f"there is no scenario '{world.scenario}' ({hint})")
    plan = definition.randomisation
    changes: dict[str, object] = {}
    if world.n is not None and world.n != plan.n:
        changes["n"] = world.n
    if world.method is not None and world.method != plan.method:
        changes["method"] = world.method
    if not world.stratified and plan.strata:
        changes["strata"] = {}
    if changes:
        definition = definition.model_copy(update={"randomisation": plan.model_copy(update=changes)})
    return program(
        replace(source, scenarios=_changed(source.scenarios, world, "method" in changes)), definition, world.scenario
    )


def _changed(scenarios: Scenarios, world: World, other_method: bool) -> Scenarios:
    """The scenario with the world's parameters and hazards. The parameters of the allocation belong to the declared
    method; another one takes those that people usually choose."""
    scenario = scenarios.scenarios[world.scenario]
    parameters = {**scenario.parameters, **dict(world.parameters)}
    ends = scenarios.ends
    if world.dropout != 1:
        ends = {
            key: end
            if end.verb == "stop_treatment"
            else end.model_copy(update={"per_week": f"{world.dropout:f} * ({end.per_week})"})
            for key, end in ends.items()
        }
    update = {
        "scenarios": {**scenarios.scenarios, world.scenario: scenario.model_copy(update={"parameters": parameters})},
        "ends": ends,
        "allocation": {} if other_method else scenarios.allocation,
    }
    return scenarios.model_copy(update=update)


# ------------------------------------------------------------------ words of the command line


def numbers(text: str, option: str) -> tuple[Decimal, ...]:
    """`0,1,2` as numbers, all different. Raises `WrongWorld`."""
    try:
        found = tuple(Decimal(part.strip()) for part in text.split(","))
    except InvalidOperation:
        raise WrongWorld(f"{option} {text}: give numbers with commas between them") from None
    if not all(one.is_finite() for one in found):
        raise WrongWorld(f"{option} {text}: give finite numbers")
    return tuple(dict.fromkeys(found))


def sizes(text: str) -> tuple[int, ...]:
    """`24,36,48` as whole numbers. Raises `WrongWorld`."""
    found = numbers(text, "--n")
    if any(one != int(one) for one in found):
        raise WrongWorld(f"--n {text}: a number of participants is whole")
    return tuple(int(one) for one in found)


def parameters(texts: Sequence[str]) -> dict[str, tuple[Decimal, ...]]:
    """`gain_A=0.4,0.5` for each parameter. Raises `WrongWorld`."""
    found: dict[str, tuple[Decimal, ...]] = {}
    for text in texts:
        name, sign, values = text.partition("=")
        if not sign or not name.strip():
            raise WrongWorld(f"--set {text}: write parameter=value, or parameter=value,value")
        if name.strip() in found:
            raise WrongWorld(f"--set {name.strip()}: named twice; give all its values together")
        found[name.strip()] = numbers(values, f"--set {name.strip()}=")
    return found


def strata(text: str) -> tuple[bool, ...]:
    """`declared`, `none`, or `both`. Raises `WrongWorld`."""
    words = [part.strip() for part in text.replace("both", "declared,none").split(",")]
    if any(word not in ("declared", "none") for word in words):
        raise WrongWorld(f"--strata {text}: write declared, none, or both")
    return tuple(dict.fromkeys(word == "declared" for word in words))
