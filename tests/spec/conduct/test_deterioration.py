"""A check may ask for a declared deterioration: the page that confirms it opens a query that asks for a decision."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.plugins.editing import edited
from tests.plugins.world import CAST, CountedChance, World, monday_morning
from tests.plugins.worlds import ANNEX, all_keys, allocation_list

from trialwright import conduct, design
from trialwright.conduct import Desk
from trialwright.design.model import Definition
from trialwright.ledger.memory import MemoryLedger
from trialwright.simulate.vault import MemoryVault

WORSE = "{method: confirmed_deterioration, label: Worse, inputs: {p: SOURCE}, options: {rule: RULE}, src: invented}"
HALF = "copy: {method: eq_vas, label: Copy, inputs: {vas: pressure.upper}, src: invented}"
CHECK = "      - {id: worse, why: rescue, when: worse, level: query, say: Worse twice; consider rescue., item: upper}\n"


@cache
def declared(source: str) -> Definition:
    """The small trial with two more visits, and a query where the pressure is 20 % above the start twice."""
    worse = WORSE.replace("SOURCE", source).replace("RULE", "p 20 %")
    visits = "  WEEK4: {label: Week 4, epoch: TREATMENT, day: 29, window: [7, 7]}\n  WEEK8: {label: Week 8"
    with TemporaryDirectory() as folder:
        trial = edited(
            Path(folder),
            ("  WEEK8: {label: Week 8", visits),
            ("pressure: [FIRST, START, WEEK8, EXTRA]", "pressure: [FIRST, START, WEEK4, WEEK8, EXTRA]"),
            ("  blood:\n    label: Blood\n", f"{CHECK}  blood:\n    label: Blood\n"),
            ("objectives:\n", f"derivations:\n  {HALF}\n  worse: {worse}\nobjectives:\n"),
        )
        return design.read(trial)


def world_of(source: str) -> World:
    """Ann, with consent, in the trial whose rule rests on this item or derivation."""
    clock = monday_morning()
    desk = Desk(MemoryLedger(), MemoryVault(allocation_list(), ANNEX), clock, CountedChance())
    world = World(desk, clock, declared(source), all_keys())
    conduct.open_trial(desk, declared(source), by=CAST["sponsor"])
    world.does("sponsor", "activate", site="NORTH")
    world.consented("Ann")
    return world


def asked(world: World) -> list[str]:
    return [f"{query.visit}: {query.text}" for query in world.state.queries.values() if query.check == "worse"]


SAYS = "Worse twice; consider rescue."


@pytest.mark.requirement("DC1")
@pytest.mark.parametrize("source", ["pressure.upper", "copy"])
@pytest.mark.parametrize(
    ("pages", "queries"),
    [
        ({"FIRST": "190", "START": "150", "WEEK4": "180", "WEEK8": "180"}, [f"WEEK8: {SAYS}"]),
        ({"START": "150", "WEEK4": "180", "WEEK8": "179"}, []),
        ({"START": "150", "WEEK4": "179", "WEEK8": "180"}, []),
        ({"START": "150", "WEEK8": "180"}, []),
        ({"WEEK4": "180", "WEEK8": "180"}, []),
        ({"START": "150", "WEEK4": "180", "EXTRA.1": "181"}, [f"EXTRA.1: {SAYS}"]),
    ],
)
def test_the_page_that_confirms_a_deterioration_asks(source: str, pages: dict[str, str], queries: list[str]) -> None:
    """20 % above the start at two visits in a row; by hand, or by the arrays where a derivation stands between."""
    world = world_of(source)
    for visit, upper in pages.items():
        world.page_of("Ann", "pressure", visit, {"upper": upper, "lower": "95"})
    assert asked(world) == queries


def test_a_page_that_is_put_right_is_asked_about_again() -> None:
    """The earlier visit is read as it stands when the later one is saved."""
    world = world_of("pressure.upper")
    for visit, upper in {"START": "150", "WEEK4": "170", "WEEK8": "185"}.items():
        first = world.page_of("Ann", "pressure", visit, {"upper": upper, "lower": "95"})
        if visit == "WEEK4":
            again = {"participant": "Ann", "form": "pressure", "visit": visit, "items": {"upper": "182"}}
            world.does("nurse", "record", **again, base=first.number, why="a slip")
    assert asked(world) == [f"WEEK8: {SAYS}"]
