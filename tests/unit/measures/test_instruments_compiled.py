"""The compiled scorer and the row-by-row reference say the same of every declaration and every answer."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.design.instruments import Answers, Category, Instrument, InstrumentItem, Scale, levels
from trialwright.measures.instruments import instrument
from trialwright.measures.instruments.compiled import BLOCK, Why, WrongAnswers, needed, outside, score
from trialwright.measures.instruments.reference import OneScore, score_one

STEPS = ["1", "0.5", "0.1", "2", "0.25"]


@st.composite
def answer_sets(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        codes = draw(st.lists(st.integers(-3, 12), min_size=2, max_size=6, unique=True))
        worth = st.sampled_from(["0", "25", "50", "100", "-2", "0.5", "33.3"])
        recode = {str(code): draw(worth) for code in codes} if draw(st.booleans()) else {}
        if len(set(recode.values())) == 1:
            recode = {}
        return {"codes": {str(code): "level" for code in codes}, "recode": recode}
    low, count, step = draw(st.integers(-2, 3)), draw(st.integers(1, 12)), Decimal(draw(st.sampled_from(STEPS)))
    return {"low": low, "high": low + count * step, "step": step}


@st.composite
def instruments(draw: st.DrawFn) -> Instrument:
    answers = {f"a{number}": draw(answer_sets()) for number in range(draw(st.integers(1, 3)))}
    tick = {"tick": {"codes": {"0": "no", "1": "yes"}, "blank": "0"}}
    items: list[dict[str, Any]] = [
        {
            "id": f"i{n}",
            "label": "I",
            "answers": draw(st.sampled_from(sorted(answers))),
            "reversed": draw(st.booleans()),
        }
        for n in range(draw(st.integers(2, 6)))
    ]
    for item in items[:1]:
        if draw(st.booleans()):
            items.append({**item, "id": "other_side"})
            item["instead"] = "other_side"
    names = [item["id"] for item in items if item["id"] != "other_side"]
    aids = [{"id": f"t{n}", "label": "T", "answers": "tick"} for n in range(2)]
    cut = draw(st.integers(1, len(names) - 1))
    groups = [names[:cut], names[cut:]]
    categories = [{"id": f"c{n}", "label": "C", "items": group, "aids": [f"t{n}"]} for n, group in enumerate(groups)]
    scales: list[dict[str, Any]] = []
    for number, rule in enumerate(("sum", "mean", "categories")):
        parts: dict[str, Any] = {"categories": ["c0", "c1"]} if rule == "categories" else {"items": names}
        count = 2 if rule == "categories" else len(names)
        scale: dict[str, Any] = {
            "id": f"s{number}",
            "label": "S",
            "rule": rule,
            "better": draw(st.sampled_from(["higher", "lower"])),
        }
        if draw(st.booleans()):
            scale |= {"missing": "prorate" if rule == "sum" else "answered", "minimum": draw(st.integers(1, count))}
        if rule == "categories" and draw(st.booleans()):
            scale["raise_to"] = draw(st.sampled_from(["2", "0.5", "3"]))
        if draw(st.booleans()):
            scale["linear"] = draw(st.sampled_from([(0, 100), (100, 0), (-1, 7)]))
        scales.append(scale | parts)
    for rule in ("sum", "mean"):
        over: dict[str, Any] = {
            "id": f"o_{rule}",
            "label": "O",
            "rule": rule,
            "scales": ["s0", "s1", "s2"],
            "better": "lower",
        }
        if rule == "mean" and draw(st.booleans()):
            over |= {"missing": "answered", "minimum": draw(st.integers(1, 3))}
        scales.append(over)
    return Instrument.model_validate(
        {
            "id": "x", "label": "X", "version": "1", "licence": "none", "answers": answers | tick,
            "items": items + aids, "categories": categories, "scales": scales,
        }
    )  # fmt: skip


def why(one: OneScore) -> Why:
    said = Why.COMPLETE if one.value is not None else Why.TOO_FEW
    said |= Why.INCOMPLETE if one.incomplete else 0
    return said | (Why.STOOD_IN if one.stood_in else 0)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_compiled_scores_are_the_binary_numbers_nearest_to_the_exact_ones(data: st.DataObject) -> None:
    instrument = data.draw(instruments())
    rows = []
    for _ in range(data.draw(st.integers(1, 4))):
        rows.append(
            {
                item.id: data.draw(st.one_of(st.none(), st.sampled_from(levels(instrument.answers_of(item.id)) or ())))
                for item in instrument.items
            }
        )
    columns = {
        item.id: np.array([np.nan if row[item.id] is None else float(row[item.id]) for row in rows])  # type: ignore[arg-type]
        for item in instrument.items
    }
    scored = score(instrument, columns)
    for place, row in enumerate(rows):
        for name, one in score_one(instrument, row).items():
            made = scored[name]
            assert made.answered[place] == one.answered
            assert Why(int(made.why[place])) == why(one)
            if one.value is None:
                assert np.isnan(made.values[place])
            else:
                assert made.values[place] == float(one.value)


def test_whole_numbers_and_floats_and_truth_values_score_alike() -> None:
    haq = instrument("haq-di")
    chance = np.random.default_rng(5)
    places = {item.id: chance.integers(-1, 4 if "_" in item.id else 2, (3, 50)) for item in haq.items[:20]}
    ticks = {item.id: chance.random(50) < 0.3 for item in haq.items[20:]}
    floats = {name: np.where(column < 0, np.nan, column) for name, column in places.items()}
    whole = score(haq, {**places, **ticks})
    for kind in (np.int8, np.int64):
        narrow = {name: column.astype(kind) for name, column in places.items()}
        assert np.array_equal(score(haq, {**narrow, **ticks})["di"].values, whole["di"].values, equal_nan=True)
    assert np.array_equal(score(haq, {**floats, **ticks})["di"].values, whole["di"].values, equal_nan=True)
    assert whole["di"].values.shape == (3, 50)


def test_no_questionnaires_give_no_scores() -> None:
    fss = instrument("fss")
    assert score(fss, {item.id: np.empty(0) for item in fss.items})["mean"].values.shape == (0,)


def test_scores_do_not_depend_on_where_a_block_ends() -> None:
    fss = instrument("fss")
    size = BLOCK + 3
    columns = {item.id: (np.arange(size) * 5 + place) % 7 + 1 for place, item in enumerate(fss.items)}
    assert np.array_equal(score(fss, columns)["total"].values, sum(columns.values()))


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        (np.array([1, 8, 7]), 8, "8 is not whole numbers 1 to 7"),
        (np.array([1, 0, 7]), 0, "0 is not whole numbers 1 to 7"),
        (np.array([1.0, 3.5, np.nan]), 3.5, "3.5 is not whole numbers 1 to 7"),
        (np.array([1.0, np.inf, 3.0]), np.inf, "inf is not whole numbers 1 to 7"),
    ],
)
def test_an_answer_that_cannot_be_is_never_scored(column: np.ndarray, value: float, sentence: str) -> None:
    fss = instrument("fss")
    columns = {item.id: np.array([4, 4, 4]) for item in fss.items} | {"i5": column}
    with pytest.raises(WrongAnswers) as refused:
        score(fss, columns)
    assert [(one.item, one.index, one.value, one.sentence) for one in refused.value.wrong] == [
        ("i5", (1,), value, sentence)
    ]
    assert outside(fss, columns) == refused.value.wrong


def test_codes_with_gaps_between_them_are_no_answers() -> None:
    made = Instrument.model_validate(
        {
            "id": "x", "label": "X", "version": "1", "licence": "none",
            "answers": {"a": {"codes": {"1": "one", "2": "two", "4": "four"}}},
            "items": [{"id": "i", "label": "I", "answers": "a"}],
            "scales": [{"id": "s", "label": "S", "rule": "sum", "items": ["i"], "better": "lower"}],
        }
    )  # fmt: skip
    assert score(made, {"i": np.array([1, 2, 4, -1])})["s"].values[:3].tolist() == [1, 2, 4]
    with pytest.raises(WrongAnswers, match="3 is not 1, 2 or 4"):
        score(made, {"i": np.array([3])})


def test_columns_and_scales_that_are_missing_are_all_named() -> None:
    with pytest.raises(KeyError, match="fss: no averige, i2, i3, i4, i5, i6, i7, i8, i9"):
        score(instrument("fss"), {"i1": np.array([1])}, ["averige", "mean"])
    assert needed(instrument("mmt-8")) == tuple(
        item.id for item in instrument("mmt-8").items if not item.id.endswith("_l")
    )


def test_texts_are_no_answers() -> None:
    with pytest.raises(TypeError, match="answers are numbers"):
        score(instrument("fss"), {item.id: np.array(["4"]) for item in instrument("fss").items})


def test_where_binary_floats_cannot_hold_the_whole_numbers_unbounded_ones_do() -> None:
    """Six means of thirds of thousandths: their common denominator has more than 53 bits."""
    names = [f"i{number}" for number in range(18)]
    groups = {f"s{place}": names[3 * place : 3 * place + 3] for place in range(6)}
    means = [
        {
            "id": name,
            "label": "M",
            "rule": "mean",
            "items": items,
            "missing": "answered",
            "minimum": 1,
            "better": "lower",
        }
        for name, items in groups.items()
    ]
    over = {"id": "over", "label": "O", "rule": "mean", "scales": list(groups), "linear": (0, 7), "better": "lower"}
    fine = Instrument.model_validate(
        {
            "id": "x", "label": "X", "version": "1", "licence": "none",
            "answers": {"a": {"low": 0, "high": 2, "step": Decimal("0.001")}},
            "items": [{"id": name, "label": "I", "answers": "a"} for name in names],
            "scales": [*means, over],
        }
    )  # fmt: skip
    chance = np.random.default_rng(11)
    rows = [{name: Decimal(int(chance.integers(0, 2001))) / 1000 for name in names} for _ in range(20)]
    columns = {name: np.array([float(row[name]) for row in rows]) for name in names}
    made = score(fine, columns)["over"].values
    assert made.dtype == np.float64
    assert made.tolist() == [float(score_one(fine, row)["over"].value or 0) for row in rows]


def test_an_aid_may_raise_beyond_what_the_items_of_a_category_count() -> None:
    """Found by chance: 313 steps did not fit the narrow numbers of a category that counts 0 and 1."""
    tick = Answers(codes={"0": "no", "1": "yes"}, blank=Decimal(0))
    fine = Answers(codes={"0": "level", "1": "level"}, recode={"0": Decimal(25), "1": Decimal("33.3")})
    items = (("i0", "whole"), ("i1", "fine"), ("t0", "tick"), ("t1", "tick"))
    instrument = Instrument(
        id="x",
        label="X",
        version="1",
        licence="none",
        answers={"whole": Answers(low=Decimal(0), high=Decimal(1), step=Decimal(1)), "fine": fine, "tick": tick},
        items=tuple(InstrumentItem(id=name, label=name, answers=answers) for name, answers in items),
        categories=tuple(Category(id=f"c{n}", label="C", items=(f"i{n}",), aids=(f"t{n}",)) for n in (0, 1)),
        scales=(
            Scale(id="s", label="S", rule="categories", categories=("c0", "c1"), raise_to=Decimal(2), better="higher"),
        ),
    )
    columns = {"i0": np.array([0, 1]), "i1": np.array([1, 0]), "t0": np.array([1, 0]), "t1": np.array([0, 1])}
    assert score(instrument, columns)["s"].values.tolist() == [(0 + 33.3) / 2, (1 + 2) / 2]
