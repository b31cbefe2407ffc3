"""A simulation has the same bits on 1, 2 and 16 workers and on every engine, a Dask cluster among them."""

from typing import Any

import pytest
from tests.plugins.editing import REFERENCE

from trialwright.compute.engines import ENGINES
from trialwright.simulate.characteristics import simulation, with_truths
from trialwright.simulate.prepared import Spec
from trialwright.simulate.tallies import Tally
from trialwright.simulate.worlds import World

TRIALS = 600
"""Three chunks, the last one smaller."""
WAYS = (("here", 2), ("threads", 1), ("threads", 2), ("threads", 16), ("processes", 2), ("dask", 2))
SPEC = Spec(str(REFERENCE), 7, (World("protocol"), World("null", n=36)), ("PRIMARY", "LONGITUDINAL", "TTE"))


def ran(spec: Spec, **how: Any) -> Tally:
    """The tally, without the seconds that it took."""
    tally = simulation(spec, TRIALS, **how)
    return {name: number for name, number in tally.items() if not name.startswith("cpu|")}


@pytest.fixture(scope="module")
def spec() -> Spec:
    return with_truths(SPEC, 4000)


@pytest.fixture(scope="module")
def alone(spec: Spec) -> Tally:
    tally = ran(spec)
    assert tally["0|trials"] == TRIALS
    assert tally["0|PRIMARY|0|answered"] > 0
    return tally


def test_every_engine_is_held_to_this() -> None:
    assert {engine for engine, _ in WAYS} == set(ENGINES)


@pytest.mark.parametrize(("engine", "workers"), WAYS)
def test_the_bits_are_those_of_one_worker(spec: Spec, alone: Tally, engine: str, workers: int) -> None:
    if engine == "dask":
        pytest.importorskip("distributed")
    assert ran(spec, engine=engine, workers=workers) == alone


@pytest.mark.parametrize("workers", [2, 16])
def test_the_true_values_are_those_of_one_worker(spec: Spec, workers: int) -> None:
    assert with_truths(SPEC, 4000, engine="threads", workers=workers) == spec


def test_the_bits_are_the_same_on_a_cluster_that_runs_already(spec: Spec, alone: Tally) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1") as local:
        how = {"cluster": local.scheduler_address}
        assert with_truths(SPEC, 4000, **how) == spec
        assert ran(spec, **how) == alone
