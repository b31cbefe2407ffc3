"""Rebuild the nesting of eligibility criteria that a register page printed as one line.

Pages print a tree on one line with its bullets left in place: `Related to IVIg: o History of ... o Known ...`. Three
signs give the tree back. A bullet opens an item. A colon at the end of an item opens a list below it, even when that
list uses the same bullet (so the colon, not the bullet, decides). A bullet in use closes the lists opened since.
"Exceptions to ..." after the end of a sentence turns round what it stands under, and is marked. What was inferred is
noted on the criterion, for a person to confirm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialwright.registry.record import Criterion, Joiner, Kind, Role, Span

_BULLET = re.compile(r"(?:(?<=\s)|^)(?P<glyph>[•▪◦‣·*]|o|-|–)(?=\s)")
_EXCEPTIONS = re.compile(
    r"(?<=[.):;])\s+(?=(?:Exceptions?\b(?:\s+(?:to|for|from)\b|\s*:)|Except(?:ed)?\b|Unless\b))", re.IGNORECASE
)
_ASIDE_OPENS = re.compile(r"^(?:i\.?\s?e\.?|that is|namely)[\s,:]+", re.IGNORECASE)
_TAIL = re.compile(r"[\s,;]+(?:(?P<word>and/or|or|and)[\s,;]*)?$", re.IGNORECASE)
_JUDGED = (
    re.compile(r"(?:as\s+)?(?:carefully\s+)?judged by [\w\s]+?(?=[).,;]|$)", re.IGNORECASE),
    re.compile(r"(?:in|at) the (?:opinion|discretion) of [\w\s]+?(?=[).,;]|$)", re.IGNORECASE),
    re.compile(r"likely to interfere(?: with)?(?: [\w\s]+?)?(?=[).,;:]|$)", re.IGNORECASE),
)
_ALL = re.compile(r"\ball (?:of )?(?:the )?(?:following|these)\b", re.IGNORECASE)
_ANY = re.compile(r"\b(?:any|one|either) (?:or more )?(?:of )?(?:the )?(?:following|these)\b", re.IGNORECASE)

SAME_BULLET = (
    "two levels of the list use the same bullet; the level was read from the colon and needs a person's confirmation"
)
SCOPE = "the page does not say whether these exceptions lift this criterion alone or every exclusion printed above"


@dataclass(frozen=True, slots=True)
class _Item:
    mark: int
    glyph: str
    start: int
    end: int
    text: str
    tail: str | None


@dataclass(slots=True)
class _Node:
    """A criterion while its children are still being found."""

    start: int
    end: int
    text: str
    children: list[_Node]
    glyph: str = ""
    tail: str | None = None
    exceptions: bool = False
    note: str | None = None


def criterion(line: str, number: int, kind: Kind, ordinal: int) -> Criterion:
    """The criterion that one line of a page prints, nesting rebuilt.

    `number` is the line of the page (from 1), `ordinal` the criterion's place among its kind (from 1). Every text in
    the tree is a verbatim slice of the line, given by its span.
    """
    root = _tree(line)
    identity = f"{'I' if kind == 'inclusion' else 'E'}{ordinal}"
    return _freeze(root, identity, kind, "criterion", number)


def _tree(line: str) -> _Node:
    items = _items(line)
    head_end = items[0].mark if items else len(line)
    root = _node(line, 0, head_end)
    opener = root
    if split := _EXCEPTIONS.search(line, 0, head_end):
        root.start, root.end, root.text = _slice(line, 0, split.start())
        opener = _node(line, split.end(), head_end)
        opener.exceptions = True
        opener.note = SCOPE if re.search(r"\babove", opener.text, re.IGNORECASE) else None
        root.children.append(opener)
    _nest(opener, items)
    return root


def _nest(opener: _Node, items: list[_Item]) -> None:
    levels: list[tuple[str, _Node]] = []
    last = opener
    for item in items:
        node = _Node(item.start, item.end, item.text, [], item.glyph, item.tail)
        known = [depth for depth, (glyph, _) in enumerate(levels) if glyph == item.glyph]
        if not levels or last.text.endswith(":"):
            if known:
                last.note = SAME_BULLET
            levels.append((item.glyph, last))
        elif known:
            del levels[known[-1] + 1 :]
        else:
            levels.append((item.glyph, last))
        levels[-1][1].children.append(node)
        last = node


def _items(line: str) -> list[_Item]:
    marks = _bullets(line)
    items = []
    for place, mark in enumerate(marks):
        following = marks[place + 1] if place + 1 < len(marks) else None
        stop = following.start() if following else len(line)
        start, end, text = _slice(line, mark.end(), stop)
        tail = None
        if following and (found := _TAIL.search(text)):
            tail = found["word"].lower() if found["word"] else None
            end, text = start + found.start(), text[: found.start()]
        if text:
            items.append(_Item(mark.start(), mark["glyph"], start, end, text, tail))
    return items


def _bullets(line: str) -> list[re.Match[str]]:
    depth = _parenthesis_depth(line)
    found = [mark for mark in _BULLET.finditer(line) if depth[mark.start()] == 0]
    return [mark for mark in found if mark["glyph"] not in "-–*" or _opens_a_list(line, mark, found)]


def _opens_a_list(line: str, mark: re.Match[str], found: list[re.Match[str]]) -> bool:
    """A dash is a bullet at the start, after punctuation, or after an item that a dash opened; else it is a dash."""
    before = line[: mark.start()].rstrip()
    if not before or before[-1] in ":;,.•":
        return True
    return any(
        other["glyph"] == mark["glyph"] and line[: other.start()].rstrip()[-1:] in (":", "")
        for other in found
        if other.start() < mark.start()
    )


def _parenthesis_depth(line: str) -> list[int]:
    """How many parentheses are open at each column; all 0 where they do not balance, so that nothing is hidden."""
    depths, depth = [], 0
    for sign in line:
        depth += sign == "("
        depths.append(depth)
        depth -= sign == ")"
        if depth < 0:
            return [0] * len(line)
    return depths if depth == 0 else [0] * len(line)


def _slice(line: str, start: int, end: int) -> tuple[int, int, str]:
    text = line[start:end]
    start += len(text) - len(text.lstrip())
    text = text.strip()
    return start, start + len(text), text


def _node(line: str, start: int, end: int) -> _Node:
    begin, stop, text = _slice(line, start, end)
    return _Node(begin, stop, text, [])


def _freeze(node: _Node, identity: str, kind: Kind, role: Role, number: int) -> Criterion:
    role = "exceptions" if node.exceptions else role
    joiner, stated = _joiner(node)
    below = _role_below(role, joiner, stated)
    children = [
        _freeze(child, f"{identity}.{place}", kind, below, number) for place, child in enumerate(node.children, start=1)
    ]
    if not children:
        children, joiner, stated = _definitions(node, identity, kind, number)
    judged = next((found[0] for pattern in _JUDGED if (found := pattern.search(node.text))), None)
    return Criterion(
        id=identity, kind=kind, role=role, text=node.text, span=Span(number, node.start, node.end), joiner=joiner,
        joiner_stated=stated, children=tuple(children), asides=_asides(node.text), judgement=judged,
        note=node.note,
    )  # fmt: skip


def _role_below(role: Role, joiner: Joiner | None, stated: bool) -> Role:
    if role in ("exceptions", "exception"):
        return "condition" if joiner == "all" and stated else "exception"
    return "condition" if role == "condition" else "part"


def _joiner(node: _Node) -> tuple[Joiner | None, bool]:
    """All or any of the children, and whether the page says so. A bare list of alternatives reads as any."""
    parts = [child for child in node.children if not child.exceptions]
    if len(parts) < 2:
        return None, False
    if _ALL.search(node.text):
        return "all", True
    words = {child.tail for child in parts if child.tail}
    if _ANY.search(node.text) or words & {"or", "and/or"}:
        return "any", True
    return ("all", True) if words == {"and"} else ("any", False)


def _asides(text: str) -> tuple[str, ...]:
    """The texts of the outermost parentheses."""
    depths = _parenthesis_depth(text)
    found, opened = [], -1
    for column, sign in enumerate(text):
        if sign == "(" and depths[column] == 1:
            opened = column + 1
        elif sign == ")" and depths[column] == 1:
            found.append(text[opened:column])
    return tuple(found)


def _definitions(node: _Node, identity: str, kind: Kind, number: int) -> tuple[list[Criterion], Joiner | None, bool]:
    """What an "i.e." in parentheses spells out, one child for each alternative; examples (e.g.) are no definition."""
    opened = next((aside for aside in _asides(node.text) if _ASIDE_OPENS.match(aside)), None)
    if opened is None:
        return [], None, False
    offset = node.text.index(opened)
    pieces = _alternatives(opened, len(_ASIDE_OPENS.match(opened)[0]))  # type: ignore[index]
    if len(pieces) < 2:
        return [], None, False
    children = []
    for place, (start, end) in enumerate(pieces, start=1):
        child = _Node(node.start + offset + start, node.start + offset + end, opened[start:end], [])
        children.append(_freeze(child, f"{identity}.{place}", kind, "definition", number))
    return children, "any", bool(re.search(r"\bor\b", opened))


def _alternatives(text: str, begin: int) -> list[tuple[int, int]]:
    """The stretches of a list "a, b, or c", commas inside parentheses left alone; "and" lists are not taken apart."""
    depths = _parenthesis_depth(text)
    cuts = [
        cut
        for cut in re.finditer(r"\s*(?:[,;]\s*or\b|[,;]|\bor\b)\s*", text[begin:])
        if depths[begin + cut.start()] == 0
    ]
    edges = [begin, *(begin + place for cut in cuts for place in cut.span()), len(text)]
    pieces = [_slice(text, start, end)[:2] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return [(start, end) for start, end in pieces if end > start]


def plain_tree(node: Criterion, indent: int = 0) -> list[str]:
    """The criterion as indented lines, for a person to check against the page."""
    sign = {"exceptions": "unless", "exception": "except", "condition": "if", "definition": "that is"}.get(
        node.role, ""
    )
    joined = f"  [{node.joiner} of{'' if node.joiner_stated else ', not stated'}]" if node.joiner else ""
    lines = [f"{'  ' * indent}{node.id} {sign + ' ' if sign else ''}{node.text}{joined}"]
    return lines + [line for child in node.children for line in plain_tree(child, indent + 1)]
