"""A trial is opened once, with its definition as the first fact and the commitment to its allocation list beside it."""

import pytest
from tests.plugins.world import CAST, CountedChance, World, monday_morning
from tests.plugins.worlds import ANNEX, allocation_list, small_trial

from trialwright import conduct, design
from trialwright.conduct import Desk, Refused
from trialwright.design.model import Definition, Provenance, Source, SourceStatus
from trialwright.ledger import kinds
from trialwright.ledger.memory import MemoryLedger
from trialwright.simulate.vault import MemoryVault


def unopened(slots: int = 1000) -> Desk:
    """A desk on an empty ledger, with at most so many slots in each stratum."""
    some = tuple(slot for slot in allocation_list() if slot.position <= slots)
    return Desk(MemoryLedger(), MemoryVault(some, ANNEX), monday_morning(), CountedChance())


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
    desk = unopened()
    conduct.open_trial(desk, planned, by=CAST["sponsor"], rehearsal=True)
    assert desk.state.rehearsal


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
