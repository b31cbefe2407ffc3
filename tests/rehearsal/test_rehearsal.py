"""Whole trials through conduct: they reach their end, on every ledger and behind every vault the same one."""

from dataclasses import asdict, replace
from pathlib import Path

import pyrage
import pytest
from tests.rehearsal.conftest import REFERENCE, SMALL

from trialwright import simulate
from trialwright.conduct.release import days_of
from trialwright.ledger import kinds
from trialwright.ledger.fact import seal_stands
from trialwright.ledger.replay import replay
from trialwright.simulate.outcome import Outcome, outcome
from trialwright.simulate.rehearsal import Rehearsed
from trialwright.simulate.summary import outcomes, summary


def rehearsed(program: simulate.Program, trial: int = 0, seed: int = 1, **details) -> Rehearsed:
    (cast,) = simulate.imagine(program, seed, [trial])
    return simulate.rehearse(cast, **details)


def numbers(one: Outcome) -> dict[str, object]:
    """Everything of an outcome but the time it took."""
    return {name: value for name, value in asdict(one).items() if name != "cpu"}


def test_three_trials_of_the_reference_definition_reach_their_end(reference) -> None:
    """Every participant has the verdict that their fate claims; the list is used up; all locks are set; the primary
    analysis can be done."""
    for cast in simulate.imagine(reference, 1, range(3)):
        done = simulate.rehearse(cast)
        state = done.desk.state
        found = outcome(done, 0)
        assert found.randomised == reference.definition.randomisation.n
        assert found.unlike == ()
        assert list(state.locked) == [stage.id for stage in reference.definition.locks]
        assert dict(done.opened) == done.truth.arms == state.assignments
        assert found.refused == ""
        assert found.not_eligible > 0
        assert 3000 < found.facts < 7000
        assert all(query.status == "closed" for query in state.queries.values())
        forms = {form for person in state.participants.values() for _, form, _ in person.pages}
        assert forms | {"igg", "lab_sealed"} >= set(reference.definition.forms)


def test_the_ledger_of_a_rehearsal_is_whole_and_replays_to_its_state(reference) -> None:
    done = rehearsed(reference)
    facts = list(done.desk.ledger.facts())
    assert all(seal_stands(fact) for fact in facts)
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    assert replay(facts) == done.desk.state


def test_sealed_values_never_reach_the_ledger(reference) -> None:
    done = rehearsed(reference)
    sealed = {"igg", "total_protein", "globulin", "esr", "lot"}
    pages = [fact for fact in done.desk.ledger.facts() if fact.kind == kinds.PAGE_RECORDED]
    assert not any(sealed & set((fact.payload or {})["items"]) for fact in pages)
    assert len(done.desk.vault.kept([])) > 500


def test_every_infusion_was_prepared_for_its_arm_and_ready_before_it(reference) -> None:
    """The pharmacist's records hold the product of the arm, from lots that came; the pages hold the volumes."""
    done = rehearsed(reference)
    state, records = done.desk.state, list(done.desk.vault.kept([], "supply/").values())
    prepared = {
        (record["participant"], record["visit"], str(day)): record
        for record in records
        if record["record"] == "prepared"
        for day in days_of(record["day"])
    }
    received = {lot["lot"]: lot["product"] for one in records if one["record"] == "received" for lot in one["lots"]}
    infusions = [
        (person.id, visit, day, page)
        for person in state.participants.values()
        for (visit, form, day), page in person.pages.items()
        if form == "infusion"
    ]
    assert len(infusions) > 300
    for number, visit, day, page in infusions:
        record = prepared[number, visit, day]
        assert record["product"] == {"A": "ivig", "B": "placebo"}[done.truth.arms[number]]
        assert {received[lot["lot"]] for lot in record["lots"]} == {record["product"]}
        (at,) = [at for (when, days), at in state.participants[number].ready.items()
                 if when == visit and int(day) in days_of(days)]  # fmt: skip
        assert at < page.at
    volumes = {
        key: sum(int(page.items["volume"] or 0) for number, visit, _, page in infusions if (number, visit) == key)
        for key in {(number, visit) for number, visit, _, _ in infusions}
    }
    whole = [volumes[key] == int(prepared[(*key, "1")]["volume_ml"]) for key in volumes]
    assert sum(whole) > 0.9 * len(whole)  # a course that was stopped is not given to its end


def test_an_arm_is_in_the_ledger_only_in_the_last_unblinding(reference) -> None:
    done = rehearsed(reference)
    opened = [fact for fact in done.desk.ledger.facts() if fact.kind == kinds.TRIAL_UNBLINDED]
    assert [bool((fact.payload or {})["assignments"]) for fact in opened] == [False, True]
    assert opened[-1].number == done.desk.state.number


def test_the_same_seed_gives_the_same_seal_and_another_seed_another(small) -> None:
    assert rehearsed(small).seal == rehearsed(small).seal
    assert len({rehearsed(small, trial=trial, seed=seed).seal for trial in (0, 1) for seed in (1, 2)}) == 4


def test_a_trial_imagined_among_others_ends_on_the_seal_of_the_trial_alone(small) -> None:
    together = simulate.imagine(small, 4, [7, 3, 11])
    assert [simulate.rehearse(cast).seal for cast in together] == [
        rehearsed(small, trial=trial, seed=4).seal for trial in (7, 3, 11)
    ]


@pytest.mark.requirement("AT1")
def test_a_rehearsal_ends_on_the_same_seal_on_every_ledger(small, any_ledger) -> None:
    assert rehearsed(small, ledger=any_ledger).seal == rehearsed(small).seal


def test_a_rehearsal_behind_the_sealed_vault_ends_on_the_same_seal(small, tmp_path: Path) -> None:
    from trialwright import store
    from trialwright.allocation.slots import sealed_list

    holder = pyrage.x25519.Identity.generate()
    (cast,) = simulate.imagine(small, 1, [0])
    sealed = sealed_list(cast.list.slots, cast.list.annex, [str(holder.to_public())])
    store.create(
        tmp_path / "trial",
        recipients={"pharmacist": str(holder.to_public())},
        prepare=lambda ledger, vault: vault.take_in(sealed, small.definition.id, purpose="test"),
    )
    ledger = store.open_ledger(tmp_path / "trial")
    try:
        vault = store.open_vault(tmp_path / "trial", ledger)
        done = simulate.rehearse(cast, ledger=ledger, vault=vault, keys=[str(holder)])
        assert done.seal == rehearsed(small).seal
        assert dict(done.opened) == done.truth.arms
    finally:
        ledger.close()


def test_a_list_that_draws_otherwise_than_imagined_changes_the_course_and_not_the_baseline(small) -> None:
    """The arms that were foreseen are exchanged; whoever draws another arm is followed again under it."""
    (cast,) = simulate.imagine(small, 1, [0])
    other = {"T": "P", "P": "T"}
    slots = tuple(replace(slot, arm=other[slot.arm]) for slot in cast.list.slots)
    exchanged = simulate.rehearse(replace(cast, list=replace(cast.list, slots=slots)))
    plain = simulate.rehearse(cast)
    assert exchanged.truth.arms == {one: other[arm] for one, arm in plain.truth.arms.items()}
    upper = []
    for done in (plain, exchanged):
        pages = {one: person.pages for one, person in done.desk.state.participants.items()}
        upper.append({(one, key): page.items.get("upper") for one, held in pages.items() for key, page in held.items()})
    before = [{key: text for key, text in one.items() if key[1][0] in ("FIRST", "START")} for one in upper]
    assert before[0] == before[1]
    assert upper[0] != upper[1]


def test_one_worker_and_two_give_the_same_numbers_and_seals() -> None:
    one, two = (outcomes(SMALL, 6, 7, workers=workers) for workers in (1, 2))
    assert [numbers(outcome) for outcome in one] == [numbers(outcome) for outcome in two]
    first, second = (summary(SMALL, None, 6, done) for done in (one, two))
    assert first | {"timing": None} == second | {"timing": None}
    assert len(first["seals"]) == 64


def test_no_effect_is_seen_where_there_is_none() -> None:
    """Under the scenario without effect, a difference is significant about as often as the level says."""
    done = outcomes(SMALL, 2, 60, scenario="idle")
    assert all(not one.unlike for one in done)
    rejected = sum(one.rejected for one in done)
    assert rejected <= 10  # 60 trials at 5 %: more than 10 has a chance below 0.0005


def test_the_summary_has_every_figure_with_its_error() -> None:
    done = outcomes(REFERENCE, 1, 3)
    result = summary(REFERENCE, None, 1, done)
    assert result["flow"]["randomised"] == {"mean": 48.0, "error": 0.0}
    assert set(result["arms"]) == {"A", "B"}
    assert all(entry["mean"]["error"] > 0 for entry in result["arms"].values())
    assert 0 <= result["primary"]["rejected"]["mean"] <= 100
    assert any("not treatment-naive" in caveat for caveat in result["caveats"])
    assert result["unlike"] == 0
    assert len(result["published"]) == 6
