"""Kits on the pages of the clinic and the office: numbers alone, and the same in two trials with swapped arms."""

import pytest
from tests.plugins.kits import NURSE, KitWorld, kit_world, swapped_slots
from tests.plugins.worlds import allocation_list
from tests.spec.blinding.obtaining import of_the_pages
from tests.spec.blinding.two_worlds import differences, normalised, tokens

from trialwright import conduct
from trialwright.conduct import Refused
from trialwright.ledger import kits


def played(swapped: bool) -> KitWorld:
    """Somebody was handed a kit, somebody a second one, somebody none."""
    trial = kit_world(swapped)
    trial.send("NORTH")
    for name in ("Ann", "Bob"):
        trial.world.randomised(name)
        trial.handed(name)
    (broken,) = (kit.number for kit in trial.desk.state.kits.values() if kit.participant == trial.world.numbers["Ann"])
    conduct.move_kits(trial.desk, movement=kits.DAMAGE, numbers=[broken], place="NORTH", by=NURSE, why="it leaks")
    trial.handed("Ann", replaces=broken, why="the first one leaked")
    conduct.quarantine_kits(trial.desk, place="NORTH", by=NURSE, why="the fridge failed")
    trial.world.randomised("Cas")
    with pytest.raises(Refused):
        trial.handed("Cas")
    return trial


@pytest.mark.requirement("BL2")
def test_every_page_is_the_same_in_two_trials_with_swapped_arms() -> None:
    found = []
    for swapped in (False, True):
        trial = played(swapped)
        slots = swapped_slots(allocation_list()) if swapped else allocation_list()
        ledger = trial.desk.ledger
        pages = of_the_pages(ledger, list(trial.world.numbers.values()))
        found.append(normalised(pages, tokens(ledger, slots)))
    assert differences(*found) == []


def test_a_participant_s_page_names_the_kits_and_the_office_hears_where_none_was_left() -> None:
    trial = played(False)
    ann = trial.world.numbers["Ann"]
    numbers = [kit.number for kit in trial.desk.state.kits.values() if kit.participant == ann]
    pages = of_the_pages(trial.desk.ledger, list(trial.world.numbers.values()))
    hers = pages[f"page nurse get /participants/{ann}"]
    assert len(numbers) == 2
    assert all(number in hers for number in numbers)
    assert "Kits handed out" in hers
    assert any("Nobody could be handed a kit at NORTH (START)" in page for page in pages.values())
    assert not any(lot in page for lot in ("LOT-12", "LOT-77") for page in pages.values())
