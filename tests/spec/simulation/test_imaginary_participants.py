"""Imaginary participants: each is what they claim to be, and everything assumed is said."""

import numpy as np

from trialwright import simulate
from trialwright.simulate.participants import arrivals, screened


def test_every_baseline_meets_the_criteria_that_it_claims(protocol_like) -> None:
    """By the real verdict of the real criteria: who is to be enrolled is eligible, and who is to fail fails exactly the
    criterion that was meant, no other."""
    wanted = {name: fate.criterion for name, fate in protocol_like.scenarios.fates.items()}
    seen: dict[str, int] = {}
    for cast in simulate.imagine(protocol_like, 21, range(4)):
        done = simulate.rehearse(cast)
        for number, person in done.desk.state.participants.items():
            fate, verdict = done.truth.fates[number], person.verdicts[-1]
            failed = [criterion for criterion, state in verdict.criteria.items() if state == "fails"]
            assert failed == ([wanted[fate]] if wanted[fate] else []), (number, fate)
            assert verdict.verdict == ("not eligible" if wanted[fate] else "eligible")
            seen[fate] = seen.get(fate, 0) + 1
    assert len(seen) >= 8


def test_who_is_considered_has_every_kind_of_end(protocol_like) -> None:
    """Over many trials every declared fate occurs, about as often as its weight says."""
    come = arrivals(protocol_like, 2, list(range(300)))
    counts = np.bincount(come.fate[come.here], minlength=len(protocol_like.scenarios.fates))
    weights = np.array([float(fate.weight) for fate in protocol_like.scenarios.fates.values()])
    expected = weights / weights.sum()
    # Each trial closes with somebody who is enrolled, which favours them a little: one in about seventy-six.
    assert np.abs(counts / counts.sum() - expected).max() < 0.02
    assert (counts > 0).all()


def test_disability_and_core_set_measures_of_the_eligible_lie_in_the_region_of_inclusion_4(protocol_like) -> None:
    """At least 10 % of 260 lost, and two other measures abnormal."""
    crowd = screened(protocol_like, 3, arrivals(protocol_like, 3, list(range(40))))
    names = list(protocol_like.scenarios.fates)
    mild = crowd.fate == names.index("mild")
    deficit = crowd.names["deficit0"][:, 0]
    assert deficit[~mild].min() >= 26
    assert deficit[mild].max() < 26
    abnormal = sum(
        (crowd.names[name][:, 0] >= limit).astype(int)
        for name, limit in (("phga0", 2), ("ptga0", 2), ("haq0", 0.25), ("exm0", 2))
    ) + (crowd.names["lnck0"][:, 0] > np.log(1.5))
    assert abnormal[~mild].min() >= 2


def test_what_is_assumed_is_listed_and_repeated_with_every_summary(scenarios) -> None:
    """Numbers without a source are marked; the caveats name the two that matter most."""
    assert len(scenarios.assumed) > 50
    assert {"joint.core", "enrolment", "fates"} <= {one.path for one in scenarios.assumed}
    caveats = " ".join(scenarios.scenarios.caveats)
    assert "not treatment-naive" in caveats
    assert "prednisone alone" in caveats
