"""What one planned analysis asks, as arrays over the participants that it analyses; a method answers it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.course import Course
from trialwright.analysis.handling import Handling

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Question:
    """Arrays of shape (n,), nothing missing.

    A question over several visits has a `course` instead, with NaN where a visit was missed; its `outcome` is that of
    the leading visit.

    `arm` is 0 for the reference and 1 for the treatment. `outcome` is empty for a time-to-event question, which has
    `times` (weeks since randomisation) and `events` (false: censored) instead. `thresholds` are the declared cut-offs
    of a responder analysis. `variables` are the rows of a table: label -> (unit, values), a number as float, a
    category as text, None for unknown. `log` are each participant's adverse events, `kinds` what is counted apart.
    `guesses` is who was asked -> (what was guessed of each participant, how surely in per cent),
    see `blinding_index`. `censored` says of each outcome whether it lies below (-1) or above (1) the limit that stands
    in its place; empty where none does, because nothing can or because `handling` put something there. `level` is 0.95
    for 95 % intervals.
    """

    arm: NDArray[np.int64]
    outcome: Floats = field(default_factory=lambda: np.empty(0))
    covariates: Mapping[str, Floats] = field(default_factory=dict)
    factors: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    times: Floats = field(default_factory=lambda: np.empty(0))
    events: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    variables: Mapping[str, tuple[str, Sequence[Any]]] = field(default_factory=dict)
    log: Sequence[Sequence[Mapping[str, Any]]] = ()
    kinds: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    guesses: Mapping[str, tuple[NDArray[np.int64], Floats]] = field(default_factory=dict)
    course: Course | None = None
    censored: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, dtype=np.int8))
    handling: Handling = field(default_factory=Handling)
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Method:
    """A catalogued analysis: its name for people, what a definition must give it, and the function that answers.

    `options` are those that it takes, each with its words (None: not listed). `each_measure`: an endpoint with several
    measures gets an answer for each.
    """

    title: str
    needs: tuple[str, ...]
    answer: Callable[[Question], Any]
    options: Mapping[str, tuple[str, ...]] | None = None
    each_measure: bool = False
