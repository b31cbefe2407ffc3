"""The hook effect: so much analyte that capture and detection no longer bridge, and the response falls again.

A sample that hooks reads too low where it is least diluted. Multiplied back, its content then rises from one dilution
to the next, which a sample of less analyte does not do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from trialwright.measures.assay.verdicts import at_most


@dataclass(frozen=True, slots=True)
class Reading:
    """One sample at one dilution: the content of the specimen (of the well, times the dilution), missing where the
    response lies beyond the limits; `side` is -1 below the range, 1 above it, 0 inside; `lower` and `upper` are the
    interval of the content, missing where it is not known, 0 and infinity where it never ends."""

    sample: str
    dilution: float
    content: float
    side: int = 0
    lower: float = math.nan
    upper: float = math.nan


def hooked(readings: Sequence[Reading], rise: float) -> tuple[float, float] | None:
    """The dilution that reads too low and the next one that shows it; None where nothing speaks of a hook.

    Neighbouring dilutions are compared: the content at the higher one may be at most `rise` (a share) more; more than
    that speaks of a hook unless the intervals of the two contents meet, where they are known. A reading
    below the range beside one inside it or above it, at a higher dilution, is a hook as well.
    """
    ordered = sorted(readings, key=lambda reading: reading.dilution)
    for near, far in pairwise(ordered):
        if near.side < 0 <= far.side:
            return near.dilution, far.dilution
        both = near.side == far.side == 0 and math.isfinite(near.content) and math.isfinite(far.content)
        apart = far.lower > near.upper or math.isnan(far.lower + near.upper)
        if both and apart and not at_most(far.content, near.content * (1 + rise)):
            return near.dilution, far.dilution
    return None
