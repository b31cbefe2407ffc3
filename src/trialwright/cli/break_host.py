"""`trialwright break-host`: what shows one doctor one participant's treatment, also with the clinic down."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.cli.passphrase import PassphraseFile

if TYPE_CHECKING:
    from datetime import datetime

    from trialwright.web.breaking.host import Host
    from trialwright.web.breaking.opening import Asked, Shown

break_host_app = typer.Typer(no_args_is_help=True, help="Break one code in an emergency, also with the clinic down.")
person_app = typer.Typer(no_args_is_help=True, help="Who may break a code.")
break_host_app.add_typer(person_app, name="person")

Folder = Annotated[Path, typer.Argument(help="The break host's folder.", metavar="BREAK")]
Trial = Annotated[Path | None, typer.Option(help="The trial's folder, to take the sealed slots from.", metavar="DIR")]
Package = Annotated[Path | None, typer.Option(help="Or the package of the ceremony.", metavar="FOLDER")]
Definition = Annotated[Path | None, typer.Option(help="With --package: the trial's definition.", metavar="TRIAL")]


@break_host_app.command()
def make(
    folder: Folder,
    key: Annotated[Path, typer.Option(help="The private key of the break host.")],
    telephone: Annotated[str, typer.Option(help="The 24-hour telephone.")],
    trial: Trial = None,
    package: Package = None,
    definition: Definition = None,
    title: Annotated[str | None, typer.Option(help="What doctors call the trial; its acronym without.")] = None,
    name: Annotated[
        list[str] | None, typer.Option("--host-name", help="A name under which its page may be asked for.")
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a break host: every sealed slot by label, opened once and compared with its commitment.

    Its folder belongs to a user of its own and lies outside the trial's folder. Nothing of an arm is printed.
    """
    from trialwright.allocation.keys import private_key
    from trialwright.cli.keys import require_own_key
    from trialwright.cli.passphrase import asking
    from trialwright.cli.sealed_source import arms_in_words, read_source
    from trialwright.web.breaking import host
    from trialwright.web.breaking.host import About, Arm

    _require_outside(folder, trial)
    source = read_source(trial, package, definition)
    arms = {arm: Arm(*said) for arm, said in arms_in_words(source.definition).items()}
    called = title or source.definition.title.acronym or source.definition.title.official
    zone = next(iter(source.definition.sites.values())).zone
    about = About(source.trial, called, telephone, arms, tuple(name or ()), zone)
    private = private_key(key, asking(passphrase_file))
    # The key of another holder would open the slots too, and would then lie on a machine reached from outside.
    require_own_key("break-host", key, private, source.recipients)
    made = host.make(folder, about, source.slots, source.roots, key, private, _now())
    typer.echo(f"{folder}: break host {made.id} for {called}, {len(source.slots)} labels, each opened and compared.")
    typer.echo(f"Public key of its notices   {(folder / host.SIGNED_BY).read_text().strip()}")
    typer.echo(f"Label for the yearly drill  {made.drill}")
    typer.echo(
        f"Add the people next         trialwright break-host person add {folder} --id ID --name NAME --site SITE"
    )
    if source.test:
        typer.echo("This is a TEST list: every participant is imaginary.")


@break_host_app.command()
def refresh(
    folder: Folder,
    trial: Trial = None,
    package: Package = None,
    definition: Definition = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Take in an extension of the list, slots that were sealed to new keys, or what an allocator drew."""
    from trialwright.cli.sealed_source import NoSource, read_source
    from trialwright.web.breaking import host

    here = host.read_host(folder)
    source = read_source(trial, package, definition)
    if source.trial != here.trial:
        raise NoSource(f"these slots are of trial {source.trial}, this break host is of {here.trial}")
    count = host.take_slots(here, source.slots, source.roots, _key(passphrase_file)(here.key), _now())
    typer.echo(f"{folder}: {count} labels are held now.")


@person_app.command()
def add(
    folder: Folder,
    person: Annotated[str, typer.Option("--id", help="The same id as in the trial.")],
    name: Annotated[str, typer.Option(help="Name, as it stands in notices.")],
    site: Annotated[str, typer.Option(help="The site's id in the definition; empty for no site.")] = "",
    passphrase_file: PassphraseFile = None,
    confirm: Annotated[
        bool, typer.Option("--confirm/--no-confirm", help="Ask for a first one-time code, to prove the authenticator.")
    ] = True,
) -> None:
    """Enrol somebody: a passphrase, and the secret of an authenticator, which is shown once."""
    from trialwright.cli.passphrase import asking
    from trialwright.web.breaking import host, log, people

    here = host.read_host(folder)
    word = asking(passphrase_file, twice=True)(person)
    with log.writing(folder) as database:
        secret, address = people.add(database, person, name, site, word, _now(), here.title)
        log.append(database, _now(), log.PERSON_ADDED, {"person": person, "name": name, "site": site})
    typer.echo(f"Secret for the authenticator, shown once:  {secret}")
    typer.echo(f"The same as an address:                    {address}")
    right = False
    try:
        right = not confirm or _right_code(folder, person, word)
    finally:  # also where the prompt was left with Ctrl-C: a secret that nobody proved stays nowhere
        if not right:
            _take_back(folder, person)
    if not right:
        typer.echo("The code does not fit the secret; nobody was enrolled. Look at the telephone's clock.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{name} ({person}) may break a code.")


def _take_back(folder: Path, person: str) -> None:
    from trialwright.web.breaking import log, people

    with log.writing(folder) as database:
        people.remove(database, person, _now())
        log.append(database, _now(), log.PERSON_LEFT, {"person": person})


def _right_code(folder: Path, person: str, word: str) -> bool:
    from trialwright.web.breaking import log, people

    code = typer.prompt("The six digits that the authenticator shows now")
    with log.reading(folder) as database:
        return people.recognised(database, person, word, code, _now()) is not None


@person_app.command()
def remove(folder: Folder, person: Annotated[str, typer.Option("--id", help="Whose access ends.")]) -> None:
    """End somebody's access; the log keeps what they opened."""
    from trialwright.web.breaking import host, log, people

    host.read_host(folder)
    with log.writing(folder) as database:
        gone = people.remove(database, person, _now())
        if gone:
            log.append(database, _now(), log.PERSON_LEFT, {"person": person})
    typer.echo(f"{person} may no longer break a code." if gone else f"Nobody of id {person} is enrolled.", err=not gone)
    raise typer.Exit(0 if gone else 1)


@person_app.command(name="list")
def list_(folder: Folder) -> None:
    """Who is enrolled, and since when."""
    from trialwright.web.breaking import host, log, people

    host.read_host(folder)
    with log.reading(folder) as database:
        everybody = people.listed(database)
    for known, came, left in everybody:
        span = f"{came[:10]} to {left[:10]}" if left else f"since {came[:10]}"
        typer.echo(f"{known.id:<16} {known.name:<28} {known.site:<10} {span}")


@break_host_app.command()
def serve(
    folder: Folder,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 8443,
    host: Annotated[
        str, typer.Option(help="Address to listen at; others than this machine need TLS in front.")
    ] = "127.0.0.1",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Serve the page on which a code is broken, until Ctrl-C."""
    from trialwright.web.breaking.serve import serve as run

    run(folder, _key(passphrase_file), port, host)


@break_host_app.command(name="open")
def open_(folder: Folder, passphrase_file: PassphraseFile = None) -> None:
    """Break one code at the terminal of this machine, where no browser is at hand. Asks everything."""
    from trialwright.allocation.notices import CATEGORIES

    here, identity = _sound(folder, passphrase_file)
    typer.echo(
        f"Code break of {here.title}. You alone decide; it is logged with your name. Questions: {here.telephone}"
    )
    for name, words in CATEGORIES.items():
        typer.echo(f"  {name:<10} {words}")
    _tell(_opened(here, identity, _asked(None)), here.telephone)


@break_host_app.command()
def drill(folder: Folder, passphrase_file: PassphraseFile = None) -> None:
    """The yearly drill: break the code of the label that belongs to nobody, and write the report."""
    from trialwright.web.breaking.drill import measured, report

    here, identity = _sound(folder, passphrase_file)
    typer.echo(f"Drill of {here.title}. The label is {here.drill}; type it as if from a card.")
    found = measured(lambda: _asked("other"), lambda asked: _opened(here, identity, asked))
    path = report(here, found, _now())
    _tell(found.shown, here.telephone)
    typer.echo(f"Report: {path}")
    raise typer.Exit(0 if found.shown.drill else 1)


@break_host_app.command()
def verify(folder: Folder, passphrase_file: PassphraseFile = None) -> None:
    """Look whether log, people, slots and key still stand, and write notices that are missing. Shows no arm."""
    from trialwright.web.breaking import log, people
    from trialwright.web.breaking.opening import mend_outbox

    here, _ = _sound(folder, passphrase_file)
    mended = mend_outbox(here)
    with log.reading(folder) as database:
        count = len(log.entries(database))
        may = sum(1 for _, _, left in people.listed(database) if left is None)
    typer.echo(f"{folder}: the log of {count} entries is whole; every slot opens and is what was committed.")
    typer.echo(f"{may} people may break a code; {mended} missing notices were written.")


# ------------------------------------------------------------------ what the commands share


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)


def _key(passphrase_file: Path | None) -> Callable[[Path], str]:
    from trialwright.allocation.keys import private_key
    from trialwright.cli.passphrase import asking

    return lambda path: private_key(path, asking(passphrase_file))


def _sound(folder: Path, passphrase_file: Path | None) -> "tuple[Host, str]":
    from trialwright.web.breaking.host import read_host
    from trialwright.web.breaking.serve import require_sound

    here = read_host(folder)
    return here, require_sound(here, _key(passphrase_file))


def _require_outside(folder: Path, trial: Path | None) -> None:
    """The break host's folder never lies in a trial's: who steals that one must not find what opens it."""
    from trialwright.web.breaking.host import NotAHost

    place = folder.resolve()
    inside = [one for one in (place, *place.parents) if (one / "trialwright.toml").exists()]
    if inside or (trial is not None and place == trial.resolve()):
        raise NotAHost(f"{folder} lies in a trial's folder; name a place elsewhere, of another user")


def _asked(category: str | None) -> "Asked":
    from trialwright.web.breaking.opening import Asked

    return Asked(
        label=typer.prompt("Label"),
        category=category or typer.prompt("Reason (one of the words above)"),
        words="yearly drill"
        if category
        else typer.prompt("In your words (may be empty)", default="", show_default=False),
        person=typer.prompt("Your id"),
        passphrase=typer.prompt("Passphrase", hide_input=True),
        code=typer.prompt("One-time code"),
    )


def _opened(here: "Host", identity: str, asked: "Asked") -> "Shown":
    """What is shown; where nothing is, every reason and exit code 1."""
    import time

    from trialwright.web.breaking.opening import NotShown, open_label

    try:
        return open_label(here, identity, asked, _now())
    except NotShown as refusal:
        time.sleep(refusal.wait)
        for sentence in refusal.problems.values():
            typer.echo(sentence, err=True)
        raise typer.Exit(1) from None


def _tell(shown: "Shown", telephone: str) -> None:
    """The arm on the terminal, once."""
    if shown.drill:
        typer.echo("\nDRILL: this label belongs to no participant.")
    typer.echo(f"\nLabel {shown.label} was allocated to:  {shown.arm}")
    for product, role in shown.products:
        typer.echo(f"  {product} [{role}]")
    if shown.note:
        typer.echo(f"  {shown.note}")
    typer.echo(f"\nReference {shown.reference}. Shown once; clear this terminal.")
    typer.echo("The participant stays in the trial. Tell nobody who does not need it for the care of this patient now.")
    if not shown.told:
        typer.echo(f"The notice could not be written: telephone {telephone} and give the reference, not the treatment.")
