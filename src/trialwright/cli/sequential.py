"""`trialwright sequential ...`: trials that are looked at more than once, and sizes that are looked at again."""

from collections.abc import Mapping
from math import isinf
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialwright.cli.sequential_design import Json, with_design
from trialwright.cli.sequential_reestimate import reestimate

if TYPE_CHECKING:
    from trialwright.analysis.sequential import Boundaries

sequential_app = typer.Typer(
    help="Group-sequential designs, and the sample size looked at again.", no_args_is_help=True,
    pretty_exceptions_enable=False,
)  # fmt: skip

Look = Annotated[int, typer.Option(help="Which look, counted from 1.")]
Z = Annotated[float, typer.Option("--z", help="The statistic there, over all participants so far.")]


def boundaries(design: "Boundaries", power: Annotated[float | None, typer.Option(help="For the sizes.")] = None,
               as_json: Json = False) -> None:  # fmt: skip
    """The bounds of each look, what they spend, and what the looks cost."""
    from trialwright.analysis.sequential import characteristics

    found = characteristics(design, power)
    content = {**_plain(design), "characteristics": _fields(found)}
    if as_json:
        _json(content)
        return
    _print_design(design)
    typer.echo(
        f"For a power of {100 * found.power:g} %: drift {found.drift:.6f}; the largest size is {found.inflation:.6f} "
        f"times that of a single look;\nexpected {found.expected_full:.4f} times under the effect, "
        f"{found.expected_half:.4f} under half of it, {found.expected_none:.4f} without any."
    )


def power(
    design: "Boundaries",
    drift: Annotated[float | None, typer.Option(help="Expected Z at full information.")] = None,
    difference: Annotated[float | None, typer.Option(help="Or a difference of means ...")] = None,
    sd: Annotated[float, typer.Option(help="... with this standard deviation ...")] = 1.0,
    n: Annotated[float | None, typer.Option("--n", help="... and this largest size, both arms.")] = None,
    wanted: Annotated[float | None, typer.Option("--power", help="Instead of --n: solve for the size.")] = None,
    ratio: Annotated[float, typer.Option(help="Treatment to reference.")] = 1.0,
    as_json: Json = False,
) -> None:
    """The chance to stop at each look, the power and the expected size."""
    from trialwright.analysis.power.asking import positive
    from trialwright.analysis.sequential import BadDesign, drift_for, drift_of, exits

    positive(standard_deviation=sd, ratio=ratio)
    if drift is None and difference is not None and wanted is not None and n is None:
        drift = drift_for(design, wanted)
        positive(difference=abs(difference))
        n = (1 + ratio) * (1 + 1 / ratio) * (drift * sd / difference) ** 2
    elif drift is None and wanted is not None and n is None:
        drift = drift_for(design, wanted)
    elif drift is None:
        if difference is None or n is None:
            raise BadDesign("Give --drift, or --difference with --sd and --n, or --power to solve for the size.")
        positive(number_of_participants=n)
        drift = drift_of(difference, sd, n, ratio)
    found = exits(design, drift)
    content = {**_plain(design), **_fields(found), "n": n, "expected_n": None if n is None else n * found.information}
    if as_json:
        _json(content)
        return
    _print_design(design, {"Stops above, %": found.above, "Stops below, %": found.below})
    typer.echo(f"Drift {drift:.6f}: power {100 * found.power:.3f} %, expected information {found.information:.4f}.")
    if n is not None:
        typer.echo(f"Largest size {n:.4f}, expected {n * found.information:.4f} (normal approximation).")


def conditional(
    design: "Boundaries",
    look: Look,
    z: Z,
    drift: Annotated[float | None, typer.Option(help="The drift of the plan; without, that of --power.")] = None,
    planned: Annotated[float, typer.Option("--power", help="The power that the plan gives its effect.")] = 0.8,
    prior_mean: Annotated[float, typer.Option(help="Of the drift, before the data.")] = 0.0,
    prior_sd: Annotated[float | None, typer.Option(help="Of the drift; without, a flat prior.")] = None,
    as_json: Json = False,
) -> None:
    """Half way: the chance still to succeed under the plan, the trend, no effect, and on average over belief."""
    from trialwright.analysis.sequential import conditional_power, drift_for, predictive_power

    if drift is None:
        drift = drift_for(design, planned)
    content = {
        "look": look,
        "z": z,
        "information": design.information[look - 1] if 1 <= look <= design.looks else None,
        "planned_drift": drift,
        "conditional_power_plan": conditional_power(design, look, z, drift),
        "conditional_power_trend": conditional_power(design, look, z),
        "conditional_power_none": conditional_power(design, look, z, 0.0),
        "predictive_power": predictive_power(design, look, z, prior_mean, prior_sd),
        "prior": "flat" if prior_sd is None else {"mean": prior_mean, "sd": prior_sd},
    }
    if as_json:
        _json(content)
        return
    typer.echo(f"At look {look} with Z = {z:g}, nobody having stopped:")
    for name, words in (
        ("plan", f"if the plan is true (drift {drift:.4f})"), ("trend", "if the trend goes on"),
        ("none", "if there is no effect"),
    ):  # fmt: skip
        typer.echo(f"{100 * float(str(content[f'conditional_power_{name}'])):8.2f} %  conditional power {words}")
    prior = "a flat prior" if prior_sd is None else f"the prior N({prior_mean:g}, {prior_sd:g}^2) of the drift"
    typer.echo(f"{100 * float(str(content['predictive_power'])):8.2f} %  predictive power with {prior}")


def final(
    design: "Boundaries",
    look: Look,
    z: Z,
    se: Annotated[float, typer.Option(help="Standard error of the estimate at that look.")],
    as_json: Json = False,
) -> None:
    """After stopping: stage-wise p, median-unbiased estimate with its interval, and the repeated interval."""
    from trialwright.analysis.sequential import final as analysed
    from trialwright.analysis.sequential import repeated

    found, again = analysed(design, look, z, se), repeated(design, look, z, se)
    if as_json:
        _json({"look": look, "z": z, **_fields(found), "interval": _fields(found.interval), "repeated": _fields(again)})
        return
    level = f"{100 * found.interval.level:g} %"
    typer.echo(
        f"p = {found.p:.6g} (stage-wise, {'one' if design.sided == 1 else 'two'}-sided)\n"
        f"Median-unbiased estimate {found.interval.estimate:.6g}, {level} interval {found.interval.lower:.6g} to "
        f"{found.interval.upper:.6g} (naive estimate {found.naive:.6g})\n"
        f"Repeated {level} interval {again.lower:.6g} to {again.upper:.6g}"
    )


for command in (boundaries, power, conditional, final):
    sequential_app.command(command.__name__)(with_design(command))
sequential_app.command()(reestimate)


# ------------------------------------------------------------------ output


def _plain(design: "Boundaries") -> dict[str, Any]:
    return {**_fields(design), "nominal": design.nominal}


def _fields(one: Any) -> dict[str, Any]:
    """A slotted frozen dataclass as a dictionary of its own fields."""
    from dataclasses import fields

    return {field.name: getattr(one, field.name) for field in fields(one)}


def _json(content: Mapping[str, Any]) -> None:
    import orjson

    typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2, default=_fields).decode())


def _print_design(design: "Boundaries", more: Mapping[str, tuple[float, ...]] | None = None) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    headings = ["Look", "Information", "Upper bound"]
    headings += ["Futility bound"] if design.lower else []
    headings += ["Nominal p", "Alpha spent", *(more or {})]
    for heading in headings:
        table.add_column(heading, justify="right")
    for look in range(design.looks):
        cells = [str(look + 1), f"{design.information[look]:.4g}", _bound(design.upper[look])]
        cells += [_bound(design.lower[look])] if design.lower else []
        cells += [f"{design.nominal[look]:.6f}", f"{design.spent[look]:.6f}"]
        table.add_row(*cells, *(f"{100 * column[look]:.3f}" for column in (more or {}).values()))
    console = Console(highlight=False, emoji=False)
    console.width = max(console.width, 110)
    binding = "" if design.lower is None else ", futility binding" if design.binding else ", futility not binding"
    console.print(f"[bold]{design.type}[/bold], {design.sided}-sided alpha {design.alpha:g}{binding}")
    console.print(table)


def _bound(value: float) -> str:
    return "-" if isinf(value) else f"{value:.8f}"
