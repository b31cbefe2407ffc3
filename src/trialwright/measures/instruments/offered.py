"""The instruments of this program as what a definition may ask for."""

from collections.abc import Iterator, Mapping

from trialwright.design.catalogue import Catalogue
from trialwright.design.instruments import Instrument
from trialwright.measures.instruments import INSTRUMENTS, instrument


class Offered(Mapping[str, Instrument]):
    """The instruments by id, each read from its file when it is first asked for."""

    def __getitem__(self, name: str) -> Instrument:
        return instrument(name)

    def __iter__(self) -> Iterator[str]:
        return iter(INSTRUMENTS)

    def __len__(self) -> int:
        return len(INSTRUMENTS)


INSTRUMENTS_ALONE = Catalogue(instruments=Offered())
"""For who reads a definition and computes nothing from it: its forms get their items, its methods are not looked up."""
