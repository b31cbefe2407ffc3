"""The seam to heavy computing: the same results whatever the engine and the chunking, and what is done is kept."""

import contextlib
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.compute import ENGINES, Keeping, map_chunks
from trialwright.compute.chance import uniform
from trialwright.compute.cluster import ClusterProblem
from trialwright.compute.keeping import OtherWork


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


# ------------------------------------------------------------------ engines


@pytest.mark.parametrize("engine", ["here", "threads", "processes", "dask"])
@pytest.mark.parametrize("workers", [1, 2])
def test_every_engine_gives_the_same_numbers(engine, workers) -> None:
    seen: list[int] = []
    results = map_chunks(draws, 11, size=3, workers=workers, engine=engine, progress=lambda done, _: seen.append(done))
    assert flat(results) == draws(range(11))
    assert seen == sorted(set(seen))
    assert seen[-1] == 11


def test_sixteen_workers_give_the_numbers_of_one() -> None:
    assert flat(map_chunks(draws, 64, size=1, workers=16, engine="threads")) == draws(range(64))


def test_a_running_cluster_is_used_by_its_address_and_left_running() -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1") as local:
        address = local.scheduler_address
        for _ in range(2):
            assert flat(map_chunks(draws, 7, size=2, cluster=address)) == draws(range(7))


def test_a_cluster_that_does_not_answer_is_named(monkeypatch) -> None:
    monkeypatch.setattr("trialwright.compute.cluster.PATIENCE", 0.3)
    with pytest.raises(ClusterProblem, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        map_chunks(draws, 7, size=2, cluster="tcp://127.0.0.1:9")


def test_without_dask_the_sentence_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterProblem, match=r"pip install 'trialwright\[cluster\]'"):
        map_chunks(draws, 7, size=2, engine="dask")


def test_who_stops_threads_need_not_wait_for_work_that_steps() -> None:
    def slow(chunk: range, step: Callable[[], None]) -> None:
        for _ in range(600):
            time.sleep(0.1)
            step()

    def stop(done: int, items: int) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        map_chunks(slow, 1200, size=600, workers=2, engine="threads", progress=stop)
    assert time.monotonic() - began < 20


# ------------------------------------------------------------------ what is kept


def keeping(file: Path, **label: object) -> Keeping[list[float]]:
    return Keeping(file, {"seed": 1, **label}, lambda result: [one.hex() for one in result], _read)


def _read(kept: list[str]) -> list[float]:
    return [float.fromhex(one) for one in kept]


def stopping_after(chunks: int) -> Callable[[range, Callable[[], None]], list[float]]:
    left = iter(range(chunks))

    def work(chunk: range, step: Callable[[], None]) -> list[float]:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return draws(chunk)

    return work


@given(st.integers(0, 7), st.integers(0, 40))
def test_what_was_done_before_a_stop_is_not_done_again(tmp_path_factory, before, torn) -> None:
    file = tmp_path_factory.mktemp("kept") / "chunks.jsonl"
    with contextlib.suppress(KeyboardInterrupt):
        map_chunks(stopping_after(before), 20, size=3, keeping=keeping(file))
    if torn:  # the last line was being written when the power went
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(lines) + b'{"from": 18, "to": 20, "result": ["0x1.8"'[:torn])
    work = stopping_after(7 - before)
    seen: list[int] = []
    results = map_chunks(work, 20, size=3, keeping=keeping(file), progress=lambda done, _: seen.append(done))
    assert flat(results) == draws(range(20))
    assert seen[-1:] == ([20] if before < 7 else [])
    assert flat(map_chunks(stopping_after(0), 20, size=3, keeping=keeping(file))) == draws(range(20))


def test_results_of_another_run_are_refused_and_left_as_they_are(tmp_path) -> None:
    file = tmp_path / "chunks.jsonl"
    map_chunks(draws, 5, size=2, keeping=keeping(file, scenario="protocol"))
    before = file.read_bytes()
    with pytest.raises(OtherWork, match="scenario there 'protocol', here 'null'"):
        map_chunks(draws, 5, size=2, keeping=keeping(file, scenario="null"))
    file.with_suffix(".txt").write_text("dear diary\n")
    with pytest.raises(OtherWork, match="no file of kept results"):
        map_chunks(draws, 5, size=2, keeping=keeping(file.with_suffix(".txt")))
    assert file.read_bytes() == before
    assert json.loads(before.splitlines()[0]) == {"seed": 1, "scenario": "protocol"}
