"""Plates whose truth is known, for the tests of standard curves."""

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.assay.curves import predict

Numbers = NDArray[np.float64]

DOSES = np.repeat(100 * 3.0 ** -np.arange(8.0), 2)
"""Eight doses in duplicate."""


def truths(plates: int, seed: int, model: str = "4pl") -> Numbers:
    """Curves of either direction that the doses can tell."""
    chance = np.random.default_rng(seed)
    g = np.exp(chance.normal(0, 0.5, plates)) if model == "5pl" else np.ones(plates)
    return np.column_stack(
        [
            chance.choice([-1, 1], plates) * chance.uniform(0.8, 1.6, plates),
            chance.uniform(0.02, 0.2, plates),
            chance.uniform(1.5, 4, plates),
            np.exp(chance.uniform(0.5, 2.5, plates)),
            g,
        ]
    )


def responses(parameters: Numbers, seed: int, scatter: float, theta: float = 1.0, dose: Numbers = DOSES) -> Numbers:
    """Responses that scatter about the curves with standard deviation scatter * mean^theta."""
    mean = predict(parameters, dose)
    return np.asarray(mean + scatter * mean**theta * np.random.default_rng(seed).standard_normal(mean.shape))
