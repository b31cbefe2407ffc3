"""The instruments that the program brings: id and label, without reading their declarations."""

from collections.abc import Mapping
from types import MappingProxyType

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "haq-di": "HAQ disability index",
        "mmt-8": "MMT-8, one side",
        "mmt-8-bilateral": "MMT-8, both sides",
        "mmt-13": "MMT, 13 groups on both sides",
        "mmt-24": "MMT-24",
        "mmt-26": "MMT-26",
        "imacs": "IMACS core set measures",
        "fss": "Fatigue Severity Scale",
        "cis-fatigue": "CIS, subjective fatigue",
        "cis-20": "Checklist Individual Strength",
        "facit-fatigue": "FACIT-Fatigue",
        "rand-36": "RAND 36-Item Health Survey",
    }
)
"""In the order in which they are listed. A test holds the labels equal to those of the declarations."""
