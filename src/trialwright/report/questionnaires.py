"""What a report says of a score beside its numbers: which instrument and scale it is, and how many questionnaires were
answered in part."""

from collections.abc import Sequence

import numpy as np

from trialwright.analysis.derived import Observed
from trialwright.analysis.derived.scales import asked_scale, scale_answers
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import scores
from trialwright.report.content import Block, Paragraph
from trialwright.report.words import literal


def notes(seen: Observations, name: str, participants: Sequence[str], visits: Sequence[str]) -> list[Block]:
    """A paragraph for a derivation that scores an instrument or dates something; none for others."""
    derivation = seen.definition.derivations.get(name)
    if derivation is None:
        return []
    if derivation.method == "first_time":
        return [Paragraph(literal(f"{derivation.label}: of those alone who reached it by the visit."), "note")]
    asked = asked_scale(seen.definition, derivation)
    if asked is None:
        return []
    instrument, scale = asked
    told = f"{derivation.label}: {instrument.label} (version {instrument.version}), scale {scale.label}."
    answers = scale_answers(Observed(seen, participants, scores), derivation, visits)
    return [Paragraph(literal(f"{told} {_incomplete(answers.values, answers.answered, answers.why)}"), "note")]


def _incomplete(values: np.ndarray, answered: np.ndarray, why: np.ndarray) -> str:
    """How many questionnaires with any answer were not answered whole, and what became of them."""
    from trialwright.measures.instruments.compiled import Why

    begun = answered > 0
    none, short, stood = (
        int((begun & which).sum())
        for which in (
            np.isnan(values),
            (why & Why.INCOMPLETE != 0) & ~np.isnan(values),
            (why & Why.STOOD_IN != 0) & ~np.isnan(values),
        )
    )
    said = [f"Questionnaires with an answer: {begun.sum()}"]
    said += [f"scored from what was answered: {short}"] if short else []
    said += [f"without a score, since too little was answered: {none}"] if none else []
    said += [f"scored with the other side standing in: {stood}"] if stood else []
    return "; ".join(said if len(said) > 1 else [*said, "all of them complete"]) + "."
