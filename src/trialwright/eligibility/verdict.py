"""The verdict on a person: per criterion and overall, with the reason, what is missing and who must judge.

A criterion passes where an inclusion is true or an exclusion is false, and where it does not apply. What is unknown
is never taken for either: it needs data, or a judgement by a person. A judgement is asked only where facts alone can
no longer settle the criterion.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from trialwright import logic
from trialwright.eligibility.criteria import Checked, Prepared
from trialwright.logic import NOT_APPLICABLE, UNKNOWN, Context, Explanation, Need, Typed
from trialwright.logic.missing import Needs, Where, alternatives, needed

_JUDGED_FACT = re.compile(r"(?P<list>\w+)\[(?P<key>[^\]]*)\]\.(?P<field>\w+)")


class Outcome(StrEnum):
    """The verdict on a person."""

    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not eligible"
    NEEDS_DATA = "needs data"
    NEEDS_JUDGEMENT = "needs judgement"


class State(StrEnum):
    """How one criterion stands."""

    PASSES = "passes"
    FAILS = "fails"
    NEEDS_DATA = "needs data"
    NEEDS_JUDGEMENT = "needs judgement"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A question answered by a named person. `about` is the id of the criterion or node that asks, `item` the row
    where it is asked per row.
    """

    about: str
    by: str
    answer: bool
    why: str
    item: str | None = None

    @property
    def key(self) -> str:
        return self.about if self.item is None else f"{self.about}[{self.item}]"


@dataclass(frozen=True, slots=True)
class CriterionVerdict:
    """How one criterion stands, and what it would take to pass."""

    criterion: Checked
    state: State
    missing: tuple[str, ...] = ()
    needed_judgements: tuple[Need, ...] = ()
    where: Where = field(default_factory=lambda: Where({}, Context()), repr=False, compare=False)

    @property
    def id(self) -> str:
        return self.criterion.id

    @property
    def explanation(self) -> Explanation:
        """The tree of reasons, made when it is asked for."""
        asked: Typed = self.criterion.condition
        if self.state is State.NOT_APPLICABLE and self.criterion.not_applicable is not None:
            asked = self.criterion.not_applicable
        return logic.explain(asked, self.where.environment, self.where.context)

    def lines(self, why: bool = True) -> list[str]:
        """For people: the criterion, how it stands, and the tree of reasons where it does not simply pass."""
        one = self.criterion
        first = f"{one.id} {one.kind} - {self.state.value}: {one.text}"
        out = [first]
        if self.missing:
            out.append(f"    still needed: {', '.join(self.missing)}")
        out += [f"    to be judged by the {need.by}: {need.question} [{need.name}]" for need in self.needed_judgements]
        if why and self.state is not State.PASSES:
            out += [f"    {line}" for line in self.explanation.lines()]
            if one.ambiguity:
                out.append(f"    ambiguous: {one.ambiguity.strip()}")
        return out

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        one = self.criterion
        out: dict[str, Any] = {"id": one.id, "kind": one.kind, "text": one.text, "state": self.state.value}
        out["missing"] = list(self.missing)
        out["judgements"] = [
            {"id": need.name, "question": need.question, "by": need.by} for need in self.needed_judgements
        ]
        out["why"] = self.explanation.as_dict()
        if one.ambiguity:
            out["ambiguity"] = one.ambiguity
        return out


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict overall and per criterion, with the shortest list of missing facts and the judgements still to be
    made.
    """

    overall: Outcome
    criteria: tuple[CriterionVerdict, ...]
    missing: tuple[str, ...] = ()
    needed_judgements: tuple[Need, ...] = ()
    judgements: tuple[Judgement, ...] = ()

    @property
    def missing_names(self) -> tuple[str, ...]:
        return self.missing

    def __getitem__(self, identifier: str) -> CriterionVerdict:
        """The verdict on one criterion; raises KeyError."""
        for one in self.criteria:
            if one.id == identifier:
                return one
        raise KeyError(identifier)

    def lines(self, why: bool = True) -> list[str]:
        """For people: the verdict first, then what is needed, then criterion by criterion."""
        out = [f"Verdict: {self.overall.value}"]
        failed = [one.id for one in self.criteria if one.state is State.FAILS]
        if failed:
            out.append(f"Because of: {', '.join(failed)}")
        if self.missing:
            out.append(f"Still needed: {', '.join(self.missing)}")
        out += [f"To be judged by the {need.by}: {need.question} [{need.name}]" for need in self.needed_judgements]
        out += [
            f"Judged by {one.by}: {one.key} - {'yes' if one.answer else 'no'} ({one.why})" for one in self.judgements
        ]
        for one in self.criteria:
            out += one.lines(why)
        return out

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "verdict": self.overall.value,
            "missing": list(self.missing),
            "judgements_needed": [
                {"id": need.name, "question": need.question, "by": need.by} for need in self.needed_judgements
            ],
            "judgements_made": [
                {"id": one.key, "by": one.by, "answer": one.answer, "why": one.why} for one in self.judgements
            ],
            "criteria": [one.as_dict() for one in self.criteria],
        }


def verdict(
    criteria: Prepared,
    facts: Mapping[str, Any],
    context: Context,
    judgements: Iterable[Judgement] = (),
) -> Verdict:
    """The verdict on the facts known so far; a fact that is absent is unknown.

    `criteria` as `prepare` gives them; `context` holds the date of screening, on which every window hangs; a
    judgement counts for the node, and the row, that its key names.
    """
    made = tuple(judgements)
    answers = {**context.judgements, **{one.key: one.answer for one in made}}
    where = Where(_with_judged(facts, made), replace(context, judgements=answers))
    found = [_stand(criterion, where) for criterion in criteria.criteria]
    chosen = _choose([ways for _, ways in found])
    verdicts = tuple(
        _criterion(criterion, state, needs, where)
        for criterion, (state, _), needs in zip(criteria.criteria, found, chosen, strict=True)
    )
    needs = frozenset[Need]().union(*chosen)
    return Verdict(_overall(one.state for one in verdicts), verdicts, _facts(needs), _judgements(needs), made)


def _with_judged(facts: Mapping[str, Any], made: tuple[Judgement, ...]) -> Mapping[str, Any]:
    """The facts, with those that are judgements (`prior_tx[1].no_response`) filled in where somebody has judged."""
    judged = [(match, one.answer) for one in made if (match := _JUDGED_FACT.fullmatch(one.about))]
    if not judged:
        return facts
    out = dict(facts)
    for match, answer in judged:
        rows = out.get(match["list"])
        if isinstance(rows, (list, tuple)):
            out[match["list"]] = tuple(
                {**row, match["field"]: answer} if str(row.get("key", position)) == match["key"] else row
                for position, row in enumerate(rows, 1)
            )
    return out


def _stand(criterion: Checked, where: Where) -> tuple[State, list[Needs]]:
    """How a criterion stands, and the sets of needs each of which can make it pass."""
    wanted = criterion.inclusion
    aside = criterion.not_applicable
    set_aside = False if aside is None else where.value(aside)
    if set_aside is True:
        return State.NOT_APPLICABLE, []
    truth = where.value(criterion.condition)
    if truth is wanted:
        return State.PASSES, []
    if truth is NOT_APPLICABLE:
        return State.NOT_APPLICABLE, []
    ways = [] if aside is None or set_aside is not UNKNOWN else alternatives(aside, True, where)
    if truth is UNKNOWN:
        ways = ways + (alternatives(criterion.condition, wanted, where) or [needed(criterion.condition, where)])
    if not ways:
        return State.FAILS, []
    best = min(ways, key=_cost)
    return (State.NEEDS_DATA if _facts(best) else State.NEEDS_JUDGEMENT), ways


def _cost(needs: Needs) -> tuple[int, int]:
    """A judgement is asked only where no facts alone would do; then the shortest list, among equals the first
    written.
    """
    return len(_judgements(needs)), len(needs)


def _choose(groups: list[list[Needs]]) -> list[Needs]:
    """One way for each criterion, such that together they need little: those with fewest ways choose first."""
    nothing: Needs = frozenset()
    chosen = [nothing] * len(groups)
    taken = nothing
    waiting = [position for position, ways in enumerate(groups) if ways]
    for position in sorted(waiting, key=lambda each: len(groups[each])):
        best = min(groups[position], key=lambda needs: (_cost(needs - taken), _cost(needs)))
        chosen[position] = best
        taken |= best
    return chosen


def _criterion(criterion: Checked, state: State, needs: Needs, where: Where) -> CriterionVerdict:
    # most criteria pass, and verdicts stand in rehearsals by the hundred thousand
    facts, judgements = (_facts(needs), _judgements(needs)) if needs else ((), ())
    return CriterionVerdict(criterion, state, facts, judgements, where)


def _facts(needs: Iterable[Need]) -> tuple[str, ...]:
    return tuple(sorted(need.name for need in needs if need.kind == "fact"))


def _judgements(needs: Iterable[Need]) -> tuple[Need, ...]:
    return tuple(sorted(need for need in needs if need.kind == "judgement"))


def _overall(states: Iterable[State]) -> Outcome:
    found = set(states)
    if State.FAILS in found:
        return Outcome.NOT_ELIGIBLE
    if State.NEEDS_DATA in found:
        return Outcome.NEEDS_DATA
    return Outcome.NEEDS_JUDGEMENT if State.NEEDS_JUDGEMENT in found else Outcome.ELIGIBLE
