"""`serve` over a real trial folder: a process of its own that answers, and ends when it is told to."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pages import small_trial

from trialwright import store
from trialwright.ledger.fact import Draft
from trialwright.web import settings
from trialwright.web.serve import require_blinded

SERVE = """
import sys
from pathlib import Path
from trialwright.web.serve import serve
serve(Path(sys.argv[1]), int(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small trial on SQLite."""
    place = tmp_path_factory.mktemp("served") / "trial"
    store.create(place)
    ledger = store.open_ledger(place)
    for fact in small_trial.written().facts():
        if fact.kind in ("allocation.drawn", "sealed.kept"):
            continue  # these two need the vault's own rows beside them
        with ledger.act():
            ledger.append(
                Draft(
                    fact.at, fact.by, fact.role, fact.kind, fact.version, fact.payload or {}, fact.salt or "",
                    fact.participant, fact.visit, fact.form, fact.repeat, fact.why,
                )
            )  # fmt: skip
    ledger.close()
    return place


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[tuple[str, str]]:
    """The address and the one-time link of a running server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-u", "-c", SERVE, str(folder), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = "".join(process.stdout.readline() for _ in range(3))
        link = re.search(r"http://\S+/enter/\S+", said)
        try:
            assert link is not None, said + process.stdout.read()
            address = f"http://127.0.0.1:{port}"
            wait_for(address)
            yield address, link[0]
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)


def wait_for(address: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{address}/static/mark.svg", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server does not answer")


def get(address: str, opener: urllib.request.OpenerDirector | None = None) -> tuple[int, str]:
    ask = opener.open if opener else urllib.request.urlopen
    try:
        with ask(address, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_printed_link_opens_one_session_on_the_ledger_of_the_folder(served: tuple[str, str], folder: Path) -> None:
    address, link = served
    assert get(f"{address}/")[0] == 200
    assert get(f"{address}/participants")[0] == 403
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    assert get(link, opener)[0] == 200
    status, page = get(f"{address}/participants/{small_trial.FIRST}", opener)
    assert status == 200
    assert "A slip" in page
    assert get(link)[0] == 403
    noted = [(fact.kind, fact.role, fact.participant) for fact in store.open_access(folder).facts()]
    assert (store.access.READ, "monitor", small_trial.FIRST) in noted
    assert (store.access.LOGGED_IN, "monitor", None) in noted


def test_another_host_name_is_refused(served: tuple[str, str]) -> None:
    asked = urllib.request.Request(f"{served[0]}/", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(asked, timeout=20)
    assert refusal.value.code == 400
    refusal.value.close()


def test_only_a_blinded_role_may_be_served(folder: Path) -> None:
    require_blinded(folder, "monitor")
    with pytest.raises(ValueError, match="monitor, assessor"):
        require_blinded(folder, "pharmacist")


def test_hosts_come_from_the_settings_of_the_folder(folder: Path, tmp_path: Path) -> None:
    assert settings.for_folder(folder)["ALLOWED_HOSTS"] == list(settings.LOCAL_HOSTS)
    copy = tmp_path / "trial"
    copy.mkdir()
    text = (folder / "trialwright.toml").read_text(encoding="utf-8")
    (copy / "trialwright.toml").write_text(text + '\n[web]\nhosts = ["trial.example.org"]\n', encoding="utf-8")
    assert settings.for_folder(copy)["ALLOWED_HOSTS"] == [*settings.LOCAL_HOSTS, "trial.example.org"]
    (copy / "trialwright.toml").write_text(text + '\n[web]\nhosts = "trial.example.org"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="list of texts"):
        settings.for_folder(copy)


def test_a_folder_that_is_no_trial_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no trial folder"):
        settings.for_folder(tmp_path)


@pytest.mark.requirement("BL4", "BL5")
def test_what_the_break_host_told_while_the_server_was_down_is_taken_in_at_the_start(tmp_path: Path) -> None:
    from tests.plugins.breaking import a_night
    from tests.plugins.worlds import on_disk, reopened

    from trialwright.web.serve import _take_in_breaks

    folder, night = on_disk(tmp_path / "trial"), a_night(tmp_path / "break")
    world = reopened(folder)
    world.randomised("Ann")
    world.desk.ledger.close()
    night.asks(world.person("Ann").allocation.label)
    said: list[str] = []
    _take_in_breaks(folder, said.append)
    assert said == []
    path = folder / "trialwright.toml"
    emergency = f'\n[emergency]\noutbox = "../break/outbox"\nhost_key = "{night.public}"\n'
    path.write_text(path.read_text(encoding="utf-8") + emergency, encoding="utf-8")
    for _ in range(2):
        _take_in_breaks(folder, said.append)
    assert len(said) == 2
    assert said[0].startswith("Code breaks: 1 taken in; 0 to look at")
    assert len(store.read_state(folder).participants[world.numbers["Ann"]].openings) == 1
    assert [letter.name for letter in (folder / "outbox").iterdir()] == ["code-break-00001.txt"]
