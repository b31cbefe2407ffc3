"""`trialwright kits simulate`: before the trial, how likely it is that a kit is lacking."""

import json
from typing import Annotated, Any

import typer

from trialwright.cli.kits_options import Json, Trial


def simulate(
    trial: Trial,
    trials: Annotated[int, typer.Option(min=1, help="How many imagined trials.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 1,
    scenario: Annotated[str | None, typer.Option(help="A scenario of scenarios.yaml; the default one without.")] = None,
    made: Annotated[
        int | None, typer.Option(min=1, help="Kits made, per unit of an arm's share; ample without.")
    ] = None,
    shelf_life: Annotated[int | None, typer.Option(min=1, help="Days until they expire; never without.")] = None,
    as_json: Json = False,
) -> None:
    """How likely it is that a kit is lacking, at each site and in the trial, and how many kits are left over."""
    from trialwright.cli.progress import progress
    from trialwright.simulate.kits import Making, simulated

    with progress("Supplying imagined trials", total=trials, unit="trials") as step:
        result = simulated(trial, seed, trials, scenario, Making(made, shelf_life), step)
    if as_json:
        typer.echo(json.dumps(result, indent=2, ensure_ascii=False))
        return
    show_supply(result)


def show_supply(result: dict[str, Any]) -> None:
    """The figures of a simulated supply, each with its Monte Carlo error."""
    out = result["stock_out"]
    rows = [("a kit lacking at any visit, % of trials", out["trial"])]
    rows += [(f"at site {site}, % of trials", share) for site, share in out["sites"].items()]
    rows += [("at one visit, % of visits", out["visit"])]
    for name, words in (("shipments", "shipments"), ("sent", "kits sent"), ("dispensed", "kits dispensed")):
        rows.append((words, result[name]))
    rows.append(("left over, % of kits sent", result["waste"]))
    for words, figure in rows:
        error = "" if figure["error"] is None else f" ± {figure['error']:.2g}"
        most = f" (at most {figure['upper']:.2g} with 95 % confidence)" if "upper" in figure else ""
        typer.echo(f"{words:<44}{'-' if figure['mean'] is None else format(figure['mean'], '.4g')}{error}{most}")
    typer.echo(f"At most {result['most_sent']} kits were sent in {result['times']} trials.")
