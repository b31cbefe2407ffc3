"""Plate layouts: participants kept together, places by chance alone, the same plates from the same seed."""

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from trialwright.measures.assay.layout import Arrangement, Specimen, Standard, TooMuch, arrange
from trialwright.measures.assay.plates import position

BESIDE = (
    *(Standard("standard", f"S{index}", 2.0**index) for index in range(1, 9)),
    *(Standard("qc", level, 1.0) for level in ("low", "middle", "high")),
    Standard("blank", "blank", None),
)


def tubes(counts: list[int]) -> list[Specimen]:
    """Specimens of participants with so many each."""
    return [Specimen(f"T{who}-{one}", f"P{who}", str(one)) for who, count in enumerate(counts) for one in range(count)]


crowds = st.lists(st.integers(1, 12), min_size=1, max_size=30)


@settings(max_examples=40)
@given(crowds, st.integers(0, 10**6), st.sampled_from([1, 2, 3]))
def test_every_participant_is_on_one_plate_and_every_sample_stands_once(
    counts: list[int], seed: int, replicates: int
) -> None:
    specimens = tubes(counts)
    plates = arrange(specimens, BESIDE, seed, replicates)
    homes: dict[str, set[str]] = {}
    wells = Counter(well.sample for plate in plates for well in plate.wells if well.role == "sample")
    for plate in plates:
        places = [well.place for well in plate.wells]
        assert len(places) == len(set(places)) <= 96
        assert Counter((w.role, w.level) for w in plate.wells if w.role != "sample") == Counter(
            {(one.role, one.level): one.replicates for one in BESIDE}
        )
        for specimen in plate.specimens.values():
            homes.setdefault(specimen.participant, set()).add(plate.id)
    assert all(len(home) == 1 for home in homes.values())
    assert wells == Counter({one.sample: replicates for one in specimens})


@settings(max_examples=20)
@given(crowds, st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_the_layout_depends_on_the_seed_and_not_on_the_order_of_the_file(
    counts: list[int], seed: int, mixer: Random
) -> None:
    specimens = tubes(counts)
    mixed = list(specimens)
    mixer.shuffle(mixed)
    assert [plate.wells for plate in arrange(specimens, BESIDE, seed)] == [
        plate.wells for plate in arrange(mixed, BESIDE, seed)
    ]


def places(plates: list[Arrangement], sample: str) -> tuple[int, int]:
    (plate,) = [plate for plate in plates if sample in plate.specimens]
    return position(next(well.place for well in plate.wells if well.sample == sample))


def test_no_sample_and_no_standard_has_a_favourite_place() -> None:
    """960 layouts of 36 pairs and 12 pairs of standards fill a plate. The first and the last tube of the file and the
    highest standard each take the 48 pairs of wells equally often: chi-square with 47 degrees of freedom."""
    specimens = [Specimen(f"T{index:02d}", f"P{index:02d}") for index in range(36)]
    counts = {name: np.zeros((8, 6)) for name in ("T00", "T35", "S8")}
    times = 960
    for seed in range(times):
        (plate,) = arrange(specimens, BESIDE, seed)
        for well in plate.wells:
            name = well.sample or well.level
            if name in counts:
                row, column = position(well.place)
                counts[name][row, column // 2] += 0.5
    expected = times / 48
    for count in counts.values():
        assert count.sum() == times
        assert ((count - expected) ** 2 / expected).sum() < chi2.ppf(1 - 1e-5, 47)


def test_participants_fall_on_plates_by_chance() -> None:
    """Two plates of 36 and 4 participants of 9 tubes on each: participant 0 shares its plate with participant 1 in 3
    of 7 layouts."""
    specimens = tubes([9] * 8)
    together = sum(
        {"T0-0", "T1-0"} <= set(arrange(specimens, BESIDE, seed)[0].specimens)
        or {"T0-0", "T1-0"} <= set(arrange(specimens, BESIDE, seed)[1].specimens)
        for seed in range(200)
    )
    assert abs(together / 200 - 3 / 7) < 4.5 * (3 / 7 * 4 / 7 / 200) ** 0.5


def test_what_does_not_fit_is_refused_with_the_reason() -> None:
    with pytest.raises(TooMuch, match="participant P0 has 37 specimens, 74 wells; a plate has 72"):
        arrange(tubes([37]), BESIDE, 1)
    with pytest.raises(TooMuch, match="leave 0 of 96 wells"):
        arrange(tubes([1]), [Standard("standard", "S", 1.0, 12)] * 8, 1)
    with pytest.raises(ValueError, match="T0-0"):
        arrange([*tubes([1]), *tubes([1])], BESIDE, 1)
    assert len(arrange(tubes([37]), BESIDE, 1, size=384)) == 1
