"""The package of a list: what the ceremony hands to whoever opens the trial, and what can be checked of it without a
key.

    list.json      strata, positions, labels, leaves, ciphertexts (base64 of age files), the sealed annex
    escrow-1.age   one share of seed and annex, to one holder; escrow-2.age the other
    allocator.age  only where a method needs past arms: seed and annex, to the allocator
    terms.json     for which definition, by whom, the root, the digests of the files above, and the signatures
    root.txt       what is published before the first participant

Nothing here shows an arm, and nothing's length or order depends on one.
"""

import hashlib
import json
import os
import secrets
import shutil
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trialwright.allocation.keys import SLOT_HOLDERS
from trialwright.allocation.merkle import merkle_root
from trialwright.allocation.sealing import sealed_to
from trialwright.allocation.seed_shares import GENERATOR, PARTS, WITNESS, Promise, signature, signed_by
from trialwright.allocation.slots import SealedList, SealedSlot, label_is_right
from trialwright.ledger.canonical import canonical, fingerprint
from trialwright.ledger.heads import public_key

FORM = "trialwright allocation package 1"
SEALED_LIST, ALLOCATOR = "sealed list", "allocator"
"""Where arms come from, as in `ledger.vault`."""
TERMS, LIST, ROOT, README = "terms.json", "list.json", "root.txt", "README.txt"
ESCROW = ("escrow-1.age", "escrow-2.age")
FOR_ALLOCATOR = "allocator.age"
REVIEWER = "reviewer"


class PackageRefused(ValueError):
    """A package that cannot be read or must not be used; `problems` says everything that is wrong with it."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Review:
    """That a second unblinded person opened the list and found it right (RN9)."""

    reviewed_by: str
    public_key: str
    reviewed_on: str
    signature: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What generator and witness sign. Counts are slots per stratum; `files` is file -> SHA-256; `recipients` is role
    -> age public key; `made_on` is a date; `allocator_key` is the public half of the key under an allocator's answers,
    '' for a list."""

    trial: str
    version: str
    fingerprint: str
    purpose: str
    kind: str
    method: str
    root: str
    annex_sha256: str
    seed_commitment: str
    counts: Mapping[str, int]
    recipients: Mapping[str, str]
    files: Mapping[str, str]
    generator: Promise
    witness: Promise
    made_on: str
    allocator_key: str = ""

    @property
    def statement(self) -> Mapping[str, Any]:
        """The signed statement: all of it, as canonical plain values."""
        plain = asdict(self)
        plain["counts"] = {stratum: str(count) for stratum, count in self.counts.items()}
        return {"form": FORM, **plain}


@dataclass(frozen=True, slots=True)
class Package:
    """A package as read or made. `signatures` is part -> signature under the statement of the terms."""

    terms: Terms
    list: SealedList
    escrow: tuple[bytes, bytes]
    allocator: bytes | None
    signatures: Mapping[str, str]
    review: Review | None = None

    @property
    def document(self) -> str:
        """Terms, signatures and review as one canonical text: fact 1 keeps it, so that the signatures can be checked
        from the ledger alone."""
        return canonical(_plain_terms(self)).decode()

    @property
    def test(self) -> bool:
        """Whether this is a test list."""
        return self.terms.purpose == "test"


# ------------------------------------------------------------------ files


def list_bytes(sealed: SealedList) -> bytes:
    """The file of the sealed list: one line per slot, so that two lists compare line by line."""
    head = json.dumps({"form": FORM, "annex": b64encode(sealed.sealed_annex).decode()})
    slots = ",\n".join(json.dumps(_plain_slot(slot), ensure_ascii=False) for slot in sealed.slots)
    return f'{head[:-1]}, "slots": [\n{slots}\n]}}\n'.encode()


def _plain_slot(slot: SealedSlot) -> Mapping[str, Any]:
    place = {"stratum": slot.stratum, "position": slot.position, "label": slot.label, "leaf": slot.leaf}
    return {**place, "ciphertext": b64encode(slot.ciphertext).decode()}


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _plain_terms(package: Package) -> Mapping[str, Any]:
    review = None if package.review is None else asdict(package.review)
    return {**package.terms.statement, "signatures": dict(package.signatures), "review": review}


def terms_bytes(package: Package) -> bytes:
    """The file of the terms, for people to read too."""
    return json.dumps(_plain_terms(package), ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def write_package(package: Package, folder: Path, words: str) -> None:
    """Write a new folder, whole or not at all; `words` is its README. Refuses a folder that is there."""
    if folder.exists():
        raise PackageRefused((f"{folder} exists already; a package is never overwritten, name a new folder",))
    place = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.new")
    place.mkdir(parents=True)
    try:
        for name, content in _files(package, words).items():
            with (place / name).open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        os.rename(place, folder)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def _files(package: Package, words: str) -> Mapping[str, bytes]:
    allocator = {} if package.allocator is None else {FOR_ALLOCATOR: package.allocator}
    return {
        LIST: list_bytes(package.list),
        **dict(zip(ESCROW, package.escrow, strict=True)),
        **allocator,
        TERMS: terms_bytes(package),
        ROOT: root_text(package).encode(),
        README: words.encode(),
    }


def root_text(package: Package) -> str:
    """What is published: enough to recognise the list, nothing that helps to guess it."""
    terms = package.terms
    return (
        f"Allocation list of {terms.trial}, version {terms.version} ({terms.purpose})\n"
        f"root {terms.root}\nannex {terms.annex_sha256}\nseed {terms.seed_commitment}\nmade on {terms.made_on}\n"
    )


def sign_review(folder: Path, signed: Package) -> None:
    """Put the terms with the reviewer's signature in the place of those without, in one step."""
    new = folder / f".{TERMS}.new"
    new.write_bytes(terms_bytes(signed))
    os.replace(new, folder / TERMS)


def reviewed_package(package: Package, by: str, on: str, key: Ed25519PrivateKey) -> Package:
    """The package with the signature of its reviewer. `on` is a date."""
    signed = signature(key, review_statement(package.terms, by, on))
    return replace(package, review=Review(by, public_key(key), on, signed))


def review_statement(terms: Terms, reviewed_by: str, reviewed_on: str) -> Mapping[str, Any]:
    """What a reviewer signs."""
    return {"form": FORM, "reviewed": fingerprint(terms.statement), "by": reviewed_by, "on": reviewed_on}


def read_package(folder: Path) -> Package:
    """A package from its folder, as far as it can be read at all. Raises PackageRefused naming every file that is
    missing, cut off or not what it should be; whether it may be used is what `problems` says."""
    wrong: list[str] = []
    files = {name: _content(folder / name, wrong) for name in (TERMS, LIST, *ESCROW)}
    terms, signatures, review = _read_terms(files[TERMS], wrong)
    sealed = _read_list(files[LIST], wrong)
    if wrong or terms is None or sealed is None:
        raise PackageRefused(tuple(f"{folder}: {one}" for one in wrong))
    allocator = folder / FOR_ALLOCATOR
    return Package(
        terms,
        SealedList(sealed[0], terms.root, terms.annex_sha256, sealed[1]),
        (files[ESCROW[0]], files[ESCROW[1]]),
        allocator.read_bytes() if allocator.is_file() else None,
        signatures,
        review,
    )


def _content(file: Path, wrong: list[str]) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        wrong.append(f"{file.name} cannot be read: {error.strerror}")
        return b""


def _read_terms(content: bytes, wrong: list[str]) -> tuple[Terms | None, Mapping[str, str], Review | None]:
    if not content:
        return None, {}, None
    try:
        held = json.loads(content)
        if held.pop("form") != FORM:
            raise ValueError("another form")
        signatures, review = held.pop("signatures"), held.pop("review")
        promises = {part: Promise(**held.pop(part)) for part in PARTS}
        counts = {stratum: int(count) for stratum, count in held.pop("counts").items()}
        terms = Terms(**held, counts=counts, generator=promises[GENERATOR], witness=promises[WITNESS])
        canonical(terms.statement)
        return terms, dict(signatures), None if review is None else Review(**review)
    except (ValueError, KeyError, TypeError, AttributeError):
        wrong.append(f"{TERMS} cannot be read: it was cut off, damaged or made by another program")
        return None, {}, None


def _read_list(content: bytes, wrong: list[str]) -> tuple[tuple[SealedSlot, ...], bytes] | None:
    if not content:
        return None
    try:
        held = json.loads(content)
        slots = tuple(
            SealedSlot(
                str(slot["stratum"]),
                int(slot["position"]),
                str(slot["label"]),
                str(slot["leaf"]),
                b64decode(slot["ciphertext"], validate=True),
            )
            for slot in held["slots"]
        )
        return slots, b64decode(held["annex"], validate=True)
    except (ValueError, KeyError, TypeError):
        wrong.append(f"{LIST} cannot be read: it was cut off, damaged or made by another program")
        return None


# ------------------------------------------------------------------ what is wrong with it


def problems(package: Package) -> tuple[str, ...]:
    """Everything that is wrong with a package and can be seen without a key; empty when it is sound."""
    return (*_wrong_people(package), *_wrong_files(package), *_wrong_slots(package), *_one_key_more(package))


def document_problems(document: str, root: str) -> tuple[str, ...]:
    """What is wrong with the signed document that fact 1 keeps of a list with this root: years later and without the
    package."""
    wrong: list[str] = []
    terms, signatures, review = _read_terms(document.encode(), wrong)
    if terms is None:
        return ("the signed terms of the list cannot be read",)
    if terms.root != root:
        wrong.append("the signed terms are of a list with another root")
    return (*wrong, *_wrong_people(Package(terms, SealedList((), root, "", b""), (b"", b""), None, signatures, review)))


def _wrong_people(package: Package) -> list[str]:
    terms, statement = package.terms, package.terms.statement
    found = []
    for part, promise in ((GENERATOR, terms.generator), (WITNESS, terms.witness)):
        if promise.part != part or not promise.stands:
            found.append(f"the commitment of the {part} is not signed by the key that it names")
        signed = package.signatures.get(part)
        if signed is None:
            found.append(f"the {part}, {promise.name}, has not signed the package")
        elif not signed_by(promise.public_key, signed, statement):
            found.append(f"the signature of the {part}, {promise.name}, does not fit: the terms were changed after it")
    review = package.review
    if review is not None:
        said = review_statement(terms, review.reviewed_by, review.reviewed_on)
        if not signed_by(review.public_key, review.signature, said):
            found.append(f"the signature of the reviewer, {review.reviewed_by}, does not fit: the terms were changed")
    return [*found, *_same_person(package)]


def _same_person(package: Package) -> list[str]:
    """Who makes the list, who witnesses and who reviews are three people (RN3, RN9)."""
    terms, review = package.terms, package.review
    parts = [(GENERATOR, terms.generator.name, terms.generator.public_key)]
    parts.append((WITNESS, terms.witness.name, terms.witness.public_key))
    if review is not None:
        parts.append((REVIEWER, review.reviewed_by, review.public_key))
    return [
        f"{name} is {one} and {other}: these are different people; ask another"
        for place, (one, name, key) in enumerate(parts)
        for other, also, its_key in parts[place + 1 :]
        if name.strip().casefold() == also.strip().casefold() or key == its_key
    ]


def _one_key_more(package: Package) -> list[str]:
    """What is sealed to more or fewer keys than the terms name: a program that was exchanged could add one."""
    holders = sum(role in SLOT_HOLDERS for role in package.terms.recipients)
    held = [("slots", slot.ciphertext, holders) for slot in package.list.slots]
    held.append(("the annex", package.list.sealed_annex, holders))
    held += [(name, share, 1) for name, share in zip(ESCROW, package.escrow, strict=True)]
    held += [(FOR_ALLOCATOR, package.allocator, 1)] if package.allocator is not None else []
    wrong = Counter(name for name, content, keys in held if sealed_to(content) != keys)
    return [
        f"{count if name == 'slots' else ''} {name} sealed to another number of keys than the terms name".strip()
        for name, count in wrong.items()
    ]


def _wrong_files(package: Package) -> list[str]:
    held = {LIST: list_bytes(package.list), **dict(zip(ESCROW, package.escrow, strict=True))}
    if package.allocator is not None:
        held[FOR_ALLOCATOR] = package.allocator
    said = package.terms.files
    return [
        f"{name} is not the file that was signed"
        for name in sorted({*held, *said})
        if name not in held or said.get(name) != digest(held[name])
    ]


def _wrong_slots(package: Package) -> list[str]:
    terms, slots = package.terms, package.list.slots
    if terms.kind == ALLOCATOR:
        wrong = ["an allocator draws one by one; this package holds slots all the same"] if slots else []
        return wrong + ([] if terms.root == terms.seed_commitment else ["the root is not the commitment to the seed"])
    found = []
    if package.list.counts != terms.counts:
        found.append("the slots per stratum are not as many as the terms say")
    labels = [slot.label for slot in slots]
    bad = [label for label in labels if not label_is_right(label)]
    if bad:
        found.append(f"{len(bad)} labels have a wrong check character: {', '.join(sorted(bad)[:5])}")
    if len(set(labels)) < len(labels):
        found.append("a label stands on two slots")
    if not _in_order(slots):
        found.append("the slots are not in the order of their strata and positions")
    try:
        again = merkle_root([bytes.fromhex(slot.leaf) for slot in slots]).hex()
    except ValueError:
        again = ""
    if again != terms.root:
        found.append("the leaves do not give the root that was signed: a slot was exchanged, moved, added or removed")
    return found


def _in_order(slots: tuple[SealedSlot, ...]) -> bool:
    """Each stratum in one piece, from position 1 on without a gap."""
    strata = list(dict.fromkeys(slot.stratum for slot in slots))
    places = [(strata.index(slot.stratum), slot.position) for slot in slots]
    counts = {stratum: sum(slot.stratum == stratum for slot in slots) for stratum in strata}
    return places == [(at, place) for at, stratum in enumerate(strata) for place in range(1, counts[stratum] + 1)]
