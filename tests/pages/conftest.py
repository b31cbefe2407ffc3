"""Django for the pages: configured once for the process, and overlaid where something else configured it first."""

from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from tests.pages import small_trial

from trialwright.web import settings

PAGES = settings.pages()

if not django_settings.configured:
    import django

    django_settings.configure(**PAGES)
    django.setup()


@pytest.fixture(autouse=True)
def _page_settings() -> Iterator[None]:
    """The settings of the pages, whatever configured Django in this process."""
    with override_settings(**{name: value for name, value in PAGES.items() if name != "LOGGING_CONFIG"}):
        yield


@pytest.fixture
def reading() -> object:
    """The small trial, as if today were in its fourth month."""
    from trialwright.web.reading import Reading

    return Reading(small_trial.written(), lambda: small_trial.NOW)
