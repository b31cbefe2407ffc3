"""Screening one patient file against a trial: the verdict as text for people and as JSON for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from trialwright import logic
from trialwright.design import Definition, fact_scope, items
from trialwright.eligibility.criteria import Prepared, prepare
from trialwright.eligibility.patient import Patient, Ranges, read_patient
from trialwright.eligibility.verdict import Judgement, Verdict, verdict
from trialwright.logic import LogicError, LogicErrors, Place, did_you_mean

DISCLAIMER = "A verdict is an aid: the investigator decides on eligibility and signs for it."


@dataclass(frozen=True, slots=True)
class Screening:
    """A verdict with its two forms."""

    verdict: Verdict
    text: str
    json: Mapping[str, Any]


def screen(trial: Definition, patient: bytes | str | Mapping[str, Any], file: str = "") -> Screening:
    """The screening of a patient file against a trial; raises LogicErrors for a file (or criteria) with errors, all at
    once, with their places.
    """
    scope = fact_scope(trial)
    return screened(prepare(trial.eligibility, scope), scope, patient, file, _ranges(trial))


def _ranges(trial: Definition) -> dict[str, tuple[Decimal, Decimal]]:
    """The hard range of each fact that is bound to an item in the same unit, and of the fields of its lists."""
    bound = []
    for name, fact in trial.facts.items():
        form, _, item = (fact.item or "").partition(".")
        if item:
            bound.append((name, fact, form, item))
        elif form:
            bound += [(f"{name}.{field}", kind, form, field) for field, kind in fact.fields.items()]
    asked = ((name, fact, items(trial, form).get(item)) for name, fact, form, item in bound)
    return {name: item.range for name, fact, item in asked if item and item.range and item.unit == fact.unit}


def screened(
    criteria: Prepared,
    scope: logic.Scope,
    patient: bytes | str | Mapping[str, Any],
    file: str = "",
    ranges: Ranges = MappingProxyType({}),
) -> Screening:
    """The screening of a patient file against criteria that are ready; raises LogicErrors as `screen` does."""
    read = read_patient(patient, scope, file, ranges)
    _refuse_unasked(read, criteria, scope, file)
    found = verdict(criteria, read.facts, read.context, read.judgements)
    said = {"screening": read.context.dates["screening"].isoformat(), **found.as_dict(), "note": DISCLAIMER}
    return Screening(found, "\n".join([*found.lines(), DISCLAIMER]), said)


def _refuse_unasked(read: Patient, prepared: Prepared, scope: logic.Scope, file: str) -> None:
    """A judgement that answers no question would be lost in silence."""
    lost = [one for one in read.judgements if one.about not in prepared.questions and not _judged_fact(one, scope)]
    if lost:
        hints = [
            did_you_mean(one.about, prepared.questions) or f"asked are {', '.join(prepared.questions)}" for one in lost
        ]
        raise LogicErrors(
            LogicError(f"judgement about {one.about!r}: no criterion asks for it", Place(file, 0, 0), hint)
            for one, hint in zip(lost, hints, strict=True)
        )


def _judged_fact(one: Judgement, scope: logic.Scope) -> bool:
    """Whether a judgement fills a fact of a row, as in `prior_tx[1].no_response`."""
    listed, _, rest = one.about.partition("[")
    known = scope.names.get(listed)
    fields = dict(known.type.of.fields) if known and known.type.of else {}
    field = fields.get(rest.partition("].")[2])
    return field is not None and bool(field.judged_by)
