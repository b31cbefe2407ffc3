"""`trialwright allocation generate`: two people make the sealed list, offline."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trialwright.allocation.annex import Annex
    from trialwright.allocation.package import Package
    from trialwright.design.model import Definition


def generate(
    trial: Annotated[Path, typer.Argument(help="The frozen definition: its folder or file.")],
    out: Annotated[Path, typer.Argument(help="A new folder for the package.", metavar="OUT")],
    generator: Annotated[Path, typer.Option(help="The generator's share.", metavar="SHARE")],
    witness: Annotated[Path, typer.Option(help="The witness's share.", metavar="SHARE")],
    keys: Annotated[Path, typer.Option(help="The folder with every holder's ROLE.pub.", metavar="FOLDER")],
    annex: Annotated[
        Path | None, typer.Option(help="The annex: `sizes: [4, 6]` and the like. Only a test list does without.")
    ] = None,
    commitment: Annotated[
        list[Path] | None,
        typer.Option(help="The commitment that each of you received from the other; give both.", metavar="FILE"),
    ] = None,
    generator_signs: Annotated[
        Path | None, typer.Option(help="The generator's own signing key.", metavar="FILE")
    ] = None,
    witness_signs: Annotated[Path | None, typer.Option(help="The witness's own signing key.", metavar="FILE")] = None,
    test: Annotated[bool, typer.Option("--test", help="A test list: no real trial takes it.")] = False,
    wipe: Annotated[bool, typer.Option("--wipe", help="Overwrite and delete both shares afterwards.")] = False,
) -> None:
    """Draw up the list for a definition, seal every slot, put the seed in escrow, sign.

    The seed exists in memory alone and is forgotten. Do it on a machine without a network that is wiped afterwards. The
    package shows no arm; publish its root.txt before the first participant.
    """
    from trialwright.allocation.seed_shares import COMMITMENT, SIGNING, beside

    if commitment is None and not test:
        raise typer.BadParameter(
            "name the two commitments that were exchanged before the shares were shown", param_hint="--commitment"
        )
    if annex is None and not test:
        raise typer.BadParameter("a production list needs its annex", param_hint="--annex")
    shares = (generator, witness)
    commitments = commitment or [beside(file, COMMITMENT) for file in shares]
    signing = (generator_signs or beside(generator, SIGNING), witness_signs or beside(witness, SIGNING))
    package, definition = made(trial, out, annex, shares, commitments, signing, keys, test)
    tell(package, definition, out)
    if wipe:
        from trialwright.allocation.seed_shares import wipe as wiped

        for file in shares:
            wiped(file)
            typer.echo(f"{file} is overwritten and deleted.")
    else:
        typer.echo("The two shares together are the whole list. Wipe them now (--wipe does it), and this machine.")


def made(
    trial: Path,
    out: Path,
    annex: Path | None,
    shares: tuple[Path, Path],
    commitments: list[Path],
    signing: tuple[Path, Path],
    keys: Path,
    test: bool,
    slots: int | None = None,
) -> "tuple[Package, Definition]":
    """Draw up and write the package. `slots`: of an extension, how many each stratum gets."""
    import os

    from trialwright import design
    from trialwright.allocation.ceremony import make_package, mask_length
    from trialwright.allocation.keys import public_keys
    from trialwright.allocation.package import write_package
    from trialwright.allocation.package_words import readme
    from trialwright.allocation.seed_shares import PARTS, read_promise, read_share, read_signing_key, use
    from trialwright.conduct.catalogue import catalogue

    definition = design.read(trial, catalogue())
    restricted = _annex(annex, definition, test)
    package = make_package(
        definition,
        restricted,
        shares=(read_share(shares[0]), read_share(shares[1])),
        promises=[read_promise(file) for file in commitments],
        signing={part: read_signing_key(file) for part, file in zip(PARTS, signing, strict=True)},
        recipients=public_keys(keys),
        mask=os.urandom(mask_length(restricted)),
        made_on=datetime.now(UTC).date(),
        slots=slots,
    )
    use(shares, restricted.purpose)
    write_package(package, out, readme(package))
    return package, definition


def _annex(file: Path | None, definition: "Definition", test: bool) -> "Annex":
    """The annex of the file; of a test list without one, the parameters that people usually choose."""
    import os

    from trialwright.allocation.annex import SALT_BYTES, TEST, Annex
    from trialwright.allocation.assumed import assumed_method
    from trialwright.allocation.ceremony import read_annex_file

    salt = os.urandom(SALT_BYTES).hex()
    if file is None:
        return Annex(definition.id, assumed_method(definition), salt, purpose=TEST)
    return read_annex_file(file, definition, salt, test)


def tell(package: "Package", definition: "Definition", out: Path) -> None:
    terms = package.terms
    typer.echo(f"{out}: the {terms.purpose} list of {definition.id} version {definition.version}")
    typer.echo(
        f"  slots       {', '.join(f'{name} {count}' for name, count in terms.counts.items()) or 'an allocator'}"
    )
    typer.echo(f"  generator   {terms.generator.name}  {terms.generator.commitment}")
    typer.echo(f"  witness     {terms.witness.name}  {terms.witness.commitment}")
    typer.echo(f"  root        {terms.root}")
    typer.echo("Compare the commitments with what you wrote down. Publish root.txt; a second person reviews the list.")
