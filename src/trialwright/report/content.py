"""What a report says, as a tree: built once, rendered twice (HTML for people, JSON for programs).

Every number that a reader sees is a `Number`: the value at full precision beside the way it is printed. A renderer may
choose which of the two to show; it never computes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Number:
    """A value at full precision, the digits after the point that are printed, and its unit; None prints as a dash."""

    value: float | int | None
    digits: int = 0
    unit: str = ""
    kind: str = "plain"
    """`plain`; `percent` (a share, printed times 100); `p` (a p value, printed as journals do)."""

    @property
    def text(self) -> str:
        """As printed, with a true minus sign; a p value below 0.001 prints as `< 0.001`."""
        if self.value is None:
            return "–"
        if self.kind == "p":
            return "< 0.001" if self.value < 0.001 else f"{self.value:.{2 if self.value >= 0.1 else 3}f}"
        scaled = round(100 * self.value, 9) if self.kind == "percent" else self.value
        printed = f"{rounded(scaled, self.digits):,}"
        unit = " %" if self.kind == "percent" else f" {self.unit}" if self.unit else ""
        return printed.replace("-", "−").replace(",", " ") + unit


def rounded(value: float, digits: int) -> Decimal:
    """The value as it reads in decimal, rounded half away from nought as people do: 62.5 to 63; never minus nought."""
    shortest = Decimal(repr(float(value)))
    return shortest.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) + 0


@dataclass(frozen=True, slots=True)
class Sentence:
    """Prose with numbers: `{name}` in `pattern` stands for the number (or the words) of that name.

    Words that come from a definition go in by name, never into the pattern: they may hold braces of their own.
    """

    pattern: str
    parts: Mapping[str, Number | str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        shown = {name: part if isinstance(part, str) else part.text for name, part in self.parts.items()}
        return self.pattern.format(**shown)

    @property
    def numbers(self) -> dict[str, Number]:
        """The numbers alone."""
        return {name: part for name, part in self.parts.items() if isinstance(part, Number)}


Cell = Number | Sentence | str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`tone` is `plain`, `lead` (the sentence to read if one reads only one), `note` or `caution`."""

    says: Sentence
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of a row is its heading, a row of one cell is a heading over the rows that follow."""

    id: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as self-contained SVG, what it shows in words, and the numbers that it was drawn from."""

    id: str
    caption: str
    description: str
    svg: str
    data: Any
    wide: bool = True


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of sentences; `empty` is said where there is none."""

    items: Sequence[Sentence]
    empty: str = ""


Block = Paragraph | Table | Drawing | Listing


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Content:
    """The whole report. `banner` is said on top, loudly: the data are rehearsed, or the report is still blinded."""

    title: str
    subtitle: str
    banner: Sequence[str]
    sections: Sequence[Section]
    provenance: Mapping[str, str]
    results: Any


def plain(thing: Any) -> Any:
    """The tree as JSON knows it: numbers at full precision beside their printed text; drawings without their ink."""
    if isinstance(thing, Number):
        return {"value": _plain_value(thing.value), "text": thing.text, **({"unit": thing.unit} if thing.unit else {})}
    if isinstance(thing, Sentence):
        return _plain_sentence(thing)
    if isinstance(thing, Paragraph):
        return {"kind": "paragraph", "tone": thing.tone, "says": plain(thing.says)}
    if isinstance(thing, Table):
        head = {"kind": "table", "id": thing.id, "caption": thing.caption, "columns": list(thing.columns)}
        return {**head, "rows": [[plain(cell) for cell in row] for row in thing.rows], "notes": list(thing.notes)}
    if isinstance(thing, Drawing):
        return {"kind": "figure", "id": thing.id, "caption": thing.caption, "data": plain(thing.data)}
    if isinstance(thing, Listing):
        return {"kind": "list", "items": [plain(item) for item in thing.items] or thing.empty}
    if isinstance(thing, Section):
        return {"id": thing.id, "title": thing.title, "blocks": [plain(block) for block in thing.blocks]}
    return _plain_value(thing)


def _plain_sentence(sentence: Sentence) -> Any:
    if not sentence.numbers:
        return sentence.text
    return {"text": sentence.text, "numbers": {name: plain(number) for name, number in sentence.numbers.items()}}


def _plain_value(thing: Any) -> Any:
    """Frozen results, mappings and sequences down to JSON's own; a NaN would be a silent unknown and becomes null."""
    if thing is None or isinstance(thing, str | bool | int):
        return thing
    if isinstance(thing, Mapping):
        return {str(key): plain(value) for key, value in thing.items()}
    if hasattr(thing, "__dataclass_fields__"):
        return {name: plain(getattr(thing, name)) for name in thing.__dataclass_fields__}
    if hasattr(thing, "tolist"):
        return plain(thing.tolist())
    if isinstance(thing, float):
        return thing if thing == thing else None
    return [plain(item) for item in thing]
