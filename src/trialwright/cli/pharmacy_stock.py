"""`trialwright pharmacy receive | return | destroy | account | trace`: the account of the pharmacy."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from trialwright.cli.passphrase import PassphraseFile
from trialwright.cli.pharmacy import By, Folder, JournalFile, Key, pharmacy_app

Lots = Annotated[list[str], typer.Option("--lot", help="LOT:COUNTxSIZE, such as N26A117:50x20 g.", metavar="LOT")]
Product = Annotated[str, typer.Option("--product", help="The intervention of the definition.")]
About = Annotated[str, typer.Option("--note", help="What else is to be known; sealed.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="A new file outside the trial's folder.", metavar="FILE")]


@pharmacy_app.command()
def receive(folder: Folder, product: Product, lot: Lots, by: By, note: About = "") -> None:
    """Seal a record of lots that came. Adding needs no key; reading does."""
    _stock(folder, "received", product, lot, by, note)


@pharmacy_app.command(name="return")
def return_(folder: Folder, product: Product, lot: Lots, by: By, note: About = "") -> None:
    """Seal a record of lots that went back to the supplier."""
    _stock(folder, "returned", product, lot, by, note)


@pharmacy_app.command()
def destroy(folder: Folder, product: Product, lot: Lots, by: By, note: About = "") -> None:
    """Seal a record of lots that were destroyed: expired, broken, come back from the ward."""
    _stock(folder, "destroyed", product, lot, by, note)


def _stock(folder: Path, what: str, product: str, texts: Sequence[str], by: str, note: str) -> None:
    from trialwright import store
    from trialwright.cli.pharmacy_desk import lots, pharmacist, reference
    from trialwright.conduct import keep_supply

    person = pharmacist(by)
    desk = store.open_desk(folder)
    try:
        found = lots(desk.protocol(), product, list(texts))
        record = {"record": what, "lots": found, "note": note, "at": store.ServerClock().now().date().isoformat()}
        keep_supply(desk, record=record, reference=reference(), by=person)
    finally:
        desk.ledger.close()
    typer.echo(f"Sealed: {what}, {len(found)} {'line' if len(found) == 1 else 'lines'}.")


@pharmacy_app.command()
def account(
    folder: Folder,
    key: Key,
    by: By,
    csv: Csv = None,
    as_json: Json = False,
    journal: JournalFile = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """What should be on the shelf: received - prepared - returned - destroyed, by product, lot and size."""
    from trialwright.allocation.accountability import account as lines_of

    records = _records(folder, key, by, passphrase_file, journal, "account of the pharmacy")
    columns = ("product", "lot", "size", "received", "prepared", "returned", "destroyed", "there")
    rows = [tuple(str(getattr(line, name)) for name in columns) for line in lines_of(records)]
    _show(columns, rows, csv, as_json)


@pharmacy_app.command()
def trace(
    folder: Folder,
    key: Key,
    by: By,
    lot: Annotated[str | None, typer.Option("--lot", help="Who got this lot.")] = None,
    participant: Annotated[str | None, typer.Option("--participant", help="Which lots this participant got.")] = None,
    csv: Csv = None,
    as_json: Json = False,
    journal: JournalFile = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Who got a lot, or which lots somebody got (traceability of biological products)."""
    from trialwright.allocation.accountability import Use, uses

    if (lot is None) == (participant is None):
        raise typer.BadParameter("name a lot or a participant, one of the two", param_hint="--lot / --participant")
    records = _records(folder, key, by, passphrase_file, journal, "trace of a lot" if lot else "trace of a participant")
    _show(Use._fields, uses(records, lot=lot, participant=participant), csv, as_json)


def _records(
    folder: Path, key: Path, by: str, passphrase_file: Path | None, journal: Path | None, what: str
) -> list[dict[str, object]]:
    """The sealed records, with a note of who read them."""
    from trialwright import store
    from trialwright.cli.pharmacy_desk import opened
    from trialwright.store import access

    pharmacy = opened(folder, key, by, passphrase_file, journal)
    try:
        log = store.open_access(folder)
        try:
            store.note(
                log, store.ServerClock(), store.SystemChance(), by=pharmacy.by.id, role=pharmacy.by.role,
                kind=access.READ, about={"what": what},
            )  # fmt: skip
        finally:
            log.close()
        return pharmacy.records()
    finally:
        pharmacy.close()


def _show(columns: Sequence[str], rows: Iterable[Sequence[str]], csv: Path | None, as_json: bool) -> None:
    """A table, or JSON, or a file that its owner alone can read; each says what it is."""
    import csv as commas
    import io
    import json

    from trialwright.allocation.keys import KeyFileRefused, write_private
    from trialwright.report.worksheet import SEALED

    rows = [tuple(row) for row in rows]
    if csv is not None:
        if any((one / "trialwright.toml").exists() for one in csv.resolve().parents):
            raise KeyFileRefused(f"{csv} lies in a trial's folder; name a file elsewhere")
        text = io.StringIO()
        commas.writer(text, lineterminator="\n").writerows([(*columns, "class"), *((*row, SEALED) for row in rows)])
        write_private(csv, text.getvalue().encode())
        typer.echo(f"{csv}: {len(rows)} {'line' if len(rows) == 1 else 'lines'}, {SEALED}")
    elif as_json:
        lines = [dict(zip(columns, row, strict=True)) for row in rows]
        typer.echo(json.dumps({"class": SEALED, "lines": lines}, indent=2, ensure_ascii=False))
    else:
        _table(columns, rows, SEALED)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    import sys

    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, title=title, box=box.SIMPLE)
    for row in rows:
        table.add_row(*row)
    # Numbers that are cut off would be of no use to an account; without a terminal a line is as long as it must be.
    width = None if sys.stdout.isatty() else 240
    console = Console(highlight=False, emoji=False, markup=False, width=width)
    console.print(table if rows else f"{title}: no record")
