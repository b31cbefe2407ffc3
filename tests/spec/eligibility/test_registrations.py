"""One trial, five registrations: the same patients, read by each page's own criteria, are not eligible alike."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.spec.eligibility.patients import (
    AZATHIOPRINE,
    DUPILUMAB,
    HIGH_PREDNISONE,
    LOW_PREDNISONE,
    TRIAL,
    file_of,
    reference,
    treatment,
)

from trialwright import design, eligibility, logic
from trialwright.design.scopes import fact_types

PAGES = Path(__file__).with_name("registrations.yaml")
FIRST = "2024-516057-42-00"
RITUXIMAB = {**DUPILUMAB, "drug": "rituximab", "indication": "rheumatoid arthritis", "used_in_myositis": True}
CICLOSPORIN = treatment("ciclosporin", "immunosuppressive", "2024-05-01", no_response=True)
ROWS = {
    "a patient of 83": {"age": 83},
    "azathioprine stopped five months ago": {"prior_tx": [AZATHIOPRINE]},
    "prednisone 15 mg for ten weeks": {"prior_tx": [LOW_PREDNISONE]},
    "prednisone 60 mg for nine days": {"prior_tx": [HIGH_PREDNISONE]},
    "prednisone 60 mg for six days": {"prior_tx": [{**HIGH_PREDNISONE, "start": "2024-05-29"}]},
    "a loss on muscle testing of 6 %": {"mmt": 244},
    "stable dupilumab for eczema": {"prior_tx": [{**DUPILUMAB, "no_response": True, "used_in_myositis": False}]},
    "stable rituximab for arthritis": {"prior_tx": [{**RITUXIMAB, "no_response": True}]},
    "ciclosporin begun last month": {
        "prior_tx": [treatment("ciclosporin", "immunosuppressive", "2024-05-01", no_response=True)]
    },
}
VERDICTS = {
    #                                       first NCT   26160 49246 myositis.nl
    "a patient of 83":                      "yes   yes   no    no    yes",
    "azathioprine stopped five months ago": "yes   yes   yes   no    yes",
    "prednisone 15 mg for ten weeks":       "no    yes   no    no    yes",
    "prednisone 60 mg for nine days":       "yes   yes   yes   no    yes",
    "prednisone 60 mg for six days":        "yes   yes   yes   yes   yes",
    "a loss on muscle testing of 6 %":      "no    no    no    yes   no",
    "stable dupilumab for eczema":          "yes   yes   no    no    yes",
    "stable rituximab for arthritis":       "yes   no    no    no    no",
    "ciclosporin begun last month":         "no    no    no    no    no",
}  # fmt: skip


@cache
def readings() -> tuple[tuple[eligibility.Prepared, logic.Scope], ...]:
    """The criteria of each registration, in the order of the table."""
    types: dict[str, Any] = dict(fact_types(design.read(TRIAL)))
    types["prior_tx"] = {**types["prior_tx"], "of": {**types["prior_tx"]["of"], "used_in_myositis": "boolean"}}
    scope = logic.scope(types)
    pages = YAML(typ="safe", pure=True).load(PAGES)["registrations"]
    first, _ = reference()
    return ((first, scope), *((eligibility.prepare(pages[name], scope), scope) for name in pages))


@pytest.mark.parametrize("patient", list(VERDICTS))
def test_each_registration_gives_the_verdict_that_its_own_text_says(patient: str) -> None:
    found = [eligibility.screened(*reading, file_of(ROWS[patient])).verdict.overall.value for reading in readings()]
    expected = ["eligible" if word == "yes" else "not eligible" for word in VERDICTS[patient].split()]
    assert found == expected
