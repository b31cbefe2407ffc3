"""The answers of a snapshot as typed values, derived items included; every page is read once."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from trialwright import design
from trialwright.capture.form import FormRules
from trialwright.design.model import Blinding, Definition
from trialwright.ledger.canonical import instant
from trialwright.ledger.replay import Page, Participant
from trialwright.ledger.snapshot import Snapshot

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Observations:
    """A snapshot read under a definition.

    `rules` keeps the compiled forms; hand the same mapping in again for another snapshot of the same definition.
    `sees`: the classes that a blinded reader may see; the values and the days of every other page do not exist then,
    not even as what something is computed from. None: everything.
    """

    definition: Definition
    snapshot: Snapshot
    rules: MutableMapping[str, FormRules] = field(default_factory=dict)
    _pages: dict[tuple[str, str, str], Mapping[str, Any]] = field(default_factory=dict)
    sees: frozenset[Blinding] | None = None

    @property
    def participants(self) -> Mapping[str, Participant]:
        """Everybody who consented, by id."""
        return self.snapshot.state.participants

    @property
    def randomised(self) -> list[str]:
        """The ids of the randomised, in the order of consent."""
        return [person.id for person in self.participants.values() if person.allocation is not None]

    @property
    def anchor(self) -> str:
        """The visit that the days count from."""
        return next(name for name, visit in self.definition.visits.items() if visit.anchor)

    def value(self, participant: str, visit: str, name: str) -> Any:
        """The value of `form.item` (or `form.group.key.side.item`) at a visit; None where there is none."""
        form, _, item = name.partition(".")
        return self.page(participant, visit, form).get(item)

    def number(self, participant: str, visit: str, name: str) -> Decimal | int | None:
        """The same for a measured value; a text or code, or no answer, is None."""
        return _measured(self.value(participant, visit, name))

    def numbers(self, participants: Sequence[str], visits: Sequence[str], name: str) -> list[Decimal | int | None]:
        """`number` of all participants at all visits, participant by participant."""
        form, _, item = name.partition(".")
        page = self.page
        return [_measured(page(participant, visit, form).get(item)) for participant in participants for visit in visits]

    def page(self, participant: str, visit: str, form: str) -> Mapping[str, Any]:
        """One page: items and derived items by name; empty where there is no page."""
        key = (participant, visit, form)
        if key not in self._pages:
            page = self.snapshot.page(participant, (visit, form, ""))
            self._pages[key] = NOTHING if page is None else self._typed(page, visit, form)
        return self._pages[key]

    def rows(self, participant: str, form: str) -> Iterator[Mapping[str, Any]]:
        """The rows of a log or repeated form in the order of entry, each with its `visit`; "none known" is no row."""
        for key in self.snapshot.keys(participant):
            visit, name, repeat = key
            page = self.snapshot.page(participant, key) if name == form and repeat not in ("", "0") else None
            if page is not None:
                yield {**self._typed(page, visit, form), "visit": visit}

    def item_seen(self, form: str, item: str) -> bool:
        """Whether the reader may see an item."""
        known = form in self.definition.forms
        return self.sees is None or (known and design.blinding_of(self.definition, form, item) in self.sees)

    def page_seen(self, form: str, page: Page) -> bool:
        """Whether the reader may see that there is such a page: of those with anything on them, one with an item that
        they may see."""
        if self.sees is None:
            return True
        known = form in self.definition.forms
        named = {*page.items, *page.not_done} - {"*"} or (design.items(self.definition, form) if known else ())
        return any(self.item_seen(form, item) for item in named)

    def on(self, participant: str, visit: str) -> date | None:
        """The day on which a visit took place: the first date that a page of it carries."""
        days = [
            page.on
            for (name, form, _), page in self.participants[participant].pages.items()
            if name == visit and page.on and self.page_seen(form, page)
        ]
        return date.fromisoformat(min(days)) if days else None

    def randomised_on(self, participant: str) -> date | None:
        """The day of the randomisation on the site's own calendar."""
        person = self.participants[participant]
        if person.allocation is None:
            return None
        zone = ZoneInfo(self.definition.sites[person.site].zone)
        return instant(person.allocation.at).astimezone(zone).date()

    def weeks(self, participant: str, visit: str) -> float | None:
        """Weeks from randomisation to a visit that took place, None before or without it."""
        day, start = self.on(participant, visit), self.randomised_on(participant)
        return None if day is None or start is None else (day - start).days / 7

    def planned_week(self, visit: str) -> float | None:
        """Weeks from the anchor visit by plan; the anchor is day 1. None for an unplanned visit."""
        day = self.definition.visits[visit].day
        start = self.definition.visits[self.anchor].day or 1
        return None if day is None else (day - start) / 7

    def _typed(self, page: Page, visit: str, form: str) -> Mapping[str, Any]:
        """The page's values as the version that it was entered under reads them; derived items as this one does."""
        rules = self._rules(form, "")
        items = page.items
        if self.sees is not None:
            items = {item: text for item, text in items.items() if self.item_seen(form, item)}
        values = self._rules(form, page.version).values(items)
        return rules.environment(values, visit) if rules.form.derive else values

    def _rules(self, form: str, version: str) -> FormRules:
        text = self.snapshot.state.versions.get(version)
        if text is None or version == self.definition.version:
            return self._kept(form, form, self.definition)
        entered = _from_canonical(text)
        return self._kept(f"{version} {form}", form, entered if form in entered.forms else self.definition)

    def _kept(self, key: str, form: str, definition: Definition) -> FormRules:
        if key not in self.rules:
            self.rules[key] = FormRules(definition, form)
        return self.rules[key]


def _measured(value: Any) -> Decimal | int | None:
    kind = type(value)
    return value if kind is Decimal or kind is int else None


@lru_cache(maxsize=16)
def _from_canonical(text: str) -> Definition:
    """An earlier version of the definition from the text that the ledger holds."""
    return design.from_canonical(text)
