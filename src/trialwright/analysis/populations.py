"""Who belongs to which population: the definition's own conditions on what the ledger says of each person."""

from collections.abc import Callable
from typing import Any

from trialwright import design, logic
from trialwright.analysis.observations import Observations
from trialwright.design.forms import kept
from trialwright.design.model import Definition, ItemType

Condition = Callable[..., Any]


def populations(seen: Observations) -> dict[str, tuple[str, ...]]:
    """Population -> the ids of its members, in the order of consent. Only a condition that is true makes a member."""
    conditions = _conditions(seen.definition)
    treatment = treatment_form(seen.definition)
    members: dict[str, list[str]] = {name: [] for name in seen.definition.populations}
    for participant in seen.participants:
        known = facts(seen, participant, treatment)
        for name, condition in conditions:
            if condition(known) is True:
                members[name].append(participant)
    return {name: tuple(ids) for name, ids in members.items()}


def facts(seen: Observations, participant: str, treatment: str | None) -> dict[str, Any]:
    """What a population's condition may ask of one participant (`design.population_scope`)."""
    person = seen.participants[participant]
    return {
        "randomised": person.allocation is not None,
        "courses": courses(seen, participant, treatment),
        "completed": person.completed is not None,
        "major_deviation": any(row.get("major") is True for row in seen.rows(participant, "deviation")),
        "in_error": person.in_error is not None,
    }


def courses(seen: Observations, participant: str, treatment: str | None) -> int:
    """How many visits have at least one row of the treatment form with something on it."""
    pages = seen.participants[participant].pages.items()
    return len({visit for (visit, form, _), page in pages if form == treatment and any(page.items.values())})


def treatment_form(definition: Definition) -> str | None:
    """The form on which the study treatment is given: the one with a slot label."""
    forms = definition.forms.items()
    return next((name for name, form in forms if any(item.type is ItemType.SLOT_LABEL for item in form.items)), None)


@kept
def _conditions(definition: Definition) -> tuple[tuple[str, Condition], ...]:
    """The conditions, compiled once for a definition; a population that names another one unfolds it."""
    scope = design.population_scope(definition)
    return tuple(
        (name, logic.compile(logic.check(logic.condition(population.where), scope, expected="boolean")))
        for name, population in definition.populations.items()
    )
