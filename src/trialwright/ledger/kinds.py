"""The kinds of fact, each with what its payload holds. A kind is added here, in `replay.py` and in one verb of
conduct."""

TRIAL_OPENED = "trial.opened"
"""definition (its full text as JSON), fingerprint, root, annex, slots, kind (of list), purpose, terms {who made it for
which definition: text}, accepted_by (who accepts the unconfirmed
assumptions), rehearsal ('yes' when every participant is imaginary)"""
TRIAL_AMENDED = "trial.amended"
"""definition, fingerprint, changes (readable sentences), reconsent ('yes' when participants must consent again)"""
SITE_ACTIVATED = "site.activated"
"""site, activates (the definition version that the site works under from here on)"""
PRESCREEN_LOGGED = "prescreen.logged"
"""site, outcome, reason: anonymous, before any consent"""
TO_BE_SCREENED = "to be screened"
"""The outcome of a pre-screening that goes on to consent; every other outcome ends there."""
CONSENT_GIVEN = "consent.given"
"""site, form_version, scopes {scope: 'yes' | 'no'}"""
CONSENT_WITHDRAWN = "consent.withdrawn"
"""scopes [scope]"""
PAGE_RECORDED = "page.recorded"
"""items {item: text | None}, not_done {item or '*': reason}, confirmed {item or check: reason}, on (date of the
assessment)"""
PAGE_SIGNED = "page.signed"
"""meaning, name, content (SHA-256 of the signed page)"""
QUERY_OPENED = "query.opened"
"""query, item, text, check"""
QUERY_ANSWERED = "query.answered"
"""query, text"""
QUERY_CLOSED = "query.closed"
"""query, text"""
ELIGIBILITY_JUDGED = "eligibility.judged"
"""criterion, question, answer ('yes' | 'no'), name"""
ELIGIBILITY_VERDICT = "eligibility.verdict"
"""verdict, criteria {criterion: state}, anchor (date), missing [fact]"""
LIST_CHANGE_PROPOSED = "list.change_proposed"
"""change ('extend' or 'reseal'), digest (SHA-256 of the package of slots that is proposed)"""
LIST_CHANGED = "list.changed"
"""change, digest, proposal (number of the fact); of an extension root, annex, slots {stratum: how many} and terms {who
made it: text}; of slots sealed anew recipients {role: public key}"""
ALLOCATION_DRAWN = "allocation.drawn"
"""stratum, levels {factor: level}, position, label, leaf, request (the key under which it was asked for, or None)"""
STRATUM_CORRECTED = "stratum.corrected"
"""levels {factor: true level}, stratum: what should have been there at the draw; the allocation stands"""
RANDOMISED_IN_ERROR = "randomisation.in_error"
"""reason; the allocation stands"""
ALARM_RAISED = "alarm.raised"
"""alarm ('list exhausted', 'many breaks', ...), about {name: text}; somebody has to look at it, nothing is blocked"""
LIST_EXHAUSTED, LIST_DAMAGED, ALLOCATOR_SILENT = "list exhausted", "list damaged", "allocator silent"
"""Alarms of a draw that was refused, about {stratum} alone: who draws when is in the ledger anyway"""
SECOND_BREAK, MANY_BREAKS = "second code break by one person on a day", "many code breaks"
BROKEN_ELSEWHERE, UNKNOWN_LABEL = "code broken from another site", "code broken of a label that nobody has"
"""Alarms of code breaks, about {who, breaks, since, site, label}: somebody looks, nobody is kept waiting"""
NO_KIT = "no kit"
"""The alarm when somebody could not be handed a kit, about {site, visit}: never which arm is out"""
SEALED_KEPT = "sealed.kept"
"""commitment: the value itself is in the vault"""
LABORATORY_IMPORTED = "laboratory.imported"
"""A laboratory's file was taken in. digest (SHA-256 of its rows of open tests), results [{row, participant, visit,
form, item, test, sample, laboratory, taken, reported, unit, run, quality, source, fact}] of open tests, commitment: the
rest of the file, if there is any, and what became of it, is in the vault; one for every file, whatever is in it"""
SUPPLY_SEALED = "supply.sealed"
"""commitment: what the pharmacy recorded (a lot, a preparation, a return) is in the vault; reference (a random name
that the pharmacist's client gave it, so that it is kept once)"""
TREATMENT_READY = "treatment.ready"
"""label, day ('1', or '1 to 3'), until (when it may no longer be given, counted from the hour of release before), again
('yes' where it replaces what was ready before): what was prepared for a participant's visit may be given; appended at
the declared hours alone"""
KITS_LISTED = "kits.listed"
"""root (over the leaves of the sealed kit list), digest (SHA-256 of the package with the sealed kits), trial, purpose,
use_by (one date for all kits of the list), kits [number] in random order: never an arm, a lot or a count by arm"""
KIT_MOVED = "kit.moved"
"""movement ('release', 'ship', 'receive', 'quarantine', 'dispense', ...), kits [number], on (date), place, replaces,
shipment, incident"""
CODE_BROKEN = "code.broken"
"""how ('break host', 'envelope', 'safety unit'), category, label, learned_by, shown_at, reference (the entry in the log
of the place where it was opened), commitment (the words about it are in the vault; None without): never the arm"""
UNBLINDING_REPORTED = "unblinding.reported"
"""who [person], how, what ('allocation', 'suspicion', 'list'), impact: words from lists; what was said about it is in
the vault: commitment"""
SNAPSHOT_OPENED = "snapshot.opened"
"""purpose, snapshot (hash), opened (how many allocations): what a data monitoring committee's statistician opened"""
SEALED_OPENED = "sealed.opened"
"""stage, pages (how many), values (how many commitments) and commitments (SHA-256 over those opened, in the order of
their facts): that the sealed page items were opened for the analysis after the final unblinding; no value"""
TREATMENT_STOPPED = "treatment.stopped"
"""reason"""
VISITS_STOPPED = "visits.stopped"
"""reason"""
PARTICIPANT_LOST = "participant.lost"
"""last_contact (date)"""
PARTICIPANT_COMPLETED = "participant.completed"
"""on (date)"""
DATABASE_LOCKED = "database.locked"
"""stage, visits [visit closed by it], snapshot (hash)"""
DATA_SIGNED_OFF = "data.signed_off"
"""stage, site, meaning, name, visits [closed by the stage], whole ('yes' for the last stage: logs and every other page
too), pages (how many) and content (SHA-256) of the site's pages of that stage"""
TRIAL_UNBLINDED = "trial.unblinded"
"""stage, with (the second person), how ('escrow', or 'slots' where a share of the seed was lost), opened (how many
slots), assignments {participant: arm} only after the final lock"""
PAYLOAD_REDACTED = "payload.redacted"
"""fact (number), items [what was redacted], kept {item: text}: the rest of the redacted page; on, not_done, confirmed:
the page's own as they stand"""

BLINDED_INVISIBLE = frozenset({SEALED_KEPT, SUPPLY_SEALED})
"""Kinds that do not exist for a blinded reader, not even as a gap that can be dated."""
