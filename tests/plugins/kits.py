"""The small trial with numbered kits, and a kit list for it."""

from datetime import date
from functools import cache
from pathlib import Path

from tests.plugins.editing import edited

from trialwright import design
from trialwright.allocation.kits import KitOrder, Lot, OpenKit, draw_up_kits
from trialwright.design.model import Definition

SECTION = """kits:
  dispense: {START: 1, WEEK8: 1}
  lasts_days: 70
  margin_days: 7
  storage_celsius: [2, 25]
  resupply: {floor: 1, target: 3, lead_days: 3, interval_days: 7, shipment: 2, expects: {NORTH: 0.5, WEST: 0.5}}
  src: invented
"""
"""What the small trial's definition says when it ships kits."""


def with_kits(folder: Path, *edits: tuple[str, str]) -> Path:
    """A copy of the small trial that ships kits, edited further."""
    copy = edited(folder, ("randomisation:\n", SECTION + "randomisation:\n"))
    text = (copy / "trial.yaml").read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, f"{old!r} is not in the definition"
        text = text.replace(old, new, 1)
    (copy / "trial.yaml").write_text(text, encoding="utf-8")
    return copy


def kit_trial(folder: Path, *edits: tuple[str, str]) -> Definition:
    """Its definition, read."""
    return design.read(with_kits(folder, *edits))


ORDER = KitOrder(
    "PRESS",
    (Lot("P", "LOT-77", date(2027, 6, 30), 20), Lot("T", "LOT-12", date(2027, 3, 31), 20)),
    ("P", "T"),
    "test",
)
"""Forty kits: the placebo expires three months later than the tablet, which nobody may see."""


@cache
def open_kits() -> tuple[OpenKit, ...]:
    """They, from a seed of zeros."""
    return draw_up_kits(ORDER, bytes(32))
