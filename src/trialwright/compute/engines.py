"""The engines that `map_chunks` can use. An engine is a function in a table; a Dask cluster (`cluster`) is one of them.

Numbers do not depend on the engine: each chunk's result is a function of which items it holds, and the results are put
in the order of the chunks whatever the order in which they came.
"""

import multiprocessing
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from threading import Event, Lock
from typing import Any, Protocol, TypeVar

from trialwright.compute.cluster import dask, on_cluster
from trialwright.compute.interrupts import not_interrupted
from trialwright.compute.keeping import Keeping

Result = TypeVar("Result")


class Step(Protocol):
    """What the work calls after some items (one without a number), so that progress moves within a chunk."""

    def __call__(self, items: int = 1, /) -> None:
        """So many more items are done."""


Work = Callable[[range, Step], Result]
Progress = Callable[[int, int], None]
"""Called with (items done, items in all) in the caller's process."""
Engine = Callable[
    [Work[Result], Sequence[range], int, Callable[[int], None]], Generator[tuple[int, Result], None, None]
]
"""Takes the work, the chunks, the number of workers and who is told how many more items are done; gives (place of the
chunk, its result) in any order. Closing it ends what is under way."""

LOOK = 0.2
"""Seconds between two looks at how far the others are."""


def here(
    work: Work[Result], chunks: Sequence[range], workers: int, tell: Callable[[int], None]
) -> Generator[tuple[int, Result], None, None]:
    """In this process, one chunk after the other."""
    for place, chunk in enumerate(chunks):
        yield place, work(chunk, lambda items=1, /: tell(items))


def threads(
    work: Work[Result], chunks: Sequence[range], workers: int, tell: Callable[[int], None]
) -> Generator[tuple[int, Result], None, None]:
    """In threads of this process: for work that spends its time in the compiled kernel, which lets go of the lock of
    the interpreter."""
    lock, ended = Lock(), Event()
    done = 0

    def step(items: int = 1, /) -> None:
        nonlocal done
        if ended.is_set():
            raise KeyboardInterrupt
        with lock:
            done += items

    def news() -> int:
        nonlocal done
        with lock:
            several, done = done, 0
        return several

    pool = ThreadPoolExecutor(workers)
    try:
        yield from _as_they_come([pool.submit(work, chunk, step) for chunk in chunks], lambda: tell(news()))
    finally:
        ended.set()
        pool.shutdown(cancel_futures=True)


def processes(
    work: Work[Result], chunks: Sequence[range], workers: int, tell: Callable[[int], None]
) -> Generator[tuple[int, Result], None, None]:
    """In local processes. `work` and its results are pickled."""
    # Spawned, never forked: a fork copies locks that numerical libraries and database drivers hold at that instant.
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", 0)
    others = set(multiprocessing.active_children())
    told = 0

    def look() -> None:
        nonlocal told
        told, before = done.value, told
        tell(told - before)

    pool = ProcessPoolExecutor(workers, context, _take, (done,))
    try:
        with not_interrupted(), _one_core_each():
            waiting = [pool.submit(_counted, work, chunk) for chunk in chunks]
        yield from _as_they_come(waiting, look)
    except BaseException:
        # What is under way is of no use any more, and waiting for it would take as long as the work.
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _one_core_each() -> Iterator[None]:
    """Processes begun here leave linear algebra to one thread each: there is a process for every core already, and idle
    helper threads would take turns with them. What somebody has set stays."""
    lacking = [name for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS") if name not in os.environ]
    os.environ.update(dict.fromkeys(lacking, "1"))
    try:
        yield
    finally:
        for name in lacking:
            os.environ.pop(name, None)


def _as_they_come(
    waiting: Sequence[Future[Result]], look: Callable[[], None]
) -> Generator[tuple[int, Result], None, None]:
    """Results in the order in which they are ready, with a look at the others in between."""
    place_of = {future: place for place, future in enumerate(waiting)}
    left = set(waiting)
    while left:
        ready, left = wait(left, LOOK, FIRST_COMPLETED)
        look()
        for future in sorted(ready, key=place_of.__getitem__):
            yield place_of[future], future.result()


_count: Any = None
"""In a worker: the number of items done by all workers."""


def _take(done: Any) -> None:
    global _count
    _count = done


def _counted(work: Work[Result], chunk: range) -> Result:
    return work(chunk, _step)


def _step(items: int = 1, /) -> None:
    with _count.get_lock():
        _count.value += items


ENGINES: dict[str, Engine[Any]] = {"here": here, "threads": threads, "processes": processes, "dask": dask}


def map_chunks(
    work: Work[Result],
    items: int,
    *,
    size: int,
    workers: int = 1,
    engine: str | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
    keeping: Keeping[Result] | None = None,
) -> list[Result]:
    """`work(range, step)` for the numbers 0 to `items` - 1 in chunks of at most `size`; the results in order.

    The work may call `step()` after each item, or `step(n)` after n; then progress is told between chunks too. With one
    worker the work is done in this process unless an engine is named; `cluster` is the address of a Dask scheduler
    (then `workers` says nothing). What `keeping` holds already is not done again, and what is done is kept at once. An
    exception of the work is raised here, and ends the rest.
    """
    if items < 0 or size < 1 or workers < 1:
        raise ValueError(f"items {items} from 0, size {size} from 1 and workers {workers} from 1 are wanted")
    name = engine or ("here" if workers == 1 else "processes")
    if name not in ENGINES:
        raise ValueError(f"there is no engine {name!r}; known: {', '.join(ENGINES)}")
    run: Engine[Any] = ENGINES[name] if cluster is None else on_cluster(cluster)
    chunks = [range(start, min(start + size, items)) for start in range(0, items, size)]
    found: dict[int, Result] = {} if keeping is None else keeping.held(chunks)
    left = [place for place in range(len(chunks)) if place not in found]
    share = _Told(progress, items, sum(len(chunks[place]) for place in found))
    with closing(run(work, [chunks[place] for place in left], workers, share.more)) as coming:
        for index, result in coming:
            place = left[index]
            found[place] = result
            if keeping is not None:
                keeping.keep(chunks[place], result)
            share.whole(len(chunks[place]))
    return [found[place] for place in range(len(chunks))]


class _Told:
    """How far the work is, told once for each step forward: by items, or by whole chunks where the work is silent."""

    def __init__(self, progress: Progress | None, items: int, done: int) -> None:
        self.progress, self.items = progress, items
        self.steps = self.chunks = self.told = done
        if done:
            self._say(done)

    def more(self, items: int) -> None:
        """So many more items are done."""
        self.steps += items
        self._say(self.steps)

    def whole(self, items: int) -> None:
        """A chunk with so many items is there."""
        self.chunks += items
        self._say(self.chunks)

    def _say(self, done: int) -> None:
        if done > self.told:
            self.told = done
            if self.progress is not None:
                self.progress(done, self.items)
