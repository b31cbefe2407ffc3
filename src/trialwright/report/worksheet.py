"""The pharmacist's worksheet: one sheet of paper for each day of a course, and the same as plain text.

It shows the treatment, so every sheet says `sealed: pharmacy`. Both products fill the same sheet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import jinja2

SEALED = "sealed: pharmacy"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One day. `take` is what is opened, as (what, how many); `bags` are volumes in mL."""

    day: int
    target_g: str
    grams: str
    volume_ml: int
    bags: tuple[int, ...]
    take: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Worksheet:
    """What stands on every sheet of a course. `weight` are the sentences about the dosing weight; `ready` says until
    when the work must end to become ready at which hour, and how long the bags may then be given."""

    trial: str
    rehearsal: bool
    participant: str
    site: str
    label: str
    visit: str
    days: int
    product: str
    concentration: str
    weight_kg: str
    weight: tuple[str, ...]
    dose: str
    course_g: str
    rounding: str
    ready: str
    in_use: str
    second_check: bool
    printed: str
    sheets: tuple[Sheet, ...]


def as_page(found: Worksheet) -> str:
    """A page to print, one sheet of A4 for each day."""
    return _template().render(found=found, sealed=SEALED)


def as_text(found: Worksheet) -> str:
    """The same as plain text."""
    lines = [f"*** {SEALED} ***"]
    if found.rehearsal:
        lines.append("REHEARSAL: not for a participant")
    lines += [
        f"{found.trial}: worksheet of {found.visit}, {found.days} {'day' if found.days == 1 else 'days'}",
        f"Participant   {found.participant} ({found.site})",
        f"Label         {found.label}",
        f"Product       {found.product}",
        f"Weight        {found.weight_kg} kg: {'; '.join(found.weight)}",
        f"Dose          {found.dose}; in vials {found.course_g} g in all ({found.rounding})",
        f"Ready         {found.ready}",
        f"In use        {found.in_use}",
    ]
    for sheet in found.sheets:
        lines += _day(found, sheet)
    return "\n".join([*lines, "", f"Printed {found.printed}. {SEALED}", ""])


def _day(found: Worksheet, sheet: Sheet) -> Sequence[str]:
    bags = ", ".join(f"{volume} mL" for volume in sheet.bags)
    second = ["Second check by  ____________________  at  __________"] if found.second_check else []
    return [
        "",
        f"Day {sheet.day} of {found.days}: {sheet.target_g} g asked, {sheet.grams} g planned, {sheet.volume_ml} mL",
        *(f"  [ ] {many} x {what:<10} lots: ______________________________" for what, many in sheet.take),
        f"  {len(sheet.bags)} masked bags: {bags}",
        "Prepared by      ____________________  ended at  __________",
        *second,
    ]


@cache
def _template() -> jinja2.Template:
    text = resources.files("trialwright.report").joinpath("worksheet.html.j2").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)
