"""`map_chunks` on a Dask cluster: one that runs already, by the address of its scheduler, or a local one of its own.

Dask is an extra (`pip install trialwright[cluster]`) and is imported when it is asked for.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from typing import Any

from trialwright.compute.interrupts import not_interrupted

Engine = Callable[..., Generator[tuple[int, Any], None, None]]

PATIENCE = 30
"""Seconds within which a scheduler answers."""


class ClusterProblem(RuntimeError):
    """The cluster cannot be used; the sentence says why and what to do."""


def dask(
    work: Callable[..., Any], chunks: Sequence[range], workers: int, tell: Callable[[int], None]
) -> Generator[tuple[int, Any], None, None]:
    """On a Dask cluster of this machine, with so many processes, which ends with the work."""
    distributed = _distributed()
    with ExitStack() as held:
        with not_interrupted():
            local = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                host="127.0.0.1",
                silence_logs="ERROR",
            )
        held.enter_context(local)
        client = held.enter_context(distributed.Client(local, set_as_default=False))
        yield from _done(distributed, client, work, chunks)


def on_cluster(address: str) -> Engine:
    """The engine that uses a running cluster: the address of its scheduler, or the path of its scheduler file."""

    def engine(
        work: Callable[..., Any], chunks: Sequence[range], workers: int, tell: Callable[[int], None]
    ) -> Generator[tuple[int, Any], None, None]:
        distributed = _distributed()
        named = {"scheduler_file": address} if address.endswith(".json") else {"address": address}
        try:
            client = distributed.Client(**named, timeout=PATIENCE, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise ClusterProblem(f"no Dask scheduler answers at {address} ({error}); is it running?") from error
        with client:
            _same_program(client, address)
            yield from _done(distributed, client, work, chunks)

    return engine


def _done(
    distributed: Any, client: Any, work: Callable[..., Any], chunks: Sequence[range]
) -> Generator[tuple[int, Any], None, None]:
    """The chunks as futures, pure work under a key of its own; what is left when this is closed is cancelled."""
    waiting = [client.submit(_alone, work, chunk, pure=False) for chunk in chunks]
    place_of = {future.key: place for place, future in enumerate(waiting)}
    try:
        for future, result in distributed.as_completed(waiting, loop=client.loop, with_results=True):
            yield place_of[future.key], result
    finally:
        client.cancel([future for future in waiting if not future.done()])


def _alone(work: Callable[..., Any], chunk: range) -> Any:
    """The work on a worker, whose steps nobody counts: progress moves chunk by chunk."""
    return work(chunk, lambda items=1, /: None)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as lacking:
        raise ClusterProblem("Dask is not installed; install it with: pip install 'trialwright[cluster]'") from lacking
    return distributed


def _same_program(client: Any, address: str) -> None:
    """Numbers are promised for one version of the program on all workers."""
    if not client.scheduler_info(n_workers=-1)["workers"]:
        raise ClusterProblem(f"the cluster at {address} has no workers yet; start some and try again")
    own = _version()
    for worker, theirs in client.run(_version).items():
        if theirs != own:
            raise ClusterProblem(
                f"worker {worker} has trialwright {theirs or 'not installed'}, this program is {own}; "
                "install the same version on every worker"
            )


def _version() -> str:
    return version("trialwright")
