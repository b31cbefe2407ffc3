"""Reads a ledger after randomisation under fire and says in sentences what is not as it must be; empty is the proof."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tests.plugins.randomising import Answer

from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact

Listed = Mapping[tuple[str, int], str]
"""(stratum, position) -> label, as the list was drawn up."""


def faults(facts: Sequence[Fact], answers: Sequence[Answer], listed: Listed | None = None) -> list[str]:
    """Doubled, lost and out-of-order draws, from the facts alone. `listed` is left out where no list was drawn up."""
    drawn = [fact for fact in facts if fact.kind == kinds.ALLOCATION_DRAWN]
    return [*_doubled(drawn), *_lost(facts, drawn, answers), *_out_of_order(drawn, listed)]


def _doubled(drawn: Sequence[Fact]) -> list[str]:
    found = []
    for what, values in (
        ("participant", [fact.participant for fact in drawn]),
        ("label", [_said(fact, "label") for fact in drawn]),
        ("request", [_said(fact, "request") for fact in drawn if _said(fact, "request")]),
        ("place", [f"{_said(fact, 'stratum')} {_said(fact, 'position')}" for fact in drawn]),
    ):
        found += [
            f"double: {what} {value} was drawn {times} times" for value, times in Counter(values).items() if times > 1
        ]
    return found


def _lost(facts: Sequence[Fact], drawn: Sequence[Fact], answers: Sequence[Answer]) -> list[str]:
    """Every answer names a fact that is there as it was said, and every request has one answer for ever."""
    found = []
    for answer in answers:
        if not answer.number:
            continue
        fact = facts[answer.number - 1] if answer.number <= len(facts) else None
        said = (answer.number, answer.seal, answer.participant, answer.key, answer.label)
        kept = fact and (fact.number, fact.seal, fact.participant, _said(fact, "request"), _said(fact, "label"))
        if said != kept:
            found.append(f"lost: {said} was acknowledged, and the ledger has {kept}")
    refused = {answer.participant for answer in answers if answer.said == "randomised"}
    there = {fact.participant for fact in drawn}
    found += [f"lost: {participant} was said to be randomised and is not" for participant in sorted(refused - there)]
    return found


def _out_of_order(drawn: Sequence[Fact], listed: Listed | None) -> list[str]:
    found, reached = [], Counter[str]()
    for fact in drawn:
        stratum, position = _said(fact, "stratum"), int(_said(fact, "position"))
        reached[stratum] += 1
        if position != reached[stratum]:
            found.append(
                f"out of order: fact {fact.number} drew place {position} of {stratum} as number {reached[stratum]}"
            )
        elif listed is not None and listed.get((stratum, position)) != _said(fact, "label"):
            found.append(
                f"out of order: fact {fact.number} drew a label that is not that of place {position} of {stratum}"
            )
    return found


def unanswered(participants: Iterable[str], answers: Sequence[Answer]) -> list[str]:
    """Who was asked for and has neither a draw nor the refusal of an exhausted list or of a full trial."""
    settled = {answer.participant for answer in answers if answer.said in ("done", "exhausted", "full")}
    return sorted(set(participants) - settled)


def _said(fact: Fact, name: str) -> str:
    return str((fact.payload or {}).get(name) or "")
