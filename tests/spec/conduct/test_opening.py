"""A trial is opened once, with its definition as the first fact and the commitment to its allocation list beside it."""

from dataclasses import replace

import pytest
from tests.plugins.world import CAST, CountedChance, World, monday_morning
from tests.plugins.worlds import ANNEX, allocation_list, small_trial

from trialwright import conduct, design
from trialwright.conduct import Desk, Refused
from trialwright.design.model import Definition, Provenance, Source, SourceStatus
from trialwright.ledger import kinds
from trialwright.ledger.memory import MemoryLedger
from trialwright.simulate.vault import MemoryVault


def unopened(slots: int = 1000, purpose: str = "production", **terms: str) -> Desk:
    """A desk on an empty ledger, with at most so many slots in each stratum and these terms of the list."""
    some = tuple(slot for slot in allocation_list() if slot.position <= slots)
    vault = MemoryVault(some, replace(ANNEX, purpose=purpose))
    vault.commitment = lambda: replace(MemoryVault.commitment(vault), terms=terms)  # type: ignore[method-assign]
    return Desk(MemoryLedger(), vault, monday_morning(), CountedChance())


def assumed() -> Definition:
    """The small trial with one value that nobody has confirmed."""
    guess = Source(text="a guess", status=SourceStatus.ASSUMED)
    definition = small_trial()
    provenance = (*definition.provenance, Provenance(path="visits.WEEK8.window", source="guess", note="no source read"))
    return definition.model_copy(update={"sources": {**definition.sources, "guess": guess}, "provenance": provenance})


@pytest.mark.requirement("AT2", "RN5")
def test_the_first_fact_is_the_whole_definition_and_commits_to_the_list(world: World) -> None:
    first = world.facts()[0]
    assert (first.number, first.kind, first.by) == (1, kinds.TRIAL_OPENED, "p01")
    assert design.from_canonical(first.payload["definition"]) == world.definition
    assert first.payload["fingerprint"] == design.fingerprint(world.definition)
    assert first.payload["root"] == world.desk.vault.commitment().root
    assert set(first.payload["slots"]) == {"drug:none", "drug:some"}
    assert all(int(count) >= world.definition.randomisation.n for count in first.payload["slots"].values())


@pytest.mark.requirement("VA2")
def test_somebody_takes_responsibility_for_what_is_only_assumed() -> None:
    """Without assumptions nobody needs to; with them a name is kept in the first fact."""
    table = [
        ("confirmed", small_trial(), None, "done"),
        ("assumed", assumed(), None, "of the definition are not confirmed by anybody; name who accepts them"),
        ("assumed", assumed(), None, "visits.WEEK8.window"),
        ("assumed", assumed(), "Prof. P. Investigator", "done"),
    ]
    for what, definition, accepted_by, answer in table:
        desk = unopened()
        try:
            fact = conduct.open_trial(desk, definition, by=CAST["sponsor"], accepted_by=accepted_by)
            said = "done"
            assert fact.payload["accepted_by"] == accepted_by
        except Refused as refused:
            said = str(refused)
        assert answer in said, what


@pytest.mark.requirement("VA2")
def test_what_the_program_cannot_do_yet_may_be_rehearsed_but_not_opened() -> None:
    """An analysis that the catalogue lacks must not be found missing after the last participant."""
    definition = small_trial()
    plan = next(iter(definition.analyses.values()))
    planned = definition.model_copy(
        update={"analyses": {**definition.analyses, "LATER": plan.model_copy(update={"method": "clairvoyance"})}}
    )
    with pytest.raises(Refused, match="it can be rehearsed but not opened") as refused:
        conduct.open_trial(unopened(), planned, by=CAST["sponsor"])
    assert refused.value.problems == ("clairvoyance",)
    desk = unopened(purpose="test")
    conduct.open_trial(desk, planned, by=CAST["sponsor"], rehearsal=True)
    assert desk.state.rehearsal


@pytest.mark.requirement("RN8")
def test_a_test_list_opens_no_real_trial_and_a_production_list_no_rehearsal() -> None:
    for purpose, rehearsal, says in (("test", False, "a production list only"), ("production", True, "of its own")):
        desk = unopened(purpose=purpose)
        with pytest.raises(Refused, match=says):
            conduct.open_trial(desk, small_trial(), by=CAST["sponsor"], rehearsal=rehearsal)
        assert desk.state.number == 0


@pytest.mark.requirement("RN3")
def test_who_makes_witnesses_reviews_and_opens_are_different_people() -> None:
    people = {"generated_by": "Gina", "witnessed_by": "Will", "reviewed_by": "Rita"}
    for changed, says in (
        ({"witnessed_by": "gina "}, "are different people"),
        ({"reviewed_by": "Will"}, "are different people"),
        ({"generated_by": "p01"}, "Sam Sponsor had part in the allocation list"),
        ({"witnessed_by": "sam sponsor"}, "Sam Sponsor had part in the allocation list"),
        ({"fingerprint": "ab" * 32}, "made for another version"),
    ):
        with pytest.raises(Refused, match=says):
            conduct.open_trial(unopened(**{**people, **changed}), small_trial(), by=CAST["sponsor"])
    desk = unopened(**people)
    fact = conduct.open_trial(desk, small_trial(), by=CAST["sponsor"])
    assert fact.payload is not None
    assert (fact.payload["terms"], fact.payload["purpose"]) == (people, "production")


@pytest.mark.requirement("RN3")
def test_who_made_witnessed_or_reviewed_the_list_takes_no_blinded_part() -> None:
    makers = ("nurse", "data manager", "investigator")
    generated, witnessed, reviewed = (CAST[who].id for who in makers)
    desk = unopened(generated_by=generated, witnessed_by=witnessed, reviewed_by=reviewed)
    conduct.open_trial(desk, small_trial(), by=CAST["sponsor"])
    conduct.activate(desk, "NORTH", by=CAST["sponsor"])
    for who in ("nurse", "investigator"):
        with pytest.raises(Refused, match="blinded"):
            conduct.prescreen(desk, site="NORTH", outcome="declined", reason="too far", by=CAST[who])
    with pytest.raises(Refused, match="blinded"):
        conduct.lock(desk, stage="week8", why="curious", by=CAST["data manager"])


@pytest.mark.requirement("RN5")
def test_a_list_made_under_another_annex_is_refused() -> None:
    """The definition names the annex by its hash; block sizes stand in neither."""
    plan = small_trial().randomisation.model_copy(update={"annex_sha256": "ab" * 32})
    definition = small_trial().model_copy(update={"randomisation": plan})
    with pytest.raises(Refused, match="made under another annex"):
        conduct.open_trial(unopened(), definition, by=CAST["sponsor"])


@pytest.mark.requirement("RN7", "RN8")
def test_a_list_that_cannot_last_is_refused_before_the_first_participant() -> None:
    """Every stratum has room for the whole trial."""
    with pytest.raises(Refused, match=r"too few slots in drug:none, drug:some \(each stratum needs 12\)"):
        conduct.open_trial(unopened(slots=11), small_trial(), by=CAST["sponsor"])


def test_a_trial_is_opened_once_by_its_sponsor(world: World) -> None:
    table = [
        ("sponsor", "The trial is open already; a change of its definition is an amendment"),
        ("investigator", "An investigator may not open a trial"),
        ("data manager", "A data manager may not open a trial"),
    ]
    for who, answer in table:
        assert answer in world.says(who, "open_trial", definition=world.definition)


def test_nothing_happens_before_the_trial_is_open() -> None:
    desk = unopened()
    for verb, details in (
        ("activate", {"site": "NORTH"}),
        ("consent", {"site": "NORTH", "form_version": "1", "scopes": {"trial": True}}),
    ):
        who = CAST["sponsor"] if verb == "activate" else CAST["nurse"]
        with pytest.raises(Refused):
            getattr(conduct, verb)(desk, by=who, **details)
    assert desk.ledger.head().number == 0
