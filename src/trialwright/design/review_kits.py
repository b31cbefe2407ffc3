"""Reviews the supply of numbered kits: visits and sites that exist, numbers that fit each other."""

from __future__ import annotations

from itertools import pairwise

from trialwright.design.calendar import anchor_visit, days_from_anchor, visit_order
from trialwright.design.findings import Findings
from trialwright.design.kits import KitSupply, Resupply
from trialwright.design.mistakes import Path
from trialwright.design.model import Definition

PATH: Path = ("kits",)


def review_kits(definition: Definition, found: Findings) -> None:
    """Every check of this room; none for a trial without kits."""
    kits = definition.kits
    if kits is None:
        return
    _visits(definition, kits, found)
    _storage(kits, found)
    _levels(kits.resupply, found)
    _sites(definition, kits, found)


def _visits(definition: Definition, kits: KitSupply, found: Findings) -> None:
    path: Path = (*PATH, "dispense")
    if not kits.dispense:
        found.error(path, "no visit hands out a kit", "name each visit with its number of kits, such as START: 2")
    for visit, count in kits.dispense.items():
        here: Path = (*path, visit)
        if not found.known(here, visit, definition.visits, "the visit"):
            continue
        if definition.visits[visit].unscheduled:
            found.error(here, f"kits are planned at the unscheduled visit '{visit}'", "name planned visits")
        if count < 1:
            found.error(here, f"{count} kits are handed out at '{visit}'", "a number from 1, or remove the line")
    _order(definition, kits, found)


def _order(definition: Definition, kits: KitSupply, found: Findings) -> None:
    """Nobody is handed a kit before the draw, and what one visit hands out lasts to the next one that does."""
    order = visit_order(definition)
    giving = [visit for visit in order if visit in kits.dispense]
    drawn = definition.randomisation.visit
    for visit in giving:
        if drawn in order and order.index(visit) < order.index(drawn):
            found.error((*PATH, "dispense", visit), f"'{visit}' comes before randomisation at '{drawn}'")
    anchor = definition.visits[anchor_visit(definition)]
    if anchor.day is None:
        return
    for one, other in pairwise(giving):
        first, second = definition.visits[one], definition.visits[other]
        days = days_from_anchor(second, anchor) + second.window.after - days_from_anchor(first, anchor)
        if days + first.window.before > kits.lasts_days:
            found.error(
                (*PATH, "lasts_days"),
                f"up to {days + first.window.before} days lie between '{one}' and '{other}', more than "
                f"{kits.lasts_days}",
                f"the kits of '{one}' are in use until '{other}'; raise lasts_days",
            )


def _storage(kits: KitSupply, found: Findings) -> None:
    if kits.storage_celsius is not None and kits.storage_celsius[0] >= kits.storage_celsius[1]:
        low, high = kits.storage_celsius
        found.error((*PATH, "storage_celsius"), f"{low} to {high} is no range", "write [lowest, highest] in Celsius")


def _levels(plan: Resupply, found: Findings) -> None:
    path: Path = (*PATH, "resupply")
    if (plan.target is None) == (plan.weeks is None):
        said = "neither `target` nor `weeks` says" if plan.target is None else "`target` and `weeks` both say"
        found.error(path, f"{said} what a shipment fills up to", "give one of the two", at_key=True)
    if plan.target is not None and plan.target <= plan.floor:
        found.error((*path, "target"), f"the target {plan.target} is not above the floor {plan.floor}")
    if plan.weeks is not None and not plan.expects:
        found.error((*path, "weeks"), "weeks of supply need to know how many are expected", "add `expects` by site")
    if plan.weeks is not None and 7 * plan.weeks < plan.lead_days + plan.interval_days:
        found.error(
            (*path, "weeks"),
            f"weeks: {plan.weeks} ends before the next shipment arrives",
            f"at least {-(-(plan.lead_days + plan.interval_days) // 7)} weeks for interval and lead time",
        )


def _sites(definition: Definition, kits: KitSupply, found: Findings) -> None:
    for site, rate in kits.resupply.expects.items():
        path: Path = (*PATH, "resupply", "expects", site)
        found.known(path, site, definition.sites, "the site")
        if rate < 0:
            found.error(path, f"{rate} new participants per week are expected")
    if "depot" in definition.sites:
        found.error(("sites", "depot"), "a site cannot be called 'depot', which is where kits come from", at_key=True)
    shares = sum(definition.randomisation.ratio.values())
    most = kits.resupply.target
    for site, count in kits.initial.items():
        path = (*PATH, "initial", site)
        found.known(path, site, definition.sites, "the site")
        if shares > 0 and (count < 0 or count % shares):
            found.error(path, f"{count} kits cannot hold the ratio", f"a multiple of {shares}")
        elif count < shares * kits.resupply.floor:
            found.error(path, f"{count} kits are below the floor of {shares * kits.resupply.floor} for all arms")
        elif most is not None and count > shares * most:
            found.error(path, f"{count} kits are above the target of {shares * most} for all arms", "raise the target")
