"""The options that the commands of `trialwright kits` share."""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")]
Trial = Annotated[Path, typer.Argument(help="The trial's definition: its folder or its trial.yaml.")]
Numbers = Annotated[list[str], typer.Argument(help="Kit numbers as on the labels.", metavar="KIT...")]
SomeNumbers = Annotated[
    list[str] | None, typer.Argument(help="Kit numbers; all that it can be without.", metavar="[KIT...]")
]
By = Annotated[str, typer.Option("--by", help="Who does this: the person's id in the trial.")]
Why = Annotated[str | None, typer.Option("--why", help="The reason in words; it stays with the act.")]
Site = Annotated[str, typer.Option("--site", help="The site.")]
Place = Annotated[str | None, typer.Option("--place", help="A site, or `depot`.")]
Keys = Annotated[list[Path], typer.Option("--key", help="A private key file of somebody who may know.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Reading = Annotated[str | None, typer.Option("--reading", help="The temperature found, in degrees Celsius.")]


def table(rows: list[dict[str, str]]) -> None:
    """Rows under their names."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if not rows:
        return
    shown = Table(box=box.SIMPLE_HEAD)
    for name in rows[0]:
        shown.add_column(name.replace("_", " "))
    for row in rows:
        shown.add_row(*row.values())
    console = Console(highlight=False, emoji=False)
    console.soft_wrap = not console.is_terminal
    console.print(shown)
