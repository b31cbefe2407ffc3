"""What the edit checks of a page ask of the declared measures: whether the participant has deteriorated.

The same rule as in the analysis, on the pages as they stand while one of them is saved. One participant's few numbers
are compared as they are; only where another measure is among the inputs are the arrays of the analysis asked.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from trialwright.analysis.derived.source import as_number
from trialwright.analysis.derived.way import baseline
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import scores
from trialwright.capture import FormRules
from trialwright.conduct.desk import Desk
from trialwright.conduct.protocol import Protocol
from trialwright.design.derivations import STRICTNESS
from trialwright.design.model import Derivation
from trialwright.ledger.replay import Participant
from trialwright.ledger.snapshot import Snapshot
from trialwright.measures.deterioration import Rule, confirmed, declared_rule, deteriorated

Known = Mapping[str, Any]


def deteriorations(
    desk: Desk, protocol: Protocol, person: Participant, rules: FormRules, visit: str, known: Known
) -> dict[str, bool | None]:
    """Each measure that the checks of the page ask for: whether it is so at this visit, None where not known. `known`
    are the values of the page that is being saved."""
    derivations = protocol.definition.derivations
    found = {}
    for name in rules.measures:
        inputs = derivations[name].inputs.values()
        by_arrays = any(source in derivations for source in inputs)
        how = _by_arrays if by_arrays else _by_hand
        found[name] = how(desk, protocol, person, rules, visit, known, name)
    return found


def _by_hand(
    desk: Desk, protocol: Protocol, person: Participant, rules: FormRules, visit: str, known: Known, name: str
) -> bool | None:
    derivation = protocol.definition.derivations[name]
    kept = partial(_kept, desk, protocol, person, name)
    rule, start = declared_rule(derivation.options), baseline(protocol.definition, derivation)
    position = protocol.position
    if position.get(visit, len(position)) <= position[start]:
        return None
    first = kept(start)
    here = _of_page(rules, derivation, known) | _values(protocol, person, derivation, rule, visit, rules.name)
    now = deteriorated(rule, first, here)
    if now is False:
        return False
    for earlier in _before(protocol, visit, start):
        values = kept(earlier)
        if any(value is not None for value in values.values()):
            return confirmed([deteriorated(rule, first, values), now])
    return confirmed([now])


def _kept(desk: Desk, protocol: Protocol, person: Participant, name: str, visit: str) -> dict[str, Any]:
    """What the pages of an earlier visit say of the inputs, read once as long as they stand."""
    derivation = protocol.definition.derivations[name]
    forms = {source.partition(".")[0] for source in derivation.inputs.values()}
    pages = (person.pages.get((visit, form, "")) for form in forms)
    number = sum(page.number for page in pages if page is not None)
    key = (person.id, visit, name)
    held = desk.earlier.get(key)
    if held is None or held[0] != number:
        rule = declared_rule(derivation.options)
        held = desk.earlier[key] = (number, _values(protocol, person, derivation, rule, visit))
    return held[1]


def _before(protocol: Protocol, visit: str, start: str) -> Iterator[str]:
    """The planned visits between the baseline and this one, the nearest first; before an unscheduled one all."""
    last = protocol.position.get(visit, len(protocol.visits))
    return reversed(protocol.visits[protocol.position[start] + 1 : last])


def _of_page(rules: FormRules, derivation: Derivation, known: Known) -> dict[str, Any]:
    """What the page that is being saved says of the inputs."""
    of_form = {name: source.partition(".") for name, source in derivation.inputs.items()}
    return {name: as_number(known.get(item)) for name, (form, _, item) in of_form.items() if form == rules.name}


def _values(
    protocol: Protocol, person: Participant, derivation: Derivation, rule: Rule, visit: str, without: str = ""
) -> dict[str, Any]:
    """What the kept pages of a visit say of the inputs, but for one form."""
    found: dict[str, Any] = {}
    for name in rule.measures:
        form, _, item = derivation.inputs[name].partition(".")
        if form != without:
            page = person.pages.get((visit, form, ""))
            found[name] = None if page is None else as_number(protocol.form(form).value(page.items, item, visit))
    return found


def _by_arrays(
    desk: Desk, protocol: Protocol, person: Participant, rules: FormRules, visit: str, known: Known, name: str
) -> bool | None:
    pages = {(person.id, visit, rules.name): known}
    # Who reads the form reads the query: days and deaths come from pages that they may see, as the inputs do.
    sees = frozenset(STRICTNESS[: STRICTNESS.index(rules.form.blinding) + 1])
    seen = Observations(protocol.definition, Snapshot(desk.state, desk.ledger.head()), {}, pages, sees)
    value = scores(seen, name, [person.id], [visit]).values[0, 0]
    return None if value != value else bool(value > 0)
