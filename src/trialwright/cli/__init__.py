"""The command line: one function per command, in a module named after it.

Only the command-line library is imported here, so that `--help` answers at once; what a command needs is imported
inside it. Exit codes: 0 done, 1 refused or invalid input, 2 wrong usage. Commands that print a table have `--json`.
Nothing here knows an allocation but what `analyse` and `report` are handed after the lock.
"""

import resource
import sys
from typing import Annotated

import typer

from trialwright.cli.allocation import allocation_app
from trialwright.cli.assay import assay
from trialwright.cli.break_host import break_host_app
from trialwright.cli.breaks import breaks_app
from trialwright.cli.check import check
from trialwright.cli.cytometry import cytometry
from trialwright.cli.demo import demo
from trialwright.cli.diff import diff
from trialwright.cli.dsmb import dsmb_app
from trialwright.cli.immunoglobulin import immunoglobulin
from trialwright.cli.instruments import instruments_app
from trialwright.cli.keys import keys_app
from trialwright.cli.kits import kits_app
from trialwright.cli.lab import lab_app
from trialwright.cli.ledger import ledger_app
from trialwright.cli.mmrm import mmrm
from trialwright.cli.open import open_
from trialwright.cli.pharmacy_stock import pharmacy_app
from trialwright.cli.plate_layout import plate_layout
from trialwright.cli.registry import registry_app
from trialwright.cli.rehearse import rehearse
from trialwright.cli.report import analyse, report
from trialwright.cli.safety import safety_app
from trialwright.cli.sample_size import sample_size_app
from trialwright.cli.score import score_app
from trialwright.cli.screen import screen
from trialwright.cli.sequential import sequential_app
from trialwright.cli.serve import serve
from trialwright.cli.simulate import simulate
from trialwright.cli.wordings import wordings_app

app = typer.Typer(
    name="trialwright",
    help="A clinical trial, written once and run.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"trialwright {version('trialwright')}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """A clinical trial, written once and run."""


for command in (check, diff, screen, rehearse, simulate, demo, serve, analyse, report, mmrm, immunoglobulin, assay):
    app.command()(command)
app.command("cytometry")(cytometry)
app.command("open")(open_)
app.command("plate-layout")(plate_layout)
for name, group in (
    ("allocation", allocation_app),
    ("break-host", break_host_app),
    ("breaks", breaks_app),
    ("dsmb", dsmb_app),
    ("instruments", instruments_app),
    ("keys", keys_app),
    ("kits", kits_app),
    ("lab", lab_app),
    ("ledger", ledger_app),
    ("pharmacy", pharmacy_app),
    ("registry", registry_app),
    ("safety", safety_app),
    ("sample-size", sample_size_app),
    ("score", score_app),
    ("sequential", sequential_app),
    ("wordings", wordings_app),
):
    app.add_typer(group, name=name)


def main() -> None:
    """Run the `trialwright` program. An error of our own is a sentence with its place, not a traceback."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash must not write a seed or a key to a disk
    try:
        app()
    except Exception as error:
        if isinstance(error, OSError):
            sentence = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
        elif type(error).__module__.partition(".")[0] == "trialwright":
            sentence = str(error)
        elif type(error).__module__ == "django.db.utils":
            sentence = f"the database cannot be used: {' '.join(str(error).split())}"
        else:
            raise
        print(sentence, file=sys.stderr)
        sys.exit(1)
