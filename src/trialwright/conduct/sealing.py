"""What of a page reveals the treatment, and how it goes to the vault: values, and every word that speaks of them.

A reason why a sealed item was not done, the confirmation of an unusual value, the reason of a change: each may quote
the value. So whatever belongs to a sealed item is sealed with it, and the ledger gets a commitment that nobody can try
values against.
"""

from collections.abc import Mapping
from typing import Any

from trialwright.capture import Entered, FormRules
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person, a_person
from trialwright.conduct.refusal import Refused
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import PageKey, Participant

NOT_DONE, CONFIRMED, ON, WHY = "*not_done", "*confirmed", "*on", "*why"
"""What stands beside the items in a sealed value; no item can have such an id."""

Texts = Mapping[str, str]


def in_the_open(rules: FormRules, words: Texts) -> Texts:
    """The words about items or checks, by name, that may stand in the ledger. Of a form that is sealed as a whole there
    are none."""
    return {} if rules.sealed_whole else {name: text for name, text in words.items() if name not in rules.sealed}


def _sealed_words(rules: FormRules, words: Texts) -> Texts:
    return words if rules.sealed_whole else {name: text for name, text in words.items() if name in rules.sealed}


def keep_sealed(
    desk: Desk,
    by: Person,
    version: str,
    person: Participant,
    place: PageKey,
    rules: FormRules,
    entered: Entered,
    not_done: Texts,
    confirmed: Texts,
    on: str | None,
    why: str | None,
) -> Fact | None:
    """Seal what belongs to sealed items and append the commitment, inside an act only; None where there is nothing.

    The date and the reason of the change are sealed with it: the ledger has them only where they stand on a page too.
    """
    absent = _sealed_words(rules, not_done)
    if not (entered.sealed or absent):
        return None
    if place in person.sealed and not (why and why.strip()):
        raise Refused(
            f"Sealed values of this page were kept for {person.id} before; give the reason of the change.", "reason"
        )
    said = {name: text for name, text in confirmed.items() if name not in in_the_open(rules, confirmed)}
    content: dict[str, Any] = dict(entered.sealed)
    content.update(
        {name: words for name, words in ((NOT_DONE, absent), (CONFIRMED, said), (ON, on), (WHY, why)) if words}
    )
    key = "/".join((person.id, *place, str(desk.state.number + 1)))
    commitment = desk.vault.keep(key, content, desk.chance.token(key))
    visit, form, repeat = place
    return desk.append(by, kinds.SEALED_KEPT, {"commitment": commitment}, version, person.id, visit, form, repeat)


def writes_openly(rules: FormRules, by: Person) -> Refused:
    """Whoever may know the treatments writes nothing that others can read."""
    return Refused(
        f"{a_person(by.role)} may know the treatments, so what they enter is sealed; on {rules.form.label} they may "
        "enter sealed items alone.",
        "blinding",
    )
