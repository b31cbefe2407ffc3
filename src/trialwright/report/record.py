"""What stands behind the report: what was assumed, what stays ambiguous, and the seals and versions to check it by."""

from collections.abc import Mapping

from trialwright import design
from trialwright.design.model import Definition
from trialwright.ledger.snapshot import Snapshot
from trialwright.report.content import Cell, Listing, Section, Table
from trialwright.report.context import Context
from trialwright.report.words import count, literal, say


def assumptions_section(definition: Definition) -> Section:
    """Every value that no source confirms, with the reason for the one used."""
    assumed = design.assumptions(definition)
    rows: list[list[Cell]] = [[one.path, one.note or ""] for one in assumed]
    lead = say(
        "{n} values of the definition are assumed: no source that could be read confirms them.", n=count(len(assumed))
    )
    if not rows:
        return Section("assumptions", "Assumptions", [say("No value of the definition is assumed.", "note")])
    table = Table("assumed", "Assumed values", ["Where in the definition", "Why"], rows)
    return Section("assumptions", "Assumptions", [lead, table])


def ambiguities_section(definition: Definition) -> Section:
    """Where the sources can be read in more than one way, and how they are read here."""
    items = [literal(one.text) for one in design.ambiguities(definition)]
    return Section("ambiguities", "Ambiguities", [Listing(items, "The definition declares no ambiguity.")])


def provenance(definition: Definition, snapshot: Snapshot, context: Context, blinded: bool = False) -> dict[str, str]:
    """Name -> value of everything that this report can be checked by. A blinded one does not say how many facts there
    are: beside what it counts, that would tell how much is sealed."""
    return {
        "trial": definition.id,
        "definition version": definition.version,
        "definition hash (SHA-256)": design.fingerprint(definition),
        **({} if blinded else {"ledger head (number of facts)": str(snapshot.head.number)}),
        "ledger seal (SHA-256)": snapshot.head.seal,
        "snapshot hash (SHA-256)": snapshot.hash,
        **context.seals,
        **context.versions,
        **({"written at": context.written_at} if context.written_at else {}),
    }


def provenance_section(facts: Mapping[str, str]) -> Section:
    """The same facts again give the same hashes and, without a time of writing, the same report byte for byte."""
    rows: list[list[Cell]] = [[name[0].upper() + name[1:], literal(value)] for name, value in facts.items()]
    table = Table("seals", "Definition, ledger, snapshot and programs", ["", "Value"], rows)
    return Section("provenance", "How to check this report", [table])
