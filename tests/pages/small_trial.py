"""A small trial with everything that a page must hide, as facts on a ledger in memory.

The arms, the sealed values and the words that belong to them are odd on purpose, so that a test can look for them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from trialwright import design
from trialwright.design.model import Definition
from trialwright.ledger import kinds
from trialwright.ledger.canonical import instant_text
from trialwright.ledger.fact import Draft
from trialwright.ledger.memory import MemoryLedger

SECRET_WORDS = ("Immunovalue", "immunovalue", "sealedform", "Lot number", "Xylo", "position", "leafhash", "777.77")
"""Must never stand on a page for staff: labels of sealed items, arms, what is known of the list, a sealed value."""

MASKED_WORDS = ("Stomach upset", "Bag given", "LBL-4711", "Side effects")
"""Must not stand on a page for an assessor."""

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)

CONTENT: dict[str, Any] = {
    "trialwright": "1",
    "id": "SMALL",
    "version": "1.0",
    "title": {"official": "A small trial of xylo against water", "acronym": "SMALL", "lay": "Does it help?"},
    "summary": "Whether xylo helps.",
    "phase": "2",
    "study_type": "interventional",
    "design": "randomised, double-blind",
    "sponsor": {"name": "University of Somewhere", "country": "NL"},
    "registrations": [{"register": "ClinicalTrials.gov", "id": "NCT01234567"}, {"register": "OMON", "id": "NL-OMON1"}],
    "condition": {"text": "Tiredness", "codes": [{"system": "ICD-10", "code": "R53"}]},
    "sources": {"assumed": {"text": "nothing", "status": "assumed"}},
    "interventions": {
        "xylo": {"label": "Xylo", "role": "investigational", "dose": "1 g/d"},
        "water": {"label": "Water", "role": "placebo", "dose": "1 g/d"},
    },
    "arms": {
        "A": {"label": "Xylo arm", "kind": "experimental", "gives": ["xylo"]},
        "B": {"label": "Water arm", "kind": "placebo comparator", "gives": ["water"]},
    },
    "epochs": ["SCREENING", "TREATMENT"],
    "visits": {
        "SCR": {"label": "Screening", "epoch": "SCREENING", "day": -7, "window": {"before": 7, "after": 6}},
        "W0": {"label": "Baseline", "epoch": "TREATMENT", "day": 1, "anchor": True},
        "W4": {"label": "Week 4", "epoch": "TREATMENT", "day": 29, "window": {"before": 3, "after": 3}},
        "W12": {"label": "Week 12", "epoch": "TREATMENT", "day": 85, "window": {"before": 7, "after": 7}},
        "UNS": {"label": "Unscheduled", "epoch": "TREATMENT", "unscheduled": True},
    },
    "activities": {"randomisation": "Randomisation"},
    "schedule": {
        "randomisation": {"visits": ["W0"]},
        "score": {"visits": ["SCR", "W0", "W4", "W12", "UNS"]},
        "sealedform": {"visits": ["W0", "W4", "W12"]},
        "bag": {"visits": ["W0"]},
        "ae": {"log": True, "since": "SCR"},
    },
    "codelists": {"MOOD": {"1": "fine", "2": "tired"}},
    "forms": {
        "score": {
            "label": "Tiredness score",
            "items": [
                {"id": "total", "type": "integer", "label": "Total", "unit": "points"},
                {"id": "mood", "type": "code", "label": "Mood", "codes": "MOOD"},
            ],
        },
        "sealedform": {
            "label": "Immunovalue",
            "blinding": "sealed",
            "items": [{"id": "immunovalue", "type": "decimal", "label": "Immunovalue in blood"}],
        },
        "bag": {
            "label": "Bag given",
            "blinding": "masked_for_assessors",
            "items": [
                {"id": "volume", "type": "decimal", "label": "Volume", "unit": "mL"},
                {"id": "lot", "type": "text", "label": "Lot number", "blinding": "sealed"},
            ],
        },
        "ae": {
            "label": "Side effects",
            "log": True,
            "blinding": "masked_for_assessors",
            "items": [{"id": "term", "type": "text", "label": "Term"}],
        },
    },
    "consent": {"form_version": "1", "scopes": {"trial": "Taking part"}},
    "facts": {"age": {"type": "quantity", "label": "Age", "unit": "a"}},
    "eligibility": [
        {"id": "I1", "kind": "inclusion", "text": "Adults (≥ 18 years)", "when": "age >= 18 a"},
        {
            "id": "E1",
            "kind": "exclusion",
            "text": "Too tired",
            "when": {
                "any": [
                    {"id": "E1.bed", "text": "Cannot leave the bed", "when": "age > 200 a"},
                    {"id": "E1.chair", "text": "Cannot leave the chair", "when": "age > 201 a"},
                ]
            },
            "judgement": "Is this too tired?",
            "judged_by": "investigator",
            "ambiguity": "The page does not say how tired.",
        },
    ],
    "randomisation": {
        "method": "permuted_block",
        "n": 4,
        "ratio": {"A": 1, "B": 1},
        "visit": "W0",
        "strata": {"mood": {"label": "Mood group", "item": "score.mood", "map": {"*": "any"}}},
    },
    "blinding": {"level": "double", "blinded": ["monitor", "assessor"], "unblinded": ["pharmacist"]},
    "sites": {"AMS": {"name": "Hospital of Somewhere", "country": "NL", "zone": "Europe/Amsterdam", "planned": 4}},
    "objectives": [{"id": "O1", "level": "primary", "text": "It helps.", "endpoints": ["SCORE"]}],
    "endpoints": {"SCORE": {"label": "Tiredness", "level": "primary", "measure": ["score.total"], "at": ["W12"]}},
    "populations": {"FAS": {"label": "All", "where": "randomised"}},
    "analyses": {"PRIMARY": {"label": "Primary", "method": "welch", "level": "primary", "endpoint": "SCORE"}},
    "sample_size": {"n": 4, "of": "PRIMARY", "difference": "10", "sd": "8", "power": "0.8", "dropout": "0.1"},
    "locks": [{"id": "final", "after": "W12", "label": "After week 12"}],
    "roles": {"monitor": "Monitor", "assessor": "Outcome assessor", "investigator": "Investigator"},
    "ambiguities": ["How tired is tired is left open."],
    "provenance": [{"path": "visits.W4.window", "source": "assumed", "note": "no window could be read"}],
}


def definition() -> Definition:
    """The definition of the small trial."""
    return Definition.model_validate(CONTENT)


class Writer:
    """Appends facts minutes apart, as conduct would; `later` lets days pass."""

    def __init__(self, ledger: MemoryLedger | None = None, at: datetime = START) -> None:
        self.ledger = ledger or MemoryLedger()
        self.at = at

    def later(self, days: int) -> None:
        self.at += timedelta(days=days)

    def add(self, kind: str, payload: dict[str, Any], role: str = "investigator", **place: Any) -> None:
        self.at += timedelta(minutes=7)
        with self.ledger.act():
            self.ledger.append(Draft(instant_text(self.at), "nurse.j", role, kind, "1.0", payload, "ab" * 16, **place))

    def save(self, form: str, visit: str, items: dict[str, str], repeat: str = "", **more: Any) -> None:
        """A page of the first participant; `not_done` and `why` may be given."""
        payload = {"items": items, "not_done": more.get("not_done", {}), "confirmed": {}, "on": str(self.at.date())}
        place = {"visit": visit, "form": form, "repeat": repeat, "why": more.get("why")}
        self.add(kinds.PAGE_RECORDED, payload, participant=FIRST, **place)


FIRST, SECOND, THIRD = "AMS-001-K", "AMS-002-P", "AMS-003-Q"
CONSENT = {"site": "AMS", "form_version": "1", "scopes": {"trial": "yes"}}
VERDICT = {"anchor": "2026-03-02", "missing": []}
DRAWN = {"stratum": "mood=any", "levels": {"mood": "any"}, "position": "1", "label": "LBL-4711", "leaf": "leafhash"}


def written() -> MemoryLedger:
    """One participant to week 4 with everything that may be hidden, one screen failure, one before any verdict."""
    pen = Writer()
    pen.add(kinds.TRIAL_OPENED, {"definition": design.canonical_text(definition()), "fingerprint": "f"}, role="sponsor")
    pen.add(kinds.SITE_ACTIVATED, {"site": "AMS", "activates": "1.0"}, role="sponsor")
    pen.add(kinds.PRESCREEN_LOGGED, {"site": "AMS", "outcome": "declined", "reason": "Too far away"})
    for person in (FIRST, SECOND, THIRD):
        pen.add(kinds.CONSENT_GIVEN, CONSENT, participant=person)
    pen.save("score", "SCR", {"total": "40", "mood": "2"})
    pen.save("score", "SCR", {"total": "41"}, why="A slip")
    eligible = {**VERDICT, "verdict": "eligible", "criteria": {"I1": "met", "E1": "not met"}}
    pen.add(kinds.ELIGIBILITY_VERDICT, eligible, participant=FIRST)
    pen.later(7)
    _baseline(pen)
    pen.later(28)
    pen.save("score", "W4", {"total": "30", "mood": "1"})
    refused = {**VERDICT, "verdict": "not eligible", "criteria": {"I1": "met", "E1": "met"}}
    pen.add(kinds.ELIGIBILITY_VERDICT, refused, participant=SECOND)
    return pen.ledger


def _baseline(pen: Writer) -> None:
    """The day of randomisation, with a sealed value, a masked page, a side effect and queries about all of them."""
    pen.save("score", "W0", {"total": "44", "mood": "2"})
    pen.add(kinds.ALLOCATION_DRAWN, DRAWN, participant=FIRST)
    sealed = {"participant": FIRST, "visit": "W0", "form": "sealedform", "repeat": ""}
    pen.add(kinds.SEALED_KEPT, {"commitment": "777.77"}, **sealed)
    bag = {**sealed, "form": "bag"}
    pen.save("bag", "W0", {"volume": "500"})
    pen.save("bag", "W0", {}, not_done={"lot": "Lot number 777.77 unreadable"})
    pen.save("ae", "", {"term": "Stomach upset"}, repeat="1")
    for query, form, item, text in (
        ("Q-1", "score", "total", "Is 44 right?"),
        ("Q-2", "sealedform", "immunovalue", "Immunovalue 777.77 is high"),
        ("Q-3", "bag", "lot", "Which Lot number?"),
    ):
        opened = {"query": query, "item": item, "text": text, "check": None}
        pen.add(kinds.QUERY_OPENED, opened, role="monitor", **{**sealed, "form": form})
    pen.add(kinds.QUERY_ANSWERED, {"query": "Q-3", "text": "777.77"}, **bag)
    pen.add(kinds.PAGE_SIGNED, {"meaning": "reviewed", "name": "J"}, **bag)
