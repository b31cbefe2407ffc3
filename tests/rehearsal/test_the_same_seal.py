"""One rehearsal of the reference trial, from opening to unblinding, ends on the same seal wherever it is kept.

In memory with the arms lying open; on SQLite and on PostgreSQL with a commit per act, behind the sealed vault.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.plugins.lists import PHARMACIST

from trialwright import design, simulate, store
from trialwright.allocation.slots import sealed_list
from trialwright.conduct.catalogue import catalogue
from trialwright.ledger.snapshot import Snapshot
from trialwright.simulate import Cast, Rehearsed

TRIAL = Path(__file__).resolve().parents[2] / "trials" / "time-is-muscle"
SEED = 20260301


@pytest.fixture(scope="module")
def cast() -> Cast:
    """The imagined participants of one trial."""
    definition = design.read(TRIAL, catalogue())
    (cast,) = simulate.imagine(simulate.program(simulate.read(TRIAL), definition, None), SEED, [0])
    return cast


@pytest.fixture(scope="module")
def in_memory(cast: Cast) -> Rehearsed:
    """The rehearsal that the databases must equal."""
    return simulate.rehearse(cast)


@pytest.mark.requirement("AT1", "RN5")
def test_the_same_rehearsal_ends_on_the_same_seal_in_memory_and_on_both_databases(
    cast: Cast, in_memory: Rehearsed, new_trial: Callable[..., Path]
) -> None:
    sealed = sealed_list(cast.list.slots, cast.list.annex, [str(PHARMACIST.to_public())])
    folder = new_trial(
        recipients={"pharmacist-1": str(PHARMACIST.to_public())},
        prepare=lambda ledger, vault: vault.take_in(sealed, cast.program.definition.id, purpose="test"),
    )
    ledger = store.open_ledger(folder)
    kept = simulate.rehearse(cast, ledger=ledger, vault=store.open_vault(folder, ledger), keys=[str(PHARMACIST)])
    ledger.close()
    assert kept.seal == in_memory.seal
    assert dict(kept.opened) == dict(in_memory.opened)
    found = store.verify(folder)
    assert found.ok, found
    assert (found.head.seal, found.beyond) == (in_memory.seal, 0)
    head = in_memory.desk.ledger.head()
    assert store.read_snapshot(folder).hash == Snapshot(in_memory.desk.state, head).hash
