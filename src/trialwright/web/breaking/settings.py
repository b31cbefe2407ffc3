"""Django's settings for the break host: no database, no session, no cookie; one page.

There is nothing to forge: every sending carries a passphrase and a one-time code, so no cookie of a browser could send
one in somebody's name, and a doctor whose browser refuses cookies is not kept out.
"""

import secrets
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


def pages(hosts: tuple[str, ...] = ()) -> dict[str, Any]:
    """The settings; `hosts` are further names under which the page may be asked for."""
    return {
        "DEBUG": False,
        "INSTALLED_APPS": [],
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": [*LOCAL_HOSTS, *hosts],
        "ROOT_URLCONF": "trialwright.web.breaking.urls",
        "MIDDLEWARE": ["trialwright.web.breaking.views.headers", "django.middleware.common.CommonMiddleware"],
        "TEMPLATES": [
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [HERE / "templates"], "OPTIONS": {}}
        ],
        "STATIC_URL": "/static/",
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "LANGUAGE_CODE": "en-gb",
        "USE_I18N": False,
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 64 * 1024,
        "LOGGING_CONFIG": None,
    }
