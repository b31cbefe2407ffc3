"""What is sealed, and for whom: the same words whatever the values are, for every reader."""

from trialwright.analysis.sealed import READ_BY, sealed_items
from trialwright.design.model import Definition
from trialwright.ledger.snapshot import Snapshot
from trialwright.report.content import Cell, Section, Table
from trialwright.report.words import say


def sealed_section(definition: Definition, snapshot: Snapshot) -> Section | None:
    """The items that are sealed on arrival and who may open them when; None where the definition seals none."""
    items = sealed_items(definition)
    if not items:
        return None
    if snapshot.opened is None:
        words = (
            "These values could tell the treatment, so they were sealed the moment they were entered. Nothing in this "
            "report rests on them. After the final lock and the planned unblinding they are opened for the analysis "
            "with the key of {who}."
        )
    else:
        words = (
            "These values could tell the treatment, so they were sealed the moment they were entered. They were opened "
            "for this report after the final lock and the planned unblinding, with the key of {who}."
        )
    forms = definition.forms
    rows: list[list[Cell]] = [[forms[name.partition(".")[0]].label, label] for name, label in items.items()]
    table = Table("sealed-items", "Sealed items", ["Form", "Item"], rows)
    return Section("sealed", "Sealed values", [say(words, "note", who=READ_BY), table])
