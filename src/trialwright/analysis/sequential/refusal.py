"""How a sequential design is refused."""

from trialwright.analysis.estimates import NotEstimable


class BadDesign(NotEstimable):
    """What was asked is no design; the sentence says which value, and what it may be."""
