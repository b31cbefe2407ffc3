"""The figure of the allocation plan says every method by name, and twice the same."""

from trialwright.report.allocation import Spot, trade_off

SPOTS = [
    Spot("simple", "over all", 50, 5.4),
    Spot("blocks 4/6", "in each stratum", 68.4, 0.9, marked=True),
    Spot("blocks 4", "in each stratum", 68.5, 0.9),
    Spot("p = 0.8", "over the factors", 68.2, 1.1),
]


def test_every_method_is_named_and_its_kind_is_said() -> None:
    svg, png = trade_off(SPOTS, "TIM", "Difference")
    for words in ("simple", "blocks 4/6", "p = 0.8", "Not stratified", "Minimised (needs an allocator)", "Difference"):
        assert f">{words}<" in svg
    assert png.startswith(b"\x89PNG")


def test_the_same_numbers_give_the_same_bytes() -> None:
    assert trade_off(SPOTS, "TIM", "Difference") == trade_off(SPOTS, "TIM", "Difference")


def test_a_kind_that_does_not_occur_is_not_explained() -> None:
    svg, _ = trade_off(SPOTS[:1], "TIM", "Difference")
    assert "Minimised" not in svg


def test_names_that_would_cover_each_other_are_moved_apart() -> None:
    """Twenty points on one spot: the figure is drawn and bears every name."""
    crowd = [Spot(f"method {index}", "over all", 60 + index / 100, 1) for index in range(20)]
    svg, _ = trade_off(crowd, "crowd", "Difference")
    assert all(f">method {index}<" in svg for index in range(20))
