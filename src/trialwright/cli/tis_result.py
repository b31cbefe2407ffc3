"""Scores as a table of texts, ready to write: the points per measure, and in words what is missing."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trialwright.measures.tis import Gap, Scores
from trialwright.measures.tis_rules import CATEGORIES, ENZYMES, MEASURES, STEP

Codes = NDArray[Any]


def scored(ids: pl.Series, scores: Scores) -> pl.DataFrame:
    """The scores as a table of texts: id, tis, category, enzyme, points per measure, why; empty where not computable.

    A measure that the lenient rule scored 0 shows 0, so that the points always add up to the TIS, and `why` says so.
    """
    lattice = [_plain(step) for step in range(41)]
    steps = np.where(scores.computable, scores.steps, 41)
    category = np.where(scores.computable, scores.category, len(CATEGORIES))
    enzyme = np.where(scores.enzyme_known, scores.enzyme, len(ENZYMES))
    columns = {
        "id": ids,
        "tis": _looked_up(lattice, steps),
        "category": _looked_up(CATEGORIES, category),
        "enzyme": _looked_up(ENZYMES, enzyme),
    }
    for measure in MEASURES:
        shown = (scores.gaps[measure] == Gap.COMPLETE) | (scores.computable)
        columns[f"{measure}_points"] = _looked_up(lattice, np.where(shown, scores.point_steps[measure], 41))
    return pl.DataFrame(columns).with_columns(why=_why(scores, enzyme))


def _plain(step: int) -> str:
    return str(step * STEP).removesuffix(".0")


def _looked_up(texts: Iterable[str], codes: Codes) -> pl.Series:
    """One text per code; the code after the last is an empty cell."""
    return pl.Series([*texts, None], dtype=pl.String).gather(pl.Series(codes.astype(np.uint32)))


PHRASES = {
    Gap.BASELINE: "missing at baseline",
    Gap.FOLLOW_UP: "missing at follow-up",
    Gap.BOTH: "missing at baseline and follow-up",
}


def _why(scores: Scores, enzyme: Codes) -> pl.Series:
    """What is missing, in words; pairs with the same gaps share one text."""
    combined = enzyme.astype(np.int32) * 2 + scores.computable
    for measure in MEASURES:
        combined = combined * len(Gap) + scores.gaps[measure]
    seen = np.flatnonzero(np.bincount(combined))
    texts = [_reason(int(code)) for code in seen]
    place = np.zeros(int(seen.max(initial=0)) + 1, dtype=np.uint32)
    place[seen] = np.arange(len(seen))
    return pl.Series(texts, dtype=pl.String).gather(pl.Series(place[combined]))


def _reason(combined: int) -> str | None:
    gaps: dict[str, Gap] = {}
    for measure in reversed(MEASURES):
        combined, gap = divmod(combined, len(Gap))
        if gap:
            gaps[measure] = Gap(gap)
    enzyme, computable = divmod(combined, 2)
    phrases = [_phrase(measure, gaps[measure], enzyme) for measure in MEASURES if measure in gaps]
    if not phrases:
        return None
    return ("scored 0: " if computable else "") + "; ".join(phrases)


def _phrase(measure: str, gap: Gap, enzyme: int) -> str:
    if gap == Gap.REFERENCE:
        return (
            "the MMT maximum is missing"
            if measure == "mmt"
            else "the upper limit of normal of a measured enzyme is missing"
        )
    name = f"{ENZYMES[enzyme]}, the enzyme followed," if measure == "enzyme" and enzyme < len(ENZYMES) else measure
    return f"{name} {PHRASES[gap]}"
