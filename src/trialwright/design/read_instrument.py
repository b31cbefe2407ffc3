"""Reads the declaration of an instrument from a file, and says everything that is wrong with it, each with its place.

A declaration inside a definition (`instruments:`) is read with the definition; `review_instrument` then says the same
of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trialwright.design.findings import Findings
from trialwright.design.instruments import Answers, Category, Instrument, Scale, levels, points
from trialwright.design.mending import mended, unaffected
from trialwright.design.mistakes import Path as Steps
from trialwright.design.mistakes import mistakes
from trialwright.design.problems import Problem, in_order, known_or_close
from trialwright.design.sources import without_sources
from trialwright.design.tree import DEEPEST, NUMBER, Node, read_tree

MOST_LEVELS = 100_000
RESERVED = frozenset({"id", "why"})
ANSWERED = "_answered"


class InstrumentErrors(ValueError):
    """A declaration that cannot be used; holds every problem found, in the order of the text."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def read_instrument(path: Path | str) -> Instrument:
    """The instrument that a YAML file declares. Raises `InstrumentErrors` with every error found."""
    tree = read_tree(Path(path))
    problems = list(tree.problems)
    if tree.root is None or not isinstance(tree.root.value, dict):
        if tree.root is not None:
            problems.append(Problem(tree.root.place, "an instrument is a mapping", "begin with id: my-scale"))
        raise InstrumentErrors(problems)
    root, cited, more = without_sources(tree.root)
    problems += more
    if "claims" in root.keys:
        problems.append(Problem(root.keys["claims"], "'claims' is filled by the reader", "write src: beside the value"))
        del root.value["claims"]  # type: ignore[union-attr,arg-type]
    problems += [
        Problem(one.place, f"the source '{one.source}' is not declared", known_or_close(one.source, names))
        for names in [_declared_sources(root)]
        for one in cited
        if one.source not in names
    ]
    claims = [{"path": one.path, "source": one.source, "note": one.note} for one in cited]
    instrument, more, faulty = _modelled(root, {**root.plain(), "claims": claims})
    problems += more
    if instrument is not None:
        findings = Findings(root)
        review_instrument(instrument, findings)
        problems += unaffected(findings.problems, faulty)
    if instrument is None or problems:
        raise InstrumentErrors(problems)
    return instrument


def _declared_sources(root: Node) -> list[str]:
    declared = root.child("sources")
    return sorted(declared.value) if declared is not None and isinstance(declared.value, dict) else []


def _modelled(root: Node, whole: dict[str, Any]) -> tuple[Instrument | None, list[Problem], list[str]]:
    """The instrument, or the nearest to it without the faulty values, so that the review can go on; the problems, and
    the paths of what is not as it was written."""
    problems: list[Problem] | None = None
    touched: list[str] = []
    for _ in range(DEEPEST):
        try:
            return Instrument.model_validate(whole), problems or [], touched
        except ValidationError as wrong:
            problems = mistakes(wrong, root, Instrument) if problems is None else problems
            more = mended(whole, wrong, Instrument)
        if more is None:
            break
        touched += more
    return None, problems or [], touched


def review_instrument(instrument: Instrument, findings: Findings, path: Steps = ()) -> None:
    """Everything that the shape alone does not show; `path` leads to the declaration in the tree of the findings."""
    before = len(findings.problems)
    _answers(instrument, findings, path)
    _items(instrument, findings, path)
    if len(findings.problems) > before:
        return  # scales are judged by items that stand
    for index, category in enumerate(instrument.categories):
        _category(instrument, category, findings, (*path, "categories", index))
    _twice([one.id for one in instrument.categories], "category", findings, (*path, "categories"))
    _twice([one.id for one in instrument.scales], "scale", findings, (*path, "scales"))
    for index, scale in enumerate(instrument.scales):
        if scale.id in RESERVED or scale.id.endswith(ANSWERED):
            hint = f"a file of scores has columns id, why and the scales with {ANSWERED}"
            findings.error((*path, "scales", index, "id"), f"'{scale.id}' cannot be the name of a scale", hint)
        _scale(instrument, scale, findings, (*path, "scales", index))


def _twice(names: Sequence[str], what: str, findings: Findings, path: Steps) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            findings.error((*path, index), f"the {what} '{name}' stands here twice", "give it another id")


# ------------------------------------------------------------------ answers and items


def _answers(instrument: Instrument, findings: Findings, path: Steps) -> None:
    used = {item.answers for item in instrument.items}
    for name, answers in instrument.answers.items():
        here = (*path, "answers", name)
        if name not in used:
            findings.error(here, f"no item takes the answers '{name}'", "remove them, or name them at an item")
        if answers.codes:
            _codes(answers, findings, here)
        else:
            _range(answers, findings, here)
        if not answers.codes and answers.recode:
            findings.error((*here, "recode"), "`recode` needs `codes`", "list the codes")


def _codes(answers: Answers, findings: Findings, path: Steps) -> None:
    for key in ("low", "high", "step"):
        if getattr(answers, key) is not None:
            findings.error((*path, key), f"`{key}` beside `codes`", "keep one of the two", at_key=True)
    for code in answers.codes:
        if not NUMBER.fullmatch(code):
            findings.error((*path, "codes", code), f"the code '{code}' is not a number", at_key=True)
    for code in answers.recode:
        if code not in answers.codes:
            findings.error(
                (*path, "recode", code), f"'{code}' is no code", f"codes: {_few(answers.codes)}", at_key=True
            )
    missing = [code for code in answers.codes if code not in answers.recode]
    if answers.recode and missing:
        findings.error((*path, "recode"), f"no points for the code {_few(missing)}", "recode every code")
    if answers.blank is not None and format(answers.blank, "f") not in answers.codes:
        findings.error((*path, "blank"), f"{answers.blank} is no code", f"codes: {_few(answers.codes)}")


def _range(answers: Answers, findings: Findings, path: Steps) -> None:
    low, high, step = answers.low, answers.high, answers.step
    if low is not None and high is not None and high <= low:
        findings.error((*path, "high"), f"the highest answer {high} is not above the lowest {low}")
    elif step is not None and step <= 0:
        findings.error((*path, "step"), f"the step {step} is not above 0")
    elif step is not None and (low is None or high is None):
        findings.error((*path, "step"), "`step` needs `low` and `high`", "add them, or leave the step out")
    elif step is not None and low is not None and high is not None:
        if (high - low) % step:
            findings.error((*path, "step"), f"steps of {step} from {low} do not reach {high}")
        elif (high - low) / step >= MOST_LEVELS:
            findings.error((*path, "step"), f"more than {MOST_LEVELS:,} possible answers", "leave the step out")
    if answers.blank is not None:
        findings.error((*path, "blank"), "`blank` needs `codes`", "list the codes")


def _items(instrument: Instrument, findings: Findings, path: Steps) -> None:
    names = [item.id for item in instrument.items]
    _twice(names, "item", findings, (*path, "items"))
    for index, item in enumerate(instrument.items):
        here = (*path, "items", index)
        if item.id in RESERVED:
            findings.error((*here, "id"), f"'{item.id}' cannot be the name of an item", "a file has a column id")
        if not findings.known((*here, "answers"), item.answers, instrument.answers, "the set of answers"):
            continue
        answers = instrument.answers[item.answers]
        bounded = bool(answers.codes) or answers.step is not None
        if item.reversed and not bounded:
            findings.error((*here, "reversed"), "any number may be answered, so it cannot be turned", "give a step")
        if item.instead is None:
            continue
        if not bounded:
            findings.error((*here, "instead"), "where any number may be answered nothing stands in", "give a step")
            continue
        if not findings.known((*here, "instead"), item.instead, names, "the item"):
            continue
        other = instrument.item(item.instead)
        if other.id == item.id or other.instead is not None:
            findings.error((*here, "instead"), "an item that stands in has no other one itself", "name a plain item")
        elif other.answers != item.answers or other.reversed != item.reversed:
            findings.error((*here, "instead"), "an item that stands in takes the same answers, reversed alike")


def _category(instrument: Instrument, category: Category, findings: Findings, path: Steps) -> None:
    names = [item.id for item in instrument.items]
    findings.all_known((*path, "items"), category.items, names, "the item")
    findings.all_known((*path, "aids"), category.aids, names, "the item")
    if not category.items:
        findings.error((*path, "items"), f"the category '{category.id}' has no items", "name them")
    for index, name in enumerate(category.items):
        if name in names and levels(instrument.answers_of(name)) is None:
            findings.error((*path, "items", index), f"'{name}' may hold any number", "give its answers a step")
    for index, name in enumerate(category.aids):
        if name in names and levels(instrument.answers_of(name)) != (Decimal(0), Decimal(1)):
            findings.error((*path, "aids", index), f"'{name}' is no tick box", "an aid has the codes 0 and 1")


# ------------------------------------------------------------------ scales

PARTS = {"sum": ("items", "scales"), "mean": ("items", "scales"), "categories": ("categories",), "value": ("items",)}
MISSING = {
    "sum": ("none", "prorate"),
    "mean": ("none", "answered"),
    "categories": ("none", "answered"),
    "value": ("none",),
}


def _scale(instrument: Instrument, scale: Scale, findings: Findings, path: Steps) -> None:
    before = len(findings.problems)
    allowed = PARTS[scale.rule]
    given = [key for key in ("items", "scales", "categories") if getattr(scale, key)]
    for key in given:
        if key not in allowed:
            findings.error((*path, key), f"the rule '{scale.rule}' takes no {key}", f"write {' or '.join(allowed)}")
    if not given:
        findings.error(path, f"the scale '{scale.id}' goes over nothing", f"write {' or '.join(allowed)}")
    if len(given) > 1:
        findings.error((*path, given[1]), f"the scale '{scale.id}' names {' and '.join(given)}", "keep one")
    if scale.rule == "value" and len(scale.items) > 1:
        findings.error((*path, "items"), "the rule 'value' takes one item")
    _options(scale, findings, path)
    _known_parts(instrument, scale, findings, path)
    if len(findings.problems) == before:
        _range_of_scale(instrument, scale, findings, path)


def _options(scale: Scale, findings: Findings, path: Steps) -> None:
    policies = MISSING[scale.rule]
    if scale.missing not in policies:
        findings.error(
            (*path, "missing"), f"the rule '{scale.rule}' has no '{scale.missing}'", f"write {' or '.join(policies)}"
        )
    if scale.scales and scale.rule == "sum" and scale.missing != "none":
        findings.error((*path, "missing"), "a sum of scales needs them all", "write none")
    if scale.minimum is not None and scale.missing == "none":
        findings.error((*path, "minimum"), "`minimum` needs `missing`", "say what stands for what is missing")
    if scale.minimum is None and scale.missing != "none":
        findings.error((*path, "missing"), "`missing` needs `minimum`", "say how many must be answered")
    if scale.minimum is not None and scale.minimum > len(scale.parts):
        findings.error((*path, "minimum"), f"{scale.minimum} of {len(scale.parts)} cannot be answered")
    if scale.raise_to is not None and scale.rule != "categories":
        findings.error((*path, "raise_to"), "`raise_to` belongs to the rule 'categories'", "remove it")
    if scale.linear is not None and scale.linear[0] == scale.linear[1]:
        findings.error((*path, "linear"), "both ends are the same", "write linear: [0, 100]")


def _known_parts(instrument: Instrument, scale: Scale, findings: Findings, path: Steps) -> None:
    items = [item.id for item in instrument.items]
    findings.all_known((*path, "items"), scale.items, items, "the item")
    findings.all_known(
        (*path, "categories"), scale.categories, [one.id for one in instrument.categories], "the category"
    )
    earlier: list[str] = []
    for one in instrument.scales:
        if one.id == scale.id:
            break
        earlier.append(one.id)
    findings.all_known((*path, "scales"), scale.scales, earlier, "above it the scale")
    for index, name in enumerate(scale.scales):
        part = next((one for one in instrument.scales if one.id == name), None)
        if part is not None and _unbounded(instrument, part):
            findings.error((*path, "scales", index), f"'{name}' may be any number", "a scale goes over counted scales")
    if scale.linear is not None and _unbounded(instrument, scale):
        findings.error((*path, "linear"), "any number cannot be brought to a range", "give its answers a step")
    for index, name in enumerate(scale.items):
        if name in items and levels(instrument.answers_of(name)) is None and scale.rule != "value":
            hint = "give its answers a step, or use the rule 'value'"
            findings.error((*path, "items", index), f"'{name}' may hold any number", hint)


def _unbounded(instrument: Instrument, scale: Scale) -> bool:
    """Whether the scale is one item that may hold any number."""
    known = {item.id for item in instrument.items}
    return scale.rule == "value" and any(
        name in known and levels(instrument.answers_of(name)) is None for name in scale.items
    )


def _range_of_scale(instrument: Instrument, scale: Scale, findings: Findings, path: Steps) -> None:
    """The range that is written must be the range that the rule gives."""
    try:
        bounds = score_range(instrument, scale)
    except (KeyError, ValueError):  # it goes over a category, an item or a scale whose mistake was told there
        return
    if bounds is None:
        return
    for key, computed in zip(("low", "high"), bounds, strict=True):
        written = getattr(scale, key)
        if written is None:
            findings.error(path, f"the scale '{scale.id}' has no `{key}`", f"by its rule it is {_plain(computed)}")
        elif Fraction(written) != computed:
            findings.error((*path, key), f"{written} is not what the rule gives", f"write {_plain(computed)}")


def score_range(instrument: Instrument, scale: Scale) -> tuple[Fraction, Fraction] | None:
    """The lowest and the highest score that the rule can give, or None where any number is possible."""
    raw = raw_range(instrument, scale)
    if raw is None or scale.linear is None:
        return raw
    first, last = sorted(Fraction(end) for end in scale.linear)
    return first, last


def raw_range(instrument: Instrument, scale: Scale) -> tuple[Fraction, Fraction] | None:
    """The same before `linear` is applied."""
    if scale.rule == "value":
        answers = instrument.answers_of(scale.items[0])
        if levels(answers) is None and (answers.low is None or answers.high is None):
            return None
        if levels(answers) is None:
            return Fraction(answers.low or 0), Fraction(answers.high or 0)
    ends = [_part_range(instrument, scale, name) for name in scale.parts]
    if any(end is None for end in ends):
        return None
    lows, highs = zip(*(end for end in ends if end is not None), strict=True)
    parts = 1 if scale.rule in ("sum", "value") else len(ends)
    return sum(lows, Fraction(0)) / parts, sum(highs, Fraction(0)) / parts


def _part_range(instrument: Instrument, scale: Scale, name: str) -> tuple[Fraction, Fraction] | None:
    if scale.scales:
        return score_range(instrument, instrument.scale(name))
    if not scale.categories:
        counts = points(instrument, name).values()
        return min(counts), max(counts)
    worths = [points(instrument, item).values() for item in instrument.category(name).items]
    worst = max if scale.better == "lower" else min
    return worst(min(counts) for counts in worths), worst(max(counts) for counts in worths)


def _plain(number: Fraction) -> str:
    return format(Decimal(number.numerator) / Decimal(number.denominator), "f")


def _few(names: Mapping[str, Any] | Sequence[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:8]) + (", ..." if len(listed) > 8 else "")
