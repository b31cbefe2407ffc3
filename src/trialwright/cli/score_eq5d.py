"""`trialwright score eq5d`: index, LSS and LFS for every row of a CSV file, by a value set that is named."""

import json
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from trialwright.cli.files import check_output, read_or_refuse, refuse, say_ignored, write_whole

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from trialwright.cli.eq5d_table import Answers
    from trialwright.measures.eq5d.sets import ValueSet

CHUNK = 2**16


def eq5d(
    file: Annotated[Path | None, typer.Argument(help="CSV, one row per questionnaire.", metavar="FILE.csv")] = None,
    version: Annotated[str | None, typer.Option(help="5L, 3L or Y-3L.")] = None,
    value_set: Annotated[
        str | None, typer.Option(help="Country (name or ISO code), with its variant where it has several, or DOI.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Where a country has several: VT, TTO, VAS, CW, RCW, IVP.")] = None,
    crosswalk: Annotated[
        bool, typer.Option("--crosswalk", help="Values of the other version: 5L states on 3L values, or 3L on 5L.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="Print the value sets there are, and end.")] = False,
    keep: Annotated[list[str] | None, typer.Option("--keep", help="Carry this column over, for example visit.")] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Score what can be; flag rows with mistakes.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write here instead of printing.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of CSV or a table.")] = False,
) -> None:
    """EQ-5D index, level sum score (lss) and level frequency score (lfs) of every questionnaire.

    Columns: mo, sc, ua, pd, ad (or state, five digits), and if there, id and vas; an empty cell means "not answered"
    and leaves the index empty. The value set is always named: --list shows them with country, kind, DOI and range.
    """
    from trialwright.cli.eq5d_table import read_answers

    if listed:
        _print_list(version, as_json)
        return
    chosen = _chosen(version, value_set, kind, crosswalk)
    if file is None:
        refuse("name the file to score, FILE.csv")
    check_output(output, file)
    answers = read_or_refuse(file, lambda path: read_answers(path, chosen.top, keep or (), partial))
    _notices(answers, file)
    if output is None:
        _score(answers, chosen, as_json, sys.stdout.buffer)
    else:
        write_whole(output, lambda out: _score(answers, chosen, as_json, out))


def _chosen(version: str | None, name: str | None, kind: str | None, crosswalk: bool) -> "ValueSet":
    """The value set that was named; what is missing or unclear is answered with what there is."""
    from trialwright.measures.eq5d.sets import CROSSWALKS, TOP, value_set, value_sets, version_named

    if version is None:
        refuse(f"name the version of the EQ-5D with --version: {', '.join(TOP)}")
    if crosswalk and kind is not None and kind.upper() not in ("CW", "RCW"):
        refuse(f"--crosswalk and --kind {kind} contradict each other")
    try:
        plain = version_named(version)
        if crosswalk:
            kind = {"5L": "CW", "3L": "RCW"}.get(plain)
            if kind is None:
                refuse(f"there is no crosswalk from the {plain}")
        if name is None:
            wanted = [one for one in value_sets(plain) if (one.kind == kind if kind else one.kind not in CROSSWALKS)]
            names = ", ".join(dict.fromkeys(one.name for one in wanted))
            refuse(f"name the value set with --value-set; the {plain} has: {names}")
        return value_set(plain, name, kind)
    except ValueError as error:
        refuse(str(error))


def _notices(answers: "Answers", file: Path) -> None:
    if answers.numbered:
        typer.echo(f"{file}:1: there is no column id; rows are numbered from 1", err=True)
    say_ignored(file, answers.ignored)
    for sentence in answers.repeated:
        typer.echo(f"{file}: {sentence}", err=True)
    if answers.problems:
        for row in sorted(answers.problems):
            for problem in answers.problems[row]:
                typer.echo(problem.at(str(file)), err=True)
        typer.echo(f"{file}: {len(answers.problems)} row(s) with mistakes are flagged, not scored in full", err=True)


def _score(answers: "Answers", chosen: "ValueSet", as_json: bool, out: BinaryIO) -> None:
    """Score the rows a chunk at a time and write them as CSV or as one JSON list."""
    from trialwright.cli.eq5d_table import flagged

    flags = flagged(answers.problems.items())
    separator = b"[\n" if as_json else b""
    for start in range(0, len(answers.ids), CHUNK):
        table = _table(answers, slice(start, start + CHUNK), chosen, flags)
        if as_json:
            out.write(separator + _json(table))
            separator = b",\n"
        else:
            table.write_csv(out, include_header=start == 0)
    if as_json:
        out.write(b"\n]\n")


def _table(answers: "Answers", rows: slice, chosen: "ValueSet", flags: dict[int, str]) -> "pl.DataFrame":
    import polars as pl

    from trialwright.cli.eq5d_table import narrow
    from trialwright.measures.eq5d.profiles import code_of

    levels = answers.levels[rows]
    codes = code_of(levels, chosen.top)
    texts = _texts(chosen)
    place = narrow(codes)
    columns = {
        "id": answers.ids[rows],
        **{name: column[rows] for name, column in answers.kept.items()},
        **{name: texts[name].gather(place) for name in ("state", "index", "lss", "lfs")},
    }
    if answers.vas is not None:
        columns["vas"] = answers.vas[rows]
    why = texts["why"].gather(place)
    here = [row for row in flags if rows.start <= row < rows.start + len(levels)]
    if here:
        cells = why.to_list()
        for row in here:
            cells[row - rows.start] = flags[row]
        why = pl.Series("why", cells, dtype=pl.String)
    return pl.DataFrame({**columns, "why": why})


@cache
def _texts(chosen: "ValueSet") -> "dict[str, pl.Series]":
    """By code of a state: its digits, index, LSS and LFS as they are printed, and what is missing; made once."""
    import numpy as np
    import polars as pl

    from trialwright.measures.eq5d.profiles import index, lfs, lss, states
    from trialwright.measures.eq5d.terms import DIMENSIONS

    base = chosen.top + 1
    every = np.stack([axis.ravel() for axis in np.meshgrid(*[np.arange(base)] * 5, indexing="ij")], axis=1)
    levels = every.astype(np.int8)
    values, sums = index(levels, chosen), lss(levels, chosen.top)
    missing = [[name for name, level in zip(DIMENSIONS, row, strict=True) if not level] for row in levels]
    cells = {
        "state": _filled(states(levels, chosen.top)),
        "index": [f"{value:.3f}" if value == value else None for value in values.tolist()],
        "lss": [f"{value:.0f}" if value == value else None for value in sums.tolist()],
        "lfs": _filled(lfs(levels, chosen.top)),
        "why": [f"not answered: {', '.join(names)}" if names else None for names in missing],
    }
    return {name: pl.Series(name, column, dtype=pl.String) for name, column in cells.items()}


def _filled(texts: "NDArray[np.str_]") -> list[str | None]:
    return [text or None for text in texts.tolist()]


def _json(table: "pl.DataFrame") -> bytes:
    """One object per row and line; numbers as numbers, null where unknown, state and lfs as text."""
    import polars as pl

    numbers = [pl.col(name).cast(pl.Float64) for name in ("index", "vas") if name in table.columns]
    typed = table.with_columns(*numbers, pl.col("lss").cast(pl.Int64))
    return typed.write_ndjson().strip().replace("\n", ",\n").encode()


def _print_list(version: str | None, as_json: bool) -> None:
    from trialwright.measures.eq5d.sets import KINDS, SOURCE, TOP, value_sets, version_named

    try:
        versions = [version_named(version)] if version else list(TOP)
    except ValueError as error:
        refuse(str(error))
    sets = [one for each in versions for one in value_sets(each)]
    if as_json:
        typer.echo(json.dumps([_described(one) for one in sets], indent=1))
        return
    rows = [("version", "country", "kind", "DOI or reference", "range")]
    rows += [(one.version, one.name, one.kind, one.pin if one.doi else one.reference, _range(one)) for one in sets]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    typer.echo("")
    typer.echo("; ".join(f"{kind}: {says}" for kind, says in KINDS.items()))
    typer.echo(f"{len(sets)} value sets; status read: {SOURCE}")


def _range(one: "ValueSet") -> str:
    low, high = one.range
    return f"{low:.3f} to {high:.3f}"


def _described(one: "ValueSet") -> dict[str, Any]:
    low, high = one.range
    return {
        "version": one.version,
        "country": one.country,
        "variant": one.variant or None,
        "codes": list(one.codes),
        "kind": one.kind,
        "doi": one.doi or None,
        "pin": one.pin,
        "reference": one.reference or None,
        "status": one.status,
        "low": low,
        "high": high,
    }
