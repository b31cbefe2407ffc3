"""The world of a rehearsal: a clock that is set, chance that is addressed, a list that follows from the seed."""

from collections import Counter
from datetime import UTC, date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.compute import chance
from trialwright.simulate.world import LATEST, AddressedChance, SetClock, drawn_list


def test_the_clock_opens_in_the_morning_of_the_site_whatever_the_season() -> None:
    clock = SetClock("Europe/Amsterdam")
    clock.begin(date(2027, 1, 4))
    assert clock.now() == datetime(2027, 1, 4, 7, 30, tzinfo=UTC)
    clock.begin(date(2027, 7, 5))
    assert clock.now() == datetime(2027, 7, 5, 6, 30, tzinfo=UTC)


@given(st.integers(1, 2000))
@settings(max_examples=20)
def test_a_day_never_runs_into_the_next_and_never_backwards(acts: int) -> None:
    clock = SetClock("Europe/Amsterdam")
    clock.begin(date(2027, 1, 4))
    start, seen = clock.now(), clock.now()
    for _ in range(acts):
        clock.tick()
        assert clock.now() >= seen
        seen = clock.now()
    assert seen <= start + LATEST
    clock.begin(date(2027, 1, 4))
    assert clock.now() == seen


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=20))
@settings(max_examples=30)
def test_salts_do_not_depend_on_the_order_in_which_they_are_asked_for(numbers: list[int]) -> None:
    one, other = AddressedChance(1, 2), AddressedChance(1, 2)
    forwards = {number: one.salt(number) for number in numbers}
    backwards = {number: other.salt(number) for number in reversed(numbers)}
    assert forwards == backwards
    assert all(len(bytes.fromhex(salt)) == 16 for salt in forwards.values())
    assert forwards[numbers[0]] == chance.octets(1, "salt", 2, 0, numbers[0], 1).hex()


def test_salts_and_tokens_differ_between_trials_seeds_and_times() -> None:
    sources = [AddressedChance(seed, trial) for seed in (1, 2) for trial in (0, 1)]
    salts = [source.salt(number) for source in sources for number in range(1, 200)]
    tokens = [source.token("x") for source in sources for _ in range(3)]
    assert len({*salts, *tokens}) == len(salts) + len(tokens)


def test_the_list_follows_from_seed_and_trial_and_is_balanced_within_a_block(small_definition) -> None:
    assert drawn_list(small_definition, 1, 5) == drawn_list(small_definition, 1, 5)
    assert drawn_list(small_definition, 1, 5).arms != drawn_list(small_definition, 1, 6).arms
    for order in drawn_list(small_definition, 1, 5).orders.values():
        assert len(order) == small_definition.randomisation.n
        counts = Counter(order)
        assert abs(counts["T"] - counts["P"]) <= 3
