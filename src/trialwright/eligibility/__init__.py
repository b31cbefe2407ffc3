"""Criteria -> verdict: eligible, not eligible, needs data, needs judgement by a named person; and why.

Three-valued throughout: what is unknown is never taken for a no. Every window hangs on the date of screening.
"""

from trialwright.eligibility.criteria import Checked, Prepared, prepare
from trialwright.eligibility.patient import MOST_BYTES, Patient, read_patient
from trialwright.eligibility.screening import Screening, screen, screened
from trialwright.eligibility.verdict import CriterionVerdict, Judgement, Outcome, State, Verdict, verdict

__all__ = [
    "MOST_BYTES",
    "Checked",
    "CriterionVerdict",
    "Judgement",
    "Outcome",
    "Patient",
    "Prepared",
    "Screening",
    "State",
    "Verdict",
    "prepare",
    "read_patient",
    "screen",
    "screened",
    "verdict",
]
