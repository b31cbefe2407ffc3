"""`trialwright allocation extend, reseal, propose, compare, approve`: changes of the list, by two people.

Nothing that was committed is ever edited. `extend` and `reseal` only make a package, away from the trial; `propose`
names it by its digest, and `approve`, by another person, takes it in.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.cli.passphrase import PassphraseFile

if TYPE_CHECKING:
    from trialwright.conduct import Person
    from trialwright.design.model import Definition

Folder = Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")]
Package = Annotated[Path, typer.Argument(help="What `extend` (a folder) or `reseal` (a file) made.", metavar="PACKAGE")]
By = Annotated[str, typer.Option("--by", help="Who you are; it is recorded.")]
Why = Annotated[str, typer.Option("--why", help="The reason; it is recorded.")]
Role = Annotated[str, typer.Option("--role", help="In which role: list_statistician, safety_unit ...")]


def extend(
    folder: Folder,
    trial: Annotated[Path, typer.Argument(help="The amended definition: its folder or file.")],
    out: Annotated[Path, typer.Argument(help="A new folder for the package.", metavar="OUT")],
    generator: Annotated[Path, typer.Option(help="The generator's share, a new one.", metavar="SHARE")],
    witness: Annotated[Path, typer.Option(help="The witness's share, a new one.", metavar="SHARE")],
    keys: Annotated[Path, typer.Option(help="The folder with every holder's ROLE.pub.", metavar="FOLDER")],
    commitment: Annotated[
        list[Path] | None, typer.Option(help="The two commitments that were exchanged.", metavar="FILE")
    ] = None,
    annex: Annotated[Path | None, typer.Option(help="The annex; only a test list does without.")] = None,
    generator_signs: Annotated[Path | None, typer.Option(help="The generator's signing key.", metavar="FILE")] = None,
    witness_signs: Annotated[Path | None, typer.Option(help="The witness's signing key.", metavar="FILE")] = None,
) -> None:
    """Make an extension of the list: as many more slots as an amended definition needs.

    It is a ceremony like the first one, with shares, commitments and signatures of its own. The slots are used once
    those that are there are used up. The amendment itself is made when the extension was approved.
    """
    from trialwright.allocation.seed_shares import COMMITMENT, SIGNING, beside
    from trialwright.cli.allocation_generate import made, tell
    from trialwright.conduct.catalogue import catalogue
    from trialwright.design import read

    more, test = _lacking(folder, read(trial, catalogue()))
    if not test and (annex is None or not commitment):
        raise typer.BadParameter("a production list needs its --annex and the two commitments that were exchanged")
    shares = (generator, witness)
    commitments = commitment or [beside(file, COMMITMENT) for file in shares]
    signing = (generator_signs or beside(generator, SIGNING), witness_signs or beside(witness, SIGNING))
    package, definition = made(trial, out, annex, shares, commitments, signing, keys, test, more)
    tell(package, definition, out)
    _tell_next(folder, out)


def _lacking(folder: Path, definition: "Definition") -> tuple[int, bool]:
    """How many slots the neediest stratum lacks for a definition, and whether the trial runs on a test list."""
    from trialwright import design, store
    from trialwright.conduct import Refused
    from trialwright.store.list_changes import purpose_of

    state = store.read_state(folder)
    have = {stratum: sum(counts) for stratum, counts in state.slots.items()}
    n = definition.randomisation.n
    more = max(n - have.get(stratum, 0) for stratum in design.strata(definition))
    if more <= 0:
        raise Refused(
            f"The list has the {n} slots in every stratum that {definition.id} version {definition.version} needs; "
            "nothing is to be added.",
            "list",
        )
    return more, purpose_of(folder) == "test"


def reseal(
    folder: Folder,
    key: Annotated[list[Path], typer.Option("--key", help="A key file of somebody who still opens every slot.")],
    out: Annotated[Path, typer.Option("-o", "--output", help="A new file for the package.", metavar="PACKAGE")],
    recipient: Annotated[
        list[str] | None, typer.Option("--recipient", help="ROLE=age1..., a new public key; repeatable.")
    ] = None,
    without: Annotated[list[str] | None, typer.Option("--without", help="A role that is sealed to no longer.")] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Seal every slot and every sealed value anew, to other keys.

    After a key was lost, or when a holder changes. Slots, order and commitments stay as they are; each slot is checked
    against its commitment before it is sealed again. Nothing in the trial's folder changes until the package is
    approved.
    """
    from trialwright.allocation.keys import private_key
    from trialwright.cli.passphrase import asking
    from trialwright.store.list_changes import recipients_of, resealed

    recipients = _recipients(recipients_of(folder), recipient or [], without or [])
    private = [private_key(path, asking(passphrase_file)) for path in key]
    package = resealed(folder, private, recipients)
    with out.open("xb") as file:
        file.write(package.content)
    typer.echo(f"{out}: {len(package.slots)} slots and {len(package.values)} sealed values, sealed to")
    for role, public in package.recipients.items():
        typer.echo(f"  {role:20} {public}")
    _tell_next(folder, out)


def _recipients(now: Mapping[str, str], new: Sequence[str], without: Sequence[str]) -> dict[str, str]:
    """To whom it is sealed from now on. A role that nobody has is a slip: its holder would have every slot, and the
    key that was to be replaced would stay."""
    from trialwright.allocation.keys import OTHER_ROLES, ROLES, is_public
    from trialwright.conduct import Refused

    recipients = dict(now)
    told = [(role.strip(), key.strip()) for role, _, key in (one.partition("=") for one in new)]
    known = list(dict.fromkeys((*recipients, *ROLES, *OTHER_ROLES)))
    wrong = [role for role, _ in told if role not in known] + [role for role in without if role not in recipients]
    damaged = [one for one, (_, key) in zip(new, told, strict=True) if not is_public(key)]
    if wrong or damaged:
        raise Refused(
            "The package is not made; write ROLE=age1... with the whole line of the ROLE.pub file.",
            "recipient",
            (
                *(f"{role!r} is none of the roles {', '.join(known)}" for role in wrong),
                *(f"{one}: this is no age public key; a character is wrong or lacking" for one in damaged),
            ),
        )
    recipients.update(told)
    return {role: public for role, public in recipients.items() if role not in without}


def _tell_next(folder: Path, package: Path) -> None:
    from trialwright.store.list_changes import digest_of

    change, digest = digest_of(package)
    if change == "reseal":
        typer.echo(f"Digest {digest}")
    else:  # the signature under the review belongs to what the digest is of
        typer.echo(f"First another person reviews it: trialwright allocation review {package} ... --sign ... --by ...")
    typer.echo(f"Next: trialwright allocation propose {folder} {package} --by ... --why ..., then another person")
    typer.echo(f"approves: trialwright allocation approve {folder} {package} --by ... --why ... ({change})")


def propose(folder: Folder, package: Package, by: By, why: Why, role: Role = "list_statistician") -> None:
    """Propose a package by its digest; another person approves it."""
    from trialwright import store
    from trialwright.conduct import propose_list_change
    from trialwright.store.list_changes import list_change

    desk = store.open_desk(folder)
    try:
        found = list_change(folder, package, desk.vault)
        fact = propose_list_change(desk, change=found.change, digest=found.digest, by=_person(by, role), why=why)
    finally:
        desk.ledger.close()
    typer.echo(f"Fact {fact.number}: proposed, digest {found.digest}. Another person compares it and approves.")


def compare(
    folder: Folder,
    package: Package,
    key: Annotated[Path, typer.Option("--key", help="Your key file, to which the package is sealed.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Open every slot of a package with your key and hold it against what was committed.

    Before you approve, on your own machine, with a copy of the trial's folder: no key ever comes near the server. It
    shows no arm.
    """
    from trialwright.allocation.keys import private_key
    from trialwright.cli.passphrase import asking
    from trialwright.store.list_changes import digest_of, wrong_labels

    wrong = wrong_labels(folder, package, [private_key(key, asking(passphrase_file))])
    for label in wrong:
        typer.echo(f"{label} does not hold what was committed")
    if wrong:
        typer.echo("Do not approve this package; ask the proposer how it was made.", err=True)
        raise typer.Exit(1)
    typer.echo(f"Every slot opens with your key and holds what was committed. Digest {digest_of(package)[1]}")


def approve(folder: Folder, package: Package, by: By, why: Why, role: Role = "unblinded_statistician") -> None:
    """Take in the package that another person proposed. Nothing else than that package is taken."""
    from trialwright import store
    from trialwright.conduct import approve_list_change
    from trialwright.store.list_changes import list_change, new_recipients

    desk = store.open_desk(folder)
    try:
        found = list_change(folder, package, desk.vault)
        fact = approve_list_change(
            desk, proposal=_proposal(desk.state.proposals, found.digest), package=found, by=_person(by, role), why=why
        )
    finally:
        desk.ledger.close()
    if "recipients" in found.said:
        new_recipients(folder, found.said["recipients"])
        typer.echo(
            "What is sealed from now on goes to the new keys. Hand the break host and its envelopes the new slots."
        )
    typer.echo(f"Fact {fact.number}: taken in. Check with: trialwright allocation verify {folder}")


def _proposal(waiting: "dict[int, tuple[str, str, str]]", digest: str) -> int:
    """The proposal of this digest."""
    from trialwright.conduct import Refused

    number = next((number for number, (_, known, _) in waiting.items() if known == digest), None)
    if number is None:
        others = ", ".join(f"{known[:12]} (fact {fact})" for fact, (_, known, _) in waiting.items())
        raise Refused(
            f"Nobody proposed this package, digest {digest[:12]}; waiting: {others or 'none'}. Propose it first, or "
            "name the package that was proposed.",
            "proposal",
        )
    return number


def _person(by: str, role: str) -> "Person":
    from trialwright.conduct import Person

    return Person(by, role, by)
