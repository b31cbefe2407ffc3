"""Why a mixed model cannot be fitted to the data at hand: every reason at once, each with its place."""

from trialwright.analysis.mmrm.records import Repeated


def refuse(data: Repeated, covariance: str) -> None:
    """Raise with every reason why the model cannot be fitted."""
