"""`trialwright mmrm`: one mixed model for repeated measures from a CSV file in long form."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from trialwright.analysis.mmrm import Mmrm


def mmrm(
    file: Annotated[Path, typer.Argument(help="CSV, one row per participant and visit.", metavar="FILE.csv")],
    formula: Annotated[str, typer.Option(help="As in R: 'y ~ base + arm*visit'.", metavar="FORMULA")],
    participant: Annotated[str, typer.Option(help="Column that says whose row it is.", metavar="COLUMN")],
    visit: Annotated[str, typer.Option(help="Column of the visit; a factor.", metavar="COLUMN")],
    arm: Annotated[str | None, typer.Option(help="Column of the arm; a factor.", metavar="COLUMN")] = None,
    reference: Annotated[
        str | None, typer.Option(help="Arm that the others are compared with; the first without.", metavar="LEVEL")
    ] = None,
    covariance: Annotated[
        str, typer.Option(help="us, cs, csh, ar1, ar1h, ad, adh, toep, toeph or sp_exp.", metavar="STRUCTURE")
    ] = "us",
    df: Annotated[
        str,
        typer.Option(
            help="kenward-roger-linear, kenward-roger, satterthwaite, between-within, residual or asymptotic.",
            metavar="METHOD",
        ),
    ] = "kenward-roger-linear",
    method: Annotated[str, typer.Option(help="REML or ML.", metavar="METHOD")] = "REML",
    variance: Annotated[
        str,
        typer.Option(
            help="model, or a sandwich: empirical, empirical-jackknife, empirical-bias-reduced.", metavar="KIND"
        ),
    ] = "model",
    weights: Annotated[str | None, typer.Option(help="Column of weights.", metavar="COLUMN")] = None,
    groups: Annotated[
        str | None, typer.Option(help="Column of groups, each with a covariance of its own.", metavar="COLUMN")
    ] = None,
    visits: Annotated[
        str | None, typer.Option(help="Order of the visits; W4 before W12 without.", metavar="W4,W8,W12")
    ] = None,
    times: Annotated[
        str | None, typer.Option(help="Times of the visits in their order, for sp_exp.", metavar="4,8,12")
    ] = None,
    level: Annotated[float, typer.Option(help="Level of the confidence limits.")] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write fit.json, fit.txt and a CSV of each table here too.", metavar="DIR")
    ] = None,
) -> None:
    """Fit a mixed model for repeated measures (MMRM): means by arm and visit, differences, tests.

    A cell that is empty, NA or . is missing; rows without outcome or covariate are left out and counted.
    """
    from trialwright.analysis.mmrm import mmrm as fit_model

    if out is not None and out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file; name a folder", param_hint="--out")
    fit = fit_model(
        formula,
        file,
        participant=participant,
        visit=visit,
        arm=arm,
        reference=reference,
        covariance=covariance,
        df=df,
        method=method,
        variance=variance,
        weights=weights,
        groups=groups,
        visits=None if visits is None else [one.strip() for one in visits.split(",")],
        times=None if times is None else _times(times),
        level=level,
    )
    shown = _json(fit) if as_json else ""
    if out is not None:
        _write(fit, out)
    if as_json:
        typer.echo(shown)
    else:
        _show(fit)


def _times(text: str) -> list[float]:
    try:
        return [float(one) for one in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' must be numbers with commas between them: 4,8,12", param_hint="--times"
        ) from None


def _json(fit: "Mmrm") -> str:
    import orjson

    return orjson.dumps(fit.as_plain(), option=orjson.OPT_INDENT_2).decode()


def _show(fit: "Mmrm") -> None:
    """Tables fitted to the terminal; in a pipe aligned lines, whole."""
    import sys

    if not sys.stdout.isatty():
        typer.echo(str(fit))
        return
    from rich.console import Console

    on_terminal(fit, Console(highlight=False, emoji=False))


def on_terminal(fit: "Mmrm", console: "Console") -> None:
    """The printout with its titles set off, wrapped to the width of the console."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from trialwright.analysis.mmrm.export import facts, sheets

    console.print("[bold]Mixed model for repeated measures[/bold]")
    about = Table.grid(padding=(0, 2))
    for name, value in facts(fit):
        about.add_row(f"[dim]{name}[/dim]", escape(value))
    console.print(about)
    for sheet in sheets(fit):
        remark = f" [dim]({escape(sheet.remark)})[/dim]" if sheet.remark else ""
        console.print(f"\n[bold]{escape(sheet.title)}[/bold]{remark}")
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False, collapse_padding=True)
        for number, head in enumerate(sheet.heads):
            number_like = number >= sheet.texts
            table.add_column(
                escape(head), justify="right" if number_like else "left", no_wrap=number_like, overflow="fold"
            )
        for row in sheet.rows:
            table.add_row(*map(escape, row))
        console.print(table)


def _write(fit: "Mmrm", out: Path) -> None:
    """Every file is made whole before the first is written."""
    from trialwright.analysis.mmrm.export import tables

    files = {"fit.json": _json(fit) + "\n", "fit.txt": str(fit) + "\n"}
    files |= {f"{name}.csv": table.write_csv() for name, table in tables(fit).items()}
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        part = out / f".{name}.part"
        part.write_text(content, encoding="utf-8")
        part.replace(out / name)
