"""The definition of a trial as frozen models: what should happen.

A model mirrors the text file: its field names are the file's keys. Where a value may carry its source in the file
(`{value: 2, src: register}`, or `src:` beside the other keys), the reader takes the source out and lists
it in `Definition.provenance`, so that the models hold values only.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from trialwright.design.fields import Condition, Exact, Key, Model, Whole, sides
from trialwright.design.instruments import Instrument, InstrumentId, named_by_key
from trialwright.design.kits import KitSupply
from trialwright.design.laboratory import LaboratoryPlan
from trialwright.design.supply import Supply


class Blinding(StrEnum):
    """Who may see a value before unblinding (design/blinding.md)."""

    OPEN = "open"
    MASKED_FOR_ASSESSORS = "masked_for_assessors"
    MASKED_FOR_SPONSOR = "masked_for_sponsor"
    SEALED = "sealed"


# ------------------------------------------------------------------ identity


class SourceStatus(StrEnum):
    """How far a source can be trusted; everything resting on an `assumed` source is an assumption."""

    PROTOCOL = "protocol"
    REGISTER = "register"
    LITERATURE = "literature"
    DECISION = "decision"
    ASSUMED = "assumed"


class Source(Model):
    """Where values come from; values refer to it by key."""

    text: str
    status: SourceStatus = SourceStatus.REGISTER
    url: str | None = None
    doi: str | None = None
    pmid: str | None = None
    file: str | None = None


class Provenance(Model):
    """The source of one value: `path` is the dotted path in the definition; filled by the reader, not written in the
    file."""

    path: str
    source: str
    note: str | None = None
    file: str | None = Field(default=None, exclude=True)
    line: int | None = Field(default=None, exclude=True)

    def __eq__(self, other: object) -> bool:
        """The place in the text does not count: the same definition laid out otherwise is the same definition."""
        if not isinstance(other, Provenance):
            return NotImplemented
        return (self.path, self.source, self.note) == (other.path, other.source, other.note)

    def __hash__(self) -> int:
        return hash((self.path, self.source, self.note))


class Title(Model):
    official: str
    acronym: str | None = None
    lay: str | None = None


class Organisation(Model):
    name: str
    country: str | None = None


class Registration(Model):
    register_: str = Field(alias="register")
    id: str
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Code(Model):
    system: str
    code: str


class ConditionStudied(Model):
    text: str
    codes: tuple[Code, ...] = ()


# ------------------------------------------------------------------ what is given, when


class DoseStep(Model):
    """One step of a dose schedule, from a day to a day (day 1 is the anchor visit); doses with unit, such as `1
    mg/kg/d`."""

    from_day: Whole
    to_day: Whole | None = None
    dose: str
    at_most: str | None = None


class Intervention(Model):
    label: str
    role: Literal["investigational", "placebo", "active comparator", "background", "rescue"]
    form: str | None = None
    route: str | None = None
    dose: str | None = None
    course: str | None = None
    schedule: tuple[str, ...] = ()
    steps: tuple[DoseStep, ...] = ()
    note: str | None = None


class Arm(Model):
    label: str
    kind: Literal["experimental", "active comparator", "placebo comparator", "no intervention", "other"]
    gives: tuple[Key, ...]


class Window(Model):
    """Allowed days before and after the planned day; `[3, 3]` in the file."""

    before: Whole = Field(ge=0)
    after: Whole = Field(ge=0)

    @model_validator(mode="before")
    @classmethod
    def _pair(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            if len(value) != 2:
                raise ValueError("a window is two numbers of days, before and after, such as [3, 3]")
            return {"before": value[0], "after": value[1]}
        return value


class Visit(Model):
    """A planned visit. `day` counts from the anchor visit, which is day 1; there is no day 0."""

    label: str
    epoch: str
    day: Whole | None = None
    window: Window = Window(before=0, after=0)
    anchor: bool = False
    unscheduled: bool = False
    remote: bool = False


class Clock(Model):
    """A limit between two dated items, such as diagnosis to first infusion."""

    label: str
    start: str
    end: str
    limit: str
    note: str | None = None


class Scheduled(Model):
    """When a form or activity is due. In the file a bare list is short for `{visits: [...]}`."""

    visits: tuple[Key, ...] = ()
    when: Condition | None = None
    log: bool = False
    since: str | None = None
    note: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _visits(cls, value: Any) -> Any:
        return {"visits": value} if isinstance(value, list | tuple) else value


# ------------------------------------------------------------------ forms


class ItemType(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    CODE = "code"
    CODES = "codes"
    BOOLEAN = "boolean"
    DATE = "date"
    PARTIAL_DATE = "partial_date"
    DATETIME = "datetime"
    FILE = "file"
    SLOT_LABEL = "slot_label"


class Item(Model):
    """One thing that is asked. `range` refuses a value; `warn` asks for a confirmation with a reason.

    `lloq` and `uloq` are the limits between which a laboratory quantifies; `below` and `above` name the items of the
    same form that are true of a value beyond them. Of such a value the limit is known and nothing else.
    """

    id: Key
    type: ItemType
    label: str
    unit: str | None = None
    range: tuple[Exact, Exact] | None = None
    warn: tuple[Exact, Exact] | None = None
    step: Exact | None = None
    codes: Key | None = None
    accept: tuple[str, ...] = ()
    required: bool = False
    when: Condition | None = None
    blinding: Blinding | None = None
    lloq: Exact | None = None
    uloq: Exact | None = None
    below: Key | None = None
    above: Key | None = None
    sdtm: str | None = None
    note: str | None = None


class Group(Model):
    """Items repeated over declared keys; the stored id is `group.key[.side].item`, for example
    `mmt.deltoid.L.grade`."""

    id: Key
    label: str
    keys: tuple[Key, ...]
    sides: tuple[Literal["L", "R"], ...] = ()
    items: tuple[Item, ...]


class CheckLevel(StrEnum):
    REFUSE = "refuse"
    WARN = "warn"
    QUERY = "query"


class Check(Model):
    """An edit check: `when` true raises it. `refuse` refuses the page, `warn` wants a reason, `query` opens a query."""

    id: Key
    when: Condition
    say: str
    level: CheckLevel = CheckLevel.QUERY
    item: str | None = None
    why: str | None = None


class Derived(Model):
    """An item computed from others wherever it is needed; never stored as if entered."""

    id: Key
    type: ItemType
    label: str
    expr: str
    unit: str | None = None


class Form(Model):
    """One page. A `log` form has numbered rows outside the visits; `repeat` names what one row stands for (such as a
    day). A form that names an `instrument` and no items or groups has the instrument's items."""

    label: str
    items: tuple[Item, ...] = ()
    groups: tuple[Group, ...] = ()
    derive: tuple[Derived, ...] = ()
    checks: tuple[Check, ...] = ()
    log: bool = False
    repeat: str | None = None
    blinding: Blinding = Blinding.OPEN
    entered_by: tuple[str, ...] = ()
    licensed: str | None = None
    instrument: InstrumentId | None = None
    alert: Condition | None = None
    alert_text: str | None = None
    sdtm: str | None = None
    note: str | None = None


# ------------------------------------------------------------------ eligibility


class Fact(Model):
    """A typed fact about a person that criteria speak of. `item` binds it to a form's item, `derive` computes it from
    other facts."""

    type: Literal["boolean", "integer", "decimal", "quantity", "code", "text", "date", "partial_date", "list"]
    label: str
    unit: str | None = None
    units: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    item: str | None = None
    derive: str | None = None
    consent: Key | None = None
    fields: dict[Key, "Fact"] = Field(default_factory=dict)
    judged_by: str | None = None
    question: str | None = None
    fhir: str | None = None
    note: str | None = None


class ForEach(Model):
    in_: str = Field(alias="in")
    where: Condition
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Criterion(Model):
    """An inclusion is met when its condition is true; an exclusion applies when its condition is true (or, with
    `for_each`, when any treatment that `where` selects is not excused by `unless`)."""

    id: Key
    kind: Literal["inclusion", "exclusion"]
    text: str
    when: Condition | None = None
    for_each: ForEach | None = None
    unless: Condition | None = None
    judgement: str | None = None
    judged_by: str | None = None
    not_applicable: Condition | None = None
    ambiguity: str | None = None
    note: str | None = None


# ------------------------------------------------------------------ randomisation, blinding


class Stratum(Model):
    """A stratification factor: the value of an item mapped to levels; `*` maps every other value."""

    label: str
    item: str
    map: dict[str, str]


class Randomisation(Model):
    """What may be known of the randomisation. Block sizes live in the sealed annex, of which this carries only the
    hash."""

    method: str
    n: Whole = Field(gt=0)
    ratio: dict[Key, Whole]
    visit: Key
    strata: dict[Key, Stratum] = Field(default_factory=dict)
    requires: tuple[str, ...] = ()
    annex_sha256: str | None = None
    concealment: str | None = None
    note: str | None = None


class BlindingPlan(Model):
    level: Literal["open", "single", "double", "triple"]
    blinded: tuple[str, ...] = ()
    unblinded: tuple[str, ...] = ()
    emergency: str | None = None
    questionnaire: str | None = None
    note: str | None = None


class Site(Model):
    name: str
    country: str
    zone: str
    city: str | None = None
    planned: Annotated[Whole, Field(ge=0)] | None = None


class Consent(Model):
    """The consent form in force and the scopes a participant may give or withdraw separately; scope `trial` is taking
    part at all."""

    form_version: str
    scopes: dict[Key, str]
    needed: tuple[Key, ...] = ("trial",)


# ------------------------------------------------------------------ outcomes and statistics


class Derivation(Model):
    """A declared measure: `method` is in the catalogue of measures; `inputs` map its argument names to items
    (`form.item`)."""

    method: str
    label: str
    inputs: dict[str, str]
    baseline: Key | None = None
    options: dict[str, str] = Field(default_factory=dict)
    unit: str | None = None
    thresholds: dict[str, Exact] = Field(default_factory=dict)


class Endpoint(Model):
    """`measure` names a derivation or a `form.item`; `event` is a condition over measures for a time-to-event
    endpoint."""

    label: str
    level: Literal["primary", "secondary", "exploratory", "safety"]
    measure: tuple[str, ...] = ()
    event: Condition | None = None
    at: tuple[Key, ...] = ()
    description: str | None = None


class Objective(Model):
    id: Key
    level: Literal["primary", "secondary", "exploratory"]
    text: str
    endpoints: tuple[Key, ...]


class Population(Model):
    label: str
    where: Condition


class Estimand(Model):
    endpoint: Key
    population: Key
    treatments: tuple[Key, ...]
    summary: str
    intercurrent: dict[str, str] = Field(default_factory=dict)


class Analysis(Model):
    """`method` is in the catalogue of analyses; `contrast` is (treatment, reference)."""

    label: str
    method: str
    level: Literal["primary", "sensitivity", "secondary", "exploratory", "descriptive"]
    estimand: Key | None = None
    endpoint: Key | None = None
    population: Key | None = None
    model: str | None = None
    covariates: tuple[str, ...] = ()
    contrast: tuple[Key, Key] | None = None
    alpha: Exact = Decimal("0.05")
    sided: Annotated[Literal[1, 2], BeforeValidator(sides)] = 2
    options: dict[str, str] = Field(default_factory=dict)
    note: str | None = None


class SampleSize(Model):
    n: Whole = Field(gt=0)
    of: Key
    difference: Exact
    sd: Exact = Field(gt=0)
    power: Exact
    alpha: Exact = Decimal("0.05")
    dropout: Exact = Decimal("0")


class LockStage(Model):
    """A database lock: every page of the visits up to `after` is closed; `firewall` names the roles that may then be
    unblinded."""

    id: Key
    after: Key
    firewall: tuple[str, ...] = ()
    label: str | None = None


# ------------------------------------------------------------------ the whole


class Definition(Model):
    """One trial, whole. Read it with `design.read`; its canonical form and hash are `design.canonical` and
    `design.fingerprint`."""

    trialwright: Literal["1"]
    id: Key
    version: str
    dated: date | None = None
    title: Title
    summary: str
    description: str | None = None
    phase: str
    study_type: str
    design: str
    sponsor: Organisation
    funders: tuple[Organisation, ...] = ()
    registrations: tuple[Registration, ...] = ()
    condition: ConditionStudied
    sex: Literal["any", "female", "male"] = "any"
    status: str | None = None
    sources: dict[Key, Source]
    interventions: dict[Key, Intervention]
    arms: dict[Key, Arm]
    epochs: tuple[str, ...]
    visits: dict[Key, Visit]
    clocks: dict[Key, Clock] = Field(default_factory=dict)
    activities: dict[Key, str] = Field(default_factory=dict)
    schedule: dict[Key, Scheduled]
    codelists: dict[Key, dict[str, str]] = Field(default_factory=dict)
    instruments: Annotated[dict[InstrumentId, Instrument], BeforeValidator(named_by_key)] = Field(default_factory=dict)
    forms: dict[Key, Form]
    consent: Consent
    facts: dict[Key, Fact]
    eligibility: tuple[Criterion, ...]
    randomisation: Randomisation
    blinding: BlindingPlan
    supply: Supply | None = None
    kits: KitSupply | None = None
    laboratory: LaboratoryPlan | None = None
    sites: dict[Key, Site]
    derivations: dict[Key, Derivation] = Field(default_factory=dict)
    objectives: tuple[Objective, ...]
    endpoints: dict[Key, Endpoint]
    populations: dict[Key, Population]
    estimands: dict[Key, Estimand] = Field(default_factory=dict)
    analyses: dict[Key, Analysis]
    sample_size: SampleSize | None = None
    locks: tuple[LockStage, ...]
    roles: dict[Key, str] = Field(default_factory=dict)
    standards: dict[str, str] = Field(default_factory=dict)
    ambiguities: tuple[str, ...] = ()
    provenance: tuple[Provenance, ...] = ()
