"""The answers to the blinding questionnaire as arrays: who guessed which arm of each participant, and how surely.

The form is the one that `blinding.questionnaire` names. Its items `<who>_guess` are codes; a code means the arm that it
names, or the one arm of the two that gives the intervention it names, and any other code means "does not know".
`<who>_sure` is the certainty in per cent, where it is asked.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.blinding_index import SILENT, UNKNOWN
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.observations import Observations
from trialwright.analysis.question import Floats
from trialwright.design.model import Definition

GUESS, CERTAINTY = "_guess", "_sure"

Guesses = dict[str, tuple[NDArray[np.int64], Floats]]


def questionnaire(definition: Definition) -> tuple[str, str]:
    """The form of the questionnaire and the visit at which it is asked. Raises `NotEstimable` where there is none."""
    form = definition.blinding.questionnaire if definition.blinding else None
    if form is None or form not in definition.forms or form not in definition.schedule:
        raise NotEstimable("The definition declares no blinding questionnaire.")
    visits = definition.schedule[form].visits
    if not visits:
        raise NotEstimable(f"The blinding questionnaire ({form}) is planned at no visit.")
    return form, visits[0]


def guesses(seen: Observations, who: Sequence[str], arms: tuple[str, str]) -> Guesses:
    """Who was asked -> (guess of each participant, certainty); see `blinding_index.answer` for the codes. `arms` are
    reference and treatment."""
    form, visit = questionnaire(seen.definition)
    found: Guesses = {}
    for item in seen.definition.forms[form].items:
        if not item.id.endswith(GUESS) or not item.codes:
            continue
        meant = meanings(seen.definition, tuple(seen.definition.codelists[item.codes]), arms)
        name = item.id.removesuffix(GUESS)
        pages = [seen.page(person, visit, form) for person in who]
        guessed = [_guess(page.get(item.id), meant) for page in pages]
        sure = [_certainty(page.get(name + CERTAINTY)) for page in pages]
        found[name.replace("_", " ").capitalize()] = np.array(guessed, dtype=np.int64), np.array(sure)
    if not found:
        raise NotEstimable(f"The blinding questionnaire ({form}) has no item that ends in '{GUESS}' and has codes.")
    return found


def meanings(definition: Definition, codes: Sequence[str], arms: tuple[str, str]) -> Mapping[str, int]:
    """Code -> 0 (the reference is meant), 1 (the treatment), UNKNOWN. Raises `NotEstimable` unless both are meant by
    some code."""
    gives = [set(definition.arms[arm].gives) for arm in arms]
    meant = {}
    for code in codes:
        either = [code == arm or (code in gives[place] - gives[1 - place]) for place, arm in enumerate(arms)]
        meant[code] = either.index(True) if any(either) else UNKNOWN
    if not {0, 1} <= set(meant.values()):
        names = " and ".join(arms)
        raise NotEstimable(f"The codes of the guesses ({', '.join(codes)}) do not name arms {names} or what they give.")
    return meant


def _guess(value: Any, meant: Mapping[str, int]) -> int:
    return SILENT if value is None else meant.get(str(value), SILENT)


def _certainty(value: Any) -> float:
    return float("nan") if value is None else float(value)
