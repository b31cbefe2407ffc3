"""Who is drawn when, and which arm: the allocation of many imagined trials at once.

The order is that of a rehearsal's calendar: by the day of the anchor visit, and on one day in the order of consent. The
arms come from addressed words by `allocation.arrays`; `allocation.addressed` draws the same ones for one trial.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright import design
from trialwright.allocation.arrays import Words, drawn, minimised, words_needed, words_of
from trialwright.allocation.assumed import assumed_method, factors
from trialwright.allocation.methods import Method, Minimisation
from trialwright.design.model import Definition
from trialwright.simulate.formula import Codes
from trialwright.simulate.program import Program

Integers = NDArray[Any]


def draw_order(day0: Integers) -> Integers:
    """Of participants in the order of consent, (trials, n) anchor days: who is drawn first, second ... in each
    trial."""
    return np.argsort(day0, axis=1, kind="stable")


def stratum_variable(program: Program, factor: str) -> str:
    """The variable that feeds the item of a stratification factor."""
    form, _, item = program.definition.randomisation.strata[factor].item.partition(".")
    columns = next(one for one in program.forms if one.form == form).columns
    return next(column.feed.from_ or "" for column in columns if column.item == item)


def levels(program: Program, names: Mapping[str, Any]) -> dict[str, Integers]:
    """Everybody's level of each factor as an index into `assumed.factors`, by the text that will be recorded for the
    stratification item; of the shape of the variables."""
    found = {}
    known = factors(program.definition)
    for name, factor in program.definition.randomisation.strata.items():
        form, _, item = factor.item.partition(".")
        columns = next(one for one in program.forms if one.form == form).columns
        words = next(column.feed for column in columns if column.item == item).texts or {}
        value: Codes = names[stratum_variable(program, name)]
        texts = [words.get(code, code) for code in value.names]
        place = [known[name].index(factor.map.get(text, factor.map.get("*", ""))) for text in texts]
        found[name] = np.array(place, dtype=np.int8)[value.index]
    return found


def arms_in_turn(
    program: Program, seed: int, trials: Sequence[int] | Integers, here: Mapping[str, Integers], n: int
) -> Integers:
    """The arms of `n` participants of each trial in the order of their draws, as indices into `program.arms`.

    `here`: each factor's level, (trials, n), in that order.
    """
    method = assumed_method(program.definition, program.scenarios.allocation)
    if isinstance(method, Minimisation):
        arms = _minimised(method, program.definition, seed, trials, here, n)
    else:
        arms = _from_lists(method, program.definition, seed, trials, here, n)
    index = np.array([program.arms.index(arm) for arm in method.ratio], dtype=np.int8)
    return index[arms]


def _minimised(
    method: Minimisation,
    definition: Definition,
    seed: int,
    trials: Sequence[int] | Integers,
    here: Mapping[str, Integers],
    n: int,
) -> Integers:
    """Minimisation counts the levels in its own order of them."""
    known, places = factors(definition), {}
    for factor, names in method.factors.items():
        place = np.array([names.index(level) for level in known[factor]], dtype=np.int64)
        places[factor] = place[here[factor]]
    return minimised(method, words_of(seed, "minimisation", trials, n), places).arms


def _from_lists(
    method: Method,
    definition: Definition,
    seed: int,
    trials: Sequence[int] | Integers,
    here: Mapping[str, Integers],
    n: int,
) -> Integers:
    """Each stratum's list in turn; no more of a list is drawn than the fullest trial takes."""
    arms = np.empty((len(trials), n), dtype=np.int8)
    for name, chosen in _strata(definition, here, (len(trials), n)):
        turn = np.cumsum(chosen, axis=1, dtype=np.int64)
        most = int(turn[:, -1].max(initial=0)) if n else 0
        if not most:
            continue
        words: Words = words_of(seed, f"stratum:{name}", trials, words_needed(method, most))
        order = drawn(method, words, most, foresight=False).arms
        rows, places = np.nonzero(chosen)
        arms[rows, places] = order[rows, turn[rows, places] - 1]
    return arms


def _strata(definition: Definition, here: Mapping[str, Integers], shape: tuple[int, int]) -> Any:
    """Each stratum that occurs: its name, and who belongs to it."""
    known = factors(definition)
    code = np.zeros(shape, dtype=np.int64)
    for factor, names in known.items():
        code = code * len(names) + here[factor]
    for one in np.unique(code).tolist():
        left, chosen = one, dict[str, str]()
        for factor in reversed(list(known)):
            left, place = divmod(left, len(known[factor]))
            chosen[factor] = known[factor][place]
        yield design.stratum_name(chosen), code == one
