"""Who may do what: one table, read by every verb.

Roles are the definition's own (`roles:`) with these names. A role that the table does not name may do nothing. Site
staff act for the participants of their own sites only. Whether a blinded role may *see* a value is the blinding class
of the item, not this table.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from trialwright.conduct.refusal import Refused

SITE = frozenset({"investigator", "nurse"})

MAY: dict[str, frozenset[str]] = {
    "open": frozenset({"sponsor"}),
    "activate": frozenset({"sponsor"}),
    "amend": frozenset({"sponsor"}),
    "prescreen": SITE,
    "consent": SITE,
    "withdraw_consent": SITE,
    "record": SITE | {"assessor", "reader", "laboratory", "pharmacist", "participant", "data_manager"},
    "import_results": frozenset({"laboratory"}),
    "judge": frozenset({"investigator"}),
    "screen": SITE,
    "randomise": SITE,
    "correct_stratum": frozenset({"investigator", "data_manager"}),
    "report_error": frozenset({"investigator", "sponsor"}),
    "propose_list_change": frozenset({"list_statistician", "unblinded_statistician"}),
    "approve_list_change": frozenset({"list_statistician", "unblinded_statistician", "safety_unit"}),
    "keep_supply": frozenset({"pharmacist"}),
    "release": frozenset({"pharmacist"}),
    "list_kits": frozenset({"depot", "pharmacist"}),
    "release_kits": frozenset({"quality_assurance"}),
    "reject_kits": frozenset({"quality_assurance"}),
    "ship_kits": frozenset({"depot"}),
    "receive_kits": SITE | {"pharmacist"},
    "quarantine_kits": SITE | {"pharmacist", "depot", "quality_assurance", "monitor"},
    "dispense_kits": frozenset({"pharmacist", "dispensing_service"}),
    "return_kits": SITE | {"pharmacist"},
    "expire_kits": frozenset({"pharmacist", "depot", "quality_assurance"}),
    "damage_kits": SITE | {"pharmacist", "depot"},
    "lose_kits": SITE | {"pharmacist", "depot"},
    "destroy_kits": frozenset({"pharmacist", "depot"}),
    "break_code": SITE | {"pharmacist", "safety_unit", "break_host"},
    "open_for_safety": frozenset({"safety_unit"}),
    "open_snapshot": frozenset({"dsmb_statistician"}),
    "report_unblinding": SITE | {"assessor", "reader", "monitor", "unblinded_monitor", "data_manager", "pharmacist"},
    "sign_off": frozenset({"investigator"}),
    "ask_query": frozenset({"data_manager", "monitor"}),
    "answer_query": SITE | {"assessor", "reader", "laboratory"},
    "close_query": frozenset({"data_manager", "monitor"}),
    "sign": frozenset({"investigator"}),
    "stop_treatment": frozenset({"investigator"}),
    "stop_visits": SITE,
    "lose": SITE,
    "complete": SITE,
    "lock": frozenset({"data_manager"}),
    "unblind": frozenset({"escrow_holder", "unblinded_statistician"}),
    "open_sealed": frozenset(
        {"unblinded_statistician", "dsmb_statistician", "pharmacist", "safety_unit", "unblinded_monitor"}
    ),
    "redact": frozenset({"data_manager"}),
}

ENTERS = frozenset({"investigator", "nurse"})
"""Who enters a form that does not say so itself (`entered_by`)."""

ASSESSES = frozenset({"assessor", "reader"})
"""Whose judgement of one participant must not know that participant's treatment; who treats goes on (BL7)."""

DOES = {
    "open": "open a trial",
    "activate": "activate a site",
    "amend": "amend the trial",
    "prescreen": "log a pre-screening",
    "consent": "record a consent",
    "withdraw_consent": "record a withdrawal of consent",
    "record": "record a page",
    "import_results": "take in the results of a laboratory",
    "judge": "judge a criterion",
    "screen": "screen a participant",
    "randomise": "randomise a participant",
    "correct_stratum": "correct a stratum",
    "report_error": "report a randomisation in error",
    "propose_list_change": "propose a change of the allocation list",
    "approve_list_change": "approve a change of the allocation list",
    "keep_supply": "keep a record of the pharmacy",
    "release": "release what was prepared",
    "list_kits": "take in a list of kits",
    "release_kits": "release kits",
    "reject_kits": "reject kits",
    "ship_kits": "ship kits",
    "receive_kits": "record the receipt of kits",
    "quarantine_kits": "put kits in quarantine",
    "dispense_kits": "dispense kits",
    "return_kits": "record the return of kits",
    "expire_kits": "record that kits expired",
    "damage_kits": "record that kits are damaged",
    "lose_kits": "record that kits are lost",
    "destroy_kits": "record the destruction of kits",
    "break_code": "record a code break",
    "open_for_safety": "open an allocation for a safety report",
    "open_snapshot": "open a snapshot for the data monitoring committee",
    "report_unblinding": "report an unblinding",
    "sign_off": "sign off the data of a site",
    "ask_query": "ask a query",
    "answer_query": "answer a query",
    "close_query": "close a query",
    "sign": "sign a page",
    "stop_treatment": "stop the treatment",
    "stop_visits": "stop the visits",
    "lose": "record that a participant is lost to follow-up",
    "complete": "complete a participant",
    "lock": "lock the database",
    "unblind": "unblind the trial",
    "open_sealed": "open the sealed values",
    "redact": "redact a value",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts: a unique id, one role, and the sites they work at (empty: all sites)."""

    id: str
    role: str
    name: str = ""
    sites: frozenset[str] = field(default_factory=frozenset)


def require(verb: str, by: Person) -> None:
    """Refuse a role that may not do this, and somebody without a name."""
    if not by.id.strip():
        raise Refused("Every act names who does it; give a name or an id.", "name")
    if by.role not in MAY[verb]:
        raise Refused(f"{a_person(by.role)} may not {DOES[verb]}; ask one of: {people(MAY[verb])}.", "permission")


def a_person(role: str) -> str:
    """A role at the beginning of a sentence: `A data manager`, `An investigator`."""
    words = role.replace("_", " ")
    return f"{'An' if words[:1] in 'aeiou' else 'A'} {words}"


def people(roles: Iterable[str]) -> str:
    """Roles in a sentence, in alphabetical order."""
    return ", ".join(sorted(role.replace("_", " ") for role in roles))


def require_site(by: Person, site: str) -> None:
    """Refuse a person who does not work at the site."""
    if by.sites and site not in by.sites:
        raise Refused(f"{by.name or by.id} does not work at site {site}; ask somebody of that site.", "site")
