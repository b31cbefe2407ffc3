"""Numbered kits, for a trial that ships them: what a visit hands out, how long it must last, how sites are supplied.

Nothing here differs between the arms: every participant gets the same number of kits at the same visits, so that
numbers of kits tell nothing. How many kits of which arm exist stands in the sealed kit list alone.
"""

from pydantic import Field

from trialwright.design.fields import Exact, Key, Model, Whole


class Resupply(Model):
    """When a site is sent kits, and how many. Numbers are per unit of an arm's share in the ratio.

    `floor`: what should never be undershot. What a shipment fills up to is `target`, or `floor` and what is expected to
    be needed in `weeks` weeks. `shipment`: every shipment holds a multiple of so many kits. `lead_days`: from the order
    to the arrival; `interval_days`: from one look at the stock to the next. `expects`: new participants per week.
    """

    floor: Whole = Field(ge=0)
    target: Whole | None = Field(default=None, ge=1)
    weeks: Whole | None = Field(default=None, ge=1)
    lead_days: Whole = Field(ge=0)
    interval_days: Whole = Field(ge=1)
    shipment: Whole = Field(default=1, ge=1)
    expects: dict[Key, Exact] = Field(default_factory=dict)


class KitSupply(Model):
    """`dispense`: kits per participant at each visit that hands out. They are used for `lasts_days` at most, and are
    not handed out when they would expire within `margin_days` after that. `initial`: kits that a site has before its
    first participant; a site that is not named gets what a shipment fills up to."""

    dispense: dict[Key, Whole]
    lasts_days: Whole = Field(ge=1)
    margin_days: Whole = Field(default=0, ge=0)
    storage_celsius: tuple[Exact, Exact] | None = None
    initial: dict[Key, Whole] = Field(default_factory=dict)
    resupply: Resupply
    note: str | None = None
