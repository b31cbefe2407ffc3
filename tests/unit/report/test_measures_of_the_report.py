"""What the definition derives stands in the report: quality of life, doses, deterioration; by arm after unblinding."""

from functools import cache

import numpy as np
import pytest
from tests.unit.analysis.imaginary import DAYS, day, definition, page, trial

from trialwright.analysis.plan import analyse
from trialwright.ledger.snapshot import Snapshot
from trialwright.report import report
from trialwright.report.content import Content, Drawing, Section, Table, plain

ARMS = ("Placebo and prednisone", "Immunoglobulin and prednisone")
NEW = ("health", "doses", "worsening")


@cache
def data() -> tuple[Snapshot, dict[str, str]]:
    """The made-up trial with questionnaires and a dose log; the first participant deteriorates and is rescued."""
    snapshot, treatments = trial()
    chance = np.random.default_rng(3)
    for index, person in enumerate(snapshot.state.participants.values()):
        if person.allocation is None:
            continue
        start = person.allocation.at[:10]
        for visit, days in DAYS.items():
            if visit != "SCR" and (visit, "csm", "") in person.pages:
                levels = dict(zip(("mo", "sc", "ua", "pd", "ad"), chance.integers(1, 6, 5).tolist(), strict=True))
                person.pages[(visit, "eq5d5l", "")] = page(day(start, days), **levels, vas=int(chance.integers(101)))
        for row, (first, last, dose) in enumerate([(0, 83, 60), (84, 400, 20)], 1):
            taken = page(None, dose=dose, start=day(start, first), stop=day(start, last))
            person.pages[("", "predlog", str(row))] = taken
        if index == 0:
            for visit in ("W4", "W8"):
                worse = {**person.pages[("W0", "csm", "")].items, "extramusc": "9.9"}
                person.pages[(visit, "csm", "")] = page(
                    day(start, DAYS[visit]), **{k.replace(".", "__"): v for k, v in worse.items()}
                )
            rescue = page(None, start=day(start, 60), drug="methotrexate", reason="deterioration")
            person.pages[("", "rescue", "1")] = rescue
    return snapshot, treatments


@cache
def made(opened: bool) -> Content:
    snapshot, treatments = data()
    if not opened:
        return report(definition(), snapshot, None, None)
    return report(definition(), snapshot, treatments, analyse(definition(), snapshot, treatments))


def section(opened: bool, name: str) -> Section:
    return next(one for one in made(opened).sections if one.id == name)


def table(opened: bool, name: str) -> list[list[str]]:
    """The table of that id, as printed, without its heads."""
    found = next(
        block for one in made(opened).sections for block in one.blocks if isinstance(block, Table) and block.id == name
    )
    return [[cell if isinstance(cell, str) else cell.text for cell in row] for row in found.rows]


@pytest.mark.parametrize("opened", [False, True])
def test_every_derivation_has_its_section(opened: bool) -> None:
    ids = [one.id for one in made(opened).sections]
    assert [name for name in ids if name in NEW] == list(NEW)
    drawings = [block.id for name in NEW for block in section(opened, name).blocks if isinstance(block, Drawing)]
    assert drawings == [
        "index-eq5d",
        "scale-eq5d5l-vas",
        "problems",
        "profile-grid",
        "doses-pred-dose",
        "doses-pred-total",
    ]


@pytest.mark.parametrize("name", NEW)
def test_before_unblinding_no_arm_is_named(name: str) -> None:
    assert not any(arm in str(plain(section(False, name))) for arm in ARMS)
    assert all(arm in str(plain(section(True, name))) for arm in ARMS)


def test_the_doses_of_everybody_are_those_of_the_log() -> None:
    """84 days of 60 mg, 98 of 20: 5040 mg, then 7000 mg in 182 days."""
    assert [row[2] for row in table(False, "doses-pred-total-numbers")][:2] == [
        "5 040 (5 040 to 5 040)",
        "7 000 (7 000 to 7 000)",
    ]
    assert [row[2] for row in table(False, "doses-pred-dose-numbers")][:2] == [
        "60.0 (60.0 to 60.0)",
        "38.5 (38.5 to 38.5)",
    ]


def test_who_deteriorated_is_listed_with_the_visit_and_the_rescue() -> None:
    first = next(iter(data()[0].state.participants))
    (row,) = [row for row in table(False, "worse-deterioration-listing") if row[0] == first]
    assert row[1:] == ["Week 8", "56", "methotrexate, day 60"]


def test_the_classes_of_change_are_of_those_with_two_whole_answers() -> None:
    rows = {row[0]: row[1] for row in table(False, "health-change")}
    snapshot, _ = data()
    both = sum(
        all((visit, "eq5d5l", "") in person.pages for visit in ("W0", "W12"))
        for person in snapshot.state.participants.values()
    )
    counts = {name: int(text.split()[0]) for name, text in rows.items()}
    assert counts["Total with problems"] + counts["No problems"] == both
    assert (
        sum(counts[name] for name in ("No change", "Improve", "Worsen", "Mixed change"))
        == counts["Total with problems"]
    )
