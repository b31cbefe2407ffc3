"""The compiled scorer and the row-by-row reference say the same of every declaration and every answer."""

from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.design.instruments import Instrument, levels
from trialwright.measures.instruments.compiled import Why, score
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
    scales = []
    for number, rule in enumerate(("sum", "mean", "categories")):
        parts = {"categories": ["c0", "c1"]} if rule == "categories" else {"items": names}
        count = 2 if rule == "categories" else len(names)
        scale = {"id": f"s{number}", "label": "S", "rule": rule, "better": draw(st.sampled_from(["higher", "lower"]))}
        if draw(st.booleans()):
            scale |= {"missing": "prorate" if rule == "sum" else "answered", "minimum": draw(st.integers(1, count))}
        if rule == "categories" and draw(st.booleans()):
            scale["raise_to"] = draw(st.sampled_from(["2", "0.5", "3"]))
        if draw(st.booleans()):
            scale["linear"] = draw(st.sampled_from([(0, 100), (100, 0), (-1, 7)]))
        scales.append(scale | parts)
    for rule in ("sum", "mean"):
        over = {"id": f"o_{rule}", "label": "O", "rule": rule, "scales": ["s0", "s1", "s2"], "better": "lower"}
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
