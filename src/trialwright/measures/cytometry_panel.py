"""What is measured in a flow cytometry file, as a declaration: the marker, the gates, and what is reported.

test: Siglec-1                     # its name in the results
marker: CD169                      # a channel, by its name ($PnN) or its label ($PnS)
compensate: true                   # by the spillover matrix in the file
gates:                             # one after the other, on the plain scale of the file
  - {name: cells, rectangle: {FSC-A: [40000, null], SSC-A: [null, 200000]}}
  - {name: monocytes, channels: [CD14, SSC-A], polygon: [[2e3, 2e4], [1e5, 2e4], [1e5, 1e5], [2e3, 1e5]]}
least_events: 100                  # in the last gate
report: ratio                      # median, ratio (to the control), antibodies (bound per cell, by beads)
control: isotype                   # isotype, fmo, unstained; none for a median alone
beads: [[220, 1000], [2050, 9800], [19800, 97000]]   # median, antibodies bound; for `antibodies`
limits: [1200, null]               # values beyond stay beyond: <1200
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from trialwright.measures.assay.plates import Problem

REPORTS = {"median": "[arb'U]", "ratio": "1", "antibodies": "1"}
"""What can be reported -> its unit (UCUM)."""
CONTROLS = ("isotype", "fmo", "unstained", "none")
KEYS = ("test", "marker", "compensate", "gates", "least_events", "report", "control", "beads", "limits")
FEWEST_BEADS = 3


class BadCytometry(Exception):
    """A panel or files that cannot be worked out; `problems` holds everything that is wrong with them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate on one or more channels: bounds of each (None: none), or the corners of a polygon on two."""

    name: str
    channels: tuple[str, ...]
    bounds: tuple[tuple[float | None, float | None], ...] = ()
    polygon: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """The declaration of a measurement by flow cytometry."""

    test: str
    marker: str
    gates: tuple[Gate, ...]
    compensate: bool
    report: str
    control: str
    least_events: int
    beads: tuple[tuple[float, float], ...]
    limits: tuple[float | None, float | None]

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel that the panel names."""
        return tuple(dict.fromkeys([*(channel for gate in self.gates for channel in gate.channels), self.marker]))


def panel(path: Path) -> Panel:
    """Read a panel. Raises BadCytometry with every problem and its line, OSError where the file cannot be read."""
    found = _Reader(path.name)
    try:
        tree = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise BadCytometry([Problem(path.name, line, "", "the panel is no YAML text in UTF-8")]) from None
    if not isinstance(tree, Mapping):
        raise BadCytometry([Problem(path.name, 1, "", f"a panel has {', '.join(KEYS)}")])
    found.known(tree, KEYS)
    made = Panel(
        found.text(tree, "test"),
        found.text(tree, "marker"),
        found.gates(tree),
        found.one_of(tree, "compensate", (True, False), False),
        found.one_of(tree, "report", tuple(REPORTS), "ratio"),
        found.one_of(tree, "control", CONTROLS, "none"),
        int(found.number(tree, "least_events", tree.get("least_events", 100)) or 0),
        found.pairs(tree, "beads"),
        found.limits(tree),
    )
    if made.report == "ratio" and made.control == "none":
        found.add(tree, "control", f"a ratio needs a control: {', '.join(CONTROLS[:-1])}; or report: median")
    if made.report == "antibodies" and len(made.beads) < FEWEST_BEADS:
        found.add(
            tree, "beads", f"antibodies per cell need at least {FEWEST_BEADS} calibration beads: [median, antibodies]"
        )
    if found.problems:
        raise BadCytometry(found.problems)
    return made


class _Reader:
    """Reads the parts of a panel and gathers what is wrong with them."""

    def __init__(self, file: str) -> None:
        self.file, self.problems = file, list[Problem]()

    def add(self, tree: Any, key: str, sentence: str) -> None:
        places = getattr(getattr(tree, "lc", None), "data", None) or {}
        self.problems.append(Problem(self.file, places[key][0] + 1 if key in places else 1, key, sentence))

    def known(self, tree: Mapping[str, Any], keys: Sequence[str]) -> None:
        for name in tree:
            if name not in keys:
                near = difflib.get_close_matches(str(name), keys, 1, 0.6)
                self.add(tree, name, "it means nothing here" + (f"; did you mean {near[0]}?" if near else ""))

    def text(self, tree: Mapping[str, Any], key: str) -> str:
        value = tree.get(key)
        if not isinstance(value, str) or not value.strip():
            self.add(tree, key, "it is missing; write a name")
        return str(value or "")

    def one_of(self, tree: Mapping[str, Any], key: str, allowed: tuple[Any, ...], default: Any) -> Any:
        value = tree.get(key, default)
        if value not in allowed or isinstance(value, bool) != isinstance(allowed[0], bool):
            self.add(tree, key, f"'{value}' cannot be; it is one of {', '.join(str(one).lower() for one in allowed)}")
            return default
        return value

    def number(self, tree: Mapping[str, Any], key: str, value: Any) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.add(tree, key, f"'{value}' is not a number")
            return None
        return float(value)

    def gates(self, tree: Mapping[str, Any]) -> tuple[Gate, ...]:
        listed = tree.get("gates") or []
        if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
            self.add(tree, "gates", "it is missing; name at least one gate with a rectangle or a polygon")
            return ()
        return tuple(self._gate(tree, entry, number) for number, entry in enumerate(listed, start=1))

    def _gate(self, tree: Mapping[str, Any], entry: Any, number: int) -> Gate:
        empty = Gate(f"gate {number}", ())
        if not isinstance(entry, Mapping) or ("rectangle" in entry) == ("polygon" in entry):
            self.add(tree, "gates", f"gate {number} has a name and either a rectangle or a polygon")
            return empty
        self.known(entry, ("name", "rectangle", "polygon", "channels"))
        name = str(entry.get("name") or empty.name)
        if "polygon" in entry:
            channels = entry.get("channels")
            corners = self.pairs(entry, "polygon")
            if not isinstance(channels, Sequence) or len(channels) != 2 or len(corners) < 3:
                self.add(entry, "polygon", f"{name}: a polygon has two channels and at least three corners [x, y]")
                return empty
            return Gate(name, tuple(map(str, channels)), polygon=corners)
        sides = entry["rectangle"]
        if not isinstance(sides, Mapping) or not sides:
            self.add(entry, "rectangle", f"{name}: a rectangle gives channels their bounds: {{CD14: [2000, null]}}")
            return empty
        return Gate(name, tuple(map(str, sides)), tuple(self._bounds(sides, channel) for channel in sides))

    def _bounds(self, tree: Mapping[str, Any], key: str) -> tuple[float | None, float | None]:
        pair = tree[key]
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            self.add(tree, key, "bounds are two numbers, null for none: [2000, null]")
            return None, None
        low, high = (self.number(tree, key, one) for one in pair)
        if low is not None and high is not None and low >= high:
            self.add(tree, key, f"the lower bound {low:g} is not below the upper one {high:g}")
        return low, high

    def pairs(self, tree: Mapping[str, Any], key: str) -> tuple[tuple[float, float], ...]:
        made = []
        for pair in tree.get(key) or []:
            if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
                self.add(tree, key, "it is a list of pairs of numbers: [[1, 2], [3, 4]]")
                return ()
            x, y = (self.number(tree, key, one) for one in pair)
            if x is None or y is None:
                return ()
            made.append((x, y))
        return tuple(made)

    def limits(self, tree: Mapping[str, Any]) -> tuple[float | None, float | None]:
        return self._bounds(tree, "limits") if "limits" in tree else (None, None)
