"""Results and report of a trial's folder: blinded without opened treatments, by arm with them.

Treatments come from the ledger once the trial was unblinded after its final lock. Before that, after a staged lock,
they come from the two escrow keys, which somebody of the firewall and an escrow holder hand in together: the opening is
a fact, the arms are not, and nothing of them is kept but what was asked for.

Sealed values (IgG and its proxies) are opened after the final unblinding alone, with the key of somebody to whom they
are sealed; that opening is a fact too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trialwright import store
from trialwright.allocation.keys import VALUE_READERS, KeyFileRefused, private_key, public_of
from trialwright.analysis.plan import Results, analyse
from trialwright.analysis.unblinding_risk import Risk
from trialwright.cli.passphrase import asking
from trialwright.conduct import Person, Refused, open_sealed, unblind
from trialwright.conduct.protocol import from_canonical
from trialwright.conduct.unblind import ESCROW
from trialwright.design.model import Definition
from trialwright.ledger.opened import Opened
from trialwright.ledger.replay import State
from trialwright.ledger.snapshot import Snapshot
from trialwright.report import Context, report, write

IMAGINARY = "Rehearsal: every participant in this report was made up by the simulator."
DEMONSTRATION = (
    " Demonstration: the program made the keys and the test list itself, from a seed that anybody can repeat, so"
    " nothing here was ever concealed."
)


@dataclass(frozen=True)
class Opening:
    """Who opens the treatments with which key files, if anybody does. `escrow_lost`: with the key of a holder of the
    slots, because a share of the seed is lost. `sealed_key`: the key file that opens the sealed values."""

    keys: Sequence[Path] = ()
    by: str | None = None
    with_: str | None = None
    passphrase_file: Path | None = None
    escrow_lost: bool = False
    sealed_key: Path | None = None


NOBODY = Opening()

Imagined = Callable[[], Sequence[Risk]]
"""Imagines trials and says what their laboratory values tell of the arm."""


def planned(folder: Path, opening: Opening) -> tuple[Definition, Snapshot, Mapping[str, str] | None]:
    """The definition in force, the snapshot now, and the treatments where somebody may know them. Raises `Refused`
    for a ledger that does not verify."""
    found = store.verify(folder)
    if not found.ok:
        raise Refused(f"{folder} does not verify, so nothing is computed from it: {found.problems[0].sentence}", "seal")
    snapshot = store.read_snapshot(folder)
    definition = from_canonical(snapshot.state.versions[snapshot.state.version]).definition
    treatments = _treatments(folder, snapshot.state, opening)
    if opening.sealed_key is not None:
        snapshot = snapshot.with_opened(_sealed_values(folder, opening, opening.sealed_key))
    return definition, snapshot, treatments


def _sealed_values(folder: Path, opening: Opening, path: Path) -> Opened:
    """The sealed page items, opened by the holder of the key; refused before the final unblinding."""
    if not opening.by:
        raise Refused("Who opens the sealed values is recorded: say who with --by.", "by")
    private = private_key(path, asking(opening.passphrase_file))
    desk = store.open_desk(folder)
    try:
        holder = next((role for role, key in desk.vault.recipients.items() if key == public_of(private)), None)
        if holder is None or holder not in VALUE_READERS:
            whose = f"the key of {holder}, to whom no value is sealed" if holder else "none of this trial's keys"
            raise KeyFileRefused(f"{path} is {whose}; take that of {', '.join(VALUE_READERS)}")
        by = Person(opening.by, VALUE_READERS[holder], opening.by)
        return open_sealed(desk, keys=[private], by=by, why="planned analysis of the sealed values")[1]
    finally:
        desk.ledger.close()


def _treatments(folder: Path, state: State, opening: Opening) -> Mapping[str, str] | None:
    if state.assignments:
        return state.assignments
    if not opening.keys:
        return None
    if not opening.by or not opening.with_:
        raise Refused(
            "Two people open the treatments, and both are recorded: say who with --by (of the firewall) and --with (an "
            "escrow holder).",
            "by",
        )
    if not state.locked:
        raise Refused("Nothing is opened before a lock; lock the database first.", "lock")
    desk = store.open_desk(folder)
    ask = asking(opening.passphrase_file)
    try:
        return unblind(
            desk,
            stage=max(state.locked, key=state.locked.__getitem__),
            keys=[private_key(path, ask) for path in opening.keys],
            by=Person(opening.by, "unblinded_statistician", opening.by),
            with_=Person(opening.with_, ESCROW, opening.with_),
            escrow_lost=opening.escrow_lost,
            why="planned analysis after the lock",
        )[1]
    finally:
        desk.ledger.close()


def results(folder: Path, opening: Opening = NOBODY) -> Results:
    """Every planned analysis. Raises `Refused` while the treatments are unknown."""
    definition, snapshot, treatments = planned(folder, opening)
    if treatments is None:
        raise Refused("The trial is blinded: its analyses by arm wait for the lock and the keys.", "blinded")
    return analyse(definition, snapshot, treatments)


def _final(state: State) -> bool:
    """Whether the last lock was set, after which an opening is for everybody."""
    return from_canonical(state.versions[state.version]).final_lock in state.locked


def write_report(folder: Path, output: Path, opening: Opening = NOBODY, expected: Imagined | None = None) -> Path:
    """Write the report into `output`; returns the page's path. `expected` says what laboratory values were expected to
    tell; it is asked for unblinded readers alone. What is opened before the final lock is not for who reads the trial's
    folder or its backup: it lies elsewhere, readable for its writer alone."""
    inside = output.resolve().is_relative_to(folder.resolve())
    if opening.keys and inside and not _final(store.read_state(folder)):
        raise Refused(
            "A report by arm before the final lock is for the firewall alone: name a folder outside the trial's folder "
            "with -o.",
            "blinded",
        )
    definition, snapshot, treatments = planned(folder, opening)
    found = analyse(definition, snapshot, treatments) if treatments is not None else None
    made_up = IMAGINARY + (DEMONSTRATION if store.read_folder(folder).demonstration else "")
    told = expected() if expected is not None and treatments is not None else ()
    context = Context(imaginary=made_up if snapshot.state.rehearsal else "", expected=told)
    private = treatments is not None and not _final(snapshot.state)
    return write(report(definition, snapshot, treatments, found, context), output, private)
