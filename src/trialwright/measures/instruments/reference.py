"""One questionnaire scored in exact fractions, as the declaration reads: the specification of the compiled scorer.

Plain on purpose and without numpy, so that a page or an edit check can score a single participant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from trialwright.design.instruments import Answers, Instrument, Scale
from trialwright.design.read_instrument import raw_range

Answer = int | Decimal | Fraction | None


@dataclass(frozen=True, slots=True)
class OneScore:
    """value: the exact score, None where there is none. answered: how many parts were answered. incomplete: something
    was missing and the declared rule stood in for it. stood_in: another item was taken for one not answered."""

    value: Fraction | None
    answered: int
    incomplete: bool = False
    stood_in: bool = False


def score_one(instrument: Instrument, answers: Mapping[str, Answer]) -> dict[str, OneScore]:
    """Every scale of one questionnaire. `answers`: item -> exact number; absent or None is "not answered". Raises
    ValueError for an answer that the instrument does not know, TypeError for a binary float."""
    found: dict[str, OneScore] = {}
    for scale in instrument.scales:
        if scale.scales:
            found[scale.id] = _over(instrument, scale, [found[name] for name in scale.scales])
        elif scale.categories:
            parts = [category_count(instrument, scale, name, answers) for name in scale.categories]
            found[scale.id] = _scored(instrument, scale, parts)
        else:
            parts = [counted(instrument, name, answers) for name in scale.items]
            found[scale.id] = _scored(instrument, scale, parts)
    return found


Part = tuple[Fraction | None, bool]
"""What a part counts, None where it is not answered; and whether another item stood in."""


def counted(instrument: Instrument, name: str, answers: Mapping[str, Answer]) -> Part:
    """What an item counts, or the item that stands in for it."""
    item = instrument.item(name)
    own = _count(instrument, name, answers.get(name))
    if own is None and item.instead is not None:
        other = _count(instrument, item.instead, answers.get(item.instead))
        return other, other is not None
    return own, False


def _count(instrument: Instrument, name: str, answer: Answer) -> Fraction | None:
    declared = instrument.answers_of(name)
    if isinstance(answer, float):
        raise TypeError(f"{name}: binary floats are not exact; give integers or Decimals")
    if answer is None:
        answer = declared.blank
    if answer is None:
        return None
    count = _worth(declared, instrument.item(name).reversed, Fraction(answer))
    if count is None:
        raise ValueError(f"{name}: {answer} cannot be answered")
    return count


def _worth(declared: Answers, turned: bool, answer: Fraction) -> Fraction | None:
    """What an answer counts, None where it is none."""
    if declared.codes:
        counts = {Fraction(code): Fraction(declared.recode.get(code, Decimal(code))) for code in declared.codes}
        ends = min(counts.values()) + max(counts.values())
        count = counts.get(answer)
        return ends - count if turned and count is not None else count
    low, high, step = declared.low, declared.high, declared.step
    if (low is not None and answer < low) or (high is not None and answer > high):
        return None
    if step is None or low is None or high is None:
        return answer
    if (answer - Fraction(low)) % Fraction(step):
        return None
    return Fraction(low) + Fraction(high) - answer if turned else answer


def category_count(instrument: Instrument, scale: Scale, name: str, answers: Mapping[str, Answer]) -> Part:
    """The worst item of a category that was answered, raised where an aid is ticked."""
    category = instrument.category(name)
    parts = [counted(instrument, item, answers) for item in category.items]
    known = [count for count, _ in parts if count is not None]
    if not known:
        return None, False
    worse = max if scale.better == "lower" else min
    worst = worse(known)
    if scale.raise_to is not None and any((counted(instrument, aid, answers)[0] or 0) > 0 for aid in category.aids):
        worst = worse(worst, Fraction(scale.raise_to))
    return worst, any(stood for _, stood in parts)


def _scored(instrument: Instrument, scale: Scale, parts: list[Part]) -> OneScore:
    known = [count for count, _ in parts if count is not None]
    stood = any(stood for _, stood in parts)
    if len(known) < scale.needed:
        return OneScore(None, len(known), stood_in=stood)
    mean = sum(known, Fraction(0)) / len(known)
    raw = mean * len(parts) if scale.rule in ("sum", "value") else mean
    return OneScore(_turned(instrument, scale, raw), len(known), len(known) < len(parts), stood)


def _over(instrument: Instrument, scale: Scale, parts: list[OneScore]) -> OneScore:
    known = [part.value for part in parts if part.value is not None]
    if len(known) < scale.needed:
        return OneScore(None, len(known))
    raw = sum(known, Fraction(0)) / (len(known) if scale.rule == "mean" else 1)
    incomplete = len(known) < len(parts) or any(part.incomplete for part in parts)
    return OneScore(_turned(instrument, scale, raw), len(known), incomplete, any(part.stood_in for part in parts))


def _turned(instrument: Instrument, scale: Scale, raw: Fraction) -> Fraction:
    if scale.linear is None:
        return raw
    lowest, highest = raw_range(instrument, scale) or (Fraction(0), Fraction(1))
    first, last = (Fraction(end) for end in scale.linear)
    return first + (raw - lowest) / (highest - lowest) * (last - first)
