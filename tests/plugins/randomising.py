"""Randomisation under fire: many processes that randomise, are killed, lose answers and race for one participant.

`python -m tests.plugins.randomising` reads rides, one JSON object a line, and prints every answer that came out of a
worker, one JSON object a line, then `{"over": ...}`. It opens no database itself: each worker is a process of its own
(a fork of this one, which has loaded everything), with its own `Desk` from `desk` (`module:function` of a trial folder,
so that another vault can stand behind it). A worker says what was drawn only after the act is committed.
"""

import importlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.plugins.world import CAST, monday_morning

from trialwright import conduct, store
from trialwright.conduct import Desk, Refused

ROOT = Path(__file__).resolve().parents[2]
DESK = "tests.plugins.randomising:opened"
AT_ONCE = 3
"""Requests that a worker has before it, so that it never idles and a kill finds it at work."""
LONGEST_PAUSE = 0.004
"""Seconds until a kill that is due: about as long as a draw takes, so that it falls anywhere in it."""


@dataclass(frozen=True)
class Ask:
    """Randomise this participant, under this key. `lose`: the first answer goes astray, and the asker asks again."""

    participant: str
    key: str
    lose: bool = False


@dataclass(frozen=True)
class Answer:
    """What a worker said. `number` is 0 where it refused, and `said` then the code of the refusal."""

    participant: str
    key: str
    number: int
    seal: str
    label: str
    said: str


def opened(folder: Path) -> Desk:
    """A desk on a trial folder, at an hour that stands still, with the system's chance."""
    desk: Desk = store.open_desk(folder, monday_morning())
    return desk


def asks(participants: Sequence[str], chance: random.Random) -> list[Ask]:
    """In random order: some ask once, some twice at once with one key or with two keys, some lose the answer."""
    planned: list[Ask] = []
    keys = (f"{chance.getrandbits(64):016x}-{number}" for number in count())
    for participant in chance.sample(participants, len(participants)):
        key, fate = next(keys), chance.random()
        planned.append(Ask(participant, key, lose=fate < 0.1))
        if 0.1 <= fate < 0.2:
            planned.append(Ask(participant, key))
        elif 0.2 <= fate < 0.3:
            planned.append(Ask(participant, next(keys)))
    return planned


# ------------------------------------------------------------------ a worker


def work(desk: Desk, requests: int, answers: int) -> None:
    """Randomise what is asked for, line by line, and say so after each commit; the end of the requests is the end."""
    os.write(answers, b"ready\n")
    with os.fdopen(requests) as lines:
        for line in lines:
            participant, key = json.loads(line)
            os.write(answers, (json.dumps(_answer(desk, participant, key)) + "\n").encode())


def _answer(desk: Desk, participant: str, key: str) -> list[Any]:
    try:
        fact = conduct.randomise(desk, participant=participant, by=CAST["nurse"], request=key)
    except Refused as refused:
        return [participant, key, 0, "", "", refused.code]
    return [fact.participant, key, fact.number, fact.seal, (fact.payload or {})["label"], "done"]


@dataclass
class Worker:
    """A worker as the driver knows it: what it was asked and has not answered yet."""

    pid: int
    requests: int
    answers: int
    asked: deque[Ask] = field(default_factory=deque)
    rest: bytes = b""


def start(folder: Path, open_desk: Callable[[Path], Desk], team: Sequence[Worker]) -> Worker:
    """Fork a worker. It keeps no end of the pipes of the others, or their end would not be noticed."""
    request_end, requests = os.pipe()
    answers, answer_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            for end in (requests, answers, *(end for other in team for end in (other.requests, other.answers))):
                os.close(end)
            work(open_desk(folder), request_end, answer_end)
            os._exit(0)
        except BaseException as error:
            os.write(answer_end, f"failed {type(error).__name__}: {error}\n".encode())
            os._exit(1)
    os.close(request_end)
    os.close(answer_end)
    return Worker(pid, requests, answers)


# ------------------------------------------------------------------ the driver


class Failed(Exception):
    """A worker failed with something that is no refusal."""


def ride(
    folder: Path, open_desk: Callable[[Path], Desk], planned: Sequence[Ask], workers: int, kill_every: int, seed: int
) -> Iterator[Answer | None]:
    """Let the workers answer everything; about every `kill_every` answers one of them is killed and replaced, and what
    it had not answered is asked again with the same keys (0: nobody is killed). Yields None for a kill."""
    chance = random.Random(seed)
    waiting, team, said = deque(planned), list[Worker](), 0
    due = chance.randint(1, 2 * kill_every) if kill_every else -1
    try:
        for _ in range(workers):
            team.append(start(folder, open_desk, team))
        while waiting or any(worker.asked for worker in team):
            _deal(team, waiting)
            by_end = {worker.answers: worker for worker in team}
            for end in select.select(list(by_end), [], [], 60)[0]:
                for answer in _heard(by_end[end], os.read(end, 1 << 16), waiting):
                    said += 1
                    yield answer
            if 0 <= due <= said:
                due = said + chance.randint(1, 2 * kill_every)
                time.sleep(chance.uniform(0, LONGEST_PAUSE))
                killed = team.pop(chance.randrange(len(team)))
                for answer in _kill(killed, waiting):
                    said += 1
                    yield answer
                yield None
                team.append(start(folder, open_desk, team))
    finally:
        for worker in team:
            _kill(worker, waiting)


def _deal(team: Sequence[Worker], waiting: deque[Ask]) -> None:
    """One request to each in turn, so that two for the same participant go to two workers."""
    for _ in range(AT_ONCE):
        for worker in team:
            if waiting and len(worker.asked) < AT_ONCE:
                ask = waiting.popleft()
                worker.asked.append(ask)
                os.write(worker.requests, (json.dumps([ask.participant, ask.key]) + "\n").encode())


def _heard(worker: Worker, heard: bytes, waiting: deque[Ask]) -> list[Answer]:
    """The answers in what was read. A worker that ends of its own accord has failed."""
    if not heard:
        raise Failed(f"a worker ended with {len(worker.asked)} requests before it")
    *lines, worker.rest = (worker.rest + heard).split(b"\n")
    found = []
    for line in lines:
        if line.startswith(b"failed"):
            raise Failed(line.decode())
        if line != b"ready":
            answer, ask = Answer(*json.loads(line)), worker.asked.popleft()
            found.append(answer)
            if ask.lose:
                waiting.append(Ask(ask.participant, ask.key))
    return found


def _kill(worker: Worker, waiting: deque[Ask]) -> list[Answer]:
    """Kill -9. What it had said is heard; the rest is asked again, before everything else."""
    os.kill(worker.pid, signal.SIGKILL)
    os.waitpid(worker.pid, 0)
    found: list[Answer] = []
    while heard := os.read(worker.answers, 1 << 16):
        found += _heard(worker, heard, waiting)
    waiting.extendleft(reversed(worker.asked))
    os.close(worker.answers)
    os.close(worker.requests)
    return found


def main() -> None:
    """Ride after ride, until nothing more is asked."""
    from trialwright.store.databases import alias_of

    alias_of("sqlite:///nothing.sqlite3", Path.cwd())  # Django is set up once, here, for all workers; nothing opens
    for line in sys.stdin:
        asked = json.loads(line)
        module, _, function = asked["desk"].partition(":")
        open_desk = getattr(importlib.import_module(module), function)
        planned = [Ask(*entry) for entry in asked["asks"]]
        begun, kills = time.perf_counter(), 0
        for answer in ride(
            Path(asked["folder"]), open_desk, planned, asked["workers"], asked["kill_every"], asked["seed"]
        ):
            if answer is None:
                kills += 1
            else:
                print(json.dumps(list(vars(answer).values())))
        print(json.dumps({"over": time.perf_counter() - begun, "kills": kills}), flush=True)


@dataclass(frozen=True)
class Ride:
    """Everything that was answered, how many workers were killed, and the seconds from the first fork to the last
    answer."""

    answers: tuple[Answer, ...]
    kills: int
    seconds: float


@contextmanager
def driver(desk: str = DESK) -> Iterator[Callable[..., Ride]]:
    """A driver in a process of its own: `drive(folder, asks, workers=, kill_every=, seed=)`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.plugins.randomising"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def drive(folder: Path, planned: Sequence[Ask], workers: int = 6, kill_every: int = 40, seed: int = 1) -> Ride:
        entries = [list(vars(ask).values()) for ask in planned]
        job = {"folder": str(folder), "asks": entries, "desk": desk}
        print(json.dumps({**job, "workers": workers, "kill_every": kill_every, "seed": seed}), file=stdin, flush=True)
        answers: list[Answer] = []
        for line in stdout:
            said = json.loads(line)
            if isinstance(said, dict):
                return Ride(tuple(answers), said["kills"], said["over"])
            answers.append(Answer(*said))
        raise Failed("the driver ended before the ride did; its last words are above")

    try:
        yield drive
    finally:
        stdin.close()
        process.wait()
        stdout.close()


if __name__ == "__main__":
    main()
