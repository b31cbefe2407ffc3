"""What everybody who opens a participant's page must know before anything else."""

from __future__ import annotations

from trialwright.ledger.replay import Participant
from trialwright.web.reading import Trial


def warnings(trial: Trial, person: Participant) -> list[str]:
    """A stratum that was wrong at the draw, and a randomisation in error. Strata are open; so are these."""
    drawn, found = person.allocation, []
    if drawn is not None and person.true_levels and person.true_levels != drawn.levels:
        found.append(
            f"Randomised under a wrong stratum: {_words(trial, drawn.levels)}. True: "
            f"{_words(trial, person.true_levels)}. The allocation stands, and the analysis goes by the stratum as "
            "randomised."
        )
    if person.in_error is not None:
        found.append(
            f"Randomised in error: {person.reasons.get('in_error', '')}. The allocation stands; the participant stays "
            "among the randomised."
        )
    return found


def _words(trial: Trial, levels: dict[str, str]) -> str:
    strata = trial.definition.randomisation.strata
    return ", ".join(f"{strata[name].label if name in strata else name}: {level}" for name, level in levels.items())
