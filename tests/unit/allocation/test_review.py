"""What a review can see in an order of arms."""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plugins.worlds import small_trial

from trialwright import design
from trialwright.allocation.annex import Annex
from trialwright.allocation.escrow import seed_commitment, to_escrow
from trialwright.allocation.keys import ROLES
from trialwright.allocation.methods import BigStick, Blocks, Simple, list_for
from trialwright.allocation.package import LIST, SEALED_LIST, Package, Terms, digest, list_bytes
from trialwright.allocation.review import Report, cut_into_blocks, review
from trialwright.allocation.seed_shares import Promise
from trialwright.allocation.slots import OpenSlot, draw_up, sealed_list
from trialwright.allocation.stream import Stream

SEEDS = st.binary(min_size=32, max_size=32)
RATIOS = st.sampled_from([{"A": 1, "B": 1}, {"A": 2, "B": 1}, {"A": 1, "B": 1, "C": 2}])


def in_blocks(ratio: dict[str, int], *times: int) -> Annex:
    """An annex with blocks of so many times the ratio."""
    return Annex("T", Blocks(ratio, tuple(sum(ratio.values()) * one for one in times)), "00" * 32)


@given(SEEDS, RATIOS, st.sets(st.integers(1, 4), min_size=1), st.integers(1, 60))
@settings(max_examples=80)
def test_every_list_in_blocks_can_be_cut_into_blocks_of_its_annex(
    seed: bytes, ratio: dict[str, int], times: set[int], n: int
) -> None:
    annex = in_blocks(ratio, *times)
    order = list_for(annex.method, "s", n, Stream(seed))
    cut = cut_into_blocks(order, annex)
    assert sum(cut[:-1]) < n <= sum(cut)
    start = 0
    for size in cut[:-1]:
        shares = Counter(order[start : start + size])
        assert len({shares[arm] * sum(ratio.values()) - size * ratio[arm] for arm in ratio} - {0}) == 0
        start += size


@given(SEEDS, st.integers(24, 60))
@settings(max_examples=40)
def test_a_sorted_list_is_never_cut_into_blocks(seed: bytes, n: int) -> None:
    annex = in_blocks({"A": 1, "B": 1}, 2, 3)
    assert cut_into_blocks(sorted(list_for(annex.method, "s", n, Stream(seed))), annex) == ()


def test_other_methods_have_no_blocks() -> None:
    assert cut_into_blocks("ABAB", Annex("T", Simple({"A": 1, "B": 1}), "00" * 32)) == ()


# ------------------------------------------------------------------ a whole report


def reported(annex: Annex, slots: list[OpenSlot]) -> Report:
    """The review of these slots, unsigned, for the small trial with 48 places."""
    import pyrage

    plan = small_trial().randomisation.model_copy(update={"n": 48, "method": annex.method.name})
    definition = small_trial().model_copy(update={"randomisation": plan})
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    sealed = sealed_list(slots, annex, [public])
    nobody = Promise("generator", "G", "", "", "")
    escrow = to_escrow(bytes(32), annex, bytes(1024)[: _length(annex)], (public, public))
    terms = Terms(
        trial="PRESS", version="1", fingerprint=design.fingerprint(definition), purpose="production", kind=SEALED_LIST,
        method=annex.method.name, root=sealed.root, annex_sha256=annex.sha256,
        seed_commitment=seed_commitment(bytes(32)),
        counts=sealed.counts, recipients=dict.fromkeys(ROLES, public), files={LIST: digest(list_bytes(sealed))},
        generator=nobody, witness=replace(nobody, part="witness"), made_on=date(2026, 3, 1).isoformat(),
    )  # fmt: skip
    return review(Package(terms, sealed, escrow, None, {}), definition, [str(identity)])


def _length(annex: Annex) -> int:
    from trialwright.allocation.escrow import secret_length

    return secret_length(annex)


def wrong(report: Report) -> set[str]:
    """Which checks failed, without those of the signatures, which these packages lack."""
    return {one.check for one in report.findings if not one.right} - {"Signatures, files, labels, order, root"}


METHODS = (Blocks({"T": 1, "P": 1}, (4, 6)), BigStick({"T": 1, "P": 1}, 3), Simple({"T": 1, "P": 1}))


@pytest.mark.requirement("RN9")
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_right_list_of_any_method_is_found_right(method: Blocks | BigStick | Simple) -> None:
    annex = Annex("PRESS", method, "00" * 32)
    for seed in range(5):
        slots = draw_up(annex, design.strata(small_trial()), 48, bytes([seed]) * 32)
        assert wrong(reported(annex, list(slots))) == set()


@pytest.mark.requirement("RN9")
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_list_that_is_alike_in_every_stratum_or_sorted_is_found_wrong(method: Blocks | BigStick | Simple) -> None:
    annex = Annex("PRESS", method, "00" * 32)
    slots = draw_up(annex, design.strata(small_trial()), 48, bytes(32))
    first = [slot.arm for slot in slots[:48]]
    alike = [replace(slot, arm=first[slot.position - 1]) for slot in slots]
    assert wrong(reported(annex, alike)) == {"No two strata alike"}
    by_arm = [replace(slot, arm=sorted(first)[slot.position - 1]) for slot in slots[:48]] + list(slots[48:])
    assert f"{slots[0].stratum}: order" in wrong(reported(annex, by_arm))


@pytest.mark.requirement("RN9")
def test_a_big_stick_that_was_let_go_further_is_found() -> None:
    annex = Annex("PRESS", BigStick({"T": 1, "P": 1}, 2), "00" * 32)
    slots = draw_up(annex, design.strata(small_trial()), 48, bytes(32))
    lopsided = [replace(slot, arm="T") if slot.position > 40 else slot for slot in slots]
    assert any("arms" in check for check in wrong(reported(annex, lopsided)))
