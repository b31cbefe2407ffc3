"""One version of the definition made ready to act on: forms compiled, criteria prepared, visits in order."""

from collections.abc import Mapping
from datetime import time
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from trialwright import design, eligibility, logic
from trialwright.allocation.preparation import Plan, plan
from trialwright.capture import FormRules
from trialwright.conduct.refusal import Refused
from trialwright.design.model import Definition, Fact


class Protocol:
    """Made once per version and process and shared by every desk; read-only."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.visits = design.visit_order(definition)
        self.position = {visit: place for place, visit in enumerate(self.visits)}
        self.screening = self.visits[0]
        self.final_lock = definition.locks[-1].id
        self.unblinded = frozenset(definition.blinding.unblinded)
        self.zones = {name: ZoneInfo(site.zone) for name, site in definition.sites.items()}
        self._forms: dict[str, FormRules] = {}
        self.enterable: dict[tuple[str, str, str], FormRules] = {}
        """(form, visit, role) that `record` has found in order."""

    def closed_by(self, stage: str) -> list[str]:
        """The visits that a lock closes: the last one closes every page, an earlier one those up to its visit. Raises
        `Refused` for a stage that the definition does not declare."""
        declared = {lock.id: lock for lock in self.definition.locks}
        if stage not in declared:
            raise Refused(f"There is no lock '{stage}'; the definition declares {', '.join(declared)}.", "lock")
        if stage == self.final_lock:
            return list(self.definition.visits)
        return self.visits[: self.position[declared[stage].after] + 1]

    def form(self, name: str) -> FormRules:
        """The rules of a form."""
        rules = self._forms.get(name)
        if rules is None:
            rules = self._forms[name] = FormRules(self.definition, name)
        return rules

    @cached_property
    def scheduled(self) -> Mapping[str, frozenset[str]]:
        """Form -> the visits that it is planned at."""
        return {name: frozenset(scheduled.visits) for name, scheduled in self.definition.schedule.items()}

    @cached_property
    def strata_forms(self) -> frozenset[str]:
        """The forms that have an item on which a stratum rests."""
        return frozenset(factor.item.partition(".")[0] for factor in self.definition.randomisation.strata.values())

    @cached_property
    def preparation(self) -> Plan:
        """How a treatment is prepared, in numbers. Raises ValueError where the definition does not say."""
        return plan(self.definition)

    @cached_property
    def ready_hours(self) -> tuple[time, ...]:
        """The hours at which what was prepared becomes ready, in order; none where nothing is prepared."""
        supply = self.definition.supply
        return tuple(time.fromisoformat(hour) for hour in supply.ready_at) if supply is not None else ()

    @cached_property
    def fact_scope(self) -> logic.Scope:
        """What the criteria can name."""
        return design.fact_scope(self.definition)

    @cached_property
    def criteria(self) -> eligibility.Prepared:
        """The criteria, checked and compiled."""
        return eligibility.prepare(self.definition.eligibility, self.fact_scope)

    @cached_property
    def consent_facts(self) -> tuple[tuple[str, str], ...]:
        """Facts that a consent makes true: name and scope."""
        return tuple((name, fact.consent) for name, fact in self.definition.facts.items() if fact.consent is not None)

    @cached_property
    def item_facts(self) -> tuple[tuple[str, str, str], ...]:
        """Facts that a form's item holds: name, form and item."""
        bound = [(name, fact.item) for name, fact in self.definition.facts.items() if fact.item and fact.type != "list"]
        return tuple((name, form, item) for name, place in bound for form, _, item in [place.partition(".")])

    @cached_property
    def log_facts(self) -> tuple[tuple[str, str, Fact], ...]:
        """Facts that the rows of a log hold: name, form and declaration."""
        bound = [(name, fact) for name, fact in self.definition.facts.items() if fact.type == "list"]
        return tuple((name, fact.item, fact) for name, fact in bound if fact.item is not None)


@lru_cache(maxsize=16)
def from_canonical(text: str) -> Protocol:
    """The protocol of a definition that a ledger holds, from its canonical text."""
    return Protocol(design.from_canonical(text))
