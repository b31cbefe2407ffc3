"""A stock of kits to which anything may be attempted: what is let through always proves itself; what is not, changes
nothing. And an account into which something was written past the gateway never does.
"""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.plugins.kits import kit_trial

from trialwright.allocation.stock import FROM, NotMoved, counts, moved, problems, usable, wrong
from trialwright.ledger import kits
from trialwright.ledger.kits import Kit, Movement

PLAN = kit_trial().kits
assert PLAN is not None
NUMBERS = ("000864G", "002922X", "007416Q", "021640T", "063117V", "101182P")
PLACES = (kits.DEPOT, "NORTH", "WEST")
START = date(2026, 3, 2)
USE_BY, NEXT = "2026-09-30", "2026-12-31"
"""The dates of two lists."""


class Stock(RuleBasedStateMachine):
    """Everything that people might try, in any order, on days that go on."""

    def __init__(self) -> None:
        super().__init__()
        self.listed = [
            Kit(number, f"list {place % 2}", NEXT if place % 2 else USE_BY) for place, number in enumerate(NUMBERS)
        ]
        self.stock = {kit.number: kit for kit in self.listed}
        self.log: list[Movement] = []
        self.today = START

    @rule(days=st.integers(1, 60))
    def time_goes_on(self, days: int) -> None:
        """Some days later."""
        self.today += timedelta(days=days)

    @rule(
        kind=st.sampled_from(sorted(kits.BECOMES)),
        numbers=st.lists(st.sampled_from((*NUMBERS, "123456X")), min_size=0, max_size=3),
        place=st.sampled_from(PLACES),
        participant=st.sampled_from(("A", "B")),
    )
    def anything(self, kind: str, numbers: list[str], place: str, participant: str) -> None:
        """A movement, sensible or not."""
        self.attempt(Movement(kind, tuple(numbers), self.today, place, participant if kind == kits.DISPENSE else ""))

    @precondition(lambda self: any(kit.status == kits.MADE for kit in self.stock.values()))
    @rule(place=st.sampled_from(PLACES[1:]))
    def a_kit_goes_all_the_way(self, place: str) -> None:
        """From its release to a participant, as far as it comes."""
        number = next(number for number, kit in self.stock.items() if kit.status == kits.MADE)
        for kind, where in (
            (kits.RELEASE, self.stock[number].place),
            (kits.SHIP, place),
            (kits.RECEIVE, place),
            (kits.DISPENSE, place),
        ):
            self.attempt(Movement(kind, (number,), self.today, where, "A" if kind == kits.DISPENSE else ""))

    def attempt(self, movement: Movement) -> None:
        """Through the gateway: what `wrong` says is what `moved` does."""
        before = dict(self.stock)
        said = wrong(self.stock, movement, PLAN)
        try:
            self.stock = moved(self.stock, movement, PLAN)
        except NotMoved:
            assert said
            assert self.stock == before
        else:
            assert not said
            self.log.append(movement)
            assert all(before[number].status in FROM[movement.kind] for number in movement.kits)

    @invariant()
    def the_account_proves_itself(self) -> None:
        """Kit by kit, by the checker's own rules."""
        assert problems(self.listed, self.log, self.stock, PLAN) == []

    @invariant()
    def no_kit_is_made_and_none_gets_lost(self) -> None:
        """Totals conserve, over all places and statuses."""
        assert sum(counts(self.stock).values()) == len(NUMBERS)
        assert sum(sum(counts(self.stock, place).values()) for place in PLACES) == len(NUMBERS)

    @invariant()
    def what_is_usable_can_be_handed_out(self) -> None:
        """And nothing else can."""
        for place in PLACES[1:]:
            able = set(usable(self.stock, place, self.today, PLAN))
            for number in NUMBERS:
                handing = Movement(kits.DISPENSE, (number,), self.today, place, "A")
                assert (wrong(self.stock, handing, PLAN) == []) == (number in able)

    @invariant()
    def a_place_works_with_one_list(self) -> None:
        """No kit is passed over for one of another date."""
        for place in PLACES[1:]:
            assert len({self.stock[number].list for number in usable(self.stock, place, self.today, PLAN)}) <= 1


Stock.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestStock = Stock.TestCase

LIFE = (
    (kits.RELEASE, kits.DEPOT, 0),
    (kits.SHIP, "NORTH", 1),
    (kits.RECEIVE, "NORTH", 4),
    (kits.DISPENSE, "NORTH", 10),
    (kits.RETURN, "NORTH", 80),
    (kits.DESTROY, "NORTH", 90),
)


def life(number: str = NUMBERS[0]) -> list[Movement]:
    """A kit's life as it should be."""
    return [
        Movement(kind, (number,), START + timedelta(days=day), place, "A" if kind == kits.DISPENSE else "")
        for kind, place, day in LIFE
    ]


def account(movements: list[Movement]) -> list[str]:
    """What the checker says of movements that were written without asking."""
    listed = [Kit(number, "list", USE_BY) for number in NUMBERS]
    stock = {kit.number: kit for kit in listed}
    for movement in movements:
        kits.apply(stock, movement)
    return problems(listed, movements, stock, PLAN)


def test_a_life_as_it_should_be_is_proven() -> None:
    assert account(life()) == []


@given(st.integers(0, 3))
def test_a_movement_left_out_before_the_dispensing_is_found(place: int) -> None:
    movements = life()
    del movements[place]
    assert account(movements)


def test_what_was_written_past_the_gateway_is_found() -> None:
    from dataclasses import replace

    release, ship, receive, hand, back, destroy = life()
    quarantine = Movement(kits.QUARANTINE, hand.kits, hand.on, "NORTH")
    table = {
        "dispensed twice": ([release, ship, receive, hand, hand], "was dispensed 2 times"),
        "out of quarantine": ([release, ship, receive, quarantine, hand], "without having been released"),
        "too late": ([release, ship, receive, replace(hand, on=date(2026, 8, 1))], "expires on 2026-09-30"),
        "never released": ([ship, receive, hand], "was moved"),
        "at another site": ([release, ship, replace(receive, place="WEST")], "was at NORTH"),
        "after destruction": ([*life(), replace(hand, on=date(2026, 7, 1))], "after it was lost or destroyed"),
        "back from nobody": ([release, ship, receive, back], "had never been dispensed"),
        "rejected and released": (
            [release, ship, receive, quarantine, replace(quarantine, kind=kits.REJECT),
             replace(quarantine, kind=kits.RELEASE), hand],
            "without having been released",
        ),
    }  # fmt: skip
    for what, (movements, said) in table.items():
        assert any(said in problem for problem in account(movements)), what
    assert destroy.kind == kits.DESTROY


def test_a_claim_that_the_movements_do_not_support_is_found() -> None:
    listed = [Kit(number, "list", USE_BY) for number in NUMBERS]
    stock = {kit.number: kit for kit in listed}
    stock[NUMBERS[0]] = Kit(NUMBERS[0], "list", USE_BY, kits.AVAILABLE, "NORTH")
    del stock[NUMBERS[1]]
    said = problems(listed, [Movement(kits.LOSE, ("999999X",), START, "NORTH")], stock, PLAN)
    for part in ("is said to be available at NORTH", "is missing", "stands on no list", "6 kits were listed and 5"):
        assert any(part in problem for problem in said), part
