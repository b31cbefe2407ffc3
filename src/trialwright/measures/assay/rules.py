"""Rule sets: what a plate must fulfil, as data.

A rule set is a YAML file: its policies, and numbers that each carry a status and a source. `ich-m10` is the default;
profiles fit for another purpose stand beside it, and a laboratory can write its own (`extends:` names the set that it
changes). A number that nobody has checked against the guideline says so wherever it is used.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from trialwright.measures.assay.plates import BadPlates, Problem

FRACTION = re.compile(r"\d{1,4}/[1-9]\d{0,3}", re.ASCII)
"""A share as people write it, `2/3`."""

STATUSES = {
    "S": "stated by the source named",
    "K": "general knowledge",
    "verify": "general knowledge, to be verified against the guideline",
    "declared": "declared by the laboratory",
}

NUMBERS = {
    "calibrator_levels": (2, 100, "least number of non-zero standard levels, anchors left out"),
    "calibrator_replicates": (1, 20, "least number of wells of each standard level"),
    "calibrators_within": (0, 1, "least share of the standard levels that back-calculate within the limits"),
    "calibrators_within_least": (2, 100, "least number of standard levels that back-calculate within the limits"),
    "calibrator_bias": (0, 10, "largest deviation of a standard from its nominal content"),
    "calibrator_bias_at_limits": (0, 10, "the same at the lower and upper limit of quantification"),
    "qc_levels": (0, 20, "least number of control levels"),
    "qc_replicates": (0, 20, "least number of control results at each level"),
    "qc_bias": (0, 10, "largest deviation of a control from its nominal content"),
    "qc_within_all": (0, 1, "least share of all control results within the limit"),
    "qc_within_level": (0, 1, "least share of the control results of each level within the limit"),
    "cv": (0, 10, "largest coefficient of variation of replicates"),
    "cv_at_lloq": (0, 10, "the same at the lower limit of quantification"),
    "total_error": (0, 10, "largest total error (size of the bias plus CV) of a control level over plates"),
    "total_error_at_limits": (0, 10, "the same at the limits of quantification"),
    "dilution_bias": (0, 10, "largest deviation of a diluted sample, multiplied back, from the reference"),
    "dilution_cv": (0, 10, "largest CV of one sample over its dilutions"),
    "parallelism_cv": (0, 10, "largest CV of a participant's sample over its dilutions, multiplied back"),
    "hook_rise": (0, 10, "rise of the content, multiplied back, from one dilution to the next that speaks of a hook"),
    "isr_within": (0, 1, "least share of samples measured again that agree"),
    "isr_difference": (0, 10, "largest difference of a sample measured again, as a share of the mean"),
    "bridge_difference": (0, 10, "largest difference of a bridge sample between lots, as a share of the mean"),
    "bridge_within": (0, 1, "least share of bridge samples that agree"),
    "bridge_ratio": (0, 10, "the interval of the mean ratio of two lots lies within 1 / (1 + this) to 1 + this"),
    "bridge_samples": (3, 1000, "least number of bridge samples"),
    "bead_count": (0, 10000, "least number of beads behind a median"),
    "fall": (0, 10, "fall of a standard's mean response, as a share of it, that is more than noise"),
}
"""Every number that a rule set must give: the values that it can have, and what it is."""

CHOICES: dict[str, tuple[Any, ...]] = {
    "blank": ("required", "not required"),
    "limits": ("standards", "determined"),
    "drop_standards": (True, False),
    "judge_cv_of_samples": (True, False),
    "release_samples": (True, False),
    "model": ("4pl", "5pl", "best"),
    "weights": ("none", "1/y2", "power"),
}
"""Every policy and what it can be. `limits: standards` takes the lowest and the highest standard as limits of
quantification, which must hold; `determined` takes the lowest and the highest standard that hold."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a rule set with how well it is known and where it is from."""

    value: float
    status: str
    source: str = ""

    @property
    def words(self) -> str:
        """The status in words."""
        return STATUSES[self.status]


@dataclass(frozen=True, slots=True)
class Rules:
    """A rule set. `rules["cv"]` is the value; `rules.numbers["cv"]` has its status and source as well."""

    id: str
    title: str
    source: str
    scope: str
    policies: Mapping[str, Any]
    numbers: Mapping[str, Number]

    def __getitem__(self, name: str) -> float:
        return self.numbers[name].value

    def policy(self, name: str) -> Any:
        """What is declared of a choice that is no number."""
        return self.policies[name]


def rule_sets() -> tuple[str, ...]:
    """The names of the rule sets that come with the program."""
    folder = resources.files("trialwright.measures.assay") / "rule_sets"
    return tuple(sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml")))


def rules(name: str = "ich-m10") -> Rules:
    """A rule set by its name, or of a YAML file. Raises BadPlates with everything that is wrong with it."""
    return shipped(name) if name in rule_sets() else _of_file(name)


@cache
def shipped(name: str) -> Rules:
    """A rule set that comes with the program."""
    text = (resources.files("trialwright.measures.assay") / "rule_sets" / f"{name}.yaml").read_text(encoding="utf-8")
    return _built(f"{name}.yaml", text)


def _of_file(name: str) -> Rules:
    path = Path(name)
    if not path.exists():
        near = difflib.get_close_matches(name, rule_sets(), 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        say = f"there is no such rule set or file; the rule sets are {', '.join(rule_sets())}{hint}"
        raise BadPlates([Problem(name, 0, "", say)])
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadPlates([Problem(path.name, 0, "", "the rule set is not text in UTF-8")]) from None
    return _built(path.name, text)


def _built(file: str, text: str) -> Rules:
    try:
        tree = YAML(typ="rt").load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        say = f"the rule set is no YAML: {getattr(error, 'problem', error)}"
        raise BadPlates([Problem(file, mark.line + 1 if mark else 0, "", say)]) from None
    if not isinstance(tree, Mapping):
        raise BadPlates([Problem(file, 1, "", "a rule set has id, title, source, policies and numbers")])
    problems = _Problems(file)
    under = tree.get("extends")
    if under is not None and under not in rule_sets():
        problems.add(tree, "extends", f"'{under}' is no rule set; they are {', '.join(rule_sets())}")
        under = None
    base = shipped(str(under)) if under else None
    problems.unknown(tree, ("id", "title", "source", "scope", "extends", "policies", "numbers"))
    policies = {**(base.policies if base else {}), **_policies(problems, tree.get("policies") or {})}
    numbers = {**(base.numbers if base else {}), **_numbers(problems, tree.get("numbers") or {})}
    for known, given in ((CHOICES, policies), (NUMBERS, numbers)):
        for name in known:
            if name not in given and not problems.found:
                problems.add(tree, name, "it is missing; give it, or say `extends: ich-m10`")
    if problems.found:
        raise BadPlates(problems.found)
    told = {name: str(tree.get(name) or "") for name in ("title", "source", "scope")}
    return Rules(str(tree.get("id") or Path(file).stem), **told, policies=policies, numbers=numbers)


class _Problems:
    """Everything that is wrong with a rule set, with its line."""

    def __init__(self, file: str) -> None:
        self.file, self.found = file, list[Problem]()

    def add(self, tree: Any, key: str, sentence: str) -> None:
        places = getattr(getattr(tree, "lc", None), "data", None) or {}
        line = places[key][0] + 1 if key in places else 0
        self.found.append(Problem(self.file, line, key, sentence))

    def unknown(self, tree: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for name in tree:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, 1, 0.6)
                self.add(tree, name, "it means nothing here" + (f"; did you mean {near[0]}?" if near else ""))


def _policies(problems: _Problems, tree: Mapping[str, Any]) -> dict[str, Any]:
    problems.unknown(tree, tuple(CHOICES))
    for name, value in tree.items():
        if name in CHOICES and value not in CHOICES[name]:
            can = ", ".join(str(one).lower() if isinstance(one, bool) else str(one) for one in CHOICES[name])
            problems.add(tree, name, f"'{value}' cannot be; it is one of: {can}")
    return {name: value for name, value in tree.items() if name in CHOICES}


def _numbers(problems: _Problems, tree: Mapping[str, Any]) -> dict[str, Number]:
    problems.unknown(tree, tuple(NUMBERS))
    made = {}
    for name, entry in tree.items():
        if name not in NUMBERS:
            continue
        given = entry if isinstance(entry, Mapping) else {"value": entry, "status": "declared"}
        value, status = given.get("value"), str(given.get("status", "declared"))
        low, high, what = NUMBERS[name]
        if isinstance(value, str) and FRACTION.fullmatch(value):
            value = float(Fraction(value))
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            problems.add(tree, name, f"it is a number from {low} to {high}: {what}")
        elif status not in STATUSES:
            problems.add(tree, name, f"the status '{status}' is unknown; it is one of {', '.join(STATUSES)}")
        else:
            made[name] = Number(float(value), status, str(given.get("source", "")))
    return made
