"""The sealed slots of a trial, from its folder or from the package of the ceremony, with its definition. No arm."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trialwright.allocation.held import HeldSlot
    from trialwright.design.model import Definition


@dataclass(frozen=True)
class Source:
    """Slots in the order of their labels, what commits to them, and the definition that names the arms. `recipients`:
    role -> age public key."""

    trial: str
    definition: "Definition"
    slots: "tuple[HeldSlot, ...]"
    roots: tuple[str, ...]
    test: bool
    recipients: "Mapping[str, str]"


class NoSource(ValueError):
    """Why there are no slots to be had here, in a sentence."""


def read_source(trial: Path | None, package: Path | None, definition: Path | None) -> Source:
    """From a trial folder, or from a package with the definition it was made for. Raises `NoSource`, and what the
    folder or the package raise."""
    if (trial is None) == (package is None):
        raise NoSource("name either the trial's folder with --trial or the package with --package")
    if trial is not None:
        return _from_trial(trial)
    assert package is not None
    if definition is None:
        raise NoSource("a package does not hold the definition; name it with --definition TRIAL")
    return _from_package(package, definition)


def _from_trial(folder: Path) -> Source:
    from trialwright import store
    from trialwright.allocation.held import held
    from trialwright.conduct.protocol import from_canonical

    state = store.read_state(folder)
    if not state.version:
        raise NoSource(f"{folder} holds no open trial yet; use --package before the opening")
    definition = from_canonical(state.versions[state.version]).definition
    ledger = store.open_ledger(folder)
    try:
        vault = store.open_vault(folder, ledger)
        lists, held_to = vault.lists(), vault.recipients
        found = [held(slot, kept.annex_sha256) for kept in lists for slot in vault.slots(drawn=False, list_id=kept.id)]
    finally:
        ledger.close()
    test = any(kept.purpose == "test" for kept in lists)
    names = {kept.trial for kept in lists}
    trial = names.pop() if names else definition.id
    return Source(trial, definition, _by_label(found), _roots(lists), test, held_to)


def _roots(lists: object) -> tuple[str, ...]:
    return tuple(kept.root for kept in lists)  # type: ignore[attr-defined]


def _from_package(folder: Path, definition: Path) -> Source:
    from trialwright import design
    from trialwright.allocation.held import held
    from trialwright.allocation.package import problems, read_package
    from trialwright.conduct.catalogue import catalogue

    package = read_package(folder)
    wrong = problems(package)
    if wrong:
        raise NoSource("\n".join((f"{folder} is not a sound package:", *(f"  - {one}" for one in wrong))))
    found = [held(slot, package.terms.annex_sha256) for slot in package.list.slots]
    read = design.read(definition, catalogue())
    if package.terms.fingerprint != design.fingerprint(read):
        raise NoSource(
            f"{definition} is not the definition that {folder} was made for (version {package.terms.version})"
        )
    terms = package.terms
    return Source(terms.trial, read, _by_label(found), (terms.root,), package.test, terms.recipients)


def _by_label(slots: "list[HeldSlot]") -> "tuple[HeldSlot, ...]":
    return tuple(sorted(slots, key=lambda slot: slot.label))


def arms_in_words(definition: "Definition") -> dict[str, tuple[str, tuple[tuple[str, str], ...]]]:
    """Arm -> its label, and its products as (what it is, its role), for a doctor who does not know the trial."""
    return {
        name: (arm.label, tuple(_product(definition, intervention) for intervention in arm.gives))
        for name, arm in definition.arms.items()
    }


def _product(definition: "Definition", name: str) -> tuple[str, str]:
    found = definition.interventions[name]
    details = ", ".join(part for part in (found.dose, found.route) if part)
    role = {"investigational": "the product under study"}.get(found.role, found.role)
    return (f"{found.label} ({details})" if details else found.label), role
