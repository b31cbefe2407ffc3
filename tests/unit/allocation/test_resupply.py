"""Resupply: whether, when and how many kits a site is sent depends on no allocation; which kits, on nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plugins.kits import ORDER, SWAPPED, kit_trial

from trialwright.allocation.kits import draw_up_kits
from trialwright.allocation.resupply import (
    NoKit,
    ShipsNone,
    Taker,
    composed,
    due,
    first_shipment,
    kits_of,
    level,
    picked,
    ready,
    short,
    wanted,
)
from trialwright.allocation.stock import moved, usable
from trialwright.allocation.stream import Stream
from trialwright.design.kits import Resupply
from trialwright.design.model import Definition
from trialwright.ledger import kits
from trialwright.ledger.kits import Kit, Movement

START = date(2026, 3, 2)
LIST = draw_up_kits(replace(ORDER, lots=tuple(replace(lot, count=60) for lot in ORDER.lots)), bytes(32))
CONTENTS = {kit.number: kit.arm for kit in LIST}


def policy(**changes: object) -> Definition:
    """The small trial with another policy."""
    plan = kits_of(kit_trial())
    resupply = plan.resupply.model_copy(update=changes)
    return kit_trial().model_copy(update={"kits": plan.model_copy(update={"resupply": resupply})})


@dataclass
class Site:
    """One site played day by day: everything that a blinded eye sees of it is kept in `seen`."""

    definition: Definition
    contents: Mapping[str, str]
    stock: dict[str, Kit]
    takers: dict[str, tuple[Taker, str]] = field(default_factory=dict)
    seen: list[tuple[str, ...]] = field(default_factory=list)
    lowest: int = 99
    choices: int = 0

    def draws(self):  # type: ignore[no-untyped-def]
        """Chance of one choice."""
        self.choices += 1
        return Stream(bytes(32)).draws(f"choice {self.choices}")

    def move(self, kind: str, numbers: tuple[str, ...], on: date, participant: str = "") -> None:
        """A movement that everybody sees."""
        self.seen.append((on.isoformat(), kind, *numbers))
        if numbers:
            movement = Movement(kind, numbers, on, "NORTH", participant)
            self.stock = moved(self.stock, movement, kits_of(self.definition))

    def look(self, on: date) -> None:
        """The look at the stock; what is sent is there at once."""
        needed = sum(due(self.definition, taker, on) for taker, _ in self.takers.values())
        have = len(ready(self.stock, "NORTH", on, kits_of(self.definition)))
        size = wanted(self.definition, "NORTH", have, needed) if self.seen else first_shipment(self.definition, "NORTH")
        found = composed(
            self.definition, "NORTH", size, self.stock, self.contents, self.takers.values(), on, self.draws()
        )
        assert len(found) == size
        self.move(kits.SHIP, found, on)
        self.move(kits.RECEIVE, found, on)

    def hand(self, name: str, arm: str, on: date) -> None:
        """Somebody new is handed a kit, if one of the arm is there."""
        able = usable(self.stock, "NORTH", on, kits_of(self.definition))
        mine = [number for number in able if self.contents[number] == arm]
        self.takers[name] = (Taker(name, on, frozenset({"START"})), arm)
        self.lowest = min(self.lowest, len(mine))
        if mine:
            self.move(kits.DISPENSE, picked(mine, 1, self.draws()), on, name)


def played(definition: Definition, arms: str, contents: Mapping[str, str], gap: int) -> Site:
    """A participant every `gap` days, with these arms one after the other; a look before each of them."""
    stock = {number: Kit(number, "list", "2030-03-31", kits.AVAILABLE) for number in contents}
    site = Site(definition, contents, stock)
    for place, arm in enumerate(arms):
        on = START + timedelta(days=gap * place)
        site.look(on)
        site.hand(f"{place}", arm, on)
    return site


ARMS = st.text("TP", min_size=1, max_size=14)
POLICIES = st.builds(
    lambda floor, more, shipment: policy(floor=floor, target=floor + more, shipment=shipment),
    st.integers(0, 2),
    st.integers(1, 4),
    st.integers(1, 5),
)


@given(ARMS, POLICIES, st.integers(1, 40))
@settings(max_examples=40)
def test_the_trial_with_its_arms_swapped_is_supplied_with_the_same_kits(arms: str, how: Definition, gap: int) -> None:
    """Byte for byte: numbers, order, days."""
    swapped = {number: SWAPPED[arm] for number, arm in CONTENTS.items()}
    one = played(how, arms, CONTENTS, gap)
    other = played(how, "".join(SWAPPED[arm] for arm in arms), swapped, gap)
    assert one.seen == other.seen


@given(ARMS, ARMS, POLICIES, st.integers(1, 40))
@settings(max_examples=40)
def test_no_two_allocations_differ_in_the_day_or_size_of_a_shipment(
    arms: str, others: str, how: Definition, gap: int
) -> None:
    """As long as every participant is handed a kit; and the first shipment is always the same."""
    n = min(len(arms), len(others))
    one, other = played(how, arms[:n], CONTENTS, gap), played(how, others[:n], CONTENTS, gap)

    def shapes(site: Site) -> list[tuple[str, str, int]]:
        return [(day, kind, len(numbers)) for day, kind, *numbers in site.seen]

    assert one.seen[0] == other.seen[0]
    if one.lowest and other.lowest:
        assert shapes(one) == shapes(other)


@given(st.text("TP", min_size=1, max_size=14), st.integers(1, 30))
@settings(max_examples=60)
def test_whoever_comes_next_finds_a_kit_while_one_comes_between_two_looks(arms: str, gap: int) -> None:
    """With a floor of one, an arm is never out at a look, however lopsided the allocation is."""
    assert played(policy(floor=1, target=3), arms, CONTENTS, gap).lowest >= 1


def test_a_site_is_sent_nothing_before_one_arm_could_be_at_its_floor() -> None:
    """Target 3 and floor 1 for two arms: six kits; two fewer could be two of one arm, which is then at its floor."""
    sizes = [wanted(policy(shipment=1), "NORTH", have, 0) for have in (8, 6, 5, 4, 3, 0)]
    assert sizes == [0, 0, 0, 2, 3, 6]


def test_shipments_are_padded_to_whole_boxes() -> None:
    assert [wanted(policy(shipment=5), "NORTH", have, 0) for have in (5, 4, 1, 0)] == [0, 5, 5, 10]
    assert first_shipment(policy(shipment=5), "NORTH") == 10


def test_what_is_due_to_participants_is_sent_beyond_the_target() -> None:
    """Day 57 with a window of seven days before: from day 40 on it lies within the ten days of interval and lead."""
    ann = Taker("Ann", START, frozenset({"START"}))
    table = [(0, 0), (38, 0), (39, 1), (56, 1), (63, 1), (64, 0)]
    for days, count in table:
        assert due(kit_trial(), ann, START + timedelta(days=days)) == count, days
    assert due(kit_trial(), replace(ann, given=frozenset({"START", "WEEK8"})), START + timedelta(days=50)) == 0
    assert due(kit_trial(), replace(ann, ends=START + timedelta(days=45)), START + timedelta(days=50)) == 0
    assert wanted(policy(shipment=1), "NORTH", 6, 3) == 3


def test_weeks_of_supply_follow_what_is_expected_of_the_site() -> None:
    """Half a participant a week for six weeks is three, one and a half in each arm, with one kit each: floor 1 + 2.
    In sixteen weeks it is four in each arm, and each needs the second kit too."""
    weeks = policy(target=None, weeks=6, expects={"NORTH": "0.5"})
    assert [level(weeks, site, "T") for site in ("NORTH", "WEST")] == [3, 1]
    assert level(policy(target=None, weeks=16, expects={"NORTH": "0.5"}), "NORTH", "T") == 1 + 4 * 2


def test_unequal_shares_get_unequal_levels() -> None:
    ratio = kit_trial().randomisation.model_copy(update={"ratio": {"T": 2, "P": 1}})
    unequal = policy(shipment=1).model_copy(update={"randomisation": ratio})
    assert [level(unequal, "NORTH", arm) for arm in "TP"] == [6, 3]
    assert first_shipment(unequal, "NORTH") == 9


def test_kits_that_expire_too_soon_are_neither_counted_nor_sent() -> None:
    plan = kits_of(kit_trial())
    good = START + timedelta(days=3 + 7 + 80 + 7)
    for use_by, count in ((good, 2), (good - timedelta(days=1), 0)):
        stock = {
            kit.number: Kit(kit.number, "list", use_by.isoformat(), kits.AVAILABLE, place)
            for kit, place in zip(LIST, ("NORTH", "NORTH", kits.DEPOT, kits.DEPOT), strict=False)
        }
        assert len(ready(stock, "NORTH", START, plan)) == count
        assert len(composed(kit_trial(), "NORTH", 9, stock, CONTENTS, (), START, Stream(bytes(32)).draws("x"))) == count


def test_chance_alone_decides_among_the_kits_of_an_arm() -> None:
    seen = {picked("dcba", 1, Stream(bytes(32)).draws(str(one))) for one in range(60)}
    assert seen == {("a",), ("b",), ("c",), ("d",)}
    assert len(set(picked("abcd", 3, Stream(bytes(32)).draws("x")))) == 3


def test_a_newer_list_at_the_depot_is_sent_whole_to_every_site_and_the_older_no_more() -> None:
    """A shipment of two dates would group its kits; so would a kit that is passed over for a newer one."""
    half = len(LIST) // 2
    stock = {
        kit.number: Kit(kit.number, f"list {place >= half}", "2028" if place < half else "2029", kits.AVAILABLE)
        for place, kit in enumerate(LIST)
    }
    for kit in LIST[:6]:
        stock[kit.number] = replace(stock[kit.number], place="NORTH")
    plan = kits_of(kit_trial())
    assert ready(stock, "NORTH", START, plan) == ()
    size = wanted(policy(shipment=1), "NORTH", 0, 0)
    assert size == first_shipment(policy(shipment=1), "NORTH") == 6
    found = composed(kit_trial(), "NORTH", size, stock, CONTENTS, (), START, Stream(bytes(32)).draws("x"))
    assert {stock[number].use_by for number in found} == {"2029"}
    assert {stock[number].use_by for number in usable(stock, "NORTH", START, plan)} == {"2028"}
    for number in found:
        stock[number] = replace(stock[number], place="NORTH")
    assert sorted(usable(stock, "NORTH", START, plan)) == sorted(found)


def test_too_few_kits_are_none_and_nothing_is_said_of_an_arm() -> None:
    with pytest.raises(NoKit) as refused:
        picked((), 1, Stream(bytes(32)).draws("x"))
    assert str(refused.value) == "no kit can be handed out"


def test_a_depot_that_lacks_an_arm_sends_as_many_kits_all_the_same_and_tells_the_holder() -> None:
    tablets = {number for number, arm in CONTENTS.items() if arm == "T"}
    stock = {number: Kit(number, "list", "2027-03-31", kits.AVAILABLE) for number in tablets}
    found = composed(kit_trial(), "NORTH", 6, stock, CONTENTS, (), START, Stream(bytes(32)).draws("x"))
    assert len(found) == 6
    for number in found:
        stock[number] = replace(stock[number], place="NORTH")
    assert short(kit_trial(), "NORTH", stock, CONTENTS, (), START) == {"P": 1}


def test_a_trial_without_kits_says_so() -> None:
    with pytest.raises(ShipsNone, match="PRESS ships no numbered kits"):
        kits_of(kit_trial().model_copy(update={"kits": None}))
    assert isinstance(kits_of(kit_trial()).resupply, Resupply)
