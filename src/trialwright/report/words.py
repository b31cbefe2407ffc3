"""The sentences and cells that several sections share: estimates, intervals, shares and summaries in words."""

import math
from collections.abc import Sequence

from trialwright.analysis.descriptive import Counts, Numbers, Variable
from trialwright.analysis.estimates import Interval
from trialwright.report.content import Cell, Number, Paragraph, Sentence


def say(pattern: str, tone: str = "plain", **parts: Number | str) -> Paragraph:
    """A paragraph; `{name}` in the pattern stands for the number or the words of that name."""
    return Paragraph(Sentence(pattern, parts), tone)


def literal(words: str) -> Sentence:
    """Words that may hold braces of their own, as they are."""
    return Sentence("{words}", {"words": words})


def count(value: int | None) -> Number:
    return Number(value)


def p_value(value: float) -> Number:
    return Number(value, kind="p")


def limits(lower: float | None, upper: float | None, digits: int = 1, kind: str = "plain") -> Sentence:
    """An interval: `3.1 to 24.9`; a limit that is not reached prints as a dash."""
    return Sentence(
        "{lower} to {upper}", {"lower": Number(lower, digits, "", kind), "upper": Number(upper, digits, "", kind)}
    )


def digits_of(se: float) -> int:
    """Digits after the point that a difference deserves: two of its standard error's, at least one and at most four."""
    return min(4, max(1, 1 - math.floor(math.log10(se)))) if se > 0 else 1


def percent(level: float) -> str:
    return f"{100 * level:g} %"


def share(count_: int, of: int) -> Sentence:
    """`12 of 24 (50 %)`."""
    part = Number(count_ / of if of else None, 0, "", "percent")
    return Sentence("{count} of {of} ({share})", {"count": Number(count_), "of": Number(of), "share": part})


def points(interval: Interval) -> Sentence:
    """A difference of shares in percentage points with its limits."""
    names = {"d": interval.estimate, "l": interval.lower, "u": interval.upper}
    return Sentence("{d} ({l} to {u})", {name: Number(100 * value, 1) for name, value in names.items()})


def p_sign(p: float) -> str:
    """What stands before a printed p value: `p = 0.03`, but `p < 0.001`; no line breaks inside."""
    return "p\u00a0" if p < 0.001 else "p\u00a0=\u00a0"


UNITS = {"a": "years", "mo": "months", "d": "days", "wk": "weeks", "Cel": "°C"}
"""UCUM codes that people do not read as units; every other code is printed as it is."""


def summary_rows(variable: Variable) -> list[list[Cell]]:
    """A variable of the baseline table: mean and spread, median and quartiles, range; or one row per category."""
    unit = UNITS.get(variable.unit, variable.unit)
    head = f"{variable.label}, {unit}" if unit else variable.label
    if isinstance(variable.summaries[0], Counts):
        groups = [summary for summary in variable.summaries if isinstance(summary, Counts)]
        return [[head], *_category_rows(groups)]
    measured = [summary for summary in variable.summaries if isinstance(summary, Numbers)]
    digits = _digits(measured)
    # Whole numbers stay whole: an age runs from 26 to 85, not from 26.0.
    ends = 0 if all(_whole(end) for each in measured for end in (each.minimum, each.maximum)) else digits
    rows: list[list[Cell]] = [
        [head],
        ["Mean (SD)", *(_pair("{a} ({b})", each.mean, each.sd, digits) for each in measured)],
        ["Median (quartiles)", *(_middle(each, digits) for each in measured)],
        ["Range", *(_range(each, ends) for each in measured)],
    ]
    if any(each.beyond for each in measured):
        rows.append(["Beyond a limit", *(share(each.beyond, each.n) for each in measured)])
    if any(each.missing for each in measured):
        rows.append(["Missing", *(Number(each.missing) for each in measured)])
    return rows


def _category_rows(groups: Sequence[Counts]) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for index, category in enumerate(groups[0].categories):
        cells = [group.categories[index] for group in groups]
        rows.append([category.label, *(_tally(cell.count, cell.share) for cell in cells)])
    if any(group.missing for group in groups):
        rows.append(["Missing", *(Number(group.missing) for group in groups)])
    return rows


def _tally(count_: int, part: float | None) -> Sentence:
    return Sentence("{n} ({share})", {"n": Number(count_), "share": Number(part, 0, "", "percent")})


def _pair(pattern: str, a: float | None, b: float | None, digits: int) -> Sentence:
    return Sentence(pattern, {"a": Number(a, digits), "b": Number(b, digits)})


def _middle(each: Numbers, digits: int) -> Sentence:
    named = {"m": each.median, "l": each.lower_quartile, "u": each.upper_quartile}
    parts: dict[str, Number | str] = {name: Number(value, digits) for name, value in named.items()}
    parts |= {f"{name}s": SIDES[sign] for name, sign in zip("mlu", each.signs, strict=False)}
    return Sentence("{ms}{m} ({ls}{l} to {us}{u})" if any(each.signs) else "{m} ({l} to {u})", parts)


def _range(each: Numbers, digits: int) -> Sentence:
    if not any(each.signs[3:]):
        return _pair("{a} to {b}", each.minimum, each.maximum, digits)
    parts: dict[str, Number | str] = {"a": Number(each.minimum, digits), "b": Number(each.maximum, digits)}
    return Sentence("{as}{a} to {bs}{b}", parts | {"as": SIDES[each.signs[3]], "bs": SIDES[each.signs[4]]})


SIDES = {-1: "<", 0: "", 1: ">"}
"""What stands before a limit that a value lies beyond."""


def _whole(value: float | None) -> bool:
    return value is None or float(value).is_integer()


def _digits(measured: Sequence[Numbers]) -> int:
    """Enough digits for three figures of the largest value: 5.1, 0.88, 7098."""
    top = max((abs(each.maximum or 0.0) for each in measured), default=0.0)
    return 2 if top < 5 else 1 if top < 300 else 0
