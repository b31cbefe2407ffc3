"""Our quick coding of a design is formulaic's model matrix, to the last bit."""

import itertools

import formulaic
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.analysis.mmrm import coding
from trialwright.analysis.mmrm.coding import Values
from trialwright.analysis.mmrm.formula import parsed
from trialwright.analysis.mmrm.frame import Frame, frame_of
from trialwright.analysis.mmrm.reading import Roles
from trialwright.analysis.mmrm.table import table_of

LEVELS = {"a": ("a1", "a2"), "b": ("b1", "b2", "b10"), "visit": ("V1", "V2")}
CELLS = list(itertools.product(*LEVELS.values()))
DRAWN = np.random.default_rng(4)
ROWS = [(number, *cell) for cell in CELLS for number in range(3)]
TABLE = {
    "id": [f"{number}-{a}-{b}" for number, a, b, _ in ROWS],
    **{name: [row[place] for row in ROWS] for place, name in enumerate(LEVELS, start=1)},
    "x": DRAWN.normal(size=len(ROWS)),
    "z": DRAWN.uniform(1, 2, size=len(ROWS)),
    "y": DRAWN.normal(size=len(ROWS)),
}


def frame(formula: str) -> Frame:
    return frame_of(table_of(TABLE), parsed(formula), Roles("id", "visit"))


def theirs(formula: str) -> tuple[np.ndarray, list[str]]:
    table = pd.DataFrame(TABLE)
    for name, levels in LEVELS.items():
        table[name] = pd.Categorical(table[name], categories=levels)
    rows = np.lexsort((table["visit"].cat.codes, pd.factorize(table["id"])[0]))
    made = formulaic.Formula(formula).get_model_matrix(table.iloc[rows])
    return np.asarray(made.rhs, dtype=float), list(made.rhs.columns)


terms = st.lists(
    st.lists(st.sampled_from(["a", "b", "visit", "x", "z"]), min_size=1, max_size=3, unique=True).map(":".join),
    min_size=1,
    max_size=5,
    unique=True,
)


@settings(max_examples=60, deadline=None)
@given(terms, st.booleans())
def test_any_terms_of_columns_give_formulaics_matrix(chosen: list[str], intercept: bool) -> None:
    formula = f"y ~ {'1' if intercept else '0'} + {' + '.join(chosen)}"
    ours = frame(formula).data
    matrix, columns = theirs(formula)
    assert np.array_equal(ours.design, matrix)
    assert [name.replace("(Intercept)", "Intercept") for name in ours.columns] == [
        name.replace("[T.", "[") for name in columns
    ]


@pytest.mark.parametrize(
    "formula",
    ["y ~ poly(x, 2):a + np.log(z)", "y ~ a*center(z) + C(b)", "y ~ {z**2} + I(x*z):b - 1", "y ~ bs(z, df=4)"],
)
def test_functions_of_columns_give_formulaics_matrix(formula: str) -> None:
    assert np.array_equal(frame(formula).data.design, theirs(formula)[0])


def test_an_interaction_without_its_main_effects_has_every_cell() -> None:
    data = frame("y ~ 0 + a:b").data
    assert data.columns == tuple(f"a[{a}]:b[{b}]" for b in LEVELS["b"] for a in LEVELS["a"])
    assert np.array_equal(data.design.sum(axis=1), np.ones(len(data.design)))


def test_a_factor_is_reduced_only_where_its_constant_is_covered() -> None:
    assert frame("y ~ a").data.columns == ("(Intercept)", "a[a2]")
    assert frame("y ~ 0 + a + b").data.columns == ("a[a1]", "a[a2]", "b[b2]", "b[b10]")
    assert frame("y ~ x:a").data.columns == ("(Intercept)", "x:a[a1]", "x:a[a2]")
    assert frame("y ~ x + x:a").data.columns == ("(Intercept)", "x", "x:a[a2]")


def test_deviations_sum_to_zero_over_the_levels_of_a_factor() -> None:
    pieces = coding.plan(((), (0,), (1,), (0, 1)), (True, True))
    cells = np.array(list(itertools.product(range(2), range(3))))
    values = [Values("a", LEVELS["a"], codes=cells[:, 0]), Values("b", LEVELS["b"], codes=cells[:, 1])]
    design = coding.matrix(pieces, values, len(cells), deviations=True)
    assert np.array_equal(design.sum(axis=0), [6, 0, 0, 0, 0, 0])
    assert coding.terms_of_columns(pieces, values).tolist() == [0, 1, 2, 2, 3, 3]
