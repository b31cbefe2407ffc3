"""`trialwright allocation plan`: how guessable and how balanced every method would be, before the list is made."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from trialwright.simulate.allocation_advice import Advice
    from trialwright.simulate.allocation_plan import Figure, Plan, Row

DRAWS = 120_000
"""Participants imagined for each method, where nothing else is asked: about two seconds."""
WIDTH = 100
HEADINGS = {
    "over all": "One list for everybody",
    "in each stratum": "A list for each stratum",
    "over the factors": "Minimised over the factors",
}


def plan(
    trial: Annotated[Path, typer.Argument(help="The trial's folder or its trial.yaml.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same table.")] = 1,
    trials: Annotated[
        int | None, typer.Option(min=2, help="Imagined trials for each method; without, 2,500 of 48 participants.")
    ] = None,
    scenario: Annotated[str | None, typer.Option(help="A scenario of scenarios.yaml; the default one without.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Write plan.json, plan.svg, plan.png, risk.svg and risk.png here.", metavar="DIR"),
    ] = None,
) -> None:
    """Compare the methods of randomisation for this trial, and say what laboratory values will tell of the arm. The
    sealed annex is not read."""
    from trialwright import design, simulate
    from trialwright.cli.allocation_risk import plain_risks, show_risks, write_risks
    from trialwright.cli.progress import progress
    from trialwright.conduct.catalogue import catalogue
    from trialwright.simulate.allocation_advice import advice
    from trialwright.simulate.allocation_plan import plan as planned
    from trialwright.simulate.unblinding_risk import expected

    if out is not None and out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file; name a folder", param_hint="--out")
    definition = design.read(trial, catalogue())
    program = simulate.program(simulate.read(trial), definition, scenario)
    times = trials or max(200, min(2500, DRAWS // definition.randomisation.n))
    with progress("Comparing methods", unit="methods") as step:
        table = planned(program, seed, times, step)
    says, risks = advice(table, definition), expected(program, seed)
    content = as_plain(table, says) | {"laboratory_values": plain_risks(risks)}
    if out is not None:
        _write(out, table, says, content)
        write_risks(out, risks)
    if as_json:
        import orjson

        typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
    else:
        show_risks(_show(table, says), risks)


# ------------------------------------------------------------------ for programs


def as_plain(table: "Plan", says: "Advice") -> dict[str, Any]:
    """The table as JSON: shares and participants at full precision, each figure with its error or marked exact."""
    return {
        "trial": table.trial,
        "n": table.n,
        "ratio": dict(table.ratio),
        "factors": {name: dict(table.shares[name]) for name in table.factors},
        "declared": table.declared,
        "scenario": table.scenario,
        "seed": table.seed,
        "trials": table.trials,
        "recommended": says.row.name if says.row else None,
        "blind_may_leak": says.leaks,
        "advice": list(says.sentences),
        "left_out": list(table.left_out),
        "methods": [_plain_row(row) for row in table.rows],
    }


def _plain_row(row: "Row") -> dict[str, Any]:
    figures = ("guesses", "guesses_by_size", "certain", "certain_by_size", "overall", "worst", "total", "power_lost",
               "patients_lost")  # fmt: skip
    return {
        "name": row.name,
        "method": row.method.name,
        "parameters": {key: value for key, value in row.method.parameters.items() if key != "factors"},
        "place": row.place,
        "needs_allocator": row.needs_allocator,
        **{name: _plain_figure(getattr(row, name)) for name in figures},
        "upper_95": row.upper,
        "margins": {name: _plain_figure(figure) for name, figure in row.margins.items()},
    }


def _plain_figure(figure: "Figure | None") -> dict[str, Any] | None:
    if figure is None:
        return None
    return {"value": figure.value, "error": figure.error, "exact": figure.error is None}


def _write(out: Path, table: "Plan", says: "Advice", content: dict[str, Any]) -> None:
    import orjson

    from trialwright.report.allocation import Spot, trade_off

    out.mkdir(parents=True, exist_ok=True)
    spots = [
        Spot(_short(row), row.place, 100 * row.guesses.value, row.worst.value, row is says.row) for row in table.rows
    ]
    unequal = "Difference of the arms in the worst stratum, mean" if table.factors else "Difference of the arms, mean"
    svg, png = trade_off(spots, f"{table.trial}: {table.n} participants, every method of randomisation", unequal)
    (out / "plan.json").write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    (out / "plan.svg").write_text(svg, encoding="utf-8")
    (out / "plan.png").write_bytes(png)


def _short(row: "Row") -> str:
    """The method in a word or two, for a point of the figure."""
    name = row.name.removesuffix(", stratified").removeprefix("minimisation ")
    return f"p = {name}" if row.needs_allocator else name


# ------------------------------------------------------------------ for people


def _show(table: "Plan", says: "Advice") -> "Console":
    import sys

    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    if not sys.stdout.isatty():
        console.width = max(console.width, WIDTH)
    ratio = ":".join(str(share) for share in table.ratio.values())
    console.print(
        f"[bold]{table.trial}[/bold]: {table.n} participants, {' '.join(table.ratio)} {ratio}{_strata(table)}"
    )
    _table(console, table, says)
    console.soft_wrap = not console.is_terminal  # a pipe gets whole lines
    for sentence in _notes(table):
        console.print(f"[dim]{sentence}[/dim]")
    console.print()
    for sentence in says.sentences:
        console.print(f"- {sentence}")
    return console


def _strata(table: "Plan") -> str:
    if not table.factors:
        return ", no strata"
    parts = [
        f"{name} ({', '.join(f'{level} {100 * share:.0f} %' for level, share in shares.items())})"
        for name, shares in table.shares.items()
    ]
    return f", by {'; '.join(parts)}"


def _table(console: "Console", table: "Plan", says: "Advice") -> None:
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, collapse_padding=True)
    shown.add_column("Method", no_wrap=True)
    names = list(table.factors) if len(table.factors) > 1 else []
    columns = ["Guessed\n%", "Certain %\n(at most)", "Over all\n(95 %)"]
    columns += ["Worst\nstratum", "Sum of\nstrata"] if table.factors else []
    columns += [f"Worst of\n{name[:12]}" for name in names[:2]]
    columns += ["Power\npoints", "Patients\nlost"]
    for column in columns:
        shown.add_column(column, justify="right", no_wrap=True)
    place = ""
    for row in table.rows:
        if row.place != place and table.factors:
            place = row.place
            shown.add_row(f"[italic]{HEADINGS[place]}[/italic]")
        shown.add_row(*_cells(row, table, says, names), style="bold" if row is says.row else None)
    console.print(shown)


def _cells(row: "Row", table: "Plan", says: "Advice", names: list[str]) -> list[str]:
    at_most = f"{100 * row.certain.value:.0f}"
    if round(100 * row.certain_by_size.value) != round(100 * row.certain.value):
        at_most += f" ({100 * row.certain_by_size.value:.0f})"
    cells = [
        ("> " if row is says.row else "  ") + row.name.removesuffix(", stratified"),
        _cell(row.guesses, 100, 1),
        at_most,
        f"{_cell(row.overall, 1, 1)} ({row.upper:g})",
    ]
    cells += [_cell(row.worst, 1, 1), _cell(row.total, 1, 1)] if table.factors else []
    cells += [_cell(row.margins[name], 1, 1) for name in names[:2]]
    return [*cells, _cell(row.power_lost, 100, 2), _cell(row.patients_lost, 1, 2)]


def _cell(figure: "Figure | None", scale: float, digits: int) -> str:
    if figure is None:
        return "-"
    return f"{'' if figure.error is None else '~'}{scale * figure.value:.{digits}f}"


def _notes(table: "Plan") -> list[str]:
    """What the columns mean, and how exact they are."""
    worst = {
        name: max((getattr(row, name).error or 0.0) for row in table.rows if getattr(row, name) is not None)
        for name in ("guesses", "overall", "worst")
    }
    notes = [
        "Guessed: right guesses of one who knows the method, every earlier arm and which block sizes there are."
        " Certain: draws that leave such a one no doubt (at most: one who knows each block's size too)."
        " Over all, worst stratum, sum: mean difference of the arms; in 95 % of trials it is not above the number in"
        " brackets. Power: points lost. Patients lost: Atkinson's loss.",
        f"~ simulated ({table.trials:,} trials of scenario {table.scenario}, seed {table.seed}); Monte Carlo error at"
        f" most {100 * worst['guesses']:.2f} % of guesses, {worst['overall']:.2f} over all, {worst['worst']:.2f} in the"
        " worst stratum. Without ~: exact. > recommended.",
    ]
    return [*notes, *(f"Not for this ratio: {reason}." for reason in table.left_out)]
