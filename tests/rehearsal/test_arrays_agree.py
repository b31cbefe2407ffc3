"""Whole trials in arrays are, item by item, what a rehearsal through conduct leaves in the snapshot.

The same trials are rehearsed and imagined, and everything that an analysis can ask of the snapshot is compared: values
at every visit, arms, strata, the order and the days of the draws, the ends, the rows of the logs, the flow counts.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.plugins.editing import edited

from trialwright import design, logic, simulate
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import scores
from trialwright.conduct.catalogue import catalogue
from trialwright.design.model import Blinding
from trialwright.ledger.snapshot import Snapshot
from trialwright.simulate.crowds import LogRows, Needs, Recorded, imagined
from trialwright.simulate.measured import items_of, measured
from trialwright.simulate.outcome import outcome
from trialwright.simulate.recording import Column, NotImagined
from trialwright.simulate.rehearsal import Rehearsed
from trialwright.simulate.wanted import planned

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "trials" / "time-is-muscle"
SMALL = ROOT / "tests" / "trials" / "small"
SEED = 29
TWO_FACTORS = (
    '"*": some}}\n  requires',
    '"*": some}}\n    sex: {label: Sex, item: person.sex, map: {F: F, M: M}}\n  requires',
)


def everything(program: simulate.Program) -> Needs:
    """All that arrays can hold and a snapshot shows: what is sealed lies in the vault until the data are opened."""
    definition = program.definition
    items = {}
    for form in program.forms:
        visits = tuple(program.visits[place] for place in form.places)
        ids = [*design.items(definition, form.form), *(one.id for one in definition.forms[form.form].derive)]
        for item in ids:
            if design.blinding_of(definition, form.form, item) is not Blinding.SEALED:
                items[f"{form.form}.{item}"] = visits
    rows: dict[str, list[str]] = {}
    for log in program.rows:
        rows.setdefault(log.spec.form, []).extend(column.item for column in log.columns)
    return Needs(
        {name: at for name, at in items.items() if is_held(program, Needs({name: at}))},
        {
            form: [item for item in dict.fromkeys(ids) if is_held(program, Needs(rows={form: [item]}))]
            for form, ids in rows.items()
        },
    )


def is_held(program: simulate.Program, needs: Needs) -> bool:
    try:
        planned(program, needs)
    except NotImagined:
        return False
    return True


def seen_of(done: Rehearsed) -> Observations:
    return Observations(done.cast.program.definition, Snapshot(done.desk.state, done.desk.ledger.head()))


def plain(column: Column, place: tuple[int, ...], start: Any) -> Any:
    """A value of the arrays as an analysis sees it in the snapshot."""
    if not column.present[place]:
        return None
    units = int(column.units[place])
    if column.names is not None:
        return column.names[units]
    return Decimal(units).scaleb(-column.decimals)


def same(shown: Any, held: Any, start: Any) -> bool:
    """The snapshot's value is the array's; dates are compared as far as they were known."""
    if shown is None or isinstance(shown, logic.Absent) or held is None:
        return held is None and (shown is None or isinstance(shown, logic.Absent))
    if isinstance(shown, bool):
        return held == int(shown)
    if isinstance(shown, int | Decimal):
        return Decimal(shown) == held
    if isinstance(shown, logic.Between):
        return shown.low <= start + timedelta(days=int(held)) <= shown.high
    if isinstance(shown, date):
        return shown == start + timedelta(days=int(held))
    return (" ".join(shown) if isinstance(shown, tuple) else str(shown)) == str(held)


def compare(program: simulate.Program, trials: Sequence[int], needs: Needs | None = None, seed: int = SEED) -> Recorded:
    """Rehearse and imagine these trials, and hold them equal; gives what was imagined."""
    needs = needs or everything(program)
    made = imagined(program, seed, list(trials), needs)
    for trial, cast in enumerate(simulate.imagine(program, seed, list(trials))):
        compare_trial(simulate.rehearse(cast), made, trial)
    return made


def compare_trial(done: Rehearsed, made: Recorded, trial: int) -> None:
    program, seen, start = made.program, seen_of(done), made.program.scenarios.enrolment.start
    people = seen.randomised
    assert len(people) == made.present[trial].sum()
    crowd, arms = done.cast.crowd, program.arms
    drawn = sorted(people, key=lambda one: seen.participants[one].allocation.at)
    for person, one in enumerate(people):
        allocation = seen.participants[one].allocation
        assert crowd.slot[done.truth.rows[one]] == made.slot[trial, person]
        assert done.truth.arms[one] == arms[made.arm[trial, person]]
        assert drawn.index(one) == made.position[trial, person]
        assert seen.randomised_on(one) == start + timedelta(days=int(made.day0[trial, person]))
        for factor, level in made.levels.items():
            assert allocation.levels[factor] == made.level_names[factor][level[trial, person]]
        for visit in program.visits:
            week = seen.weeks(one, visit)
            held = made.weeks(visit)[trial, person]
            assert (week is None) == bool(np.isnan(held)), (one, visit)
            assert week is None or week == held, (one, visit)
        for name, visits in made.visits.items():
            for column, visit in enumerate(visits):
                held = plain(made.items[name], (trial, person, column), start)
                shown = seen.value(one, visit, name)
                assert same(shown, held, start), (trial, one, name, visit, shown, held)
        for form, log in made.rows.items():
            compare_rows(seen, one, form, log, (trial, person), program)
        compare_end(seen, one, made, (trial, person))
    counted = outcome(done, 0.0)
    flow = {name: int(counts[trial]) for name, counts in made.flow.items()}
    assert flow == {name: counted.ends[name] if name in counted.ends else getattr(counted, name) for name in flow}
    assert counted.unlike == ()


def compare_rows(
    seen: Observations, one: str, form: str, log: LogRows, place: tuple[int, int], program: simulate.Program
) -> None:
    """The rows of a log, whatever their order."""
    start = program.scenarios.enrolment.start
    pages = [
        (visit, seen._typed(page, visit, form))
        for (visit, name, repeat), page in seen.participants[one].pages.items()
        if name == form and repeat != "0" and (visit not in program.visits or repeat)
    ]
    rows = [row for row in range(log.exists.shape[2]) if log.exists[(*place, row)]]
    assert len(pages) == len(rows), (one, form)
    for row in rows:
        visit = program.visits[log.visit[row]] if log.visit[row] >= 0 else None
        like = [
            page
            for page in pages
            if visit in (None, page[0])
            and all(
                same(page[1].get(item), plain(column, (*place, row), start), start)
                for item, column in log.items.items()
            )
        ]
        assert like, (one, form, row, pages)
        pages.remove(like[0])


def compare_end(seen: Observations, one: str, made: Recorded, place: tuple[int, int]) -> None:
    person, ends = seen.participants[one], list(made.program.ends)
    verbs = {key: made.program.scenarios.ends[key].verb for key in ends}
    ended = ends[made.ended[place]] if made.ended[place] >= 0 else None
    assert (person.completed is not None) == (ended is None)
    shown = {
        "lose": person.lost,
        "withdraw_consent": person.withdrawn,
        "stop_visits": person.visits_stopped,
        "stop_treatment": person.treatment_stopped,
    }
    happened = {verbs[ended]} if ended else set()
    happened |= {"stop_treatment"} if made.stopped[place] >= 0 else set()
    assert {verb for verb, at in shown.items() if at is not None} == happened


# ------------------------------------------------------------------ the trials


def of(folder: Path, scenario: str | None = None) -> simulate.Program:
    return simulate.program(simulate.read(folder), design.read(folder, catalogue()), scenario)


@pytest.mark.parametrize("scenario", ["works", "idle"])
def test_the_small_trial_in_arrays_is_what_a_rehearsal_leaves(scenario: str) -> None:
    made = compare(of(SMALL, scenario), range(12))
    upper = made.items["pressure.upper"].present
    assert upper.any()
    assert not upper.all()


@pytest.mark.parametrize("scenario", ["protocol", "null", "optimistic", "naive"])
def test_the_reference_trial_in_arrays_is_what_a_rehearsal_leaves(scenario: str) -> None:
    compare(of(REFERENCE, scenario), [7])


def test_values_beyond_limits_are_the_same_in_arrays_and_in_the_snapshot() -> None:
    """The markers with their flags: which values lie beyond a limit, and the limit in their place."""
    program, visits = of(REFERENCE), ("W0", "W12", "W52")
    names = [f"biomarker.{marker}" for marker in ("cxcl10", "gal9", "siglec1")]
    needs = Needs({item: at for name in names for item, at in items_of(program, name, visits).items()})
    made = imagined(program, SEED, [7], needs)
    (cast,) = simulate.imagine(program, SEED, [7])
    seen = seen_of(simulate.rehearse(cast))
    for name in names:
        arrays, single = measured(made, name, visits), scores(seen, name, seen.randomised, visits)
        assert single.censored is not None
        assert arrays.censored is not None
        assert np.array_equal(arrays.values[0], single.values, equal_nan=True)
        assert np.array_equal(arrays.censored[0], single.censored)
    assert np.sum(single.censored == -1) > 10


@pytest.mark.long
def test_sixty_reference_trials_in_arrays_are_what_rehearsals_leave() -> None:
    program = of(REFERENCE)
    needs = everything(program)
    for first in range(0, 60, 6):
        compare(program, range(1000 + first, 1006 + first), needs, seed=5)


@pytest.mark.parametrize("method", ["simple", "big_stick", "biased_coin", "urn"])
def test_every_method_of_a_list_draws_in_arrays_as_in_a_rehearsal(tmp_path: Path, method: str) -> None:
    trial = edited(tmp_path, ("method: permuted_block", f"method: {method}"), trial=SMALL)
    compare(of(trial), range(3), Needs())


@pytest.mark.parametrize("measure", ["range", "variance", "standard_deviation", "marginal_balance"])
def test_minimisation_draws_in_arrays_as_in_a_rehearsal(tmp_path: Path, measure: str) -> None:
    trial = edited(tmp_path, ("method: permuted_block", "method: minimisation"), TWO_FACTORS, trial=SMALL)
    scenarios = trial / "scenarios.yaml"
    text = scenarios.read_text(encoding="utf-8")
    scenarios.write_text(
        text.replace("enrolment: {", f"allocation: {{measure: {measure}}}\nenrolment: {{", 1), encoding="utf-8"
    )
    compare(of(trial), range(3), Needs())


def test_two_factors_make_four_lists_in_arrays_as_in_a_rehearsal(tmp_path: Path) -> None:
    compare(of(edited(tmp_path, TWO_FACTORS, trial=SMALL)), range(3), Needs())
