"""What the edit checks of a page ask of the declared measures: whether the participant has deteriorated.

The same rule as in the analysis, on the pages as they stand while one of them is saved. One participant's few numbers
are compared as they are; the arrays of the analysis are loaded and asked only where another measure is an input.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from trialwright.capture import FormRules
from trialwright.capture.values import as_number
from trialwright.conduct.desk import Desk
from trialwright.conduct.protocol import Protocol
from trialwright.design.derivations import STRICTNESS, baseline
from trialwright.ledger.replay import Participant
from trialwright.ledger.snapshot import Snapshot
from trialwright.measures.deterioration_rule import Rule, confirmed, declared_rule, deteriorated

Known = Mapping[str, Any]
Numbers = dict[str, Decimal | int | None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One measure that checks ask for. `start`: its baseline. `places`: the form and item of each of its inputs."""

    name: str
    start: str
    rule: Rule
    places: Mapping[str, tuple[str, str]]
    forms: tuple[str, ...]
    by_arrays: bool


@lru_cache(maxsize=64)
def _asked(protocol: Protocol, name: str) -> _Asked:
    derivations = protocol.definition.derivations
    derivation = derivations[name]
    cut = {measure: source.partition(".") for measure, source in derivation.inputs.items()}
    places = {measure: (form, item) for measure, (form, _, item) in cut.items()}
    return _Asked(
        name,
        baseline(protocol.definition, derivation),
        declared_rule(derivation.options),
        places,
        tuple(sorted({form for form, _ in places.values()})),
        any(source in derivations for source in derivation.inputs.values()),
    )


def deteriorations(
    desk: Desk, protocol: Protocol, person: Participant, rules: FormRules, visit: str, known: Known
) -> dict[str, bool | None]:
    """Each measure that the checks of the page ask for: whether it is so at this visit, None where not known. `known`
    are the values of the page that is being saved."""
    found = {}
    for name in rules.measures:
        asked = _asked(protocol, name)
        how = _by_arrays if asked.by_arrays else _by_hand
        found[name] = how(desk, protocol, person, rules, visit, known, asked)
    return found


def _by_hand(
    desk: Desk, protocol: Protocol, person: Participant, rules: FormRules, visit: str, known: Known, asked: _Asked
) -> bool | None:
    position = protocol.position
    if position.get(visit, len(position)) <= position[asked.start]:
        return None
    first = _kept(desk, protocol, person, asked, asked.start)
    here = _of_page(rules, asked, known) | _values(protocol, person, asked, visit, rules.name)
    now = deteriorated(asked.rule, first, here)
    if now is False:
        return False
    for earlier in _before(protocol, visit, asked.start):
        values = _kept(desk, protocol, person, asked, earlier)
        if any(value is not None for value in values.values()):
            return confirmed([deteriorated(asked.rule, first, values), now])
    return confirmed([now])


def _kept(desk: Desk, protocol: Protocol, person: Participant, asked: _Asked, visit: str) -> Numbers:
    """What the pages of an earlier visit say of the inputs, read once as long as they stand."""
    pages = (person.pages.get((visit, form, "")) for form in asked.forms)
    number = sum(page.number for page in pages if page is not None)
    key = (person.id, visit, asked.name)
    held = desk.earlier.get(key)
    if held is None or held[0] != number:
        held = desk.earlier[key] = (number, _values(protocol, person, asked, visit))
    return held[1]


def _before(protocol: Protocol, visit: str, start: str) -> Iterator[str]:
    """The planned visits between the baseline and this one, the nearest first; before an unscheduled one all."""
    last = protocol.position.get(visit, len(protocol.visits))
    return reversed(protocol.visits[protocol.position[start] + 1 : last])


def _of_page(rules: FormRules, asked: _Asked, known: Known) -> Numbers:
    """What the page that is being saved says of the inputs."""
    return {name: as_number(known.get(item)) for name, (form, item) in asked.places.items() if form == rules.name}


def _values(protocol: Protocol, person: Participant, asked: _Asked, visit: str, without: str = "") -> Numbers:
    """What the kept pages of a visit say of the inputs, but for one form."""
    found: Numbers = {}
    for name in asked.rule.measures:
        form, item = asked.places[name]
        if form != without:
            page = person.pages.get((visit, form, ""))
            found[name] = None if page is None else as_number(protocol.form(form).value(page.items, item, visit))
    return found


def _by_arrays(
    desk: Desk, protocol: Protocol, person: Participant, rules: FormRules, visit: str, known: Known, asked: _Asked
) -> bool | None:
    from trialwright.analysis.observations import Observations
    from trialwright.analysis.scores import scores

    pages = {(person.id, visit, rules.name): known}
    # Who reads the form reads the query: days and deaths come from pages that they may see, as the inputs do.
    sees = frozenset(STRICTNESS[: STRICTNESS.index(rules.form.blinding) + 1])
    seen = Observations(protocol.definition, Snapshot(desk.state, desk.ledger.head()), {}, pages, sees)
    value = scores(seen, asked.name, [person.id], [visit]).values[0, 0]
    return None if value != value else bool(value > 0)
