"""Rides repeated until enough was drawn, with a line of progress, and what they came to, kept for the record."""

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.plugins.crowds import Copy, Crowd
from tests.plugins.draws import faults, unanswered
from tests.plugins.randomising import ROOT, Ride, asks

from trialwright import store
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact

KEPT = ROOT / "build" / "proofs.json"


@dataclass
class Tally:
    """What the rides came to so far."""

    trials: int = 0
    draws: int = 0
    answers: int = 0
    repeated: int = 0
    raced: int = 0
    exhausted: int = 0
    kills: int = 0
    riding: float = 0.0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def proved(
    name: str, crowd: Crowd, copy: Copy, drive: Callable[..., Ride], draws: int, workers: int = 6, kill_every: int = 60
) -> Tally:
    """Ride on copies of the crowd until so many were drawn; stops at the first fault."""
    tally, begun = Tally(), time.perf_counter()
    while tally.draws < draws and not tally.faults:
        folder = copy()
        planned = asks(crowd.participants, random.Random(tally.trials))
        ride = drive(folder, planned, workers=workers, kill_every=kill_every, seed=tally.trials)
        facts = list(store.open_ledger(folder).facts())
        tally.faults += after(folder, crowd, ride, facts)
        _count(tally, ride, facts)
        tally.seconds = time.perf_counter() - begun
        if sys.stderr.isatty() or tally.trials % 10 == 0:
            said = f"{tally.draws} of {draws} drawn, {tally.draws / tally.riding:.0f}/s, {tally.kills} kills"
            print(f"{name}: {said}", end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr)
    return tally


def after(folder: Path, crowd: Crowd, ride: Ride, facts: list[Fact]) -> list[str]:
    """Everything that must hold after a ride, in sentences where it does not."""
    found = faults(facts, ride.answers, crowd.listed)
    verified = store.verify(folder)
    if not verified.ok:
        found.append(f"the ledger does not verify: {verified}")
    found += [f"{person} was never answered" for person in unanswered(crowd.participants, ride.answers)]
    drawn = [fact.participant for fact in facts if fact.kind == kinds.ALLOCATION_DRAWN]
    if len(drawn) != crowd.places:
        found.append(f"{len(drawn)} of {crowd.places} places were drawn although more had asked")
    if both := {answer.participant for answer in ride.answers if answer.said in ("exhausted", "full")} & set(drawn):
        found.append(f"refused for ever, and drawn all the same: {sorted(both)}")
    alarms = [str((fact.payload or {}).get("about")) for fact in facts if fact.kind == kinds.ALARM_RAISED]
    if sorted(alarms) != sorted({str({"stratum": stratum}) for stratum, _ in crowd.listed or ()}):
        found.append(f"each stratum that ran out alarms once, not: {alarms}")
    return found


def _count(tally: Tally, ride: Ride, facts: list[Fact]) -> None:
    said = Counter(answer.said for answer in ride.answers)
    drawn = sum(fact.kind == kinds.ALLOCATION_DRAWN for fact in facts)
    tally.trials += 1
    tally.draws += drawn
    tally.answers += len(ride.answers)
    tally.repeated += said["done"] - drawn
    tally.raced += said["randomised"]
    tally.exhausted += said["exhausted"]
    tally.kills += ride.kills
    tally.riding += ride.seconds


def keep(name: str, tally: Tally) -> None:
    """Keep what a long proof came to, with when and on what, for `make docs`."""
    from tests.plugins.requirements import circumstances

    known = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    entry = {**asdict(tally), **circumstances(), "on": datetime.now(UTC).date().isoformat()}
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps({**known, name: entry}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
