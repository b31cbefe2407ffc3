"""One row of a laboratory's file as a result in the unit of its item, exactly, or everything that is wrong with it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from trialwright import design
from trialwright.capture.laboratory import Line, Trouble
from trialwright.capture.values import BadValue, reader
from trialwright.design.laboratory import LaboratoryPlan, LabTest
from trialwright.design.laboratory_tests import factor, item_of, unit_of
from trialwright.design.model import Definition, Item, ItemType
from trialwright.logic.units import Unit, UnitError

VALUE = re.compile(r"(?P<sign>[<>]?)\s*(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+))", re.ASCII)
DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)
FLAGS = ("", "<", ">", "L", "H", "LL", "HH", "N", "A")
LONGEST_NUMBER = 30
MORE_DIGITS = 2
"""A converted number that has no end in decimals keeps so many digits more than were reported, and six at least."""


@dataclass(frozen=True, slots=True)
class Result:
    """A result as it would be kept. `text` is the value in the item's unit, None where there is none and `comment` says
    why; `beyond` is `<` or `>` where the value is a limit; `low` and `high` are the laboratory's own limits in the
    item's unit; `rounded` that a conversion had no end in decimals or did not fall on the item's step."""

    line: Line
    test: str
    laboratory: str
    sample: str
    participant: str
    visit: str
    taken: date
    reported: date | None
    text: str | None
    beyond: str = ""
    low: Fraction | None = None
    high: Fraction | None = None
    unit: str = ""
    rounded: bool = False
    unusual: str = ""

    @property
    def said(self) -> str:
        """The laboratory's own words that confirm or explain."""
        return self.line["confirmed"] or self.line["comment"]

    @property
    def absent(self) -> str:
        """Why there is no result, in the laboratory's words."""
        return self.line["comment"] or self.line["quality"]

    @property
    def place(self) -> tuple[str, str, str]:
        """Participant, visit, test."""
        return self.participant, self.visit, self.test


@dataclass(frozen=True, slots=True)
class Given:
    """What a row need not say itself: the manifest by sample, and the laboratory whose file it is."""

    manifest: Mapping[str, Line] | None = None
    laboratory: str = ""


def result(definition: Definition, line: Line, test: str, given: Given) -> Result | list[Trouble]:
    """The row as a result of this test, or everything that is wrong with it."""
    if line.wrong:
        return [Trouble(line, "", line.wrong)]
    plan = definition.laboratory
    assert plan is not None
    found = _Reading(definition, plan, line, plan.tests[test], given)
    answer = found.whole(test)
    return found.troubles or answer


class _Reading:
    """One row while it is read; gathers what is wrong."""

    def __init__(self, definition: Definition, plan: LaboratoryPlan, line: Line, test: LabTest, given: Given) -> None:
        self.plan, self.line, self.test, self.given = plan, line, test, given
        self.definition = definition
        self.item: Item = item_of(definition, test)
        self.troubles: list[Trouble] = []
        self.rounded = False

    def wrong(self, column: str, sentence: str) -> None:
        self.troubles.append(Trouble(self.line, column, sentence))

    def whole(self, test: str) -> Result:
        participant, visit, taken_text = (self._said(column) for column in ("participant", "visit", "taken"))
        laboratory = self._laboratory()
        taken, reported = self._day("taken", taken_text), self._day("reported", self.line["reported"])
        for column, text in (("sample", self.line["sample"]), ("participant", participant), ("visit", visit)):
            if not text:
                self.wrong(column, "it is empty" + ("" if self.given.manifest else "; a manifest can give it"))
        if not taken_text:
            self.wrong("taken", "the day of sampling is empty; write it as 2026-03-01")
        if taken and reported and reported < taken:
            self.wrong("reported", f"{reported} lies before the sampling on {taken}")
        value, beyond, unusual = self._value()
        low, high = (self._limit(column) for column in ("low", "high"))
        if low is not None and high is not None and low >= high:
            self.wrong("high", "the upper limit is not above the lower one")
        day, sample = taken or date.min, self.line["sample"]
        unit, rounded = self.line["unit"], self.rounded
        return Result(
            self.line, test, laboratory, sample, participant, visit, day, reported, value, beyond, low, high, unit,
            rounded, unusual,
        )  # fmt: skip

    def _said(self, column: str) -> str:
        """What the row or the manifest says of the sample; both must say the same."""
        own, known = self.line[column], self.given.manifest
        if known is None:
            return own
        listed = known.get(self.line["sample"])
        if listed is None:
            if column == "participant" and self.line["sample"]:
                near = design.nearest(self.line["sample"], list(known))
                self.wrong("sample", "the manifest has no such sample" + (f"; did you mean {near}?" if near else ""))
            return own
        if own and listed[column] and own != listed[column]:
            self.wrong(column, f"'{own}' stands here and '{listed[column]}' in the manifest (row {listed.row})")
        return own or listed[column]

    def _laboratory(self) -> str:
        name = self._said("laboratory") or self.given.laboratory
        known = list(self.plan.laboratories)
        if not name and len(known) == 1:
            return known[0]
        if name not in known:
            near = design.nearest(name, known)
            hint = f"did you mean {near}?" if near else f"declared are {', '.join(known)}"
            self.wrong("laboratory", (f"'{name}' is not declared; " if name else "it is empty; ") + hint)
        return name

    def _day(self, column: str, text: str) -> date | None:
        if not text:
            return None
        match = DAY.fullmatch(text)
        try:
            if match is None:
                self.wrong(column, f"'{text}' is not a date; write 2026-03-01 or 2026-03-01T08:30")
                return None
            return date.fromisoformat(match[1])
        except ValueError:
            self.wrong(column, f"'{text}' is no day of the calendar")
            return None

    # ---------------------------------------------------------------- the value

    def _value(self) -> tuple[str | None, str, str]:
        """The value in the item's unit as text, `<` or `>` where it is a limit, and what is unusual about it."""
        flag = self.line["flag"].upper()
        if flag not in FLAGS:
            self.wrong("flag", f"'{flag}' is none of {', '.join(one for one in FLAGS if one)}")
        parsed = self._parsed("value")
        if parsed is None and not self.line["value"] and flag not in ("<", ">"):
            if self.line["limit"]:
                self.wrong("flag", "there is a limit and no value; write < or > to say on which side the value lies")
            elif not (self.line["comment"] or self.line["quality"]):
                self.wrong("value", "it is empty; write in `comment` why there is no result")
            return None, "", ""
        sign = parsed[0] if parsed else ""
        if sign and flag in ("<", ">") and sign != flag:
            self.wrong("flag", f"'{flag}' contradicts the value {self.line['value']}")
        beyond = sign or (flag if flag in ("<", ">") else "")
        limit = self._parsed("limit") if beyond else None
        number = limit[1] if limit else parsed[1] if parsed else None
        if beyond and number is None and not self.line["limit"]:
            self.wrong("limit", f"the flag is {beyond} and neither value nor limit says beyond what")
        if beyond and not getattr(self.item, "below" if beyond == "<" else "above"):
            side = "below" if beyond == "<" else "above"
            self.wrong("value", f"the trial keeps no value {side} a limit of {self.item.label} (`{side}:` of the item)")
        if number is None:
            return None, beyond, ""
        text = self._converted(number)
        return text, beyond, self._read(text) if text is not None else ""

    def _parsed(self, column: str) -> tuple[str, str] | None:
        text = self.line[column]
        if not text:
            return None
        match = VALUE.fullmatch(text)
        if match is None or len(text) > LONGEST_NUMBER or (column != "value" and match["sign"]):
            self.wrong(column, _not_a_number(text))
            return None
        return match["sign"], match["number"]

    def _read(self, text: str) -> str:
        """What is unusual about the value; what the item does not take is wrong."""
        try:
            return reader(self.item, self.definition.codelists)[text].unusual or ""
        except BadValue as bad:
            self.wrong("value", f"{self.item.label}: {bad}")
            return ""

    # ---------------------------------------------------------------- its unit

    def _factor(self) -> Fraction | None:
        """What the row's numbers are multiplied by; None, with what would do, where its unit does not."""
        code, target = self.line["unit"], unit_of(self.item.unit)
        mass = None if self.test.molar_mass is None else Fraction(self.test.molar_mass)
        try:
            source = unit_of(code or None)
        except UnitError as error:
            self._unit(f"{error}")
            return None
        if not code and self.item.unit:
            self._unit("it is empty")
            return None
        found = factor(source, target, mass)
        if found is None:
            self._unit(f"{code} ({source.words}) does not convert into {target.code} ({target.words})")
        elif self.test.units and not self._accepted(source):
            self._unit(f"{code} is not declared for this test")
            return None
        return found

    def _unit(self, sentence: str) -> None:
        taken = dict.fromkeys([self.item.unit or "no unit", *self.test.units])
        trouble = Trouble(self.line, "unit", f"{sentence}; {self.item.label} is taken in {', '.join(taken)}")
        if trouble not in self.troubles:
            self.troubles.append(trouble)

    def _accepted(self, source: Unit) -> bool:
        taken = [unit_of(code) for code in (self.item.unit, *self.test.units)]
        return any((one.factor, one.dimension) == (source.factor, source.dimension) for one in taken)

    def _converted(self, number: str) -> str | None:
        times = self._factor()
        if times is None:
            return None
        value = Decimal(number)
        if times == 1:
            return f"{value:f}"
        text, rounded = in_decimals(Fraction(value) * times, value, self._step())
        self.rounded = self.rounded or rounded
        return text

    def _step(self) -> Decimal | None:
        return self.item.step or (Decimal(1) if self.item.type is ItemType.INTEGER else None)

    def _limit(self, column: str) -> Fraction | None:
        parsed = self._parsed(column)
        times = self._factor() if parsed else None
        return None if parsed is None or times is None else Fraction(parsed[1]) * times


def in_decimals(value: Fraction, reported: Decimal, step: Decimal | None) -> tuple[str, bool]:
    """A converted number as decimal text, and whether it was rounded (half to even): to the item's step, else only
    where it has no end in decimals or more than fifteen digits."""
    if step:
        whole = round(value / Fraction(step))
        return f"{whole * step:f}", whole * Fraction(step) != value
    wide = Context(prec=40)
    exact = wide.divide(Decimal(value.numerator), Decimal(value.denominator))
    if Fraction(exact) == value and len(exact.as_tuple().digits) <= 15:
        return f"{exact.normalize(wide):f}", False
    digits = max(6, len(reported.as_tuple().digits) + MORE_DIGITS)
    context = Context(prec=digits, rounding=ROUND_HALF_EVEN)
    short = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    return f"{short.normalize(wide):f}", True


def _not_a_number(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        return f"a number of {len(text)} characters is a slip; at most {LONGEST_NUMBER} are read"
    if VALUE.fullmatch(text.replace(",", ".")):
        return f"'{text}' has a decimal comma; write {text.replace(',', '.')}"
    if text[:1] in "≤≥" or text[:2] in ("<=", ">="):
        return f"'{text}': a value beyond a limit is written with < or > alone"
    return f"'{text}' is not a number; write 12.3, <1.2 or >500"
