"""One door to a fit: engines agree, and what is no engine, method or structure is refused."""

import numpy as np
import pytest
from tests.unit.analysis.mmrm.drawn import drawn

from trialwright.analysis.mmrm.covariance import UnknownStructure
from trialwright.analysis.mmrm.fitting import fitted


@pytest.mark.parametrize("seed", range(5))
def test_whichever_engine_is_taken_the_numbers_are_the_same(seed: int) -> None:
    data = drawn(seed, 48)
    chosen, plain = fitted(data), fitted(data, engine="reference")
    assert plain.engine == "reference"
    assert chosen.loglik == pytest.approx(plain.loglik, rel=1e-11)
    np.testing.assert_allclose(chosen.beta, plain.beta, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(chosen.theta, plain.theta, rtol=1e-8)
    np.testing.assert_allclose(chosen.phi, plain.phi, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(chosen.theta_covariance, plain.theta_covariance, rtol=1e-7, atol=1e-9)


def test_a_structure_is_found_by_its_words_and_kept_by_its_name() -> None:
    assert fitted(drawn(1), "heterogeneous autoregressive").covariance == "ar1h"


def test_the_same_data_give_the_same_bits() -> None:
    first, second = (fitted(drawn(3), "toeph", engine="reference") for _ in range(2))
    assert first.theta.tobytes() == second.theta.tobytes()
    assert first.loglik == second.loglik


def test_what_is_no_method_engine_or_structure_is_refused() -> None:
    with pytest.raises(ValueError, match="choose REML"):
        fitted(drawn(1), method="MAP")
    with pytest.raises(ValueError, match="choose kernel or reference"):
        fitted(drawn(1), engine="abacus")
    with pytest.raises(UnknownStructure, match="Did you mean 'cs'"):
        fitted(drawn(1), "compound symetry")
    with pytest.raises(ValueError, match="does not serve this model"):
        fitted(drawn(1), "sp_exp", engine="kernel")
