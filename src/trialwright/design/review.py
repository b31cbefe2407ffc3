"""Reviews a definition: what is wrong with it, what is doubtful, what it assumes, and what nobody will fill or can
compute yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trialwright.design.catalogue import Catalogue
from trialwright.design.findings import Findings
from trialwright.design.form_instruments import review_form_instruments
from trialwright.design.forms import items
from trialwright.design.instrument_measures import instrument_of
from trialwright.design.model import Definition, Provenance, SourceStatus
from trialwright.design.problems import Problem, in_order
from trialwright.design.references import review_references
from trialwright.design.review_expressions import review_expressions
from trialwright.design.review_forms import review_forms
from trialwright.design.review_kits import review_kits
from trialwright.design.review_laboratory import review_laboratory
from trialwright.design.review_reach import review_reach
from trialwright.design.review_statistics import review_statistics, unfed
from trialwright.design.review_supply import review_supply
from trialwright.design.tree import Node, name_of

NEEDS_NO_SOURCE = frozenset({"trialwright", "id", "version", "dated", "sources", "provenance"})


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Something that the sources leave open and the definition decided; `path` is where."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """What a review found. `problems` holds errors and warnings with their places; the other lists say the same by
    kind."""

    problems: tuple[Problem, ...]
    assumptions: tuple[Provenance, ...]
    ambiguities: tuple[Ambiguity, ...]
    unfed_endpoints: tuple[str, ...]
    idle_items: tuple[str, ...]
    missing_methods: tuple[str, ...]


def review(definition: Definition, root: Node, catalogue: Catalogue = Catalogue.EMPTY) -> Review:
    """The review of a definition, with places from the tree it was read from."""
    found = Findings(root)
    review_references(definition, found)
    review_forms(definition, found)
    review_form_instruments(definition, catalogue.instruments, found)
    review_supply(definition, found)
    review_kits(definition, found)
    review_laboratory(definition, found)
    review_statistics(definition, catalogue, found)
    review_expressions(definition, found)
    review_reach(definition, found)
    starved = list(unfed(definition))
    for name, why in starved:
        found.warn(("endpoints", name), why, "schedule the form there, or change `at`", at_key=True)
    idle = idle_forms(definition)
    for name in idle:
        count = len(items(definition, name))
        said = f"the form '{name}' ({count} {'item' if count == 1 else 'items'}) is on no visit"
        found.warn(("forms", name), said, "add it to the schedule", at_key=True)
    _unused(definition, found)
    for path in unsourced(root):
        found.warn(path, "no source is named for this", "add `src:` here or above", at_key=True)
    return Review(
        in_order(found.problems),
        assumptions(definition),
        ambiguities(definition),
        tuple(dict.fromkeys(name for name, _ in starved)),
        tuple(f"{name}.{item}" for name in idle for item in items(definition, name)),
        missing_methods(definition, catalogue),
    )


def assumptions(definition: Definition) -> tuple[Provenance, ...]:
    """What rests on a source that is only assumed, in the order of the file."""
    return tuple(one for one in definition.provenance if _status(definition, one) is SourceStatus.ASSUMED)


def _status(definition: Definition, provenance: Provenance) -> SourceStatus | None:
    source = definition.sources.get(provenance.source)
    return source.status if source is not None else None


def ambiguities(definition: Definition) -> tuple[Ambiguity, ...]:
    """What the definition says that its sources leave open."""
    general = [Ambiguity("ambiguities", text) for text in definition.ambiguities]
    criteria = [Ambiguity(f"eligibility.{one.id}", one.ambiguity) for one in definition.eligibility if one.ambiguity]
    return tuple(general + criteria)


def idle_forms(definition: Definition) -> list[str]:
    """Forms that are on no visit and no log in the schedule."""
    return [name for name in definition.forms if name not in definition.schedule]


def missing_methods(definition: Definition, catalogue: Catalogue) -> tuple[str, ...]:
    """The methods that the definition names and the catalogue lacks, each once."""
    named = [
        (catalogue.randomisation, [definition.randomisation.method]),
        (catalogue.measures, [*_unscored(definition, catalogue)]),
        (catalogue.analyses, [one.method for one in definition.analyses.values()]),
    ]
    return tuple(
        dict.fromkeys(
            method for known, methods in named if known is not None for method in methods if method not in known
        )
    )


def _unscored(definition: Definition, catalogue: Catalogue) -> Iterator[str]:
    """The methods of the derivations that score no instrument."""
    for one in definition.derivations.values():
        if instrument_of(definition, one.method, catalogue.instruments or {}) is None:
            yield one.method


def unsourced(root: Node) -> Iterator[tuple[str, ...]]:
    """The shallowest paths below which no value has a source."""
    if isinstance(root.value, dict):
        for key, node in root.value.items():
            if key not in NEEDS_NO_SOURCE:
                yield from _unsourced(node, (key,))


def _unsourced(node: Node, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if node.sourced == "whole":
        return
    if node.sourced == "none" or not isinstance(node.value, dict | list):
        yield path
    elif isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from _unsourced(child, (*path, key))
    else:
        for index, child in enumerate(node.value):
            yield from _unsourced(child, (*path, name_of(child) or index))  # type: ignore[arg-type]


def _unused(definition: Definition, found: Findings) -> None:
    used = {
        item.codes
        for form in definition.forms.values()
        for item in [*form.items, *(i for g in form.groups for i in g.items)]
    }
    for name in definition.codelists:
        if name not in used:
            found.warn(
                ("codelists", name),
                f"no item uses the code list '{name}'",
                "remove it, or name it in `codes`",
                at_key=True,
            )
    cited = {one.source for one in definition.provenance}
    for name in definition.sources:
        if name not in cited:
            found.warn(
                ("sources", name), f"nothing cites the source '{name}'", "remove it, or cite it by `src:`", at_key=True
            )
    for number, epoch in enumerate(definition.epochs):
        if all(visit.epoch != epoch for visit in definition.visits.values()):
            found.warn(("epochs", number), f"no visit is in the epoch '{epoch}'")
