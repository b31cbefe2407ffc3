"""Open a trial, activate a site, amend."""

from collections.abc import Iterator
from dataclasses import replace

from trialwright import design
from trialwright.conduct.catalogue import catalogue
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.refusal import Refused, require_why
from trialwright.design.model import Definition
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.vault import SEALED_LIST, Commitment

MAKERS = ("generated_by", "witnessed_by", "reviewed_by")
"""Who had part in the list, in the terms of its commitment."""


def open_trial(
    desk: Desk,
    definition: Definition,
    *,
    by: Person,
    accepted_by: str | None = None,
    rehearsal: bool = False,
    why: str | None = None,
) -> Fact:
    """Fact 1: the whole definition and the commitment to the allocation list.

    `accepted_by` names who accepts the assumptions that nobody has confirmed; without a name a definition that rests
    on assumptions is refused.
    """
    with desk.act("open", by) as state:
        if state.number:
            raise Refused("The trial is open already; a change of its definition is an amendment.", "open already")
        commitment = desk.vault.commitment()
        for refused in objections(definition, commitment, by=by, accepted_by=accepted_by, rehearsal=rehearsal):
            raise refused
        text = design.full_text(definition)
        return desk.append(
            by,
            kinds.TRIAL_OPENED,
            {
                "definition": text,
                "fingerprint": design.fingerprint(definition),
                "root": commitment.root,
                "annex": commitment.annex_sha256,
                "slots": {stratum: str(count) for stratum, count in sorted(commitment.slots.items())},
                "kind": commitment.kind,
                "purpose": "test" if commitment.test else "production",
                "terms": dict(commitment.terms),
                "accepted_by": accepted_by,
                "rehearsal": "yes" if rehearsal else "no",
            },
            definition.version,
            why=why,
        )


def objections(
    definition: Definition, commitment: Commitment, *, by: Person, accepted_by: str | None, rehearsal: bool
) -> Iterator[Refused]:
    """Everything that speaks against opening a trial, each as the refusal that it would be."""
    if not by.id.strip():
        yield Refused("The ledger names who opens the trial; give a name.", "name")
    lacking = () if rehearsal else design.missing_methods(definition, catalogue())
    if lacking:
        yield Refused(
            "The definition plans what this program cannot do yet; it can be rehearsed but not opened.",
            "methods",
            lacking,
        )
    assumptions = design.assumptions(definition)
    if assumptions and not accepted_by:
        yield Refused(
            f"{len(assumptions)} assumptions of the definition are not confirmed by anybody; name who accepts them.",
            "assumptions",
            tuple(f"{assumption.path} ({assumption.note or 'assumed'})" for assumption in assumptions),
        )
    yield from _wrong_list(definition, commitment)
    yield from _wrong_purpose(commitment, rehearsal)
    yield from _wrong_makers(definition, commitment, by)


def _wrong_list(definition: Definition, commitment: Commitment) -> Iterator[Refused]:
    """The list must have every stratum of the definition, and no stratum must have fewer slots than the whole trial
    may need."""
    expected = design.strata(definition) if commitment.kind == SEALED_LIST else ()
    slots = commitment.slots
    missing = [stratum for stratum in expected if slots.get(stratum, 0) < definition.randomisation.n]
    if missing:
        yield Refused(
            f"The allocation list is not for this definition: too few slots in {', '.join(missing)} "
            f"(each stratum needs {definition.randomisation.n}).",
            "list",
        )
    declared = definition.randomisation.annex_sha256
    # What the definition names is the annex of the real list; a test list's has another purpose, hence another hash.
    if declared is not None and declared != commitment.annex_sha256 and not commitment.test:
        yield Refused("The allocation list was made under another annex than the definition names.", "list")


def _wrong_purpose(commitment: Commitment, rehearsal: bool) -> Iterator[Refused]:
    """A test list never reaches a participant, and a rehearsal never uses up a production list (RN8)."""
    if commitment.test and not rehearsal:
        yield Refused("This is a TEST list; a real trial is opened with a production list only.", "test list")
    if rehearsal and not commitment.test:
        yield Refused("This is a production list; a rehearsal uses a test list of its own.", "production list")


def _wrong_makers(definition: Definition, commitment: Commitment, by: Person) -> Iterator[Refused]:
    """Who makes, witnesses and reviews the list are three people, none of whom opens the trial (RN3); and they made it
    for this very definition."""
    terms = commitment.terms
    made = [terms[part] for part in MAKERS if terms.get(part)]
    if len({name.strip().casefold() for name in made}) < len(made):
        yield Refused("Who makes, witnesses and reviews the allocation list are different people.", "same person")
    if {by.id.strip().casefold(), by.name.strip().casefold()} & {name.strip().casefold() for name in made}:
        yield Refused(f"{by.name or by.id} had part in the allocation list; somebody else opens the trial.", "maker")
    said = terms.get("fingerprint")
    if said is not None and said != design.fingerprint(definition):
        yield Refused("The allocation list was made for another version of the definition.", "list")


def activate(desk: Desk, site: str, *, by: Person, why: str | None = None) -> Fact:
    """Let a site work under the newest definition version, once it may (approval, training)."""
    with desk.act("activate", by) as state:
        desk.require_unlocked()
        sites = desk.protocol().definition.sites
        if site not in sites:
            raise Refused(f"The definition has no site {site}; it has {', '.join(sites)}.", "site")
        if state.sites.get(site) == state.version:
            raise Refused(f"Site {site} works under version {state.version} already.", "site")
        return desk.append(by, kinds.SITE_ACTIVATED, {"site": site, "activates": state.version}, state.version, why=why)


def amend(desk: Desk, definition: Definition, *, by: Person, why: str, reconsent: bool = False) -> Fact:
    """Append the next version. Sites go on under the old one until they are activated for the new one; pages keep the
    version that they were entered under."""
    with desk.act("amend", by) as state:
        require_why(why)
        desk.require_unlocked()
        old = desk.protocol().definition
        if definition.id != old.id:
            raise Refused(f"This is trial {old.id}; the definition is of trial {definition.id}.", "definition")
        if definition.version in state.versions:
            raise Refused(f"Version {definition.version} exists already; give the amendment a new one.", "version")
        if definition.randomisation.annex_sha256 != old.randomisation.annex_sha256:
            raise Refused("An amendment cannot replace the allocation annex.", "allocation")
        slots = {stratum: sum(counts) for stratum, counts in state.slots.items()}  # with what extensions added
        for refused in _wrong_list(definition, replace(desk.vault.commitment(), slots=slots)):
            raise refused
        lost = [site for site in state.sites if site not in definition.sites]
        if lost:
            raise Refused(f"Sites that are active cannot leave the definition: {', '.join(lost)}.", "site")
        changes = [change.sentence for change in design.changes(old, definition)]
        if not changes:
            raise Refused("The two versions say the same; nothing is amended.", "version")
        return desk.append(
            by,
            kinds.TRIAL_AMENDED,
            {
                "definition": design.full_text(definition),
                "fingerprint": design.fingerprint(definition),
                "changes": changes,
                "reconsent": "yes" if reconsent else "no",
            },
            definition.version,
            why=why,
        )
