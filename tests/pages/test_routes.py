"""Every route declares who may open it and the most revealing class that it may show; the rest follows from that."""

import re

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from tests.pages.small_trial import MASKED_WORDS, SECRET_WORDS

from trialwright.design.model import Blinding
from trialwright.web import classes, running, sessions
from trialwright.web.classes import Declared, Readers
from trialwright.web.reading import Reading

ADDRESSES = ("/overview", "/participants", "/participants/AMS-001-K")


def routes() -> list[URLPattern]:
    from trialwright.web import urls

    return list(urls.urlpatterns)


@pytest.fixture
def link(reading: Reading, request: pytest.FixtureRequest) -> sessions.Link:
    found = sessions.Link(getattr(request, "param", "monitor"))
    running.start(running.Running(reading, (found,)))
    return found


@pytest.fixture
def staff(link: sessions.Link) -> Client:
    """A monitor's session, begun by the link."""
    client = Client()
    assert client.get(f"/enter/{link.token}").status_code == 302
    return client


def test_every_route_declares_its_blinding_class_and_its_readers() -> None:
    assert routes()
    for route in routes():
        assert isinstance(getattr(route.callback, "declared", None), Declared), f"{route} declares no blinding class"


def test_no_route_is_sealed_since_this_server_holds_nothing_that_opens_a_seal() -> None:
    assert all(route.callback.declared.most is not Blinding.SEALED for route in routes())
    assert all(Blinding.SEALED not in classes.up_to(most) for most in Blinding)
    assert all(Blinding.SEALED not in classes.seen_by(role) for role in (*classes.SEES, "pharmacist", None))


def test_only_the_trial_and_the_door_are_public() -> None:
    public = {route.name for route in routes() if route.callback.declared.readers is Readers.PUBLIC}
    assert public == {"trial", "enter", "leave"}
    assert all(route.callback.declared.most is Blinding.OPEN for route in routes() if route.name in public)


def test_the_resolver_knows_no_route_beside_those_that_declare() -> None:
    assert get_resolver().url_patterns == routes()


@pytest.mark.usefixtures("link")
@pytest.mark.parametrize("address", ADDRESSES)
def test_without_a_session_staff_pages_are_refused_and_say_how_to_come_in(address: str) -> None:
    answer = Client().get(address)
    assert answer.status_code == 403
    assert "trialwright serve" in answer.content.decode()


@pytest.mark.usefixtures("link")
@pytest.mark.parametrize("cookie", ["", "monitor", "eyJyb2xlIjoibW9uaXRvciJ9:1:forged"])
def test_a_cookie_that_the_server_did_not_sign_opens_nothing(cookie: str) -> None:
    client = Client()
    client.cookies[sessions.COOKIE] = cookie
    assert client.get("/participants").status_code == 403


def test_the_public_page_is_open_to_all(link: sessions.Link) -> None:
    assert Client().get("/").status_code == 200


def test_a_link_opens_one_session_and_no_second_one(link: sessions.Link) -> None:
    first, second = Client(), Client()
    assert first.get(f"/enter/{link.token}").status_code == 302
    assert second.get(f"/enter/{link.token}").status_code == 403
    assert first.get("/participants").status_code == 200
    assert second.get("/participants").status_code == 403


def test_looking_ahead_does_not_use_the_link_up(link: sessions.Link) -> None:
    client = Client()
    assert client.get(f"/enter/{link.token}", headers={"Sec-Purpose": "prefetch"}).status_code == 204
    assert client.head(f"/enter/{link.token}").status_code == 204
    assert client.get(f"/enter/{link.token}").status_code == 302


def test_a_wrong_token_opens_nothing_and_leaves_the_link_whole(link: sessions.Link) -> None:
    client = Client()
    assert client.get("/enter/guess").status_code == 403
    assert client.get(f"/enter/{link.token}").status_code == 302


def test_the_session_cookie_cannot_be_read_by_a_script_and_leaving_ends_it(staff: Client) -> None:
    cookie = staff.cookies[sessions.COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert staff.post("/leave").status_code == 302
    assert staff.get("/participants").status_code == 403


def test_leaving_needs_a_form_of_this_server(link: sessions.Link) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get(f"/enter/{link.token}")
    assert client.post("/leave").status_code == 403
    assert client.get("/leave").status_code == 405
    page = client.get("/participants").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    assert client.post("/leave", {"csrfmiddlewaretoken": token[1]}).status_code == 302


@pytest.mark.parametrize("address", ["/", *ADDRESSES, "/nowhere", "/participants/AMS-999-X"])
def test_every_answer_forbids_scripts_frames_and_foreign_content(staff: Client, address: str) -> None:
    answer = staff.get(address)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")
    page = answer.content.decode()
    assert "<script" not in page
    assert " style=" not in page
    assert "<style" not in page
    assert not re.search(r"\son[a-z]+=", page)


def test_staff_pages_are_not_kept_by_the_browser_or_a_proxy(staff: Client) -> None:
    assert all("no-store" in staff.get(address)["Cache-Control"] for address in ADDRESSES)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_staff_page_lets_a_sealed_value_an_arm_or_the_list_through(staff: Client, address: str) -> None:
    page = staff.get(address).content.decode()
    assert [word for word in SECRET_WORDS if word in page] == []


@pytest.mark.parametrize("link", ["assessor"], indirect=True)
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_assessor_sees_neither_infusions_nor_adverse_events_nor_labels(staff: Client, address: str) -> None:
    page = staff.get(address).content.decode()
    assert [word for word in (*MASKED_WORDS, *SECRET_WORDS) if word in page] == []


def test_a_monitor_sees_what_an_assessor_does_not(staff: Client) -> None:
    page = staff.get("/participants/AMS-001-K").content.decode()
    assert all(word in page for word in MASKED_WORDS)


@pytest.mark.requirement("AT8")
def test_the_time_line_shows_the_time_of_the_site_with_utc_beside_it(staff: Client) -> None:
    page = " ".join(staff.get("/participants/AMS-001-K").content.decode().split())
    assert '<time datetime="2026-03-02T08:28:00+00:00">09:28</time> <span class="utc">08:28 UTC</span>' in page
    # Summer time has begun in Amsterdam by week 4.
    assert '>12:27</time> <span class="utc">10:27 UTC</span>' in page


@pytest.mark.requirement("AT7")
def test_coming_in_failing_to_reading_and_leaving_are_noted_before_a_page_is_shown(reading: Reading) -> None:
    noted: list[running.Access] = []
    link = sessions.Link("monitor")
    running.start(running.Running(reading, (link,), noted.append))
    client = Client()
    client.get("/enter/guess")
    client.get(f"/enter/{link.token}")
    client.get("/participants/AMS-001-K")
    client.get("/")
    client.post("/leave")
    assert [(access.kind, access.role, access.page, access.participant) for access in noted] == [
        ("log_in_failed", "none", "enter", None),
        ("logged_in", "monitor", "enter", None),
        ("read", "monitor", "participant", "AMS-001-K"),
        ("logged_out", "monitor", "leave", None),
    ]
    assert len({access.by for access in noted}) == 2


def test_what_cannot_be_noted_is_not_shown(reading: Reading) -> None:
    def full(access: running.Access) -> None:
        if access.kind == running.READ:
            raise OSError("the disk is full")

    link = sessions.Link("monitor")
    running.start(running.Running(reading, (link,), full))
    client = Client(raise_request_exception=False)
    client.get(f"/enter/{link.token}")
    answer = client.get("/participants")
    assert answer.status_code == 500
    assert "AMS-001-K" not in answer.content.decode()


@pytest.mark.parametrize("name", ["trial", "overview", "participants"])
def test_before_the_trial_is_open_a_page_says_so(name: str) -> None:
    from trialwright.ledger.memory import MemoryLedger

    link = sessions.Link("monitor")
    running.start(running.Running(Reading(MemoryLedger()), (link,)))
    client = Client()
    client.get(f"/enter/{link.token}")
    answer = client.get(reverse(name))
    assert answer.status_code == 503
    assert "not open yet" in answer.content.decode()
