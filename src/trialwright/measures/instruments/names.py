"""The instruments that the program brings: id and label, without reading their declarations."""

from collections.abc import Mapping
from types import MappingProxyType

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "fss": "Fatigue Severity Scale",
    }
)
"""In the order in which they are listed. A test holds the labels equal to those of the declarations."""
