"""Give consent, give it again after an amendment, withdraw it by scope."""

from collections.abc import Mapping, Sequence

from trialwright.allocation import check_character
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person, require_site
from trialwright.conduct.refusal import Refused
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Participant, State


def consent(
    desk: Desk,
    *,
    site: str,
    form_version: str,
    scopes: Mapping[str, bool],
    by: Person,
    participant: str | None = None,
    why: str | None = None,
) -> Fact:
    """Record a signed consent. A new participant gets a number: site, sequence, check character. Nothing that
    identifies a person is recorded before this fact."""
    with desk.act("consent", by) as state:
        desk.require_unlocked()
        require_site(by, site)
        version = desk.version_at(site)
        form = desk.protocol(version).definition.consent
        if form_version != form.form_version:
            raise Refused(
                f"The consent form in force at {site} is version {form.form_version}, not {form_version}; "
                "use that form.",
                "consent",
            )
        _check_scopes(scopes, form.scopes, form.needed)
        if participant is None:
            participant = numbered(site, state.sequence.get(site, 0) + 1)
        else:
            person = desk.participant(participant, by)
            if person.site != site:
                raise Refused(f"{participant} takes part at site {person.site}, not at {site}.", "site")
            desk.require_taking_part(person)
        return desk.append(
            by,
            kinds.CONSENT_GIVEN,
            {
                "site": site,
                "form_version": form_version,
                "scopes": {scope: "yes" if given else "no" for scope, given in sorted(scopes.items())},
            },
            version,
            participant,
            why=why,
        )


def numbered(site: str, sequence: int) -> str:
    """The participant's number, for example `AMC-007-K`; the last character finds every single wrong or swapped
    character."""
    stem = f"{site}{sequence:03d}".upper()
    return f"{site}-{sequence:03d}-{check_character(stem)}"


def _check_scopes(scopes: Mapping[str, bool], known: Mapping[str, str], needed: Sequence[str]) -> None:
    unknown = [scope for scope in scopes if scope not in known]
    if unknown:
        raise Refused(f"The consent form has no scope {', '.join(unknown)}; it has {', '.join(known)}.", "consent")
    refused = [known[scope] for scope in needed if not scopes.get(scope)]
    if refused:
        raise Refused(
            f"Without consent to «{'», «'.join(refused)}» nobody can take part; log the refusal as a pre-screening.",
            "consent",
        )


def require_consent(desk: Desk, state: State, person: Participant) -> None:
    """Refuse while the participant has not consented to the form that an amendment of the site's version asks for."""
    if not person.scopes.get("trial"):
        raise Refused(f"{person.id} has no consent to take part.", "consent")
    if not state.reconsent:
        return
    version = desk.version_at(person.site)
    form = desk.protocol(version).definition.consent.form_version
    if version in state.reconsent and person.consent_version != form:
        raise Refused(
            f"{person.id} consented to version {person.consent_version} of the form; the amendment asks for consent "
            f"to version {form} first.",
            "consent",
        )


def withdraw_consent(
    desk: Desk, *, participant: str, scopes: Sequence[str], by: Person, why: str | None = None
) -> Fact:
    """Withdraw consent for some scopes, or for `trial` as a whole. A reason may be given but is never demanded. Data
    until then stay."""
    with desk.act("withdraw_consent", by):
        desk.require_unlocked()
        person = desk.participant(participant, by)
        version = desk.version_at(person.site)
        known = desk.protocol(version).definition.consent.scopes
        given = [scope for scope in scopes if person.scopes.get(scope)]
        if not given:
            raise Refused(
                f"{participant} has given no consent to {', '.join(scopes) or 'any scope'} that could be withdrawn "
                f"(scopes: {', '.join(known)}).",
                "consent",
            )
        return desk.append(by, kinds.CONSENT_WITHDRAWN, {"scopes": sorted(given)}, version, participant, why=why)
