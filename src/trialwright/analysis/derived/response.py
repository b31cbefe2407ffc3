"""The Total Improvement Score of the core set measures that a definition names."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.derived.observed import Observed
from trialwright.analysis.scored import Floats, Scores
from trialwright.design.derivations import baseline
from trialwright.design.model import Derivation
from trialwright.measures.tis import CoreSet, Exact, Limits, exact, total_improvement_score
from trialwright.measures.tis_rules import CRITERIA, ENZYME_RANGES, ENZYMES, EnzymeRange, Rules


def response(source: Observed, name: str, derivation: Derivation, visits: Sequence[str]) -> Scores:
    """The Total Improvement Score of each visit against the baseline visit; at the baseline itself there is none."""
    start = baseline(source.definition, derivation)
    later = [visit for visit in visits if visit != start]
    first = _core_set(source, derivation, [start])
    after = _core_set(source, derivation, later)
    uppers = {
        enzyme: source.column(derivation.inputs[f"{enzyme}_uln"], [start])
        for enzyme in ENZYMES
        if f"{enzyme}_uln" in derivation.inputs
    }
    limits = Limits(exact([Decimal(derivation.options.get("mmt_max", "260"))]), uppers)
    scored = total_improvement_score(first, after, limits, tis_rules(derivation.options))
    values = np.full((source.count, len(visits)), np.nan)
    for index, visit in enumerate(later):
        values[:, visits.index(visit)] = scored.tis[:, index].filled(np.nan)
    multiple = enzyme_multiple(first, uppers, scored.enzyme[:, 0], scored.enzyme_known[:, 0])
    cuts = {label: float(cut) for label, cut in derivation.thresholds.items()}
    extra = {"enzyme_multiple": multiple}
    return Scores(name, derivation.label, tuple(source.participants), tuple(visits), values, cuts, extra)


def tis_rules(options: Mapping[str, str]) -> Rules:
    """The reading of the criteria that a derivation declares: `criteria`, `missing`, `enzyme`, `enzyme_ranges`."""
    share = "range" in options.get("enzyme", "")
    return Rules(
        CRITERIA[options.get("criteria", "adult")],
        "lenient" if options.get("missing", "strict") == "lenient" else "strict",
        "value_over_range" if share else "multiple_of_upper_limit",
        {**ENZYME_RANGES, **_declared_ranges(options.get("enzyme_ranges", ""))},
    )


def _declared_ranges(text: str) -> dict[str, EnzymeRange]:
    """`ck 15, aldolase 6` as ranges in multiples of the upper limit of normal."""
    pairs = [part.split() for part in text.split(",") if part.strip()]
    return {enzyme: EnzymeRange(Fraction(multiple), "declared") for enzyme, multiple in pairs}


def _core_set(source: Observed, derivation: Derivation, visits: Sequence[str]) -> CoreSet:
    named = derivation.inputs
    names = ("phga", "ptga", "mmt", "haq", "exm" if "exm" in named else "extramusc")
    phga, ptga, mmt, haq, exm = (source.column(named[key], visits) for key in names)
    enzymes = {enzyme: source.column(named[enzyme], visits) for enzyme in ENZYMES if enzyme in named}
    return CoreSet(phga, ptga, mmt, haq, exm, enzymes)


def enzyme_multiple(
    first: CoreSet, uppers: Mapping[str, Exact], which: NDArray[Any], known: NDArray[np.bool_]
) -> Floats:
    """The natural logarithm of the followed enzyme's multiple of its upper limit at baseline, of shape (people,).

    `which` (people,) are places in ENZYMES, meaningful where `known`; columns have the shape (people, 1). Enzymes run
    over three powers of ten, so a straight line in their plain value would follow the few highest; a multiple of nought
    has no logarithm and is unknown.
    """
    multiple = np.full(which.shape, np.nan)
    for index, enzyme in enumerate(ENZYMES):
        if enzyme in first.enzymes and enzyme in uppers:
            mine = np.flatnonzero(known & (which == index))
            value, upper = (_plain(column, mine) for column in (first.enzymes[enzyme], uppers[enzyme]))
            above = value > 0
            multiple[mine[above]] = value[above] / upper[above]
    return np.asarray(np.log(multiple), dtype=np.float64)


def _plain(column: Exact, rows: NDArray[np.intp]) -> Floats:
    values = np.asarray(column.units)[rows, 0] / 10.0**column.decimals
    return np.where(np.asarray(column.present)[rows, 0], values, np.nan)
