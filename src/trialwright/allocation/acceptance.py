"""Whether a package may open a trial: the right definition, the right purpose, reviewed and published."""

from pathlib import Path

from trialwright import design
from trialwright.allocation.package import ALLOCATOR, Package, problems
from trialwright.design.model import Definition


def unfit(package: Package, definition: Definition, *, rehearsal: bool, published: str | None) -> tuple[str, ...]:
    """Everything that speaks against opening a trial of this definition with this package; empty when it may.

    `published`: the text that was published (root.txt as somebody else holds it), needed for a real trial.
    """
    return (
        *problems(package),
        *_other_definition(package, definition),
        *_other_purpose(package, rehearsal),
        *([] if rehearsal else _not_ready(package, published)),
    )


def _other_definition(package: Package, definition: Definition) -> list[str]:
    terms, plan = package.terms, definition.randomisation
    if terms.trial != definition.id:
        return [f"the list is of trial {terms.trial}; the definition is of {definition.id}"]
    found = []
    if terms.fingerprint != design.fingerprint(definition):
        found.append(
            f"the list was made for version {terms.version} as it then stood (fingerprint {terms.fingerprint[:12]});"
            f" this is version {definition.version} with fingerprint {design.fingerprint(definition)[:12]}:"
            " open the definition that the list was made for, or make a new list"
        )
    if terms.method != plan.method:
        found.append(f"the list was made by {terms.method}; the definition says {plan.method}")
    short = [name for name in design.strata(definition) if terms.counts.get(name, 0) < plan.n]
    if short and terms.kind != ALLOCATOR:
        found.append(f"too few slots in {', '.join(short)}; each stratum needs {plan.n}")
    if plan.annex_sha256 is not None and plan.annex_sha256 != terms.annex_sha256 and not package.test:
        found.append("the list was made under another annex than the definition names")
    return found


def _other_purpose(package: Package, rehearsal: bool) -> list[str]:
    if package.test and not rehearsal:
        return ["this is a TEST list; a real trial takes a production list only (a rehearsal: --rehearsal)"]
    if rehearsal and not package.test:
        return ["this is a production list, which a rehearsal must not use up; make a test list (generate --test)"]
    return []


def _not_ready(package: Package, published: str | None) -> list[str]:
    found = []
    if package.review is None:
        found.append("nobody has reviewed the list; a second unblinded person does (allocation review --sign)")
    if published is None:
        found.append("the root was not published; publish root.txt and name the published copy (--published FILE)")
    elif f"root {package.terms.root}" not in published.splitlines():
        found.append("the published root is not the root of this list: one of the two was exchanged")
    return found


def read_published(file: Path) -> str:
    """The text that was published."""
    return file.read_text(encoding="utf-8", errors="replace")


def kept_terms(package: Package, published: bool) -> dict[str, str]:
    """What fact 1 keeps of a package: who made, witnessed and reviewed it for which definition, and the whole signed
    document, so that the signatures can be checked from the ledger alone."""
    terms = package.terms
    return {
        "generated_by": terms.generator.name,
        "witnessed_by": terms.witness.name,
        "reviewed_by": package.review.reviewed_by if package.review else "",
        "fingerprint": terms.fingerprint,
        "made_on": terms.made_on,
        "published": "yes" if published else "no",
        "document": package.document,
    }
