"""Where a review gathers what it finds: a path in the tree becomes a place in the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trialwright.design.mistakes import Path, dotted, key_place, place_of, walked
from trialwright.design.problems import Place, Problem, Severity, known_or_close
from trialwright.design.tree import Node


@dataclass(slots=True)
class Findings:
    """The problems found so far. Paths are keys and indices, or an entry's `id` in the place of its index."""

    root: Node
    problems: list[Problem] = field(default_factory=list)

    def error(self, path: Path, message: str, suggestion: str | None = None, *, at_key: bool = False) -> None:
        self._add("error", path, message, suggestion, at_key)

    def warn(self, path: Path, message: str, suggestion: str | None = None, *, at_key: bool = False) -> None:
        self._add("warning", path, message, suggestion, at_key)

    def _add(self, severity: Severity, path: Path, message: str, suggestion: str | None, at_key: bool) -> None:
        place = key_place(self.root, path) if at_key else place_of(self.root, path)
        self.problems.append(Problem(place, message, suggestion, severity, dotted(self.root, path)))

    def text_place(self, path: Path) -> Place:
        """Where a text's first letter stands."""
        node = walked(self.root, path)[0]
        return Place(node.place.file, node.place.line, node.place.column + node.inset)

    def short(self, path: Path, key: str) -> Path:
        """The path of `key` below, or the path itself where the text wrote the short form, a bare list."""
        return path if isinstance(walked(self.root, path)[0].value, list) else (*path, key)

    def known(self, path: Path, name: str, choices: Iterable[str], what: str) -> bool:
        """Whether `name` is one of the choices; an error at the path where it is not."""
        choices = list(choices)
        if name in choices:
            return True
        self.error(path, f"{what} '{name}' is not declared", known_or_close(name, choices))
        return False

    def all_known(self, path: Path, names: Sequence[str], choices: Iterable[str], what: str) -> None:
        """Every name is one of the choices and stands there once."""
        choices = list(choices)
        for index, name in enumerate(names):
            self.known((*path, index), name, choices, what)
            if name in names[:index]:
                self.error((*path, index), f"{what} '{name}' stands here twice", "keep one")
