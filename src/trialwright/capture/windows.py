"""Visit windows and clocks between dates: what is early, late or due. Out of window is flagged, never refused (DC4)."""

from dataclasses import dataclass
from datetime import date

from trialwright import design
from trialwright.design.model import Definition


@dataclass(frozen=True, slots=True)
class Due:
    """A planned visit of one participant."""

    visit: str
    planned: date
    earliest: date
    latest: date

    def deviation(self, on: date) -> int:
        """Days outside the window: negative when early, positive when late, 0 inside."""
        if on < self.earliest:
            return (on - self.earliest).days
        return max(0, (on - self.latest).days)


def due(definition: Definition, visit: str, anchor: date) -> Due | None:
    """When a visit is due for a participant whose anchor visit was on `anchor`; None for an unplanned visit."""
    if visit not in definition.visits or definition.visits[visit].day is None:
        return None
    planned, earliest, latest = design.planned_window(definition, visit, anchor)
    return Due(visit, planned, earliest, latest)
