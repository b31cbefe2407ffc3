"""A definition that minimises is rehearsed from opening to unblinding; the draws adapt to who comes."""

from pathlib import Path

import pytest
from django.db import connections
from tests.plugins.allocating import installed, packaged, serving
from tests.plugins.editing import SMALL, edited

from trialwright import design, simulate, store
from trialwright.allocation.allocator import KeptDraw, replayed
from trialwright.allocation.keys import private_key
from trialwright.conduct.catalogue import catalogue
from trialwright.design.problems import DefinitionErrors
from trialwright.ledger.kinds import ALLOCATION_DRAWN

TWO_FACTORS = (
    ("method: permuted_block", "method: minimisation"),
    (
        '"*": some}}\n  requires',
        '"*": some}}\n    sex: {label: Sex, item: person.sex, map: {F: F, M: M}}\n  requires',
    ),
)


def minimised(folder: Path, parameters: str = "") -> simulate.Program:
    """The small trial, minimising over the tablets before and the sex."""
    trial = edited(folder, *TWO_FACTORS)
    scenarios = trial / "scenarios.yaml"
    text = scenarios.read_text(encoding="utf-8")
    scenarios.write_text(text.replace("enrolment: {", f"{parameters}enrolment: {{", 1), encoding="utf-8")
    return simulate.program(simulate.read(trial), design.read(trial, catalogue()))


@pytest.mark.requirement("RN1", "RN5")
def test_a_minimised_trial_is_rehearsed_to_its_end_and_its_draws_can_be_repeated(tmp_path: Path) -> None:
    (cast,) = simulate.imagine(minimised(tmp_path), 7, [0], ceremony=True)
    done = simulate.rehearse(cast)
    draws = [fact for fact in done.desk.ledger.facts() if fact.kind == ALLOCATION_DRAWN]
    payloads = [fact.payload or {} for fact in draws]
    assert [(one["stratum"], one["position"]) for one in payloads] == [("all", str(n + 1)) for n in range(len(draws))]
    assert len(draws) >= 8
    assert dict(done.opened) == done.truth.arms == done.desk.state.assignments
    kept = [
        KeptDraw(fact.participant or "", one["levels"], one["stratum"], int(one["position"]), one["label"], one["leaf"])
        for fact, one in zip(draws, payloads, strict=True)
    ]
    assert cast.list.seed is not None
    again = replayed(cast.list.annex, cast.list.seed, kept)
    assert again.problems == ()
    assert again.arms == done.truth.arms


@pytest.mark.requirement("RN5")
def test_the_same_rehearsal_ends_on_the_same_seal_behind_an_allocator(tmp_path: Path, quick_path: Path) -> None:
    """In memory, and on a database with a process that draws: labels, leaves and all facts are the same."""
    (cast,) = simulate.imagine(minimised(tmp_path), 7, [0], ceremony=True)
    in_memory = simulate.rehearse(cast)
    definition = cast.program.definition
    package = packaged(definition, quick_path / "keys", cast.list.annex, cast.list.shares)

    def prepare(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in(package.list, definition.id, kind=package.terms.kind, purpose="test", escrow=package.escrow)

    trial, allocator = installed(quick_path, package, prepare)
    keys = [private_key(quick_path / "keys" / f"{role}.key") for role in ("escrow-1", "escrow-2")]
    with serving(allocator):
        ledger = store.open_ledger(trial)
        done = simulate.rehearse(cast, ledger=ledger, vault=store.open_vault(trial, ledger), keys=keys)
        ledger.close()
    assert done.seal == in_memory.seal
    assert dict(done.opened) == dict(in_memory.opened)
    assert store.verify(trial).ok
    connections.close_all()


def test_minimisation_keeps_the_margins_nearer_to_even_than_the_order_of_coming_would(tmp_path: Path) -> None:
    """With p = 1 every margin of two equal arms ends within two of even."""
    program = minimised(tmp_path, "allocation: {p: 1}\n")
    for cast in simulate.imagine(program, 7, range(3)):
        done = simulate.rehearse(cast)
        people = done.desk.state.participants
        for factor in program.definition.randomisation.strata:
            for level in ("none", "some", "F", "M"):
                signs = [
                    1 if arm == "T" else -1
                    for one, arm in done.truth.arms.items()
                    if (drawn := people[one].allocation) is not None and drawn.levels[factor] == level
                ]
                assert abs(sum(signs)) <= 2


def test_parameters_that_do_not_fit_are_said_at_their_place(tmp_path: Path) -> None:
    with pytest.raises(DefinitionErrors) as refused:
        minimised(tmp_path, "allocation: {p: 2, limits: 3}\n")
    text = str(refused.value)
    assert "p: 2 is no probability" in text
    assert "minimisation has no such parameter" in text
    assert "scenarios.yaml" in text


@pytest.mark.parametrize("method", ["simple", "big_stick", "biased_coin", "urn"])
def test_every_method_of_a_list_is_rehearsed(tmp_path: Path, method: str) -> None:
    trial = edited(tmp_path, ("method: permuted_block", f"method: {method}"), trial=SMALL)
    (cast,) = simulate.imagine(simulate.program(simulate.read(trial), design.read(trial, catalogue())), 3, [0])
    done = simulate.rehearse(cast)
    assert cast.list.annex.method.name == method
    assert dict(done.opened) == done.truth.arms
    assert done.truth.arms
