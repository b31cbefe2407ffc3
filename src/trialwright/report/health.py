"""Quality of life: index and scale by visit, change by the Paretian classes, the Health Profile Grid, and how many have
problems. Everything follows from the EQ-5D derivations of the definition."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from trialwright.analysis.derived import Observed
from trialwright.analysis.derived.health import DIMENSIONS, VERSIONS, declared_set, levels
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import scores
from trialwright.design.derivations import baseline
from trialwright.design.model import Derivation
from trialwright.report.content import Block, Cell, Drawing, Number, Paragraph, Section, Sentence, Table
from trialwright.report.health_figures import problem_bars, profile_grid
from trialwright.report.measured import Arms, known_scores, main_visit, over_time, visits_of
from trialwright.report.words import literal


def health_section(seen: Observations, arms: Arms) -> Section | None:
    """Each EQ-5D derivation in turn; None where the definition has none, or nobody answered."""
    blocks: list[Block] = []
    for name, derivation in seen.definition.derivations.items():
        if derivation.method in VERSIONS:
            try:
                blocks += _blocks(seen, name, derivation, arms)
            except NotEstimable as why:
                blocks.append(Paragraph(literal(str(why)), "note"))
    return Section("health", "Quality of life", blocks) if blocks else None


def _blocks(seen: Observations, name: str, derivation: Derivation, arms: Arms) -> Iterator[Block]:
    start, visit = baseline(seen.definition, derivation), main_visit(seen.definition, name)
    visits = list(dict.fromkeys((start, *visits_of(seen.definition, name))))
    index = known_scores(seen, name, visits)
    if index is None or visit is None or np.isnan(index.values).all():
        return
    yield Paragraph(literal(_value_set(derivation)), "note")
    yield from over_time(seen, index, arms, f"index-{name.lower()}", 3)
    for scale in _scales(seen, name, derivation):
        found = known_scores(seen, scale, visits)
        if found is not None and not np.isnan(found.values).all():
            yield from over_time(seen, found, arms, f"scale-{scale.lower().replace('.', '-')}", 1)
    yield from _change(seen, derivation, arms, start, visit)


def _value_set(derivation: Derivation) -> str:
    chosen = declared_set(derivation)
    where = f"doi {chosen.doi}" if chosen.doi else chosen.reference
    return f"{derivation.label}: value set of {chosen.name} ({where}). One missing answer makes the index unknown."


def _scales(seen: Observations, name: str, derivation: Derivation) -> list[str]:
    """The visual analogue scales: derivations of one, and items of the same form that an endpoint names beside it."""
    declared = [key for key, one in seen.definition.derivations.items() if one.method == "eq_vas"]
    form = derivation.inputs["mo"].partition(".")[0]
    beside = [item for one in seen.definition.endpoints.values() if name in one.measure for item in one.measure]
    return [*declared, *(item for item in dict.fromkeys(beside) if item.partition(".")[0] == form and "." in item)]


def _change(seen: Observations, derivation: Derivation, arms: Arms, start: str, visit: str) -> Iterator[Block]:
    """From the baseline to the visit that speaks for the trial, those who answered everything at both."""
    from trialwright.measures.eq5d.change import health_profile_grid

    chosen = declared_set(derivation)
    titles = [seen.definition.visits[one].label for one in (start, visit)]
    found = {
        label: levels(Observed(seen, tuple(members), scores), derivation, [start, visit])
        for label, members in arms.items()
    }
    yield _problems(found, titles)
    grids = {label: health_profile_grid(one[:, 0], one[:, 1], chosen) for label, one in found.items()}
    yield _classes({label: grid.change for label, grid in grids.items()}, titles)
    pairs = {label: _pairs(grid.pre, grid.post) for label, grid in grids.items()}
    caption = (
        f"Health Profile Grid: each participant's state at {titles[0]} and at {titles[1]}, ranked by the value set. "
        "Below the line health is better than before, above it worse."
    )
    drawn = profile_grid(pairs, len(chosen.thousandths), titles[0].lower(), titles[1].lower())
    yield Drawing("profile-grid", caption, caption, drawn, pairs, wide=False)


def _pairs(before: np.ndarray, after: np.ndarray) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(before, after, strict=True) if x == x and y == y]


def _problems(found: Mapping[str, np.ndarray], titles: Sequence[str]) -> Drawing:
    from trialwright.measures.eq5d.profiles import problems

    panels = {
        title: {label: [problems(one[:, place]).percent[name] for name in DIMENSIONS] for label, one in found.items()}
        for place, title in enumerate(titles)
    }
    caption = "Participants with any problem (level 2 or worse) in each dimension, of those who answered it."
    return Drawing("problems", caption, caption, problem_bars(panels, [name.upper() for name in DIMENSIONS]), panels)


def _classes(change: Mapping[str, np.ndarray], titles: Sequence[str]) -> Table:
    """The Paretian classification of health change, those without problems apart."""
    from trialwright.measures.eq5d.change import pchc_table

    tables = {label: pchc_table(classes) for label, classes in change.items()}
    rows: list[list[Cell]] = []
    for place, line in enumerate(next(iter(tables.values()))):
        cells = [_line(lines[place].number, lines[place].percent) for lines in tables.values()]
        rows.append([line.label, *cells])
    notes = [
        "Improved: better in at least one dimension and worse in none; mixed: better in one and worse in another. "
        "Shares of the first four are of those with problems, of the last two of all who answered at both visits."
    ]
    caption = f"Change of the health state from {titles[0].lower()} to {titles[1].lower()} (Paretian classes)"
    return Table("health-change", caption, ["", *tables], rows, notes)


def _line(number: int, percent: float) -> Sentence:
    share = None if percent != percent else percent / 100
    return Sentence("{number} ({share})", {"number": Number(number), "share": Number(share, 1, "", "percent")})
