"""`trialwright diff`: what an amendment changes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trialwright.design import Definition


def diff(
    old: Annotated[Path, typer.Argument(help="The version in force: a trial's folder, or its definition file.")],
    new: Annotated[Path, typer.Argument(help="The amended version.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare two versions of a definition: every change as a sentence, the substantial ones first."""
    from trialwright import design

    before, after = _read(old), _read(new)
    found = design.changes(before, after)
    if json:
        import orjson

        content = {
            "old": {"version": before.version, "fingerprint": design.fingerprint(before)},
            "new": {"version": after.version, "fingerprint": design.fingerprint(after)},
            "changes": [
                {
                    "path": one.path,
                    "kind": one.kind,
                    "substantial": one.substantial,
                    "old": one.old,
                    "new": one.new,
                    "sentence": one.sentence,
                }
                for one in found
            ],
        }
        typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
        return
    _print(before, after)


def _print(before: "Definition", after: "Definition") -> None:
    from rich.console import Console
    from rich.markup import escape

    from trialwright import design

    console = Console(highlight=False, emoji=False)
    console.soft_wrap = not console.is_terminal  # a pipe gets whole lines
    found = design.changes(before, after)
    if before.id != after.id:
        console.print(f"[yellow]These are two trials, {escape(before.id)} and {escape(after.id)}, not two versions.[/]")
    console.print(f"{escape(before.id)}: version {escape(before.version)} to {escape(after.version)}")
    if not found:
        console.print("The two versions say the same.")
    if found and before.version == after.version:
        console.print("[yellow]The versions have the same name; an amendment needs a new one.[/]")
    for title, wanted in (("Substantial changes", True), ("Other changes", False)):
        chosen = [one for one in found if one.substantial is wanted]
        if chosen:
            console.print(f"[bold]{title}[/] ({len(chosen)})")
        for one in chosen:
            console.print(f"  {escape(one.sentence)}")


def _read(path: Path) -> "Definition":
    from trialwright import design
    from trialwright.measures.instruments.offered import INSTRUMENTS_ALONE

    try:
        return design.read(path, INSTRUMENTS_ALONE)
    except design.DefinitionErrors as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(1) from None
