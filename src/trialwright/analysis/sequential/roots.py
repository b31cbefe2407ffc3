"""The root of a smooth monotone function in as few calls as possible: each one is a whole trial."""

from collections.abc import Callable

from trialwright.analysis.sequential.refusal import BadDesign


def root(function: Callable[[float], float], start: float, step: float) -> float:
    """From two points near it: a secant, then inverse quadratic interpolation; four calls where nearly straight."""
    older: tuple[float, float] | None = None
    before, f_before = start, function(start)
    at, f_at = start + step, function(start + step)
    for _ in range(60):
        if f_at == f_before:
            return at
        move = -f_at * (at - before) / (f_at - f_before)
        if older is not None and older[1] not in (f_at, f_before):
            # The curvature of x as a function of f, by the third point.
            bend = (before - older[0]) / (f_before - older[1]) - (at - before) / (f_at - f_before)
            move += f_at * f_before * bend / (older[1] - f_at)
        move = max(-1.0, min(1.0, move))
        older = (before, f_before)
        before, f_before, at = at, f_at, at + move
        if abs(move) < 1e-7:  # the next error is far below the last digit
            return at
        f_at = function(at)
    raise BadDesign("No bound or drift fits exactly; look at alpha, the power and the information fractions.")
