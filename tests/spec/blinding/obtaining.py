"""Everything that a blinded person, a backup or a log can obtain of a trial, each piece under a name.

The addresses come from the URL conf and the roles from the definition: a new route or role is asked by itself, and a
route whose arguments nobody here knows how to fill fails.
"""

import base64
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from trialwright.design.model import Definition
from trialwright.ledger.ports import Ledger
from trialwright.ledger.replay import replay
from trialwright.ledger.snapshot import Snapshot

Obtained = dict[str, str]
"""What can be obtained, by name."""


def of_the_ledger(ledger: Ledger) -> Obtained:
    """Facts as they stand, the state and the snapshot that they give."""
    facts = list(ledger.facts())
    state = replay(facts)
    snapshot = Snapshot(state, facts[-1].head)
    return {
        **{f"fact {fact.number}": repr(fact) for fact in facts},
        "state": repr(state),
        "snapshot": snapshot.hash,
        **{f"table {name}": repr(snapshot.form(name).columns) for name in snapshot.forms},
        "people": repr(snapshot.participants.columns),
    }


def of_the_report(ledger: Ledger, folder: Path, definition: Definition) -> Obtained:
    """The blinded report, file by file."""
    from trialwright.report import Context, report, write

    facts = list(ledger.facts())
    write(report(definition, Snapshot(replay(facts), facts[-1].head), None, None, Context("")), folder)
    return {f"report {path.name}": path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.*"))}


# ---------------------------------------------------------------- pages

NOBODY = "nobody"
TRIED = (
    "?assignment=T", "?assignment__startswith=P", "?arm=T", "?label=F4G6TYG", "?sort=arm", "?order_by=-label",
    "?search=tablet", "?q=placebo&page=2", "?format=json", "?stratum=drug:none&position=1",
)  # fmt: skip
"""What a curious reader adds to an address (row 1 of the catalogue)."""
METHODS = ("head", "post", "put", "patch", "delete", "options", "trace")
STRANGE = ("/nowhere?arm=T", "/participants/NORTH-099-X", "/participants/T", "/admin/", "/static/nothing.css")


class CannotFill(AssertionError):
    """A route has an argument that this test knows no values for: add it to the fillings."""


def addresses(fillings: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Every address of the application, its arguments filled. Raises `CannotFill`."""
    from django.urls import URLPattern, get_resolver

    for route in get_resolver("trialwright.web.urls").url_patterns:
        assert isinstance(route, URLPattern), f"{route}: walk included routes here too"
        yield from filled(str(route.pattern), fillings)


def filled(pattern: str, fillings: Mapping[str, Sequence[str]]) -> list[str]:
    """The addresses of one route: `participants/<str:participant>` for each participant."""
    found = [f"/{pattern}"]
    for name in re.findall(r"<(?:\w+:)?(\w+)>", pattern):
        if name not in fillings:
            raise CannotFill(f"{pattern}: nothing is known to fill '{name}' with")
        found = [
            re.sub(rf"<(?:\w+:)?{name}>", value, address, count=1) for address in found for value in fillings[name]
        ]
    return found


def of_the_pages(
    ledger: Ledger,
    participants: Sequence[str],
    roles: Sequence[str] = ("investigator", "nurse", "monitor", "data_manager", "sponsor", "assessor", "laboratory"),
    now: datetime | None = None,
    curious: Sequence[str] = (),
) -> Obtained:
    """Every page for every role and for nobody: status, headers, cookies, body, and what the access log notes. The
    `curious` roles also try query strings, other methods and pages that fail."""
    from tests.plugins.world import monday_morning

    from trialwright.web.reading import Reading

    moment = now or monday_morning().now()
    reading = Reading(ledger, lambda: moment)
    every = list(addresses({"participant": participants, "token": ["guess"]}))
    found: Obtained = {}
    for role in (*roles, NOBODY):
        found |= _of_a_role(reading, role, every, participants, role in curious)
    return found


def _of_a_role(
    reading: object, role: str, every: Sequence[str], participants: Sequence[str], curious: bool
) -> Obtained:
    from django.test import Client

    from trialwright.web import running, sessions
    from trialwright.web.reading import Reading

    assert isinstance(reading, Reading)
    noted: list[running.Access] = []
    link = sessions.Link(role)
    running.start(running.Running(reading, (link,), noted.append))
    client = Client(raise_request_exception=False)
    if role != NOBODY:
        client.get(f"/enter/{link.token}")
    asked = [("get", address) for address in (*every, *STRANGE)]
    if curious:
        one = [address for address in every if not any(person in address for person in participants[1:])]
        asked += [("get", address + query) for address in one for query in TRIED]
        asked += [(method, address) for address in one if address != "/leave" for method in METHODS]
    found = {f"page {role} {method} {address}": _answered(client, method, address) for method, address in asked}
    if curious:
        running.start(running.Running(reading, (link,), _fails))
        found |= {f"failure {role} {address}": _answered(client, "get", address) for address in every}
    running.start(running.Running(reading, (link,), noted.append))
    found[f"page {role} post /leave"] = _answered(client, "post", "/leave")
    sessions_seen = re.sub(r"session-[0-9a-f]{8}", "<session>", repr(noted))
    return found | {f"access log {role}": sessions_seen}


def _fails(access: object) -> None:
    raise OSError("the disk is full")


def _answered(client: object, method: str, address: str) -> str:
    """Status, headers, cookies and body, without what is random in every answer."""
    answer = getattr(client, method)(address)
    body = re.sub(r'(name="csrfmiddlewaretoken" value=)"[^"]+"', r"\1", answer.content.decode())
    cookies = {name: {key: one[key] for key in one if key != "expires"} for name, one in answer.cookies.items()}
    return f"{answer.status_code} {dict(answer.headers)} {cookies} {body}"


# ---------------------------------------------------------------- files and tables


def of_the_folder(folder: Path) -> Obtained:
    """What lies in a trial's folder or a backup: every file to the last byte but for what is encrypted in it, its
    mode and size, and every table."""
    from trialwright import store

    found: Obtained = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found |= _of_a_file(f"file {path.relative_to(folder)}", path)
    found["verified"] = str(store.verify(folder))
    for path in folder.glob("*.sqlite3"):
        found |= of_sqlite(path)
    return found


def of_files(name: str, folder: Path) -> Obtained:
    """Every file below a folder."""
    found: Obtained = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found |= _of_a_file(f"{name} {path.relative_to(folder)}", path)
    return found


def _of_a_file(name: str, path: Path) -> Obtained:
    # A database's own size follows from the random length of age's headers; its tables are compared beside it.
    if ".sqlite" in path.name:
        return {name: f"{path.stat().st_mode:o}"}
    content = path.read_bytes()
    text = content.decode("utf-8", "backslashreplace")
    shown = without_ciphertexts(text)
    size = "" if shown != text else f" {len(content)}"
    return {name: f"{path.stat().st_mode:o}{size}\n{shown}"}


AGE = re.compile(r'"YWdlLWVuY3J5cHRpb24[A-Za-z0-9+/=]*"|"6167652d656e6372797074696f6e[0-9a-f]*"')
"""An age file inside JSON, in base64 or in hexadecimal."""


def without_ciphertexts(text: str) -> str:
    """The text with the length of what is sealed in the place of every age file."""

    def length(found: re.Match[str]) -> str:
        inner = found[0].strip('"')
        content = bytes.fromhex(inner) if inner.startswith("6167") else base64.b64decode(inner)
        return f'"sealed {sealed_length(content)}"'

    return AGE.sub(length, text)


SECRET = {"ciphertext", "annex", "escrow_1", "escrow_2"}
"""Columns that are encrypted anew each time; the length of what is sealed is compared."""


def of_sqlite(path: Path) -> Obtained:
    """Every table of a SQLite database in the order in which its rows lie."""
    found = {}
    with sqlite3.connect(path) as database:
        for name, sql in database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall():
            if name == "django_migrations":
                continue
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({name})")]
            rows = database.execute(f"SELECT * FROM {name}").fetchall()
            found[f"sqlite {name}"] = f"{sql}\n" + _rows(columns, rows)
    database.close()
    return found


def of_postgresql(address: str) -> Obtained:
    """Every table of a PostgreSQL database by its first column, the number of the row. Where a changed row lies depends
    on the random length of age's headers, so the order on the disk is no order that could be compared."""
    import psycopg

    found = {}
    with psycopg.connect(address) as database:
        names = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        for (name,) in names:
            if name != "django_migrations":
                rows = database.execute(f'SELECT * FROM "{name}" ORDER BY 1')  # type: ignore[arg-type]
                columns = [column.name for column in rows.description or ()]
                found[f"postgresql {name}"] = _rows(columns, rows.fetchall())
    return found


def _rows(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The rows; of what is encrypted its length, and which rows hold the very same: none may, for that groups them."""
    same: dict[bytes, int] = {}

    def shown_value(column: str, value: object) -> object:
        if column in SECRET and isinstance(value, bytes | memoryview):
            content = bytes(value)
            return f"sealed {sealed_length(content)}, number {same.setdefault(content, len(same) + 1)}"
        return value

    shown = [[shown_value(column, value) for column, value in zip(columns, row, strict=True)] for row in rows]
    return "\n".join(map(repr, shown))


def sealed_length(ciphertext: bytes) -> int:
    """How long the sealed part of an age file is; its header has a random length (age's grease) on purpose."""
    return len(ciphertext.partition(b"\n--- ")[2].partition(b"\n")[2])


def signatures(heads: str) -> dict[str, str]:
    """The tokens of a heads.log that may differ, each with a name: signatures and the digests of lines."""
    named: dict[str, str] = {}
    for place, line in enumerate(heads.splitlines()):
        head = json.loads(line)
        named.setdefault(head["signature"], f"<signature {place}>")
        named.setdefault(head["previous"], f"<line {place}>")
    return named
