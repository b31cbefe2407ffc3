"""The break host as a process: killed at any instant, and asked from a real browser while nothing else runs."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from base64 import b32encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.pages.browser_checks import CONTRAST, STRUCTURE
from tests.pages.test_in_a_browser import FLAGS, chromium_path
from tests.plugins.breaking import ARMS, PASSPHRASE, TELEPHONE, Night, a_night, arm_of
from tests.plugins.breaking_killed import CHEAP
from tests.plugins.worlds import allocation_list

from trialwright.web.breaking import log, people
from trialwright.web.breaking.opening import mend_outbox

ROOT = Path(__file__).resolve().parents[2]
LABEL = allocation_list()[0].label
KILLS = 5


@pytest.mark.requirement("BL5", "BK2")
def test_killed_at_any_instant_nothing_was_shown_that_is_not_logged_and_no_break_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "COST", CHEAP)
    night = a_night(tmp_path / "break")
    shown: list[list[str]] = []
    for kill in range(KILLS):
        shown += _shown_until_killed(night, 1 + 1000 * kill, random.Random(kill).uniform(0.0, 0.3))
    entries = night.entries(log.OPENED)
    assert len(shown) > KILLS
    assert log.problems(night.host.folder) == []
    logged = {entry.said["reference"]: (entry.said["label"], ARMS[entry.said["arm"]].label) for entry in entries}
    assert all(logged[reference] == (label, arm) for reference, label, arm in shown)
    assert len(logged) == len(entries)
    mend_outbox(night.host)
    assert {name for name in night.outbox() if name.endswith(".json")} == {f"{one}.json" for one in logged}


def _shown_until_killed(night: Night, start: int, after: float) -> list[list[str]]:
    """What the process said before it was killed, a moment after its third showing."""
    key = night.host.folder.with_name("break.key")
    arguments = [night.host.folder, key, b32encode(night.secrets["p02"]).decode(), start, PASSPHRASE]
    command = [sys.executable, "-u", "-m", "tests.plugins.breaking_killed", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(3)]
        time.sleep(after)
        process.kill()
        said += process.stdout.read().splitlines(keepends=True)
    return [line.rstrip("\n").split(" ", 2) for line in said if line.endswith("\n")]


# ------------------------------------------------------------------ in a browser


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """A break host; there is no trial folder, no database and no clinic server anywhere."""
    return a_night(tmp_path_factory.mktemp("night") / "break")


@pytest.fixture(scope="module")
def address(night: Night) -> Iterator[str]:
    """Its process, in an empty environment, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [sys.executable, "-c", "from trialwright.cli import main; main()"]
    command = [*program, "break-host", "serve", str(night.host.folder), "--port", str(port)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd=night.host.folder
    ) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/alive", process)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            said = process.communicate(timeout=20)[0].decode()
    assert not any(word in said for arm in ARMS.values() for word in (arm.label, LABEL)), said


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.1)
            if process.poll() is not None:
                break
        else:
            return
    pytest.fail("the break host does not answer")


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The browser's own folder: its cache, its history."""
    return tmp_path_factory.mktemp("profile")


@pytest.fixture
def page(profile: Path, address: str) -> Iterator[Any]:
    """A page of a browser; what its console says or what it asks elsewhere fails the test."""
    path = chromium_path()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(profile, executable_path=path, args=FLAGS)
        tab = context.new_page()
        wrong: list[str] = []
        tab.on("console", lambda message: wrong.append(message.text) if "422" not in message.text else None)
        tab.on("request", lambda asked: None if _ours(asked.url, address) else wrong.append(asked.url))
        yield tab
        context.close()
    assert wrong == []


def _ours(asked: str, address: str) -> bool:
    """What the browser's own page about a missing copy asks of the browser is nobody's business."""
    return asked.startswith((address, "about:", "chrome-error:", "data:"))


def fill(page: Any, night: Night) -> None:
    """Fill the form as a doctor does, by label, with the code that the authenticator shows now."""
    page.get_by_label("Label").fill(LABEL.lower())
    page.get_by_label("Medical emergency").check()
    page.get_by_label("Your id").fill("p02")
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_label("One-time code").fill(people.code_at(night.secrets["p02"], datetime.now(UTC)))


@pytest.mark.requirement("BL3", "BL4", "BK2")
def test_with_everything_else_down_three_interactions_show_the_treatment_once(
    page: Any, address: str, night: Night, profile: Path
) -> None:
    """Open the page, send the form, read the answer. Afterwards neither reload, nor back, nor the disk has it."""
    page.goto(address)
    assert page.evaluate(STRUCTURE) == []
    fill(page, night)
    page.get_by_role("button").click()
    page.wait_for_load_state()
    assert arm_of(LABEL) in page.content()
    assert page.url == address
    assert page.evaluate(STRUCTURE) == []
    assert page.evaluate(CONTRAST) == []
    page.reload()
    assert "has been used" in page.content()
    assert arm_of(LABEL) not in page.content()
    page.goto("about:blank")
    with pytest.raises(Exception, match="ERR_CACHE_MISS"):
        page.go_back()
    assert len(night.entries(log.OPENED)) == 1


def test_neither_the_browsers_folder_nor_the_outbox_holds_what_was_shown(profile: Path, night: Night) -> None:
    """Runs after the browser was closed; it wrote its folder then."""
    assert len(night.entries(log.OPENED)) == 1
    found = [path for path in profile.rglob("*") if path.is_file() and arm_of(LABEL).encode() in path.read_bytes()]
    assert found == []
    assert not any(arm_of(LABEL).encode() in content for content in night.outbox().values())


def test_a_wrong_form_is_readable_says_everything_at_once_and_keeps_what_was_typed(page: Any, address: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(address)
    page.get_by_label("Label").fill("WRONG12")
    page.get_by_role("button").click()
    page.wait_for_load_state()
    assert page.get_by_label("Label").input_value() == "WRONG12"
    for said in ("at least one character was misread", "Choose a reason", "Type your passphrase", TELEPHONE):
        assert page.get_by_text(said).count() == 1
    assert page.evaluate(STRUCTURE) == []
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_scanners_enter_does_not_send_the_form_before_it_is_filled(page: Any, address: str) -> None:
    page.goto(address)
    page.get_by_label("Label").type(LABEL)
    page.keyboard.press("Enter")
    assert page.get_by_text("Nothing was shown").count() == 0
    assert page.evaluate("document.activeElement.name") == "category"


@pytest.mark.requirement("BL3")
def test_the_machine_answers_within_half_a_second(night: Night) -> None:
    """The opening itself: passphrase, slot, log on the disk, notice. The best of five: others use this machine too."""
    spent = []
    night.now = datetime(2031, 1, 1, tzinfo=UTC)
    for _ in range(5):
        night.now += timedelta(minutes=1)
        began = time.perf_counter()
        night.asks(LABEL)
        spent.append(time.perf_counter() - began)
    assert min(spent) < 0.5, spent
