"""`trialwright allocation ...`: before the start, the plan and the making of the list; afterwards, the proof.

Each command has a module of its own, named after it, and its line here.
"""

import typer

from trialwright.cli.allocation_annex import annex
from trialwright.cli.allocation_card import card
from trialwright.cli.allocation_change import approve, compare, extend, propose, reseal
from trialwright.cli.allocation_envelopes import envelopes
from trialwright.cli.allocation_generate import generate
from trialwright.cli.allocation_plan import plan
from trialwright.cli.allocation_review import review
from trialwright.cli.allocation_share import share
from trialwright.cli.allocation_verify import verify
from trialwright.cli.allocator import connect, install, serve

allocation_app = typer.Typer(
    help="Plan, make and prove the allocation.", no_args_is_help=True, pretty_exceptions_enable=False
)

for command in (
    plan,
    annex,
    share,
    generate,
    review,
    verify,
    install,
    serve,
    connect,
    extend,
    reseal,
    propose,
    compare,
    approve,
    envelopes,
    card,
):
    allocation_app.command()(command)
