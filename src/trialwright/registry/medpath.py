"""Read a page of MedPath that a person saved as text.

MedPath republishes register records; the page is a list of fixed headings, each with its value on the next lines. The
page loses much on the way (facts/register.md A.2), so the reader also names what a person does not learn from it. The
contact person at a site is printed on the page and is dropped here, unread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from trialwright.registry import phrases
from trialwright.registry.criteria import criterion
from trialwright.registry.medpath_losses import UNKNOWN, losses
from trialwright.registry.record import (
    Ages,
    Criterion,
    Design,
    Enrolment,
    Identifier,
    Kind,
    Location,
    Outcome,
    Problem,
    Provenance,
    Record,
    UnreadablePage,
)

NAME = "medpath"
_HEADINGS = (
    "Conditions", "Registration Number", "Lead Sponsor", "Brief Summary", "Detailed Description",
    "Recruitment & Eligibility", "Status", "Sex", "Target Recruitment", "Inclusion Criteria", "Exclusion Criteria",
    "Study & Design", "Study Type", "Study Design", "Primary Outcome Measures", "Secondary Outcome Measures",
    "Trial Locations",
)  # fmt: skip
_REQUIRED = (
    "Registration Number",
    "Lead Sponsor",
    "Target Recruitment",
    "Inclusion Criteria",
    "Exclusion Criteria",
    "Primary Outcome Measures",
)
_COLUMNS = "NameTimeMethod"
_PHASE = re.compile(
    r"(?:Early )?Phase\s+(?P<phase>[\dIV]+(?:\s*/\s*(?:Phase\s*)?[\dIV]+)?)$|^Not Applicable$", re.IGNORECASE
)
_ADDRESS = re.compile(r"\S+@\S+")
_FLAG = re.compile(r"^[\U0001f1e6-\U0001f1ff]{2}\s*(?P<rest>.*)$")
_ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str


Sections = dict[str, list[_Line]]


def recognises(text: str) -> bool:
    """Whether a text is a saved MedPath page: it names itself at the top, or carries the page's own two headings."""
    lines = [line.strip() for line in text.splitlines()]
    return next(filter(None, lines), "") == "MedPath" or {"Recruitment & Eligibility", "Study & Design"} <= set(lines)


def read(text: str, source: str = "page") -> Record:
    """The record that a saved page shows. Raises UnreadablePage with every problem and its line."""
    problems: list[Problem] = []
    sections = _sections(text, problems)
    found: list[Provenance] = []
    top = _top(sections[""], found, problems)
    identifiers = _identifiers(sections, found, problems)
    criteria = _criteria(sections, "inclusion", problems) + _criteria(sections, "exclusion", problems)
    enrolment = _enrolment(sections, found, problems)
    outcomes = _outcomes(sections, problems)
    sponsor = _value(sections, "Lead Sponsor", "sponsor", found, problems) or ""
    if problems:
        raise UnreadablePage(source, tuple(problems))
    record = Record(
        reader=NAME, register=identifiers[0].register, source=source, identifiers=identifiers, title=top.title,
        sponsor=sponsor, phase=top.phase, statuses=_statuses(sections, top, found),
        conditions=_conditions(sections, found), summary=_optional(sections, "Brief Summary", "summary", found),
        description=_optional(sections, "Detailed Description", "description", found),
        sex=_optional(sections, "Sex", "sex", found), ages=_ages(criteria, found), enrolment=enrolment,
        design=_design(sections, top, found), criteria=criteria, outcomes=outcomes,
        locations=_locations(sections), provenance=tuple(found),
    )  # fmt: skip
    shown = {heading: [(line.number, line.text) for line in lines] for heading, lines in sections.items()}
    return replace(record, losses=losses(record, shown, top.badge_line))


def _sections(text: str, problems: list[Problem]) -> Sections:
    """The lines under each heading, blank lines left out; what stands before the first heading is under ""."""
    sections: Sections = {"": []}
    current = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        _refuse_damage(number, raw, problems)
        if line in _HEADINGS:
            if line in sections:
                problems.append(
                    Problem(number, f"the heading '{line}' stands here a second time; save one trial to a file")
                )
            sections[line] = sections.get(line, [])
            current = line
        elif line:
            _refuse_persons(number, line, current, problems)
            sections[current].append(_Line(number, line))
    for heading in _REQUIRED:
        if heading not in sections:
            problems.append(
                Problem(0, f"the heading '{heading}' is missing; save the whole page as text and try again")
            )
    return sections


def _refuse_persons(number: int, line: str, heading: str, problems: list[Problem]) -> None:
    """Sites and contacts stand under 'Trial Locations', where persons are left unread; elsewhere they would be kept."""
    if heading == "Trial Locations":
        return
    if _ADDRESS.search(line):
        problems.append(Problem(number, "an e-mail address stands here; take persons out of the page and try again"))
    elif _FLAG.match(line):
        problems.append(Problem(number, "a site stands here, outside 'Trial Locations'; its heading is missing"))


def _refuse_damage(number: int, raw: str, problems: list[Problem]) -> None:
    if "\ufffd" in raw or any("\ud800" <= sign <= "\udfff" for sign in raw):
        problems.append(Problem(number, "characters were lost when the page was saved; save it again as UTF-8 text"))


@dataclass(frozen=True, slots=True)
class _Top:
    title: str
    title_line: int
    phase: str | None
    badge: str | None
    badge_line: int


def _top(lines: list[_Line], found: list[Provenance], problems: list[Problem]) -> _Top:
    """The title, the phase badge and the status badge, which have no headings."""
    lines = [line for line in lines if line.text != "MedPath"]
    if not lines or _PHASE.search(lines[0].text):
        problems.append(Problem(lines[0].number if lines else 0, "there is no title above the phase"))
        return _Top("", 0, None, None, 0)
    title, rest = lines[0], lines[1:]
    found.append(Provenance("title", title.number, "printed"))
    phase = next((line for line in rest if _PHASE.search(line.text)), None)
    if phase is None:
        problems.append(Problem(title.number, "no phase follows the title; write 'Not Applicable' where there is none"))
    else:
        found.append(Provenance("phase", phase.number, "printed"))
    badge = next((line for line in rest if line is not phase), None)
    known = _phase(phase.text) if phase else None
    return _Top(title.text, title.number, known, badge.text if badge else None, badge.number if badge else 0)


def _phase(text: str) -> str | None:
    match = _PHASE.search(text)
    if match is None or match["phase"] is None:
        return None
    parts = re.findall(r"[IV]+|\d", match["phase"].upper())
    return "/".join(_ROMAN.get(part, part) for part in parts)


def _value(
    sections: Sections, heading: str, field: str, found: list[Provenance], problems: list[Problem]
) -> str | None:
    """The one line under a heading that must be there."""
    if heading not in sections:
        return None
    lines = sections[heading]
    if not lines:
        problems.append(Problem(0, f"nothing stands under '{heading}'"))
        return None
    found.append(Provenance(field, lines[0].number, "printed"))
    return lines[0].text


def _optional(sections: Sections, heading: str, field: str, found: list[Provenance]) -> str | None:
    lines = [line for line in sections.get(heading, []) if line.text.lower() not in UNKNOWN]
    if not lines:
        return None
    found.append(Provenance(field, lines[0].number, "printed"))
    return "\n\n".join(line.text for line in lines)


def _identifiers(sections: Sections, found: list[Provenance], problems: list[Problem]) -> tuple[Identifier, ...]:
    value = _value(sections, "Registration Number", "identifiers", found, problems)
    if value is None:
        return ()
    known = phrases.identifier(value)
    if known is None:
        line = sections["Registration Number"][0].number
        problems.append(Problem(line, f"'{value}' is no registration number of a known register (such as NCT05832034)"))
        return ()
    return (known,)


def _enrolment(sections: Sections, found: list[Provenance], problems: list[Problem]) -> Enrolment | None:
    value = _value(sections, "Target Recruitment", "enrolment", found, problems)
    if value is None:
        return None
    digits = re.sub(r"[\s,.]", "", value)
    if not digits.isascii() or not digits.isdigit() or int(digits) == 0:
        line = sections["Target Recruitment"][0].number
        problems.append(Problem(line, f"the target recruitment '{value}' is not a whole number of participants"))
        return None
    return Enrolment(int(digits), "target")


def _statuses(sections: Sections, top: _Top, found: list[Provenance]) -> tuple[str, ...]:
    printed = _optional(sections, "Status", "statuses", found)
    if printed is None and top.badge:
        found.append(Provenance("statuses", top.badge_line, "printed"))
    return tuple(dict.fromkeys(status for status in (printed, top.badge) if status))


def _conditions(sections: Sections, found: list[Provenance]) -> tuple[str, ...]:
    lines = sections.get("Conditions", [])
    if lines:
        found.append(Provenance("conditions", lines[0].number, "printed"))
    return tuple(line.text for line in lines)


def _criteria(sections: Sections, kind: Kind, problems: list[Problem]) -> tuple[Criterion, ...]:
    heading = f"{kind.capitalize()} Criteria"
    lines = sections.get(heading)
    if lines is not None and not lines:
        problems.append(Problem(0, f"no criterion stands under '{heading}'"))
    return tuple(criterion(line.text, line.number, kind, place) for place, line in enumerate(lines or [], start=1))


def _ages(criteria: tuple[Criterion, ...], found: list[Provenance]) -> Ages | None:
    for node in (node for top in criteria if top.kind == "inclusion" for node in top.walk()):
        if known := phrases.ages(node.text):
            found.append(Provenance("ages", node.span.line, "derived", f"from criterion {node.id}"))
            return known
    return None


def _design(sections: Sections, top: _Top, found: list[Provenance]) -> Design:
    """The design as printed; where it is not, allocation and masking as far as the title gives them away."""
    study_type = _optional(sections, "Study Type", "design.study_type", found)
    text = _optional(sections, "Study Design", "design.text", found)
    where = text or top.title
    line = sections["Study Design"][0].number if text else top.title_line
    allocation = re.search(r"\b(?:non-?)?randomi[sz]ed\b", where, re.IGNORECASE)
    masking = re.search(
        r"\b(?:(?:single|double|triple|quadruple)[\s-]+(?:blind(?:ed)?|masked)|open[\s-]+label)\b", where, re.I
    )
    for name, value in (("design.allocation", allocation), ("design.masking", masking)):
        if value:
            found.append(Provenance(name, line, "derived", f"from the {'design' if text else 'title'}: '{value[0]}'"))
    return Design(
        study_type, allocation[0].lower() if allocation else None, masking[0].lower() if masking else None, text
    )


def _outcomes(sections: Sections, problems: list[Problem]) -> tuple[Outcome, ...]:
    outcomes: list[Outcome] = []
    for level in ("primary", "secondary"):
        heading = f"{level.capitalize()} Outcome Measures"
        lines = [line for line in sections.get(heading, []) if line.text != _COLUMNS]
        if heading in _REQUIRED and heading in sections and not lines:
            problems.append(Problem(0, f"no outcome stands under '{heading}'"))
        outcomes += [_outcome(level, *row) for row in _rows(lines)]
    return _without_duplicates(outcomes)


def _rows(lines: list[_Line]) -> list[tuple[_Line, str | None, str | None]]:
    """Name, time and method of each outcome. The page prints one column under the other and leaves empty ones out, so a
    line equal to the one before is the method that repeats the name, and a line that is only a duration is the time."""
    rows: list[tuple[_Line, str | None, str | None]] = []
    rest = list(lines)
    while rest:
        name = rest.pop(0)
        time = rest.pop(0).text if rest and _is_time(rest[0].text) else None
        method = None
        if rest and (rest[0].text == name.text or time is not None):
            method = rest.pop(0).text
        rows.append((name, time, None if method == name.text else method))
    return rows


def _is_time(text: str) -> bool:
    frames, rest = phrases.durations(text)
    return bool(frames) and len(rest.strip(" .,")) <= len("from baseline to")


def _outcome(level: str, name: _Line, time: str | None, method: str | None) -> Outcome:
    frames, rest = phrases.durations(name.text)
    if time is not None:
        frames = phrases.durations(time)[0]
    tool, rest = phrases.instrument(rest)
    parts, rest = phrases.components(rest)
    heading, body = phrases.topic(rest)
    measure = re.sub(r"^assess\s+(?:the\s+)?", "", body).rstrip(" .,") or name.text
    return Outcome(
        level=level,  # type: ignore[arg-type]
        name=name.text, measure=measure, time_frames=frames, description=method or heading, instrument=tool,
        components=parts, line=name.number,
    )  # fmt: skip


def _without_duplicates(outcomes: list[Outcome]) -> tuple[Outcome, ...]:
    kept: dict[tuple[str, str], Outcome] = {}
    for outcome in outcomes:
        kept.setdefault((outcome.level, " ".join(outcome.name.lower().split())), outcome)
    return tuple(kept.values())


def _locations(sections: Sections) -> tuple[Location, ...]:
    """Sites, found by the flag that stands before the town; all other lines (contacts) are left unread."""
    lines = [line.text for line in sections.get("Trial Locations", [])]
    places: list[Location] = []
    for position, line in enumerate(lines):
        flag = _FLAG.match(line)
        if flag is None or position == 0 or _ADDRESS.search(lines[position - 1]):
            continue
        town = flag["rest"] or (lines[position + 1] if position + 1 < len(lines) else "")
        city, _, country = town.rpartition(",")
        places.append(Location(lines[position - 1], city.strip() or None, country.strip() or None))
    return tuple(dict.fromkeys(places))
