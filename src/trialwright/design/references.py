"""Reviews that every name in the definition names something: arms, visits, schedule, roles, randomisation,
statistics."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from zoneinfo import ZoneInfo

from trialwright import logic
from trialwright.design.calendar import anchor_visit, days_from_anchor, visit_order
from trialwright.design.findings import Findings
from trialwright.design.forms import blinding_of, items
from trialwright.design.mistakes import Path
from trialwright.design.model import Blinding, Definition, ItemType
from trialwright.design.problems import known_or_close

SHA256 = re.compile(r"[0-9a-f]{64}\Z")
DATES = frozenset({ItemType.DATE, ItemType.PARTIAL_DATE, ItemType.DATETIME})


def review_references(definition: Definition, found: Findings) -> None:
    """Every check of this room, in the order of the file."""
    for check in (
        _treatments,
        _visits,
        _schedule,
        _clocks,
        _consent,
        _randomisation,
        _blinding,
        _sites,
        _locks,
    ):
        check(definition, found)


def values_of(definition: Definition, form: str) -> list[str]:
    """What `form.` may be followed by: full ids, ids of groups' items, derived items."""
    page = definition.forms[form]
    grouped = [f"{group.id}.{item.id}" for group in page.groups for item in group.items]
    return [*items(definition, form), *grouped, *(one.id for one in page.derive)]


def value_known(definition: Definition, found: Findings, path: Path, name: str, *, form_alone: bool = False) -> bool:
    """Whether `form.item` names an item or a derived item (or, where allowed, a form alone)."""
    form, dot, item = name.partition(".")
    if not found.known(path, form, definition.forms, "the form"):
        return False
    if not dot:
        if not form_alone:
            found.error(path, f"'{name}' names a form, not an item", f"write {form}.item")
        return form_alone
    if item in values_of(definition, form):
        return True
    found.error(path, f"form '{form}' has no item '{item}'", known_or_close(item, values_of(definition, form)))
    return False


def _treatments(definition: Definition, found: Findings) -> None:
    for key, arm in definition.arms.items():
        found.all_known(("arms", key, "gives"), arm.gives, definition.interventions, "the intervention")
    given = {name for arm in definition.arms.values() for name in arm.gives}
    for key, intervention in definition.interventions.items():
        if key not in given and intervention.role != "rescue":
            found.warn(
                ("interventions", key), f"no arm gives '{key}'", "add it to an arm's `gives`, or remove it", at_key=True
            )
        for index, step in enumerate(intervention.steps):
            path: Path = ("interventions", key, "steps", index)
            for name, dose in (("dose", step.dose), ("at_most", step.at_most)):
                if dose is not None:
                    _quantity(found, (*path, name), dose)
            if step.to_day is not None and step.to_day < step.from_day:
                found.error(
                    (*path, "to_day"), f"the step ends on day {step.to_day}, before it begins on day {step.from_day}"
                )
        for index, (one, next_one) in enumerate(pairwise(intervention.steps)):
            if one.to_day is None or next_one.from_day != one.to_day + 1:
                after = "" if one.to_day is None else f" on day {one.to_day + 1}"
                found.error(
                    ("interventions", key, "steps", index + 1, "from_day"),
                    f"this step does not follow on the one before{after}",
                )


def _quantity(found: Findings, path: Path, text: str) -> None:
    try:
        expression = logic.parse(text)
    except logic.LogicErrors:
        expression = None
    if type(expression).__name__ != "Measure":
        found.error(path, f"'{text}' is no quantity", "write a number and a UCUM unit, such as 1 mg/kg/d or 7 d")


def _visits(definition: Definition, found: Findings) -> None:
    anchors = [key for key, visit in definition.visits.items() if visit.anchor]
    if len(anchors) != 1:
        found.error(
            ("visits",),
            f"{len(anchors)} visits are the anchor",
            "mark one visit `anchor: true`; days count from it",
            at_key=True,
        )
    for key, visit in definition.visits.items():
        path: Path = ("visits", key)
        found.known((*path, "epoch"), visit.epoch, definition.epochs, "the epoch")
        if visit.unscheduled:
            if visit.day is not None:
                found.error((*path, "day"), "an unscheduled visit has no planned day", "remove `day`")
        elif visit.day is None:
            found.error(path, f"visit '{key}' has no day", "add `day`, or `unscheduled: true`", at_key=True)
        elif visit.day == 0:
            found.error((*path, "day"), "there is no day 0", "day 1 is the anchor visit, day -1 the day before it")
        elif visit.anchor and visit.day != 1:
            found.error((*path, "day"), f"the anchor visit is on day {visit.day}", "the anchor visit is day 1")
    if len(anchors) == 1 and all(visit.day for visit in definition.visits.values() if not visit.unscheduled):
        _windows(definition, found)


def _windows(definition: Definition, found: Findings) -> None:
    anchor = definition.visits[anchor_visit(definition)]
    for before, after in pairwise(visit_order(definition)):
        first, second = definition.visits[before], definition.visits[after]
        day, next_day = days_from_anchor(first, anchor), days_from_anchor(second, anchor)
        path: Path = ("visits", after)
        if day == next_day:
            found.error((*path, "day"), f"'{after}' is on the same day as '{before}'", "give it another day")
        elif day + first.window.after >= next_day - second.window.before:
            found.warn(
                (*path, "window"),
                f"the window of '{after}' overlaps that of '{before}'",
                "one day would belong to two visits",
            )


def _schedule(definition: Definition, found: Findings) -> None:
    both = [*definition.forms, *definition.activities]
    for key, due in definition.schedule.items():
        path: Path = ("schedule", key)
        if key not in both:
            found.error(path, f"'{key}' is neither a form nor an activity", known_or_close(key, both), at_key=True)
            continue
        found.all_known(found.short(path, "visits"), due.visits, definition.visits, "the visit")
        form = definition.forms.get(key)
        if form is not None and form.log != due.log:
            kind, other = ("is", "is not") if form.log else ("is not", "is")
            found.error(
                path,
                f"form '{key}' {kind} a log and its schedule {other}",
                "say `log: true` in both or in neither",
                at_key=True,
            )
        if not due.log and not due.visits:
            found.error(path, f"'{key}' is due at no visit", "list its visits, or remove the line", at_key=True)
        if due.since is not None:
            found.known(
                (*path, "since"), due.since, [*definition.visits, *definition.activities], "the visit or activity"
            )


def _clocks(definition: Definition, found: Findings) -> None:
    for key, clock in definition.clocks.items():
        for end in ("start", "end"):
            name = getattr(clock, end)
            if value_known(definition, found, ("clocks", key, end), name):
                form, _, item = name.partition(".")
                bound = items(definition, form).get(item)
                if bound is not None and bound.type not in DATES:
                    found.error(
                        ("clocks", key, end), f"'{name}' is of type {bound.type.value}", "a clock runs between dates"
                    )
        _quantity(found, ("clocks", key, "limit"), clock.limit)


def _consent(definition: Definition, found: Findings) -> None:
    scopes = definition.consent.scopes
    if "trial" not in scopes:
        found.error(("consent", "scopes"), "the scope 'trial' is missing", "it is taking part at all", at_key=True)
    found.all_known(("consent", "needed"), definition.consent.needed, scopes, "the scope")


def _randomisation(definition: Definition, found: Findings) -> None:
    plan = definition.randomisation
    path: Path = ("randomisation",)
    for arm, share in plan.ratio.items():
        found.known((*path, "ratio", arm), arm, definition.arms, "the arm")
        if share < 1:
            found.error((*path, "ratio", arm), f"the share of arm {arm} is {share}", "shares are whole numbers from 1")
    for arm in definition.arms:
        if arm not in plan.ratio:
            found.error((*path, "ratio"), f"arm '{arm}' has no share", f"add {arm}: 1", at_key=True)
    if plan.annex_sha256 is not None and not SHA256.match(plan.annex_sha256):
        found.error((*path, "annex_sha256"), "this is no SHA-256", "64 hexadecimal digits in lower case")
    total = sum(plan.ratio.values())
    if total > 0 and plan.n % total:
        found.warn((*path, "n"), f"{plan.n} cannot be divided in the ratio {':'.join(map(str, plan.ratio.values()))}")
    if (
        found.known((*path, "visit"), plan.visit, definition.visits, "the visit")
        and definition.visits[plan.visit].unscheduled
    ):
        found.error(
            (*path, "visit"), f"randomisation is at the unscheduled visit '{plan.visit}'", "name a planned visit"
        )
    for index, name in enumerate(plan.requires):
        if value_known(definition, found, (*path, "requires", index), name, form_alone=True):
            _due_by_randomisation(definition, found, (*path, "requires", index), name)
    for name in plan.strata:
        _stratum(definition, found, name)


def _due_by_randomisation(definition: Definition, found: Findings, path: Path, name: str) -> None:
    form = name.partition(".")[0]
    due, visit = definition.schedule.get(form), definition.randomisation.visit
    if due is not None and not due.log and visit in definition.visits and visit not in due.visits:
        hint = f"schedule {form} at {definition.randomisation.visit}"
        found.error(
            path, f"'{name}' is needed for randomisation and is not due at {definition.randomisation.visit}", hint
        )


def _stratum(definition: Definition, found: Findings, name: str) -> None:
    stratum, path = definition.randomisation.strata[name], ("randomisation", "strata", name)
    if not value_known(definition, found, (*path, "item"), stratum.item):
        return
    form, _, item = stratum.item.partition(".")
    if blinding_of(definition, form, item) is not Blinding.OPEN:
        found.error(
            (*path, "item"),
            f"a stratum rests on '{stratum.item}', which is {blinding_of(definition, form, item)}",
            "use an open item",
        )
    if len(set(stratum.map.values())) < 2:
        found.warn((*path, "map"), f"the stratum '{name}' has a single level", "it stratifies nothing", at_key=True)
    declared = items(definition, form).get(item)
    if declared is None or declared.codes is None:
        return
    codes = definition.codelists.get(declared.codes, {})
    for code in stratum.map:
        if code != "*" and code not in codes:
            found.error(
                (*path, "map", code),
                f"'{code}' is no code of {stratum.item}",
                known_or_close(code, list(codes)),
                at_key=True,
            )
    left = [code for code in codes if code not in stratum.map]
    if left and "*" not in stratum.map:
        found.error(
            (*path, "map"), f"no level for {', '.join(left)}", 'add them, or "*" for every other value', at_key=True
        )


def _blinding(definition: Definition, found: Findings) -> None:
    plan = definition.blinding
    for side in ("blinded", "unblinded"):
        found.all_known(("blinding", side), getattr(plan, side), definition.roles, "the role")
    for index, role in enumerate(plan.unblinded):
        if role in plan.blinded:
            found.error(
                ("blinding", "unblinded", index), f"'{role}' is blinded and unblinded", "keep it in one of the two"
            )
    if plan.questionnaire is not None:
        found.known(("blinding", "questionnaire"), plan.questionnaire, definition.forms, "the form")
    if plan.level == "open" and plan.blinded:
        found.warn(("blinding", "blinded"), "an open trial names blinded roles", at_key=True)


def _sites(definition: Definition, found: Findings) -> None:
    if not definition.sites:
        found.error(("sites",), "the trial has no site", "declare at least one", at_key=True)
    for key, site in definition.sites.items():
        if not _is_zone(site.zone):
            found.error(
                ("sites", key, "zone"), f"'{site.zone}' is no time zone", "use an IANA name such as Europe/Amsterdam"
            )


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return "/" in name or name == "UTC"


def _locks(definition: Definition, found: Findings) -> None:
    order = visit_order(definition)
    position, named = -1, True
    if not definition.locks:
        found.error(("locks",), "no lock is declared", "declare at least the final lock", at_key=True)
    _unique(found, ("locks",), [lock.id for lock in definition.locks], "lock")
    for index, lock in enumerate(definition.locks):
        path: Path = ("locks", index)
        found.all_known((*path, "firewall"), lock.firewall, definition.roles, "the role")
        for number, role in enumerate(lock.firewall):
            if role in definition.roles and role not in definition.blinding.unblinded:
                hint = "add it to blinding.unblinded"
                found.error((*path, "firewall", number), f"'{role}' may be unblinded by the lock '{lock.id}'", hint)
        if found.known((*path, "after"), lock.after, order, "the planned visit"):
            if order.index(lock.after) < position:
                found.error(
                    (*path, "after"),
                    f"the lock '{lock.id}' comes before the one above it",
                    "list locks in the order of visits",
                )
            position = max(position, order.index(lock.after))
        else:
            named = False  # where the lock lies is not known, so nothing follows from it
    if named and definition.locks and order and position != len(order) - 1:
        found.warn(("locks", len(definition.locks) - 1), f"the last lock comes before the last visit, {order[-1]}")


def _unique(found: Findings, path: Path, ids: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for index, name in enumerate(ids):
        if name in seen:
            found.error((*path, index, "id"), f"a second {what} has the id '{name}'", "ids are unique")
        seen.add(name)


unique_ids = _unique
