"""Report that somebody learned what they should not know: by accident, by mistake, by a guess that came too near (BL5).

Who, how, what and what follows from it are chosen from lists and stand in the open; the words about it are sealed,
because they may name the arm.
"""

from collections.abc import Sequence

from trialwright.conduct.break_code import kept_words
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person, require_site
from trialwright.conduct.refusal import Refused
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact

HOW = {
    "conversation": "somebody said it",
    "bag or label": "a bag, a label, a lot or an envelope showed it",
    "document": "a letter, a file or a message showed it",
    "record": "the hospital record showed it (an order, a result)",
    "system": "a screen or an export of this system showed it",
    "body": "what happened in the body told it (an effect, a reaction, a result)",
    "other": "another way",
}
WHAT = {
    "allocation": "the treatment of one participant",
    "suspicion": "a well-founded suspicion about one participant",
    "list": "treatments of several participants, or part of the list",
}
IMPACT = {
    "none": "no assessment can have been influenced",
    "another assessor": "assessments go on by somebody else",
    "data flagged": "data of this participant are flagged for a sensitivity analysis",
    "whole trial": "the integrity of the trial is at stake; the sponsor decides",
    "not yet assessed": "the impact is being assessed; report again",
}


def report_unblinding(
    desk: Desk,
    *,
    who: Sequence[str],
    how: str,
    what: str,
    impact: str,
    by: Person,
    participant: str | None = None,
    words: str | None = None,
) -> Fact:
    """Append who learned what, how, and what follows. An assessor or reader who learned one participant's treatment
    assesses somebody else from here on; who learned several acts in no blinded role. Raises `Refused` with every
    reason."""
    with desk.act("report_unblinding", by) as state:
        learned = sorted({name.strip() for name in who if name.strip()})
        _require_said(learned, how, what, impact, participant)
        if participant is not None:
            person = state.participants.get(participant)
            if person is None:
                raise Refused(f"There is no participant {participant}; check the number.", "unknown")
            require_site(by, person.site)
        payload = {
            "who": learned,
            "how": how,
            "what": what,
            "impact": impact,
            "commitment": kept_words(desk, words),
        }
        return desk.append(by, kinds.UNBLINDING_REPORTED, payload, state.version, participant)


def _require_said(who: list[str], how: str, what: str, impact: str, participant: str | None) -> None:
    problems = []
    if not who:
        problems.append("say who learned it")
    for name, value, allowed in (("how", how, HOW), ("what", what, WHAT), ("impact", impact, IMPACT)):
        if value not in allowed:
            problems.append(f"{name} is one of: {', '.join(allowed)}; not '{value}'")
    if what in ("allocation", "suspicion") and participant is None:
        problems.append(f"say about which participant the {what} is")
    if what == "list" and participant is not None:
        problems.append("a list is about several participants; leave the participant out")
    if problems:
        raise Refused("This report cannot be kept as it stands.", "report", tuple(problems))
