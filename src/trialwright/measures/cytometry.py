"""Flow cytometry: from FCS files to the median fluorescence of a marker on the cells of declared gates.

    ratio = median(marker, stained) / median(marker, control)
    antibodies per cell: log(antibodies) = a + b log(median), least squares on calibration beads

Everything is on the plain scale of the file (gain and logarithmic amplification undone as the standard says,
compensated where declared), without a display transformation: gates are compared with the numbers in the file, and a
median does not depend on the scale. Reading is FlowIO's (FCS 2.0, 3.0, 3.1); what it does not check is checked here.
Source of the measure: monocyte Siglec-1 as relative median fluorescence, Kamperman and others, Rheumatology 2024
(keae630); antibodies per cell, RMD Open 2022;8:001934.
"""

import hashlib
import io
import math
import re
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.assay.plates import Problem
from trialwright.measures.assay.quantify import decimal
from trialwright.measures.censored import Censored, Sign
from trialwright.measures.cytometry_panel import BadCytometry, Gate, Panel

Events = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cytometry:
    """One FCS file: `events` (n, channels) on the plain scale, the names ($PnN) and labels ($PnS) of the channels, and
    the spillover matrix where the file has one, with the channels that it is of."""

    file: str
    sha256: str
    events: Events
    names: tuple[str, ...]
    labels: tuple[str, ...]
    spill_names: tuple[str, ...] = ()
    spill: Events | None = None

    def index(self, channel: str) -> int | None:
        """Where a channel stands, by its name or its label, whatever the case."""
        for names in (self.names, self.labels):
            folded = [name.lower() for name in names]
            if channel.lower() in folded:
                return folded.index(channel.lower())
        return None


@dataclass(frozen=True, slots=True)
class Tube:
    """What a file is: the sample, and `stained` or which control."""

    sample: str
    role: str = "stained"


@dataclass(frozen=True, slots=True)
class Measured:
    """A file through the gates: the events before and after each gate, and the median of the marker in the last."""

    tube: Tube
    file: str
    sha256: str
    events: int
    gated: tuple[tuple[str, int], ...]
    median: float | None
    values: Events

    @property
    def last(self) -> int:
        """The events in the last gate."""
        return self.gated[-1][1] if self.gated else self.events


@dataclass(frozen=True, slots=True)
class Result:
    """One sample: its value (observed or beyond a declared limit; None with the reason in `quality`) and what it was
    computed from."""

    sample: str
    value: Censored | None
    stained: Measured
    control: Measured | None
    quality: tuple[str, ...]


# ------------------------------------------------------------------ reading


def read(path: Path) -> Cytometry:
    """Read an FCS file. Raises BadCytometry that says what is wrong with it, OSError where it cannot be read."""
    import flowio

    content = path.read_bytes()
    _refuse_damaged(path.name, content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = flowio.FlowData(io.BytesIO(content))
            count = len(found.events)
            _refuse_count(path.name, count, found.event_count, found.channel_count)
            events = np.asarray(found.as_array(), dtype=np.float64)
            names, labels = tuple(found.pnn_labels), tuple(found.pns_labels)
            spill_names, spill = _spillover(path.name, found.text)
    except BadCytometry:
        raise
    except (flowio.exceptions.FlowIOException, ArithmeticError, AttributeError, EOFError, LookupError, MemoryError,
            NotImplementedError, OSError, TypeError, ValueError, Warning, re.error, struct.error) as error:  # fmt: skip
        why = " ".join(str(error).split()) or type(error).__name__
        say = f"the FCS file is damaged ({why}); export it again from the cytometer"
        raise BadCytometry([Problem(path.name, 0, "", say)]) from None
    if not np.isfinite(events).all():
        say = "events hold values that are no numbers; export the file again from the cytometer"
        raise BadCytometry([Problem(path.name, 0, "", say)])
    return Cytometry(path.name, hashlib.sha256(content).hexdigest(), events, names, labels, spill_names, spill)


def _refuse_damaged(name: str, content: bytes) -> None:
    """What the header alone tells: no FCS at all, or shorter than it says."""

    def bad(sentence: str) -> BadCytometry:
        return BadCytometry([Problem(name, 0, "", sentence)])

    if content[:3] != b"FCS":
        raise bad("it is no FCS file; an FCS file begins with the letters FCS")
    if len(content) < 58:
        raise bad(f"the file ends after {len(content)} bytes, inside its header; it was cut: copy it again")
    ends = [content[place : place + 8].strip() for place in (18, 34)]
    needed = [int(end) for end in ends if end.isdigit()]
    if needed and max(needed) >= len(content):
        say = f"the file ends after {len(content)} bytes and should have {max(needed) + 1}: it is truncated"
        raise bad(f"{say}; copy it again from the cytometer")


def _refuse_count(name: str, values: int, events: int, channels: int) -> None:
    if values != events * channels:
        found = f"{values // channels}" if channels else "no"
        say = f"$TOT says {events} events of {channels} channels; the data hold {found} events"
        raise BadCytometry([Problem(name, 0, "$TOT", f"{say}: the file is damaged, copy it again")])


def _spillover(name: str, text: dict[str, str]) -> tuple[tuple[str, ...], Events | None]:
    """The matrix of $SPILLOVER (FCS 3.1) or SPILL: row i is what the dye of channel i gives to every detector."""
    written = text.get("spillover") or text.get("spill") or ""
    if not written.strip():
        return (), None
    parts = [part.strip() for part in written.split(",")]
    size = int(parts[0]) if parts[0].isdigit() else 0
    if not size or len(parts) != 1 + size + size * size:
        say = f"the spillover matrix is damaged: {len(parts) - 1} entries do not make a matrix of '{parts[0]}' channels"
        raise BadCytometry([Problem(name, 0, "$SPILLOVER", say)])
    matrix = np.array([float(part) for part in parts[1 + size :]]).reshape(size, size)
    return tuple(parts[1 : 1 + size]), matrix


# ------------------------------------------------------------------ compensation and gates


def compensated(found: Cytometry) -> Cytometry:
    """The events with what each dye gives to the other detectors taken off: measured = true M, so true = measured
    M^-1. Raises BadCytometry where there is no usable matrix."""
    if found.spill is None:
        say = "it has no spillover matrix; write compensate: false if it is compensated already, or export it with one"
        raise BadCytometry([Problem(found.file, 0, "$SPILLOVER", say)])
    missing = [name for name in found.spill_names if found.index(name) is None]
    columns = [at for at in map(found.index, found.spill_names) if at is not None]
    if missing or abs(np.linalg.det(found.spill)) < 1e-9:
        why = f"it names {', '.join(missing)}, which the file does not have" if missing else "it cannot be inverted"
        raise BadCytometry([Problem(found.file, 0, "$SPILLOVER", f"the spillover matrix cannot be used: {why}")])
    events = found.events.copy()
    events[:, columns] = np.linalg.solve(found.spill.T, events[:, columns].T).T
    return replace(found, events=events)


def inside(gate: Gate, points: Events) -> NDArray[np.bool_]:
    """Which of the points (n, channels of the gate) lie in the gate; a bound belongs to it."""
    if gate.polygon:
        return _in_polygon(np.array(gate.polygon), points)
    within = np.ones(len(points), dtype=bool)
    for column, (low, high) in enumerate(gate.bounds):
        within &= points[:, column] >= (-math.inf if low is None else low)
        within &= points[:, column] <= (math.inf if high is None else high)
    return within


def _in_polygon(corners: Events, points: Events) -> NDArray[np.bool_]:
    """Even-odd rule: a point is inside where a ray to the right crosses the boundary an odd number of times."""
    within = np.zeros(len(points), dtype=bool)
    x, y = points[:, 0], points[:, 1]
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        within ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return within


def measure(found: Cytometry, tube: Tube, panel: Panel) -> Measured:
    """The file through the gates of the panel. Raises BadCytometry for channels that it does not have."""
    missing = [channel for channel in panel.channels if found.index(channel) is None]
    if missing:
        have = ", ".join(f"{n} ({s})" if s else n for n, s in zip(found.names, found.labels, strict=True))
        raise BadCytometry(
            [Problem(found.file, 0, name, f"there is no such channel; it has {have}") for name in missing]
        )
    events = (compensated(found) if panel.compensate else found).events
    total, gated = len(events), []
    for gate in panel.gates:
        columns = [at for at in map(found.index, gate.channels) if at is not None]
        events = events[inside(gate, events[:, columns])]
        gated.append((gate.name, len(events)))
    values = events[:, found.index(panel.marker) or 0]
    median = float(np.median(values)) if len(values) else None
    return Measured(tube, found.file, found.sha256, total, tuple(gated), median, values)


# ------------------------------------------------------------------ results


def results(measured: Sequence[Measured], panel: Panel) -> tuple[Result, ...]:
    """One result for each stained file. Raises BadCytometry where a sample has no control that the panel asks for, or
    two files of one role."""
    problems = [_twice(one, other) for one, other in _doubles(measured)]
    by_role = {(one.tube.sample, one.tube.role): one for one in measured}
    stained = [one for one in measured if one.tube.role == "stained"]
    for one in stained:
        if panel.control != "none" and (one.tube.sample, panel.control) not in by_role:
            say = f"sample {one.tube.sample} has no {panel.control} control; name its file in the list of tubes"
            problems.append(Problem(one.file, 0, "", say))
    if not stained:
        problems.append(Problem("", 0, "role", "no file is stained; the list of tubes says which are"))
    if problems:
        raise BadCytometry(problems)
    return tuple(_result(one, by_role.get((one.tube.sample, panel.control)), panel) for one in stained)


def _doubles(measured: Sequence[Measured]) -> list[tuple[Measured, Measured]]:
    first: dict[tuple[str, str], Measured] = {}
    pairs = [(first.setdefault((one.tube.sample, one.tube.role), one), one) for one in measured]
    return [(one, other) for one, other in pairs if one is not other]


def _twice(first: Measured, second: Measured) -> Problem:
    say = f"sample {second.tube.sample} has two {second.tube.role} files, this and {first.file}; leave one out"
    return Problem(second.file, 0, "", say)


def _result(stained: Measured, control: Measured | None, panel: Panel) -> Result:
    quality = [
        f"{one.last} events in the last gate of {one.file}; at least {panel.least_events} are asked"
        for one in (stained, control)
        if one is not None and one.last < panel.least_events
    ]
    value = None if quality else _value(stained, control, panel, quality)
    return Result(stained.tube.sample, value, stained, control, tuple(quality))


def _value(stained: Measured, control: Measured | None, panel: Panel, quality: list[str]) -> Censored | None:
    """The reported number; None with the reason added to `quality`."""
    median = stained.median or 0.0
    if panel.report == "ratio":
        below = control.median if control is not None else None
        if below is None or below <= 0:
            quality.append("the median of the control is not above 0, so there is no ratio")
            return None
        return limited(median / below, panel)
    if panel.report == "antibodies":
        if median <= 0:
            quality.append("the median is not above 0, so no number of antibodies belongs to it")
            return None
        lowest, highest = min(bead[0] for bead in panel.beads), max(bead[0] for bead in panel.beads)
        if not lowest <= median <= highest:
            quality.append("beyond the calibration beads")
        return limited(antibodies(median, panel.beads), panel)
    return limited(median, panel)


def antibodies(median: float, beads: Sequence[tuple[float, float]]) -> float:
    """Antibodies bound per cell at a median, from beads (median, antibodies), by least squares of log on log."""
    x, y = np.log([bead[0] for bead in beads]), np.log([bead[1] for bead in beads])
    slope = float((x - x.mean()) @ (y - y.mean()) / ((x - x.mean()) @ (x - x.mean())))
    return math.exp(float(y.mean()) + slope * (math.log(median) - float(x.mean())))


def limited(value: float, panel: Panel) -> Censored:
    """The value, or the declared limit that it lies beyond."""
    low, high = panel.limits
    if low is not None and value < low:
        return Censored(decimal(low), Sign.BELOW)
    if high is not None and value > high:
        return Censored(decimal(high), Sign.ABOVE)
    return Censored(decimal(value))
