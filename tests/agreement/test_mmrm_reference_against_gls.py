"""The reference gives the numbers of nlme::gls for every structure that both know, by REML and ML, with weights.

gls stops a little short of the maximum: its log-likelihood lies below ours by up to a few 1e-8, so its estimates agree
to about the square root of that.
"""

from pathlib import Path

import numpy as np
import pytest
from tests.agreement.longform import fev

from trialwright.analysis.mmrm.fitting import fitted

# Printed by r/mmrm_gls.R: R version 4.2.2 Patched (2022-11-10 r83330), nlme 3.1.162.
# Log-likelihood, sigma (of the first visit in the data), the effect TRT:VIS4 and its standard error.
STRUCTURES = {
    ("cs", "REML"): (-1783.7980577213, 7.0348001688073, 0.75641443927851, 1.5392521166707),
    ("cs", "ML"): (-1790.2365401784, 6.9740990351547, 0.7556491881404, 1.5268276154637),
    ("csh", "REML"): (-1729.2598131273, 5.441510030532, 0.67401429581617, 1.854995365041),
    ("csh", "ML"): (-1734.6649550657, 5.3956943994586, 0.67344863123792, 1.8407976063647),
    ("ar1", "REML"): (-1785.4195839691, 7.1173086314113, 0.29360627036501, 1.6855897412499),
    ("ar1", "ML"): (-1791.8453662812, 7.0564233154256, 0.29401419711922, 1.6714161990209),
    ("ar1h", "REML"): (-1733.3549693906, 5.4338127231089, 0.19400141848428, 2.0473886899231),
    ("ar1h", "ML"): (-1738.8086884137, 5.3885846960925, 0.19406512719057, 2.0312427558483),
    ("sp_exp", "REML"): (-1775.3361885687, 7.2766189185287, 0.14688806170606, 1.6890367472487),
    ("sp_exp", "ML"): (-1781.5806481621, 7.2149655827216, 0.1469980845769, 1.6748143094402),
    ("us", "REML"): (-1724.7493511471, 5.4882898437363, 0.50351149364151, 1.8577725939324),
    ("us", "ML"): (-1730.0711136458, 5.442367063049, 0.50355434003352, 1.843071954831),
}
WEIGHTED = {
    ("cs", "REML"): (-1823.8070571246, 5.1116012120695, 1.0841851220205, 1.5570680029659),
    ("cs", "ML"): (-1830.3182135114, 5.0680507045438, 1.0837572667977, 1.5442209595846),
    ("ar1", "REML"): (-1826.4368651887, 5.1721676325709, 0.69032982419243, 1.6977341098187),
    ("ar1", "ML"): (-1832.9453048389, 5.1287934984609, 0.69027550192261, 1.6834445334189),
    ("csh", "REML"): (-1770.0757808281, 3.8018685005845, 1.0740307741167, 1.8905097371998),
    ("csh", "ML"): (-1775.567420423, 3.7698890629708, 1.0739404307081, 1.8757282072919),
    ("sp_exp", "REML"): (-1818.6343364658, 5.2803884708348, 0.54818460280837, 1.6991780609678),
    ("sp_exp", "ML"): (-1824.9591309311, 5.2374756280501, 0.54759180005471, 1.6849173436551),
}


def agrees(shared: Path, key: tuple[str, str], expected: tuple[float, ...], weighted: bool) -> None:
    name, method = key
    fit = fitted(fev(shared, weighted), name, method, "reference")
    loglik, sigma, estimate, se = expected
    assert -1e-9 < fit.loglik - loglik < 2e-7
    deviations = np.sqrt(np.diagonal(fit.sigma[0]))
    assert np.abs(deviations / sigma - 1.0).min() < 1e-5
    assert fit.beta[8] == pytest.approx(estimate, rel=1e-4)
    assert fit.phi[8, 8] ** 0.5 == pytest.approx(se, rel=1e-5)


@pytest.mark.parametrize("key", STRUCTURES, ids=" ".join)
def test_a_structure_gives_the_numbers_of_gls(shared: Path, key: tuple[str, str]) -> None:
    agrees(shared, key, STRUCTURES[key], weighted=False)


@pytest.mark.parametrize("key", WEIGHTED, ids=" ".join)
def test_a_structure_with_weights_gives_the_numbers_of_gls_with_a_known_variance(
    shared: Path, key: tuple[str, str]
) -> None:
    agrees(shared, key, WEIGHTED[key], weighted=True)
