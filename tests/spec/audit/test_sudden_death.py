"""The process may be killed at any instant: nothing that was acknowledged is lost, and nothing is left half done.

A process records pages, signs, redacts, draws slots and seals values, and says each fact's number and seal once its act
is committed. It is killed at random instants. Then every acknowledged fact is there, the chains verify, the pages are
what their facts give, every drawn slot has its fact, and work goes on.
"""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections
from tests.plugins.lists import RECIPIENTS, with_list

from trialwright import store

ROOT = Path(__file__).resolve().parents[3]
QUICK, LONG = 4, 30
"""Kills per database: in the normal suite, and in the long one (60 in total)."""


def killed(folder: Path, chance: random.Random) -> list[tuple[int, str]]:
    """Let the process work a random while, kill it, and return what it had acknowledged."""
    process = start(folder)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(chance.uniform(0, 0.12))
    process.kill()
    rest = process.stdout.read()
    process.wait()
    process.stdout.close()
    lines = [line for line in (first + rest).split("\n")[:-1] if line]
    return [(int(number), seal) for number, seal in (line.split() for line in lines)]


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    """The process that will be killed."""
    command = [sys.executable, "-m", "tests.plugins.killed", str(folder), *more]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def kill_again_and_again(folder: Path, kills: int) -> int:
    """Kill that many times, checking after each; returns how many facts were acknowledged."""
    chance, acknowledged = random.Random(20260301), 0
    for _ in range(kills):
        said = killed(folder, chance)
        acknowledged += len(said)
        found = store.verify(folder)
        assert found.ok, found
        kept = {fact.number: fact.seal for fact in store.open_ledger(folder).facts(said[0][0] - 1 if said else 0)}
        assert [entry for entry in said if kept.get(entry[0]) != entry[1]] == []
        connections.close_all()
    return acknowledged


@pytest.mark.requirement("AT4", "RN4")
def test_nothing_acknowledged_is_lost_when_the_process_is_killed(new_trial: Callable[..., Path]) -> None:
    folder = new_trial(recipients=RECIPIENTS, prepare=with_list)
    assert kill_again_and_again(folder, QUICK) >= QUICK


@pytest.mark.long
@pytest.mark.requirement("AT4", "RN4")
def test_nothing_acknowledged_is_lost_in_sixty_kills(new_trial: Callable[..., Path]) -> None:
    folder = new_trial(recipients=RECIPIENTS, prepare=with_list)
    assert kill_again_and_again(folder, LONG) >= LONG


@pytest.mark.long
@pytest.mark.parametrize("vendor", ["sqlite"], indirect=True)
def test_a_trial_folder_is_created_whole_or_not_at_all(vendor: str, tmp_path: Path) -> None:
    chance = random.Random(7)
    for turn in range(12):
        folder = tmp_path / f"trial-{turn}"
        process = start(folder, "--create")
        try:
            process.communicate(timeout=chance.uniform(0.4, 1.2))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        if folder.exists():
            assert store.verify(folder).ok
        else:
            store.create(folder, recipients=RECIPIENTS, prepare=with_list)
            assert store.verify(folder).ok
        connections.close_all()
