"""The engines that `map_chunks` can use. An engine is a function in a table; a cluster is one more row."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
Work = Callable[[range], Result]
Progress = Callable[[int, int], None]
"""Called with (items done, items in all) in the caller's process."""
Engine = Callable[[Work[Result], Sequence[range], int], Iterator[Result]]
"""Takes the work, the chunks and the number of workers; gives the results in the order of the chunks."""


def here(work: Work[Result], chunks: Sequence[range], workers: int) -> Iterator[Result]:
    """In this process, one chunk after the other."""
    return map(work, chunks)


def processes(work: Work[Result], chunks: Sequence[range], workers: int) -> Iterator[Result]:
    """In local processes. `work` and its results are pickled."""
    # Spawned, never forked: a fork copies locks that numerical libraries and database drivers hold at that instant.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=workers, mp_context=context) as pool:
        yield from pool.map(work, chunks)


ENGINES: dict[str, Engine] = {"here": here, "processes": processes}


def map_chunks(
    work: Work[Result],
    items: int,
    *,
    size: int,
    workers: int = 1,
    engine: str | None = None,
    progress: Progress | None = None,
) -> list[Result]:
    """`work(range)` for the numbers 0 to `items` - 1 in chunks of at most `size`; the results in order.

    With one worker the work is done in this process unless an engine is named. An exception of the work is raised here.
    """
    if items < 0 or size < 1 or workers < 1:
        raise ValueError(f"items {items} from 0, size {size} from 1 and workers {workers} from 1 are wanted")
    name = engine or ("here" if workers == 1 else "processes")
    if name not in ENGINES:
        raise ValueError(f"there is no engine {name!r}; known: {', '.join(ENGINES)}")
    chunks = [range(start, min(start + size, items)) for start in range(0, items, size)]
    results: list[Result] = []
    done = 0
    for chunk, result in zip(chunks, ENGINES[name](work, chunks, workers), strict=True):
        results.append(result)
        done += len(chunk)
        if progress is not None:
            progress(done, items)
    return results
