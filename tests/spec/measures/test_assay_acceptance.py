"""When a plate of an immunoassay is accepted: ICH M10 for ligand-binding assays, by hand.

The curves of these plates are known and their wells lie on it, so that every content is what was put in, and a well is
moved off the curve by exactly what the case says.
"""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.plugins.plates import NOMINAL, Recipe, plate, response

from trialwright.measures.assay.acceptance import Control, verdicts
from trialwright.measures.assay.bridging import agreement, bridge, reanalysis
from trialwright.measures.assay.calibration import Calibration, Level
from trialwright.measures.assay.dilution import linearity, minimal_required
from trialwright.measures.assay.hook import Reading, hooked
from trialwright.measures.assay.parallelism import parallelism
from trialwright.measures.assay.plates import Plate, Well
from trialwright.measures.assay.rules import rules
from trialwright.measures.assay.runs import Assessed, assay, problems

M10 = rules("ich-m10")


def moved(given: Plate, deviations: Mapping[str, float]) -> Plate:
    """The plate with the wells of some levels (or single wells) answering as if they held that much more."""

    def mended(well: Well) -> Well:
        share = deviations.get(well.place, deviations.get(well.level))
        return well if share is None else replace(well, response=response((well.nominal or 0) * (1 + share)))

    return replace(given, wells=tuple(map(mended, given.wells)))


def level(nominal: float, bias: float, role: str = "standard", dropped: bool = False, at_limit: bool = False) -> Level:
    """A level that back-calculates with a deviation, both replicates alike."""
    wells = tuple(Well(f"{row}{int(nominal)}", role, f"{nominal:g}", nominal, 1.0) for row in "AB")
    content = nominal * (1 + bias)
    allowed = M10["calibrator_bias_at_limits" if at_limit else "calibrator_bias"]
    inside = role == "standard"
    return Level(nominal, f"{nominal:g}", role, wells, (), 1.0, content, (content,) * 2, allowed, 0.2, dropped, inside)


def control(name: str, nominal: float, bias: float) -> Control:
    """A control result that deviates."""
    content = nominal * (1 + bias)
    return Control(name, nominal, "", (Well("A1", "qc", name, nominal, 1.0),), 1.0, content, (content,), 0.2, 0.2)


@pytest.fixture(scope="module")
def sound() -> Assessed:
    return assay([plate()], M10)[0]


def judged(sound: Assessed, levels: list[Level], controls: list[Control]) -> Mapping[str, bool | None]:
    """What the rules say of levels and controls that are given rather than fitted."""
    nominal = [one.nominal for one in levels if one.role == "standard"]
    calibration = Calibration(sound.plate, sound.calibration.fits, tuple(levels), min(nominal), max(nominal))
    return {verdict.rule: verdict.met for verdict in verdicts(calibration, controls, M10)}


def eight(*biases: float) -> list[Level]:
    """Eight levels from 1 to 128, the outer ones at the limits of quantification."""
    return [level(2.0**index, bias, at_limit=index in (0, len(biases) - 1)) for index, bias in enumerate(biases)]


SIX = [control(name, 10, 0) for name in ("low", "low", "middle", "middle", "high", "high")]

CURVES = {
    # deviations of eight levels from the lowest -> share, number, lower limit, upper limit
    "all hold": ((0, 0, 0, 0, 0, 0, 0, 0), True, True, True, True),
    "exactly 20 % inside and 25 % at the limits": (
        (0.25, 0.2, -0.2, 0.2, -0.2, 0.2, -0.2, -0.25),
        True,
        True,
        True,
        True,
    ),
    "two of eight fail, six hold": ((0, 0.21, 0, -0.21, 0, 0, 0, 0), True, True, True, True),
    "three of eight fail": ((0, 0.21, 0, -0.21, 0, 0.5, 0, 0), False, False, True, True),
    "just beyond at the lower limit": ((0.2501, 0, 0, 0, 0, 0, 0, 0), True, True, False, True),
    "just beyond at the upper limit": ((0, 0, 0, 0, 0, 0, 0, -0.2501), True, True, True, False),
    "22 % is too much inside and not at a limit": ((0.22, 0.22, 0, 0, 0, 0, 0, 0.22), True, True, True, True),
    "beyond the curve": ((0, float("nan"), float("nan"), float("nan"), 0, 0, 0, 0), False, False, True, True),
}


@pytest.mark.parametrize(("biases", "share", "number", "low", "high"), CURVES.values(), ids=CURVES)
def test_three_quarters_of_the_standards_and_six_levels_hold_and_both_limits(
    sound: Assessed, biases: tuple[float, ...], share: bool, number: bool, low: bool, high: bool
) -> None:
    """A standard holds within 20 % of nominal, 25 % at the limits of quantification."""
    said = judged(sound, eight(*biases), SIX)
    assert said["back-calculation, share"] is share
    assert said["back-calculation, number"] is number
    assert (said["lower limit"], said["upper limit"]) == (low, high)


def test_six_levels_of_seven_hold_and_five_of_six_do_not_suffice(sound: Assessed) -> None:
    """5 of 6 are 83 %, more than three quarters, and yet fewer than six levels."""
    assert judged(sound, eight(0, 0, 0.3, 0, 0, 0, 0), SIX)["back-calculation, number"] is True
    said = judged(sound, eight(0, 0, 0.3, 0, 0, 0), SIX)
    assert (said["back-calculation, share"], said["back-calculation, number"]) == (True, False)


def test_anchors_have_no_criterion_and_do_not_count(sound: Assessed) -> None:
    anchor = [level(0.25, 3.0, role="anchor"), level(512, -0.9, role="anchor")]
    said = judged(sound, [*eight(0, 0, 0, 0, 0, 0), *anchor], SIX)
    assert said["back-calculation, share"] is True
    assert said["standard levels"] is True


CONTROLS = {
    # deviations of low, low, middle, middle, high, high -> all, each level
    "all hold": ((0, 0, 0, 0, 0, 0), True, (True, True, True)),
    "exactly 20 %": ((0.2, -0.2, 0.2, -0.2, 0.2, -0.2), True, (True, True, True)),
    "four of six, one lost at two levels": ((0.21, 0, 0, -0.3, 0, 0), True, (True, True, True)),
    "four of six, both lost at one level": ((0, 0, 0.21, 0.21, 0, 0), True, (True, False, True)),
    "three of six": ((0.21, 0, 0.21, 0, 0.21, 0), False, (True, True, True)),
}


@pytest.mark.parametrize(("biases", "every", "each"), CONTROLS.values(), ids=CONTROLS)
def test_two_thirds_of_all_controls_hold_and_half_at_each_level(
    sound: Assessed, biases: tuple[float, ...], every: bool, each: tuple[bool, ...]
) -> None:
    names = ("low", "low", "middle", "middle", "high", "high")
    nominal = {"low": 5.0, "middle": 20.0, "high": 100.0}
    said = judged(
        sound, eight(*[0.0] * 8), [control(n, nominal[n], bias) for n, bias in zip(names, biases, strict=True)]
    )
    assert said["controls, all"] is every
    assert tuple(said[f"controls, {name}"] for name in ("low", "middle", "high")) == each


def test_three_levels_of_controls_in_duplicate_are_asked(sound: Assessed) -> None:
    two_levels = [control(name, nominal, 0) for name, nominal in (("low", 5), ("low", 5), ("high", 50), ("high", 50))]
    assert judged(sound, eight(*[0.0] * 8), two_levels)["control levels"] is False
    single = [control(name, nominal, 0) for name, nominal in (("low", 5), ("middle", 20), ("high", 50))]
    assert judged(sound, eight(*[0.0] * 8), single)["control results"] is False


def test_a_plate_on_its_curve_is_accepted_and_gives_what_was_put_in() -> None:
    """Contents of 20, 100 and 1200 pg/mL, the last diluted five times."""
    one = assay([plate(Recipe(samples={"a": 20, "b": 100, "c:5": 1200}))], M10)[0]
    assert one.word == "accepted"
    assert [round(float(result.value.value), 3) for result in one.results if result.value] == [20, 100, 1200]
    assert (one.calibration.lloq, one.calibration.uloq) == (NOMINAL[-1], NOMINAL[0])


def test_a_standard_that_deviates_is_dropped_and_the_curve_fitted_again() -> None:
    """S4 answers as if it held 60 % more. Seven of eight levels remain, and they lie on the curve."""
    one = assay([moved(plate(), {"S4": 0.6})], M10)[0]
    assert [level.name for level in one.calibration.dropped] == ["S4"]
    assert one.word == "accepted with remarks"
    dropped = one.calibration.dropped[0]
    assert dropped.bias == pytest.approx(0.6, abs=1e-4)
    assert all(abs(level.bias) < 1e-4 for level in one.calibration.levels if level is not dropped)


def test_a_limit_of_quantification_is_never_dropped() -> None:
    """The lowest standard answers as if it held 90 % more: the plate is rejected for it."""
    one = assay([moved(plate(), {"S8": 0.9})], M10)[0]
    assert "S8" not in [level.name for level in one.calibration.dropped]
    assert "lower limit" in [verdict.rule for verdict in one.failures]
    assert one.word == "rejected"


def test_where_the_rules_determine_the_limits_the_range_shrinks_instead() -> None:
    one = assay([moved(plate(), {"S8": 0.9})], rules("fit-for-purpose"))[0]
    assert one.calibration.lloq == NOMINAL[-2]
    assert one.accepted


def test_a_bad_limit_does_not_push_its_good_neighbour_out_of_the_fit() -> None:
    """The curve through the wrong S8 passes S7 by; without S8 every other level holds, so S8 is the one to blame."""
    one = assay([moved(plate(), {"S8": 1.5})], M10)[0]
    assert not one.calibration.dropped
    assert not one.accepted


def test_rules_without_dropping_reject_what_they_cannot_mend() -> None:
    strict = replace(M10, policies={**M10.policies, "drop_standards": False})
    wrong = {"S3": 0.5, "S4": -0.4, "S5": 0.5}
    one = assay([moved(plate(), wrong)], strict)[0]
    assert not one.calibration.dropped
    assert not one.accepted


LINEAR = {
    # contents at dilutions 1, 2, 4, 8 multiplied back; reference 100 -> met
    "all agree": ((100, 98, 103, 99), True),
    "exactly 20 % off": ((100, 120, 100, 80), True),
    "one 21 % off": ((100, 121, 100, 100), False),
}


@pytest.mark.parametrize(("contents", "met"), LINEAR.values(), ids=LINEAR)
def test_a_diluted_sample_gives_the_nominal_content_within_a_fifth(contents: tuple[float, ...], met: bool) -> None:
    readings = [Reading("spike", 2.0**index, content) for index, content in enumerate(contents)]
    assert linearity(readings, M10, 100.0).verdict.met is met


def test_the_minimal_required_dilution_is_where_every_specimen_has_settled() -> None:
    """The matrix holds back: two specimens read 60 % and 80 % undiluted and agree from 1:4 on."""
    first = [Reading("a", at, content) for at, content in ((1, 60), (2, 85), (4, 100), (8, 101), (16, 99))]
    second = [Reading("b", at, content) for at, content in ((1, 40), (2, 60), (4, 82), (8, 84), (16, 83))]
    assert minimal_required([first, second], M10) == 4
    assert minimal_required([first], M10) == 2
    assert minimal_required([[Reading("a", 1, 60)]], M10) is None


def test_a_parallel_sample_has_a_small_cv_over_its_dilutions_and_a_slope_of_nought() -> None:
    even = parallelism([Reading("a", at, 100) for at in (2, 4, 8)], M10)
    assert (even.verdict.met, even.cv) == (True, 0.0)
    assert even.slope == pytest.approx(0, abs=1e-12)
    steep = parallelism([Reading("a", at, 100 * at) for at in (2, 4, 8)], M10)
    assert steep.verdict.met is False
    assert steep.slope == pytest.approx(1)
    assert parallelism([Reading("a", at, 100) for at in (2, 4)], M10).verdict.met is None


HOOKS = {
    "no hook": (((1, 100, 0), (10, 105, 0)), None),
    "exactly the allowed rise": (((1, 100, 0), (10, 120, 0)), None),
    "the diluted one reads more": (((1, 100, 0), (10, 121, 0)), (1, 10)),
    "undiluted below the range, diluted inside it": (((1, 5, -1), (10, 900, 0)), (1, 10)),
    "undiluted above the range, diluted inside it": (((1, 5000, 1), (10, 6000, 0)), None),
    "diluted away": (((1, 100, 0), (100, 5, -1)), None),
}


@pytest.mark.parametrize(("readings", "found"), HOOKS.values(), ids=HOOKS)
def test_a_content_that_rises_with_dilution_speaks_of_a_hook(
    readings: tuple[tuple[float, float, int], ...], found: tuple[float, float] | None
) -> None:
    assert hooked([Reading("a", *reading) for reading in readings], M10["hook_rise"]) == found


def test_two_lots_are_bridged_by_the_mean_ratio_and_its_interval() -> None:
    """Ten specimens, the new lot 10 % higher throughout: ratio 1.1, an interval without width, slope 1."""
    old = [10.0 * 2**index for index in range(10)]
    found = bridge(old, [1.1 * value for value in old], M10)
    assert found.ratio == pytest.approx(1.1)
    assert (found.ratio_lower, found.ratio_upper) == (pytest.approx(1.1), pytest.approx(1.1))
    assert found.slope == pytest.approx(1)
    assert found.met
    assert not bridge(old, [1.5 * value for value in old], M10).met
    assert not bridge(old[:5], old[:5], M10).met, "ten specimens are asked"


def test_samples_measured_again_agree_within_thirty_percent_of_their_mean() -> None:
    """(new - old) / mean: 100 and 135 differ by 30 % of 117.5 (29.8 %), 100 and 136 by 30.5 %."""
    assert agreement([100.0], [135.0], 0.3) == 1.0
    assert agreement([100.0], [136.0], 0.3) == 0.0
    assert reanalysis([100.0] * 3, [100.0, 110.0, 200.0], M10).met is True
    assert reanalysis([100.0] * 3, [100.0, 190.0, 200.0], M10).met is False


def test_swapped_standards_are_named() -> None:
    """S3 (A7, A8) and S4 (A9, A10) were exchanged; then only A7 and A9."""
    given = plate()
    at = {well.place: well.response for well in given.wells}
    whole = {"A7": at["A9"], "A8": at["A10"], "A9": at["A7"], "A10": at["A8"]}
    for change, wells in ((whole, ("A7", "A8", "A9", "A10")), ({"A7": at["A9"], "A9": at["A7"]}, ("A7", "A9"))):
        swapped = replace(
            given, wells=tuple(replace(well, response=change.get(well.place, well.response)) for well in given.wells)
        )
        (problem,) = problems([swapped], M10)
        assert "look swapped" in problem.sentence
        for well in wells:
            assert well in problem.sentence


def test_a_curve_that_bends_back_is_no_curve() -> None:
    """The two highest standards fall below the third."""
    given = plate()
    bent = {"S1": 1.0, "S2": 1.3}
    hook = replace(
        given, wells=tuple(replace(well, response=bent.get(well.level, well.response)) for well in given.wells)
    )
    (problem,) = problems([hook], M10)
    assert "falls where it should rise" in problem.sentence
    assert "not monotone" in problem.sentence


def test_a_plate_without_a_blank_is_refused_where_the_rules_ask_for_one() -> None:
    bare = plate(Recipe(blanks=0))
    (problem,) = problems([bare], M10)
    assert "blank is missing" in problem.sentence
    assert not problems([bare], rules("fit-for-purpose"))
