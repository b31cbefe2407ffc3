"""An instrument as frozen models: what a questionnaire or a muscle test asks, and how its answers become scores.

A declaration is data: items with their possible answers, scales with a rule, a missing rule and a range, sources with
what is known of them. `measures.instruments` compiles it to a scorer, forms take their items from it, exports their
metadata. Labels are neutral ("Dressing, item 1"): licensed wordings are never part of a declaration.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field

from trialwright.design.fields import Exact, Key, Model, Whole

InstrumentId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=40)]


class Status(StrEnum):
    """How well a source is known: read by us, computed from something read, recalled without reading it again, or
    assumed because no source says it."""

    READ = "read"
    COMPUTED = "computed"
    RECALLED = "recalled"
    ASSUMED = "assumed"


class InstrumentSource(Model):
    """Where a rule or a number comes from; values refer to it by key."""

    text: str
    status: Status
    doi: str | None = None
    url: str | None = None


class Claim(Model):
    """The source of one value: `path` is the dotted path in the declaration. Filled by the reader from `src:`."""

    path: str
    source: str
    note: str | None = None


class Answers(Model):
    """What may be answered, shared by the items that name it.

    Either `codes` (each code, a number, with a neutral label) or `low` to `high` in steps of `step`; without `step` any
    number, and without `high` or `low` no bound on that side. `recode`: the points that a code counts; without it an
    answer counts as it stands. `blank`: what an empty answer counts as (a tick box: 0); without it, not answered.
    """

    low: Exact | None = None
    high: Exact | None = None
    step: Exact | None = None
    codes: dict[str, str] = Field(default_factory=dict)
    recode: dict[str, Exact] = Field(default_factory=dict)
    blank: Exact | None = None
    unit: str | None = None


class InstrumentItem(Model):
    """One question, muscle or tick box. `reversed`: counts lowest + highest - answer. `instead`: the item that is taken
    where this one is not answered (the left side where the right one is untestable)."""

    id: Key
    label: str
    answers: Key
    reversed: bool = False
    instead: Key | None = None
    note: str | None = None


class Category(Model):
    """Items of which the worst one counts; where any of the `aids` is ticked the category counts at least
    `Scale.raise_to`."""

    id: Key
    label: str
    items: tuple[Key, ...]
    aids: tuple[Key, ...] = ()


class Scale(Model):
    """How answers become one number.

    rule: `sum` or `mean` of the points of `items` (or of other `scales`); `categories`, the mean over the instrument's
    categories of the worst item of each, with `aids` raised to `raise_to`; `value`, one item as it stands.
    missing: `none`, every part must be answered; `prorate` (sum), the person's mean stands for what is missing;
    `answered` (mean, categories), the mean of what is answered. `minimum`: at least so many parts answered.
    linear: what the lowest and the highest possible raw score become, and what lies between in proportion.
    low, high: the range of the score. better: which end is good.
    """

    id: Key
    label: str
    rule: Literal["sum", "mean", "categories", "value"]
    items: tuple[Key, ...] = ()
    scales: tuple[Key, ...] = ()
    categories: tuple[Key, ...] = ()
    raise_to: Exact | None = None
    missing: Literal["none", "prorate", "answered"] = "none"
    minimum: Annotated[Whole, Field(ge=1)] | None = None
    linear: tuple[Exact, Exact] | None = None
    low: Exact | None = None
    high: Exact | None = None
    unit: str | None = None
    better: Literal["higher", "lower"]
    note: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """What the rule goes over: ids of items, of scales or of categories."""
        return self.items or self.scales or self.categories

    @property
    def needed(self) -> int:
        """How many parts must be answered."""
        return self.minimum if self.minimum is not None and self.missing != "none" else len(self.parts)


class Instrument(Model):
    """A questionnaire or test: what is asked and how it is scored."""

    id: InstrumentId
    label: str
    version: str
    licence: str
    note: str | None = None
    finer_step: Exact | None = None
    sources: dict[Key, InstrumentSource] = Field(default_factory=dict)
    answers: dict[Key, Answers]
    items: tuple[InstrumentItem, ...]
    categories: tuple[Category, ...] = ()
    scales: tuple[Scale, ...]
    claims: tuple[Claim, ...] = ()

    def item(self, name: str) -> InstrumentItem:
        """The item of that id. Raises KeyError."""
        return _named(self.items, name)

    def scale(self, name: str) -> Scale:
        """The scale of that id. Raises KeyError."""
        return _named(self.scales, name)

    def category(self, name: str) -> Category:
        """The category of that id. Raises KeyError."""
        return _named(self.categories, name)

    def answers_of(self, name: str) -> Answers:
        """What may be answered to an item. Raises KeyError."""
        return self.answers[self.item(name).answers]


Named = TypeVar("Named", InstrumentItem, Scale, Category)


def _named(entries: tuple[Named, ...], name: str) -> Named:
    for entry in entries:
        if entry.id == name:
            return entry
    raise KeyError(name)


def named_by_key(declared: Any) -> Any:
    """Declarations inside a definition, each known by its key: it need not repeat it as `id`."""
    if not isinstance(declared, dict):
        return declared
    return {name: {"id": name, **one} if isinstance(one, dict) else one for name, one in declared.items()}


def levels(answers: Answers) -> tuple[Decimal, ...] | None:
    """Every possible answer, ascending; None where any number may be answered (within `low` and `high`)."""
    if answers.codes:
        return tuple(sorted(Decimal(code) for code in answers.codes))
    if answers.low is None or answers.high is None or answers.step is None:
        return None
    return tuple(
        answers.low + answers.step * place for place in range(int((answers.high - answers.low) / answers.step) + 1)
    )


def points(instrument: Instrument, name: str) -> dict[Decimal, Fraction]:
    """What each possible answer to an item counts, recoded and reversed. Raises ValueError where any number may be
    answered."""
    answers = instrument.answers_of(name)
    possible = levels(answers)
    if possible is None:
        raise ValueError(f"{name} may hold any number; only the rule 'value' scores it")
    recode = {Decimal(code): Fraction(worth) for code, worth in answers.recode.items()}
    counts = {level: recode.get(level, Fraction(level)) for level in possible}
    if instrument.item(name).reversed:
        turned = min(counts.values()) + max(counts.values())
        counts = {level: turned - worth for level, worth in counts.items()}
    return counts


def finer(instrument: Instrument) -> Instrument:
    """The instrument as a form declares it that takes `finer_step` (half points). Raises ValueError where the
    declaration names none."""
    step = instrument.finer_step
    if step is None:
        raise ValueError(f"{instrument.id} declares no finer step")
    answers = {
        name: one.model_copy(update={"step": step}) if one.step is not None else one
        for name, one in instrument.answers.items()
    }
    return instrument.model_copy(update={"answers": answers})


def used_items(instrument: Instrument, scale: Scale) -> tuple[str, ...]:
    """The items that a scale looks at, in the order of the instrument: its own, those of its categories with their
    aids, those of its scales; items that only stand in for another are not among them."""
    found: set[str] = set(scale.items)
    for name in scale.scales:
        found.update(used_items(instrument, instrument.scale(name)))
    for name in scale.categories:
        category = instrument.category(name)
        found.update(category.items)
        found.update(category.aids if scale.raise_to is not None else ())
    return tuple(item.id for item in instrument.items if item.id in found)
