"""`trialwright pharmacy ...`: what the hospital pharmacy does, on a computer of its own, with a key of its own.

Everything here that shows a treatment is sealed: pharmacy. Nothing that reveals is written into the trial's folder but
sealed to those who may know.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.cli.passphrase import PassphraseFile

if TYPE_CHECKING:
    from trialwright.allocation.preparation import Day
    from trialwright.cli.pharmacy_desk import Pharmacy
    from trialwright.conduct.prepare import Planned
    from trialwright.conduct.protocol import Protocol
    from trialwright.ledger.replay import Participant
    from trialwright.report.worksheet import Sheet, Worksheet

pharmacy_app = typer.Typer(
    no_args_is_help=True, help="Prepare what the trial gives, with the pharmacist's own key; keep its account."
)

Folder = Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")]
Key = Annotated[Path, typer.Option("--key", help="Your private key, kept outside the trial's folder.", metavar="KEY")]
By = Annotated[str, typer.Option("--by", help="Your name.")]
JournalFile = Annotated[
    Path | None, typer.Option("--journal", help="Your sealed journal; beside the key without.", metavar="FILE")
]
Who = Annotated[str, typer.Option("--participant", help="The participant's number.")]
Visit = Annotated[str, typer.Option("--visit", help="The visit of the course, such as W4.")]
Days = Annotated[int | None, typer.Option("--days", min=1, help="Days of the course; the fewest without.")]


@pharmacy_app.command()
def worksheet(
    folder: Folder,
    participant: Who,
    visit: Visit,
    key: Key,
    by: By,
    days: Days = None,
    day: Annotated[int | None, typer.Option("--day", min=1, help="One day alone; all without.")] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A folder outside the trial's.", metavar="FOLDER")
    ] = Path(),
    journal: JournalFile = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write the worksheet of a course: a page to print and the same as text, for the pharmacist's eyes alone.

    The plan (dose, days, volumes, bags) is made before the one slot is opened; that it was opened is noted.
    """
    from trialwright.allocation.keys import KeyFileRefused, write_private
    from trialwright.cli.pharmacy_desk import opened
    from trialwright.report.worksheet import as_page, as_text

    place = output.resolve()
    if any((one / "trialwright.toml").exists() for one in (place, *place.parents)):
        raise KeyFileRefused(f"{output} lies in a trial's folder; name a folder elsewhere")
    pharmacy = opened(folder, key, by, passphrase_file, journal)
    try:
        person, protocol = pharmacy.participant(participant)
        plan = pharmacy.planned(person, protocol, visit, days)
        found = _worksheet(pharmacy, person, protocol, plan, visit, day)
    finally:
        pharmacy.close()
    output.mkdir(parents=True, exist_ok=True)
    stem = f"worksheet-{participant}-{visit}" + (f"-day-{day}" if day else "")
    for suffix, text in ((".html", as_page(found)), (".txt", as_text(found))):
        write_private(output / f"{stem}{suffix}", text.encode())
        typer.echo(f"{output / stem}{suffix}")


def _worksheet(
    pharmacy: "Pharmacy",
    person: "Participant",
    protocol: "Protocol",
    plan: "Planned",
    visit: str,
    day: int | None,
) -> "Worksheet":
    from trialwright.allocation.preparation import shown
    from trialwright.conduct.prepare import supply_of
    from trialwright.conduct.release import becomes_ready, good_until
    from trialwright.report.worksheet import Worksheet

    wanted = [one for one in plan.course.days if day in (None, one.number)]
    _require_day(day, plan)
    definition, supply = protocol.definition, supply_of(protocol)
    _, product = pharmacy.product(protocol, person, "worksheet", visit)
    zone, now = protocol.zones[person.site], pharmacy.desk.clock.now()
    ready = becomes_ready(protocol, person.site, now).astimezone(zone)
    until = good_until(protocol, person.site, now).astimezone(zone)
    per_kg, hours = definition.interventions[supply.product].dose, ", ".join(supply.ready_at)
    rehearsal = pharmacy.desk.state.rehearsal or pharmacy.desk.vault.commitment().test
    return Worksheet(
        trial=definition.title.acronym or definition.id,
        rehearsal=rehearsal,
        participant=person.id,
        site=definition.sites[person.site].name,
        label=person.allocation.label if person.allocation else "",
        visit=definition.visits[visit].label,
        days=len(plan.course.days),
        product=definition.interventions[product].label,
        concentration=f"the product holds {supply.concentration}",
        weight_kg=shown(plan.dosing.kg),
        weight=plan.dosing.says,
        dose=f"{per_kg} x {shown(plan.dosing.kg)} kg = {shown(plan.course.dose)} g",
        course_g=shown(plan.course.grams),
        rounding=f"{supply.rounding.to}, within {supply.rounding.within} of the {supply.rounding.per}",
        ready=f"at {ready:%H:%M on %Y-%m-%d} if the work ends before it, else at the next hour ({hours})",
        in_use=f"{supply.in_use_life}; if the work ends before that hour, until {until:%H:%M on %Y-%m-%d}",
        second_check=supply.second_check,
        printed=f"{now.astimezone(zone):%Y-%m-%d %H:%M} by {pharmacy.by.name}",
        sheets=tuple(_sheet(one, product == supply.product, protocol) for one in wanted),
    )


def _require_day(day: int | None, plan: "Planned") -> None:
    from trialwright.conduct import Refused

    if day is not None and day > len(plan.course.days):
        raise Refused(f"The course has {len(plan.course.days)} days; there is no day {day}.", "days")


def _sheet(one: "Day", weighed: bool, protocol: "Protocol") -> "Sheet":
    from trialwright.allocation.preparation import shown
    from trialwright.conduct.prepare import supply_of
    from trialwright.report.worksheet import Sheet

    placebo = protocol.definition.interventions[supply_of(protocol).placebo or supply_of(protocol).product]
    take = (
        tuple((f"vial of {shown(size)} g", str(number)) for size, number in one.vials)
        if weighed
        else ((placebo.label, f"{one.volume_ml} mL"),)
    )
    return Sheet(one.number, shown(one.target), shown(one.grams), one.volume_ml, one.bags, take)


@pharmacy_app.command()
def prepare(
    folder: Folder,
    participant: Who,
    visit: Visit,
    used: Annotated[list[str], typer.Option("--used", help="What was opened: LOT:COUNTxSIZE.", metavar="LOT")],
    key: Key,
    by: By,
    checked_by: Annotated[str, typer.Option("--checked-by", help="Who checked it: another person.")] = "",
    days: Days = None,
    day: Annotated[
        str, typer.Option("--day", help="The day or days that were filled, such as 2 or '1 to 3'; all without.")
    ] = "",
    again: Annotated[bool, typer.Option("--again", help="It replaces what was prepared before.")] = False,
    journal: JournalFile = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Note in your sealed journal what was prepared, from which lots, by whom. Nothing is ready before the release."""
    from trialwright.cli.pharmacy_desk import lots, opened
    from trialwright.cli.pharmacy_record import preparation, told

    pharmacy = opened(folder, key, by, passphrase_file, journal)
    try:
        person, protocol = pharmacy.participant(participant)
        plan = pharmacy.planned(person, protocol, visit, days)
        arm, product = pharmacy.product(protocol, person, "preparation", visit)
        taken = lots(protocol, product, used)
        record = preparation(pharmacy, person, protocol, plan, visit, day, arm, product, taken, checked_by, again)
        pharmacy.journal.prepared(record)
        typer.echo(told(pharmacy, protocol, person, record))
    finally:
        pharmacy.close()


@pharmacy_app.command()
def release(
    folder: Folder,
    key: Key,
    by: By,
    journal: JournalFile = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Tell the site what is ready, at or after the declared hour: all of it at once, in the order of labels.

    Where this was interrupted, run it again: nothing is released twice, nothing is lost.
    """
    from trialwright.cli.pharmacy_desk import opened
    from trialwright.cli.pharmacy_record import released

    pharmacy = opened(folder, key, by, passphrase_file, journal)
    try:
        lines, done = released(pharmacy)
    finally:
        pharmacy.close()
    for line in lines:
        typer.echo(line)
    raise typer.Exit(0 if done else 1)
