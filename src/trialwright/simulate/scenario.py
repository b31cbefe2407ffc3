"""The models of `scenarios.yaml`: what the simulator imagines of a trial's participants and of the people who run it.

The file and the definition together determine everything that is imagined; no form, item or distribution is named in
the code. Sources are written as in the definition (`src:`), and what is `assumed` is listed by `assumptions`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trialwright.design.model import Key, Source

Number = int | Decimal | str
"""A number, or a formula over earlier variables as a text."""


class Model(BaseModel):
    """Frozen; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# ------------------------------------------------------------------ variables


class Normal(Model):
    mean: Number
    sd: Number


class Lognormal(Model):
    """`sigma` is the standard deviation of the natural logarithm."""

    median: Number
    sigma: Number


class Interval(Model):
    low: Number
    high: Number


class Exponential(Model):
    mean: Number


DRAWS = ("normal", "lognormal", "bernoulli", "choose", "exponential", "between", "integer")
VALUES = ("formula", "by_visit", "by_row")


class Variable(Model):
    """One imagined quantity: exactly one distribution or value, then what is done to it.

    `joint` draws it from a correlated block. `persist` is the share of the variance of a draw at a visit that belongs
    to the participant and stays. `within` cuts off, then `step` rounds to a grid.
    """

    normal: Normal | None = None
    lognormal: Lognormal | None = None
    bernoulli: Number | None = None
    choose: dict[str, Number] | None = None
    exponential: Exponential | None = None
    between: Interval | None = None
    integer: Interval | None = None
    formula: Number | None = None
    by_visit: dict[str, Number] | None = None
    by_row: tuple[Number, ...] | None = None
    joint: Key | None = None
    persist: Decimal | None = Field(default=None, ge=0, le=1)
    within: Annotated[tuple[Number, Number], Field()] | None = None
    step: Decimal | None = Field(default=None, gt=0)
    note: str | None = None

    @model_validator(mode="after")
    def one_kind(self) -> "Variable":
        """Exactly one kind, and `joint` and `persist` only where something is drawn."""
        kinds = [name for name in (*DRAWS, *VALUES) if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError(f"a variable has exactly one of {', '.join((*DRAWS, *VALUES))}; here: {kinds or 'none'}")
        if kinds[0] in VALUES and (self.joint or self.persist is not None):
            raise ValueError(f"'{kinds[0]}' draws nothing, so 'joint' and 'persist' say nothing")
        return self

    @property
    def kind(self) -> str:
        """Which distribution or value it is."""
        return next(name for name in (*DRAWS, *VALUES) if getattr(self, name) is not None)


Variables = dict[Key, Variable]


class Joint(Model):
    """A Gaussian copula: the correlations of the normal scores of these variables, the upper triangle row by row."""

    variables: tuple[Key, ...]
    correlations: tuple[tuple[Decimal, ...], ...]

    @model_validator(mode="after")
    def triangle(self) -> "Joint":
        """Row i has as many numbers as there are variables after it."""
        wanted = [len(self.variables) - 1 - row for row in range(len(self.variables) - 1)]
        if [len(row) for row in self.correlations] != wanted:
            raise ValueError(f"the rows of an upper triangle of {len(self.variables)} variables have {wanted} numbers")
        return self


# ------------------------------------------------------------------ people who come, and who leave


class Fate(Model):
    """What becomes of a person who is considered. `criterion` is the one that they fail; `judgements` are the
    investigator's answers to questions that the criteria leave open."""

    weight: Decimal = Field(ge=0)
    stage: Literal["enrolled", "prescreening", "screening", "waiting"]
    outcome: str | None = None
    reason: str | None = None
    criterion: str | None = None
    judgements: dict[str, bool] = Field(default_factory=dict)


class Enrolment(Model):
    """How people arrive, and the days from screening to the anchor visit."""

    start: date
    per_week: Decimal = Field(gt=0)
    to_baseline: tuple[int, int]
    eligible_outcome: str


class Screening(Model):
    """Participants as they are before anything is given: variables that may not speak of the arm. A person who is not
    accepted is drawn anew."""

    accept: str
    variables: Variables


class End(Model):
    """A way of leaving: `per_week` is the hazard from the anchor visit on. `treatment` ends only the treatment."""

    per_week: Number
    verb: Literal["lose", "withdraw_consent", "stop_visits", "stop_treatment"]
    reasons: dict[str, Decimal]


class Feed(Model):
    """What an item is fed with: a variable (`from`) or a constant `text`; `minutes` makes a date a local date with
    time, `texts` words codes. `label` is that of the allocation, `prepared` the volume that the pharmacy prepared."""

    from_: str | None = Field(default=None, alias="from")
    text: str | None = None
    texts: dict[str, str] | None = None
    when: str | None = None
    minutes: Key | None = None
    precision: Literal["day", "month", "year"] = "day"
    label: bool = False
    prepared: bool = False
    file: bool = False
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="after")
    def one_source(self) -> "Feed":
        """Exactly one of from, text, label, prepared, file."""
        if sum((self.from_ is not None, self.text is not None, self.label, self.prepared, self.file)) != 1:
            raise ValueError("an item is fed by exactly one of from, text, label, prepared and file")
        return self


class Spread(Model):
    """The items of a group share a total: what they lack of their maxima is spread over them by `weights` (1 where
    none is named), shaken by `shake`."""

    total: Key
    weights: dict[str, Decimal] = Field(default_factory=dict)
    shake: Decimal = Field(default=Decimal(0), ge=0, le=1)


class FormFeed(Model):
    """How a form of the visits is filled. In the file an item's bare word is short for `{from: word}`."""

    items: dict[str, Feed] = Field(default_factory=dict)
    groups: dict[str, Spread] = Field(default_factory=dict)
    when: str | None = None


class Rows(Model):
    """Rows of a log, of a repeated form, or one unscheduled page: `exists` and `day` (of entry, counted as the
    calendar's days) are formulas. `none` writes what stands for «asked, none known» at screening."""

    form: Key
    rows: int = Field(gt=0, le=99)
    visits: tuple[Key, ...] = ()
    before: bool = False
    exists: str
    day: str
    visit: str | None = None
    variables: Variables = Field(default_factory=dict)
    items: dict[str, Feed] = Field(default_factory=dict)
    treatment: bool = False


class Query(Model):
    """How often a page is queried, and the days until the answer and until it is closed."""

    per_page: Decimal = Field(ge=0, le=1)
    text: str
    answer: str
    close: str
    days_to_answer: int = Field(ge=0)
    days_to_close: int = Field(ge=0)


class Lapses(Model):
    """What is not done: whole visits, whole pages, single items; never at the visits named in `never_at`."""

    visit: Decimal = Field(ge=0, le=1)
    page: Decimal = Field(ge=0, le=1)
    item: Decimal = Field(ge=0, le=1)
    never_at: tuple[Key, ...]
    reason: str


class Lot(Model):
    """A lot that the pharmacy opens from a day of the trial on: so many vials or bags of each size."""

    lot: str
    sizes: dict[str, Annotated[int, Field(gt=0)]]
    from_day: int = 0


class Stock(Model):
    """What the pharmacy has: lots by product, the earliest one from day 0. `days` names the variable
    that says over how many days the course of a visit goes."""

    days: Key
    supplier: str
    lots: dict[Key, tuple[Lot, ...]]


class Working(Model):
    """How the people of the trial work: who they are (several names where a role needs two people), how often optional
    scopes of consent are given, how far visits drift, what is signed and asked."""

    people: dict[Key, str | tuple[str, ...]]
    optional_scopes: Decimal = Field(ge=0, le=1)
    drift_days: Decimal = Field(ge=0)
    confirm: str
    empty_logs: tuple[Key, ...] = ()
    empty_reason: str = "asked, none known"
    sign: tuple[Key, ...] = ()
    sign_meaning: str
    lapses: Lapses
    queries: Query
    lock_days: int = Field(ge=0)

    def names(self, role: str) -> tuple[str, ...]:
        """The people of a role."""
        held = self.people.get(role, ())
        return (held,) if isinstance(held, str) else held


class Scenario(Model):
    """One imagined world: other values for named parameters."""

    label: str
    text: str
    parameters: dict[Key, Decimal | int] = Field(default_factory=dict)
    resembles: dict[Key, str] = Field(default_factory=dict)


class Published(Model):
    """A published share that a scenario is held against: `k` of `n` in one arm, at a threshold of the primary
    measure."""

    scenario: Key
    arm: Key
    threshold: Decimal
    k: int = Field(ge=0)
    n: int = Field(gt=0)
    label: str


class Scenarios(Model):
    """The whole file. `allocation` holds the parameters of the definition's randomisation method as the annex of an
    imagined trial would (`sizes: [4, 6]`); the real annex is sealed and may say otherwise."""

    trialwright_scenarios: Literal["1"]
    default: Key
    caveats: tuple[str, ...] = ()
    sources: dict[Key, Source]
    parameters: dict[Key, Decimal | int]
    joint: dict[Key, Joint] = Field(default_factory=dict)
    allocation: dict[str, Any] = Field(default_factory=dict)
    enrolment: Enrolment
    fates: dict[Key, Fate]
    screening: Screening
    course: Variables = Field(default_factory=dict)
    ends: dict[Key, End] = Field(default_factory=dict)
    visits: Variables = Field(default_factory=dict)
    forms: dict[Key, FormFeed]
    rows: dict[Key, Rows] = Field(default_factory=dict)
    supply: Stock | None = None
    working: Working
    scenarios: dict[Key, Scenario]
    published: tuple[Published, ...] = ()


@dataclass(frozen=True, slots=True)
class Assumption:
    """A number of the file that no source confirms, at its dotted path and line."""

    path: str
    note: str | None
    line: int


def tables(scenarios: Scenarios) -> Iterator[tuple[str, Variables]]:
    """The tables of variables by their dotted path, in the order in which they are computed."""
    yield "screening.variables", scenarios.screening.variables
    yield "course", scenarios.course
    yield "visits", scenarios.visits
    for name, rows in scenarios.rows.items():
        yield f"rows.{name}.variables", rows.variables


def shortened(value: Any) -> Any:
    """Bare words that feed an item, unfolded: `phga: phga` becomes `phga: {from: phga}`."""
    for form in [*value.get("forms", {}).values(), *value.get("rows", {}).values()]:
        items = form.get("items") if isinstance(form, dict) else None
        if isinstance(items, dict):
            for item, feed in items.items():
                if isinstance(feed, str):
                    items[item] = {"from": feed}
    return value
