"""`trialwright rehearse`: whole trials with imaginary participants, from consent to analysis."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialwright.simulate.outcome import Outcome


def rehearse(
    trial: Annotated[Path, typer.Argument(help="The trial's folder or its trial.yaml.")],
    times: Annotated[int, typer.Option(min=1, help="How many whole trials.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers and seals.")] = 1,
    scenario: Annotated[str | None, typer.Option(help="A scenario of scenarios.yaml; the default one without.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes; the numbers do not depend on it.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Write summary.json and trials.csv here.", metavar="DIR")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
) -> None:
    """Rehearse a trial many times through the real program, and say what it came to."""
    from trialwright.cli.progress import progress
    from trialwright.simulate.summary import outcomes, summary

    if out is not None and out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file; name a folder", param_hint="--out")
    if out is not None and not out.exists():
        out.mkdir(parents=True)  # now, and not when hours of rehearsing are lost with it
        out.rmdir()
    try:
        with progress("Rehearsing", total=times, unit="trials") as step:
            done = outcomes(trial, seed, times, scenario=scenario, workers=workers, progress=lambda made, _: step(made))
    except KeyboardInterrupt:
        typer.echo("Stopped; nothing was written.", err=True)
        raise typer.Exit(130) from None
    result = summary(trial, scenario, seed, done)
    if out is not None:
        _write(out, result, done)
    typer.echo(json.dumps(result, indent=2, ensure_ascii=False)) if as_json else _show(result)


def _write(out: Path, result: dict[str, Any], done: "Sequence[Outcome]") -> None:
    import csv

    out.mkdir(parents=True, exist_ok=True)
    (out / "summary.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    rows = [_row(one) for one in done]
    with (out / "trials.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _row(one: "Outcome") -> dict[str, object]:
    """One trial as a line of the table."""
    names = (
        "trial",
        "seal",
        "facts",
        "considered",
        "consented",
        "not_eligible",
        "left_before",
        "randomised",
        "completed",
    )
    row: dict[str, object] = {name: getattr(one, name) for name in names} | dict(one.ends)
    for arm, here in one.arms.items():
        row |= {f"n_{arm}": here.n, f"mean_{arm}": here.mean, f"sd_{arm}": here.sd}
        row |= {f"{name}_{arm}": count for name, count in here.reaching.items()}
    return row | {"difference": one.difference, "se": one.se, "p": one.p, "refused": one.refused}


# ------------------------------------------------------------------ for people


def _show(result: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    console.soft_wrap = not console.is_terminal  # a pipe gets whole lines
    chosen = result["scenario"]
    console.print(f"[bold]{result['trial']}[/bold], rehearsed {result['times']} times (seed {result['seed']})")
    console.print(f"Scenario {chosen['name']} ({chosen['label']}): {chosen['text']}")
    _flow(console, result)
    _arms(console, result)
    _published(console, result)
    if result["supply"] is not None:
        from trialwright.cli.kits_plan import show_supply

        show_supply(result["supply"])
    for caveat in result["caveats"]:
        console.print(f"Caveat: {caveat}")
    console.print(f"{result['assumed']} values of scenarios.yaml are assumed (docs/explanation/simulation.md).")
    if result["unlike"]:
        console.print(f"[red]{result['unlike']} participants had another verdict than the scenario claims.[/red]")
    console.print(f"Seals of all trials (SHA-256): {result['seals']}")
    console.print(f"Processor time: {result['timing']['cpu_seconds_per_trial']:.3f} s per trial")


def _flow(console: Any, result: dict[str, Any]) -> None:
    table = _table("Per trial", "mean", "Monte Carlo error")
    words = {"not_eligible": "not eligible at screening", "left_before": "left before randomisation"}
    for name, figure in result["flow"].items():
        table.add_row(words.get(name, name), *_figure(figure, 1))
    for kind, figure in result["ends"].items():
        table.add_row(f"{kind.replace('_', ' ')}, % of randomised", *_figure(figure, 1))
    console.print(table)


def _arms(console: Any, result: dict[str, Any]) -> None:
    arms = result["arms"]
    table = _table("Primary measure", *(f"{arm}: {entry['label']}" for arm, entry in arms.items()))
    for name in ("analysed", "mean", "sd"):
        table.add_row(name, *(_with_error(entry[name]) for entry in arms.values()))
    for name in next(iter(arms.values()), {"reaching": {}})["reaching"]:
        table.add_row(f"{name}, %", *(_with_error(entry["reaching"][name]) for entry in arms.values()))
    console.print(table)
    primary = result["primary"]
    console.print(f"Difference by the primary analysis: {_with_error(primary['difference'])}")
    console.print(f"Trials in which it is significant: {_with_error(primary['rejected'])} %")
    for sentence in primary["refused"]:
        console.print(f"Not estimable in some trials: {sentence}")


def _published(console: Any, result: dict[str, Any]) -> None:
    if not result["published"]:
        return
    table = _table("Beside published shares", "published %", "95 % interval", "simulated %", "inside")
    for row in result["published"]:
        interval = f"{row['lower']} to {row['upper']}"
        name = f"{row['label']}, at least {row['threshold']:g}"
        table.add_row(
            name, str(row["published"]), interval, _with_error(row["simulated"]), "yes" if row["inside"] else "NO"
        )
    console.print(table)


def _table(first: str, *others: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _figure(figure: dict[str, float | None], digits: int) -> tuple[str, str]:
    mean, error = figure["mean"], figure["error"]
    return ("-" if mean is None else f"{mean:.{digits}f}"), ("-" if error is None else f"{error:.{digits + 1}f}")


def _with_error(figure: dict[str, float | None]) -> str:
    mean, error = _figure(figure, 1)
    return mean if error == "-" else f"{mean} ± {error}"
