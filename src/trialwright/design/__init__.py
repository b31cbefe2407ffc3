"""What should happen: the definition of a trial as validated, frozen models; how it is read, reviewed, hashed and
compared."""

from trialwright.design.amend import Change, changes
from trialwright.design.calendar import anchor_visit, planned_window, visit_order
from trialwright.design.canonical import canonical, canonical_text, fingerprint, from_canonical, full_text
from trialwright.design.catalogue import Catalogue, Measure
from trialwright.design.forms import blinding_of, due_forms, items, nearest
from trialwright.design.model import Definition
from trialwright.design.problems import DefinitionErrors, Place, Problem
from trialwright.design.read import Reading, inspect, read
from trialwright.design.review import Review, ambiguities, assumptions, missing_methods
from trialwright.design.scopes import event_scope, fact_scope, form_scope, population_scope
from trialwright.design.strata import strata, stratum_name, stratum_of

__all__ = [
    "Catalogue",
    "Change",
    "Definition",
    "DefinitionErrors",
    "Measure",
    "Place",
    "Problem",
    "Reading",
    "Review",
    "ambiguities",
    "anchor_visit",
    "assumptions",
    "blinding_of",
    "canonical",
    "canonical_text",
    "changes",
    "due_forms",
    "event_scope",
    "fact_scope",
    "fingerprint",
    "form_scope",
    "from_canonical",
    "full_text",
    "inspect",
    "items",
    "missing_methods",
    "nearest",
    "planned_window",
    "population_scope",
    "read",
    "strata",
    "stratum_name",
    "stratum_of",
    "visit_order",
]
