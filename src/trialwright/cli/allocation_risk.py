"""What `allocation plan` says of laboratory values: how well each will tell the arm, from imagined trials."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from trialwright.analysis.estimates import Interval
    from trialwright.analysis.unblinding_risk import Risk


def plain_risks(risks: "Sequence[Risk]") -> list[dict[str, Any]]:
    """As JSON: shares of pairs with what 95 of 100 trials lie between."""
    return [
        {
            "item": risk.name,
            "label": risk.label,
            "sealed": risk.sealed,
            "visits": [
                {"visit": told.visit, "week": told.week, "value": _plain(told.value), "change": _plain(told.change)}
                for told in risk.visits
            ],
        }
        for risk in risks
    ]


def _plain(area: "Interval | None") -> dict[str, float] | None:
    return None if area is None else {"share": area.estimate, "lower": area.lower, "upper": area.upper}


def write_risks(out: Path, risks: "Sequence[Risk]") -> None:
    """risk.svg and risk.png."""
    from trialwright.report.risk_figure import risk_panels, risk_picture

    if risks:
        (out / "risk.svg").write_text(risk_panels([], risks), encoding="utf-8")
        (out / "risk.png").write_bytes(risk_picture([], risks))


def show_risks(console: "Console", risks: "Sequence[Risk]") -> None:
    """A table: one row an item, one column a visit after the baseline; value, and change in brackets."""
    from rich import box
    from rich.table import Table

    visits = list(dict.fromkeys(told.visit for risk in risks for told in risk.visits if told.week > 0))
    if not visits:
        return
    console.print("\nHow well one laboratory value will tell the arm: right guesses of pairs, % (by its change)")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("Item")
    table.add_column("")
    for visit in visits:
        table.add_column(visit, justify="right", no_wrap=True)
    for risk in risks:
        told = {each.visit: each for each in risk.visits}
        cells = [_cell(told[visit].value, told[visit].change) if visit in told else "" for visit in visits]
        table.add_row(risk.label, "sealed" if risk.sealed else "open", *cells)
    console.print(table)
    console.print(
        "[dim]50 tells nothing. A sealed value can tell nobody; an open one stays open on purpose, for safety, or "
        "because it is followed by who treats.[/dim]"
    )


def _cell(value: "Interval | None", change: "Interval | None") -> str:
    from trialwright.analysis.unblinding_risk import told_apart

    if value is None:
        return "-"
    return f"{100 * told_apart(value):.0f}" + ("" if change is None else f" ({100 * told_apart(change):.0f})")
