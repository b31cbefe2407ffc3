"""`trialwright breaks`: what the clinic records of unblindings. Nothing here opens anything or shows an arm."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from trialwright.conduct import Desk
    from trialwright.ledger.fact import Fact

breaks_app = typer.Typer(no_args_is_help=True, help="Record and compare unblindings; shows no treatment.")

Folder = Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")]
By = Annotated[str, typer.Option(help="Who records it.")]
Role = Annotated[str, typer.Option(help="In which role.")]
Words = Annotated[
    str, typer.Option(prompt="In words (sealed; may be empty)", prompt_required=False, help="Words; they are sealed.")
]


@breaks_app.command(name="take-in")
def take_in(
    folder: Folder,
    outbox: Annotated[
        Path | None,
        typer.Argument(help="Where the notices lie; [emergency] of the settings without.", metavar="OUTBOX"),
    ] = None,
    host_key: Annotated[
        str | None, typer.Option(help="The break host's public key, or the file notices.pub that holds it.")
    ] = None,
) -> None:
    """Turn the break host's notices into facts. Asked again, it adds nothing. Exit code 1 where one was refused."""
    from trialwright import store
    from trialwright.store import breaks

    place, public = _from(folder, outbox, host_key)
    desk = store.open_desk(folder)
    try:
        taken = breaks.take_in_notices(desk, place, public)
        letters = breaks.write_letters(folder, desk)
    finally:
        desk.ledger.close()
    typer.echo(
        f"{len(taken.facts)} code breaks taken in, {taken.known} known before, {taken.drills} drills, "
        f"{len(letters)} new letters in {folder / breaks.OUTBOX}."
    )
    for label in taken.nobody:
        typer.echo(f"ALARM: label {label} was opened and belongs to no participant yet.", err=True)
    for reference in taken.missing:
        typer.echo(f"MISSING: notice {reference} never came; ask the break host what was opened then.", err=True)
    for sentence in taken.refused:
        typer.echo(f"Refused: {sentence}", err=True)
    raise typer.Exit(1 if taken.refused or taken.nobody or taken.missing else 0)


def _from(folder: Path, outbox: Path | None, host_key: str | None) -> tuple[Path, str]:
    from trialwright.store import NotATrial
    from trialwright.store.breaks import emergency

    said = emergency(folder)
    place = outbox or (folder / said.outbox if said.outbox else None)
    key = host_key or said.host_key
    if place is None or not key:
        raise NotATrial(
            "name OUTBOX and --host-key, or write outbox and host_key under [emergency] in trialwright.toml"
        )
    if not place.is_dir():
        raise NotATrial(f"{place} is no folder of notices")
    return place, Path(key).read_text(encoding="ascii").strip() if Path(key).is_file() else key


@breaks_app.command()
def record(
    folder: Folder,
    label: Annotated[str, typer.Option(help="The label of the envelope.")],
    category: Annotated[str, typer.Option(help="emergency, overdose, exposure, pregnancy or other.")],
    learned_by: Annotated[str, typer.Option(help="Id of who opened it and read it.")],
    shown_at: Annotated[str, typer.Option(help="When, as 2026-03-01T03:10; the site's time.")],
    by: By,
    role: Role = "investigator",
    why: Words = "",
) -> None:
    """Record that a printed envelope was opened. The treatment is not asked and must not be told."""
    from trialwright.conduct import break_code
    from trialwright.conduct.break_code import ENVELOPE

    def act(desk: "Desk") -> "Fact":
        at = _instant(desk, label, shown_at)
        person = _person(by, role)
        return break_code(
            desk, label=label, how=ENVELOPE, category=category, learned_by=learned_by, shown_at=at, why=why, by=person
        )

    fact = _with_letters(folder, act)
    typer.echo(f"Recorded as fact {fact.number}: the code of {fact.participant} was broken. The participant goes on.")


@breaks_app.command()
def report(
    folder: Folder,
    who: Annotated[list[str], typer.Option(help="Id of who learned it; may be given several times.")],
    how: Annotated[str, typer.Option(help="conversation, 'bag or label', document, record, system, body or other.")],
    what: Annotated[str, typer.Option(help="allocation, suspicion or list.")],
    impact: Annotated[
        str, typer.Option(help="none, 'another assessor', 'data flagged', 'whole trial', 'not yet assessed'.")
    ],
    by: By,
    participant: Annotated[str | None, typer.Option(help="About whom; nobody for a list.")] = None,
    role: Role = "investigator",
    words: Words = "",
) -> None:
    """Report that somebody learned a treatment by accident: who, how, and what follows. The words are sealed."""
    from trialwright.conduct import report_unblinding

    def act(desk: "Desk") -> "Fact":
        person = _person(by, role)
        return report_unblinding(
            desk, participant=participant, who=who, how=how, what=what, impact=impact, words=words, by=person
        )

    fact = _with_letters(folder, act)
    typer.echo(f"Recorded as fact {fact.number}. Whoever learned it assesses this participant no longer.")


@breaks_app.command(name="list")
def list_(
    folder: Folder, as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False
) -> None:
    """Every opening, report and alarm: who learned of whom, when, how and why; never what."""
    import json

    from trialwright.cli.wrapped import wrapped

    rows = _rows(folder)
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(f"{row['at'][:16].replace('T', ' ')} UTC  fact {row['fact']:<6} {row['what']}")
        told = "; ".join(f"{name.replace('_', ' ')} {text}" for name, text in row["about"].items() if text)
        typer.echo(wrapped(f"    {told}", 0))
    if not rows:
        typer.echo("No code was broken and no unblinding was reported.")


def _rows(folder: Path) -> list[dict[str, Any]]:
    from trialwright import store
    from trialwright.ledger import kinds

    listed = {
        kinds.CODE_BROKEN: ("code broken", ("label", "how", "category", "learned_by", "shown_at", "reference")),
        kinds.UNBLINDING_REPORTED: ("unblinding reported", ("who", "how", "what", "impact")),
        kinds.SNAPSHOT_OPENED: ("snapshot taken to be opened", ("purpose", "opened")),
        kinds.ALARM_RAISED: ("ALARM", ("alarm", "about")),
    }
    ledger = store.open_ledger(folder)
    try:
        facts = [fact for fact in ledger.facts() if fact.kind in listed]
    finally:
        ledger.close()
    rows = []
    for fact in facts:
        what, names = listed[fact.kind]
        payload = fact.payload or {}
        about = {"participant": fact.participant or "", **{name: _text(payload.get(name)) for name in names}}
        rows.append({"fact": fact.number, "at": fact.at, "by": fact.by, "what": what, "about": about})
    return rows


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {text}" for name, text in value.items())
    return ", ".join(value) if isinstance(value, list | tuple) else str(value or "")


@breaks_app.command()
def reconcile(
    folder: Folder,
    envelopes: Annotated[
        Path, typer.Option(help="A CSV file with the columns label and state (sealed, opened or missing).")
    ],
) -> None:
    """Compare the envelopes that came back with the facts. Exit code 1 on any difference."""
    import csv

    from trialwright import store
    from trialwright.conduct.break_code import ENVELOPE
    from trialwright.store.envelopes import EnvelopesRefused, differences

    with envelopes.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"label", "state"} <= set(reader.fieldnames or ()):
            raise EnvelopesRefused(f"{envelopes} needs the columns label and state; it has {reader.fieldnames}")
        rows = [(row["label"] or "", row["state"] or "") for row in reader]
    ledger = store.open_ledger(folder)
    try:
        held = {slot.label for slot in store.open_vault(folder, ledger).slots(drawn=False)}
    finally:
        ledger.close()
    state = store.read_state(folder)
    told = {
        label
        for label, participant in state.labels.items()
        if any(entry.how == ENVELOPE for entry in state.participants[participant].openings)
    }
    found = differences(rows, held, told)
    for sentence in found:
        typer.echo(sentence)
    typer.echo(f"{len(rows)} envelopes compared with {len(told)} recorded openings: {len(found)} differences.")
    raise typer.Exit(1 if found else 0)


# ------------------------------------------------------------------ what the commands share


def _person(by: str, role: str) -> Any:
    from trialwright.conduct import Person

    return Person(by, role, by)


def _with_letters(folder: Path, act: Any) -> "Fact":
    from trialwright import store
    from trialwright.store import breaks

    desk = store.open_desk(folder)
    try:
        fact: Fact = act(desk)
        breaks.write_letters(folder, desk)
    finally:
        desk.ledger.close()
    return fact


def _instant(desk: "Desk", label: str, text: str) -> str:
    """The instant that a wall clock at the participant's site showed, in canonical form."""
    from zoneinfo import ZoneInfo

    from trialwright.conduct import Refused
    from trialwright.ledger.canonical import instant_text

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"'{text}' is no instant; write date and time as 2026-03-01T03:10.", "instant") from None
    if at.tzinfo is None:
        person = desk.state.participants.get(desk.state.labels.get(label.strip().upper(), ""))
        sites = desk.protocol().definition.sites
        at = at.replace(tzinfo=ZoneInfo(sites[person.site].zone if person and person.site in sites else "UTC"))
    return instant_text(at)
