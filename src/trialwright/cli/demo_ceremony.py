"""The ceremony as a demonstration plays it: the same steps, with one program in the place of every person.

The shares come from the rehearsal's own chance instead of the operating system's, so that the same seed of a
demonstration gives the same list. For imaginary participants only.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialwright.design.model import Definition
    from trialwright.simulate.rehearsal import Cast

NAMES = {"generator": "Demo generator", "witness": "Demo witness", "reviewer": "Demo reviewer"}


def hold_ceremony(folder: Path, keys: Path, definition: "Definition", cast: "Cast") -> list[str]:
    """Keys, shares, package, review, and the trial's folder with the list taken in. Returns the private keys that open
    everything at the end."""
    from trialwright import store
    from trialwright.allocation.acceptance import unfit
    from trialwright.allocation.keys import ROLES, UNBLINDED_MONITOR, make_keys, private_key
    from trialwright.allocation.package import PackageRefused, read_package

    make_keys(keys, folder, (*ROLES, UNBLINDED_MONITOR))
    private = [private_key(keys / f"{role}.key") for role in ROLES]
    _write_package(keys, definition, cast)
    _review(keys, definition, private[:1])
    package = read_package(keys / "package")
    wrong = unfit(package, definition, rehearsal=True, published=None)
    if wrong:
        raise PackageRefused(wrong)
    zone = next(iter(definition.sites.values())).zone

    def prepare(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in_package(package, published=False)

    recipients = package.terms.recipients
    store.create(folder, zone=zone, recipients=recipients, keys=keys, prepare=prepare, demonstration=True)
    return private


def _write_package(keys: Path, definition: "Definition", cast: "Cast") -> None:
    """Both people commit, show their shares and sign; the shares are wiped."""
    from trialwright.allocation.ceremony import make_package, mask_length
    from trialwright.allocation.keys import public_keys
    from trialwright.allocation.package import write_package
    from trialwright.allocation.package_words import readme
    from trialwright.allocation.seed_shares import (
        PARTS,
        SIGNING,
        beside,
        make_share,
        read_share,
        read_signing_key,
        wipe,
    )

    files = [keys / f"{part}.share" for part in PARTS]
    drawn = zip(files, PARTS, cast.list.shares, strict=True)
    promises = [make_share(file, part, NAMES[part], secret) for file, part, secret in drawn]
    package = make_package(
        definition,
        cast.list.annex,
        shares=(read_share(files[0]), read_share(files[1])),
        promises=promises,
        signing={part: read_signing_key(beside(file, SIGNING)) for part, file in zip(PARTS, files, strict=True)},
        recipients=public_keys(keys),
        mask=os.urandom(mask_length(cast.list.annex)),
        made_on=datetime.now(UTC).date(),
    )
    write_package(package, keys / "package", readme(package))
    for file in files:
        wipe(file)


def _review(keys: Path, definition: "Definition", private: list[str]) -> None:
    """A third one opens every slot and signs."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from trialwright.allocation.package import PackageRefused, read_package, reviewed_package, sign_review
    from trialwright.allocation.review import review
    from trialwright.allocation.review_page import verdict

    report = review(read_package(keys / "package"), definition, private)
    if not report.right:
        raise PackageRefused((verdict(report), *(one.check for one in report.findings if not one.right)))
    today = datetime.now(UTC).date().isoformat()
    sign_review(
        keys / "package",
        reviewed_package(report.package, NAMES["reviewer"], today, Ed25519PrivateKey.generate()),
    )
