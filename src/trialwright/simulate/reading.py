"""Reads `scenarios.yaml`: strict, with every error at its place, by the loader of definitions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trialwright.design.mistakes import walked
from trialwright.design.problems import DefinitionErrors, Place, Problem, known_or_close
from trialwright.design.read import MAIN_FILE
from trialwright.design.sources import without_sources
from trialwright.design.tree import Node, read_tree
from trialwright.simulate.scenario import Assumption, Scenarios, shortened

FILE = "scenarios.yaml"


@dataclass(frozen=True)
class Read:
    """The file as read: the models, the tree for places, and what is assumed."""

    scenarios: Scenarios
    root: Node
    assumed: tuple[Assumption, ...] = field(default=())

    def place(self, path: Sequence[str | int]) -> Place:
        """Where the value at the path stands."""
        return walked(self.root, tuple(path))[0].place


def read(path: Path | str) -> Read:
    """The scenarios in a file, or in `scenarios.yaml` beside a trial's definition. Raises `DefinitionErrors` with every
    error found."""
    file = Path(path)
    if file.is_dir() or file.name == MAIN_FILE:
        file = (file if file.is_dir() else file.parent) / FILE
    tree = read_tree(file)
    if tree.root is None or tree.problems:
        raise DefinitionErrors(tree.problems)
    root, cited, problems = without_sources(tree.root)
    try:
        scenarios = Scenarios.model_validate(shortened(root.plain()))
    except ValidationError as wrong:
        raise DefinitionErrors(
            [*problems, *(_said(dict(error), root) for error in wrong.errors(include_url=False))]
        ) from wrong
    except AttributeError as wrong:
        place = Place(str(file), 1, 1)
        raise DefinitionErrors(
            [Problem(place, "scenarios are a mapping", 'begin with trialwright_scenarios: "1"')]
        ) from wrong
    declared = sorted(scenarios.sources)
    for one in cited:
        if one.source not in declared:
            hint = known_or_close(one.source, declared)
            problems.append(Problem(one.place, f"the source '{one.source}' is not declared", hint, path=one.path))
    if problems:
        raise DefinitionErrors(problems)
    status = {key: source.status.value for key, source in scenarios.sources.items()}
    assumed = [Assumption(one.path, one.note, one.place.line) for one in cited if status[one.source] == "assumed"]
    return Read(scenarios, root, tuple(assumed))


def _said(error: Mapping[str, Any], root: Node) -> Problem:
    steps = error["loc"]
    node, path = walked(root, steps)
    where = ".".join(str(step) for step in path)
    if error["type"] == "extra_forbidden":
        around, _ = walked(root, steps[:-1])
        return Problem(around.keys.get(str(steps[-1]), node.place), f"'{steps[-1]}' is not known here", path=where)
    if error["type"] == "missing":
        return Problem(node.place, f"'{steps[-1]}' is missing", f"add '{steps[-1]}: ...'", path=where)
    message = str(error["ctx"]["error"]) if error["type"] == "value_error" else error["msg"]
    return Problem(node.place, message, path=where)
