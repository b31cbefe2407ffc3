"""Worlds that differ in nothing but the sealed rows of a laboratory's files: what stands in them, and whether there are
any.

The same open rows, the same acts. Whoever is blinded gets the same to the last letter: answers, exit codes, pages,
facts with their numbers and instants, tables of the database, lengths of what is sealed. Of the facts nothing differs
but seals, digests and commitments, which are random tokens.
"""

from collections.abc import Mapping
from pathlib import Path

from tests.plugins.laboratory import as_csv, in_a_folder, laboratory_trial, opened, result, with_people
from tests.plugins.world import CAST, CountedChance, World, monday_morning
from tests.plugins.worlds import ANNEX, allocation_list
from tests.spec.blinding.obtaining import (
    Obtained,
    of_the_folder,
    of_the_ledger,
    of_the_pages,
    of_the_report,
    signatures,
)
from tests.spec.blinding.two_worlds import listening, normalised, statements, tokens

from trialwright import conduct
from trialwright.conduct import Desk, Refused
from trialwright.ledger.memory import MemoryLedger
from trialwright.simulate.vault import MemoryVault

BLINDED = ("investigator", "nurse", "monitor", "data_manager", "laboratory", "sponsor")
COLUMNS = ("laboratory", "sample", "participant", "visit", "test", "value", "unit", "taken", "reported", "comment")
PLANTED = "777.7"
"""The value that must be found nowhere."""


def _renin(world: World, value: str = PLANTED, **more: str) -> dict[str, str]:
    return {**result(world, "Ann", "RENIN", value), **more}


def _sealed_rows(world: World) -> dict[str, list[bytes]]:
    """Sealed rows by what is the matter with them: sound, wrong in every way that a row can be, or none at all."""
    ann = world.numbers["Ann"]
    good = as_csv([_renin(world)], COLUMNS).splitlines()[1]
    cells = {
        "without": [],
        "sound": [{}],
        "a wrong unit": [{"unit": "mmol"}],
        "an unknown unit": [{"unit": "furlong"}],
        "no number": [{"value": "much"}],
        "outside the range": [{"value": "77777"}],
        "another participant": [{"participant": "NORTH-009-Q"}],
        "another visit": [{"visit": "WEEK77"}],
        "another day": [{"taken": "2026-02-02"}],
        "a mixed-up sample": [{"sample": "S-Bob"}],
        "twice": [{}, {}],
        "twice, contradicting": [{}, {"value": "12.0"}],
        "many": [{"sample": f"R{place}", "visit": f"EXTRA.{place}"} for place in range(1, 41)],
        "an unknown test": [{"test": "RENINN"}],
        "not done": [{"value": "", "comment": "too thick, as after the tablet"}],
        "late": [{"reported": "2026-03-02", "taken": "2026-03-01"}],
        "beyond a limit": [{"value": "<0.5"}],
    }
    made = {
        name: as_csv([_renin(world, **one) for one in rows], COLUMNS).splitlines()[1:] for name, rows in cells.items()
    }
    made["ragged"] = [good + b",,,"]
    made["a stray quotation mark"] = [good.replace(b"S-Ann", b'"S-Ann')]
    made["no text at all"] = [b"\xff\xfe\x00" + good]
    made["a line break in a comment"] = [good + b',"first', b'second"']
    made["another participant's number alone"] = [ann.encode()]
    return made


FILES = (
    "without", "sound", "a wrong unit", "an unknown unit", "no number", "outside the range", "another participant",
    "another visit", "another day", "a mixed-up sample", "twice", "twice, contradicting", "many", "an unknown test",
    "not done", "late", "beyond a limit", "ragged", "a stray quotation mark", "no text at all",
    "a line break in a comment", "another participant's number alone",
)  # fmt: skip


def files(world: World, name: str) -> Mapping[str, bytes]:
    """The files that are handed in, each with the sealed rows of this world before, between and after the open ones."""
    rest = _sealed_rows(world)[name]

    def mixed(rows: list[dict[str, str]]) -> bytes:
        head, *lines = as_csv(rows, COLUMNS).splitlines()
        return b"\n".join([head, *rest, *(part for line in lines for part in (line, *rest))]) + b"\n"

    return {
        "sound": mixed([result(world), result(world, "Bob", "ALT", "72"), result(world, "Bob", value="7.5")]),
        "wrong": mixed([result(world, unit="mg"), result(world, "Bob", value="44"), result(world, "Bob", "CRP", "2")]),
        "corrected": mixed([result(world, value="4.9", comment="exchanged")]),
        "none": mixed([]),
    }


def played(world: World, name: str) -> Obtained:
    """Hand the files in, in every way; the answers to the last letter."""
    answers: Obtained = {}
    with_people(world)
    every = files(world, name)
    for what, more in (
        ("sound", {}),
        ("sound", {}),
        ("wrong", {}),
        ("wrong", {"partial": True}),
        ("corrected", {}),
        ("none", {}),
        ("sound", {"why": "again", "again": True}),
    ):
        try:
            found = repr(conduct.import_results(world.desk, content=every[what], by=CAST["laboratory"], **more))  # type: ignore[arg-type]
        except Refused as refused:
            found = f"{refused!r} {refused.code} {refused.problems} {refused}"
        answers[f"answer {len(answers)} {what}"] = found
    page = {"participant": "Ann", "form": "pressure", "visit": "EXTRA.9", "items": {"upper": "150", "lower": "95"}}
    world.does("nurse", "record", **page)
    return answers


def obtained(name: str, folder: Path) -> Obtained:
    """What is obtained of a world in memory: answers, facts, tables, pages for every blinded role, the report, logs."""
    with listening() as lines:
        clock = monday_morning()
        world = opened(Desk(MemoryLedger(), MemoryVault(allocation_list(), ANNEX), clock, CountedChance()), clock)
        found = played(world, name)
        ledger = world.desk.ledger
        found |= of_the_ledger(ledger)
        found |= of_the_pages(ledger, list(world.numbers.values()), BLINDED, clock.now(), BLINDED[:1])
        found |= of_the_report(ledger, folder, laboratory_trial())
    found["log"] = "\n".join(lines)
    return normalised(found, tokens(world.desk.ledger, allocation_list()))


def obtained_on_disk(name: str, folder: Path) -> Obtained:
    """What is obtained of a folder: every file, table and statement, behind the sealed vault."""
    from django.db import connections

    from trialwright import store

    with listening() as lines:
        world = in_a_folder(folder)
        with statements(folder) as asked:
            found = played(world, name)
        named = tokens(world.desk.ledger, allocation_list())
        world.desk.ledger.close()  # type: ignore[attr-defined]
        connections.close_all()
        found |= of_the_folder(folder)
    found["log"], found["statements"] = "\n".join(lines), "\n".join(asked)
    named |= signatures((folder / "heads.log").read_text(encoding="utf-8"))
    named[store.read_folder(folder).head_key] = "<signs heads>"
    return normalised(found, named)
