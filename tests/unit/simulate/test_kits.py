"""The simulated supply: the same numbers from the same seed, whole in its accounts, and right where it can be
counted."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from tests.plugins.kits import kit_trial

from trialwright import simulate
from trialwright.allocation.resupply import ShipsNone
from trialwright.design.model import Definition
from trialwright.simulate.casting import Cast
from trialwright.simulate.figures import share_of
from trialwright.simulate.kits import Making, Supplied, simulated, supplied, supply_summary

SMALL = Path(__file__).resolve().parents[2] / "trials" / "small"
TIMES = 24


@cache
def casts(first: int = 0, count: int = TIMES) -> tuple[Cast, ...]:
    """Some imagined trials of the definition with kits."""
    program = simulate.program(simulate.read(SMALL), kit_trial())
    return tuple(simulate.imagine(program, 7, list(range(first, first + count))))


def changed(**changes: object) -> Definition:
    """The definition with another policy; `dispense` is of the section itself."""
    kits = kit_trial().kits
    assert kits is not None
    own = {name: changes.pop(name) for name in ("dispense", "initial") if name in changes}
    resupply = kits.resupply.model_copy(update=changes)
    return kit_trial().model_copy(update={"kits": kits.model_copy(update={"resupply": resupply, **own})})


AMPLE = Making()


def under(definition: Definition, making: Making = AMPLE) -> list[Supplied]:
    """The same imagined people under another policy."""
    from dataclasses import replace

    return [supplied(replace(cast, program=replace(cast.program, definition=definition)), making) for cast in casts()]


def lacking(done: list[Supplied]) -> int:
    """Visits without a kit, over all trials."""
    return sum(sum(one.lacking.values()) for one in done)


def test_a_trial_is_supplied_alike_alone_and_among_others() -> None:
    together = [supplied(cast) for cast in casts()]
    assert [supplied(cast) for cast in casts(5, 1)] == [together[5]]
    assert len(set(map(str, together))) > 1


def test_what_was_sent_was_handed_out_or_is_left() -> None:
    for one in under(kit_trial()):
        assert one.made >= one.sent == one.dispensed + one.left
        assert one.visits == one.dispensed + sum(one.lacking.values())
        assert set(one.lacking) == {"NORTH", "WEST"}


def test_without_resupply_a_kit_is_lacking_where_more_are_drawn_than_were_sent() -> None:
    """Counted without any supply: per site and arm, how many more were randomised than kits were there."""
    for there in (1, 2, 3):
        done = under(changed(dispense={"START": 1}, floor=0, target=there, interval_days=3650, shipment=1))
        for cast, one in zip(casts(), done, strict=True):
            rows = [row for row in cast.rows if cast.crowd.enrolled[row]]
            drawn = Counter((int(cast.crowd.site[row]), int(cast.crowd.arm[row])) for row in rows)
            for site, name in enumerate(("NORTH", "WEST")):
                wanted = sum(max(0, drawn[site, arm] - there) for arm in (0, 1))
                assert one.lacking[name] == wanted
            assert one.shipments == 2


def test_more_in_stock_is_lacking_less_and_left_over_more() -> None:
    lean, ample = under(changed(floor=0, target=1, shipment=1)), under(changed(floor=2, target=6, shipment=1))
    assert lacking(lean) > lacking(ample) == 0
    assert sum(one.left for one in lean) < sum(one.left for one in ample)


def test_too_few_kits_made_or_kits_that_expire_are_lacking() -> None:
    enough = lacking(under(kit_trial()))
    assert lacking(under(kit_trial(), Making(per_share=8))) > enough
    assert lacking(under(kit_trial(), Making(lasts_days=120))) > enough


def test_the_summary_has_every_figure_with_its_error() -> None:
    done = under(changed(floor=0, target=1, shipment=1))
    found = supply_summary(kit_trial(), done)
    hit = sum(any(one.lacking.values()) for one in done)
    assert found["stock_out"]["trial"]["mean"] == pytest.approx(100 * hit / TIMES, abs=1e-3)
    share = hit / TIMES
    assert found["stock_out"]["trial"]["error"] == pytest.approx(100 * (share * (1 - share) / TIMES) ** 0.5, abs=1e-3)
    assert set(found["stock_out"]["sites"]) == {"NORTH", "WEST"}
    waste = [100 * one.left / one.sent for one in done]
    assert found["waste"]["mean"] == pytest.approx(sum(waste) / TIMES, abs=1e-3)
    assert found["most_sent"] == max(one.sent for one in done)


def test_no_event_in_n_trials_still_has_an_upper_limit() -> None:
    """Clopper and Pearson, two-sided 95 %: 1 - 0.025^(1/n), close to the rule of three."""
    found = share_of(0, 100)
    assert (found["mean"], found["error"]) == (0.0, 0.0)
    assert found["upper"] == pytest.approx(100 * (1 - 0.025 ** (1 / 100)), abs=1e-3)
    assert share_of(0, 0) == {"mean": None, "error": None, "upper": None}


def test_a_trial_without_kits_is_not_supplied() -> None:
    with pytest.raises(ShipsNone, match="PRESS ships no numbered kits"):
        simulated(SMALL, 1, 2)
