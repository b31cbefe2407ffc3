"""Take in a laboratory's file: its results become facts through the same permissions and edit checks as entered ones.

All of its open rows or none, unless somebody asks for the sound ones alone. What is not known to be open is sealed
(`laboratory_sealed`) and plays no part in what is answered here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from trialwright.capture import Finding, laboratory_ranges, laboratory_samples
from trialwright.capture.laboratory import BadHeader, Parts, Trouble, folded, manifest_of, names_of, split
from trialwright.capture.laboratory_values import Given, Result
from trialwright.conduct.desk import Desk
from trialwright.conduct.laboratory_pages import Filled, PageOf, page_day, read_rows, same, stands
from trialwright.conduct.laboratory_sealed import keep_rest, sealed_rest
from trialwright.conduct.permissions import Person
from trialwright.conduct.query import ask_once
from trialwright.conduct.record import write_page
from trialwright.conduct.refusal import Refused
from trialwright.design.laboratory import LaboratoryPlan
from trialwright.design.laboratory_tests import item_of
from trialwright.design.model import CheckLevel, Definition
from trialwright.ledger import kinds
from trialwright.ledger.canonical import instant_text
from trialwright.ledger.fact import Fact

NEW, CORRECTED, THE_SAME, NOT_DONE = "new", "corrected", "the same", "not done"
ASKED = "not confirmed by the laboratory; a query asks"


@dataclass(frozen=True, slots=True)
class Taken:
    """One open result and what became of it. `value` is in the item's unit; `side` is L or H beyond the reference
    range; `notes` are what somebody should know."""

    row: int
    participant: str
    visit: str
    test: str
    sample: str
    value: str
    unit: str
    became: str
    side: str = ""
    times_upper: str = ""
    grade: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Imported:
    """What became of the open part of a file. `fact` is the number of the fact that keeps it, None where the file was
    taken in before; `repeated` are rows that stood there twice; `troubles` were left out (only where that was asked
    for); `missing` are the open tests that are expected at the visits of this file and still have no result."""

    fact: int | None = None
    before: int | None = None
    taken: list[Taken] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    queries: int = 0
    ignored: tuple[str, ...] = ()


def import_results(
    desk: Desk,
    *,
    content: bytes,
    by: Person,
    manifest: bytes | None = None,
    laboratory: str = "",
    partial: bool = False,
    chosen: Sequence[int] = (),
    again: bool = False,
    why: str = "",
) -> Imported:
    """Take in the CSV file of a laboratory.

    manifest: a CSV that says of which participant and visit each sample is. laboratory: whose file it is, where no
    column says so. partial: take the sound rows and list the rest. chosen: of results that contradict each other, the
    rows that are right. again: take in a file whose open results were all taken in before. why: the reason of
    corrections, where a row's `comment` gives none. Raises `Refused` with everything that is wrong with the open rows;
    then nothing is kept. What is sealed is neither answered nor refused.
    """
    with desk.act("import_results", by):
        desk.require_unlocked()
        definition = desk.protocol().definition
        plan = definition.laboratory
        if plan is None:
            raise Refused("The definition has no laboratory part (laboratory:); no file can be taken in.", "laboratory")
        others = [desk.protocol(version).definition for version in dict.fromkeys(desk.state.sites.values())]
        names = names_of(definition, plan, others)
        parts, given = _parts(content, manifest, laboratory, plan, lambda text: split(text, names))
        lines = [(line, names.open[folded(line["test"])]) for line in parts.open]
        found = read_rows(desk, definition, lines, given, desk.state.samples, chosen, "say which is right with --row")
        importing = _Importing(desk, definition, plan, by, why)
        importing.troubles = found.troubles
        for place, results in found.pages.items():
            importing.writes(place, results)
        troubles = sorted(importing.troubles, key=lambda one: one.line.row)
        if troubles and not partial:
            raise Refused("Nothing was taken in:", "values", tuple(map(str, troubles)))
        done = Imported(
            taken=sorted(importing.taken, key=lambda one: one.row),
            repeated=[
                f"{one.line.about} {'says the same again' if one.text else 'has no value, and another row has one'}"
                for one in found.repeated
            ],
            troubles=[*map(str, troubles)],
            missing=_missing(desk, definition, importing.taken),
            queries=importing.queries,
            ignored=parts.ignored,
        )
        done.before = desk.state.files.get(parts.digest) if parts.open and not importing.facts else None
        if done.before is not None and not again:
            return done
        samples = {**desk.state.samples, **found.samples}
        moment = instant_text(desk.clock.now())  # how long the rest takes would tell how much of it there is
        record = sealed_rest(desk, definition, content, parts.rest, names, given, samples, why)
        payload = {"digest": parts.digest, "results": importing.facts, "commitment": keep_rest(desk, record)}
        version = desk.state.version
        done.fact = desk.append(by, kinds.LABORATORY_IMPORTED, payload, version, why=why or None, at=moment).number
        return done


def _missing(desk: Desk, definition: Definition, taken: Sequence[Taken]) -> list[str]:
    """Participant and visit with the open tests that are expected there and did not come, now or earlier."""
    lacking: dict[tuple[str, str], list[str]] = {}
    visits = {(one.participant, one.visit) for one in taken}
    for name in sorted({participant for participant, _ in visits}):
        person = desk.state.participants[name]
        for one in laboratory_samples.expected(definition, person, desk.today(person.site)):
            if (name, one.visit) in visits and one.status in (
                laboratory_samples.OUTSTANDING,
                laboratory_samples.AWAITED,
            ):
                lacking.setdefault((name, one.visit), []).append(one.test)
    return [f"{participant} at {visit}: {', '.join(tests)}" for (participant, visit), tests in lacking.items()]


def _parts(
    content: bytes, manifest: bytes | None, laboratory: str, plan: LaboratoryPlan, splits: Any
) -> tuple[Parts, Given]:
    """The file in its parts, and what need not stand in it; refused with everything that is wrong with headers."""
    wrong: list[str] = []
    listed, parts = None, Parts((), ())
    if laboratory and laboratory not in plan.laboratories:
        wrong.append(f"laboratory '{laboratory}' is not declared; declared are {', '.join(plan.laboratories)}")
    try:
        parts = splits(content)
    except BadHeader as bad:
        wrong += bad.sentences
    try:
        listed = manifest_of(manifest) if manifest is not None else None
    except BadHeader as bad:
        wrong += [f"manifest: {one}" if not one.startswith("manifest") else one for one in bad.sentences]
    if wrong:
        raise Refused("Nothing was taken in:", "values", tuple(wrong))
    return parts, Given(listed, laboratory)


class _Importing:
    """The open results of one file while they are written, page by page."""

    def __init__(self, desk: Desk, definition: Definition, plan: LaboratoryPlan, by: Person, why: str) -> None:
        self.desk, self.definition, self.plan, self.by, self.why = desk, definition, plan, by, why
        self.taken: list[Taken] = []
        self.troubles: list[Trouble] = []
        self.facts: list[dict[str, str]] = []
        self.queries = 0

    def writes(self, place: PageOf, results: Sequence[Filled]) -> None:
        """Write what is new on one page; a page that is refused is said of its first row."""
        participant, visit, form = place
        page = self.desk.state.participants[participant].pages.get((visit, form, ""))
        news = []
        for one in results:
            if same(page, one):
                self._took(one, THE_SAME)
            elif (old := stands(page, one)) and not self._reason(one):
                says = f"on the page {old}; a corrected result needs its reason: fill "
                self.troubles.append(Trouble(one.result.line, "comment", f"{says}`comment`, or give --why"))
            else:
                news.append((one, CORRECTED if old else NEW if one.items else NOT_DONE))
        if not news:
            return
        try:
            fact = self._write(place, [one for one, _ in news], page.number if page else None)
        except Refused as refused:
            line = news[0][0].result.line
            self.troubles += [Trouble(line, "", says) for says in refused.problems or (refused.sentence,)]
            return
        for one, became in news:
            self._took(one, became)
            self.facts.append(_provenance(one.result, form, one.names[0], fact))

    def _reason(self, one: Filled) -> str:
        return one.result.line["comment"] or self.why

    def _write(self, place: PageOf, results: Sequence[Filled], base: int | None) -> Fact:
        participant, visit, form = place
        asked: list[Finding] = []

        def settles(findings: Sequence[Finding]) -> Mapping[str, str]:
            """The laboratory's own words, else a query; nothing unusual passes without one of the two."""
            confirmed = {}
            for finding in findings:
                if finding.level is CheckLevel.WARN:
                    said = _said(results, finding)
                    confirmed[finding.about] = f"the laboratory: {said}" if said else ASKED
                    if not said:
                        asked.append(replace(finding, level=CheckLevel.QUERY))
            return confirmed

        reasons = dict.fromkeys(reason for one in results if (reason := self._reason(one)))
        before = len(self.desk.state.queries)
        fact = write_page(
            self.desk,
            participant,
            form,
            self.by,
            visit,
            items={name: text for one in results for name, text in one.items.items()},
            not_done={name: text for one in results for name, text in one.not_done.items()},
            on=page_day(self.definition, form, results) if base is None else None,
            base=base,
            why="; ".join(reasons) or None,
            settles=settles,
        )
        ask_once(self.desk, self.by, fact.version, fact, asked)
        self.queries += len(self.desk.state.queries) - before
        return fact

    def _took(self, one: Filled, became: str) -> None:
        result, test = one.result, self.plan.tests[one.result.test]
        value = Fraction(result.text) if result.text is not None else None
        times = laboratory_ranges.multiple(value, one.limits.high) if value is not None and test.multiples else None
        grade = laboratory_ranges.grade(times, test.grades) if not result.beyond else None
        person = self.desk.state.participants[result.participant]
        notes = [one.limits.says] if one.limits.says else []
        notes += [f"rounded when it was converted from {result.unit}"] if result.rounded else []
        if laboratory_samples.late(self.definition, result, self.desk.today(person.site)):
            notes.append(f"late: drawn on {result.taken}, reported on {result.reported or 'no stated day'}")
        side = one.limits.side(value) if value is not None else ""
        flag = result.line["flag"].upper()
        if flag in ("L", "H", "LL", "HH", "N") and value is not None and flag[0].replace("N", "") != side:
            notes.append(f"the laboratory flags it {flag}, the limits say {side or 'within'}")
        self.taken.append(
            Taken(
                result.line.row,
                result.participant,
                result.visit,
                result.test,
                result.sample,
                f"{result.beyond}{result.text}" if result.text is not None else "",
                item_of(self.definition, test).unit or "",
                became,
                side,
                two_decimals(times) if times is not None else "",
                grade,
                tuple(notes),
            )
        )


def _said(results: Sequence[Filled], finding: Finding) -> str:
    """The laboratory's words about what a finding is about: those of the result that fills its item, else of any."""
    own = [one.result.said for one in results if {finding.item, finding.about} & set(one.names)]
    every = own or [one.result.said for one in results]
    return next((said for said in every if said), "")


def two_decimals(times: Fraction) -> str:
    """A multiple with two decimals."""
    hundredths = round(times * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _provenance(one: Result, form: str, item: str, fact: Fact) -> dict[str, str]:
    """Where a value came from: which row of which file, which sample, which laboratory and run."""
    own = {name: one.line[name] for name in ("unit", "run", "quality", "source") if one.line[name]}
    return {
        "row": str(one.line.row),
        "participant": one.participant,
        "visit": one.visit,
        "form": form,
        "item": item,
        "test": one.test,
        "sample": one.sample,
        "laboratory": one.laboratory,
        "taken": one.taken.isoformat(),
        "reported": one.reported.isoformat() if one.reported else "",
        "fact": str(fact.number),
        **own,
    }
