"""A scenario made ready to run on a definition: tables, forms and logs compiled, every mistake found at its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright import design
from trialwright.allocation.assumed import assumed_method
from trialwright.allocation.methods import Impossible
from trialwright.design.calendar import days_from_anchor
from trialwright.design.model import Definition, Item, ItemType
from trialwright.design.problems import DefinitionErrors, Problem, known_or_close
from trialwright.design.supply import amount
from trialwright.simulate.formula import Formula
from trialwright.simulate.probabilities import impossible
from trialwright.simulate.reading import Read
from trialwright.simulate.scenario import Feed, FormFeed, Rows, Scenario, Scenarios, Spread
from trialwright.simulate.variables import Compiler, Table

Floats = NDArray[np.float64]

NEEDED = ("sponsor", "investigator", "nurse", "data_manager")
"""Roles without which nothing can be opened, screened, randomised or locked."""


class NoScenario(ValueError):
    """The file has no scenario of this name."""


@dataclass(frozen=True, slots=True)
class Column:
    """One item of a form and what feeds it. `grid` is what one unit is divided into when a decimal is written."""

    item: str
    declared: Item
    feed: Feed
    when: Formula | None
    step: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupColumns:
    """The items of a group that share a total: full ids, the weight of each, and the maximum of one."""

    ids: tuple[str, ...]
    weights: tuple[float, ...]
    spread: Spread
    most: int


@dataclass(frozen=True, slots=True)
class FormProgram:
    """A form of the visits: the visits it is planned at (as places), the condition, the columns."""

    form: str
    places: tuple[int, ...]
    when: Formula | None
    columns: tuple[Column, ...]
    groups: tuple[GroupColumns, ...]


@dataclass(frozen=True, slots=True)
class RowsProgram:
    """The rows of a log or of a repeated form. `places` are the visits that they belong to, if any."""

    name: str
    spec: Rows
    places: tuple[int, ...]
    table: Table
    exists: Formula
    day: Formula
    columns: tuple[Column, ...]
    log: bool


@dataclass(frozen=True, slots=True)
class Program:
    """Everything that is needed to imagine trials of one definition under one scenario. Read-only."""

    definition: Definition
    scenarios: Scenarios
    name: str
    parameters: Mapping[str, float]
    visits: tuple[str, ...]
    weeks: Floats
    days: NDArray[np.int64]
    anchor: int
    arms: tuple[str, ...]
    screening: Table
    accept: Formula
    accepting: Table
    course: Table
    ends: Mapping[str, Formula]
    visit_table: Table
    visit_names: frozenset[str]
    forms: tuple[FormProgram, ...]
    rows: tuple[RowsProgram, ...]
    uses: Mapping[str, frozenset[str]]
    """What each variable of screening, course and visits speaks of; `Table.only` follows it. Those of a log have their
    own in `RowsProgram.table.uses`."""

    @property
    def last_treatment(self) -> int:
        """The place of the last visit at which study treatment is given; a stop after it would stop nothing."""
        return max((place for rows in self.rows if rows.spec.treatment for place in rows.places), default=-1)

    @property
    def scenario(self) -> Scenario:
        """The scenario that this program imagines."""
        return self.scenarios.scenarios[self.name]


def program(source: Read, definition: Definition, scenario: str | None = None) -> Program:
    """Compile a scenario (the default one without a name). Raises `DefinitionErrors` with everything that does not fit
    the definition, `NoScenario` for a scenario that the file lacks."""
    scenarios = source.scenarios
    name = scenario or scenarios.default
    if name not in scenarios.scenarios:
        hint = known_or_close(name, list(scenarios.scenarios))
        if scenario is None:
            raise DefinitionErrors([Problem(source.place(["default"]), f"there is no scenario '{name}'", hint)])
        raise NoScenario(f"there is no scenario '{name}' ({hint})")
    visits = tuple(design.visit_order(definition))
    compiler = Compiler(source, scenarios.scenarios[name], visits)
    _check_names(compiler, definition)
    made = _compiled(compiler, definition, name)
    _check_strata(compiler, definition, made)
    _check_allocation(compiler, definition)
    _check_supply(compiler, definition, made)
    if compiler.problems:
        raise DefinitionErrors(compiler.problems)
    return made


def _compiled(compiler: Compiler, definition: Definition, name: str) -> Program:
    scenarios = compiler.read.scenarios
    visits, arms = compiler.visits, tuple(definition.arms)
    anchor = definition.visits[design.anchor_visit(definition)]
    days = np.array([days_from_anchor(definition.visits[visit], anchor) for visit in visits], dtype=np.int64)
    compiler.know(fate=tuple(scenarios.fates), screened=None)
    screening = compiler.table(scenarios.screening.variables, ("screening", "variables"))
    accept = compiler.formula(scenarios.screening.accept, ("screening", "accept"))
    before = dict(compiler.known)
    compiler.know(arm=arms, day0=None)
    course = compiler.table(scenarios.course, ("course",))
    ends = {key: compiler.formula(end.per_week, ("ends", key, "per_week")) for key, end in scenarios.ends.items()}
    compiler.know(ended=("none", *scenarios.ends), end=None, treatment_end=None, visit=visits, week=None, on=None)
    visit_table = compiler.table(scenarios.visits, ("visits",))
    forms = tuple(
        _form(compiler, definition, form, feed) for form, feed in scenarios.forms.items() if form in definition.forms
    )
    after, uses = dict(compiler.known), dict(compiler.uses)
    rows = []
    for key, spec in scenarios.rows.items():
        if spec.form in definition.forms:
            compiler.known = dict(before if spec.before else after)
            rows.append(_rows(compiler, definition, key, spec))
    compiler.known = after
    return Program(
        definition=definition,
        scenarios=scenarios,
        name=name,
        parameters={key: float(number) for key, number in compiler.parameters.items()},
        visits=visits,
        weeks=days / 7,
        days=days,
        anchor=visits.index(design.anchor_visit(definition)),
        arms=arms,
        screening=screening,
        accept=accept,
        accepting=screening.only(accept.uses),
        course=course,
        ends=ends,
        visit_table=visit_table,
        visit_names=frozenset({*scenarios.visits, "visit", "week", "on"}),
        forms=forms,
        rows=tuple(rows),
        uses=uses,
    )


def _check_allocation(compiler: Compiler, definition: Definition) -> None:
    """The method of the definition can be, with the parameters that the file imagines for its annex."""
    try:
        assumed_method(definition, compiler.read.scenarios.allocation)
    except Impossible as error:
        for problem in error.problems:
            key = problem.partition(":")[0]
            path = ("allocation", key) if key in compiler.read.scenarios.allocation else ("allocation",)
            compiler.wrong(path, problem, f"the method is {definition.randomisation.method}")


def _check_names(compiler: Compiler, definition: Definition) -> None:
    """Forms, roles, visits, criteria and parameters that the file names must exist; every planned form must be fed."""
    scenarios = compiler.read.scenarios
    fed = {*scenarios.forms, *(rows.form for rows in scenarios.rows.values())}
    for form in definition.forms:
        if form not in fed:
            compiler.wrong(("forms",), f"nothing feeds form {form}", f"add '{form}: ...' under forms or rows")
    _known(compiler, ("forms",), scenarios.forms, definition.forms, "form")
    for key, rows in scenarios.rows.items():
        _known(compiler, ("rows", key, "form"), [rows.form], definition.forms, "form")
        _known(compiler, ("rows", key, "visits"), rows.visits, definition.visits, "visit")
    _known(compiler, ("working", "people"), scenarios.working.people, definition.roles, "role")
    for role in NEEDED:
        if role not in scenarios.working.people:
            compiler.wrong(("working", "people"), f"nobody is the {role}", f"add '{role}: a name'")
    _known(compiler, ("working", "sign"), scenarios.working.sign, definition.forms, "form")
    _known(compiler, ("working", "lapses", "never_at"), scenarios.working.lapses.never_at, definition.visits, "visit")
    for path, sentence in impossible(scenarios, compiler.parameters):
        compiler.wrong(path, sentence, "correct the formula or the value of the parameter")
    criteria = {criterion.id for criterion in definition.eligibility}
    for key, fate in scenarios.fates.items():
        if fate.criterion is not None:
            _known(compiler, ("fates", key, "criterion"), [fate.criterion], criteria, "criterion")
    for key, scenario in scenarios.scenarios.items():
        _known(compiler, ("scenarios", key, "parameters"), scenario.parameters, scenarios.parameters, "parameter")
        _known(compiler, ("scenarios", key, "resembles"), scenario.resembles, definition.arms, "arm")
    if not any(fate.stage == "enrolled" and fate.weight for fate in scenarios.fates.values()):
        compiler.wrong(("fates",), "nobody is ever enrolled", "give a fate with stage: enrolled a weight")


def _check_strata(compiler: Compiler, definition: Definition, made: Program) -> None:
    """A stratification item is fed by a category, so that the order of the draws can be foreseen."""
    for name, factor in definition.randomisation.strata.items():
        form, _, item = factor.item.partition(".")
        columns = [column for one in made.forms if one.form == form for column in one.columns if column.item == item]
        if not columns or compiler.known.get(columns[0].feed.from_ or "") is None:
            compiler.wrong(("forms", form), f"{factor.item}, which stratifies by {name}, must be fed by a category")


def _check_supply(compiler: Compiler, definition: Definition, made: Program) -> None:
    """Whoever prepares has lots of every size from the first day on, and knows over how many days."""
    stock, plan = compiler.read.scenarios.supply, definition.supply
    if stock is None:
        return
    if plan is None:
        compiler.wrong(("supply",), "the definition does not say how a treatment is prepared", "remove `supply`")
        return
    if stock.days not in compiler.known:
        hint = known_or_close(stock.days, sorted(compiler.known))
        compiler.wrong(("supply", "days"), f"'{stock.days}' is no variable of a visit", hint)
    if plan.prepared_by not in compiler.read.scenarios.working.people:
        compiler.wrong(("working", "people"), f"nobody is the {plan.prepared_by}", f"add '{plan.prepared_by}: a name'")
    for product, code, sizes in ((plan.product, "g", plan.vials), (plan.placebo, "mL", ())):
        lots = stock.lots.get(product or "", ())
        if product is not None and not any(lot.from_day <= 0 for lot in lots):
            compiler.wrong(("supply", "lots"), f"no lot of '{product}' is there from day 0", f"add '{product}: [...]'")
        for place, lot in enumerate(lots):
            _check_lot(compiler, ("supply", "lots", product or "", place), lot.sizes, code, sizes)
    _known(compiler, ("supply", "lots"), stock.lots, (plan.product, plan.placebo), "product")


def _check_lot(
    compiler: Compiler, path: tuple[str | int, ...], sizes: Mapping[str, int], code: str, wanted: Sequence[str]
) -> None:
    for size in sizes:
        try:
            amount(size, code)
        except ValueError as wrong:
            compiler.wrong((*path, "sizes", size), str(wrong))
    lacking = [size for size in wanted if size not in sizes]
    if lacking:
        compiler.wrong(
            (*path, "sizes"), f"a lot has no vials of {', '.join(lacking)}", "say how many it has of each size"
        )


def _known(compiler: Compiler, path: tuple[str, ...], names: Any, known: Any, what: str) -> None:
    for name in names:
        if name not in known:
            compiler.wrong((*path, name), f"the definition has no {what} '{name}'", known_or_close(name, sorted(known)))


def _form(compiler: Compiler, definition: Definition, form: str, feed: FormFeed) -> FormProgram:
    path = ("forms", form)
    items = design.items(definition, form)
    columns = tuple(_columns(compiler, definition, form, feed.items, items, (*path, "items")))
    groups = tuple(_group(compiler, definition, form, key, spread, path) for key, spread in feed.groups.items())
    given = {*feed.items, *(full for group in groups for full in group.ids)}
    for full, item in items.items():
        if item.required and full not in given:
            compiler.wrong(path, f"nothing feeds {form}.{full}, which is required", f"add '{full}: ...'")
    planned = definition.schedule[form].visits if form in definition.schedule else ()
    places = tuple(place for place, visit in enumerate(compiler.visits) if visit in planned)
    when = compiler.formula(feed.when, (*path, "when")) if feed.when is not None else None
    return FormProgram(form, places, when, columns, groups)


def _columns(
    compiler: Compiler,
    definition: Definition,
    form: str,
    feeds: Mapping[str, Feed],
    items: Mapping[str, Item],
    path: tuple[str, ...],
) -> Sequence[Column]:
    columns = []
    for name, feed in feeds.items():
        if name not in items:
            compiler.wrong((*path, name), f"form {form} has no item '{name}'", known_or_close(name, sorted(items)))
            continue
        columns.append(_column(compiler, definition, name, feed, items[name], (*path, name)))
    return columns


def _column(
    compiler: Compiler, definition: Definition, name: str, feed: Feed, item: Item, path: tuple[str, ...]
) -> Column:
    used = [used for used in (feed.from_, feed.minutes) if used is not None]
    for variable in used:
        if variable not in compiler.known:
            compiler.wrong(path, f"'{variable}' is no variable", known_or_close(variable, sorted(compiler.known)))
    step = str(item.step or compiler.grid(feed.from_) or "")
    if item.type is ItemType.DECIMAL and feed.from_ is not None and not step:
        compiler.wrong(path, f"{name} is a decimal without a grid", f"give the variable {feed.from_} a step")
    codes = tuple(definition.codelists.get(item.codes or "", ()))
    categories = compiler.known.get(feed.from_ or "") or ()
    words = [(feed.texts or {}).get(code, code) for code in categories] if codes else []
    if feed.text is not None and codes:
        words = [feed.text]
    for word in words:
        if word not in codes:
            compiler.wrong(path, f"'{word}' is not a code of {item.codes}", known_or_close(word, codes))
    when = compiler.formula(feed.when, (*path, "when")) if feed.when is not None else None
    return Column(name, item, feed, when, step or "1", codes)


def _group(
    compiler: Compiler, definition: Definition, form: str, key: str, spread: Spread, path: tuple[str, ...]
) -> GroupColumns:
    name, _, item = key.partition(".")
    groups = {group.id: group for group in definition.forms[form].groups}
    declared = {one.id: one for one in groups[name].items} if name in groups else {}
    most = declared[item].range if item in declared else None
    if most is None:
        compiler.wrong((*path, "groups", key), f"form {form} has no group item '{key}' with a range")
        return GroupColumns((), (), spread, 0)
    if spread.total not in compiler.known:
        compiler.wrong((*path, "groups", key, "total"), f"'{spread.total}' is no variable")
    _known(compiler, (*path, "groups", key, "weights"), spread.weights, groups[name].keys, "key")
    places = [(one, side) for one in groups[name].keys for side in groups[name].sides or (None,)]
    ids = tuple(".".join(part for part in (name, one, side, item) if part) for one, side in places)
    weights = tuple(float(spread.weights.get(one, 1)) for one, _ in places)
    return GroupColumns(ids, weights, spread, int(most[1]))


def _rows(compiler: Compiler, definition: Definition, key: str, spec: Rows) -> RowsProgram:
    path = ("rows", key)
    compiler.know(row=None)
    length = spec.rows * max(1, len(spec.visits))
    table = compiler.table(spec.variables, (*path, "variables"), length, f"{key}.")
    items = design.items(definition, spec.form)
    columns = tuple(_columns(compiler, definition, spec.form, spec.items, items, (*path, "items")))
    for full, item in items.items():
        if item.required and full not in spec.items:
            compiler.wrong(path, f"nothing feeds {spec.form}.{full}, which is required", f"add '{full}: ...'")
    exists = compiler.formula(spec.exists, (*path, "exists"))
    day = compiler.formula(spec.day, (*path, "day"))
    places = tuple(compiler.visits.index(visit) for visit in spec.visits if visit in compiler.visits)
    return RowsProgram(key, spec, places, table, exists, day, columns, definition.forms[spec.form].log)
