"""`trialwright demo`: one whole trial in a folder, from the first consent to the report."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

REFERENCE = Path("trials/time-is-muscle")


def demo(
    folder: Annotated[Path, typer.Argument(help="A new folder for the trial.", metavar="DIR")],
    trial: Annotated[Path, typer.Option(help="The trial's folder or its trial.yaml.")] = REFERENCE,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other participants.")] = 1,
    scenario: Annotated[str | None, typer.Option(help="A scenario of scenarios.yaml.")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Serve its pages afterwards.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 8000,
) -> None:
    """Open a trial, rehearse it with imaginary participants, lock, unblind, analyse, report.

    Everything is real but the participants and the people: sealed allocations, a chained ledger on SQLite with a commit
    per page. The program plays the ceremony alone, with a TEST list and keys of its own, without passphrases, in
    DIR.keys beside the folder; a real trial's private keys never come near its server. A folder that already holds a
    finished demo is not made again.
    """
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False, emoji=False)
    if (folder / "report" / "index.html").exists():
        console.print(f"{folder} holds a finished demo; nothing is made again.")
    else:
        if refusal := _refusal(folder, trial):
            typer.echo(refusal, err=True)
            raise typer.Exit(1)
        _make_whole(console, folder, trial, seed, scenario)
    _tell(console, folder)
    if serve:
        from trialwright.web.serve import serve as run

        run(folder, port)


def _refusal(folder: Path, trial: Path) -> str | None:
    """Why no demo can be made here, and what to do; None where the place is free."""
    keys = _keys(folder)
    if trial == REFERENCE and not trial.exists():
        return "The reference trial lies in the project's folder: start there, or name a trial with --trial."
    if (folder / "trialwright.toml").exists():
        return _of_a_trial(folder, keys)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        return f"{folder} exists and is no empty folder; name a new one."
    if keys.exists() and not (keys.is_dir() and not any(keys.iterdir())):
        return f"{keys} exists, and keys are never overwritten; name another folder than {folder}, or move it away."
    return None


def _of_a_trial(folder: Path, keys: Path) -> str:
    """Only a rehearsed trial may be thrown away."""
    from trialwright import store

    state = store.read_state(folder)
    if state.number and not state.rehearsal:
        return f"{folder} holds a trial that is no demo; name another folder."
    return f"{folder} holds a demo that was interrupted. Remove it with its keys and start again: rm -r {folder} {keys}"


def _keys(folder: Path) -> Path:
    return folder.parent / f"{folder.name}.keys"


def _make_whole(console: object, folder: Path, trial: Path, seed: int, scenario: str | None) -> None:
    """Make the demo or leave nothing behind, also when somebody stops it with Ctrl-C."""
    try:
        _make(console, folder, trial, seed, scenario)
    except BaseException:
        for made in (folder, _keys(folder)):
            shutil.rmtree(made, ignore_errors=True)
        raise


def _make(console: object, folder: Path, trial: Path, seed: int, scenario: str | None) -> None:
    """Rehearse one trial into the folder and write its report."""
    from trialwright import design, simulate, store
    from trialwright.cli.demo_ceremony import hold_ceremony
    from trialwright.cli.progress import progress
    from trialwright.cli.unblinded import Opening, write_report
    from trialwright.conduct.catalogue import catalogue
    from trialwright.simulate.unblinding_risk import expected

    console.print(f"Reading {trial} ...")  # type: ignore[attr-defined]
    definition = design.read(trial, catalogue())
    program = simulate.program(simulate.read(trial), definition, scenario)
    (cast,) = simulate.imagine(program, seed, [0], ceremony=True)
    console.print("The ceremony: the program plays generator, witness, reviewer and every holder of a key.")  # type: ignore[attr-defined]
    identities = hold_ceremony(folder, _keys(folder), definition, cast)
    ledger = store.open_ledger(folder)
    try:
        with progress("Rehearsing the trial, page by page", unit="facts") as step:
            simulate.rehearse(
                cast, ledger=ledger, vault=store.open_vault(folder, ledger), keys=identities, progress=step
            )
    finally:
        ledger.close()
    with progress("Analysing and writing the report"):
        reader = Opening(by="Demo pharmacist", sealed_key=_keys(folder) / "pharmacist-1.key")
        write_report(folder, folder / "report", reader, lambda: expected(program, seed))


def _tell(console: object, folder: Path) -> None:
    """Where everything is and that the ledger stands."""
    from trialwright import store

    found = store.verify(folder)
    state = store.read_state(folder)
    say = console.print  # type: ignore[attr-defined]
    say(f"{len(state.labels)} participants randomised of {len(state.participants)} who consented; {found.facts} facts.")
    say("The ledger verifies." if found.ok else f"[red]The ledger does not verify:[/red] {found.first_bad}")
    say("A demonstration: this program made the keys and the TEST list itself, so nothing here was ever concealed.")
    say(f"Keys, list    {_keys(folder)}: keys without passphrase, and the package of the list")
    say(f"Report        {folder / 'report' / 'index.html'}")
    say(f"Its numbers   {folder / 'report' / 'report.json'}")
    say(f"Verify        trialwright ledger verify {folder}")
    say(f"Pages         trialwright serve {folder}")
    if not found.ok:
        raise typer.Exit(1)
