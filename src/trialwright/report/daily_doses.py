"""Doses from a log by visit: the mean daily dose and the cumulative one, with the rules by which the log was read."""

import numpy as np

from trialwright.analysis.observations import Observations
from trialwright.design.model import Derivation
from trialwright.measures.doses import dose_rules, since_baseline
from trialwright.report.content import Block, Paragraph, Section
from trialwright.report.measured import Arms, known_scores, over_time, visits_of
from trialwright.report.words import literal

METHODS = ("mean_daily_dose", "cumulative_dose")


def doses_section(seen: Observations, arms: Arms) -> Section | None:
    """Each derivation of doses; at the visits of the endpoints that ask for it or for another dose of the same log."""
    blocks: list[Block] = []
    definition = seen.definition
    derivations = {name: one for name, one in definition.derivations.items() if one.method in METHODS}
    for name, derivation in derivations.items():
        like = [key for key, one in derivations.items() if one.inputs["dose"] == derivation.inputs["dose"]]
        asked = {visit for key in like for visit in visits_of(definition, key)}
        found = known_scores(seen, name, [visit for visit in definition.visits if visit in asked])
        if found is not None and found.values.size and not np.isnan(found.values).all():
            blocks.append(Paragraph(literal(_rules(derivation)), "note"))
            id_, digits = f"doses-{name.lower().replace('_', '-')}", 1 if derivation.method == METHODS[0] else 0
            blocks += over_time(seen, found, arms, id_, digits, derivation.unit or "")
    return Section("doses", "Doses", blocks) if blocks else None


def _rules(derivation: Derivation) -> str:
    rules = dose_rules(derivation.options)
    window = "from the baseline" if since_baseline(derivation.options) else "from the visit before"
    overlaps = {
        "later": "on a day with several rows the one that began later holds",
        "add": "rows of one day add up",
        "highest": "of the rows of one day the highest holds",
    }
    gaps = {"unknown": "a day without a row is unknown", "nought": "a day without a row counts nought"}
    return f"{derivation.label}: {window} to the day before the visit; {overlaps[rules.overlaps]}; {gaps[rules.gaps]}."
