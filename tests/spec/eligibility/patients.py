"""Virtual patients: one who fits, and changes to her."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from trialwright import design, eligibility, logic

TRIAL = Path(__file__).resolve().parents[3] / "trials" / "time-is-muscle"
SCREENING = "2024-06-03"
FITTING: Mapping[str, Any] = {
    "age": 54,
    "sex": "F",
    "iim_subtype": "DM",
    "symptom_onset": "2024-02",
    "consent_signed": True,
    "mmt": 221,
    "phga": "5.0",
    "ptga": "4.5",
    "haq": "1.25",
    "extramusc": "1.0",
    "bedridden": False,
    "can_walk": True,
    "severe_dysphagia": False,
    "respiratory_symptoms": False,
    "malignancy": False,
    "thrombosis": False,
    "allergy_blood_product": False,
    "iga_deficiency": False,
    "pregnant": False,
    "trying_to_conceive": False,
    "legally_incompetent": False,
    "severe_other_disability": False,
    "language_barrier": False,
    "conmed": [],
    "prior_tx": [],
}


def treatment(drug: str, kind: str, start: str, stop: str | None = None, **more: Any) -> dict[str, Any]:
    """A row of earlier treatment; without a stop it goes on."""
    row = {"drug": drug, "class": kind, "route": "oral", "start": start, **more}
    return {**row, "ongoing": True} if stop is None else {**row, "stop": stop, "ongoing": False}


PULSE = treatment("methylprednisolone", "glucocorticoid", "2024-05-29", "2024-05-31", route="iv", dose="1000 mg/d")
METHOTREXATE = treatment("methotrexate", "immunosuppressive", "2024-04-02", dose="2 mg/d")
AZATHIOPRINE = treatment("azathioprine", "immunosuppressive", "2023-06-01", "2024-01-03", dose="100 mg/d")
LOW_PREDNISONE = treatment("prednisone", "glucocorticoid", "2024-03-25", dose="15 mg/d", no_response=True)
HIGH_PREDNISONE = treatment("prednisone", "glucocorticoid", "2024-05-25", dose="60 mg/d", no_response=True)
DUPILUMAB = treatment(
    "dupilumab",
    "biological",
    "2023-05-10",
    route="sc",
    indication="eczema",
    last_dose_change="2023-06-10",
    approved_non_muscular=True,
    induces_myopathy=False,
)
TACROLIMUS_OINTMENT = treatment("tacrolimus", "immunosuppressive", "2024-03-20", route="topical")


@cache
def reference() -> tuple[eligibility.Prepared, logic.Scope]:
    """The criteria of the reference trial, ready, and the scope of its facts."""
    definition = design.read(TRIAL)
    scope = design.fact_scope(definition)
    return eligibility.prepare(definition.eligibility, scope), scope


def file_of(changes: Mapping[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    """A patient file: the fitting patient with some facts changed; `...` takes a fact away."""
    facts = {**FITTING, **(changes or {})}
    return {
        "screening": SCREENING,
        "zone": "Europe/Amsterdam",
        "weight": 70,
        "facts": {name: value for name, value in facts.items() if value is not ...},
        **rest,
    }


def judged(about: str, answer: bool, item: str | None = None) -> dict[str, Any]:
    """A judgement by a named physician."""
    made = {"about": about, "by": "A. de Vries", "answer": answer, "why": "seen at the screening visit"}
    return made if item is None else {**made, "item": item}


def verdict_of(changes: Mapping[str, Any] | None = None, **rest: Any) -> eligibility.Verdict:
    """The verdict of the reference trial on a patient."""
    return eligibility.screened(*reference(), file_of(changes, **rest)).verdict
