"""Operating characteristics: what is simulated, and that no number depends on how the work was divided."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.editing import REFERENCE, SMALL, edited

from trialwright import design
from trialwright.compute import map_chunks
from trialwright.simulate import characteristics
from trialwright.simulate.characteristics import people_for_truth, simulation, with_truths
from trialwright.simulate.prepared import Spec, WrongAnalyses, chosen, ready
from trialwright.simulate.results import results
from trialwright.simulate.tallies import Tally, merged
from trialwright.simulate.worlds import World

WORLDS = (World("works"), World("works", n=24), World("idle"))


def without_clock(tally: Tally) -> Tally:
    return {name: number for name, number in tally.items() if not name.startswith("cpu|")}


@pytest.fixture(scope="module")
def spec() -> Spec:
    return with_truths(Spec(str(SMALL), 3, WORLDS, ()), 2000)


@pytest.fixture(scope="module")
def tally(spec: Spec) -> Tally:
    return simulation(spec, 400)


@pytest.fixture(scope="module")
def result(spec: Spec, tally: Tally) -> dict[str, Any]:
    return results(spec, tally)


@pytest.mark.parametrize("size", [37, 400])
def test_the_tally_is_the_same_to_the_last_bit_whatever_the_chunks(spec: Spec, tally: Tally, size: int) -> None:
    parts: list[Tally] = map_chunks(partial(characteristics.work, spec), 400, size=size)
    assert without_clock(merged(parts)) == without_clock(tally)


@pytest.mark.parametrize(("engine", "workers"), [("threads", 3), ("processes", 2)])
def test_the_tally_is_the_same_on_every_engine(spec: Spec, tally: Tally, engine: str, workers: int) -> None:
    assert without_clock(simulation(spec, 400, engine=engine, workers=workers)) == without_clock(tally)


def test_the_mixed_model_has_the_same_bits_whatever_the_chunks() -> None:
    spec = Spec(str(REFERENCE), 3, (World("protocol"),), ("PRIMARY", "LONGITUDINAL"))
    whole = without_clock(characteristics.work(spec, range(20), lambda items=1, /: None))
    parts = [characteristics.work(spec, part, lambda items=1, /: None) for part in (range(3), range(3, 20))]
    assert without_clock(merged(parts)) == whole


def test_a_stopped_simulation_goes_on_to_the_same_tally(spec: Spec, tally: Tally, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"

    def interrupt(done: int, of: int) -> None:
        if done >= 256:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulation(spec, 400, keep=kept, progress=interrupt)
    assert without_clock(simulation(spec, 400, keep=kept)) == without_clock(tally)


def test_every_number_stands_with_its_error(result: dict[str, Any]) -> None:
    row = result["worlds"][0]["analyses"][0]
    assert (row["rate"], row["trials"]) == ("power", 400)
    for name in ("rejected", "coverage", "bias", "estimate", "se", "sd"):
        assert row[name]["error"] > 0, name
    assert abs(row["bias"]["value"]) < 4 * row["bias"]["error"]
    assert abs(row["coverage"]["value"] - 0.95) < 4 * row["coverage"]["error"] + 0.01
    assert row["downwards"]["count"] == row["rejected"]["count"]
    json.dumps(result)


def test_where_nothing_works_the_rate_is_a_type_one_error(result: dict[str, Any]) -> None:
    row = result["worlds"][2]["analyses"][0]
    assert row["rate"] == "type I error"
    assert abs(row["rejected"]["value"] - 0.05) < 4 * row["rejected"]["error"]


def test_common_random_numbers_make_a_difference_between_worlds_better_known(result: dict[str, Any]) -> None:
    base, larger = (result["worlds"][place]["analyses"][0] for place in (0, 1))
    difference = larger["beside_base"]
    assert result["worlds"][1]["base"] == "works"
    apart = (base["rejected"]["error"] ** 2 + larger["rejected"]["error"] ** 2) ** 0.5
    assert difference["value"] > 0
    assert 0 < difference["error"] < apart


def test_what_was_refused_is_counted_with_its_reason(result: dict[str, Any]) -> None:
    for world in result["worlds"]:
        for row in world["analyses"]:
            assert row["answered"] + sum(row["refused"].values()) == row["trials"]


def test_what_cannot_be_simulated_says_what_lacks_what() -> None:
    prepared = ready(Spec(str(REFERENCE), 1, (World("protocol"),), ("all",)))
    lacking = prepared.lacking
    plans = set(prepared.definition.analyses)
    assert {one.analysis for one in prepared.planned[0]} | {name.partition(" ")[0] for name in lacking} == plans
    assert "'wilcoxon' is not in the catalogue" in lacking["RANKS"]
    assert "STEROID" not in lacking
    assert "without a test" in lacking["BASELINE"]


def test_an_item_that_nothing_feeds_is_named(tmp_path: Path) -> None:
    """The lower pressure is not fed any more (and not required), and the endpoint asks for it."""
    side = "label: Side of the arm}"
    more = f"{side}\n      - {{id: mean, type: integer, label: Mean}}"
    trial = edited(tmp_path, (side, more), ("measure: [pressure.upper]", "measure: [pressure.mean]"))
    lacking = ready(Spec(str(trial), 1, (World("works"),), ())).lacking
    assert "feeds pressure.mean" in lacking["MAIN"]
    elsewhere = edited(tmp_path / "other", ("measure: [pressure.upper]", "measure: [person.age]"))
    assert "not planned at WEEK8" in ready(Spec(str(elsewhere), 1, (World("works"),), ())).lacking["MAIN"]


def test_the_primary_analysis_stands_beside_the_mixed_model_of_its_measure() -> None:
    definition = design.read(REFERENCE)
    assert chosen(definition, ()) == ("PRIMARY", "LONGITUDINAL")
    assert chosen(definition, ("primary",)) == ("PRIMARY",)
    assert chosen(definition, ("all",)) == tuple(definition.analyses)
    with pytest.raises(WrongAnalyses, match="LONGITUDINAL"):
        chosen(definition, ("LONGITUDNAL",))


def test_a_world_without_strata_still_adjusts_for_them() -> None:
    worlds = (World("protocol"), World("protocol", stratified=False))
    spec = Spec(str(REFERENCE), 3, worlds, ("PRIMARY",))
    found = results(spec, characteristics.work(spec, range(40), lambda items=1, /: None))
    assert [world["stratified"] for world in found["worlds"]] == [True, False]
    assert [world["analyses"][0]["answered"] for world in found["worlds"]] == [40, 40]


def test_a_trial_that_was_edited_is_read_again(tmp_path: Path) -> None:
    trial = edited(tmp_path)
    spec = Spec(str(trial), 3, WORLDS[:1], ())
    before = ready(spec)
    assert ready(spec) is before
    edits = (("trial.yaml", "method: welch, level", "method: ancova, level"), ("scenarios.yaml", "-15,", "-16,"))
    for name, old, new in edits:
        text = (trial / name).read_text(encoding="utf-8")
        assert old in text
        (trial / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    after = ready(spec)
    assert (before.planned[0][0].plan.method, after.planned[0][0].plan.method) == ("welch", "ancova")
    assert after.source.scenarios != before.source.scenarios


def test_more_trials_know_the_truth_from_more_people(spec: Spec) -> None:
    assert people_for_truth(replace(spec, truths=()), 100) < people_for_truth(spec, 10**6)
