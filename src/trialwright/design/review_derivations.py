"""Reviews the derivations: their inputs, which may be items, whole forms or other derivations, and their options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trialwright.design.catalogue import Catalogue, Measure
from trialwright.design.derivations import blinding_of_derivation, items_behind
from trialwright.design.findings import Findings
from trialwright.design.form_instruments import sound
from trialwright.design.forms import items
from trialwright.design.instrument_measures import (
    WHOLE_FORM,
    inputs_of,
    instrument_of,
    method_of,
    needed,
    scale_of,
    stand_ins,
)
from trialwright.design.instruments import Instrument
from trialwright.design.mistakes import Path
from trialwright.design.model import Blinding, Definition, Derivation
from trialwright.design.problems import did_you_mean, known_or_close
from trialwright.design.references import value_known


def review_derivations(definition: Definition, catalogue: Catalogue, found: Findings) -> None:
    """Every derivation, in the order of the file."""
    for name, derivation in definition.derivations.items():
        path: Path = ("derivations", name)
        if _sources(definition, name, derivation, path, found):
            _sealed(definition, name, derivation, path, found)
        if derivation.baseline is not None:
            found.known((*path, "baseline"), derivation.baseline, definition.visits, "the visit")
        if catalogue.measures is not None:
            _method(definition, derivation, path, catalogue, found)


def forms_behind(definition: Definition, name: str) -> Iterator[str]:
    """The forms that a derivation or `form.item` rests on, through other derivations too."""
    for item in sorted(items_behind(definition, name)):
        form = item.partition(".")[0]
        if form in definition.forms:
            yield form


def _sources(definition: Definition, name: str, derivation: Derivation, path: Path, found: Findings) -> bool:
    """Whether every input names something, and none leads back to the derivation itself."""
    sound = True
    for argument, source in derivation.inputs.items():
        where = (*path, "inputs", argument)
        if source in definition.derivations:
            around = _circle(definition, name, source)
            if around:
                way = " -> ".join((name, *around))
                found.error(where, f"'{name}' is computed from itself: {way}", "let one of them rest on items alone")
                sound = False
        elif "." not in source and source not in definition.forms:
            choices = [*definition.derivations, *definition.forms]
            hint = known_or_close(source, choices)
            found.error(where, f"'{source}' is neither a derivation nor an item (form.item)", hint)
            sound = False
        else:
            sound &= value_known(definition, found, where, source, form_alone=argument == WHOLE_FORM)
    return sound


def _circle(definition: Definition, name: str, source: str) -> tuple[str, ...]:
    """The derivations from `source` back to `name`; empty where none leads there."""
    ways: list[tuple[str, ...]] = [(source,)]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == name:
            return way
        if way[-1] in seen:
            continue
        seen.add(way[-1])
        following = definition.derivations[way[-1]].inputs.values()
        ways += [(*way, one) for one in following if one in definition.derivations]
    return ()


def _sealed(definition: Definition, name: str, derivation: Derivation, path: Path, found: Findings) -> None:
    for argument, source in derivation.inputs.items():
        # What rests on nothing has its own error.
        if items_behind(definition, source) and blinding_of_derivation(definition, source) is Blinding.SEALED:
            hint = "a score of sealed values gives them away; analyse the item itself after unblinding"
            found.error((*path, "inputs", argument), f"'{source}' is sealed and feeds '{name}', which is not", hint)


def _method(definition: Definition, derivation: Derivation, path: Path, catalogue: Catalogue, found: Findings) -> None:
    known = catalogue.measures or {}
    instruments = catalogue.instruments or {}
    instrument = instrument_of(definition, derivation.method, instruments)
    if derivation.method in known:
        measure = known[derivation.method]
        _inputs(derivation.inputs, measure, derivation.method, path, found)
        _options(definition, derivation, measure, path, found)
    elif instrument is not None:
        _instrument(definition, derivation, instrument, path, found)
    else:
        methods = [*known, *map(method_of, (*definition.instruments, *instruments))]
        hint = did_you_mean(derivation.method, methods) or "the trial can be rehearsed but not opened"
        found.warn((*path, "method"), f"the catalogue has no measure '{derivation.method}'", hint)


def _inputs(inputs: Mapping[str, str], measure: Measure, method: str, path: Path, found: Findings) -> None:
    for argument in measure.needs:
        if argument not in inputs:
            found.error(
                (*path, "inputs"), f"{method} needs the input '{argument}'", f"add {argument}: form.item", at_key=True
            )
    taken = [*measure.needs, *measure.takes]
    for argument in inputs:
        if taken and argument not in taken:
            found.error(
                (*path, "inputs", argument),
                f"{method} takes no input '{argument}'",
                known_or_close(argument, taken),
                at_key=True,
            )


def _options(definition: Definition, derivation: Derivation, measure: Measure, path: Path, found: Findings) -> None:
    """Every option is one that the measure takes, in words that it reads; the inputs of a log are of one log."""
    takes = measure.options
    for option in derivation.options if takes is not None else ():
        if takes is not None and option not in takes:
            hint = known_or_close(option, list(takes)) if takes else "leave it out"
            where = (*path, "options", option)
            found.error(where, f"{derivation.method} takes no option '{option}'", hint, at_key=True)
    if measure.remarks is not None:
        for remark in measure.remarks(derivation.options, tuple(derivation.inputs)):
            place: Path = (*path, "options") if derivation.options else path
            stated = remark.option in derivation.options
            where = (*path, "options", remark.option) if stated and remark.option else place
            (found.error if remark.severe else found.warn)(where, remark.says, remark.hint, at_key=not stated)
    if measure.log:
        _one_log(definition, derivation, path, found)


def _one_log(definition: Definition, derivation: Derivation, path: Path, found: Findings) -> None:
    forms = {source.partition(".")[0] for source in derivation.inputs.values()}
    if len(forms) > 1:
        found.error(
            (*path, "inputs"), f"{derivation.method} reads one log, and the inputs are of {', '.join(sorted(forms))}",
            "take all inputs from one log", at_key=True,
        )  # fmt: skip
    for form in forms & definition.forms.keys():
        if not definition.forms[form].log:
            hint = "name items of a form with `log: true`"
            found.error(
                (*path, "inputs"), f"{derivation.method} reads a log, and form '{form}' is none", hint, at_key=True
            )


def _instrument(
    definition: Definition, derivation: Derivation, instrument: Instrument, path: Path, found: Findings
) -> None:
    """The scale is one of the instrument's, and everything that it looks at is fed."""
    if instrument.id in definition.instruments and not sound(instrument.id, instrument):
        return  # what is wrong with it is told where it stands
    ids = [scale.id for scale in instrument.scales]
    for option in derivation.options:
        if option != "scale":
            where = (*path, "options", option)
            found.error(where, f"{derivation.method} takes no option '{option}'", "it takes: scale", at_key=True)
    scale = scale_of(instrument, derivation.options)
    if scale is None:
        said = derivation.options["scale"]
        found.error((*path, "options", "scale"), f"{instrument.id} has no scale '{said}'", known_or_close(said, ids))
        return
    if "scale" not in derivation.options and len(ids) > 1:
        says = f"{instrument.id} has several scales, and none is named: '{scale.id}' is taken"
        found.warn(path, says, f"add options: {{scale: {scale.id}}}, or another: {', '.join(ids[1:])}", at_key=True)
    wanted = needed(instrument, scale)
    fed = inputs_of(definition, derivation, wanted)
    lacking = [item for item in wanted if item not in fed]
    if lacking and not _without_items(definition, derivation.inputs.get(WHOLE_FORM, "")):
        says = f"nothing feeds {', '.join(lacking)} of {instrument.id}, which its scale {scale.id} needs"
        found.error((*path, "inputs"), says, "name an item for each, or a form that has them", at_key=True)
    known = [item.id for item in instrument.items]
    for argument in derivation.inputs:
        where = (*path, "inputs", argument)
        if argument not in (*known, WHOLE_FORM):
            hint = known_or_close(argument, known)
            found.error(where, f"{instrument.id} has no item '{argument}'", hint, at_key=True)
        elif argument not in (*wanted, *stand_ins(instrument, scale), WHOLE_FORM):
            found.warn(where, f"the scale {scale.id} does not look at '{argument}'", "leave it out")


def _without_items(definition: Definition, form: str) -> bool:
    """Whether a form got no items because its instrument is not there or wrong, which is told where it stands."""
    known = definition.forms.get(form)
    return known is not None and known.instrument is not None and not items(definition, form)
