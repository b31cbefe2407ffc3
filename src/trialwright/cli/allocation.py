"""`trialwright allocation ...`: before the start, the plan and the making of the list; afterwards, the proof.

Each command has a module of its own, named after it, and its line here.
"""

import typer

allocation_app = typer.Typer(
    help="Plan, make and prove the allocation.", no_args_is_help=True, pretty_exceptions_enable=False
)
