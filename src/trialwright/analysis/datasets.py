"""A snapshot as polars frames, for looking, exporting and everything that is not counted in milliseconds.

Types follow the definition: decimals and integers as numbers, booleans as booleans, full dates as dates; codes, texts
and partial dates stay text. A value that is not there is null.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import scores
from trialwright.design.forms import items
from trialwright.design.model import ItemType

KEYS = ("participant", "visit", "repeat", "on")

READERS: Mapping[ItemType, tuple[Any, Callable[[str], Any]]] = {
    ItemType.INTEGER: (pl.Int64, int),
    ItemType.DECIMAL: (pl.Float64, float),
    ItemType.BOOLEAN: (pl.Boolean, lambda text: text == "true"),
    ItemType.DATE: (pl.Date, date.fromisoformat),
}


def participants(seen: Observations, treatments: Mapping[str, str] | None = None) -> pl.DataFrame:
    """One row per participant who consented; with a column `arm` only when opened treatments are handed in."""
    frame = pl.DataFrame({name: list(column) for name, column in seen.snapshot.participants.columns.items()})
    if treatments is None:
        return frame
    arms = [treatments.get(person) for person in frame["participant"]]
    return frame.with_columns(pl.Series("arm", arms, dtype=pl.String))


def pages(seen: Observations, form: str) -> pl.DataFrame:
    """One row per page of a form: participant, visit, repeat, on, and the items under their full ids, typed."""
    table = seen.snapshot.form(form).columns
    known = items(seen.definition, form)
    columns = [pl.Series(name, list(table[name]), dtype=pl.String) for name in KEYS]
    columns += [_typed(name, values, known[name].type) for name, values in table.items() if name in known]
    return pl.DataFrame(columns).with_columns(pl.col("on").str.to_date(strict=False))


def measure(seen: Observations, name: str, visits: Sequence[str], who: Sequence[str] | None = None) -> pl.DataFrame:
    """A derivation or `form.item` in long form: participant, visit, week (planned), value; null where unknown."""
    people = list(who) if who is not None else seen.randomised
    scored = scores(seen, name, people, visits)
    return pl.DataFrame(
        {
            "participant": np.repeat(np.array(people, dtype=str), len(visits)),
            "visit": list(visits) * len(people),
            "week": [seen.planned_week(visit) for visit in visits] * len(people),
            "value": scored.values.ravel(),
        }
    ).with_columns(pl.col("value").fill_nan(None))


def _typed(name: str, values: Sequence[str | None], kind: ItemType) -> pl.Series:
    if kind not in READERS:
        return pl.Series(name, list(values), dtype=pl.String)
    dtype, read = READERS[kind]
    return pl.Series(name, [None if value is None else read(value) for value in values], dtype=dtype)
