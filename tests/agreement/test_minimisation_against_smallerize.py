"""Minimisation against smallerize 0.5.0 (MPL 2.0), a program of other people.

It is no dependency: set TRIALWRIGHT_SMALLERIZE to a folder that holds its package, for example one that
`pip install --target FOLDER smallerize==0.5.0` has filled. Without it these tests are skipped, and the reference of
tests/plugins/minimising.py, written from the papers, stands alone.

Two differences are its own: it adds a whole participant, not one over the share, to a count that it has divided by the
share, so that scores are compared for equal shares alone; and it puts ties in a random order, where the probabilities
here are those over all orders.
"""

import importlib
import os
import random
import sys
from fractions import Fraction
from types import ModuleType

import pytest
from tests.unit.allocation.test_minimisation import EVEN, FACTORS, THREE, margins_of

from trialwright.allocation.methods import Minimisation, next_arm
from trialwright.allocation.methods.minimisation import probabilities
from trialwright.allocation.methods.state import Minimised
from trialwright.allocation.stream import Stream


@pytest.fixture(scope="module")
def smallerize() -> ModuleType:
    """The package, or a skip with its reason."""
    folder = os.environ.get("TRIALWRIGHT_SMALLERIZE")
    if folder:
        sys.path.append(folder)
    try:
        return importlib.import_module("smallerize")
    except ImportError:
        pytest.skip("smallerize is not here; set TRIALWRIGHT_SMALLERIZE to a folder with its package")
    finally:
        if folder:
            sys.path.remove(folder)


def agree(smallerize: ModuleType, seed: int, states: int) -> None:
    """Totals, and the probabilities where one arm alone is least."""
    rng = random.Random(seed)
    for _ in range(states):
        arms = rng.choice((EVEN, THREE))
        measure = rng.choice(("range", "variance", "standard_deviation", "marginal_balance"))
        weights = {factor: rng.randint(1, 3) for factor in FACTORS}
        p = Fraction(rng.randint(7, 10), 10)
        theirs = smallerize.Minimizer(
            [smallerize.Factor(name, levels, weights[name]) for name, levels in FACTORS.items()],
            [smallerize.Arm(arm) for arm in arms],
            measure,
            "weighted_sum",
            "best_only",
            preferred_p=float(p),
        )
        people = [
            ({name: rng.choice(levels) for name, levels in FACTORS.items()}, rng.choice(list(arms)))
            for _ in range(rng.randint(0, 12))
        ]
        for levels, arm in people:
            theirs.add_existing_participant(levels, arm)
        ours = Minimisation(arms, FACTORS, measure, weights, p)
        coming = {name: rng.choice(levels) for name, levels in FACTORS.items()}
        _, _, trace = next_arm(ours, margins_of(ours, people), coming, Stream(bytes(32)))
        assert isinstance(trace, Minimised)
        totals = theirs.get_new_total_imbalances(coming)
        assert [float(Fraction(score)) for score in trace.scores] == pytest.approx(list(totals.values()), abs=1e-5)
        if len(trace.preferred) == 1:
            chances = theirs.get_arm_probability(totals)
            assert [float(Fraction(one)) for one in trace.chances] == pytest.approx([chances[arm] for arm in arms])


def test_random_states_agree(smallerize: ModuleType) -> None:
    agree(smallerize, 1, 1_000)


@pytest.mark.long
def test_a_hundred_thousand_random_states_agree(smallerize: ModuleType) -> None:
    agree(smallerize, 2, 100_000)


def test_the_probabilities_of_ratios_agree(smallerize: ModuleType) -> None:
    """Biased-coin minimisation after Han: the probabilities for every preferred arm of many ratios."""
    rng = random.Random(3)
    for _ in range(500):
        arms = {name: rng.randint(1, 4) for name in "ABCD"[: rng.randint(2, 4)]}
        least = Fraction(min(arms.values()), sum(arms.values()))
        p = max(least, Fraction(1, len(arms))) + Fraction(1, 100)
        theirs = smallerize.Minimizer(
            [smallerize.Factor("sex", ["F", "M"])],
            [smallerize.Arm(arm, share) for arm, share in arms.items()],
            probability_method="biased_coin",
            preferred_p=float(p),
        )
        order = rng.sample(list(arms), len(arms))
        ours = Minimisation(arms, {"sex": ("F", "M")}, p=p)
        mine = dict(zip(ours.ratio, probabilities(ours, [list(ours.ratio).index(order[0])]), strict=True))
        found = theirs._get_arm_probability_biased_coin(order)
        assert [float(mine[arm]) for arm in order] == pytest.approx(found)
