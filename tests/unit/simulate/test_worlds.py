"""Worlds: what a grid spans, what is refused, and that trial k has the same people in each of them."""

from decimal import Decimal

import numpy as np
import pytest
from tests.plugins.editing import REFERENCE, SMALL

from trialwright import design
from trialwright.design.model import Definition
from trialwright.simulate import worlds
from trialwright.simulate.crowds import Needs, imagined
from trialwright.simulate.probabilities import impossible
from trialwright.simulate.reading import Read, read
from trialwright.simulate.scenario import Variable
from trialwright.simulate.worlds import Choices, World, WrongWorld, grid, imagined_program

ITEM = "pressure.upper"
AT = Needs({ITEM: ("START", "WEEK8")})


@pytest.fixture(scope="module")
def source() -> Read:
    return read(SMALL)


def test_without_choices_the_default_scenario_stands_beside_the_null_one(source: Read) -> None:
    assert grid(source.scenarios, Choices()) == (World("works"),)
    assert [world.scenario for world in grid(read(REFERENCE).scenarios, Choices())] == ["protocol", "null"]


def test_a_grid_holds_every_combination_once(source: Read) -> None:
    choices = Choices(
        ("works", "idle"), (12, 24), {"fall_T": (Decimal(-15), Decimal(-8))}, (Decimal(0), Decimal(1)),
        ("permuted_block", "simple"), (True, False),
    )  # fmt: skip
    found = grid(source.scenarios, choices)
    assert len(found) == len(set(found)) == 2**6
    assert found[0].label == "works, n = 12, fall_T = -15, dropout × 0, permuted block"
    assert found[-1].label == "idle, n = 24, fall_T = -8, simple, not stratified"


def test_everything_wrong_with_the_choices_is_said_at_once(source: Read) -> None:
    choices = Choices(("work",), (1,), {"fall_S": (Decimal(1),)}, (Decimal(-1),), ("permuted_blok",))
    with pytest.raises(WrongWorld) as wrong:
        grid(source.scenarios, choices)
    sentences = str(wrong.value).splitlines()
    assert len(sentences) == 5
    assert "works" in sentences[0]
    assert "fall_T" in str(wrong.value)
    assert "permuted_block" in str(wrong.value)


@pytest.mark.parametrize(
    ("read_it", "text"),
    [
        (worlds.sizes, "24,x"), (worlds.sizes, "24.5"), (worlds.strata, "some"),
        (lambda text: worlds.numbers(text, "--dropout"), "1,nan"),
        (lambda text: worlds.parameters([text]), "fall_T"), (lambda text: worlds.parameters([text, text]), "fall_T=1"),
    ],
)  # fmt: skip
def test_words_that_say_nothing_are_refused(read_it: object, text: str) -> None:
    with pytest.raises(WrongWorld, match=text.partition("=")[0].partition(",")[0]):
        read_it(text)  # type: ignore[operator]


def test_words_become_numbers() -> None:
    assert worlds.sizes("24, 36,24") == (24, 36)
    assert worlds.parameters(["a=1,2.5", "b=0"]) == {"a": (Decimal(1), Decimal("2.5")), "b": (Decimal(0),)}
    assert worlds.strata("declared,none") == (True, False)


def test_a_smaller_trial_has_the_first_participants_of_a_larger_one(source: Read, small_definition: Definition) -> None:
    """Who comes in slot k is the same person; only when enrolment closes differs."""
    small, large = (
        imagined(imagined_program(source, small_definition, World("works", n=n)), 5, range(20), AT) for n in (8, 12)
    )
    assert np.array_equal(small.slot, large.slot[:, :8])
    assert np.array_equal(small.day0, large.day0[:, :8])
    start = small.values(ITEM)[..., 0]
    assert np.array_equal(start, large.values(ITEM)[:, :8, 0], equal_nan=True)


def test_an_effect_moves_the_treated_alone(source: Read, small_definition: Definition) -> None:
    programs = [
        imagined_program(source, small_definition, World("works", parameters=(("fall_T", Decimal(value)),)))
        for value in (-15, -4)
    ]
    strong, weak = (imagined(program, 5, range(20), AT) for program in programs)
    treated = strong.arm == programs[0].arms.index("T")
    assert np.array_equal(strong.arm, weak.arm)
    gap = strong.values(ITEM)[..., 1] - weak.values(ITEM)[..., 1]
    assert np.nanmax(np.abs(gap[~treated])) == 0
    assert np.nanmax(gap[treated]) < 0


def test_dropout_multiplies_who_leaves(source: Read, small_definition: Definition) -> None:
    left = []
    for factor in (0, 1, 3):
        program = imagined_program(source, small_definition, World("works", dropout=Decimal(factor)))
        flow = imagined(program, 5, range(200), AT).flow
        left.append(int((flow["randomised"] - flow["completed"]).sum()))
    assert left[0] == 0 < left[1] < left[2]


def test_the_definition_and_the_scenario_are_left_as_they_were(source: Read, small_definition: Definition) -> None:
    world = World("works", 20, (("fall_T", Decimal(-9)),), Decimal(2), "simple", False)
    made = imagined_program(source, small_definition, world)
    assert made.definition.randomisation.n == 20
    assert made.definition.randomisation.method == "simple"
    assert not made.definition.randomisation.strata
    assert made.parameters["fall_T"] == -9
    again = imagined_program(source, small_definition, World("works"))
    assert again.definition is small_definition
    assert again.parameters["fall_T"] == -15


@pytest.mark.parametrize("share", ["2", "-0.1"])
def test_a_probability_that_is_none_is_refused_where_it_stands(share: str) -> None:
    """`--set share_A=2`: whoever is imagined, nothing happens twice as surely as certain."""
    reference, definition = read(REFERENCE), design.read(REFERENCE)
    scenarios = reference.scenarios
    assert list(impossible(scenarios, scenarios.parameters)) == []
    (found,) = impossible(scenarios, {**scenarios.parameters, "share_A": Decimal(share)})
    assert found == (
        ("course", "responds", "bernoulli"),
        f"the probability of 'responds' lies between 0 and 1, and share_A is {share}",
    )
    with pytest.raises(ValueError, match=r"scenarios.yaml:\d+:\d+: error: the probability of 'responds' lies"):
        imagined_program(reference, definition, World("protocol", parameters=(("share_A", Decimal(share)),)))
    assert imagined_program(reference, definition, World("protocol", parameters=(("share_A", Decimal(1)),)))


@pytest.mark.parametrize(
    ("formula", "wrong"),
    [("p", 0), ("2 * p - 0.5", 0), ("1 + p", 1), ("if(sex == F, p, if(sex == M, p / 0.1, 1 / 0))", 1), ("-p", 1)],
)
def test_only_what_is_certain_is_judged(source: Read, formula: str, wrong: int) -> None:
    scenarios = source.scenarios.model_copy(update={"course": {"odd": Variable(bernoulli=formula)}})
    before = list(impossible(source.scenarios, source.scenarios.parameters))
    found = list(impossible(scenarios, {**scenarios.parameters, "p": Decimal("0.3")}))
    assert (before, len(found)) == ([], wrong)
