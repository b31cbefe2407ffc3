"""Sealed page items once they are opened for the analysis: what stands beside the ledger, never in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trialwright.ledger.replay import Page, PageKey


@dataclass(frozen=True, slots=True)
class OpenedPage:
    """The sealed items of one page as they stand: of several values of an item the last one counts.

    `items` are texts as they were entered (None: cleared); `not_done` says why an item (or `*`, the page) has none;
    `version` is the definition's under which the page was last written; `kept` are the numbers of the facts that kept
    it, the corrected values' too.
    """

    version: str
    on: str | None = None
    items: Mapping[str, str | None] = field(default_factory=dict)
    not_done: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[int, ...] = ()


Opened = Mapping[str, Mapping[PageKey, OpenedPage]]
"""Participant -> (visit, form, repeat) -> the opened page."""


def together(page: Page | None, sealed: OpenedPage | None) -> Page | None:
    """The page with its sealed items, which are no part of the ledger's page; None where there is neither."""
    if sealed is None:
        return page
    if page is None:
        return Page(version=sealed.version, on=sealed.on, items=dict(sealed.items), not_done=dict(sealed.not_done))
    return Page(
        number=page.number,
        version=page.version,
        at=page.at,
        on=page.on or sealed.on,
        items={**page.items, **sealed.items},
        origin=page.origin,
        not_done={**page.not_done, **sealed.not_done},
        confirmed=page.confirmed,
        redacted=page.redacted,
        signed=page.signed,
    )
