"""What an export says of an instrument: its variables with code lists, ranges and derivations, for define.xml and ODM.

Items are collected, scales are derived; every text is neutral, since licensed wordings are no part of a declaration.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from trialwright.design.instruments import Answers, Instrument, InstrumentItem, Scale, Status, used_items
from trialwright.measures.instruments import words
from trialwright.measures.instruments.answers import plain


@dataclass(frozen=True, slots=True)
class Backing:
    """Where a rule or a number comes from: the path in the declaration, the source and how well it is known."""

    path: str
    source: str
    status: Status | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of an export.

    kind: `item` is collected, `score` is derived. codes: code -> label for coded items. code_list: the name of the code
    list, shared by items that take the same answers. derivation, inputs: of a score. backing: its sources.
    """

    id: str
    label: str
    kind: Literal["item", "score"]
    data_type: Literal["integer", "float"]
    codes: tuple[tuple[str, str], ...] = ()
    code_list: str | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    step: Decimal | None = None
    unit: str | None = None
    better: Literal["higher", "lower"] | None = None
    derivation: str | None = None
    inputs: tuple[str, ...] = ()
    backing: tuple[Backing, ...] = ()


def variables(instrument: Instrument) -> list[Variable]:
    """The items in the order of the questionnaire, then the scales."""
    items = [_item(instrument, item) for item in instrument.items]
    return [*items, *(_score(instrument, scale) for scale in instrument.scales)]


def _item(instrument: Instrument, item: InstrumentItem) -> Variable:
    answers = instrument.answers[item.answers]
    codes = tuple(sorted(answers.codes.items(), key=lambda code: Decimal(code[0])))
    ends: tuple[Decimal | None, Decimal | None] = (answers.low, answers.high)
    if codes:
        ends = Decimal(codes[0][0]), Decimal(codes[-1][0])
    return Variable(
        id=item.id,
        label=item.label,
        kind="item",
        data_type="integer" if _whole(answers) else "float",
        codes=codes,
        code_list=f"{instrument.id}.{item.answers}" if codes else None,
        low=ends[0],
        high=ends[1],
        step=answers.step,
        unit=answers.unit,
        backing=_backing(instrument, f"items.{item.id}") + _backing(instrument, f"answers.{item.answers}"),
    )


def _whole(answers: Answers) -> bool:
    numbers: list[Decimal | None] = [*map(Decimal, answers.codes)]
    if not answers.codes:
        numbers = [answers.low, answers.step]
    return all(number is not None and number == number.to_integral_value() for number in numbers)


def _score(instrument: Instrument, scale: Scale) -> Variable:
    inputs = used_items(instrument, scale)
    counts_wholes = scale.rule == "sum" and scale.missing == "none" and scale.linear is None
    plain_items = all(_whole(instrument.answers_of(name)) and not instrument.answers_of(name).recode for name in inputs)
    return Variable(
        id=scale.id,
        label=scale.label,
        kind="score",
        data_type="integer" if counts_wholes and plain_items else "float",
        low=scale.low,
        high=scale.high,
        unit=scale.unit,
        better=scale.better,
        derivation=words.derivation(instrument, scale),
        inputs=inputs,
        backing=_backing(instrument, f"scales.{scale.id}"),
    )


def _backing(instrument: Instrument, path: str) -> tuple[Backing, ...]:
    return tuple(
        Backing(one.path, one.source, words.status(instrument, one), one.note) for one in words.claims(instrument, path)
    )


def as_plain(instrument: Instrument) -> dict[str, Any]:
    """The instrument as mappings, lists, texts and numbers, for JSON: what `instruments show --json` prints."""
    return {
        "id": instrument.id,
        "label": instrument.label,
        "version": instrument.version,
        "licence": instrument.licence,
        "note": instrument.note,
        "finer_step": _number(instrument.finer_step),
        "items": [
            _plain_item(instrument, item, variable)
            for item, variable in zip(instrument.items, variables(instrument), strict=False)
        ],
        "categories": [one.model_dump(mode="json") for one in instrument.categories],
        "scales": [_plain_scale(instrument, scale) for scale in instrument.scales],
        "sources": {key: one.model_dump(mode="json", exclude_none=True) for key, one in instrument.sources.items()},
        "claims": [_plain_backing(one) for path in ("items", "answers", "categories", "scales", "finer_step")
                   for one in _backing(instrument, path)],
    }  # fmt: skip


def _plain_item(instrument: Instrument, item: InstrumentItem, variable: Variable) -> dict[str, Any]:
    answers = instrument.answers[item.answers]
    return {
        "id": item.id,
        "label": item.label,
        "codes": dict(variable.codes),
        "low": _number(variable.low),
        "high": _number(variable.high),
        "step": _number(variable.step),
        "unit": answers.unit,
        "recode": {code: _number(worth) for code, worth in answers.recode.items()},
        "reversed": item.reversed,
        "blank_counts_as": _number(answers.blank),
        "instead": item.instead,
        "answer": words.answer(instrument, item),
    }


def _plain_scale(instrument: Instrument, scale: Scale) -> dict[str, Any]:
    return {
        "id": scale.id,
        "label": scale.label,
        "rule": scale.rule,
        "rule_in_words": words.rule(instrument, scale),
        "formula": words.formula(instrument, scale),
        "missing": scale.missing,
        "missing_in_words": words.missing(scale),
        "minimum": scale.needed,
        "parts": list(scale.parts),
        "items": list(used_items(instrument, scale)),
        "low": _number(scale.low),
        "high": _number(scale.high),
        "unit": scale.unit,
        "better": scale.better,
        "note": scale.note,
        "backing": [_plain_backing(one) for one in _backing(instrument, f"scales.{scale.id}")],
    }


def _plain_backing(one: Backing) -> dict[str, Any]:
    status = one.status.value if one.status is not None else None
    return {"path": one.path, "source": one.source, "status": status, "note": one.note}


def _number(number: Decimal | None) -> int | float | None:
    if number is None:
        return None
    return int(number) if number == number.to_integral_value() else float(plain(number))
