"""The scales of instruments as derivations; `design.instrument_measures` says how a definition asks for them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trialwright.analysis.derived.source import Floats, Source, floats
from trialwright.analysis.estimates import NotEstimable
from trialwright.design.instrument_measures import inputs_of, instrument_of, method_of, needed, scale_of, stand_ins
from trialwright.design.instruments import Instrument, Scale
from trialwright.design.model import Definition, Derivation
from trialwright.measures.instruments import instrument
from trialwright.measures.instruments.names import NAMES

if TYPE_CHECKING:
    from trialwright.measures.instruments.compiled import ScaleScore


def known_instrument(definition: Definition, method: str) -> Instrument | None:
    """The instrument that a method scores: the definition's own, else the program's; None where it is none."""
    name = next((name for name in NAMES if method_of(name) == method), None)
    return instrument_of(definition, method, {} if name is None else {name: instrument(name)})


def scale_score(source: Source, derivation: Derivation, visits: Sequence[str]) -> Floats:
    """The score at each visit, NaN where too little was answered. Raises `NotEstimable` for items that are lacking."""
    return scale_answers(source, derivation, visits).values


def scale_answers(source: Source, derivation: Derivation, visits: Sequence[str]) -> "ScaleScore":
    """The same with how much was answered, and why a score is not from a whole questionnaire."""
    from trialwright.measures.instruments import score

    declared, scale = _asked(source.definition, derivation)
    columns = {
        item: floats(source.column(name, visits)) for item, name in inputs(source.definition, derivation).items()
    }
    lacking = [item for item in needed(declared, scale) if item not in columns]
    if lacking:
        raise NotEstimable(f"{derivation.label}: nothing feeds {', '.join(lacking)} of {declared.id}.")
    return score(declared, columns, (scale.id,))[scale.id]


def asked_scale(definition: Definition, derivation: Derivation) -> tuple[Instrument, Scale] | None:
    """The instrument and the scale that a derivation asks for; None for one that scores no instrument."""
    declared = known_instrument(definition, derivation.method)
    scale = None if declared is None else scale_of(declared, derivation.options)
    return None if declared is None or scale is None else (declared, scale)


def inputs(definition: Definition, derivation: Derivation) -> dict[str, str]:
    """Item of the instrument -> what feeds it, items that may stand in for others included."""
    declared, scale = _asked(definition, derivation)
    return inputs_of(definition, derivation, (*needed(declared, scale), *stand_ins(declared, scale)))


def _asked(definition: Definition, derivation: Derivation) -> tuple[Instrument, Scale]:
    found = asked_scale(definition, derivation)
    if found is None:
        raise NotEstimable(f"{derivation.label}: '{derivation.method}' is no instrument, or has no such scale.")
    return found
