"""Packages that change the list of a trial folder: read, held against what the trial keeps, made ready to take in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from django.db import connections

from trialwright.allocation.acceptance import kept_terms
from trialwright.allocation.package import ALLOCATOR, TERMS, Package, PackageRefused, problems, read_package
from trialwright.allocation.resealing import (
    Resealed,
    ResealRefused,
    SealedUnder,
    holders_of_slots,
    not_right,
    read_resealed,
    reseal,
)
from trialwright.allocation.sealing import NotOpened, sealed_to
from trialwright.allocation.slots import sealed_list
from trialwright.conduct.list_change import EXTEND, RESEAL, ListChange
from trialwright.ledger.canonical import fingerprint
from trialwright.ledger.vault import SEALED_LIST
from trialwright.store.folder import read_folder, write_settings
from trialwright.store.ledger import DatabaseLedger
from trialwright.store.opening import alias
from trialwright.store.vault import NEWEST_VALUES, READ_NO_VALUES, KeptList, SealedVault


def resealed(folder: Path, keys: Sequence[str], recipients: Mapping[str, str]) -> Resealed:
    """Every slot and sealed value of a trial folder, opened with `keys` and sealed to `recipients` (role -> public
    key). Nothing of the folder changes. Where no key opens the slots, both escrow holders' keys draw the list up again;
    sealed values, which they do not open, stay as they are. Raises NotOpened, WrongSlot, or CannotOpen where the seed
    does not give the list."""
    vault, name = _vault(folder)
    lists = vault.lists()
    slots = [(slot, kept.annex_sha256) for kept in lists for slot in vault.slots(drawn=False, list_id=kept.id)]
    readers = [public for role, public in recipients.items() if role not in READ_NO_VALUES]
    trial = lists[0].trial if lists else ""
    try:
        return reseal(trial, slots, _values(name), keys, recipients, readers)
    except NotOpened:
        if len(keys) < 2 or any(kept.escrow is None or kept.kind == ALLOCATOR for kept in lists):
            raise
    return Resealed(trial, dict(recipients), _from_escrow(vault, lists, keys, recipients), ())


def _from_escrow(
    vault: SealedVault, lists: Sequence[KeptList], keys: Sequence[str], recipients: Mapping[str, str]
) -> dict[str, bytes]:
    """Label -> ciphertext of every slot, drawn up again from the seeds and sealed to the holders."""
    again, holders = {}, holders_of_slots(recipients)
    for kept in lists:
        slots, (_, annex) = vault.regenerated(kept, keys), vault.secrets(kept, keys)
        again.update({slot.label: slot.ciphertext for slot in sealed_list(slots, annex, holders).slots})
    return again


def list_change(folder: Path, package: Path, vault: SealedVault) -> ListChange:
    """The package at a path, as an extension (a folder of the ceremony) or as slots sealed anew (a file), ready for
    `conduct.approve_list_change`. Raises PackageRefused or ResealRefused where it does not fit this trial."""
    lists = vault.lists()
    if not lists:
        raise ResealRefused("this trial has no allocation list that could be changed")
    if package.is_dir():
        return _extension(read_package(package), lists, vault, package)
    return _resealing(read_resealed(package.read_bytes()), lists, vault, alias(read_folder(folder)))


def digest_of(package: Path) -> tuple[str, str]:
    """What kind of change a package is, and its digest."""
    if package.is_dir():
        return EXTEND, _digest(read_package(package))
    return RESEAL, read_resealed(package.read_bytes()).digest


def purpose_of(folder: Path) -> str:
    """What the trial's list is for, production or test; `''` without a list."""
    vault, _ = _vault(folder)
    return next((kept.purpose for kept in vault.lists()), "")


def wrong_labels(folder: Path, package: Path, keys: Sequence[str]) -> list[str]:
    """The labels of which a package does not hold what was committed, as these keys open it; of both kinds of
    package."""
    vault, _ = _vault(folder)
    if package.is_dir():
        found = read_package(package)
        annex, slots = found.terms.annex_sha256, found.list.slots
        ciphertexts = {slot.label: slot.ciphertext for slot in slots}
        again = Resealed(found.terms.trial, {}, ciphertexts, ())
        return not_right(again, [(slot, annex) for slot in slots], keys)
    lists = vault.lists()
    kept = [(slot, one.annex_sha256) for one in lists for slot in vault.slots(drawn=False, list_id=one.id)]
    return not_right(read_resealed(package.read_bytes()), kept, keys)


def recipients_of(folder: Path) -> Mapping[str, str]:
    """Role -> public key as the ledger names them; as the settings do, where the ledger names none."""
    return _vault(folder)[0].recipients


def new_recipients(folder: Path, recipients: Mapping[str, str]) -> None:
    """From now on sealed values go to these keys: write them into the settings."""
    write_settings(replace(read_folder(folder), recipients=dict(recipients)))


# ------------------------------------------------------------------ extensions


def _digest(package: Package) -> str:
    """The signed terms hold the digests of every file, so theirs is that of the package."""
    return fingerprint([TERMS, package.document])


def _extension(package: Package, lists: Sequence[KeptList], vault: SealedVault, place: Path) -> ListChange:
    wrong = [*problems(package), *_misfit(package, lists, vault)]
    if wrong:
        raise PackageRefused(tuple(f"{place}: {one}" for one in wrong))
    terms = package.terms
    said = {
        "root": terms.root,
        "annex": terms.annex_sha256,
        "slots": {stratum: str(count) for stratum, count in sorted(terms.counts.items())},
        "terms": kept_terms(package, published=False),
    }

    def keep(number: int) -> None:
        vault.take_in(
            package.list,
            terms.trial,
            kind=SEALED_LIST,
            purpose=terms.purpose,
            escrow=package.escrow,
            terms=kept_terms(package, published=False),
            taken_by=number,
        )

    return ListChange(EXTEND, _digest(package), keep, said)


def _misfit(package: Package, lists: Sequence[KeptList], vault: SealedVault) -> list[str]:
    terms, first = package.terms, lists[0]
    wrong = []
    if terms.trial != first.trial:
        wrong.append(f"the list is of trial {terms.trial}; this is {first.trial}")
    if terms.kind == ALLOCATOR or first.kind == ALLOCATOR:
        wrong.append("an allocator draws without end; its trial needs no extension")
    if terms.purpose != first.purpose:
        wrong.append(f"this is a {terms.purpose} list; the trial runs on a {first.purpose} list")
    if terms.root in {kept.root for kept in lists}:
        wrong.append("this list was taken in before")
    if not package.test and package.review is None:
        wrong.append("nobody has reviewed the list; a second unblinded person does (allocation review --sign)")
    known = {slot.label for slot in vault.slots(drawn=False)}
    same = sorted(known & {slot.label for slot in package.list.slots})
    if same:
        wrong.append(f"{len(same)} labels are on the list already ({', '.join(same[:3])}); draw up another extension")
    return wrong


# ------------------------------------------------------------------ sealed anew


def _resealing(package: Resealed, lists: Sequence[KeptList], vault: SealedVault, name: str) -> ListChange:
    known = {slot.label for slot in vault.slots(drawn=False)}
    if package.trial != lists[0].trial:
        raise ResealRefused(f"these slots are of trial {package.trial}; this is {lists[0].trial}")
    strange = sorted(set(package.slots) - known)
    if strange:
        raise ResealRefused(f"{len(strange)} labels of the package are not of this trial ({', '.join(strange[:3])})")
    lacking = sorted(known - set(package.slots))
    if lacking:
        raise ResealRefused(
            f"the package lacks {len(lacking)} slots that were added since it was made ({', '.join(lacking[:3])}); "
            "seal anew and propose again"
        )
    if _one_key_more(package):
        raise ResealRefused("the package is sealed to another number of keys than it names; do not approve it")
    kept = {(one.key, one.commitment) for one in _values(name)}
    if any((one.key, one.commitment) not in kept for one in package.values):
        raise ResealRefused("the package holds a sealed value that this trial does not have, or has otherwise by now")

    def keep(number: int) -> None:
        vault.reseal(package.slots, number)
        vault.reseal_values([(one.key, one.commitment, one.ciphertext) for one in package.values])

    return ListChange(RESEAL, package.digest, keep, {"recipients": dict(package.recipients)})


def _one_key_more(package: Resealed) -> bool:
    holders = len(holders_of_slots(package.recipients))
    readers = sum(role not in READ_NO_VALUES for role in package.recipients)
    return any(sealed_to(content) != holders for content in package.slots.values()) or any(
        sealed_to(one.ciphertext) != readers for one in package.values
    )


def _vault(folder: Path) -> tuple[SealedVault, str]:
    trial = read_folder(folder)
    name = alias(trial)
    return SealedVault(DatabaseLedger(name), trial.recipients), name


def _values(name: str) -> list[SealedUnder]:
    """The newest ciphertext under each key, in the order in which the keys came."""
    with connections[name].cursor() as cursor:
        cursor.execute(NEWEST_VALUES)
        return [SealedUnder(key, commitment, bytes(content)) for key, commitment, content in cursor.fetchall()]
