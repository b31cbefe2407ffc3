"""The sealed kit list: the same from the same seed, of one length, and never another than the one committed."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from tests.plugins.kits import ORDER, open_kits, swapped_kits
from tests.plugins.worlds import all_keys, public_key

from trialwright.allocation.kits import (
    KitOrder,
    Lot,
    SealedKits,
    WrongKit,
    digest,
    draw_up_kits,
    opened_kit,
    package,
    read_package,
    reconciled,
    sealed_kits,
)
from trialwright.allocation.sealing import NotOpened

KEY = all_keys()[:1]


@pytest.fixture(scope="module")
def sealed() -> SealedKits:
    return sealed_kits(open_kits(), ORDER, [public_key(), public_key("escrow-1")])


def test_the_same_seed_gives_the_same_list_and_another_seed_another() -> None:
    assert draw_up_kits(ORDER, bytes(32)) == open_kits()
    assert {kit.number for kit in draw_up_kits(ORDER, b"\1" * 32)} != {kit.number for kit in open_kits()}


def test_arms_do_not_follow_the_numbers() -> None:
    """In the order of the numbers the arms are mixed: as many runs as chance would give, give or take four errors."""
    order = KitOrder("X", tuple(replace(lot, count=500) for lot in ORDER.lots), ("P", "T"))
    arms = [kit.arm for kit in draw_up_kits(order, bytes(32))]
    runs = 1 + sum(one != other for one, other in pairwise(arms))
    assert abs(runs - 501) < 4 * 15.8
    assert arms.count("T") == arms.count("P") == 500


def test_all_kits_of_a_list_carry_the_earliest_expiry_and_none_its_own(sealed: SealedKits) -> None:
    assert sealed.use_by == "2027-03-31"
    assert b"2027-06-30" not in package(sealed)
    assert b"LOT-" not in package(sealed)


def test_what_is_sealed_has_one_length_whatever_it_holds(sealed: SealedKits) -> None:
    """The body of an age file; its header has a random length on purpose."""

    def lengths(one: SealedKits) -> set[int]:
        return {len(kit.ciphertext.partition(b"\n--- ")[2].partition(b"\n")[2]) for kit in one.kits}

    other = sealed_kits(swapped_kits(open_kits()), ORDER, [public_key()])
    assert len(lengths(sealed)) == 1
    assert lengths(sealed) == lengths(other)


def test_a_holder_opens_every_kit_and_finds_what_was_drawn_up(sealed: SealedKits) -> None:
    found = tuple(opened_kit(kit, KEY, "PRESS", "production") for kit in sealed.kits)
    assert found == open_kits()


def test_without_the_key_nothing_opens(sealed: SealedKits) -> None:
    with pytest.raises(NotOpened):
        opened_kit(sealed.kits[0], all_keys()[2:], "PRESS", "production")


@pytest.mark.parametrize(("trial", "purpose"), [("OTHER", "production"), ("PRESS", "test")])
def test_a_kit_of_another_trial_or_purpose_is_found(sealed: SealedKits, trial: str, purpose: str) -> None:
    with pytest.raises(WrongKit, match="does not hold what was committed"):
        opened_kit(sealed.kits[0], KEY, trial, purpose)


def test_two_kits_that_were_exchanged_are_found(sealed: SealedKits) -> None:
    exchanged = replace(sealed.kits[0], ciphertext=sealed.kits[1].ciphertext)
    with pytest.raises(WrongKit, match=sealed.kits[0].number):
        opened_kit(exchanged, KEY, "PRESS", "production")


def test_what_a_damaged_kit_holds_is_never_repeated() -> None:
    from trialwright.allocation.kits import SealedKit
    from trialwright.allocation.sealing import sealed as seal

    odd = SealedKit("1", "0", seal(b'{"arm": "T"}', [public_key()]))
    with pytest.raises(WrongKit) as error:
        opened_kit(odd, KEY, "PRESS", "production")
    assert error.value.__cause__ is None
    assert "T" not in str(error.value)


def test_a_package_is_read_as_it_was_written(sealed: SealedKits) -> None:
    content = package(sealed)
    assert read_package(content) == sealed
    assert len(digest(content)) == 64


def test_a_damaged_package_is_refused(sealed: SealedKits) -> None:
    content = package(sealed)
    leaf = sealed.kits[3].leaf.encode()
    for damaged in (
        b"",
        b"{}",
        b"[]",
        content[:-20],
        content.replace(leaf, leaf[::-1]),
        content.replace(b"kits 1", b"k"),
    ):
        with pytest.raises(WrongKit):
            read_package(damaged)


def test_an_order_that_cannot_be_is_refused_with_every_reason() -> None:
    with pytest.raises(ValueError, match="is no arm") as error:
        KitOrder("X", (Lot("Z", "L1", date(2027, 1, 1), 0),), ("P", "T"), "trial")
    said = str(error.value)
    assert [part in said for part in ("0 kits", "no lot of arm P", "no lot of arm T", "not for 'trial'")] == [True] * 4


def test_a_test_list_says_so_in_every_kit() -> None:
    order = replace(ORDER, purpose="test", words={"T": "the tablet"})
    assert order.in_words("T") == "TEST-T: not for a participant"
    assert replace(ORDER, words={"T": "the tablet"}).in_words("T") == "the tablet"


def test_an_open_kit_shows_no_arm_in_a_log() -> None:
    assert repr(open_kits()[0]) == f"OpenKit(number='{open_kits()[0].number}', ...)"
    assert "LOT" not in repr(ORDER)


def test_reconciling_names_the_kit_that_went_to_the_wrong_arm() -> None:
    contents = {kit.number: kit for kit in open_kits()}
    tablet, placebo = (next(kit.number for kit in open_kits() if kit.arm == arm) for arm in "TP")
    arms = {"A": "T", "B": "P"}
    assert reconciled([(tablet, "A"), (placebo, "B")], arms, contents) == []
    found = reconciled([(tablet, "B"), ("000000X", "A"), (placebo, "C")], arms, contents)
    parts = ("holds T", "no sealed list", "no allocation")
    assert all(part in said for part, said in zip(parts, found, strict=True))
