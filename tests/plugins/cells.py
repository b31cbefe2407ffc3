"""Imaginary cells for flow cytometry, and the FCS files that a cytometer would write of them."""

from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import flowio
import numpy as np
from numpy.typing import NDArray

NAMES = ("FSC-A", "SSC-A", "FITC-A", "PE-A", "Time")
LABELS = ("", "", "CD14", "CD169", "")
SPILL = np.array([[1.0, 0.15], [0.02, 1.0]])

PANEL = """
test: Siglec-1
marker: CD169
compensate: true
gates:
  - {name: cells, rectangle: {FSC-A: [20000, null], SSC-A: [null, 200000]}}
  - name: monocytes
    channels: [CD14, SSC-A]
    polygon: [[3000, 10000], [90000, 10000], [90000, 120000], [3000, 120000]]
least_events: 100
report: ratio
control: isotype
"""


def cells(marker: float, count: int = 4000, seed: int = 1, spilt: bool = True) -> NDArray[np.float64]:
    """Events (n, 5): debris, lymphocytes and monocytes; the monocytes carry `marker` on average (median)."""
    draw = np.random.default_rng(seed)
    kind = np.arange(count) % 4  # a quarter debris, a half lymphocytes, a quarter monocytes
    size = np.choose(kind, (8e3, 5e4, 5e4, 9e4)) * np.exp(0.12 * draw.normal(size=count))
    side = np.choose(kind, (6e3, 1.5e4, 1.5e4, 6e4)) * np.exp(0.15 * draw.normal(size=count))
    cd14 = np.choose(kind, (50, 120, 120, 2e4)) * np.exp(0.3 * draw.normal(size=count))
    sialo = np.choose(kind, (30, 60, 60, marker)) * np.exp(0.4 * draw.normal(size=count))
    dyes = np.column_stack([cd14, sialo])
    dyes = dyes @ SPILL if spilt else dyes
    return np.column_stack([size, side, dyes, np.arange(count, dtype=float)])


def fcs(path: Path, events: NDArray[np.float64], extra: Mapping[str, str] | None = None, spilt: bool = True) -> Path:
    """The events as an FCS 3.1 file."""
    text: dict[str, Any] = dict(extra or {})
    if spilt:
        text["SPILLOVER"] = "2,FITC-A,PE-A," + ",".join(f"{value:g}" for value in SPILL.ravel())
    with path.open("wb") as file:
        flowio.create_fcs(file, array("f", events.astype(np.float32).ravel().tolist()), list(NAMES), list(LABELS), text)
    return path
