"""`trialwright check`: what is wrong with a definition, what it assumes, what it leaves open."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from trialwright.design import Place, Problem, Reading, Review


def check(
    trial: Annotated[Path, typer.Argument(help="A trial's folder, or its definition file.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Validate a definition: errors with their places, warnings, assumptions, ambiguities, what nothing feeds."""
    from trialwright import design
    from trialwright.conduct.catalogue import catalogue

    reading = design.inspect(trial, catalogue())
    if json:
        import orjson

        typer.echo(orjson.dumps(as_plain(reading), option=orjson.OPT_INDENT_2).decode())
    else:
        _print(reading)
    if reading.errors:
        raise typer.Exit(1)


def as_plain(reading: "Reading") -> dict[str, Any]:
    """What was found as dictionaries, lists and texts."""
    from trialwright import design

    seen, definition = reading.review, reading.definition
    summary: dict[str, Any] = {"ok": not reading.errors, "files": [str(file) for file in reading.files]}
    if definition is not None:
        summary |= {
            "trial": definition.id,
            "version": definition.version,
            "fingerprint": design.fingerprint(definition),
        }
    summary["errors"] = [_problem(problem) for problem in reading.errors]
    summary["warnings"] = [_problem(problem) for problem in reading.warnings]
    if seen is not None:
        summary["assumptions"] = [
            {"path": one.path, "source": one.source, "note": one.note, "file": one.file, "line": one.line}
            for one in seen.assumptions
        ]
        summary["ambiguities"] = [{"path": one.path, "text": one.text} for one in seen.ambiguities]
        summary["endpoints_that_nothing_feeds"] = list(seen.unfed_endpoints)
        summary["items_on_no_visit"] = list(seen.idle_items)
        summary["methods_that_the_catalogue_lacks"] = list(seen.missing_methods)
    return summary


def _problem(problem: "Problem") -> dict[str, Any]:
    place = problem.place
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "path": problem.path,
        "message": problem.message,
        "suggestion": problem.suggestion,
    }


def _print(reading: "Reading") -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(soft_wrap=True, highlight=False, emoji=False)
    for title, style, problems in (("Errors", "red", reading.errors), ("Warnings", "yellow", reading.warnings)):
        if problems:
            console.print(f"[bold {style}]{title}[/] ({len(problems)})")
            _rows(console, [_problem_row(first, more) for first, more in _together(problems)])
    if reading.review is not None:
        _print_review(reading.review, console)
        for title, names in (
            ("Endpoints that nothing feeds", reading.review.unfed_endpoints),
            ("Items on no visit", reading.review.idle_items),
            ("Methods that the catalogue lacks", reading.review.missing_methods),
        ):
            console.print(f"[bold]{title}[/]: {escape(', '.join(names)) or 'none'}", soft_wrap=not console.is_terminal)
    console.print(_verdict(reading), soft_wrap=not console.is_terminal)


def _rows(console: "Console", rows: "Sequence[tuple[str, str]]") -> None:
    """Two columns that wrap on a terminal, one line each in a pipe."""
    if not console.is_terminal:
        for place, text in rows:
            console.print(f"  [cyan]{place}[/]  {text}")
        return
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", overflow="fold", max_width=max(48, console.width // 2))
    table.add_column()
    for place, text in rows:
        table.add_row(f"  {place}", text)
    console.print(table, soft_wrap=False)


def _problem_row(first: "Problem", more: "Sequence[Place]") -> tuple[str, str]:
    from rich.markup import escape

    hint = f" [dim]({escape(first.suggestion)})[/]" if first.suggestion else ""
    return escape(str(first.place)), f"{escape(first.message)}{hint}{_also(first.place, more)}"


def _together(problems: "Sequence[Problem]") -> "list[tuple[Problem, list[Place]]]":
    """Problems that say the same in one entry: the first, and where the others are."""
    entries: dict[tuple[str, str | None], tuple[Problem, list[Place]]] = {}
    for problem in problems:
        same = (problem.message, problem.suggestion)
        if same in entries:
            entries[same][1].append(problem.place)
        else:
            entries[same] = (problem, [])
    return list(entries.values())


def _also(first: "Place", others: "Sequence[Place]") -> str:
    """Where else the same holds: lines of the same file by number, others with their file."""
    shown = [f"line {place.line}" if place.file == first.file else f"{place.file}:{place.line}" for place in others[:4]]
    more = f" and {len(others) - 4} more" if len(others) > 4 else ""
    return f" [dim](also {', '.join(shown)}{more})[/]" if others else ""


def _print_review(seen: "Review", console: "Console") -> None:
    from rich.markup import escape

    if seen.assumptions:
        console.print(f"[bold]Assumptions[/] ({len(seen.assumptions)}): no source confirms these")
        _rows(
            console,
            [
                (escape(f"{one.file}:{one.line}"), f"{escape(one.path)}: {escape(one.note or 'assumed')}")
                for one in seen.assumptions
            ],
        )
    if seen.ambiguities:
        console.print(f"[bold]Ambiguities[/] ({len(seen.ambiguities)}): the sources leave these open")
        _rows(console, [(escape(one.path), escape(one.text)) for one in seen.ambiguities])


def _verdict(reading: "Reading") -> str:
    errors, warnings = len(reading.errors), len(reading.warnings)
    if errors:
        return f"[bold red]{errors} {'error' if errors == 1 else 'errors'}[/]: the definition cannot be used yet."
    assumed = len(reading.review.assumptions) if reading.review is not None else 0
    definition = reading.definition
    name = f"{definition.id} version {definition.version}" if definition is not None else "The definition"
    return (
        f"[bold green]{name} is sound[/]: no errors, {warnings} {'warning' if warnings == 1 else 'warnings'}, "
        f"{assumed} {'assumption' if assumed == 1 else 'assumptions'}."
        + (" It can be rehearsed; opening it needs a name that accepts the assumptions." if assumed else "")
    )
