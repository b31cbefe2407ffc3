"""What the program has to offer a definition, gathered from the packages that know."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialwright.design import Catalogue


def catalogue() -> "Catalogue":
    """The measures, analyses and randomisation methods that exist."""
    from trialwright import allocation, analysis, measures
    from trialwright.design import Catalogue

    return Catalogue(dict(measures.MEASURES), frozenset(analysis.METHODS), frozenset(allocation.METHODS))
