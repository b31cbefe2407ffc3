"""Parts of a formula that apply a function to columns: formulaic evaluates them and keeps their state.

`center`, `scale`, `poly` and the splines take a mean, a norm or knots from the rows used; at the averages they are
evaluated with that same state, as `emmeans` does.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.mmrm.coding import Values
from trialwright.analysis.mmrm.faults import BadFormula, BadTable
from trialwright.analysis.mmrm.formula import Part

Floats = NDArray[np.float64]

AS_IN_R = {"sqrt": np.sqrt, "abs": np.abs}
"""Functions that R knows without a prefix and formulaic does not."""


def evaluated(
    part: Part, columns: Mapping[str, Floats], places: list[str], at: Mapping[str, float]
) -> tuple[Values, Floats]:
    """The part on the rows used, and its columns (k,) where each argument stands at `at`.

    `places` say where each row stands in the source. Raises `BadTable` for a row at which the function has no finite
    value, `BadFormula` where the function refuses its arguments.
    """
    import pandas as pd
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    frame = pd.DataFrame({name: columns[name] for name in part.columns})
    try:
        with np.errstate(all="ignore"):
            matrix = Formula(f"0 + {{{part.text}}}").get_model_matrix(frame, context=AS_IN_R, na_action="ignore")
            one = pd.DataFrame({name: [at[name]] for name in part.columns})
            there = matrix.model_spec.get_model_matrix(one, context=AS_IN_R)
    except (FormulaicError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        why = " ".join(str(error).split()).removeprefix(f"Unable to evaluate factor `{part.text}`. ")
        raise BadFormula(f"The part '{part.text}' of the formula cannot be evaluated: {why}.") from None
    numbers = np.asarray(matrix, dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(numbers).all(axis=1))
    if wrong.size:
        raise BadTable(
            f"{places[row]}: {part.text} is not a finite number where "
            + ", ".join(f"{name} = {columns[name][row]:g}" for name in part.columns)
            + "."
            for row in wrong.tolist()
        )
    shown = tuple(str(name) for name in matrix.columns)
    return Values(part.text, shown, numbers=numbers), np.asarray(there, dtype=np.float64)[0]
