"""The seam to heavy computing: the same results whatever the engine and the chunking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.compute import ENGINES, map_chunks
from trialwright.compute.chance import uniform


def draws(chunk: range) -> list[float]:
    return [float(uniform(1, "x", trial, 0, 0)) for trial in chunk]


def broken(chunk: range) -> None:
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
    assert seen == [(2, 7), (4, 7), (6, 7), (7, 7)]


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
