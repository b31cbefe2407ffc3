"""The seam to heavy computing: the same results whatever the engine and the chunking."""

import multiprocessing
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.compute import ENGINES, map_chunks
from trialwright.compute.chance import uniform


def draws(chunk: range, step: Callable[[], None] = lambda: None) -> list[float]:
    drawn = []
    for trial in chunk:
        drawn.append(float(uniform(1, "x", trial, 0, 0)))
        step()
    return drawn


def silent(chunk: range, step: Callable[[], None]) -> range:
    return chunk


def patient(chunk: range, step: Callable[[], None]) -> None:
    """Steps once and then works for longer than anybody waits."""
    step()
    time.sleep(60)


def broken(chunk: range, step: Callable[[], None]) -> None:
    raise RuntimeError(f"chunk {chunk.start}")


def flat(results: list[list[float]]) -> list[float]:
    return [value for result in results for value in result]


@given(st.integers(0, 50), st.integers(1, 60))
def test_chunks_of_any_size_give_the_same_numbers(items, size) -> None:
    assert flat(map_chunks(draws, items, size=size)) == draws(range(items))


def test_two_processes_give_the_numbers_of_one() -> None:
    seen: list[tuple[int, int]] = []
    results = map_chunks(draws, 7, size=2, workers=2, progress=lambda done, all_: seen.append((done, all_)))
    assert flat(results) == draws(range(7))
    assert seen == sorted(set(seen))
    assert seen[-1] == (7, 7)


def test_progress_moves_with_every_item_and_with_every_chunk_of_a_work_that_does_not_step() -> None:
    for work, told in ((draws, [1, 2, 3, 4, 5]), (silent, [2, 4, 5])):
        seen: list[tuple[int, int]] = []
        map_chunks(work, 5, size=2, progress=lambda *how_far: seen.append(how_far))  # noqa: B023 called in this turn
        assert [done for done, _ in seen] == told


def test_progress_moves_before_the_first_chunk_ends_and_who_stops_then_need_not_wait() -> None:
    def stop(done: int, items: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        map_chunks(patient, 40, size=10, workers=2, progress=stop)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_an_error_in_the_work_reaches_the_caller(engine) -> None:
    with pytest.raises(RuntimeError, match="chunk 0"):
        map_chunks(broken, 3, size=3, engine=engine)


def test_an_unknown_engine_is_refused_with_the_known_ones_named() -> None:
    with pytest.raises(ValueError, match=r"no engine 'moon'; known: here"):
        map_chunks(draws, 3, size=1, engine="moon")


@pytest.mark.parametrize("wrong", [{"items": -1}, {"size": 0}, {"workers": 0}])
def test_impossible_numbers_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match="wanted"):
        map_chunks(draws, **{"items": 1, "size": 1, "workers": 1, **wrong})
