"""The page of an instrument on a terminal: items, rules, ranges, licence, sources, and what is not read in any."""

import io
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from trialwright.design.instruments import Instrument, Scale
from trialwright.measures.instruments import words

WIDTH_IN_A_PIPE = 120


def _printed(draw: Callable[[Console], None]) -> None:
    """Print what is drawn, without the blanks that tables leave at the ends of lines."""
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else WIDTH_IN_A_PIPE
    drawn = io.StringIO()
    draw(Console(file=drawn, width=width, force_terminal=terminal, highlight=False, emoji=False, markup=False))
    typer.echo("\n".join(line.rstrip() for line in drawn.getvalue().rstrip().split("\n")))


def _grid(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_header=any(columns), show_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, no_wrap=place == 0, overflow="fold")
    return table


def listed(instruments: Sequence[Instrument]) -> None:
    """One line for each instrument."""

    def draw(console: Console) -> None:
        table = _grid("id", "instrument", "items", "scores")
        for one in instruments:
            scores = ", ".join(scale.id for scale in one.scales[:5]) + (", ..." if len(one.scales) > 5 else "")
            table.add_row(Text(one.id, "bold"), one.label, str(len(one.items)), scores)
        console.print(table)
        console.print(Text("instruments show ID: items, rules and sources. score --help: scoring a file.", "dim"))

    _printed(draw)


def shown(instrument: Instrument) -> None:
    """The whole page."""
    _printed(lambda console: _page(console, instrument))


def _page(console: Console, instrument: Instrument) -> None:
    console.print(Text.assemble((instrument.label, "bold"), f"  {instrument.id}"))
    console.print(Text(f"Version: {instrument.version}"))
    console.print(Text(f"Licence: {instrument.licence}"))
    if instrument.note:
        console.print(Text(instrument.note))
    if instrument.finer_step is not None:
        console.print(
            Text(f"A form may declare steps of {instrument.finer_step} instead of whole ones (--half-points).")
        )
    _items(console, instrument)
    if instrument.categories:
        _categories(console, instrument)
    plain = [scale for scale in instrument.scales if scale.rule == "value"]
    if plain:
        _as_they_stand(console, instrument, plain)
    for scale in instrument.scales:
        if scale.rule != "value":
            _scale(console, instrument, scale)
    _sources(console, instrument)


def _title(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, "bold"))


def _items(console: Console, instrument: Instrument) -> None:
    _title(console, f"Items ({len(instrument.items)}): the columns of a file, beside id")
    remarks = [words.remark(instrument, item) for item in instrument.items]
    table = _grid("id", "item", "answers", *(["counts"] if any(remarks) else []))
    for item, remark in zip(instrument.items, remarks, strict=True):
        cells = [item.id, item.label, words.answer(instrument, item), remark]
        table.add_row(*cells[: len(table.columns)])
    console.print(Padding(table, (0, 0, 0, 2)))
    named = {name: answers for name, answers in instrument.answers.items() if _says_more(answers.codes.values())}
    for name, answers in named.items():
        labels = "; ".join(f"{code} = {label}" for code, label in answers.codes.items())
        console.print(Padding(Text(f"{name}: {labels}", "dim"), (0, 0, 0, 2)))


def _says_more(labels: Iterable[str]) -> bool:
    """Whether the labels of codes say more than `level 1`."""
    return any(not label.startswith("level ") or "," in label for label in labels)


def _categories(console: Console, instrument: Instrument) -> None:
    _title(console, "Categories")
    table = _grid("id", "category", "items", "raised by")
    for one in instrument.categories:
        table.add_row(one.id, one.label, ", ".join(one.items), ", ".join(one.aids))
    console.print(Padding(table, (0, 0, 0, 2)))


def _as_they_stand(console: Console, instrument: Instrument, scales: Sequence[Scale]) -> None:
    _title(console, "Scores that are one item as it stands")
    table = _grid("id", "score", "range", "better", "source")
    for scale in scales:
        said = [words.told_source(instrument, claim) for claim in words.claims(instrument, f"scales.{scale.id}")]
        table.add_row(scale.id, scale.label, words.span(scale), scale.better, ", ".join(said))
    console.print(Padding(table, (0, 0, 0, 2)))


def _scale(console: Console, instrument: Instrument, scale: Scale) -> None:
    _title(console, f"{scale.id}: {scale.label}")
    table = _grid("", "")
    table.show_header = False
    rows = [
        ("range", f"{words.span(scale)}; {scale.better} is better"),
        ("rule", words.rule(instrument, scale)),
        ("formula", words.formula(instrument, scale)),
        ("missing", words.missing(scale)),
    ]
    if not scale.categories:
        rows.append(("over", _spelled(instrument, scale)))
    if scale.note:
        rows.append(("note", scale.note))
    for claim in words.claims(instrument, f"scales.{scale.id}"):
        what = claim.path.removeprefix(f"scales.{scale.id}").lstrip(".") or "all"
        note = f": {claim.note}" if claim.note else ""
        rows.append(("source" if what == "all" else f"  {what}", words.told_source(instrument, claim) + note))
    for name, text in rows:
        table.add_row(Text(name, "dim"), text)
    console.print(Padding(table, (0, 0, 0, 2)))


def _spelled(instrument: Instrument, scale: Scale) -> str:
    """The parts by id; runs of items that are numbered on are shortened."""
    if scale.scales:
        return ", ".join(scale.scales)
    order = {item.id: place for place, item in enumerate(instrument.items)}
    runs = [
        [name for _, name in run]
        for _, run in groupby(enumerate(scale.items), key=lambda entry: order[entry[1]] - entry[0])
    ]
    return ", ".join(f"{run[0]} .. {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _sources(console: Console, instrument: Instrument) -> None:
    weak = words.unread(instrument)
    if weak:
        _title(console, "Not read in a source")
        table = _grid("", "", "")
        table.show_header = False
        for claim in weak:
            table.add_row(claim.path, words.told_source(instrument, claim), claim.note or "")
        console.print(Padding(table, (0, 0, 0, 2)))
    if instrument.sources:
        _title(console, "Sources")
        table = _grid("", "", "")
        table.show_header = False
        for key, one in instrument.sources.items():
            where = f" https://doi.org/{one.doi}" if one.doi else f" {one.url}" if one.url else ""
            table.add_row(key, one.status.value, one.text + where)
        console.print(Padding(table, (0, 0, 0, 2)))
