"""The pages in a real browser: readable by everybody, by keyboard, on a phone, in the dark, on paper."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from tests.pages import small_trial
from tests.pages.browser_checks import CONTRAST, STRUCTURE

from trialwright.web import running, sessions
from trialwright.web.reading import Reading
from trialwright.web.serve import application

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATHS = ("/", "/overview", "/participants", "/participants/AMS-001-K", "/nowhere")
by_path = pytest.mark.parametrize("path", PATHS)


def chromium_path() -> str:
    """Chromium by `TRIALWRIGHT_CHROMIUM`, else on the path; absent is a skip, or a failure where it is required."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("TRIALWRIGHT_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        message = "no Chromium here (set TRIALWRIGHT_CHROMIUM to its path)"
        if "chromium" in os.environ.get("TRIALWRIGHT_REQUIRE", "").split(","):
            pytest.fail(message)
        pytest.skip(message)
    return found


class _Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser with a profile of its own."""
    path = chromium_path()
    from playwright.sync_api import sync_playwright

    profile = tmp_path_factory.mktemp("profile")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(profile, executable_path=path, args=FLAGS)
        yield context
        context.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The application on a free port."""
    server = make_server("127.0.0.1", 0, application(), server_class=_Server, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def page(chromium: Any, address: str, reading: Reading) -> Iterator[Any]:
    """A page with a monitor's session; what the console says or is fetched from elsewhere fails the test."""
    running.start(running.Running(reading, (sessions.Link("monitor", token="once"),)))
    chromium.clear_cookies()
    opened = chromium.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("request", lambda asked: None if asked.url.startswith(address) else complaints.append(asked.url))
    opened.goto(f"{address}/enter/once")
    yield opened
    opened.close()
    # A page that is not there is said to be missing on the console too.
    assert [said for said in complaints if "404" not in said] == []


@by_path
def test_a_page_has_one_heading_of_the_first_level_and_names_for_everything(page: Any, address: str, path: str) -> None:
    page.goto(address + path)
    assert page.evaluate(STRUCTURE) == []


@by_path
def test_all_text_stands_out_from_its_ground_by_day_and_by_night(page: Any, address: str, path: str) -> None:
    page.goto(address + path)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(CONTRAST) == []


@by_path
def test_a_page_never_scrolls_sideways_from_a_small_phone_to_a_desk(page: Any, address: str, path: str) -> None:
    page.goto(address + path)
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_first_key_press_offers_to_skip_to_the_content(page: Any, address: str) -> None:
    page.goto(f"{address}/participants")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to the content"
    box = skip.bounding_box()
    assert box["x"] >= 0
    assert box["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_whatever_has_the_focus_shows_it(page: Any, address: str) -> None:
    page.goto(f"{address}/participants")
    for _ in range(8):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"


def test_a_person_comes_in_by_the_link_reads_a_time_line_and_leaves(page: Any, address: str) -> None:
    page.goto(f"{address}/participants")
    page.get_by_role("link", name=small_trial.FIRST).click()
    assert page.get_by_role("heading", level=1).inner_text() == f"Participant {small_trial.FIRST}"
    assert "09:28" in page.locator(".entry").first.inner_text()
    page.get_by_role("button", name="Leave").click()
    assert page.url == f"{address}/"
    assert page.get_by_role("link", name="Participants").count() == 0


def test_the_style_sheet_is_the_only_thing_fetched_and_no_script_runs(page: Any, address: str) -> None:
    fetched: list[str] = []
    page.on("request", lambda asked: fetched.append(asked.url.removeprefix(address)))
    page.goto(f"{address}/overview")
    assert set(fetched) <= {"/overview", "/static/trialwright.css", "/static/mark.svg"}
    assert page.evaluate("getComputedStyle(document.querySelector('.bar')).display") == "flex"


def test_on_paper_the_way_around_is_left_out(page: Any, address: str) -> None:
    page.goto(f"{address}/participants/{small_trial.FIRST}")
    page.emulate_media(media="print")
    assert not page.locator("header nav").is_visible()
    assert not page.locator(".leave").is_visible()
    assert page.locator(".timeline").is_visible()


def test_a_browser_finds_no_trace_of_what_is_sealed(page: Any, address: str) -> None:
    for path in PATHS[1:]:
        page.goto(address + path)
        content = page.content()
        assert [word for word in small_trial.SECRET_WORDS if word in content] == []


def test_the_pages_fit_in_the_time_of_a_glance(page: Any, address: str) -> None:
    page.goto(f"{address}/participants/{small_trial.FIRST}")
    spent = page.evaluate("performance.getEntriesByType('navigation')[0].duration")
    assert spent < 3000


def test_screenshots_can_be_kept_for_a_person_to_look_at(page: Any, address: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("TRIALWRIGHT_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    for path in PATHS:
        page.goto(address + path)
        name = path.strip("/").replace("/", "-") or "trial"
        page.screenshot(path=folder / f"{name}.png", full_page=True)
        assert (folder / f"{name}.png").stat().st_size > 10_000
