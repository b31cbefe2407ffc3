"""Sealed slots: what the server holds says nothing, what the holders open is what was committed."""

import dataclasses
import hashlib
import os

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.allocation.annex import Annex, read_annex
from trialwright.allocation.check_digits import pure_check_character
from trialwright.allocation.merkle import merkle_root
from trialwright.allocation.methods import Blocks
from trialwright.allocation.sealing import NotOpened, combined_seed, joined, opened, sealed, share_commitment, split
from trialwright.allocation.slots import (
    OpenSlot,
    SealedSlot,
    WrongSlot,
    discrepancies,
    draw_up,
    generate,
    label_is_right,
    opened_slot,
    root,
)
from trialwright.allocation.stream import framed

ANNEX = Annex("TIM", Blocks({"A": 1, "B": 1}, (4, 6)), "5a" * 32, {"A": "IVIg + prednisone", "B": "placebo"})
STRATA = ("DM", "other")
SEEDS = st.binary(min_size=32, max_size=32)
KEYS = [pyrage.x25519.Identity.generate() for _ in range(3)]
RECIPIENTS = [str(key.to_public()) for key in KEYS]
SEED = bytes(range(32))
SEALED = generate(ANNEX, STRATA, 8, SEED, RECIPIENTS)


def rfc_6962(leaves: list[bytes]) -> bytes:
    """The tree hash as the standard defines it, by splitting."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split_at = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + rfc_6962(leaves[:split_at]) + rfc_6962(leaves[split_at:])).digest()


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40))
def test_the_root_is_the_tree_hash_of_rfc_6962(leaves: list[bytes]) -> None:
    assert merkle_root(leaves) == rfc_6962(leaves)


def test_an_empty_list_has_no_root() -> None:
    with pytest.raises(ValueError, match="no root"):
        merkle_root([])


@given(st.lists(st.binary(max_size=5), max_size=4), st.lists(st.binary(max_size=5), max_size=4))
def test_framed_parts_never_run_into_each_other(one: list[bytes], other: list[bytes]) -> None:
    assert (framed(*one) == framed(*other)) == (one == other)


@settings(max_examples=30)
@given(SEEDS, st.integers(1, 60))
def test_labels_are_unlike_and_carry_their_check_character(seed: bytes, n: int) -> None:
    labels = [slot.label for slot in draw_up(ANNEX, STRATA, n, seed)]
    assert len(set(labels)) == len(labels)
    assert all(label_is_right(label) and label_is_right(f" {label.lower()} ") for label in labels)


@settings(max_examples=30)
@given(SEEDS)
def test_a_mistyped_label_is_no_label(seed: bytes) -> None:
    label = draw_up(ANNEX, ("all",), 1, seed)[0].label
    assert not label_is_right(label[1:])
    assert not label_is_right(("2" if label[0] != "2" else "3") + label[1:])
    assert pure_check_character(label[:-1]) == label[-1]


@settings(max_examples=30)
@given(SEEDS)
def test_swapping_the_arms_changes_no_label_position_or_nonce(seed: bytes) -> None:
    """Two worlds that differ in the arms alone: all that may be seen is equal but for the leaves, which commit to
    them.
    """
    swapped = Annex("TIM", Blocks({"A": 1, "B": 2}, (3, 6)), ANNEX.salt)
    worlds = [draw_up(annex, STRATA, 12, seed) for annex in (ANNEX, swapped)]
    assert [slot.arm for slot in worlds[0]] != [slot.arm for slot in worlds[1]]
    for one, other in zip(*worlds, strict=True):
        assert (one.stratum, one.position, one.label, one.nonce) == (
            other.stratum,
            other.position,
            other.label,
            other.nonce,
        )


def test_the_leaf_commits_to_every_part_of_the_slot() -> None:
    slot = OpenSlot("DM", 3, "K7QWBDX", "A", bytes(32))
    others = [
        dataclasses.replace(slot, stratum="D"),
        dataclasses.replace(slot, position=4),
        dataclasses.replace(slot, label="K7QWBD2"),
        dataclasses.replace(slot, arm="B"),
        dataclasses.replace(slot, nonce=bytes(31) + b"\x01"),
    ]
    leaves = [
        slot.leaf("TIM", "0a"),
        slot.leaf("TI", "M0a"),
        slot.leaf("TIM", "0b"),
        *(s.leaf("TIM", "0a") for s in others),
    ]
    assert len(set(leaves)) == len(leaves)


def test_the_server_s_list_is_as_long_as_asked_and_has_a_root_in_order() -> None:
    slots = draw_up(ANNEX, STRATA, 8, SEED)
    assert SEALED.root == root(slots, ANNEX) != root(slots[::-1], ANNEX)
    assert SEALED.counts == {"DM": 8, "other": 8}
    assert [(slot.stratum, slot.position, slot.label) for slot in SEALED.slots] == [
        (slot.stratum, slot.position, slot.label) for slot in slots
    ]


def test_every_holder_opens_every_slot_and_the_annex() -> None:
    slots = draw_up(ANNEX, STRATA, 8, SEED)
    for key in KEYS:
        assert tuple(opened_slot(slot, [str(key)], "TIM", ANNEX.sha256) for slot in SEALED.slots) == slots
        assert read_annex(opened(SEALED.sealed_annex, [str(key)])) == ANNEX


def test_a_holder_reads_the_arm_in_words_with_the_age_program_alone() -> None:
    text = opened(SEALED.slots[0].ciphertext, [str(KEYS[0])]).decode()
    assert '"arm_in_words": "' in text
    assert text.endswith("\n")


def test_what_is_sealed_has_one_length_whatever_the_arm() -> None:
    """The body after the header (the line that begins with three dashes); the header holds random padding."""
    bodies = {len(slot.ciphertext.partition(b"\n--- ")[2].partition(b"\n")[2]) for slot in SEALED.slots}
    assert len(bodies) == 1
    assert len({len(opened(slot.ciphertext, [str(KEYS[0])])) for slot in SEALED.slots}) == 1


def test_a_stranger_s_key_opens_nothing() -> None:
    stranger = str(pyrage.x25519.Identity.generate())
    for keys in ([stranger], [], ["AGE-SECRET-KEY-1NONSENSE"]):
        with pytest.raises(NotOpened) as refused:
            opened_slot(SEALED.slots[0], keys, "TIM", ANNEX.sha256)
        assert "AGE-SECRET" not in str(refused.value).replace("AGE-SECRET-KEY-1...", "")


def test_a_damaged_slot_does_not_open() -> None:
    slot = SEALED.slots[0]
    for place in (0, len(slot.ciphertext) // 2, len(slot.ciphertext) - 1):
        damaged = bytearray(slot.ciphertext)
        damaged[place] ^= 1
        with pytest.raises(NotOpened):
            opened_slot(dataclasses.replace(slot, ciphertext=bytes(damaged)), [str(KEYS[0])], "TIM", ANNEX.sha256)


@pytest.mark.parametrize(
    "content",
    [b"nothing", b"[]", b"{}", b'{"stratum": "DM", "position": 1, "label": "x", "arm": 1, "nonce": "00"}'],
)
def test_a_slot_with_other_content_is_recognised(content: bytes) -> None:
    slot = dataclasses.replace(SEALED.slots[0], ciphertext=sealed(content, RECIPIENTS))
    with pytest.raises(WrongSlot):
        opened_slot(slot, [str(KEYS[0])], "TIM", ANNEX.sha256)


def test_an_exchanged_slot_is_recognised() -> None:
    """An administrator puts another slot's file in place, or seals an arm of his own choice."""
    first, second = SEALED.slots[:2]
    inside = draw_up(ANNEX, STRATA, 8, SEED)[0]
    other = "B" if inside.arm == "A" else "A"
    forged = opened(first.ciphertext, [str(KEYS[0])]).replace(
        f'"arm": "{inside.arm}"'.encode(), f'"arm": "{other}"'.encode()
    )
    for ciphertext in (second.ciphertext, sealed(forged, RECIPIENTS)):
        with pytest.raises(WrongSlot, match="committed"):
            opened_slot(dataclasses.replace(first, ciphertext=ciphertext), [str(KEYS[0])], "TIM", ANNEX.sha256)


def test_a_list_used_as_drawn_up_shows_no_discrepancy_and_a_changed_one_does() -> None:
    assert discrepancies(ANNEX, STRATA, 8, SEED, SEALED.slots) == []
    swapped: list[SealedSlot] = [SEALED.slots[1], SEALED.slots[0], *SEALED.slots[2:]]
    assert len(discrepancies(ANNEX, STRATA, 8, SEED, swapped)) == 2
    assert len(discrepancies(ANNEX, STRATA, 8, bytes(32), SEALED.slots)) >= 1
    assert discrepancies(ANNEX, STRATA, 8, SEED, SEALED.slots[:-1]) == ["the seed gives 16 slots and 15 are kept"]


def test_nothing_that_prints_shows_an_arm_or_a_block_size() -> None:
    assert "'A'" not in repr(OpenSlot("DM", 1, "K7QWBDX", "A", bytes(32)))
    assert "4" not in repr(ANNEX)


def test_a_list_without_strata_or_places_is_refused() -> None:
    for strata, n in (((), 4), (("DM", "DM"), 4), (("DM",), 0)):
        with pytest.raises(ValueError, match="at least one"):
            draw_up(ANNEX, strata, n, SEED)


def test_the_annex_s_hash_cannot_be_tried_out() -> None:
    """Another salt gives another hash for the same sizes; the order in which sizes and arms are written does not
    matter.
    """
    same = Annex("TIM", Blocks({"B": 1, "A": 1}, (6, 4)), ANNEX.salt, ANNEX.words)
    assert same.sha256 == ANNEX.sha256
    assert draw_up(same, STRATA, 8, SEED) == draw_up(ANNEX, STRATA, 8, SEED)
    assert dataclasses.replace(ANNEX, salt="00" * 32).sha256 != ANNEX.sha256


@pytest.mark.parametrize("content", [b"{}", b"x", b"[]", ANNEX.canonical + b" "])
def test_what_is_no_annex_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="annex"):
        read_annex(content)


def test_an_annex_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 2"):
        Annex("TIM", Blocks({"A": 1, "B": 1}, (5,)), "00" * 32)
    with pytest.raises(ValueError, match="salt"):
        Annex("TIM", Blocks({"A": 1, "B": 1}, (4,)), "00")
    with pytest.raises(ValueError, match="does not name"):
        Annex("TIM", Blocks({"A": 1, "B": 1}, (4,)), "00" * 32, {"C": "none"})


@given(SEEDS, SEEDS)
def test_the_seed_comes_back_from_both_shares_and_from_neither_alone(seed: bytes, mask: bytes) -> None:
    first, second = split(seed, mask)
    assert joined(first, second) == joined(second, first) == seed
    assert first == mask


@given(SEEDS, SEEDS)
def test_the_combined_seed_depends_on_both_shares_in_order(one: bytes, other: bytes) -> None:
    assert combined_seed(one, other) == hashlib.sha256(one + other).digest()
    assert (combined_seed(one, other) == combined_seed(other, one)) == (one == other)
    assert (share_commitment(one) == share_commitment(other)) == (one == other)


def test_shares_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        combined_seed(bytes(32), bytes(31))
    with pytest.raises(ValueError, match="mask"):
        split(bytes(32), bytes(16))


def test_sealing_to_nobody_or_to_no_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one recipient"):
        sealed(b"x", [])
    with pytest.raises(ValueError, match="not an age public key"):
        sealed(b"x", ["age1nonsense"])


def test_random_bytes_do_not_open() -> None:
    with pytest.raises(NotOpened):
        opened(os.urandom(300), [str(KEYS[0])])
