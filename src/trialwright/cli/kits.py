"""`trialwright kits`: numbered kits, from the sealed list to the account.

Two kinds of command: those that speak of numbers, statuses and places, which anybody of the right role may use
(`kits_stock`), and those that open what a kit holds with a private key, on the machine of whoever has it (`kits_held`).
"""

from collections.abc import Callable

import typer

from trialwright.cli import kits_held, kits_plan, kits_stock

kits_app = typer.Typer(no_args_is_help=True, help="Numbered kits: seal, ship, hand out, account for, plan.")
COMMANDS: dict[str, Callable[..., None]] = {
    "generate": kits_held.generate,
    "take-in": kits_stock.take_in,
    "release": kits_stock.release,
    "reject": kits_stock.reject,
    "plan-shipment": kits_held.plan_shipment,
    "ship": kits_stock.ship,
    "receive": kits_stock.receive,
    "quarantine": kits_stock.quarantine,
    "dispense": kits_held.dispense,
    "return": kits_stock.return_,
    "remove": kits_stock.remove,
    "account": kits_stock.account,
    "contents": kits_held.contents,
    "simulate": kits_plan.simulate,
}
for name, command in COMMANDS.items():
    kits_app.command(name)(command)
