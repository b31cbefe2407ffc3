"""Planned analyses of markers with values below a limit: nothing without a declaration, everything counted."""

import numpy as np
import pytest
from tests.unit.analysis.imaginary import DAYS, definition, page, trial

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.handling import HANDLINGS, Handling, handling, placed, substituted
from trialwright.analysis.observations import Observations
from trialwright.analysis.plan import Answer, analyse, effect, primary, ratio
from trialwright.analysis.repeated import OverVisits
from trialwright.analysis.scores import scores
from trialwright.analysis.tobit import Tobit
from trialwright.design.model import Analysis, Definition, Endpoint
from trialwright.ledger.snapshot import Snapshot
from trialwright.report.beyond import limits_section, words_of
from trialwright.report.build import report
from trialwright.report.page import html

NAME = "biomarker.siglec1"


def with_markers(flagged: bool = True) -> tuple[Snapshot, dict[str, str]]:
    """The imaginary trial with Siglec-1 from the baseline on, below 1200 in about four of ten."""
    snapshot, treatments = trial()
    chance = np.random.default_rng(8)
    for name, person in snapshot.state.participants.items():
        own = chance.normal(7.4, 0.7)
        for visit, days in DAYS.items():
            if (visit, "csm", "") in person.pages and visit != "SCR" and name in treatments:
                better = 0.3 * (treatments[name] == "A") * (days > 0)
                true = float(np.exp(own - better + chance.normal(0, 0.3)))
                items: dict[str, object] = {"siglec1": round(max(true, 1200)), "siglec1_below": "false"}
                if true < 1200:
                    items["siglec1_below"] = "true" if flagged else "false"
                    items["siglec1"] = 1200 if flagged else round(true)
                person.pages[(visit, "biomarker", "")] = page(person.pages[(visit, "csm", "")].on, **items)
    return snapshot, treatments


def of_one_visit(method: str = "ancova", **options: str) -> Definition:
    """The reference trial with one analysis of Siglec-1 at week 12."""
    plan = Analysis(
        label="Siglec-1", method=method, level="primary", endpoint="S12", population="FAS", contrast=("A", "B"),
        covariates=("subtype_group", NAME) if method in ("ancova", "tobit") else (), options=options,
    )  # fmt: skip
    endpoint = Endpoint(label="Siglec-1 at week 12", level="primary", measure=(NAME,), at=("W12",))
    return definition().model_copy(update={"analyses": {"S": plan}, "endpoints": {"S12": endpoint}})


def over_visits(**options: str) -> Definition:
    plan = definition().analyses["BLOOD"].model_copy(update={"level": "primary", "endpoint": "S", "options": options})
    at = definition().endpoints["MARKERS"].at
    endpoint = Endpoint(label="Siglec-1", level="primary", measure=(NAME,), at=at)
    return definition().model_copy(update={"analyses": {"S": plan}, "endpoints": {"S": endpoint}})


def done(changed: Definition, *data: object) -> Answer:
    found = primary(changed, *(data or with_markers()))  # type: ignore[arg-type]
    assert found.status == "done", found.why
    return found


def test_the_scores_carry_the_limits_and_which_values_lie_beyond_them() -> None:
    snapshot, treatments = with_markers()
    scored = scores(Observations(definition(), snapshot), NAME, list(treatments), ["W0", "W12"])
    assert scored.censored is not None
    assert (scored.values[scored.censored == -1] == 1200).all()
    assert 10 < (scored.censored == -1).sum() < 60
    unflagged = scores(Observations(definition(), with_markers(False)[0]), NAME, list(treatments), ["W0", "W12"])
    assert unflagged.censored is not None
    assert np.array_equal(unflagged.censored, scored.censored)
    assert np.array_equal(unflagged.values, scored.values, equal_nan=True)
    assert scores(Observations(definition(), snapshot), "csm.phga", list(treatments), ["W0"]).censored is None


@pytest.mark.parametrize("method", ["ancova", "welch", "mmrm"])
def test_without_a_declaration_the_analysis_is_not_done_and_says_what_to_declare(method: str) -> None:
    changed = over_visits(baseline="constrained") if method == "mmrm" else of_one_visit(method)
    found = primary(changed, *with_markers())
    assert found.status == "refused"
    assert f"the option `censored` of {method} takes {', '.join(HANDLINGS)}" in found.why
    assert "lie beyond a limit of quantification" in found.why


def test_a_method_that_has_no_handling_says_which_have() -> None:
    found = primary(of_one_visit("responders", thresholds="2000"), *with_markers())
    assert found.status == "refused"
    assert found.why.endswith("responders has no way to handle them; ancova, welch, mmrm and tobit have.")


@pytest.mark.parametrize("how", HANDLINGS)
@pytest.mark.parametrize("method", ["ancova", "welch"])
def test_every_declared_handling_is_done_and_counted(method: str, how: str) -> None:
    found = done(of_one_visit(method, censored=how, scale="log2"))
    (beyond,) = found.beyond
    assert (beyond.visit, found.handling.censored) == ("W12", how)
    assert sum(beyond.below) > 8
    assert sum(beyond.above) == 0
    told = effect(found)
    assert told is not None
    assert (told.estimate < 0, np.isfinite(told.se)) == (True, True)
    if how == "exclude":
        assert sum(found.n) < sum(beyond.known)
        assert any("Siglec-1" in why and "beyond its limit at Week 12" in why for _, why in found.omitted)
    elif method == "welch":
        assert sum(found.n) == sum(beyond.known)
    assert f"{sum(beyond.below)} below a limit of quantification" in " ".join(words_of(found))


def test_the_likelihood_sees_a_larger_difference_than_limits_in_the_place_of_values() -> None:
    tobit, limit = (effect(done(of_one_visit("ancova", censored=how, scale="log"))) for how in ("tobit", "at limit"))
    assert tobit is not None
    assert limit is not None
    assert tobit.estimate < limit.estimate < 0
    assert tobit.se > limit.se


def test_the_method_tobit_is_the_ancova_that_declares_it() -> None:
    one, other = done(of_one_visit("tobit", scale="log2")), done(of_one_visit("ancova", censored="tobit", scale="log2"))
    assert isinstance(one.result, Tobit)
    assert one.result == other.result
    assert any("at limit" in note for note in one.notes)
    assert any("on the scale log2, as the outcome" in note for note in one.notes)


def test_a_ratio_is_the_power_of_a_difference_whatever_the_base() -> None:
    ratios = []
    for scale in ("log", "log2", "log10"):
        found = done(of_one_visit("welch", censored="half limit", scale=scale))
        told = effect(found)
        assert told is not None
        as_ratio = ratio(found, told)
        assert as_ratio is not None
        ratios.append((as_ratio.estimate, as_ratio.lower, as_ratio.upper))
    assert ratios[1] == pytest.approx(ratios[0])
    assert ratios[2] == pytest.approx(ratios[0])
    plain = done(of_one_visit("welch", censored="half limit"))
    assert ratio(plain, effect(plain)) is None  # type: ignore[arg-type]


def test_the_mixed_model_takes_limits_into_its_likelihood() -> None:
    wanted = {"scale": "log2", "baseline": "constrained"}
    tobit, limit = done(over_visits(censored="tobit", **wanted)), done(over_visits(censored="at limit", **wanted))
    assert isinstance(tobit.result, OverVisits)
    assert isinstance(limit.result, OverVisits)
    assert (tobit.result.engine, tobit.result.method, tobit.result.df) == ("censored", "ML", "residual")
    assert [one.visit for one in tobit.beyond] == list(tobit.result.visits)
    assert tobit.beyond == limit.beyond
    assert tobit.result.effect.estimate < limit.result.effect.estimate
    assert tobit.result.means[0][0].mean == tobit.result.means[1][0].mean
    assert tobit.result.effect.df == len(tobit.analysed) - 3
    assert tobit.result.overall is not None
    assert 0 < tobit.result.overall.p < 1


def test_asymptotic_errors_are_smaller_by_a_known_factor() -> None:
    small = done(over_visits(censored="tobit", scale="log2"))
    large = done(over_visits(censored="tobit", scale="log2", degrees_of_freedom="asymptotic"))
    n = len(small.analysed)
    told = effect(small), effect(large)
    assert told[0] is not None
    assert told[1] is not None
    assert told[0].se / told[1].se == pytest.approx((n / (n - 3)) ** 0.5)
    assert told[1].df == float("inf")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"censored": "tobit", "method": "REML"}, "it takes no REML"),
        ({"censored": "tobit", "degrees_of_freedom": "Kenward-Roger"}, "it takes no kenward-roger"),
        ({"censored": "tobit", "covariance": "ar1"}, "it takes no ar1"),
        ({"censored": "nought"}, "The option censored knows tobit, at limit"),
        ({"scale": "ln", "censored": "tobit"}, "The option scale knows log, log2, log10"),
    ],
)
def test_what_a_censored_model_does_not_have_is_refused(options: dict[str, str], why: str) -> None:
    found = primary(over_visits(**options), *with_markers())
    assert found.status == "refused"
    assert why in found.why


def test_an_arm_that_lies_wholly_below_at_a_visit_is_named() -> None:
    snapshot, treatments = with_markers()
    for name, person in snapshot.state.participants.items():
        if treatments.get(name) == "A" and ("W26", "biomarker", "") in person.pages:
            held = person.pages[("W26", "biomarker", "")]
            person.pages[("W26", "biomarker", "")] = page(held.on, siglec1=1200, siglec1_below="true")
    found = primary(over_visits(censored="tobit", scale="log2"), snapshot, treatments)
    assert found.status == "refused"
    assert "values of the treatment arm at W26 lie below their limit" in found.why


def test_contradictory_flags_and_values_without_a_logarithm_are_refused() -> None:
    with pytest.raises(NotEstimable, match="0 has no logarithm"):
        placed(np.array([0.0, 2.0]), None, Handling("log2"))
    with pytest.raises(NotEstimable, match="leaves values beyond a limit to the likelihood"):
        handling("tobit", {"censored": "at limit"})
    with pytest.raises(NotEstimable, match="a choice of censored models only"):
        handling("ancova", {"degrees_of_freedom": "asymptotic"})


def test_what_stands_in_the_place_of_a_limit() -> None:
    values, signs = np.array([4.0, 4.0, 4.0]), np.array([-1, 0, 1], dtype=np.int8)
    assert substituted(values, signs, 0.5).tolist() == [2.0, 4.0, 4.0]
    assert np.isnan(substituted(values, signs, float("nan"))).tolist() == [True, False, True]


def test_the_report_says_what_was_done_and_shows_the_limits() -> None:
    snapshot, treatments = with_markers()
    changed = over_visits(censored="tobit", scale="log2", baseline="constrained")
    results = analyse(changed, snapshot, treatments)
    text = html(report(changed, snapshot, treatments, results))
    for words in (
        "below a limit of quantification. They stay in the likelihood",
        "ratio of treatment to reference",
        "Values beyond limits of quantification",
        "&lt;1200",
        "open triangles: values beyond a limit",
    ):
        assert words in text, words
    section = limits_section(Observations(changed, snapshot), results)
    assert section is not None
    assert len(section.blocks) == 2
    assert limits_section(Observations(definition(), snapshot), analyse(definition(), *trial())) is None
