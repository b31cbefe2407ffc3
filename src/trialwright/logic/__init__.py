"""One small typed language: expressions, units, three-valued truth, explanations.

Written as text or as a structure, checked against a scope, compiled to closures, explained on demand. Nothing is
executed as Python. The language is described in docs/explanation/logic.md.
"""

from trialwright.logic.calendar import partial_date
from trialwright.logic.check import check
from trialwright.logic.compile import compile, evaluate
from trialwright.logic.english import english, names
from trialwright.logic.explain import Explanation, explain, shown
from trialwright.logic.missing import Need, missing_facts
from trialwright.logic.parse import parse
from trialwright.logic.places import LogicError, LogicErrors, Place, did_you_mean
from trialwright.logic.plain import PLAIN
from trialwright.logic.structure import condition
from trialwright.logic.syntax import Expression, show
from trialwright.logic.truth import NONE_KNOWN, NOT_APPLICABLE, UNKNOWN, Absent, Between
from trialwright.logic.typed import Typed
from trialwright.logic.types import Field, Scope, Type, scope
from trialwright.logic.units import Unit, UnitError, conversion, unit
from trialwright.logic.values import Context, Quantity, number, read_value

__all__ = [
    "NONE_KNOWN",
    "NOT_APPLICABLE",
    "PLAIN",
    "UNKNOWN",
    "Absent",
    "Between",
    "Context",
    "Explanation",
    "Expression",
    "Field",
    "LogicError",
    "LogicErrors",
    "Need",
    "Place",
    "Quantity",
    "Scope",
    "Type",
    "Typed",
    "Unit",
    "UnitError",
    "check",
    "compile",
    "condition",
    "conversion",
    "did_you_mean",
    "english",
    "evaluate",
    "explain",
    "missing_facts",
    "names",
    "number",
    "parse",
    "partial_date",
    "read_value",
    "scope",
    "show",
    "shown",
    "unit",
]
