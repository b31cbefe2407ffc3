"""James's and Bang's indices against published figures, and against the variance formula as James printed it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.analysis.blinding_index import bang, james

# Rows: guessed treatment, guessed placebo, does not know. Columns: treatment, placebo.
CRISP = [[82, 27], [25, 29], [170, 83]]
"""The worked example of Bang, Ni and Davis 2004 (participants of the pilot of the Cholesterol Reduction in Seniors
Program). The counts are recalled, not read from the paper; that three printed indices come out supports them."""
SOFTWARE = [[48, 22], [4, 30], [330, 319]]
"""The worked example that BlindingIndex.jl publishes with its output; the program follows CRAN's BI 1.2."""


def test_the_worked_example_of_bang_2004_comes_out() -> None:
    """Printed there: James 0.75; Bang 0.21 in the treatment arm and 0.01 in the placebo arm."""
    assert round(james(CRISP).estimate, 2) == 0.75
    assert round(bang((82, 25, 170)).estimate, 2) == 0.21
    assert round(bang((29, 27, 83)).estimate, 2) == 0.01


def test_the_published_output_of_another_program_comes_out_to_its_three_digits() -> None:
    found = james(SOFTWARE)
    assert [round(value, 3) for value in (found.estimate, found.lower, found.upper)] == [0.896, 0.875, 0.918]
    for counts, printed in (((48, 4, 330), [0.115, 0.080, 0.150]), ((30, 22, 319), [0.022, -0.016, 0.060])):
        one = bang(counts)
        assert [round(value, 3) for value in (one.estimate, one.lower, one.upper)] == printed


@given(st.lists(st.integers(1, 200), min_size=6, max_size=6), st.floats(0.1, 1))
def test_the_variance_is_the_one_that_james_printed(cells: list[int], wrong: float) -> None:
    """His formula: v1 + v2 over n, with the kappa of disagreement inside; ours is the delta method."""
    table = np.array(cells, dtype=float).reshape(3, 2)
    n = table.sum()
    p, q = table[:2] / n, table[:2].sum() / n
    weight = wrong * (1 - np.eye(2))
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    expected = rows @ weight @ columns
    more = (weight * p).sum() * q / expected  # 1 + K
    toward = (weight.T @ rows)[None, :] + (weight @ columns)[:, None]
    first = (p * q**2 * (q * weight - more * toward) ** 2).sum() / (4 * expected**2)
    second = (1 - q) * q - q * more * ((1 - q) + q * more / 4)
    found = james(table, weight, level=0.1)  # narrow, so that no limit is cut
    half = (found.upper - found.estimate) if found.upper < 1 else (found.estimate - found.lower)
    assert half / 0.12566134685507402 == pytest.approx(((first + second) / n) ** 0.5, rel=1e-6, abs=1e-9)
