"""Measures of the definition on the arrays of imagined trials: the counterpart of `analysis.scores`.

The same functions of `measures` compute them, on whole numbers straight from the grid of the instruments.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from trialwright import design
from trialwright.analysis.derived import inputs, way
from trialwright.analysis.derived.response import enzyme_multiple, tis_rules
from trialwright.analysis.derived.source import rounded
from trialwright.design.derivations import baseline
from trialwright.design.model import Definition, Derivation
from trialwright.measures.tis import CoreSet, Exact, Limits, exact
from trialwright.measures.tis_rules import ENZYMES, STEP
from trialwright.measures.tis_steps import tis_steps
from trialwright.simulate.crowds import Recorded
from trialwright.simulate.imagined_source import ImaginedSource
from trialwright.simulate.program import Program
from trialwright.simulate.scored import Floats, Measured, NotSimulated, flags_of, item_measured

__all__ = ["Measured", "NotSimulated", "items_of", "measured", "thresholds_of"]

PAIRS = 1 << 16
"""Pairs scored together: their arrays stay in the processor's cache."""


Items = dict[str, tuple[str, ...]]
"""`form.item` -> the visits at which it is wanted, as `crowds.Needs` takes them; or log -> its wanted items."""


def items_of(program: Program, name: str, visits: Sequence[str]) -> Items:
    """What the measure `name` (a derivation or `form.item`) needs of these visits. Raises `NotSimulated`."""
    definition = program.definition
    derivation = definition.derivations.get(name)
    if derivation is None:
        _refuse_unfed(program, name, visits)
        flags = [flag for flag in flags_of(definition, name) if _is_fed(program, flag)]
        return dict.fromkeys((name, *flags), tuple(visits))
    wanted: Items = {}
    if derivation.method in MEASURES:
        start = baseline(definition, derivation)
        for argument, source in derivation.inputs.items():
            at = (start,) if argument.endswith("_uln") else tuple(dict.fromkeys((start, *visits)))
            joined(wanted, items_of(program, source, at))
        return wanted
    found = way(definition, derivation.method)
    if found is None:
        raise NotSimulated(f"No measure '{derivation.method}' is in the catalogue, so '{name}' cannot be computed.")
    if found.deaths and somebody_dies(program):
        raise NotSimulated(f"The scenario lets participants die, and {name} counts deaths, which arrays do not hold.")
    for source in () if found.log else inputs(definition, derivation).values():
        joined(wanted, items_of(program, source, found.looks(definition, derivation, visits)))
    return wanted


def logs_of(program: Program, name: str) -> Items:
    """The logs that the measure `name` needs, with their items, through other derivations too. Raises
    `NotSimulated`."""
    definition = program.definition
    derivation = definition.derivations.get(name)
    wanted: Items = {}
    if derivation is None:
        return wanted
    found = way(definition, derivation.method)
    for source in inputs(definition, derivation).values():
        if found is None or not found.log:
            joined(wanted, logs_of(program, source))
            continue
        form, _, item = source.partition(".")
        if not any(rows.spec.form == form for rows in program.rows):
            raise NotSimulated(f"No rows of the scenario feed form {form}, so {name} has no values.")
        joined(wanted, {form: (item,)})
    return wanted


def joined(held: Items, more: Mapping[str, Sequence[str]]) -> None:
    """Add what is asked for more to what is held, in place."""
    for name, visits in more.items():
        held[name] = tuple(dict.fromkeys((*held.get(name, ()), *visits)))


def thresholds_of(definition: Definition, name: str) -> dict[str, float]:
    """The declared cut-offs of a measure by name."""
    derivation = definition.derivations.get(name)
    return {label: float(cut) for label, cut in derivation.thresholds.items()} if derivation else {}


def measured(recorded: Recorded, name: str, visits: Sequence[str]) -> Measured:
    """The measure at these visits, of everybody."""
    derivation = recorded.program.definition.derivations.get(name)
    if derivation is None:
        return item_measured(recorded, name, visits)
    if derivation.method in MEASURES:
        return MEASURES[derivation.method](recorded, name, derivation, visits)
    found = way(recorded.program.definition, derivation.method)
    assert found is not None
    values = found.compute(ImaginedSource(recorded, _values), derivation, visits)
    cuts = thresholds_of(recorded.program.definition, name)
    return Measured(derivation.label, tuple(visits), values.reshape(*recorded.arm.shape, len(visits)), cuts)


def _values(recorded: Recorded, name: str, visits: Sequence[str]) -> Floats:
    return measured(recorded, name, visits).values


def _tis(recorded: Recorded, name: str, derivation: Derivation, visits: Sequence[str]) -> Measured:
    """The Total Improvement Score of each visit against the baseline visit; at the baseline itself there is none."""
    start = baseline(recorded.program.definition, derivation)
    later = [visit for visit in visits if visit != start]
    people = recorded.arm.size
    values = np.full((people, len(visits)), np.nan)
    multiple = np.full(people, np.nan)
    columns = {argument: _Flat(recorded, item, [start, *later]) for argument, item in derivation.inputs.items()}
    rules, most = tis_rules(derivation.options), exact([Decimal(derivation.options.get("mmt_max", "260"))])
    places = [list(visits).index(visit) for visit in later]
    step = max(1, PAIRS // max(1, len(later)))
    for begin in range(0, people, step):
        part = slice(begin, min(begin + step, people))
        first = _core_set(columns, part, [start])
        uppers = {one: columns[f"{one}_uln"].at(part, [start]) for one in ENZYMES if f"{one}_uln" in columns}
        scored = tis_steps(first, _core_set(columns, part, later or [start]), Limits(most, uppers), rules)
        points = np.where(scored.computable, scored.steps * float(STEP), np.nan)
        values[part, places] = points[:, : len(later)]
        multiple[part] = enzyme_multiple(first, uppers, scored.enzyme[:, 0], scored.enzyme_known[:, 0])
    shape = recorded.arm.shape
    label, cuts = derivation.label, thresholds_of(recorded.program.definition, name)
    known = {"enzyme_multiple": multiple.reshape(shape)}
    return Measured(label, tuple(visits), values.reshape(*shape, len(visits)), cuts, known)


MEASURES: Mapping[str, Callable[[Recorded, str, Derivation, Sequence[str]], Measured]] = {"acr_eular_2016": _tis}
"""Methods with a way of their own in arrays; all others are computed by `analysis.derived` from an `ImaginedSource`."""

QUANTITIES: Mapping[str, tuple[str, ...]] = {"acr_eular_2016": ("enzyme_multiple",)}
"""What a measure knows at its baseline beside its values, by method."""


class _Flat:
    """An item or another derivation with all people on one axis, so that they can be taken in blocks."""

    def __init__(self, recorded: Recorded, item: str, visits: Sequence[str]) -> None:
        if item in recorded.program.definition.derivations:
            column = rounded(measured(recorded, item, visits).values)
            units, self.decimals, present = column.units, column.decimals, np.asarray(column.present)
            self.visits = tuple(visits)
        else:
            units, self.decimals, present = recorded.units(item)
            self.visits = recorded.visits[item]
        self.units = units.reshape(-1, len(self.visits))
        self.present = present.reshape(-1, len(self.visits))

    def at(self, part: slice, visits: Sequence[str]) -> Exact:
        """The item of some people at some visits, exactly."""
        places = [self.visits.index(visit) for visit in visits]
        first, several = places[0], len(places)
        # Neighbours are looked at, not copied.
        columns: Any = slice(first, first + several) if places == list(range(first, first + several)) else places
        return Exact(self.units[part, columns], self.decimals, self.present[part, columns])


def _core_set(columns: Mapping[str, _Flat], part: slice, visits: Sequence[str]) -> CoreSet:
    names = ("phga", "ptga", "mmt", "haq", "exm" if "exm" in columns else "extramusc")
    phga, ptga, mmt, haq, exm = (columns[name].at(part, visits) for name in names)
    return CoreSet(phga, ptga, mmt, haq, exm, {one: columns[one].at(part, visits) for one in ENZYMES if one in columns})


# ------------------------------------------------------------------ what the scenario feeds


def somebody_dies(program: Program) -> bool:
    """Whether any page of the scenario may tell of a death."""
    every = [one.columns for one in program.forms] + [one.columns for one in program.rows]
    for column in (column for columns in every for column in columns):
        words = {column.feed.text, *(column.feed.texts or {}).values()}
        if column.item == "death_date" or (column.item == "status" and "death" in words):
            return True
    return False


def _is_fed(program: Program, name: str) -> bool:
    form, _, item = name.partition(".")
    return any(column.item == item for one in program.forms if one.form == form for column in one.columns)


def _refuse_unfed(program: Program, name: str, visits: Sequence[str]) -> None:
    """Nothing is computed from an item that no distribution of the scenario feeds, or at a visit without its form."""
    form, _, item = name.partition(".")
    if form not in program.definition.forms:
        raise NotSimulated(f"'{name}' is neither a derivation nor an item of a form.")
    fed = next((one for one in program.forms if one.form == form), None)
    if fed is None:
        raise NotSimulated(f"The scenario imagines no pages of form {form} at the visits, so {name} has no values.")
    derived = {one.id for one in program.definition.forms[form].derive}
    given = {column.item for column in fed.columns} | {one for group in fed.groups for one in group.ids}
    if item not in given | derived:
        known = "" if item in design.items(program.definition, form) else "; the form has no such item"
        raise NotSimulated(f"No variable or distribution of the scenario feeds {name}{known}.")
    planned = {program.visits[place] for place in fed.places}
    lacking = [visit for visit in visits if visit not in planned]
    if lacking:
        raise NotSimulated(f"Form {form} is not planned at {', '.join(lacking)}, so {name} has no values there.")
