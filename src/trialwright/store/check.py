"""Verification of a trial folder: the chains, the signed heads, the triggers, the list, the pages."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connections

from trialwright.ledger.fact import EMPTY
from trialwright.ledger.heads import ACCESS, SIGN_EVERY, TRIAL, HeadsLog, SignedHead, read_heads_file
from trialwright.ledger.replay import State, replay
from trialwright.ledger.verify import MOST_PROBLEMS, Problem, Verification, verify_records
from trialwright.store import pages, triggers
from trialwright.store.agreed import settings_differ
from trialwright.store.databases import alias_of
from trialwright.store.folder import TrialFolder
from trialwright.store.ledger import DatabaseLedger
from trialwright.store.list_check import list_problems

UNREADABLE = Verification(0, EMPTY, 0, 0, ())


def verify_folder(trial: TrialFolder, anchor: Path | None = None) -> Verification:
    """Everything that can be checked without a private key. `anchor` is a copy of the heads log kept elsewhere."""
    lost = lost_file(trial)
    if lost is not None:
        return replace(UNREADABLE, problems=(Problem(None, lost),))
    alias = alias_of(trial.address, trial.path)
    log = _heads(trial, anchor)
    try:
        with as_it_is(alias):
            found = chain(alias, TRIAL, log.of(TRIAL))
            problems = [*found.problems, *(Problem(None, sentence) for sentence in log.problems)]
            problems += _told("access log: ", chain(alias, ACCESS, log.of(ACCESS)))
            problems += [Problem(None, sentence) for sentence in _outside_the_chain(alias, found.ok)]
    except DatabaseError as error:
        return replace(UNREADABLE, problems=(Problem(None, f"the database cannot be read: {error}"),))
    warnings = (*_unsigned(found), *_other_keys(trial, alias, found.ok))
    return replace(found, problems=tuple(problems[:MOST_PROBLEMS]), warnings=warnings)


def _other_keys(trial: TrialFolder, alias: str, whole: bool) -> tuple[str, ...]:
    """That the settings name other keys than the ledger: nobody gains by it, and somebody tried."""
    if not whole:
        return ()

    def rows(query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with connections[alias].cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())

    found = settings_differ(trial.recipients, rows)
    return () if found is None else (found,)


def _unsigned(found: Verification) -> tuple[str, ...]:
    """More facts without a signature than the program leaves: a log that was cut at a line's end shows nothing else."""
    if found.beyond <= SIGN_EVERY:
        return ()
    return (
        f"{found.beyond} facts lie beyond the last signed head, though a head is signed every {SIGN_EVERY} facts:"
        " heads.log may have been cut; compare it with a copy kept elsewhere (--heads COPY)",
    )


def lost_file(trial: TrialFolder) -> str | None:
    """Why there is no database file where the settings say, or None. (Opening it would make an empty one.)"""
    if not trial.address.startswith("sqlite:///"):
        return None
    path = trial.path / trial.address.removeprefix("sqlite:///")
    return None if path.is_file() else f"the database {path.name} is missing from {trial.path}"


def chain(alias: str, name: str, heads: Sequence[SignedHead]) -> Verification:
    """One chain against its signed heads."""
    return verify_records(DatabaseLedger(alias, name).records(), heads)


def dropped(alias: str) -> list[str]:
    """What is wrong with the triggers, in sentences."""
    with connections[alias].cursor() as cursor:
        return triggers.missing(cursor, connections[alias].vendor)


@contextmanager
def as_it_is(alias: str) -> Iterator[None]:
    """Read what SQLite holds even where it is no text: somebody who edits a file can write anything."""
    connection = connections[alias]
    connection.ensure_connection()
    if connection.vendor != "sqlite":
        yield
        return
    connection.connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")
    try:
        yield
    finally:
        connection.connection.text_factory = str


def _heads(trial: TrialFolder, anchor: Path | None) -> HeadsLog:
    """The folder's heads log, with the heads of an outside copy beside it."""
    own = read_heads_file(trial.heads, trial.head_key)
    if anchor is None:
        return own
    anchor.stat()  # a copy that is not there is a slip of the keyboard, not a ledger that does not verify
    outside = read_heads_file(anchor, trial.head_key)
    merged = {(head.chain, head.number): head for head in (*own.heads, *outside.heads)}
    problems = [*own.problems, *(f"outside copy: {sentence}" for sentence in outside.problems)]
    for head in own.heads:
        if merged[head.chain, head.number].seal != head.seal:
            problems.append(f"head {head.number} of the folder is not the head of the outside copy")
    return HeadsLog(tuple(merged.values()), tuple(problems))


def _told(prefix: str, found: Verification) -> list[Problem]:
    return [Problem(None, prefix + problem.sentence) for problem in found.problems]


def _outside_the_chain(alias: str, whole: bool) -> list[str]:
    """Triggers, the file itself, and (where the chain stands) the list and the pages against the facts."""
    problems = dropped(alias)
    with connections[alias].cursor() as cursor:
        problems += _damage(cursor, connections[alias].vendor)
        if whole:
            state = replay(DatabaseLedger(alias).facts())
            problems += list_problems(cursor, state)
            problems += pages.differences(cursor, state)
    return problems


def _damage(cursor: Any, vendor: str) -> list[str]:
    if vendor != "sqlite":
        return []
    cursor.execute("PRAGMA integrity_check(5)")
    return [f"the database file is damaged: {row[0]}" for row in cursor.fetchall() if row[0] != "ok"]


def state_of(alias: str) -> State:
    """The state that the facts give."""
    return replay(DatabaseLedger(alias).facts())
