"""A small made-up trial on the reference definition: a state built straight from pages, for analysis and report.

Not a simulator: its numbers need only be plausible, complete and the same every time.
"""

from functools import cache
from pathlib import Path

import numpy as np

from trialwright import design
from trialwright.design.model import Definition
from trialwright.ledger.fact import Head
from trialwright.ledger.replay import Allocation, Page, Participant, Query, State, Verdict
from trialwright.ledger.snapshot import Snapshot

ROOT = Path(__file__).resolve().parents[3]
DAYS = {"SCR": -7, "W0": 0, "W4": 28, "W8": 56, "W12": 84, "W26": 182, "W52": 364}
SUBTYPES = ("DM", "IMNM", "OM", "ASyS")


@cache
def definition() -> Definition:
    """The reference trial."""
    return design.read(ROOT / "trials" / "time-is-muscle")


def page(on: str | None, **items: object) -> Page:
    """A form page; numbers become the text that a ledger would hold."""
    texts = {name.replace("__", "."): str(value) for name, value in items.items() if value is not None}
    return Page(number=1, version="1.0", at="2026-01-01T09:00:00.000000Z", on=on, items=dict(texts))


def core_set(on: str, severity: float, chance: np.random.Generator) -> Page:
    """The six core set measures at a severity from 0 (well) to 1 (as at the start)."""
    noise = chance.normal(0, 0.07, size=6)
    level = np.clip(severity + noise, 0, 1.4)
    deficit = int(np.clip(round(60 * level[2]), 0, 260))
    grades = [10] * 26
    for index in range(deficit):
        grades[index % 26] -= 1
    names = definition().forms["csm"].groups[0].keys
    sides = [(name, side) for name in names for side in "LR"]
    items: dict[str, object] = {
        f"mmt.{name}.{side}.grade": max(grade, 0) for (name, side), grade in zip(sides, grades, strict=True)
    }
    items |= {
        "phga": f"{min(5.5 * level[0], 10):.1f}",
        "ptga": f"{min(5.8 * level[1], 10):.1f}",
        "haq": f"{round(min(1.5 * level[3], 3) * 8) / 8:.3f}",
        "extramusc": f"{min(2.8 * level[4], 10):.1f}",
        "ck": f"{180 * np.exp(2.2 * level[5]):.0f}",
        "ck_uln": "190",
    }
    return page(on, **items)


def day(start: str, days: int) -> str:
    return str(np.datetime64(start) + np.timedelta64(days, "D"))


def trial(size: int = 48, effect: float = 0.25, seed: int = 1) -> tuple[Snapshot, dict[str, str]]:
    """A whole trial with `size` randomised, and who was in which arm; `effect` is the extra improvement of arm A."""
    chance = np.random.default_rng(seed)
    state = State(number=5000, version="1.0")
    state.prescreened = [("AMC", "declined", "no time"), ("AMC", "declined", "no time"), ("AMC", "to be screened", "")]
    state.prescreened += [("AMC", "not eligible", "symptoms for over a year")] * 3
    arms = chance.permutation(np.repeat(["A", "B"], size // 2))
    treatments: dict[str, str] = {}
    for index in range(size):
        person = participant(f"AMC-{index + 1:03d}", index, str(arms[index]), effect, chance)
        state.participants[person.id] = person
        treatments[person.id] = str(arms[index])
    for index in range(size, size + 5):
        person = failed(f"AMC-{index + 1:03d}", index)
        state.participants[person.id] = person
    state.queries["Q1"] = Query("Q1", "AMC-001", "W4", "csm", "", "phga", "Is it so low?", "closed", "", "monitor")
    return Snapshot(state, Head(5000, "ab" * 32, "2027-01-01T00:00:00.000000Z")), treatments


def failed(name: str, index: int) -> Participant:
    """Somebody who consented and was not randomised."""
    start = day("2026-01-05", 7 * index)
    person = Participant(name, "AMC", f"{start}T09:00:00.000000Z", "1", {"trial": True})
    if index % 5 == 0:
        person.withdrawn = f"{start}T10:00:00.000000Z"
    else:
        criteria = {"I4": "fails"} if index % 2 else {"E5": "fails"}
        person.verdicts.append(Verdict("not eligible", f"{start}T10:00:00.000000Z", start, criteria, [], 1))
    return person


def participant(name: str, index: int, arm: str, effect: float, chance: np.random.Generator) -> Participant:
    """One randomised participant with pages at every visit, until they leave."""
    start = day("2026-01-12", 7 * index)
    person = Participant(name, "AMC", f"{start}T08:00:00.000000Z", "1", {"trial": True})
    subtype = SUBTYPES[int(chance.choice(4, p=[0.45, 0.27, 0.2, 0.08]))]
    group = "DM" if subtype == "DM" else "other"
    person.allocation = Allocation(
        f"subtype_group:{group}", {"subtype_group": group}, index, f"L{index}", "00", f"{start}T09:00:00.000000Z", 1
    )
    age, sex = int(np.clip(chance.normal(54, 13), 18, 85)), "F" if chance.random() < 0.7 else "M"
    person.pages[("SCR", "demog", "")] = page(start, age=age, sex=sex, birth_year=2026 - age)
    person.pages[("SCR", "history", "")] = page(start, iim_subtype=subtype, diagnosis_date=start, fvc_pct_pred="88.5")
    person.pages[("W0", "vitals", "")] = page(start, weight=f"{chance.normal(76, 14):.1f}")
    severity, gain = chance.lognormal(0, 0.25), chance.normal(0.35 + (effect if arm == "A" else 0), 0.3)
    leaves = "W26" if index % 16 == 7 else None
    for visit, days in DAYS.items():
        if visit == leaves:
            person.lost = f"{day(start, days)}T09:00:00.000000Z"
            break
        reached = 1 - np.exp(-0.246 * max(days, 0) / 7)
        if chance.random() > 0.03 or visit in ("SCR", "W0"):
            person.pages[(visit, "csm", "")] = core_set(day(start, days), severity * (1 - gain * reached), chance)
        if visit in ("W0", "W4", "W8") and not (index % 12 == 5 and visit != "W0"):
            given = page(
                day(start, days), label=f"L{index}", start=f"{day(start, days)}T10:00", place="ward", volume="1400"
            )
            person.pages[(visit, "infusion", "1")] = given
    else:
        person.completed = f"{day(start, 365)}T09:00:00.000000Z"
    if index % 12 == 5:
        person.treatment_stopped = f"{day(start, 20)}T09:00:00.000000Z"
        person.reasons["treatment_stopped"] = "adverse event"
    events(person, index, start, chance)
    return person


def events(person: Participant, index: int, start: str, chance: np.random.Generator) -> None:
    """A few adverse events, one of them serious, and now and then a major deviation."""
    terms = chance.choice(
        ["Headache", "Nausea", "Pyrexia", "Hyperglycaemia", "Insomnia"], size=int(chance.poisson(1.4))
    )
    for row, term in enumerate(terms, start=1):
        person.pages[("", "ae", str(row))] = page(
            None,
            term=term,
            start=day(start, 3 * row),
            severity=str(chance.choice(["mild", "moderate", "severe"], p=[0.6, 0.3, 0.1])),
            serious="true" if index % 20 == 3 and row == 1 else "false",
            related_infusion="true" if term in ("Headache", "Pyrexia") else "false",
        )
    if index % 24 == 11:
        person.pages[("", "deviation", "1")] = page(start, date=start, what="Infusion on day 9", major="true")
