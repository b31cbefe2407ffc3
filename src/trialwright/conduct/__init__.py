"""The only way a trial changes: verbs that append a fact or refuse with a reason."""

from trialwright.conduct.consent import consent, withdraw_consent
from trialwright.conduct.desk import Desk
from trialwright.conduct.ending import complete, lose, stop_treatment, stop_visits
from trialwright.conduct.lock import lock
from trialwright.conduct.opening import activate, amend, open_trial
from trialwright.conduct.permissions import MAY, Person
from trialwright.conduct.query import answer_query, ask_query, close_query, reopen_query
from trialwright.conduct.randomise import randomise
from trialwright.conduct.record import record
from trialwright.conduct.redact import redact
from trialwright.conduct.refusal import Refused
from trialwright.conduct.screening import judge, prescreen, screen
from trialwright.conduct.sign import sign
from trialwright.conduct.unblind import unblind

__all__ = [
    "MAY",
    "Desk",
    "Person",
    "Refused",
    "activate",
    "amend",
    "answer_query",
    "ask_query",
    "close_query",
    "complete",
    "consent",
    "judge",
    "lock",
    "lose",
    "open_trial",
    "prescreen",
    "randomise",
    "record",
    "redact",
    "reopen_query",
    "screen",
    "sign",
    "stop_treatment",
    "stop_visits",
    "unblind",
    "withdraw_consent",
]
