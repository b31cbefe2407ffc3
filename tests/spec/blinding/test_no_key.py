"""The running server holds no key that opens anything.

A trial is under way and its server answers. A thief takes the whole folder, the database, the environment and the
memory of every process of the server, and cannot tell one allocation. Then the thief is tried out: wherever a key or an
opened slot is left lying, it is found.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.db import connections
from tests.pages.test_serve import SERVE, wait_for
from tests.plugins.worlds import allocation_list, holder_key, on_disk, reopened
from tests.spec.blinding import thief
from tests.spec.blinding.thief import Loot

from trialwright import store
from trialwright.allocation.slots import SealedSlot

SECRETS = {"the key": holder_key().encode()}
PAGES = ("/", "/overview", "/participants")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small trial on SQLite with four participants randomised."""
    place = on_disk(tmp_path_factory.mktemp("taken") / "trial")
    world = reopened(place)
    for name in ("Ann", "Bob", "Cas", "Dot"):
        world.randomised(name)
    world.desk.ledger.close()
    connections.close_all()
    return place


@pytest.fixture(scope="module")
def slots(folder: Path) -> tuple[SealedSlot, ...]:
    return store.open_vault(folder, store.open_ledger(folder)).slots(drawn=False)


def served(folder: Path, more: Mapping[str, str] | None = None, also: str = "") -> Iterator[int]:
    """The process of a running server whose pages were read by a monitor."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-u", "-c", also + SERVE, str(folder), str(port)]
    environment = {**os.environ, **(more or {})}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        said = "".join(process.stdout.readline() for _ in range(3))
        link = re.search(r"http://\S+/enter/\S+", said)
        try:
            assert link is not None, said
            address = f"http://127.0.0.1:{port}"
            wait_for(address)
            monitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
            monitor.open(link[0], timeout=20).close()
            for page in PAGES:
                monitor.open(address + page, timeout=20).close()
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)


def taken(folder: Path, slots: tuple[SealedSlot, ...], process: int) -> set[str]:
    """What the thief learns of a server that runs."""
    if not thief.readable(process):
        pytest.skip("this machine does not let a process read its child's memory")
    processes = thief.children(process)
    assert len(processes) >= 2  # the one that listens and the one that answers
    return thief.learned(Loot(folder, processes), slots, allocation_list(), SECRETS)


@pytest.mark.requirement("RN2", "BL2")
def test_who_takes_folder_database_environment_and_memory_cannot_tell_one_allocation(
    folder: Path, slots: tuple[SealedSlot, ...]
) -> None:
    assert len(slots) == 24
    for process in served(folder):
        assert taken(folder, slots, process) == set()


@pytest.mark.requirement("BL2")
def test_a_key_in_the_environment_is_found(folder: Path, slots: tuple[SealedSlot, ...]) -> None:
    for process in served(folder, {"TRIALWRIGHT_KEY": holder_key()}):
        found = taken(folder, slots, process)
    assert any(hit.startswith("environment") for hit in found)
    assert f"a key that opens {slots[0].label}" in found


@pytest.mark.requirement("BL2")
def test_a_key_that_a_setting_holds_in_memory_is_found(
    folder: Path, slots: tuple[SealedSlot, ...], tmp_path: Path
) -> None:
    place = tmp_path / "holder.key"
    place.write_text(holder_key(), encoding="ascii")
    for process in served(folder, also=f"from pathlib import Path\nKEPT = Path({str(place)!r}).read_text()\n"):
        found = taken(folder, slots, process)
    assert any(hit.startswith("memory") for hit in found)
    assert f"a key that opens {slots[0].label}" in found


@pytest.mark.requirement("BL2")
def test_a_key_file_and_an_opened_slot_in_the_folder_are_found(folder: Path, slots: tuple[SealedSlot, ...]) -> None:
    lost = folder / "uploads" / "pharmacist-1.key"
    lost.write_text(f"# key\n{holder_key()}\n", encoding="ascii")
    assert len(thief.learned(Loot(folder), slots, allocation_list(), {})) == len(slots)
    lost.write_text(f"opened: nonce {allocation_list()[3].nonce.hex()}", encoding="ascii")
    found = thief.learned(Loot(folder), slots, allocation_list(), {})
    lost.unlink()
    assert found == {f"file pharmacist-1.key: the nonce of {allocation_list()[3].label} in letters"}
    assert thief.learned(Loot(folder), slots, allocation_list(), SECRETS) == set()
