"""The IMACS core set: every measure as it stands, and the MYOACT of six organs."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from trialwright.measures.instruments import instrument, score
from trialwright.measures.instruments.compiled import WrongAnswers
from trialwright.measures.instruments.reference import score_one

IMACS = instrument("imacs")
ORGANS = ("constitutional", "cutaneous", "skeletal", "gastrointestinal", "pulmonary", "cardiac")


def test_each_measure_is_the_number_that_was_written() -> None:
    given: dict[str, int | Decimal | Fraction | None] = {
        "phga": Decimal("6.3"),
        "mmt": Decimal("131.5"),
        "haq": Decimal("1.875"),
    }
    given["ck"] = 4000
    found = score_one(IMACS, given)
    assert {name: found[name].value for name in given} == given
    assert found["ptga"].value is None


@pytest.mark.parametrize(
    ("lines", "value"),
    [("0 0 0 0 0 0", "0"), ("10 10 10 10 10 10", "1"), ("1.5 3 0 0.5 1 0", "6/60"), ("3 6 - - - -", "9/20")],
)
def test_the_myoact_is_the_share_of_what_the_assessed_organs_can_reach(lines: str, value: str) -> None:
    given = {organ: None if text == "-" else Decimal(text) for organ, text in zip(ORGANS, lines.split(), strict=True)}
    assert score_one(IMACS, given)["myoact"].value == Fraction(value)


def test_a_line_longer_than_ten_centimetres_and_a_negative_enzyme_are_refused_with_their_places() -> None:
    with pytest.raises(WrongAnswers) as refused:
        score(IMACS, {"phga": np.array([3.0, 10.1]), "ck": np.array([-1.0, 5.0])}, ["phga", "ck"])
    assert [(one.item, one.index, one.sentence) for one in refused.value.wrong] == [
        ("phga", (1,), "10.1 is not 0 to 10 in steps of 0.1"),
        ("ck", (0,), "-1 is not 0 or more"),
    ]
