"""What this program has to offer a definition: the catalogue that `design.read` checks against."""

from trialwright.design.catalogue import Catalogue


def catalogue() -> Catalogue:
    """Measures, analyses, randomisation methods and instruments by the names that a definition may use."""
    from trialwright.allocation import METHODS as RANDOMISATION
    from trialwright.analysis import METHODS as ANALYSES
    from trialwright.measures import MEASURES
    from trialwright.measures.instruments.offered import Offered

    options = {name: method.options for name, method in ANALYSES.items() if method.options is not None}
    return Catalogue(
        measures=MEASURES,
        analyses=frozenset(ANALYSES),
        randomisation=RANDOMISATION,
        instruments=Offered(),
        options=options,
    )
