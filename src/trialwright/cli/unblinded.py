"""Results and report of a trial's folder: blinded without opened treatments, by arm with them.

Treatments come from the ledger once the trial was unblinded after its final lock; before that, after a staged lock,
only from private
keys that are handed in, and then nothing of them is kept but the report that was asked for.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from trialwright import store
from trialwright.analysis.plan import Results, analyse
from trialwright.conduct import Refused
from trialwright.conduct.protocol import from_canonical
from trialwright.design.model import Definition
from trialwright.ledger.replay import State
from trialwright.ledger.snapshot import Snapshot
from trialwright.report import Context, report, write

IMAGINARY = "Demonstration: every participant in this report was made up by the simulator."


def planned(folder: Path, keys: Sequence[Path]) -> tuple[Definition, Snapshot, Mapping[str, str] | None]:
    """The definition in force, the snapshot now, and the treatments where somebody may know them."""
    snapshot = store.read_snapshot(folder)
    definition = from_canonical(snapshot.state.versions[snapshot.state.version]).definition
    return definition, snapshot, _treatments(folder, snapshot.state, keys)


def _treatments(folder: Path, state: State, keys: Sequence[Path]) -> Mapping[str, str] | None:
    if state.assignments:
        return state.assignments
    if not keys:
        return None
    if not state.locked:
        raise Refused("Nothing is opened before a lock; lock the database first.", "lock")
    return store.opened_treatments(folder, state, keys)


def results(folder: Path, keys: Sequence[Path]) -> Results:
    """Every planned analysis. Raises `Refused` while the treatments are unknown."""
    definition, snapshot, treatments = planned(folder, keys)
    if treatments is None:
        raise Refused("The trial is blinded: its analyses by arm wait for the lock and the keys.", "blinded")
    return analyse(definition, snapshot, treatments)


def write_report(folder: Path, keys: Sequence[Path], output: Path, imaginary: bool = False) -> Path:
    """Write the report into `output`; returns the page's path."""
    definition, snapshot, treatments = planned(folder, keys)
    found = analyse(definition, snapshot, treatments) if treatments is not None else None
    seals = {"Ledger head": f"fact {snapshot.head.number}, {snapshot.head.seal}", "Snapshot": snapshot.hash}
    context = Context(imaginary=IMAGINARY if imaginary else "", seals=seals)
    return write(report(definition, snapshot, treatments, found, context), output)
