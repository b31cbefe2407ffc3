"""Scores of random answers beside scores worked out here, from tables written down again from other sources than the
declarations name: RAND-36 as R's and CamCOPS's scorers group it (CamCOPS, tasks/rand36), the CIS-20 by the direction of
its statements, FACIT-Fatigue as FACTscorer has it, the HAQ by its printed sheet, and the muscle groups of IMACS.
"""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from trialwright.measures.instruments import instrument, score

Numbers = NDArray[np.float64]
PEOPLE = 400


def drawn(ids: list[str], low: int, high: int, seed: int, lacking: float = 0.15) -> dict[str, Numbers]:
    """Random answers, some of them missing."""
    chance = np.random.default_rng(seed)
    columns = {one: chance.integers(low, high + 1, PEOPLE).astype(float) for one in ids}
    for column in columns.values():
        column[chance.random(PEOPLE) < lacking] = np.nan
    return columns


def mean_of_answered(rows: Numbers) -> Numbers:
    count = (~np.isnan(rows)).sum(axis=0)
    return np.asarray(np.where(count > 0, np.nansum(rows, axis=0) / np.maximum(count, 1), np.nan))


RAND = {
    "physical_functioning": (3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    "role_physical": (13, 14, 15, 16),
    "role_emotional": (17, 18, 19),
    "energy": (23, 27, 29, 31),
    "well_being": (24, 25, 26, 28, 30),
    "social": (20, 32),
    "pain": (21, 22),
    "general_health": (1, 33, 34, 35, 36),
}
STEPS = {3: range(3, 13), 2: range(13, 20), 6: (21, *range(23, 32))}
FALLING = {1, 2, 20, 21, 22, 23, 26, 27, 30, 34, 36}


def test_rand_36() -> None:
    """Every item runs over 0 to 100 in equal steps; eleven of them fall."""
    steps = {item: next((n for n, those in STEPS.items() if item in those), 5) for item in range(1, 37)}
    columns = {f"q{i}": drawn([f"q{i}"], 1, steps[i], i)[f"q{i}"] for i in steps}
    points = {i: (columns[f"q{i}"] - 1) * 100 / (steps[i] - 1) for i in steps}
    points = {i: 100 - p if i in FALLING else p for i, p in points.items()}
    found = score(instrument("rand-36"), columns)
    for scale, items in RAND.items():
        assert found[scale].values == pytest.approx(mean_of_answered(np.array([points[i] for i in items])), nan_ok=True)


def test_cis_20() -> None:
    """Agreement (1) with a complaint is much fatigue; eleven of the twenty statements are complaints."""
    complaints = {1, 3, 4, 9, 10, 13, 14, 16, 17, 18, 19}
    scales = {
        "fatigue": (1, 4, 6, 9, 12, 14, 16, 20),
        "concentration": (3, 8, 11, 13, 19),
        "motivation": (2, 5, 15, 18),
        "activity": (7, 10, 17),
    }
    columns = drawn([f"cis{i}" for i in range(1, 21)], 1, 7, 5, 0.02)
    points = {i: 8 - columns[f"cis{i}"] if i in complaints else columns[f"cis{i}"] for i in range(1, 21)}
    found, short = score(instrument("cis-20"), columns), score(instrument("cis-fatigue"), columns, ["fatigue"])
    sums = {scale: sum(points[i] for i in items) for scale, items in scales.items()}
    for scale, expected in sums.items():
        assert found[scale].values == pytest.approx(expected, nan_ok=True)
    assert found["total"].values == pytest.approx(sum(sums.values()), nan_ok=True)
    assert short["fatigue"].values == pytest.approx(sums["fatigue"], nan_ok=True)
    assert sorted(i for items in scales.values() for i in items) == list(range(1, 21))


def test_facit_fatigue() -> None:
    """Thirteen items, two of which are worded well; the sum is prorated where more than half are answered."""
    ids = ["HI7", "HI12", *(f"An{i}" for i in (1, 2, 3, 4, 5, 7, 8, 12, 14, 15, 16))]
    columns = drawn(ids, 0, 4, 8, 0.4)
    rows = np.array([columns[one] if one in ("An5", "An7") else 4 - columns[one] for one in ids])
    answered = (~np.isnan(rows)).sum(axis=0)
    expected = np.where(answered > 6.5, mean_of_answered(rows) * 13, np.nan)
    assert {6, 7} <= set(answered.tolist())
    assert score(instrument("facit-fatigue"), columns)["fatigue"].values == pytest.approx(expected, nan_ok=True)


def test_fatigue_severity() -> None:
    columns = drawn([f"i{i}" for i in range(1, 10)], 1, 7, 9, 0.03)
    expected = sum(columns.values()) / 9
    assert score(instrument("fss"), columns)["mean"].values == pytest.approx(expected, nan_ok=True)


HAQ = {
    "dressing": (2, "dev_dressing"),
    "arising": (2, "chair"),
    "eating": (3, "utensils"),
    "walking": (2, "cane walker crutches wheelchair"),
    "hygiene": (3, "toilet_seat bath_seat bath_bar long_bathroom"),
    "reach": (2, "long_reach"),
    "grip": (3, "jar_opener"),
    "activities": (3, ""),
}


@pytest.mark.parametrize("aids", [True, False])
def test_haq(aids: bool) -> None:
    columns = drawn([f"{name}_{i}" for name, (n, _) in HAQ.items() for i in range(1, n + 1)], 0, 3, 3, 0.5)
    ticks = [one for name, (_, its) in HAQ.items() for one in [*its.split(), f"help_{name}"]]
    columns |= {one: (np.random.default_rng(k).random(PEOPLE) < 0.17).astype(float) for k, one in enumerate(ticks)}
    expected = np.full(PEOPLE, np.nan)
    for person in range(PEOPLE):
        worst = []
        for name, (n, its) in HAQ.items():
            told = [columns[f"{name}_{i}"][person] for i in range(1, n + 1)]
            told = [one for one in told if not np.isnan(one)]
            helped = any(columns[one][person] for one in [*its.split(), f"help_{name}"])
            worst += [max(*told, 2 if aids and helped else 0, 0)] if told else []
        if len(worst) >= 6:
            expected[person] = sum(worst) / len(worst)
    found = score(instrument("haq-di"), columns)["di" if aids else "di_without_aids"].values
    assert found == pytest.approx(expected, nan_ok=True)
    assert np.isnan(expected).any()
    assert len(set(ticks)) == 13 + 8


SETS = {
    ("mmt-8-bilateral", "mmt8"): (
        "neck_flexors",
        "deltoid biceps wrist_extensors gluteus_maximus gluteus_medius quadriceps ankle_dorsiflexors",
        150,
    ),
    ("mmt-24", "mmt24"): (
        "neck_flexors neck_extensors",
        "trapezius deltoid biceps gluteus_maximus gluteus_medius iliopsoas hamstrings quadriceps wrist_extensors"
        " wrist_flexors ankle_dorsiflexors ankle_plantar_flexors",
        260,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("id", "scale"), SETS)
def test_muscle_groups(id: str, scale: str) -> None:
    once, twice, most = SETS[id, scale]
    ids = [*once.split(), *(f"{name}_{side}" for name, side in product(twice.split(), "rl"))]
    assert len(ids) * 10 == most == instrument(id).scale(scale).high
    columns = drawn(ids, 0, 10, 4, 0.01)
    found = score(instrument(id), columns)[scale].values
    assert found == pytest.approx(sum(columns.values()), nan_ok=True)
