"""The list is made by two people, reviewed by a third and taken in by a fourth; whatever is wrong with it is said
before anything is made.
"""

import json
import re
import shutil
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from tests.plugins.ceremonies import ANNEX, Ceremony, done, refused, run
from tests.plugins.tampering import administrator
from tests.plugins.worlds import SMALL

from trialwright import store
from trialwright.allocation import ceremony as ceremonies
from trialwright.allocation.annex import Annex
from trialwright.allocation.keys import SLOT_HOLDERS, private_key
from trialwright.allocation.package import document_problems, read_package
from trialwright.allocation.sealing import opened
from trialwright.allocation.seed_shares import make_share
from trialwright.allocation.slots import OpenSlot, SealedList, draw_up, sealed_list
from trialwright.ledger.vault import CannotOpen


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Ceremony:
    """One whole ceremony; nobody changes it."""
    return Ceremony(tmp_path_factory.mktemp("ceremony")).reviewed()


@pytest.fixture
def copied(made: Ceremony, quick_path: Path) -> Iterator[Ceremony]:
    """A copy of it to change."""
    shutil.copytree(made.place, quick_path / "copy")
    yield Ceremony(quick_path / "copy")
    connections.close_all()


@pytest.mark.requirement("RN1", "RN3", "RN9")
def test_a_trial_is_opened_with_a_list_that_two_made_and_a_third_reviewed(copied: Ceremony) -> None:
    """Fact 1 names them, the definition's fingerprint and the root, and holds the signed document; the folder holds no
    key and no arm."""
    assert "PRESS version 1 is open" in done(*copied.opening())
    folder, package = copied.at("trial"), read_package(copied.package)
    first = next(iter(store.open_ledger(folder).facts()))
    assert first.payload is not None
    terms = first.payload["terms"]
    assert (terms["generated_by"], terms["witnessed_by"], terms["reviewed_by"], terms["published"]) == (
        "Gina Generator", "Will Witness", "Rita Reviewer", "yes"
    )  # fmt: skip
    assert (first.payload["root"], first.payload["purpose"]) == (package.terms.root, "production")
    assert terms["document"] == package.document
    assert store.verify(folder).ok
    held = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert b"AGE-SECRET-KEY" not in held
    settings = store.read_folder(folder)
    assert set(SLOT_HOLDERS) < set(settings.recipients)
    assert not settings.demonstration


@pytest.mark.requirement("RN5")
def test_what_the_ceremony_put_in_escrow_opens_the_list_to_both_holders_only(copied: Ceremony) -> None:
    done(*copied.opening())
    ledger = store.open_ledger(copied.at("trial"))
    vault = store.open_vault(copied.at("trial"), ledger)
    first, second = (private_key(copied.at("keys") / f"escrow-{number}.key") for number in (1, 2))
    (kept,) = vault.lists()
    assert len(vault.regenerated(kept, [first, second])) == len(vault.slots(drawn=False))
    for alone in (first, second):
        with pytest.raises(CannotOpen, match="stays closed"):
            vault.secrets(kept, [alone])


@pytest.mark.requirement("RN3", "RN5")
def test_the_signatures_are_checked_from_the_ledger_alone_and_what_was_exchanged_is_told(copied: Ceremony) -> None:
    """Whoever administers the database can write another name into the vault, and not into the chain."""
    done(*copied.opening())
    document = read_package(copied.package).document
    root = read_package(copied.package).terms.root
    assert document_problems(document, root) == ()
    assert document_problems(document, "ab" * 32) == ("the signed terms are of a list with another root",)
    forged = document.replace("Will Witness", "Wilma Witness")
    assert "the signature of the witness, Wilma Witness, does not fit" in " ".join(document_problems(forged, root))
    assert document_problems("{", root) == ("the signed terms of the list cannot be read",)
    with administrator(copied.at("trial")) as run_there:
        run_there("UPDATE store_list SET terms = replace(terms, 'Will Witness', 'Wilma Witness')")
    said = str(store.verify(copied.at("trial")))
    assert "who made the list, as the vault keeps it, is not what the ledger says" in said
    assert "the list: the signature of the witness, Wilma Witness, does not fit" in said


def test_the_trial_is_opened_on_postgresql_too(copied: Ceremony, new_database: Callable[[], str]) -> None:
    done(*copied.opening("--database", new_database()))
    assert store.verify(copied.at("trial")).ok


# ------------------------------------------------------------------ neither of the two can choose


@pytest.mark.requirement("RN3")
def test_a_share_that_does_not_fit_its_commitment_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    held = Ceremony(tmp_path).prepared()
    for part in ("generator", "witness"):
        file = held.at(f"{part}.share")
        honest = file.read_text()
        file.write_text(json.dumps({**json.loads(honest), "share": "11" * 32}))
        assert f"the share of the {part} is not the one that" in refused(*held.arguments())
        assert not held.package.exists()
        file.write_text(honest)
    done(*held.arguments())


@pytest.mark.requirement("RN3")
def test_commitments_come_first_and_are_of_two_people(tmp_path: Path) -> None:
    held = Ceremony(tmp_path).prepared()
    bare = [one for one in held.arguments() if "commitment" not in Path(one).name]
    assert "the two commitments that were exchanged" in " ".join(refused(*bare).replace("│", " ").split())
    twice = [*bare, *("--commitment", held.at("witness.share.commitment")) * 2]
    assert "there is no commitment of the generator" in refused(*twice)
    for file in tmp_path.glob("witness.share*"):
        file.unlink()
    held.share("witness", "GINA GENERATOR ")
    assert "generator and witness are two people" in refused(*held.arguments())
    for file in tmp_path.glob("witness.share*"):
        file.unlink()
    own = held.at("generator.share.signing-key")
    held.share("witness", "Will Witness", "--signing-key", own)
    assert "generator and witness are two people" in refused(*held.arguments("--witness-signs", own))


def test_a_share_is_made_once_for_its_holders_eyes_and_wiped(tmp_path: Path) -> None:
    held = Ceremony(tmp_path).prepared()
    share = held.at("generator.share")
    assert share.stat().st_mode & 0o077 == 0
    assert "never overwritten" in refused("allocation", "share", share, "--as", "generator", "--name", "X")
    share.chmod(0o644)
    assert "can be read by others" in refused(*held.arguments())
    share.chmod(0o600)
    assert "is overwritten and deleted" in done(*held.arguments("--wipe"))
    assert [file.name for file in tmp_path.glob("*.share")] == []


def test_a_cut_off_share_or_commitment_is_refused_in_a_sentence(tmp_path: Path) -> None:
    held = Ceremony(tmp_path).prepared()
    for name, says in (("generator.share", "is not a share"), ("witness.share.commitment", "is not the commitment")):
        whole = held.at(name).read_bytes()
        held.at(name).write_bytes(whole[: len(whole) // 2])
        assert says in refused(*held.arguments())
        held.at(name).write_bytes(whole)


def test_missing_and_doubled_keys_are_all_named(tmp_path: Path) -> None:
    held = Ceremony(tmp_path).prepared()
    keys = held.at("keys")
    shutil.copy(keys / "escrow-1.pub", keys / "escrow-2.pub")
    assert "the same key stands for escrow-1 and escrow-2" in refused(*held.arguments())
    shutil.copy(keys / "escrow-1.key", keys / "safety-unit.pub")
    assert "holds a private key where a public one belongs" in refused(*held.arguments())
    for role in ("safety-unit", "break-host"):
        (keys / f"{role}.pub").unlink()
    assert "has no public key for safety-unit, break-host" in refused(*held.arguments())


def test_everything_wrong_with_an_annex_is_said_with_its_place(tmp_path: Path) -> None:
    held = Ceremony(tmp_path).prepared()
    held.at("annex.yaml").write_text("sizes: [3]\nlimit: 2\nwords: {X: x}\nratio: {T: 2, P: 1}\npurpose: test\n")
    said = refused(*held.arguments())
    found = (
        (2, "no such parameter"),
        (3, "words are for the arms"),
        (4, "the definition says ratio"),
        (5, "is to be a production list"),
    )
    for line, says in found:
        assert re.search(rf"annex.yaml:{line}:1: error: .*{says}", said), said
    held.at("annex.yaml").write_text("sizes: [3]\n")
    assert "annex.yaml:1:1: error: block size 3 does not hold the ratio" in refused(*held.arguments())
    assert not held.package.exists()


@pytest.mark.requirement("RN1", "RN3")
def test_a_definition_that_names_the_annex_leaves_no_choice_of_another(tmp_path: Path) -> None:
    """Once the shares are known, another block size would be another list to choose from."""
    shutil.copytree(SMALL, tmp_path / "trial-files")
    definition = tmp_path / "trial-files" / "trial.yaml"
    held = Ceremony(tmp_path, tmp_path / "trial-files").prepared()
    hashed = done("allocation", "annex", held.trial, held.at("annex.yaml")).strip()
    assert done("allocation", "annex", held.trial, held.at("annex.yaml")).strip() == hashed, "its salt is given once"
    text = definition.read_text(encoding="utf-8")
    definition.write_text(text.replace("  method: permuted_block\n", f"  method: permuted_block\n  {hashed}\n"))
    whole = held.at("annex.yaml").read_text()
    held.at("annex.yaml").write_text(whole.replace("[2, 4]", "[4]"))
    assert "the definition names another annex by its hash" in refused(*held.arguments())
    held.at("annex.yaml").write_text(whole)
    done(*held.arguments())
    assert read_package(held.package).terms.annex_sha256 in hashed


@pytest.mark.requirement("RN8")
def test_the_day_is_rehearsed_with_the_same_definition_although_it_names_the_annex(tmp_path: Path) -> None:
    """A test list's annex has another purpose, hence another hash; no real trial takes the list anyway."""
    shutil.copytree(SMALL, tmp_path / "trial-files")
    definition = tmp_path / "trial-files" / "trial.yaml"
    text = definition.read_text(encoding="utf-8")
    named = "  annex_sha256: " + "ab" * 32
    definition.write_text(text.replace("  method: permuted_block\n", f"  method: permuted_block\n{named}\n"))
    held = Ceremony(tmp_path, tmp_path / "trial-files").reviewed("--test")
    done(*held.opening("--rehearsal"))
    assert store.read_state(held.at("trial")).rehearsal
    connections.close_all()


def test_nothing_secret_is_written_into_a_trials_folder(copied: Ceremony) -> None:
    done(*copied.opening())
    inside = copied.at("trial") / "g.share"
    assert "keep what is secret elsewhere" in refused("allocation", "share", inside, "--as", "witness", "--name", "W")
    copied.at("review.txt").unlink()
    signing = copied.at("trial") / "r.key"
    assert "keep what is secret elsewhere" in refused(*copied.review("--sign", signing, "--by", "Rita"))
    assert not any(file.suffix in (".share", ".key") for file in copied.at("trial").iterdir())


# ------------------------------------------------------------------ the review


def whole_list(annex: Annex, strata: Any, n: int, seed: bytes) -> list[OpenSlot]:
    """The list as it should be."""
    return list(draw_up(annex, strata, n, seed))


def by_arm(slots: list[OpenSlot]) -> list[OpenSlot]:
    """Sorted by arm within each stratum: the error that ruined trials."""
    arms = {name: sorted(s.arm for s in slots if s.stratum == name) for name in {s.stratum for s in slots}}
    return [replace(slot, arm=arms[slot.stratum][slot.position - 1]) for slot in slots]


FAULTS: dict[str, tuple[Callable[[list[OpenSlot]], list[OpenSlot]], str]] = {
    "sorted by arm": (by_arm, "order"),
    "one arm exchanged": (
        lambda slots: [replace(slots[0], arm="PT".strip(slots[0].arm)), *slots[1:]],
        "cut into blocks",
    ),
    "an arm of no trial": (lambda slots: [replace(slots[0], arm="ivig"), *slots[1:]], "Arms"),
    "a slot too few": (lambda slots: slots[:-1], "Slots per stratum"),
    "a label twice": (lambda slots: [slots[0], replace(slots[1], label=slots[0].label), *slots[2:]], "Signatures"),
    "a wrong check character": (lambda slots: [replace(slots[0], label="ZZZZZZZ"), *slots[1:]], "Signatures"),
    "positions exchanged": (lambda slots: [slots[1], slots[0], *slots[2:]], "Signatures"),
    "a nonce twice": (lambda slots: [slots[0], replace(slots[1], nonce=slots[0].nonce), *slots[2:]], "Nonces"),
}


@pytest.mark.requirement("RN9")
@pytest.mark.parametrize("fault", FAULTS)
def test_the_reviewer_finds_what_a_faulty_program_made(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both people sign in good faith what their program gave them; the reviewer opens it, and signs nothing."""
    change, check = FAULTS[fault]

    def generate(annex: Annex, strata: Any, n: int, seed: bytes, recipients: Any) -> SealedList:
        return sealed_list(change(whole_list(annex, strata, n, seed)), annex, recipients)

    monkeypatch.setattr(ceremonies, "generate", generate)
    held = Ceremony(tmp_path).generated()
    said = refused(*held.review("--sign", held.at("reviewer.key"), "--by", "Rita Reviewer"))
    assert "THE LIST MUST NOT BE USED" in said
    wrong = [line for line in held.at("review.txt").read_text().splitlines() if line.startswith("[WRONG]")]
    assert any(check in line for line in wrong), wrong
    assert read_package(held.package).review is None


@pytest.mark.requirement("RN9")
def test_the_report_names_arms_and_says_so_on_every_page_and_lies_nowhere_near_the_blinded(copied: Ceremony) -> None:
    text = copied.at("review.txt").read_text()
    pages = text.split("\f")
    assert len(pages) > 1
    assert all(page.startswith("UNBLINDED: shows the allocation list.") for page in pages)
    assert "[WRONG]" not in text
    assert copied.at("review.txt").stat().st_mode & 0o077 == 0
    copied.at("review.txt").unlink()
    done(*copied.review()[:-1], copied.at("review.html"))
    page = copied.at("review.html").read_text()
    assert 'class="class">UNBLINDED' in page
    assert "<script" not in page
    done(*copied.opening())
    for place in (copied.package / "r.txt", copied.at("trial") / "r.txt", copied.at("trial") / "report" / "r.html"):
        assert "never lies in" in " ".join(refused(*copied.review()[:-1], place).replace("│", " ").split())
        assert not place.exists()


@pytest.mark.requirement("RN3", "RN9")
def test_who_made_or_witnessed_the_list_does_not_review_it(tmp_path: Path) -> None:
    held = Ceremony(tmp_path).generated()
    for by, key, says in (
        ("will witness", "new.key", "is witness and reviewer"),
        ("Rita Reviewer", "generator.share.signing-key", "is generator and reviewer"),
    ):
        assert says in refused(*held.review("--sign", held.at(key), "--by", by))
        assert not any(held.at(name).exists() for name in ("review.txt", "new.key")), "a refusal left a file behind"
        assert read_package(held.package).review is None


def test_a_key_that_opens_nothing_reviews_nothing(copied: Ceremony) -> None:
    told = [copied.at("keys") / "escrow-1.key" if "safety-unit" in str(one) else one for one in copied.review()]
    copied.at("review.txt").unlink()
    assert "this key does not open the annex" in refused(*told)
    assert not copied.at("review.txt").exists()


# ------------------------------------------------------------------ opening with what is wrong


def slots_swapped(content: Any) -> None:
    """Two ciphertexts exchanged."""
    first, second = content["slots"][:2]
    first["ciphertext"], second["ciphertext"] = second["ciphertext"], first["ciphertext"]


def label_edited(content: Any) -> None:
    """One label changed."""
    content["slots"][0]["label"] = "BCDFGHJ"


def other_root(content: Any) -> None:
    """Another root under the same signatures."""
    content["root"] = "ab" * 32


def unsigned(content: Any) -> None:
    """The witness never signed."""
    del content["signatures"]["witness"]


def other_fingerprint(content: Any) -> None:
    """As if made for this definition."""
    content["fingerprint"] = "cd" * 32


def one_person(content: Any) -> None:
    """The witness bears the generator's name."""
    content["witness"]["name"] = content["generator"]["name"]


def unreviewed(content: Any) -> None:
    """Nobody reviewed it."""
    content["review"] = None


TAMPERED = [
    ("list.json", slots_swapped, ["list.json is not the file that was signed"]),
    ("list.json", label_edited, ["list.json is not the file", "wrong check character: BCDFGHJ"]),
    (
        "terms.json",
        other_root,
        [
            "the signature of the generator, Gina Generator, does not fit",
            "the leaves do not give the root",
            "the published root is not",
        ],
    ),
    ("terms.json", unsigned, ["the witness, Will Witness, has not signed the package"]),
    (
        "terms.json",
        other_fingerprint,
        ["does not fit: the terms were changed", "the list was made for version 1 as it then stood"],
    ),
    ("terms.json", one_person, ["Gina Generator is generator and witness: these are different people"]),
    ("terms.json", unreviewed, ["nobody has reviewed the list"]),
]


@pytest.mark.requirement("RN3", "RN5", "RN9")
@pytest.mark.parametrize(("file", "change", "says"), TAMPERED, ids=[change.__name__ for _, change, _ in TAMPERED])
def test_a_package_that_was_tampered_with_opens_nothing(
    copied: Ceremony, file: str, change: Callable[[Any], None], says: list[str]
) -> None:
    copied.edited(file, change)
    said = refused(*copied.opening())
    for sentence in says:
        assert sentence in said
    assert not copied.at("trial").exists()
    assert not copied.at("trial.keys").exists()


@pytest.mark.parametrize("name", ["terms.json", "list.json", "escrow-1.age"])
def test_a_file_that_was_cut_off_or_lost_is_named(copied: Ceremony, name: str) -> None:
    file = copied.package / name
    file.write_bytes(file.read_bytes()[:400])
    assert name in refused(*copied.opening())
    file.unlink()
    assert f"{name} cannot be read" in refused(*copied.opening())


@pytest.mark.requirement("RN8", "RN9")
def test_everything_that_speaks_against_opening_is_said_at_once(copied: Ceremony) -> None:
    copied.edited("terms.json", unreviewed)
    copied.at("published.txt").write_text("another root\n")
    said = refused(*copied.opening("--rehearsal", by="Gina Generator"))
    assert "this is a production list, which a rehearsal must not use up" in said
    said = refused(*copied.opening(by="Gina Generator"))
    assert "Gina Generator had part in" in refused(*copied.opening(by=" Gina Generator "))
    assert "give a name" in refused(*copied.opening(by=" "))
    for sentence in ("nobody has reviewed", "published root is not", "Gina Generator had part in the allocation list"):
        assert sentence in said


@pytest.mark.requirement("RN8")
def test_a_test_list_opens_a_rehearsal_only_and_its_slots_say_what_they_are(tmp_path: Path) -> None:
    held = Ceremony(tmp_path).reviewed("--test")
    assert "this is a TEST list" in refused(*held.opening())
    slot = read_package(held.package).list.slots[0]
    content = json.loads(opened(slot.ciphertext, [private_key(held.at("keys") / "break-host.key")]))
    assert content["arm_in_words"] == f"TEST-{content['arm']}: not for a participant"
    done(*held.opening("--rehearsal"))
    assert store.read_state(held.at("trial")).rehearsal
    connections.close_all()


@pytest.mark.requirement("RN8")
def test_a_list_for_another_version_of_the_definition_is_refused(copied: Ceremony) -> None:
    """The list is made after the freeze: the least change of the definition needs a list of its own."""
    trial = copied.at("changed")
    shutil.copytree(SMALL, trial)
    text = (trial / "trial.yaml").read_text(encoding="utf-8")
    (trial / "trial.yaml").write_text(text.replace("An invented sponsor", "Another sponsor"), encoding="utf-8")
    said = refused(*Ceremony(copied.place, trial).opening())
    assert "the list was made for version 1 as it then stood" in said
    assert "open the definition that the list was made for, or make a new list" in said


# ------------------------------------------------------------------ what the package tells


def shown(held: Ceremony) -> dict[str, str]:
    """Everything in a package with what is random taken out: hashes, signatures, keys, the bytes of ciphertexts. (How
    long an age file is depends on chance by design; what it seals has one length.)"""
    key = private_key(held.at("keys") / "safety-unit.key")
    files = {}
    for file in sorted(held.package.iterdir()):
        text = file.read_text() if file.suffix != ".age" else "sealed"
        text = re.sub(
            r'"(ciphertext|annex)": "([^"]+)"', lambda m: f"{m[1]} {len(opened(b64decode(m[2]), [key]))}", text
        )
        files[file.name] = re.sub(r"[0-9a-f]{64,128}|age1[0-9a-z]+", "token", text)
    return files


@pytest.mark.requirement("RN1", "RN2")
def test_two_ceremonies_with_the_arms_exchanged_give_packages_that_nobody_can_tell_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File names, order, labels, lengths of what is sealed: equal to the last byte once the random tokens are out."""
    other = {"T": "P", "P": "T"}

    def exchanged(annex: Annex, strata: Any, n: int, seed: bytes, recipients: Any) -> SealedList:
        slots = [replace(slot, arm=other[slot.arm]) for slot in whole_list(annex, strata, n, seed)]
        return sealed_list(slots, annex, recipients)

    found = []
    for world, patch in (("one", None), ("other", exchanged)):
        held = Ceremony(tmp_path / world)
        held.place.mkdir()
        held.prepared()
        for part, secret in (("generator", b"g" * 32), ("witness", b"w" * 32)):
            for file in held.place.glob(f"{part}.share*"):
                file.unlink()
            make_share(held.at(f"{part}.share"), part, f"The {part}", secret)
        if patch is not None:
            monkeypatch.setattr(ceremonies, "generate", patch)
        done(*held.arguments())
        found.append(shown(held))
    assert found[0] == found[1]
    assert len(found[0]) == 6
    assert ANNEX.splitlines()[0] not in "".join(found[0].values())


def test_a_package_is_whole_or_not_at_all(copied: Ceremony) -> None:
    before = sorted(file.name for file in copied.place.iterdir())
    assert "exists already; a package is never overwritten" in refused(*copied.arguments())
    assert sorted(file.name for file in copied.place.iterdir()) == before


def test_a_folder_without_a_trial_names_the_command_that_opens_one(tmp_path: Path) -> None:
    code, said = run("ledger", "verify", tmp_path)
    assert code == 1
    assert "`trialwright open TRIAL DIR --package PACKAGE --by NAME`" in said
