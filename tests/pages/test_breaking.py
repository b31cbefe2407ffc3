"""The break host's page: one form, one answer, shown once, in no cache, on no network and in no other file."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from tests.plugins.breaking import ARMS, PASSPHRASE, TELEPHONE, Night, a_night, arm_of
from tests.plugins.worlds import allocation_list
from tests.spec.blinding.two_worlds import swapped

from trialwright.web.breaking import log, settings, urls, views

LABEL = allocation_list()[0].label
PAGES = settings.pages(("testserver",))


@pytest.fixture(autouse=True)
def _break_host_settings(_page_settings: None) -> Iterator[None]:
    """The break host's own settings, over whatever configured Django in this process."""
    with override_settings(**{name: value for name, value in PAGES.items() if name != "LOGGING_CONFIG"}):
        yield


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A break host that this process serves, at the test's time."""
    return serving(a_night(tmp_path / "break"))


def serving(night: Night) -> Night:
    """Serve it."""
    views.start(views.Serving(night.host, night.identity, lambda: night.now))
    return night


def filled(night: Night, label: str = LABEL, **more: str) -> dict[str, str]:
    """The form as a doctor fills it."""
    given = {"label": label, "category": "emergency", "words": "", "person": "p02", "passphrase": PASSPHRASE}
    return {**given, "code": night.code(), **more}


def test_every_route_says_its_blinding_class() -> None:
    assert {route.name for route in urls.urlpatterns} == set(views.BLINDING)


@pytest.mark.requirement("BL3")
def test_the_form_is_one_page_and_its_answer_the_arm_in_words(night: Night) -> None:
    client = Client()
    form = client.get("/").content.decode()
    for name in ("label", "category", "words", "person", "passphrase", "code"):
        assert f'name="{name}"' in form
    answer = client.post("/", filled(night))
    page = answer.content.decode()
    assert answer.status_code == 200
    for said in (arm_of(LABEL), LABEL, TELEPHONE, "stays in the trial", "your decision", "not the sponsor"):
        assert said in page


@pytest.mark.requirement("BL2", "BL3")
def test_the_answer_is_kept_nowhere_and_sent_again_it_shows_nothing(night: Night) -> None:
    client = Client()
    form = filled(night)
    first = client.post("/", form)
    again = client.post("/", form)
    assert first["Cache-Control"] == "no-store"
    assert arm_of(LABEL) in first.content.decode()
    assert (again.status_code, "has been used" in again.content.decode()) == (422, True)
    for answer in (again, client.get("/")):
        assert not any(arm.label in answer.content.decode() for arm in ARMS.values())
    assert not client.cookies
    assert len(night.entries(log.OPENED)) == 1


def test_what_was_typed_stays_but_for_passphrase_and_code(night: Night) -> None:
    answer = Client().post("/", filled(night, words="status epilepticus", passphrase="wrong passphrase"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "status epilepticus" in page
    assert f'value="{LABEL}"' in page
    assert "wrong passphrase" not in page
    assert re.search(r'name="passphrase"[^>]*value', page) is None


def test_what_is_typed_is_never_taken_as_markup(night: Night) -> None:
    answer = Client().post("/", filled(night, words="<script>x</script>", label='"><b>', code=""))
    assert "<script>x" not in answer.content.decode()
    assert "<b>" not in answer.content.decode()


@pytest.mark.requirement("BL2")
def test_two_worlds_differ_in_the_answer_alone_and_not_in_its_length_status_or_headers(tmp_path: Path) -> None:
    seen = []
    for name, arranged in (("one", tuple), ("two", swapped)):
        night = serving(a_night(tmp_path / name, arranged))
        client = Client()
        wrong = client.post("/", filled(night, passphrase="wrong passphrase"))
        right = client.post("/", filled(night))
        unknown = client.post("/", filled(night, label="BCDFGHJ"))
        assert right.status_code == 200
        seen.append(
            [right.content, *(part for answer in (right,) for part in (len(answer.content), sorted(answer.items())))]
            + [part for answer in (wrong, unknown) for part in (answer.content, answer.status_code)]
        )
    assert seen[0][0] != seen[1][0]
    assert seen[0][1:] == seen[1][1:]


@pytest.mark.parametrize("path", ["/", "/alive", "/nowhere"])
def test_every_answer_forbids_keeping_framing_and_foreign_content(night: Night, path: str) -> None:
    answer = Client().get(path)
    assert answer["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    page = answer.content.decode()
    assert " style=" not in page
    assert not re.search(r"\son[a-z]+=", page)


def test_a_lost_doctor_is_told_of_the_envelope(night: Night) -> None:
    answer = Client().get("/nowhere")
    assert answer.status_code == 404
    assert "envelope" in answer.content.decode()
    assert TELEPHONE in answer.content.decode()


@pytest.mark.requirement("BL4")
def test_a_log_that_cannot_be_written_shows_nothing_and_names_the_envelope(night: Night) -> None:
    (night.host.folder / log.FILE).write_bytes(b"not a database, a damaged disk gave this back" * 40)
    answer = Client().post("/", filled(night))
    assert answer.status_code == 503
    assert arm_of(LABEL) not in answer.content.decode()
    assert "envelope" in answer.content.decode()
    assert Client().get("/alive").status_code == 503


def test_who_watches_the_machine_learns_that_it_is_alive_and_no_more(night: Night) -> None:
    answer = Client().get("/alive")
    assert (answer.status_code, answer.content) == (200, b"alive\n")


def test_an_upload_does_not_fill_the_disk_without_which_nothing_is_shown(night: Night) -> None:
    answer = Client().post("/", {**filled(night), "file": SimpleUploadedFile("a", b"\0" * 2**17)})
    assert answer.status_code == 413
    assert night.entries(log.OPENED) == []
