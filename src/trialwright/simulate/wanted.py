"""What must be computed so that certain items of imagined trials are known: their variables, visits, forms and logs."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trialwright import design
from trialwright.design.model import Blinding
from trialwright.simulate.drawing import stratum_variable
from trialwright.simulate.participants import Part, without
from trialwright.simulate.program import FormProgram, Program, RowsProgram
from trialwright.simulate.recording import NotImagined, Source, require_numbers, source_of, variables_of
from trialwright.simulate.variables import Table, reached

ELSEWHERE = re.compile(r"\bat\s*\(")
"""A formula that looks at a named visit needs the whole table of the visits."""
KEPT_PLANS = 256
"""Plans that are remembered: those of a grid of worlds, which take their turns."""


@dataclass(frozen=True)
class Needs:
    """What is asked of imagined trials; whatever is not asked is not computed.

    `items`: `form.item` (derived items too) -> the planned visits at which it is wanted. `rows`: log or repeated form
    -> its wanted items (none: only whether and when rows exist). `variables`: variables of the scenario as truth,
    recorded or not. `ends`: whether the ends are wanted (days, kinds, flow counts of ends) beyond what the items need.
    """

    items: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rows: Mapping[str, Sequence[str]] = field(default_factory=dict)
    variables: tuple[str, ...] = ()
    ends: bool = True


@dataclass(frozen=True)
class WantedForm:
    """A form with wanted items. `places`: its wanted visits; `at`: where these stand in `Part.places`; `items`: item ->
    its source and its visits as columns of `places`. `whole` computes all that a page of it needs; `is_whole`: the
    plan's own part does too."""

    form: FormProgram
    places: tuple[int, ...]
    at: tuple[int, ...]
    items: Mapping[str, tuple[Source, tuple[int, ...]]]
    whole: Part
    is_whole: bool


@dataclass(frozen=True)
class Plan:
    """The needs of a program, made ready. `held`: for each visit the forms of which one leaves a page; None: one that
    has no condition does."""

    program: Program
    needs: Needs
    part: Part
    forms: tuple[WantedForm, ...]
    rows: Mapping[str, tuple[RowsProgram, ...]]
    held: tuple[tuple[FormProgram, ...] | None, ...]


_plans: dict[Any, Plan] = {}


def planned(program: Program, needs: Needs) -> Plan:
    """The plan for these needs; the last few are remembered, with the tapes of their tables. Raises `NotImagined` for
    what no array can hold, with everything that is wrong."""
    key = (id(program), _content(needs))
    found = _plans.get(key)
    # The plan holds the program, so that its number cannot come to stand for another one.
    if found is None:
        found = _plan(program, needs)
        while len(_plans) >= KEPT_PLANS:
            _plans.pop(next(iter(_plans)), None)
        _plans[key] = found
    return found


def _content(needs: Needs) -> tuple[object, ...]:
    """What is asked for, so that the same question finds its plan again."""
    asked = (tuple((name, tuple(some)) for name, some in one.items()) for one in (needs.items, needs.rows))
    return (*asked, tuple(needs.variables), needs.ends)


def _plan(program: Program, needs: Needs) -> Plan:
    problems: list[str] = []
    sources = _sources(program, needs, problems)
    rows = _rows(program, needs, problems)
    unknown = [name for name in needs.variables if name not in _declared(program)]
    problems += [f"'{name}' is no variable of the scenario." for name in unknown]
    if problems:
        raise NotImagined(" ".join(problems))
    held = tuple(_held(program, place) for place in range(len(program.visits)))
    names = {name for source, _ in sources.values() for name in source.variables} | set(needs.variables)
    forms = {item.partition(".")[0] for item in sources}
    conditions = [form.when for form in program.forms if form.form in forms]
    conditions += [form.when for several in held if several is not None for form in several]
    names |= {name for when in conditions if when is not None for name in when.uses}
    places = {place for _, at in sources.values() for place in at}
    if any(name in program.scenarios.visits for name in needs.variables):
        places |= set(range(len(program.visits)))
    part = _part(program, names, places, [one for several in rows.values() for one in several])
    part = replace(part, stops=part.stops or needs.ends, fates=_enrolled(program))
    wanted = tuple(_wanted_form(program, form, sources, part, names) for form in program.forms if form.form in forms)
    return Plan(program, needs, part, wanted, rows, held)


def _declared(program: Program) -> set[str]:
    scenarios = program.scenarios
    return {*scenarios.screening.variables, *scenarios.course, *scenarios.visits}


def _enrolled(program: Program) -> tuple[bool, ...]:
    return tuple(fate.stage == "enrolled" for fate in program.scenarios.fates.values())


def _sources(program: Program, needs: Needs, problems: list[str]) -> dict[str, tuple[Source, tuple[int, ...]]]:
    """`form.item` -> its source and the places at which it is wanted."""
    forms = {form.form: form for form in program.forms}
    found = {}
    for name, visits in needs.items.items():
        form, _, item = name.partition(".")
        if form not in forms:
            problems.append(f"{name}: no form '{form}' is filled at the visits.")
            continue
        planned_at = {program.visits[place]: place for place in forms[form].places}
        problems += [f"{name} is not planned at {visit}." for visit in visits if visit not in planned_at]
        try:
            source = source_of(program.definition, forms[form], item)
        except NotImagined as wrong:
            problems.append(str(wrong))
            continue
        found[name] = source, tuple(planned_at[visit] for visit in visits if visit in planned_at)
    return found


def _rows(program: Program, needs: Needs, problems: list[str]) -> dict[str, tuple[RowsProgram, ...]]:
    """Form -> the rows of the scenario that feed it, cut down to what is wanted."""
    found = {}
    for form, items in needs.rows.items():
        several = []
        for rows in program.rows:
            if rows.spec.form == form:
                try:
                    several.append(_cut(program, rows, items))
                except NotImagined as wrong:
                    problems.append(str(wrong))
        declared = design.items(program.definition, form) if form in program.definition.forms else {}
        problems += [f"Form '{form}' has no item '{item}'." for item in items if item not in declared]
        if not any(rows.spec.form == form for rows in program.rows):
            problems.append(f"No rows of the scenario feed form '{form}'.")
        found[form] = tuple(several)
    return found


def _cut(program: Program, rows: RowsProgram, items: Sequence[str]) -> RowsProgram:
    columns = tuple(column for column in rows.columns if column.item in items)
    names = {name for column in columns for name in variables_of(column)} | rows.exists.uses | rows.day.uses
    for column in columns:
        require_numbers(rows.spec.form, column)
    return replace(rows, columns=columns, table=rows.table.only(names, program.uses))


def _part(program: Program, names: Collection[str], places: set[int], rows: Sequence[RowsProgram]) -> Part:
    """The part of a program that gives these variables at these places, with what always counts: acceptance, strata,
    ends."""
    uses = dict(program.uses)
    asked = {*names, *program.accept.uses, *_of_strata(program)}
    asked |= {name for per_week in program.ends.values() for name in per_week.uses}
    for one in rows:
        own = {name for column in one.columns for name in variables_of(column)} | one.exists.uses | one.day.uses
        asked |= reached(own, {**uses, **one.table.uses})
        places = places | set(one.places)
    wanted = set(reached(asked, uses))
    if _looks_elsewhere(program, wanted, rows):
        places = set(range(len(program.visits)))
    screening = without(program.screening.only(wanted, uses), program.accepting)
    course, visits = program.course.only(wanted, uses), program.visit_table.only(wanted, uses)

    def kept(table: Table) -> Table:
        """Only what somebody else speaks of is left behind."""
        own = {name for name, _ in table.steps}
        spoken_of = {used for name in wanted - own for used in uses.get(name, frozenset())}
        return table.keeping((asked | spoken_of) & own)

    return Part(
        accepting=kept(program.accepting),
        known=kept(screening),
        course=kept(course),
        visits=kept(visits),
        places=tuple(sorted(places)),
        rows=tuple(rows),
        fates=(True,) * len(program.scenarios.fates),
        stops="treatment_end" in wanted or any(one.spec.treatment for one in rows),
    )


def _of_strata(program: Program) -> Iterable[str]:
    return [stratum_variable(program, factor) for factor in program.definition.randomisation.strata]


def _looks_elsewhere(program: Program, wanted: set[str], rows: Sequence[RowsProgram]) -> bool:
    """Whether anything wanted looks at visits beside its own: `at(x, VISIT)`, or a table by visit."""
    texts = [str(one.spec.model_dump()) for one in rows]
    for name, variable in program.scenarios.visits.items():
        if name in wanted:
            if variable.by_visit is not None:
                return True
            texts.append(str(variable.model_dump()))
    texts += [str(feed.model_dump()) for feed in program.scenarios.forms.values()]
    return any(ELSEWHERE.search(text) for text in texts)


def _wanted_form(
    program: Program,
    form: FormProgram,
    sources: Mapping[str, tuple[Source, tuple[int, ...]]],
    part: Part,
    asked: Collection[str],
) -> WantedForm:
    own = {name.partition(".")[2]: found for name, found in sources.items() if name.partition(".")[0] == form.form}
    places = tuple(sorted({place for _, at in own.values() for place in at}))
    items = {item: (source, tuple(places.index(place) for place in at)) for item, (source, at) in own.items()}
    names = {name for column in form.columns for name in variables_of(column)}
    names |= {group.spread.total for group in form.groups}
    return WantedForm(
        form, places, tuple(part.places.index(place) for place in places), items,
        _part(program, names, set(places), ()), names <= set(asked),
    )  # fmt: skip


def _held(program: Program, place: int) -> tuple[FormProgram, ...] | None:
    """The forms that leave a page in the open at a visit; None where one has no condition."""
    forms = [form for form in program.forms if place in form.places and _is_open(program, form.form)]
    return None if any(form.when is None for form in forms) else tuple(forms)


def _is_open(program: Program, form: str) -> bool:
    items = design.items(program.definition, form)
    return any(design.blinding_of(program.definition, form, item) is not Blinding.SEALED for item in items)
