"""`trialwright immunoglobulin`: the course of IgG under infusions, by week, and the model beside what was published."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from trialwright.simulate.immunoglobulin import Floats

LEVELS = (0.05, 0.95)


def immunoglobulin(
    dose: Annotated[float, typer.Option(min=0, help="g/kg of each course.")] = 2.0,
    courses: Annotated[
        str, typer.Option(help="Days on which courses begin, with commas.", metavar="0,28,56")
    ] = "0,28,56",
    days: Annotated[int, typer.Option(min=1, max=14, help="Days over which a course is split.")] = 3,
    weight: Annotated[float, typer.Option(min=1, max=400, help="Weight, kg.")] = 75.0,
    weight_sd: Annotated[float, typer.Option(min=0, help="Its standard deviation between people.")] = 13.0,
    baseline: Annotated[float, typer.Option(min=0.01, help="IgG before the first course, g/L.")] = 11.0,
    baseline_sd: Annotated[float, typer.Option(min=0, help="Its standard deviation between people.")] = 3.0,
    clearance: Annotated[float, typer.Option(min=0.05, max=20, help="Factor on the usual clearance.")] = 1.0,
    weeks: Annotated[int, typer.Option(min=1, max=520, help="Weeks to show.")] = 26,
    people: Annotated[int, typer.Option(min=2, max=100_000, help="Imagined people for mean and interval.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same people.")] = 1,
    published: Annotated[bool, typer.Option("--published", help="The model beside published numbers instead.")] = False,
    response: Annotated[bool, typer.Option("--response", help="The short formula of one course instead.")] = False,
    sources: Annotated[bool, typer.Option("--sources", help="The model's numbers and their sources instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The figure: FILE.svg or FILE.png.", metavar="FILE")
    ] = None,
) -> None:
    """Show IgG in serum under courses of immunoglobulin: each week's mean and 90 % of people.

    Two compartments, constant synthesis, recycling that saturates; at a course's own day the level before it.
    """
    if sum((published, response, sources)) > 1:
        raise typer.BadParameter("one of --published, --response and --sources", param_hint="--published")
    if output is not None and (published or response or sources or output.suffix not in (".svg", ".png")):
        raise typer.BadParameter("a figure of the course is FILE.svg or FILE.png", param_hint="-o")
    if sources:
        _say(_sources(), as_json)
    elif published:
        _say(_published(), as_json, below=("source", "note"))
    elif response:
        _say(_response(dose, _days(courses), days, weight, baseline, clearance), as_json)
    else:
        who = (weight, weight_sd, baseline, baseline_sd, clearance, people, seed)
        rows = _course(dose, _days(courses), days, weeks, *who)
        if output is not None:
            _draw(output, _course(dose, _days(courses), days, weeks, *who, every=0.5), dose, _days(courses))
        _say(rows, as_json, form=".1f")


def _days(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"'{text}': write days such as 0,28,56", param_hint="--courses") from None
    if any(not 0 <= day <= 3650 for day in found) or found != sorted(set(found)):
        raise typer.BadParameter(f"'{text}': days rise and none comes before 0", param_hint="--courses")
    return found


def _course(
    dose: float, on: list[float], days: int, weeks: int, weight: float, weight_sd: float, baseline: float,
    baseline_sd: float, clearance: float, people: int, seed: int, every: float = 7.0,
) -> list[dict[str, Any]]:  # fmt: skip
    """One row `every` so many days: the typical person's level and rise, mean and 90 % of people."""
    import numpy as np

    from trialwright.simulate import immunoglobulin as model

    generator = np.random.default_rng(seed)
    kg = generator.normal(weight, weight_sd, people).clip(weight / 2, 2 * weight)
    own = generator.normal(baseline, baseline_sd, people).clip(baseline / 4, 4 * baseline)
    at = np.arange(0, weeks * 7 + every / 2, every)
    several = model.people(generator, kg, own, clearance)
    found = model.levels(several, model.courses(kg, dose, on, days), at, tolerance=1e-4)
    typical = model.levels(
        model.kinetics(weight, baseline, clearance=clearance), model.courses(weight, dose, on, days), at
    )
    return [
        _week(day, typical[0, place], found[:, place], found[:, place] - own) for place, day in enumerate(at.tolist())
    ]


def _week(day: float, typical: float, level: "Floats", rise: "Floats") -> dict[str, Any]:
    import numpy as np

    low, high = np.quantile(level, LEVELS).tolist()
    less, more = np.quantile(rise, LEVELS).tolist()
    return {
        "week": day / 7 if day % 7 else round(day / 7), "typical": float(typical), "mean": float(level.mean()),
        "low": low, "high": high,
        "rise": float(rise.mean()), "rise_low": less, "rise_high": more,
    }  # fmt: skip


def _published() -> list[dict[str, Any]]:
    from trialwright.simulate.immunoglobulin_published import FASTER, beside_published

    words = {True: "yes", False: "no", None: ""}
    return [
        {
            "what": row.what, "unit": row.unit, "published": row.published, "model": row.model,
            "within": words[row.reproduced], f"clearance x {FASTER:g}": row.faster,
            "within then": words[row.reproduced_faster], "allowed": f"{100 * row.within:.0f} %", "source": row.source,
            "note": row.note,
        }
        for row in beside_published()
    ]  # fmt: skip


def _response(
    dose: float, on: list[float], days: int, weight: float, baseline: float, clearance: float
) -> list[dict[str, Any]]:
    from trialwright.simulate.immunoglobulin import kinetics
    from trialwright.simulate.immunoglobulin_published import response

    who = kinetics(weight, baseline, clearance=clearance)
    found = response(who, dose, on, days, weight=weight)
    return [
        {
            "igg_fast": found.fast, "igg_fast_rate": found.fast_rate, "igg_slow": found.slow,
            "igg_slow_rate": found.slow_rate, "largest difference": found.error,
        }
    ]  # fmt: skip


def _sources() -> list[dict[str, Any]]:
    from trialwright.simulate.immunoglobulin import QUANTITIES

    return [
        {
            "name": name,
            "value": one.value,
            "unit": one.unit,
            "what": one.label,
            "status": one.status,
            "source": one.source,
        }
        for name, one in QUANTITIES.items()
    ]


def _draw(output: Path, rows: list[dict[str, Any]], dose: float, on: list[float]) -> None:
    from trialwright.report.immunoglobulin_figure import course_picture, course_svg

    title = f"{dose:g} g/kg on day{'s' if len(on) > 1 else ''} {', '.join(f'{day:g}' for day in on)}"
    made = course_svg(rows, title).encode() if output.suffix == ".svg" else course_picture(rows, title)
    output.write_bytes(made)


def _say(rows: list[dict[str, Any]], as_json: bool, form: str = ".4g", below: tuple[str, ...] = ()) -> None:
    """A table, or all of it as JSON. What is long stands `below` the table, a line for each row."""
    if as_json:
        import json

        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    import sys

    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, emoji=False)
    if not sys.stdout.isatty():
        console.width = max(console.width, 200)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    columns = [name for name in rows[0] if name not in below]
    for name in columns:
        numbers = all(isinstance(row[name], float | int) or row[name] is None for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row[name], form) for name in columns))
    console.print(table)
    console.soft_wrap = not console.is_terminal  # a pipe gets whole lines
    for row in rows if below else ():
        said = ". ".join(str(row[name]) for name in below if row[name])
        console.print(f"[dim]{row[columns[0]]}: {said}.[/dim]")


def _cell(value: Any, form: str) -> str:
    if value is None:
        return ""
    return format(value, form) if isinstance(value, float) else str(value)
