"""What this program has to offer a definition: the catalogue that `design.read` checks against."""

from collections.abc import Iterator, Mapping

from trialwright.design.catalogue import Catalogue
from trialwright.design.instruments import Instrument


def catalogue() -> Catalogue:
    """Measures, analyses, randomisation methods and instruments by the names that a definition may use."""
    from trialwright.allocation import METHODS as RANDOMISATION
    from trialwright.analysis import METHODS as ANALYSES
    from trialwright.measures import MEASURES

    options = {name: method.options for name, method in ANALYSES.items() if method.options is not None}
    return Catalogue(
        measures=MEASURES,
        analyses=frozenset(ANALYSES),
        randomisation=RANDOMISATION,
        instruments=_Declared(),
        options=options,
    )


class _Declared(Mapping[str, Instrument]):
    """The instruments of this program, each read from its file when it is first asked for."""

    def __getitem__(self, name: str) -> Instrument:
        from trialwright.measures.instruments import instrument

        return instrument(name)

    def __iter__(self) -> Iterator[str]:
        from trialwright.measures.instruments import INSTRUMENTS

        return iter(INSTRUMENTS)

    def __len__(self) -> int:
        return sum(1 for _ in self)
