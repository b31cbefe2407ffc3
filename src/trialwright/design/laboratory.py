"""What the laboratory measures: which result fills which item, in which units, against which reference range, and how
late is late.

Which samples are expected at which visit stands here nowhere: it follows from the schedule of the forms whose items a
test fills. Whether a test is sealed stands here nowhere either: it is what its item is.
"""

from datetime import date

from pydantic import Field

from trialwright.design.fields import Exact, Key, Model, Whole


class LabTest(Model):
    """One test: `item` is the `form.item` that its result fills; `lower` and `upper` are the items of the same form
    that keep the limits of the reference range.

    `codes`: other names by which laboratories call the test; its key is always one. `units`: the UCUM codes that are
    taken (without, every unit that converts into the item's). `molar_mass` in g/mol, where amount and mass are to
    convert into each other; UCUM knows none. `multiples`: say how many times the upper limit a result is. `grades`:
    the multiples above which the grades 1, 2, 3 ... begin, as in the CTCAE.
    """

    item: str
    codes: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    molar_mass: Exact | None = Field(default=None, gt=0)
    lower: Key | None = None
    upper: Key | None = None
    multiples: bool = False
    grades: tuple[Exact, ...] = ()
    note: str | None = None

    @property
    def form(self) -> str:
        """The form of its item."""
        return self.item.partition(".")[0]

    @property
    def item_id(self) -> str:
        """The item's full id on that form."""
        return self.item.partition(".")[2]


class ReferenceRange(Model):
    """Where the results of healthy people lie at one laboratory: for a sex (the code of its item; any without), from an
    age in years up to but not including another, on the days from `valid_from` to `valid_to`, both included."""

    laboratory: Key
    test: Key
    unit: str | None = None
    low: Exact | None = None
    high: Exact | None = None
    sex: str | None = None
    from_age: Whole | None = Field(default=None, ge=0)
    to_age: Whole | None = Field(default=None, ge=0)
    valid_from: date
    valid_to: date | None = None
    note: str | None = None


class Laboratory(Model):
    """One laboratory, by the name that its files bear in the column `laboratory`."""

    label: str
    note: str | None = None


class LaboratoryPlan(Model):
    """The laboratory part of a definition.

    `late_after_days`: a result that is reported later than so many days after sampling is late, and a sample whose
    result has not come by then is outstanding. `around_visit_days`: how far sampling may lie from the date of its
    visit. `sex` and `age` name the items (`form.item`) by which reference ranges are chosen; age in years.
    """

    tests: dict[Key, LabTest]
    laboratories: dict[Key, Laboratory]
    ranges: tuple[ReferenceRange, ...] = ()
    late_after_days: Whole = Field(ge=0)
    around_visit_days: Whole = Field(default=0, ge=0)
    sex: str | None = None
    age: str | None = None
    note: str | None = None
