"""Every command whose output must be the same whatever the allocation is, run on a trial's folder.

`CLASSES` says which those are: a new one that has no line here fails a test. Each line is one way to run it; what it
prints, its exit code and the files that it writes are compared between worlds.
"""

import csv
import hashlib
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.plugins.breaking import a_night
from tests.plugins.world import MovedClock
from tests.plugins.worlds import allocation_list, holder_key, public_key
from tests.spec.blinding.everything import Story, definition_folder, everything_trial, played, results_of
from tests.spec.blinding.obtaining import Obtained, of_files, of_the_folder, signatures
from tests.spec.blinding.two_worlds import Arranged, normalised, on_disk, tokens
from typer.testing import CliRunner

from trialwright.allocation import slots
from trialwright.allocation.annex import TEST, Annex
from trialwright.allocation.ceremony import make_package, mask_length
from trialwright.allocation.keys import ESCROW_HOLDERS, SLOT_HOLDERS, write_private
from trialwright.allocation.kits import digest
from trialwright.allocation.kits import package as kit_package
from trialwright.allocation.methods import Blocks
from trialwright.allocation.package import Package, write_package
from trialwright.allocation.seed_shares import Share, promised

LINES = """
ledger verify {trial} --json
ledger verify {trial}
ledger backup {trial} {out}/backup
ledger backup {trial} {out}/backup
ledger restore {out}/backup {out}/restored
ledger rebuild {trial}
open {definition} {out}/opened --package {package} --by Sam --rehearsal --keys {head}
open {definition} {out}/opened --package {package} --by Sam
serve {trial} --role monitor
serve {trial} --role pharmacist
keys check {holder} {trial}
keys check {stranger} {trial}
kits take-in {trial} {kits} --by d
kits account {trial} --json
kits account {trial} --place NORTH
kits release {trial} --by q --place NORTH --why cool
kits plan-shipment {trial} --site NORTH --key {holder}
kits plan-shipment {trial} --site WEST --key {holder} --json
kits ship {trial} --by d --site NORTH {spare0} {spare1} {spare2} {spare3} {spare4} {spare5}
kits receive {trial} --by n --site NORTH {spare0} --reading 30
kits receive {trial} --by n --site NORTH
kits reject {trial} --by q --place NORTH --why warm {spare0}
kits return {trial} --by n --site NORTH {spare0}
kits remove {trial} lose --by d --role depot --place depot --why gone {spare6}
kits dispense {trial} --participant {Ann} --visit WEEK8 --key {holder} --by p
kits dispense {trial} --participant {Bob} --visit WEEK8 --key {holder} --by p
kits dispense {trial} --participant {Bob} --visit WEEK8 --key {holder} --by p
kits dispense {trial} --participant {Cas} --visit WEEK8 --key {holder} --by p
kits dispense {trial} --participant {Eva} --visit START --key {holder} --by p --json
kits quarantine {trial} --by n --place WEST --why alarm --reading 30
kits account {trial}
lab import {trial} {results} --by p05
lab import {trial} {results} --by p05 --json
lab import {trial} {wrong} --by p05
lab import {trial} {wrong} --by p05 --partial --json
lab expected {trial} --all
lab expected {trial} --json
pharmacy receive {trial} --product tablet --lot "N1:5x20 g" --by Pia
pharmacy return {trial} --product tablet --lot "N1:1x20 g" --by Pia
pharmacy destroy {trial} --product placebo --lot "S1:1x500 mL" --by Pia
pharmacy destroy {trial} --product placebo --lot "S1" --by Pia
pharmacy release {trial} --key {holder} --by Pia
breaks list {trial}
breaks take-in {trial} {outbox} --host-key {notices}
breaks take-in {trial} {outbox} --host-key {notices}
breaks record {trial} --label {label} --category emergency --learned-by dr --shown-at 2026-03-06T03:10 --by p02 --why T
breaks record {trial} --label AAAAAAA --category emergency --learned-by dr --shown-at 2026-03-06T03:10 --by p02
breaks report {trial} --who p23 --how conversation --what suspicion --impact none --by p03 --role nurse --participant {Bob} --words T
breaks reconcile {trial} --envelopes {envelopes}
breaks list {trial} --json
wordings list {trial}
wordings load {trial} {stranger} --by d
allocation card {trial} --participant {Ann} -o {out}/card.html --telephone 112
allocation card {trial} --participant {Eva} -o {out}/none.html --telephone 112
allocation connect {trial} {holder}
allocation verify {trial}
dsmb export {trial} -o {out}/committee --meeting 2 --by p24
report {trial} -o {out}/report
analyse {trial}
analyse {trial} --sealed-key {holder} --by sam
report {trial} -o {out}/opened-report --sealed-key {holder} --by sam
"""  # noqa: E501
"""What is run, in this order."""

RESEALED = """
allocation compare {trial} {anew} --key {holder}
allocation propose {trial} {anew} --by lia --why lost
allocation approve {trial} {anew} --by lia --role list_statistician --why lost
allocation approve {trial} {anew} --by sven --role safety_unit --why lost
ledger verify {trial}
"""
"""The same after slots were sealed anew."""

TRIALS = ("backup", "restored", "opened")
"""The folders of trials that the lines write."""


@dataclass
class Program:
    """The program on the folder of one world. `said` is everything that it said, by the line that was run."""

    story: Story
    place: Path
    arranged: Arranged
    said: Obtained = field(default_factory=dict)
    fillings: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)

    @property
    def trial(self) -> Path:
        """The trial's folder."""
        return self.place / "trial"

    @property
    def out(self) -> Path:
        """Where files are written."""
        return self.place / "out"

    def runs(self, lines: str) -> None:
        """Run these lines, keeping what is said."""
        for place, line in enumerate(lines.strip().splitlines()):
            found = CliRunner().invoke(_app(), shlex.split(line.format(**self.fillings)))
            error = "" if isinstance(found.exception, SystemExit | None) else repr(found.exception)
            name = f"command {place} {line.partition(' {')[0]}"
            self.said[name] = f"{found.exit_code} {found.stdout} {found.stderr} {error}"
        self.story.world.desk.catch_up()

    def files(self) -> Obtained:
        """What was written, whole folders of trials among it."""
        trials = {name: of_the_folder(self.out / name) for name in TRIALS if (self.out / name).is_dir()}
        trials["the trial itself"] = of_the_folder(self.trial)
        found = {f"{name}: {what}": text for name, one in trials.items() for what, text in one.items()}
        for path in sorted(self.out.iterdir()):
            if path.name not in trials:
                found |= of_files(path.name, path) if path.is_dir() else {path.name: path.read_text(encoding="utf-8")}
        return found

    def obtained(self) -> Obtained:
        """What was said and written, random tokens under their names, the place of this world left out."""
        found = {**self.said, **self.files()}
        named = {**self.named, **self._random()}
        named |= tokens(self.story.world.desk.ledger, self.arranged(allocation_list()))
        place = f"{self.place}"
        return normalised({n.replace(place, "PLACE"): t.replace(place, "PLACE") for n, t in found.items()}, named)

    def _random(self) -> dict[str, str]:
        """Tokens that follow from keys and ciphertexts."""
        from trialwright import store

        named = {}
        for folder in [self.trial, *(self.out / name for name in TRIALS if (self.out / name).is_dir())]:
            named |= signatures((folder / "heads.log").read_text(encoding="utf-8"))
            named[store.read_folder(folder).head_key] = "<signs heads>"
            ledger = store.open_ledger(folder)
            named |= tokens(ledger, ())
            ledger.close()
        for labels in self.out.glob("*/labels.json"):
            named[hashlib.sha256(labels.read_bytes()).hexdigest()] = "<labels>"
        return named


def _app() -> Any:
    from trialwright.cli import app

    return app


@contextmanager
def one_chance(clock: MovedClock) -> Iterator[None]:
    """The server's clock stands where the story's does, and what it draws at random is drawn alike in every world."""
    import secrets
    from itertools import count

    from trialwright.store.world import ServerClock
    from trialwright.web import listening

    numbers = count()

    def token_bytes(size: int = 32) -> bytes:
        return next(numbers).to_bytes(size, "big")

    def now(self: ServerClock) -> datetime:
        return clock.now()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "token_bytes", token_bytes)
        patch.setattr(secrets, "token_hex", lambda size=32: token_bytes(size).hex())
        patch.setattr(secrets, "token_urlsafe", lambda size=32: f"token-{next(numbers)}")
        patch.setattr(ServerClock, "now", now)
        patch.setattr(listening, "require_free", lambda *address: None)
        patch.setattr(listening, "run", lambda *served: None)
        yield


def prepared(story: Story, place: Path, arranged: Arranged) -> Program:
    """The program, with every file that a line names."""
    program = Program(story, place, arranged)
    program.out.mkdir()
    for name, key in (("holder", holder_key()), ("stranger", holder_key("stranger"))):
        write_private(place / f"{name}.key", f"{key}\n".encode())
    people, state = story.world.numbers, story.world.state
    labels = {name: person.label for name in people if (person := story.world.person(name).allocation) is not None}
    with (place / "envelopes.csv").open("w", newline="") as file:
        pen = csv.writer(file)
        pen.writerow(("label", "state"))
        pen.writerows((slot.label, "sealed") for slot in allocation_list())
    night = a_night(place / "break", arranged)
    night.asks(labels["Bob"])
    sealed_kits = kit_package(story.sealed)
    (place / "kits.json").write_bytes(sealed_kits)
    (program.trial / "uploads").mkdir(exist_ok=True)
    (program.trial / "uploads" / digest(sealed_kits)).write_bytes(sealed_kits)
    results = results_of(story, "Cas")
    (place / "results.csv").write_bytes(results)
    (place / "wrong.csv").write_bytes(results.replace(b"2.5", b"25,0"))
    made = _a_package(place / "package", arranged)
    program.named = {slot.leaf: f"<leaf {slot.label}>" for slot in made.list.slots}
    program.named |= {kit.leaf: f"<leaf {kit.number}>" for kit in story.sealed.kits}
    program.named |= {one: f"<file {name}>" for name, one in made.terms.files.items()}
    program.named |= {one: f"<signature of the {part}>" for part, one in made.signatures.items()}
    spare = [kit.number for kit in state.kits.values() if (kit.status, kit.place) == ("available", "depot")]
    program.fillings = {
        **people,
        **{f"spare{rank}": number for rank, number in enumerate(sorted(spare)[:7])},
        "label": labels["Cas"],
        "trial": f"{program.trial}",
        "out": f"{program.out}",
        "definition": f"{definition_folder(place / 'definition')}",
        "package": f"{place / 'package' / 'list'}",
        "kits": f"{place / 'kits.json'}",
        "envelopes": f"{place / 'envelopes.csv'}",
        "outbox": f"{place / 'break' / 'outbox'}",
        "notices": night.public,
        "results": f"{place / 'results.csv'}",
        "wrong": f"{place / 'wrong.csv'}",
        "holder": f"{place / 'holder.key'}",
        "stranger": f"{place / 'stranger.key'}",
        "anew": f"{place / 'anew.json'}",
        "head": f"{place / 'head'}",
    }
    return program


def _a_package(place: Path, arranged: Arranged) -> Package:
    """The package of a test list, its arms arranged as in this world."""
    draw_up = slots.draw_up
    shares = Share("generator", "Gina", b"\x07" * 32), Share("witness", "Will", b"\x09" * 32)
    signing = {
        share.part: Ed25519PrivateKey.from_private_bytes(bytes([rank]) * 32) for rank, share in enumerate(shares)
    }
    annex = Annex("PRESS", Blocks({"T": 1, "P": 1}, (2, 4)), "5b" * 32, purpose=TEST)
    place.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slots, "draw_up", lambda *asked: arranged(draw_up(*asked)))
        made = make_package(
            everything_trial(),
            annex,
            shares=shares,
            promises=[promised(share, signing[share.part]) for share in shares],
            signing=signing,
            recipients={role: public_key(role) for role in (*SLOT_HOLDERS, *ESCROW_HOLDERS)},
            mask=b"\x5a" * mask_length(annex),
            made_on=date(2026, 2, 1),
        )
    write_package(made, place / "list", "A test list.")
    return made


def resealed_package(program: Program) -> None:
    """The slots sealed anew to the same holder and one more."""
    from trialwright.store.list_changes import resealed

    holders = {"pharmacist-1": public_key(), "safety-unit": public_key("safety")}
    package = resealed(program.trial, [holder_key()], holders)
    (program.place / "anew.json").write_bytes(package.content)
    program.named[package.digest] = "<slots sealed anew>"


def obtained_by_commands(arranged: Arranged, place: Path, lines: str = "") -> Obtained:
    """Play the story in a folder up to the lock, then run the lines (all without). Everything said and written."""
    from django.db import connections

    story, found = on_disk(place / "trial", arranged), Obtained()

    def look(_: Story) -> None:
        with one_chance(story.world.clock):
            program = prepared(story, place, arranged)
            program.runs(lines or LINES)
            if not lines:
                resealed_package(program)
                program.runs(RESEALED)
        found.update(program.obtained())

    story.looks = look
    played(story)
    story.world.desk.ledger.close()  # type: ignore[attr-defined]
    connections.close_all()
    return found
