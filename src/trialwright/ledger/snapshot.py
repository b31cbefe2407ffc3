"""A snapshot: the ledger read as tables of plain columns, with a hash. It has no treatment column, ever: whoever may
know hands the opened assignments to the analysis beside it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from trialwright.ledger.canonical import written
from trialwright.ledger.fact import Head
from trialwright.ledger.opened import Opened, together
from trialwright.ledger.replay import Page, PageKey, Participant, State

Column = list[str | None]


@dataclass(frozen=True)
class Table:
    """Columns of equal length; every value is a text as it stands in the ledger, or None for not answered."""

    name: str
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def rows(self) -> list[dict[str, str | None]]:
        """The same as one mapping per row; for small tables and for reading."""
        names = list(self.columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]


@dataclass(frozen=True)
class Snapshot:
    """The state of a trial at a head of its ledger, read-only. Tables are made when they are asked for.

    `opened`: the sealed page items, where somebody with a key opened them after the final unblinding; None before. They
    stand in the tables of their forms and never in the hash, which is that of the ledger.
    """

    state: State
    head: Head
    opened: Opened | None = None

    def with_opened(self, opened: Opened) -> "Snapshot":
        """The same snapshot with the sealed page items that `conduct.open_sealed` handed out."""
        return replace(self, opened=opened)

    @cached_property
    def hash(self) -> str:
        """SHA-256 over every table, row by row: the same facts give the same hash wherever they are kept."""
        forms = [[name, [_row(*page) for page in self._pages[name]]] for name in sorted(self._pages)]
        return hashlib.sha256(written([dict(self.participants.columns), forms])).hexdigest()

    @cached_property
    def participants(self) -> Table:
        """One row per participant: id, site, consented_at, consent_version, verdict, stratum (as randomised, which the
        analysis goes by), true_stratum (what it should have been), randomised_at, label, in_error and the ends."""
        people = list(self.state.participants.values())
        columns: dict[str, Column] = {
            "participant": [person.id for person in people],
            "site": [person.site for person in people],
            "consented_at": [person.consented_at for person in people],
            "consent_version": [person.consent_version for person in people],
            "verdict": [person.verdicts[-1].verdict if person.verdicts else None for person in people],
            "stratum": [person.allocation.stratum if person.allocation else None for person in people],
            "true_stratum": [_true_stratum(person) for person in people],
            "randomised_at": [person.allocation.at if person.allocation else None for person in people],
            "label": [person.allocation.label if person.allocation else None for person in people],
        }
        for end in ("in_error", "treatment_stopped", "visits_stopped", "withdrawn", "lost", "completed"):
            columns[end] = [getattr(person, end) for person in people]
        return Table("participants", columns)

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """The forms that have at least one page, by name."""
        return tuple(sorted(self._shown))

    def form(self, name: str) -> Table:
        """One row per page of a form: participant, visit, repeat, on (date of the assessment), then its items by
        name."""
        if name not in self._tables:
            self._tables[name] = _form_table(name, self._shown.get(name, []))
        return self._tables[name]

    @cached_property
    def _tables(self) -> dict[str, Table]:
        return {}

    @cached_property
    def _pages(self) -> dict[str, list[tuple[Participant, str, str, Page]]]:
        pages: dict[str, list[tuple[Participant, str, str, Page]]] = {}
        for person in self.state.participants.values():
            for (visit, form, repeat), page in person.pages.items():
                pages.setdefault(form, []).append((person, visit, repeat, page))
        return pages

    def page(self, participant: str, key: PageKey) -> Page | None:
        """One page as it stands, its sealed items too where they were opened."""
        page = self.state.participants[participant].pages.get(key)
        return page if self.opened is None else together(page, self.opened.get(participant, {}).get(key))

    def keys(self, participant: str) -> list[PageKey]:
        """(visit, form, repeat) of a participant's pages: those of the ledger, then those that are sealed whole."""
        pages = self.state.participants[participant].pages
        sealed = () if self.opened is None else self.opened.get(participant, {})
        return [*pages, *(key for key in sealed if key not in pages)]

    @cached_property
    def _shown(self) -> dict[str, list[tuple[Participant, str, str, Page]]]:
        """The pages as tables show them."""
        if self.opened is None:
            return self._pages
        pages: dict[str, list[tuple[Participant, str, str, Page]]] = {}
        for person in self.state.participants.values():
            for key in self.keys(person.id):
                page = self.page(person.id, key)
                if page is not None:
                    pages.setdefault(key[1], []).append((person, key[0], key[2], page))
        return pages


def _true_stratum(person: Participant) -> str | None:
    return person.true_stratum or (person.allocation.stratum if person.allocation else None)


def _row(person: Participant, visit: str, repeat: str, page: Page) -> list[object]:
    return [person.id, visit, repeat, page.on, page.items]


def _form_table(name: str, pages: list[tuple[Participant, str, str, Page]]) -> Table:
    items = list(dict.fromkeys(item for _, _, _, page in pages for item in page.items))
    columns: dict[str, Column] = {
        "participant": [person.id for person, _, _, _ in pages],
        "visit": [visit or None for _, visit, _, _ in pages],
        "repeat": [repeat or None for _, _, repeat, _ in pages],
        "on": [page.on for _, _, _, page in pages],
    }
    for item in sorted(items):
        columns[item] = [page.items.get(item) for _, _, _, page in pages]
    return Table(name, columns)
