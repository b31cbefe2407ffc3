"""The engines that `map_chunks` can use. An engine is a function in a table; a cluster is one more row."""

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")
Step = Callable[[], None]
"""What the work calls after each item, so that progress moves within a chunk."""
Work = Callable[[range, Step], Result]
Progress = Callable[[int, int], None]
"""Called with (items done, items in all) in the caller's process."""
Engine = Callable[[Work[Result], Sequence[range], int, Callable[[int], None]], Generator[Result, None, None]]
"""Takes the work, the chunks, the number of workers and who is told how many items are done; gives the results in the
order of the chunks. Closing it ends what is under way."""

LOOK = 0.2
"""Seconds between two looks at how far the other processes are."""


def here(
    work: Work[Result], chunks: Sequence[range], workers: int, tell: Callable[[int], None]
) -> Generator[Result, None, None]:
    """In this process, one chunk after the other."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        tell(done)

    for chunk in chunks:
        yield work(chunk, step)


def processes(
    work: Work[Result], chunks: Sequence[range], workers: int, tell: Callable[[int], None]
) -> Generator[Result, None, None]:
    """In local processes. `work` and its results are pickled."""
    # Spawned, never forked: a fork copies locks that numerical libraries and database drivers hold at that instant.
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", 0)
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, context, _take, (done,))
    try:
        with _not_interrupted():
            waiting = [pool.submit(_counted, work, chunk) for chunk in chunks]
        for future in waiting:
            yield _awaited(future, lambda: tell(done.value))
    except BaseException:
        # What is under way is of no use any more, and waiting for it would take as long as the work.
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _not_interrupted() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal. Those begun here inherit the mask and leave it to this one, which
    gets it afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _awaited(future: Future[Result], look: Step) -> Result:
    while not wait((future,), LOOK).done:
        look()
    return future.result()


_count: Any = None
"""In a worker: the number of items done by all workers."""


def _take(done: Any) -> None:
    global _count
    _count = done


def _counted(work: Work[Result], chunk: range) -> Result:
    return work(chunk, _step)


def _step() -> None:
    with _count.get_lock():
        _count.value += 1


ENGINES: dict[str, Engine[Any]] = {"here": here, "processes": processes}


def map_chunks(
    work: Work[Result],
    items: int,
    *,
    size: int,
    workers: int = 1,
    engine: str | None = None,
    progress: Progress | None = None,
) -> list[Result]:
    """`work(range, step)` for the numbers 0 to `items` - 1 in chunks of at most `size`; the results in order.

    The work may call `step()` after each item; then progress is told between chunks too. With one worker the work is
    done in this process unless an engine is named. An exception of the work is raised here, and ends the rest.
    """
    if items < 0 or size < 1 or workers < 1:
        raise ValueError(f"items {items} from 0, size {size} from 1 and workers {workers} from 1 are wanted")
    name = engine or ("here" if workers == 1 else "processes")
    if name not in ENGINES:
        raise ValueError(f"there is no engine {name!r}; known: {', '.join(ENGINES)}")
    chunks = [range(start, min(start + size, items)) for start in range(0, items, size)]
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if progress is not None and done > told:
            told = done
            progress(done, items)

    results: list[Result] = []
    with closing(ENGINES[name](work, chunks, workers, tell)) as found:
        for chunk, result in zip(chunks, found, strict=True):
            results.append(result)
            tell(chunk.stop)
    return results
