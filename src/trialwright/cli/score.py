"""`trialwright score`: a measure for every row of a CSV file."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from trialwright.cli.files import check_output, read_or_refuse, say_ignored, write_whole
from trialwright.cli.score_eq5d import eq5d
from trialwright.cli.score_instrument import ScoreGroup, add_instruments

if TYPE_CHECKING:
    import polars as pl

    from trialwright.cli.tis_table import Pairs
    from trialwright.measures.tis_rules import Rules

CHUNK = 2**16
score_app = typer.Typer(help="Score a CSV file of observations.", no_args_is_help=True, cls=ScoreGroup)
score_app.command()(eq5d)
add_instruments(score_app)


class Missing(StrEnum):
    """What an unknown core set measure does to the score."""

    strict = "strict"
    lenient = "lenient"


class Cuts(StrEnum):
    """Whose cut-offs name the categories."""

    adult = "adult"
    juvenile = "juvenile"


@score_app.callback()
def measures() -> None:
    """Score a CSV file of observations."""


@score_app.command()
def tis(
    file: Annotated[Path, typer.Argument(help="CSV, one row per pair of visits.", metavar="FILE.csv")],
    missing: Annotated[
        Missing, typer.Option(help="strict: all six measures needed; lenient: a missing one scores 0.")
    ] = (Missing.strict),
    criteria: Annotated[Cuts, typer.Option(help="Cut-offs: adult 20/40/60, juvenile 30/45/70.")] = Cuts.adult,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write here instead of printing.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of CSV.")] = False,
) -> None:
    """The Total Improvement Score (2016 ACR/EULAR) of every pair.

    Columns: id, mmt_max, phga_0, phga_1, ptga_0, ptga_1, mmt_0, mmt_1, haq_0, haq_1, exm_0, exm_1 and, for each
    enzyme measured (ck, aldolase, ast, alt, ldh), NAME_0, NAME_1, NAME_uln. Scales in cm; an empty cell means "not
    measured".
    """
    from trialwright.cli.tis_table import read_pairs
    from trialwright.measures.tis_rules import CRITERIA, Rules

    check_output(output, file)
    pairs = read_or_refuse(file, read_pairs)
    say_ignored(file, pairs.ignored)
    rules = Rules(criteria=CRITERIA[criteria.value], missing=missing.value)
    if output is None:
        _score(pairs, rules, as_json, sys.stdout.buffer)
    else:
        write_whole(output, lambda file: _score(pairs, rules, as_json, file))


def _score(pairs: "Pairs", rules: "Rules", as_json: bool, out: BinaryIO) -> None:
    """Score the pairs a chunk at a time and write them as CSV or as one JSON list."""
    from trialwright.cli.tis_result import scored
    from trialwright.measures.tis import total_improvement_score

    separator = b"[\n" if as_json else b""
    for number, chunk in enumerate(pairs.chunks(CHUNK)):
        scores = total_improvement_score(chunk.baseline, chunk.follow_up, chunk.limits, rules)
        table = scored(chunk.ids, scores)
        if as_json:
            out.write(separator + _json(table))
            separator = b",\n"
        else:
            table.write_csv(out, include_header=number == 0)
    if as_json:
        out.write(b"\n]\n")


def _json(table: "pl.DataFrame") -> bytes:
    """One object per row and line; numbers as numbers, null where not computable."""
    import polars as pl

    numbers = ["tis", *(name for name in table.columns if name.endswith("_points"))]
    exact = table.with_columns(pl.col(numbers).cast(pl.Float64))  # multiples of 2.5 are exact in binary
    return exact.write_ndjson().strip().replace("\n", ",\n").encode()
