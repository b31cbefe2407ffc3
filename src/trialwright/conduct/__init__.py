"""The only way a trial changes: verbs that append a fact or refuse with a reason."""

from trialwright.conduct.break_code import break_code
from trialwright.conduct.consent import consent, withdraw_consent
from trialwright.conduct.desk import Desk
from trialwright.conduct.ending import complete, lose, stop_treatment, stop_visits
from trialwright.conduct.import_results import import_results
from trialwright.conduct.kits import dispense_kits, list_kits, move_kits, quarantine_kits, receive_kits, report_no_kit
from trialwright.conduct.list_change import approve_list_change, propose_list_change
from trialwright.conduct.lock import lock
from trialwright.conduct.open_for_safety import open_for_safety
from trialwright.conduct.open_sealed import open_sealed
from trialwright.conduct.open_snapshot import open_snapshot
from trialwright.conduct.opening import activate, amend, open_trial
from trialwright.conduct.permissions import MAY, Person
from trialwright.conduct.prepare import keep_supply
from trialwright.conduct.query import answer_query, ask_query, close_query, reopen_query
from trialwright.conduct.randomise import randomise
from trialwright.conduct.record import record
from trialwright.conduct.redact import redact
from trialwright.conduct.refusal import Refused
from trialwright.conduct.release import release
from trialwright.conduct.report_unblinding import report_unblinding
from trialwright.conduct.screening import judge, prescreen, screen
from trialwright.conduct.sign import sign
from trialwright.conduct.sign_off import sign_off
from trialwright.conduct.strata import correct_stratum, report_error
from trialwright.conduct.unblind import unblind

__all__ = [
    "MAY",
    "Desk",
    "Person",
    "Refused",
    "activate",
    "amend",
    "answer_query",
    "approve_list_change",
    "ask_query",
    "break_code",
    "close_query",
    "complete",
    "consent",
    "correct_stratum",
    "dispense_kits",
    "import_results",
    "judge",
    "keep_supply",
    "list_kits",
    "lock",
    "lose",
    "move_kits",
    "open_for_safety",
    "open_sealed",
    "open_snapshot",
    "open_trial",
    "prescreen",
    "propose_list_change",
    "quarantine_kits",
    "randomise",
    "receive_kits",
    "record",
    "redact",
    "release",
    "reopen_query",
    "report_error",
    "report_no_kit",
    "report_unblinding",
    "screen",
    "sign",
    "sign_off",
    "stop_treatment",
    "stop_visits",
    "unblind",
    "withdraw_consent",
]
