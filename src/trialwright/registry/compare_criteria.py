"""The criteria of a register beside the criteria of a definition.

Each criterion of the definition is given to the one of the same kind in the register that it is most like. Where
several fall to one (a register often hangs five exclusions under one heading), they are told apart by its nested items.
Equal words are `same`; numbers that each side has and the other lacks are a difference; all else is for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from trialwright.design.model import Criterion as Defined
from trialwright.design.model import Definition
from trialwright.registry.likeness import likeness, numbers, paired, plain, same_word
from trialwright.registry.record import Ages, Criterion, Record
from trialwright.registry.rows import Row, Verdict, text_row

ENOUGH = 0.34
"""Less alike than this is no match: two words of six."""


def rows(record: Record, definition: Definition) -> list[Row]:
    """One row for the ages, then one for each criterion or nested item of either side."""
    found = [_age_row(record, definition)]
    for kind in ("inclusion", "exclusion"):
        printed = [criterion for criterion in record.criteria if criterion.kind == kind]
        mine = [criterion for criterion in definition.eligibility if criterion.kind == kind]
        found += _of_kind(printed, mine)
    return found


def _of_kind(printed: list[Criterion], mine: list[Defined]) -> list[Row]:
    given: dict[str, list[Defined]] = {criterion.id: [] for criterion in printed}
    alone: list[Row] = []
    for defined in mine:
        score, best = max(((_best(criterion, defined), criterion.id) for criterion in printed), default=(0.0, ""))
        if score < ENOUGH:
            alone.append(Row(f"criteria.{defined.id}", None, defined.text, "only in definition"))
        else:
            given[best].append(defined)
    return [row for criterion in printed for row in _one_printed(criterion, given[criterion.id])] + alone


def _best(criterion: Criterion, defined: Defined) -> float:
    whole = likeness(whole_text(criterion), defined.text)
    return max(whole, *(likeness(node.text, defined.text) for node in criterion.walk()))


def whole_text(criterion: Criterion) -> str:
    """The criterion with everything nested in it; definitions stand inside the text already."""
    return " ".join(node.text for node in criterion.walk() if node.role != "definition")


def _one_printed(criterion: Criterion, mine: list[Defined]) -> list[Row]:
    if not mine:
        return [
            Row(f"criteria.{criterion.id}", whole_text(criterion), None, "only in register", None, criterion.span.line)
        ]
    if len(mine) == 1:
        return [_whole(criterion, mine[0]), *_nested(criterion, mine[0])]
    return _by_item(criterion, mine)


def _by_item(criterion: Criterion, mine: list[Defined]) -> list[Row]:
    """Several criteria of the definition for one of the register: each to the nested item that it is most like."""
    items = criterion.children
    found = paired([defined.text for defined in mine], [whole_text(item) for item in items], ENOUGH)
    rows = []
    for place, defined in enumerate(mine):
        node = items[found[place]] if place in found else criterion
        rows.append(_row(node, defined, whole_text(node) if place in found else node.text))
    return rows + [_unmatched(item) for place, item in enumerate(items) if place not in found.values()]


def _unmatched(node: Criterion) -> Row:
    return Row(f"criteria.{node.id}", whole_text(node), None, "only in register", node.role, node.span.line)


def _whole(criterion: Criterion, defined: Defined) -> Row:
    """The criterion without its nested parts, which have rows of their own where the definition spells them out."""
    return _row(criterion, defined, criterion.text if _parts(defined) else whole_text(criterion))


def _parts(defined: Defined) -> list[tuple[int, str, str]]:
    return [*labelled(defined.when), *labelled(defined.unless)]


def _row(criterion: Criterion, defined: Defined, text: str) -> Row:
    verdict, note = judged(text, defined.text, " ".join([defined.text, *(part for _, _, part in _parts(defined))]))
    names = criterion.id if criterion.id == defined.id else f"{criterion.id} = {defined.id}"
    if verdict != "same" and criterion.note:
        note = f"{note}; {criterion.note}" if note else criterion.note
    return Row(f"criteria.{names}", text, defined.text, verdict, note, criterion.span.line)


def judged(register: str, definition: str, whole: str = "") -> tuple[Verdict, str | None]:
    """Same words, a difference in numbers on both sides, or something that a person must look at.

    `whole` is the definition's text with its nested parts, in which the register's numbers may stand too.
    """
    if _bare(register) == _bare(definition):
        return "same", None
    if _only_spelling(_bare(register).split(), _bare(definition).split()):
        return "same", "apart from spelling"
    here, there = numbers(register) - numbers(whole or definition), numbers(definition) - numbers(register)
    if here and there:
        return "differs", f"the register says {_listed(here)}, the definition {_listed(there)}"
    if here or there:
        where = "register" if here else "definition"
        return "needs a person", f"only the {where} names {_listed(here | there)}"
    return "needs a person", "the numbers agree, the wording differs"


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9<>=%]+", " ", plain(text)).strip()


def _only_spelling(one: list[str], other: list[str]) -> bool:
    return len(one) == len(other) and all(same_word(*pair) for pair in zip(one, other, strict=True))


def _listed(found: frozenset[str]) -> str:
    return ", ".join(sorted(found, key=lambda number: (float(number), number)))


def labelled(condition: Any, depth: int = 0) -> Iterator[tuple[int, str, str]]:
    """Depth, id and text of every part of a condition that carries a text of its own; depth counts such parts above."""
    if isinstance(condition, dict):
        if isinstance(condition.get("text"), str):
            yield depth, str(condition.get("id", "")), condition["text"]
            depth += 1
        for value in condition.values():
            yield from labelled(value, depth)
    elif isinstance(condition, list | tuple):
        for value in condition:
            yield from labelled(value, depth)


def _nested(criterion: Criterion, defined: Defined) -> list[Row]:
    """The nested parts of both, alternatives and exceptions alike, where the definition gives its own a text."""
    mine = _parts(defined)
    if not mine:
        return []
    printed = [node for node in criterion.walk() if node is not criterion]
    found = _pairs(mine, printed)
    rows = []
    for place, (_, identity, text) in enumerate(mine):
        name = identity or f"{defined.id}, part {place + 1}"
        if place not in found:
            rows.append(Row(f"criteria.{name}", None, text, "only in definition", "a nested part"))
            continue
        node = printed[found[place]]
        verdict, note = judged(node.text, text, " ".join([text, *_within(mine, place)]))
        rows.append(Row(f"criteria.{node.id} = {name}", node.text, text, verdict, note, node.span.line))
    left = [node for place, node in enumerate(printed) if place not in found.values() and not _frame(node)]
    return rows + [_unmatched(node) for node in left]


def _within(mine: list[tuple[int, str, str]], place: int) -> list[str]:
    """The texts of the parts nested in the part at this place."""
    deeper = takewhile(lambda part: part[0] > mine[place][0], mine[place + 1 :])
    return [text for _, _, text in deeper]


def _pairs(mine: list[tuple[int, str, str]], printed: list[Criterion]) -> dict[int, int]:
    """The parts of the definition with those of the register, outer parts before those within them."""
    found: dict[int, int] = {}
    for level in sorted({depth for depth, _, _ in mine}):
        here = [place for place, (depth, _, _) in enumerate(mine) if depth == level]
        free = [place for place in range(len(printed)) if place not in found.values()]
        pairs = paired([mine[place][2] for place in here], [printed[place].text for place in free], ENOUGH)
        found |= {here[one]: free[other] for one, other in pairs.items()}
    return found


def _frame(node: Criterion) -> bool:
    """A line that only opens a list is not itself a part."""
    return any(child.role in ("exception", "part") for child in node.children)


# ------------------------------------------------------------------ ages

_LIMIT = re.compile(r"\bage\s*(>=|<=|>|<)\s*(\d+)\s*a\b")


def defined_ages(definition: Definition) -> Ages:
    """The ages that the conditions of the inclusion criteria allow (`age >= 18 a`), in whole years."""
    minimum = maximum = None
    for criterion in definition.eligibility:
        if criterion.kind == "inclusion":
            for sign, years in _LIMIT.findall(str(criterion.when)):
                if sign in (">=", ">"):
                    minimum = int(years) + (sign == ">")
                else:
                    maximum = int(years) - (sign == "<")
    return Ages(minimum, maximum)


def _age_row(record: Record, definition: Definition) -> Row:
    return text_row("ages", in_words(record.ages), in_words(defined_ages(definition)), record)


def in_words(ages: Ages | None) -> str | None:
    """Ages as a person says them; None where nothing is known."""
    if ages is None or (ages.minimum is None and ages.maximum is None):
        return None
    if ages.maximum is None:
        return f"{ages.minimum} years and older"
    return f"up to {ages.maximum} years" if ages.minimum is None else f"{ages.minimum} to {ages.maximum} years"
