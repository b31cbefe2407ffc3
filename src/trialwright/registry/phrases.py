"""Small things that registers write into running text: time frames, ages, instruments, registration numbers."""

from __future__ import annotations

import re

from trialwright.registry.record import Ages, Identifier

_UNITS = {"day": "D", "week": "W", "month": "M", "year": "Y"}
_NUMBERS = r"\d+(?:\s*(?:,|and|&)\s*\d+)*"
_DURATION = re.compile(
    rf"\b(?:(?:measured|assessed)\s+)?(?:at|after|up to|until|through)\s+(?:(?:the|week|weeks)\s+)?"
    rf"(?P<count>{_NUMBERS})[\s-]*(?P<unit>day|week|month|year)s?\b",
    re.IGNORECASE,
)
_UNIT_FIRST = re.compile(
    rf"\b(?:(?:at|after|up to|until|through)\s+)?(?P<unit>day|week|month|year)s?\s+(?P<count>{_NUMBERS})\b",
    re.IGNORECASE,
)
_BARE = re.compile(rf"^\s*(?P<count>{_NUMBERS})[\s-]*(?P<unit>day|week|month|year)s?\s*\.?\s*$", re.IGNORECASE)


def durations(text: str) -> tuple[tuple[str, ...], str]:
    """The time frames named in a text as ISO 8601 durations, and the text without them.

    >>> durations("response at 12 weeks, by a score")
    (('P12W',), 'response, by a score')
    """
    for pattern in (_DURATION, _UNIT_FIRST, _BARE):
        found = list(pattern.finditer(text))
        if found:
            frames = [frame for match in found for frame in _frames(match)]
            rest = pattern.sub("", text)
            return tuple(dict.fromkeys(frames)), _tidy(rest)
    return (), _tidy(text)


def _frames(match: re.Match[str]) -> list[str]:
    unit = _UNITS[match["unit"].lower()]
    return [f"P{int(count)}{unit}" for count in re.findall(r"\d+", match["count"])]


def _tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"\s+([,.;])", r"\1", text)


_YEARS = r"(?:years?(?:\s+(?:old|of age))?|yrs?|y)\b"
_AGE_RANGE = re.compile(rf"(\d{{1,3}})\s*(?:-|–|to|and)\s*(\d{{1,3}})\s*{_YEARS}", re.IGNORECASE)
_AGE_FROM = re.compile(rf"(≥|>=|=>|>|at least|aged|from)\s*(\d{{1,3}})\s*{_YEARS}", re.IGNORECASE)
_AGE_TO = re.compile(rf"(≤|<=|=<|<|at most|up to)\s*(\d{{1,3}})\s*{_YEARS}", re.IGNORECASE)
_ABOUT_AGE = re.compile(r"\b(adults?|aged?|patients|participants|subjects|men|women|children)\b", re.IGNORECASE)
_NOT_AGE = re.compile(r"\b(duration|within|history|prior|symptom|disease|since|follow-up)\b", re.IGNORECASE)


def ages(text: str) -> Ages | None:
    """The ages that an inclusion criterion allows, in whole years; None where it does not speak of age.

    "> 17 years" is 18 and older, "< 80 years" is 79 and younger: register ages are whole years lived.
    """
    if not _ABOUT_AGE.search(text) or _NOT_AGE.search(text):
        return None
    if between := _AGE_RANGE.search(text):
        return Ages(int(between[1]), int(between[2]))
    low, high = _AGE_FROM.search(text), _AGE_TO.search(text)
    if low is None and high is None:
        return None
    minimum = None if low is None else int(low[2]) + (low[1] == ">")
    maximum = None if high is None else int(high[2]) - (high[1] == "<")
    return Ages(minimum, maximum)


_MEASURED_BY = re.compile(
    r",?\s*(?:is\s+|are\s+|as\s+)?(?:measured|assessed|evaluated|determined)\s+(?:by|with|using)\s+(.+)$", re.I
)
_BY_A_METHOD = re.compile(r"\s+by\s+((?:[\w-]+\s+){0,4}(?:MRI|ultrasound|scale|score|questionnaire|assay))\b\.?$", re.I)
_TOPIC = re.compile(r"^(?P<topic>[A-Z][\w-]*(?:\s+\([\w\s-]+\))?):\s*(?P<rest>.+)$")
_COMPONENTS = re.compile(r"\s*\(([^()]*(?:,| and )[^()]*)\)\s*\.?$")


def instrument(text: str) -> tuple[str | None, str]:
    """The instrument that an outcome names ("measured by ...", "by whole body muscle MRI") and the text without it."""
    for pattern in (_MEASURED_BY, _BY_A_METHOD):
        if found := pattern.search(text):
            return _unquote(found[1]), _tidy(text[: found.start()])
    return None, text


def _unquote(text: str) -> str:
    return text.strip().rstrip(".").strip("'\"‘’“” ")


def components(text: str) -> tuple[tuple[str, ...], str]:
    """What a closing parenthesis lists, (a, b and c), and the text before it."""
    found = _COMPONENTS.search(text)
    if found is None:
        return (), text
    parts = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", found[1].strip())
    return tuple(part for part in parts if part), _tidy(text[: found.start()])


def topic(text: str) -> tuple[str | None, str]:
    """The heading before a colon ("Biomarker (imaging): ...") and what follows it."""
    found = _TOPIC.match(text)
    return (found["topic"], found["rest"]) if found else (None, text)


# Patterns of facts/register.md G.2. CTIS numbers have a middle part that begins with 5, EudraCT numbers do not.
_REGISTERS = (
    ("ClinicalTrials.gov", re.compile(r"NCT\d{8}")),
    ("CTIS", re.compile(r"20\d\d-5\d{5}-\d\d-\d\d")),
    ("EudraCT", re.compile(r"20\d\d-[0-46-9]\d{5}-\d\d")),
    ("OMON", re.compile(r"NL-OMON\d+")),
    ("CCMO", re.compile(r"NL\d{4,5}(?:\.\d{3}\.\d\d)?")),
    ("NTR", re.compile(r"NTR\d+")),
    ("ISRCTN", re.compile(r"ISRCTN\d{8}")),
    ("DRKS", re.compile(r"DRKS\d{8}")),
    ("ANZCTR", re.compile(r"ACTRN\d{14}")),
    ("jRCT", re.compile(r"jRCTs?\d+")),
    ("ChiCTR", re.compile(r"ChiCTR[\w-]+")),
    ("CTRI", re.compile(r"CTRI/\d{4}/\d\d/\d+")),
    ("UTN", re.compile(r"U1111-\d{4}-\d{4}")),
)


def identifier(text: str) -> Identifier | None:
    """The registration number that a text is, with its register; None where no known register numbers like that."""
    text = text.strip()
    for register, pattern in _REGISTERS:
        if pattern.fullmatch(text):
            return Identifier(register, text)
    return None
