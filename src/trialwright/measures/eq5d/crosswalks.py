"""From one version to the other: published tables of values, and the mapping of the NICE Decision Support Unit (DSU).

`crosswalk_5l.csv`: a 3L value for each of the 3,125 states of the 5L (van Hout 2012 and three later papers);
`crosswalk_3l.csv`: a 5L value for each of the 243 states of the 3L. Whole thousandths, states in ascending order, one
column per country under its ISO codes, DOI and other reference. They are tables of values: transition probabilities
fitted to them leave a tenth of a thousandth beyond rounding in three of a hundred states, so they are not replaced by a
model. `dsu_3l.csv`: the 5L value expected of a 3L state by age group and sex, in units of 10**-8.

Lacking: the DSU's mapping from the 5L to the 3L, the DSU's tables of 2026, and the reverse crosswalk of van Hout 2021
for countries other than the four; none of them stands in the material that we have.
"""

from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.eq5d.profiles import code_of, lookup_of
from trialwright.measures.eq5d.sets import DATA, TOP, NoSuchValueSet, ValueSet, value_set

AGE_GROUPS = ("18-34", "35-44", "45-54", "55-64", "65-100")
STARTS = (18, 35, 45, 55, 65)
OLDEST = 100
SEXES = ("male", "female")
DSU_REFERENCE = (
    "https://sheffield.ac.uk/nice-dsu/methods-development/mapping-eq-5d-5l-3l; doi 10.1007/s40273-022-01218-7"
)
_ZIMBABWE = "11111 is 0.9, as in the published calculator"


@cache
def crosswalks(version: str) -> tuple[ValueSet, ...]:
    """The crosswalk sets of a version: CW for the 5L, RCW for the 3L, none for the youth version."""
    if version == "Y-3L":
        return ()
    lines = (DATA / f"crosswalk_{version.lower()}.csv").read_text(encoding="utf-8").splitlines()
    countries, codes, dois, references = (line.split(",") for line in lines[:4])
    values = np.array(",".join(lines[4:]).split(","), dtype=np.int16).reshape(TOP[version] ** 5, -1)
    values.setflags(write=False)
    kind = "CW" if version == "5L" else "RCW"
    return tuple(
        ValueSet(
            version,
            country,
            "",
            kind,
            dois[place],
            f"{references[place]}; {_ZIMBABWE}" if country == "Zimbabwe" else references[place],
            tuple(codes[place].split()),
            np.ascontiguousarray(values[:, place]),
            values[:, place] / 1000,
            MappingProxyType({}),
        )
        for place, country in enumerate(countries)
    )


@cache
def _dsu() -> tuple[tuple[str, ...], tuple[str, ...], NDArray[np.float64]]:
    """Countries, their ISO codes, and the expected 5L values: shape (age groups, sexes, 243 states, countries)."""
    lines = (DATA / "dsu_3l.csv").read_text(encoding="utf-8").splitlines()
    countries = tuple(lines[0].split(","))
    values = np.array(",".join(lines[2:]).split(","), dtype=np.int64) / 10**8
    return countries, tuple(lines[1].split(",")), values.reshape(len(AGE_GROUPS), len(SEXES), 243, len(countries))


def dsu_countries() -> tuple[str, ...]:
    """The countries for which the DSU's mapping from 3L to 5L is here."""
    return _dsu()[0]


def _column(country: str) -> int:
    countries, codes, _ = _dsu()
    wanted = country.strip().lower()
    for place, known in enumerate(countries):
        if wanted in (known.lower(), *codes[place].lower().split()):
            return place
    raise NoSuchValueSet(f"the DSU mapping has no {country!r}; it has: {', '.join(countries)}", ())


def age_group(age: NDArray[np.float64]) -> NDArray[np.int8]:
    """The place in AGE_GROUPS of ages in years; -1 where the age is unknown or outside 18 to 100."""
    years = np.asarray(age, dtype=np.float64)
    group = np.searchsorted(np.array(STARTS), years, side="right").astype(np.int8) - 1
    return np.where((years >= STARTS[0]) & (years <= OLDEST), group, -1).astype(np.int8)


def dsu_expected(
    levels: NDArray[np.int8], country: str, age: NDArray[np.float64], female: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The 5L index expected of people with these 3L states, by age and sex (unrounded; the DSU gives three decimals).

    levels: (..., 5), 0 missing; age in years; NaN for a missing level and for an age outside 18 to 100.
    """
    column = _column(country)
    code = code_of(levels, 3)
    group = age_group(age)
    values = _dsu()[2][np.maximum(group, 0), np.asarray(female).astype(np.intp)]
    place = lookup_of(np.arange(243, dtype=np.float64), 3)[code]
    known = np.isfinite(place) & (group >= 0)
    index = np.where(known, place, 0).astype(np.intp)
    taken = np.take_along_axis(values[..., column], index[..., None], axis=-1)[..., 0]
    return np.where(known, taken, np.nan)


def dsu_expected_of_index(
    value: float, country: str, age: float, female: bool, bandwidth: float | None = None
) -> float:
    """The 5L index expected of a 3L index: the mean over the states with exactly this value, or, given a bandwidth,
    the mean of all states weighted by the Epanechnikov kernel 1 - ((value of the state - value) / bandwidth)^2.

    NaN where no state lies within the bandwidth. Raises ValueError for a value that no state has, or out of range.
    """
    three = value_set("3L", _dsu_set(country), "TTO")
    values = three.thousandths / 1000
    group = int(age_group(np.array(float(age))))
    if group < 0:
        raise ValueError(f"age {age:g} is outside {STARTS[0]} to {OLDEST}")
    expected = _dsu()[2][group, int(female), :, _column(country)]
    low, high = three.range
    if not low <= value <= high:
        raise ValueError(f"{value:g} is outside the range of {three.name}, {low:g} to {high:g}")
    if bandwidth is None:
        same = three.thousandths == round(value * 1000)
        if not same.any():
            raise ValueError(
                f"no 3L state has the value {value:g} in {three.name}; give a bandwidth for a summary value"
            )
        return float(expected[same].mean())
    if bandwidth <= 0:
        raise ValueError("a bandwidth is greater than 0")
    weights = np.clip(1 - ((values - value) / bandwidth) ** 2, 0, None)
    return float(weights @ expected / weights.sum()) if weights.any() else float("nan")


def _dsu_set(country: str) -> str:
    """The DSU used the Dutch set of 2006."""
    name = _dsu()[0][_column(country)]
    return "Netherlands 2006" if name == "Netherlands" else name
