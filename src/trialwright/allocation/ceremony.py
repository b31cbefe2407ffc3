"""The ceremony: two people make the list together, offline, and forget the seed.

Here it is drawn up, sealed and signed, in memory; `package` writes it. The seed lives as long as one call.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trialwright import design
from trialwright.allocation.annex import Annex
from trialwright.allocation.assumed import factors
from trialwright.allocation.escrow import answers_with, sealed_secret, secret_length, seed_commitment, to_escrow
from trialwright.allocation.keys import ALLOCATOR as ALLOCATOR_ROLE
from trialwright.allocation.keys import ESCROW_HOLDERS, SLOT_HOLDERS
from trialwright.allocation.methods import IN_ADVANCE, Impossible, method_of
from trialwright.allocation.package import (
    ALLOCATOR,
    ESCROW,
    FOR_ALLOCATOR,
    LIST,
    SEALED_LIST,
    Package,
    Terms,
    digest,
    list_bytes,
)
from trialwright.allocation.sealing import combined_seed, sealed
from trialwright.allocation.seed_shares import GENERATOR, WITNESS, Promise, Share, refuse_grinding, signature
from trialwright.allocation.slots import SealedList, generate
from trialwright.design.model import Definition
from trialwright.design.problems import DefinitionErrors, Problem
from trialwright.design.tree import Node, read_tree
from trialwright.ledger.heads import public_key


class CeremonyRefused(ValueError):
    """The ceremony cannot go on; the sentence says why and nothing was written."""


def make_package(
    definition: Definition,
    annex: Annex,
    *,
    shares: tuple[Share, Share],
    promises: Sequence[Promise],
    signing: Mapping[str, Ed25519PrivateKey],
    recipients: Mapping[str, str],
    mask: bytes,
    made_on: date,
    slots: int | None = None,
) -> Package:
    """The list of a frozen definition, sealed and signed by both people.

    `recipients`: role -> age public key, the slot and escrow holders and, for minimisation, the allocator. `mask`:
    `escrow.secret_length(annex)` fresh random bytes. `slots`: of an extension, how many each stratum gets (the whole
    trial's number without it). Raises ShareRefused where a share is not the one that was
    committed to, CeremonyRefused where annex, definition and keys do not fit.
    """
    refuse_grinding(shares, promises)
    _require_fit(definition, annex, recipients)
    by_part = {share.part: share for share in shares}
    seed = combined_seed(by_part[GENERATOR].secret, by_part[WITNESS].secret)
    kind = SEALED_LIST if annex.method.name in IN_ADVANCE else ALLOCATOR
    n = slots or definition.randomisation.n
    sealed_list = _list(definition, annex, seed, kind, n, [recipients[role] for role in SLOT_HOLDERS])
    holders = (recipients[ESCROW_HOLDERS[0]], recipients[ESCROW_HOLDERS[1]])
    escrow = to_escrow(seed, annex, mask, holders)
    allocator = None if kind == SEALED_LIST else sealed_secret(seed, annex, recipients[ALLOCATOR_ROLE])
    promised = {promise.part: promise for promise in promises}
    files = {LIST: digest(list_bytes(sealed_list)), **dict(zip(ESCROW, map(digest, escrow), strict=True))}
    if allocator is not None:
        files[FOR_ALLOCATOR] = digest(allocator)
    terms = Terms(
        trial=definition.id,
        version=definition.version,
        fingerprint=design.fingerprint(definition),
        purpose=annex.purpose,
        kind=kind,
        method=annex.method.name,
        root=sealed_list.root,
        annex_sha256=annex.sha256,
        seed_commitment=seed_commitment(seed),
        counts=sealed_list.counts,
        recipients=dict(recipients),
        files=files,
        generator=promised[GENERATOR],
        witness=promised[WITNESS],
        made_on=made_on.isoformat(),
        allocator_key="" if kind == SEALED_LIST else public_key(answers_with(seed)),
    )
    signatures = {part: signature(signing[part], terms.statement) for part in (GENERATOR, WITNESS)}
    return Package(terms, sealed_list, escrow, allocator, signatures)


def _list(definition: Definition, annex: Annex, seed: bytes, kind: str, n: int, holders: Sequence[str]) -> SealedList:
    if kind == SEALED_LIST:
        return generate(annex, design.strata(definition), n, seed, holders)
    return SealedList((), seed_commitment(seed), annex.sha256, sealed(annex.padded, holders))


def _require_fit(definition: Definition, annex: Annex, recipients: Mapping[str, str]) -> None:
    plan = definition.randomisation
    wrong = []
    if annex.trial != definition.id:
        wrong.append(f"the annex is of trial {annex.trial}, the definition of {definition.id}")
    if annex.method.name != plan.method or dict(annex.ratio) != dict(plan.ratio):
        wrong.append("method or ratio of the annex are not those of the definition")
    if plan.annex_sha256 is not None and plan.annex_sha256 != annex.sha256 and not annex.test:
        wrong.append("the definition names another annex by its hash; take that annex, with the salt that it got")
    needed = (*SLOT_HOLDERS, *ESCROW_HOLDERS, *([] if annex.method.name in IN_ADVANCE else [ALLOCATOR_ROLE]))
    lacking = [role for role in needed if role not in recipients]
    if lacking:
        wrong.append(f"there is no public key of {', '.join(lacking)}")
    if wrong:
        raise CeremonyRefused("; ".join(wrong))


def mask_length(annex: Annex) -> int:
    """How many fresh random bytes `make_package` needs as its mask."""
    return secret_length(annex)


# ------------------------------------------------------------------ the annex as people write it

KNOWN = ("method", "ratio", "words", "purpose", "salt")


def read_annex_file(file: Path, definition: Definition, salt: str, test: bool = False) -> Annex:
    """The annex in a YAML file: the parameters of the definition's method (`sizes: [4, 6]`) and, if wished, `words`
    (arm -> what an envelope calls it). `salt`: 32 fresh random bytes in hexadecimal, unless the file holds one (a
    definition that names the annex by its hash needs the salt beforehand). Raises `DefinitionErrors` with
    everything that is wrong and where."""
    tree = read_tree(file)
    root = tree.root
    if root is not None and not isinstance(root.value, dict):
        tree.problems.append(Problem(root.place, "an annex is a mapping", "write sizes: [4, 6]"))
    if tree.problems or root is None:
        raise DefinitionErrors(tree.problems)
    plain, plan, wrong = root.plain(), definition.randomisation, []
    for key, own in (("method", plan.method), ("ratio", dict(plan.ratio))):
        if key in plain and plain[key] != own:
            wrong.append(_at(root, key, f"the definition says {key}: {own}"))
    purpose = "test" if test else "production"
    if plain.get("purpose", purpose) != purpose:
        wrong.append(_at(root, "purpose", f"this is to be a {purpose} list", "say --test or change the line"))
    words = plain.get("words") or {}
    if not isinstance(words, dict) or set(words) - set(plan.ratio):
        wrong.append(_at(root, "words", f"words are for the arms {', '.join(plan.ratio)}"))
        words = {}
    try:
        given = {key: value for key, value in plain.items() if key not in KNOWN}
        usual = {"factors": factors(definition)} if plan.method == "minimisation" else {}
        method = method_of(plan.method, dict(plan.ratio), {**usual, **given})
    except Impossible as error:
        wrong += [_at(root, one.partition(":")[0], one) for one in error.problems]
        raise DefinitionErrors(wrong) from None
    if wrong:
        raise DefinitionErrors(wrong)
    named = {arm: str(word) for arm, word in words.items()}
    try:
        return Annex(definition.id, method, str(plain.get("salt", salt)), named, purpose)
    except ValueError as error:
        raise DefinitionErrors([_at(root, "salt", str(error))]) from None


def _at(root: Node, key: str, message: str, hint: str | None = None) -> Problem:
    return Problem(root.keys.get(key, root.place), message, hint, path=key)
