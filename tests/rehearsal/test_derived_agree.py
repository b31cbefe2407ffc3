"""Every derivation has in arrays the value that it has in the snapshot of a rehearsal: one function, two sources."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trialwright import design, simulate
from trialwright.analysis.derived import RESPONSES, WAYS, way
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import scores
from trialwright.conduct.catalogue import catalogue
from trialwright.design.instruments import Instrument
from trialwright.design.model import Derivation
from trialwright.ledger.snapshot import Snapshot
from trialwright.measures import MEASURES
from trialwright.measures.instruments import INSTRUMENTS
from trialwright.simulate.crowds import Needs, imagined
from trialwright.simulate.measured import MEASURES as IN_ARRAYS
from trialwright.simulate.measured import items_of, logs_of, measured

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "trials" / "time-is-muscle"
DIMENSIONS = ("mo", "sc", "ua", "pd", "ad")
LOG = {"dose": "predlog.dose", "start": "predlog.start", "stop": "predlog.stop"}
MORE: dict[str, dict[str, Any]] = {
    "vas": {"method": "eq_vas", "inputs": {"vas": "eq5d5l.vas"}},
    "between": {"method": "mean_daily_dose", "inputs": LOG, "options": {"over": "since the last visit"}},
    "summed": {"method": "cumulative_dose", "inputs": LOG, "options": {"overlaps": "add", "gaps": "nought"}},
    "strict": {"method": "qaly", "inputs": {"index": "eq5d"}, "options": {"missing": "unknown"}},
    "moderate": {"method": "first_time", "inputs": {"of": "tis"}, "options": {"at_least": "40"}},
    "misery": {"method": "misery", "inputs": {"form": "eq5d5l"}},
    "strong": {"method": "confirmed_deterioration", "inputs": {"s": "misery"}, "options": {"rule": "s 2"}},
}
"""Beside those of the trial: other options, an instrument of the definition's own, derivations of derivations."""

MISERY = {
    "id": "misery",
    "label": "Misery",
    "version": "1",
    "licence": "none",
    "answers": {"level": {"low": 1, "high": 5, "step": 1}},
    "items": [{"id": name, "label": name, "answers": "level"} for name in DIMENSIONS],
    "scales": [{"id": "sum", "label": "Sum", "rule": "sum", "items": DIMENSIONS, "better": "lower"}],
}
VISITS = ("W4", "W8", "W12", "W26", "W52")


def test_a_method_of_the_catalogue_is_computed_in_both_worlds() -> None:
    """What a definition may name, the analysis and the arrays compute; nothing more, nothing less."""
    assert set(MEASURES) == {*WAYS, *RESPONSES}
    assert set(RESPONSES) == set(IN_ARRAYS)
    definition = design.read(REFERENCE, catalogue())
    assert all(way(definition, name.replace("-", "_")) is not None for name in INSTRUMENTS)


@pytest.fixture(scope="module")
def program() -> simulate.Program:
    definition = design.read(REFERENCE, catalogue())
    derivations = {name: Derivation.model_validate({"label": name, **one}) for name, one in MORE.items()}
    tis = definition.derivations["tis"].model_copy(
        update={"inputs": {**definition.derivations["tis"].inputs, "haq": "haq"}}
    )
    haq = Derivation.model_validate({"method": "eq_vas", "label": "haq", "inputs": {"vas": "csm.haq"}})
    whole = definition.model_copy(
        update={
            "derivations": {**definition.derivations, **derivations, "haq": haq, "chained": tis},
            "instruments": {"misery": Instrument.model_validate(MISERY)},
        }
    )
    return simulate.program(simulate.read(REFERENCE), whole, "protocol")


def test_every_derivation_has_one_value_in_arrays_and_in_a_snapshot(program: simulate.Program) -> None:
    items: dict[str, tuple[str, ...]] = {}
    logs: dict[str, tuple[str, ...]] = {}
    names = list(program.definition.derivations)
    for name in names:
        for held, more in ((items, items_of(program, name, VISITS)), (logs, logs_of(program, name))):
            for key, wanted in more.items():
                held[key] = tuple(dict.fromkeys((*held.get(key, ()), *wanted)))
    trials = [3, 21]
    recorded = imagined(program, 5, trials, Needs(items, logs))
    arrays = {name: measured(recorded, name, VISITS).values for name in names}
    known = dict.fromkeys(names, 0)
    for place, cast in enumerate(simulate.imagine(program, 5, trials)):
        done = simulate.rehearse(cast)
        seen = Observations(program.definition, Snapshot(done.desk.state, done.desk.ledger.head()))
        for name in names:
            values = scores(seen, name, seen.randomised, VISITS).values
            np.testing.assert_array_equal(arrays[name][place][: len(values)], values, err_msg=name)
            known[name] += int((~np.isnan(values)).sum())
    assert min(known.values()) > 20, known
    np.testing.assert_array_equal(arrays["chained"], arrays["tis"])
    assert 0 < np.nanmean(arrays["deterioration"]) < 0.5


def test_the_query_of_a_rehearsal_stands_where_the_analysis_finds_a_confirmed_deterioration(
    program: simulate.Program,
) -> None:
    """The edit check at the visit and the derivation afterwards are one rule."""
    (cast,) = simulate.imagine(program, 5, [3])
    done = simulate.rehearse(cast)
    asked = {(one.participant, one.visit) for one in done.desk.state.queries.values() if one.check == "Q4"}
    seen = Observations(program.definition, Snapshot(done.desk.state, done.desk.ledger.head()))
    values = scores(seen, "deterioration", seen.randomised, VISITS).values
    found = {(seen.randomised[row], VISITS[column]) for row, column in np.argwhere(values == 1).tolist()}
    assert asked == found
    assert found
