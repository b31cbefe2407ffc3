"""`trialwright lab`: a laboratory's results, what is outstanding, the reference ranges.

What these commands print, and whether they succeed, depends on open tests alone. What became of every other row is in
the vault, for holders of keys (`lab sealed`). The file itself is never copied.
"""

import errno
import json
import stat
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialwright.cli.kits_options import By, Folder, Json, Trial
from trialwright.cli.passphrase import PassphraseFile

if TYPE_CHECKING:
    from trialwright.conduct.import_results import Imported

WIDE = 200
"""Characters of a line where there is no terminal."""
LARGEST = 64 * 2**20
"""Bytes of a file; a larger one is no laboratory's delivery."""
SEALED = (
    "Rows of any other test, if the file has them, are sealed unread; holders of keys see with `trialwright lab sealed`"
    " what became of them."
)
"""Said of every file, whatever is in it."""

lab_app = typer.Typer(no_args_is_help=True, help="Results of laboratories: take in, expect, compare with ranges.")


@lab_app.callback()
def _group() -> None:
    """Results of laboratories: take in, expect, compare with ranges."""


@lab_app.command(name="import")
def import_(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="CSV, one row per result.", metavar="FILE.csv")],
    by: By,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help="CSV: sample, participant, visit (and taken, laboratory).")
    ] = None,
    laboratory: Annotated[str, typer.Option("--laboratory", help="Whose file it is, without such a column.")] = "",
    partial: Annotated[bool, typer.Option("--partial", help="Take the sound rows in and list the rest.")] = False,
    row: Annotated[
        list[int] | None, typer.Option("--row", help="Of results that contradict each other, the right row.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Take the file in although its open results were before.")
    ] = False,
    why: Annotated[str, typer.Option("--why", help="The reason of corrections, where `comment` gives none.")] = "",
    as_json: Json = False,
) -> None:
    """Take in the results of a laboratory: all of the file, or nothing.

    Columns: sample, test, value (`12.3`, `<1.2`, `>500`, empty), unit (UCUM); laboratory, participant, visit, taken
    unless an option or the manifest gives them; optionally reported, low, high, flag, limit, run, quality, confirmed,
    comment, source. Rows are counted among those of open tests. Running it twice changes nothing.
    """
    from trialwright import conduct, store

    content, listed = _bytes(file), None if manifest is None else _bytes(manifest)
    desk = store.open_desk(folder)
    try:
        done = conduct.import_results(
            desk,
            content=content,
            by=conduct.Person(by, "laboratory", by),
            manifest=listed,
            laboratory=laboratory,
            partial=partial,
            chosen=row or (),
            again=again,
            why=why,
        )
    finally:
        desk.ledger.close()
    if as_json:
        # The numbers of facts stay out: between two of them lie sealed ones that nobody blinded may count.
        shown = {**asdict(done), "fact": done.fact is not None, "before": done.before is not None, "sealed": SEALED}
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        _print(done)


def _bytes(path: Path) -> bytes:
    kind = path.stat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
        raise OSError(errno.EINVAL, "it is neither a file nor a pipe", str(path))
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, f"a delivery has at most {LARGEST // 2**20} MiB", str(path))
    return content


def _print(done: "Imported") -> None:
    if done.ignored:
        typer.echo(f"Ignored, because they mean nothing here: {', '.join(done.ignored)}", err=True)
    _table([_shown(asdict(one)) for one in done.taken])
    for text in (*done.repeated, *done.troubles):
        typer.echo(text, err=True)
    if done.before is not None and done.fact is None:
        typer.echo(
            "The results of open tests in this file were taken in before. Nothing was taken in now, of no other row"
            " either; where the file was corrected elsewhere, --again takes it in."
        )
        return
    counts = {became: sum(one.became == became for one in done.taken) for became in ("new", "corrected", "the same")}
    said = ", ".join(f"{count} {became}" for became, count in counts.items())
    absent = sum(one.became == "not done" for one in done.taken)
    typer.echo(
        f"Taken in, results of open tests: {said}, {absent} without a value; {len(done.repeated)}"
        f" repeated, {len(done.troubles)} left out, {done.queries} queries asked."
    )
    if done.missing:
        typer.echo("\n".join(["Expected at these visits and not there yet:", *(f"  {one}" for one in done.missing)]))
    typer.echo(SEALED)


def _shown(one: dict[str, Any]) -> dict[str, str]:
    notes = "; ".join(one["notes"])
    return {
        "row": str(one["row"]),
        "participant": one["participant"],
        "visit": one["visit"],
        "test": one["test"],
        "value": f"{one['value']} {one['unit']}".strip(),
        "range": one["side"],
        "x upper": one["times_upper"],
        "grade": "" if one["grade"] is None else str(one["grade"]),
        "became": one["became"],
        "notes": notes,
    }


@lab_app.command(name="expected")
def expected(
    folder: Folder,
    everything: Annotated[bool, typer.Option("--all", help="Also what is there or not due yet.")] = False,
    as_json: Json = False,
) -> None:
    """Results of open tests that should be there by now and are not, by participant and visit. Exit code 0 either way.

    Sealed tests are never listed: what is there of them, and what is not, is seen with a key alone.
    """
    from trialwright import store
    from trialwright.capture.laboratory_samples import OUTSTANDING
    from trialwright.capture.laboratory_samples import expected as of_participant

    desk = store.open_desk(folder)
    try:
        rows = [
            {"participant": one.participant, "visit": one.visit, "test": one.test, "by": f"{one.by}", "is": one.status}
            for person in desk.state.participants.values()
            if person.site in desk.state.sites
            for one in of_participant(
                desk.protocol(desk.version_at(person.site)).definition, person, desk.today(person.site)
            )
            if everything or one.status == OUTSTANDING
        ]
    finally:
        desk.ledger.close()
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    _table(rows)
    if not everything:
        typer.echo(f"{len(rows)} results of open tests are outstanding." if rows else "Nothing is outstanding.")


@lab_app.command(name="ranges")
def ranges(trial: Trial, as_json: Json = False) -> None:
    """The reference ranges that a definition declares, in the unit of each item, with the source of each.

    TRIAL is a definition, or the folder of a trial that runs.
    """
    from trialwright.capture.laboratory_ranges import as_text, converted
    from trialwright.design.laboratory_tests import item_of

    definition = _definition(trial)
    plan = definition.laboratory
    rows = []
    for index, one in enumerate(plan.ranges if plan else ()):
        assert plan is not None
        test = plan.tests[one.test]
        low, high = ("" if bound is None else as_text(bound, None) for bound in converted(definition, test, one))
        ages = f"{one.from_age or 0} to below {one.to_age}" if one.to_age is not None else f"from {one.from_age or 0}"
        row = {"laboratory": one.laboratory, "test": one.test, "sex": one.sex or "any", "age": ages}
        row |= {"low": low, "high": high, "unit": item_of(definition, test).unit or ""}
        row |= {"valid from": f"{one.valid_from}", "valid to": f"{one.valid_to or ''}"}
        rows.append({**row, "source": _source(definition, f"laboratory.ranges.{index}")})
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    _table(rows)
    if not rows:
        typer.echo("The definition declares no reference range.")


def _definition(trial: Path) -> Any:
    """The definition of a file or folder, or the one in force in the folder of a trial that runs."""
    from trialwright import design
    from trialwright.conduct.catalogue import catalogue

    if not (trial / "trialwright.toml").is_file():
        return design.read(trial, catalogue())
    from trialwright import store

    state = store.read_state(trial)
    return design.from_canonical(state.versions[state.version])


def _source(definition: Any, path: str) -> str:
    """The source that covers a path, with its status where the name does not say it."""
    covering = [one for one in definition.provenance if path == one.path or path.startswith(f"{one.path}.")]
    if not covering:
        return ""
    nearest = max(covering, key=lambda one: len(one.path))
    status = definition.sources[nearest.source].status.value
    return status if nearest.source == status else f"{nearest.source} ({status})"


@lab_app.command(name="sealed")
def sealed(
    folder: Folder,
    key: Annotated[Path, typer.Option("--key", help="A private key file of somebody who may know.")],
    by: By,
    as_json: Json = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """What became of the sealed rows of every file that was taken in, values and problems, for the holder of a key.

    The access log keeps who looked and when, not what there was.
    """
    from trialwright import store
    from trialwright.allocation.keys import private_key, public_of
    from trialwright.cli.passphrase import asking
    from trialwright.conduct import Refused
    from trialwright.conduct.laboratory_sealed import sealed_records

    identity = private_key(key, asking(passphrase_file))
    desk = store.open_desk(folder)
    try:
        public = public_of(identity)
        role = next((role for role, known in desk.vault.recipients.items() if known == public), "")
        if not role:
            raise Refused(f"{key} is the key of nobody who may read what is sealed in this trial.", "keys")
        _note(folder, by, role)
        records = sealed_records(desk, [identity])
    finally:
        desk.ledger.close()
    if as_json:
        typer.echo(json.dumps(records, indent=2, ensure_ascii=False))
        return
    rows = [
        {"fact": str(fact), **{name: row["cells"].get(name, "") for name in ("sample", "test", "value", "unit")}}
        | {"became": row["became"], "says": "; ".join(row["says"])}
        for fact, record in records.items()
        for row in record["rows"]
    ]
    _table(rows)
    typer.echo(f"{len(rows)} sealed rows in {len(records)} files." if rows else "No file has a sealed row.")


def _note(folder: Path, by: str, role: str) -> None:
    """That somebody looked, before anything is shown."""
    from trialwright import store

    log = store.open_access(folder)
    try:
        about = {"what": "sealed results of laboratory files"}
        clock, chance = store.ServerClock(), store.SystemChance()
        store.note(log, clock, chance, by=by, role=role, kind=store.access.READ, about=about)
    finally:
        log.close()


def _table(rows: list[dict[str, str]]) -> None:
    """Rows under their names; columns without anything in them are left out."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    names = [name for name in (rows[0] if rows else ()) if any(row[name] for row in rows)]
    if not names:
        return
    shown = Table(*names, box=box.SIMPLE_HEAD)
    for row in rows:
        shown.add_row(*(row[name] for name in names))
    console = Console(highlight=False, emoji=False, markup=False)
    console.width = console.width if console.is_terminal else WIDE
    console.print(shown)
