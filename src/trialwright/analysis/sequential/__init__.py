"""Trials that are looked at more than once: bounds, what they cost, what may be said at the end, changing course."""

from trialwright.analysis.sequential.boundaries import Boundaries, boundaries
from trialwright.analysis.sequential.characteristics import (
    Characteristics,
    Exits,
    characteristics,
    drift_for,
    drift_of,
    exits,
)
from trialwright.analysis.sequential.combination import combined, rejected_at, weights_of
from trialwright.analysis.sequential.conditional import conditional_power, predictive_power
from trialwright.analysis.sequential.inference import Final, final, repeated, stagewise_p
from trialwright.analysis.sequential.refusal import BadDesign

__all__ = [
    "BadDesign",
    "Boundaries",
    "Characteristics",
    "Exits",
    "Final",
    "boundaries",
    "characteristics",
    "combined",
    "conditional_power",
    "drift_for",
    "drift_of",
    "exits",
    "final",
    "predictive_power",
    "rejected_at",
    "repeated",
    "stagewise_p",
    "weights_of",
]
