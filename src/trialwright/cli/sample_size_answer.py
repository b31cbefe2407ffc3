"""What `trialwright sample-size` says: the quantity left out, whole participants, and the sizes around them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

N = Annotated[
    float | None, typer.Option("--n", help="Participants randomised in both arms; left out, it is solved for.")
]
Power = Annotated[float | None, typer.Option("--power", help="The power, such as 0.8; left out, it is solved for.")]
Alpha = Annotated[float, typer.Option(help="Significance level of all sides.")]
Sided = Annotated[int, typer.Option(help="1 or 2 sides.")]
Ratio = Annotated[float, typer.Option(help="Participants in the treatment arm for each one in the reference arm.")]
Dropout = Annotated[float, typer.Option(help="Share of the randomised who have no outcome, such as 0.1.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


@dataclass(frozen=True)
class Questions:
    """The three functions of one kind of outcome, in participants with an outcome, and how its effect is called."""

    size: Callable[[float, float], float]
    """(power, effect) -> n"""
    power: Callable[[float, float], float]
    """(n, effect) -> power"""
    effect: Callable[[float, float], float]
    """(n, power) -> effect"""
    effect_name: str
    option: str
    effect_text: Callable[[float], str]


def tell(
    questions: Questions, n: float | None, power: float | None, effect: float | None, ratio: float, dropout: float,
    assumptions: Mapping[str, Any], notes: Callable[[float], list[str]], as_json: bool,
) -> None:  # fmt: skip
    """Solve for what was left out, and print it with its neighbours."""
    from trialwright.analysis.power import BadQuestion, enrolled

    given = {"--n": n, "--power": power, questions.option: effect}
    missing = [name for name, value in given.items() if value is None]
    if len(missing) != 1:
        raise BadQuestion(
            f"Give two of {', '.join(given)} and leave out the one to solve for; "
            + (f"left out are {' and '.join(missing)}." if missing else "none was left out.")
        )
    enrolled(10 if n is None else n, ratio, dropout)  # refuses what is impossible before anything is solved
    kept = 1 - dropout
    needed: float | None = None
    if n is None:
        assert power is not None
        assert effect is not None
        needed = questions.size(power, effect)
        n = float(enrolled(needed, ratio, dropout).total)
        reached = questions.power(n * kept, effect)
    elif power is None:
        assert effect is not None
        reached = power = questions.power(n * kept, effect)
    else:
        effect = questions.effect(n * kept, power)
        reached = power
    assert effect is not None
    rows = [_row(questions, size, ratio, kept, effect, power) for size in _around(n, ratio, dropout)]
    content = {
        "solved": {"--n": "n", "--power": "power"}.get(missing[0], questions.effect_name),
        "n": needed if needed is not None else n * kept,
        "randomised": _arms(n, ratio),
        "power": reached,
        questions.effect_name: effect,
        "assumptions": {**assumptions, "ratio": ratio},
        "neighbours": rows,
        "notes": notes(n * kept),
    }
    if as_json:
        import orjson

        typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
    else:
        _show(questions, content, power, dropout)


def _arms(n: float, ratio: float) -> dict[str, float]:
    reference = n / (1 + ratio)
    if abs(n - round(n)) < 1e-9:
        reference = float(round(reference))
    return {"treatment": n - reference, "reference": reference, "total": n}


def _around(n: float, ratio: float, dropout: float) -> list[float]:
    """Two whole sizes below, the size itself, two above: about five per cent apart."""
    reference = n / (1 + ratio)
    step = max(1, round(0.06 * reference))
    arms = [round(reference) + step * off for off in (-2, -1, 0, 1, 2)]
    sizes = [float(arm + round(arm * ratio)) for arm in arms if arm >= 2]
    return sorted({n if abs(size - n) < step / 2 else size for size in sizes} | {n})


def _row(
    questions: Questions, size: float, ratio: float, kept: float, effect: float, power: float
) -> dict[str, Any]:  # fmt: skip
    from trialwright.analysis.estimates import NotEstimable

    row: dict[str, Any] = {**_arms(size, ratio)}
    for name, ask in (
        ("power", lambda: questions.power(size * kept, effect)),
        (f"detectable_{questions.effect_name}", lambda: questions.effect(size * kept, power)),
    ):
        try:
            row[name] = ask()
        except NotEstimable:  # a neighbour may be too small for the question
            row[name] = None
    return row


def _show(questions: Questions, content: Mapping[str, Any], power: float, dropout: float) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, emoji=False)
    console.width = max(console.width, 90)
    arms, effect = content["randomised"], questions.effect_text(content[questions.effect_name])
    lost = f", {100 * dropout:g} % of them without an outcome" if dropout else ""
    if content["solved"] == "n":
        console.print(f"[bold]{_size(content['n'])}[/bold] participants with an outcome are needed.")
    console.print(
        f"[bold]{arms['total']:g}[/bold] randomised ({arms['treatment']:g} + {arms['reference']:g}){lost}, "
        f"{effect}: power [bold]{100 * content['power']:.2f} %[/bold].",
        soft_wrap=True,
    )
    table = Table(box=box.SIMPLE_HEAD)
    for heading in (
        "Randomised",
        "Treatment",
        "Reference",
        "Power, %",
        f"{_word(questions)} shown with {100 * power:.3g} %",
    ):
        table.add_column(heading, justify="right")
    for row in content["neighbours"]:
        found = row[f"detectable_{questions.effect_name}"]
        table.add_row(
            f"{row['total']:g}", f"{row['treatment']:g}", f"{row['reference']:g}",
            "-" if row["power"] is None else f"{100 * row['power']:.1f}",
            "-" if found is None else f"{found:.4g}", style="bold" if row["total"] == arms["total"] else None,
        )  # fmt: skip
    console.print(table)
    given = ", ".join(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in content["assumptions"].items())
    console.print(f"Assumed: {given}.", soft_wrap=True)
    for note in content["notes"]:
        console.print(note, soft_wrap=True)


def _size(n: float) -> str:
    return f"{n:.0f}" if n == round(n) else f"{n:.5f}"


def _word(questions: Questions) -> str:
    return questions.effect_name.replace("_", " ").capitalize()


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return " ".join(_plain(part) for part in value) if isinstance(value, list | tuple) else str(value)


def numbers(text: str | None, option: str) -> list[float] | None:
    """Numbers between commas or blanks."""
    if text is None:
        return None
    parts = text.replace(",", " ").split()
    try:
        found = [float(part) for part in parts]
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no list of numbers, such as 0.5,1", param_hint=option) from None
    if not found:
        raise typer.BadParameter("give at least one number, such as 0.5,1", param_hint=option)
    return found
