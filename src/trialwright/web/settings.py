"""Django's settings for a trial folder. No contrib application and no table of its own: the ledger is `store`'s."""

from __future__ import annotations

import secrets
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class CannotServe(ValueError):
    """Why a folder or a role cannot be served, in a sentence."""


def pages() -> dict[str, Any]:
    """The settings that the pages need, without any folder: for tests and as the ground of `for_folder`."""
    return {
        "DEBUG": False,
        "INSTALLED_APPS": ["trialwright.store"],
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": [*LOCAL_HOSTS, "testserver"],
        "ROOT_URLCONF": "trialwright.web.urls",
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "trialwright.web.headers.middleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [HERE / "templates"],
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "trialwright.web.context.reader",
                    ]
                },
            }
        ],
        "STATIC_URL": "/static/",
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "LANGUAGE_CODE": "en-gb",
        "USE_I18N": False,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "CSRF_FAILURE_VIEW": "trialwright.web.entry.forged",
        "CSRF_COOKIE_NAME": "trialwright-form",
        "SECURE_REFERRER_POLICY": None,
        "SECURE_CONTENT_TYPE_NOSNIFF": False,
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": None,
        "LOGGING_CONFIG": None,
    }


def for_folder(folder: Path) -> dict[str, Any]:
    """The settings of a trial folder. Its `trialwright.toml` may name further hosts: `[web]`, `hosts = ["trial.org"]`.

    Raises `CannotServe` where the file cannot be read or says something else, `store.NotATrial` for another folder.
    """
    from trialwright import store

    found = {**pages(), **store.settings(folder)}
    web = _table(folder / "trialwright.toml").get("web", {})
    hosts = web.get("hosts", []) if isinstance(web, dict) else None
    if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        raise CannotServe(f'{folder / "trialwright.toml"}: write the hosts as a list of texts, hosts = ["trial.org"]')
    found["ALLOWED_HOSTS"] = [*LOCAL_HOSTS, *hosts]
    return found


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotServe(f"{path}: {error.strerror}; is this the folder of a trial?") from error
    except tomllib.TOMLDecodeError as error:
        raise CannotServe(f"{path}: {error}") from error
