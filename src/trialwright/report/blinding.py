"""Was the blind kept: what participants, assessors and physicians guessed, and the two indices. Only once unblinded."""

from collections.abc import Sequence

from trialwright.analysis.blinding_index import Answers, Blindness, Respondent
from trialwright.analysis.estimates import Interval
from trialwright.analysis.plan import Answer, Results
from trialwright.report.content import Block, Cell, Number, Section, Sentence, Table
from trialwright.report.words import count, say

SEEN_THROUGH = 0.2
"""Bang's index from which an arm counts as seen through, where its interval excludes 0 (Bang 2004 and common use)."""
AT_RANDOM = 0.5
"""James's index of guesses at random; an interval wholly below it says that more is known than by chance."""


def blinding_section(results: Results) -> Section | None:
    """A sentence and a table for everybody who was asked; None where no analysis of the blind is planned."""
    answers = [answer for answer in results.answers if answer.method == "blinding_index"]
    if not answers:
        return None
    blocks: list[Block] = []
    for answer in answers:
        if isinstance(answer.result, Blindness):
            blocks += [*(_in_words(answer, each) for each in answer.result.respondents), _table(answer, answer.result)]
        else:
            blocks.append(say("{why}", "note", why=answer.why))
    return Section("blinding", "Was the blind kept?", blocks)


def _in_words(answer: Answer, each: Respondent) -> Block:
    right = sum(arm.right for arm in each.answers)
    guessed = right + sum(arm.wrong for arm in each.answers)
    through = [
        label
        for label, index in zip(answer.arms, each.bang, strict=True)
        if index is not None and index.estimate >= SEEN_THROUGH and index.lower > 0
    ]
    below = each.james is not None and each.james.upper < AT_RANDOM
    verdict = (
        f"With {' and with '.join(through)} more were right than chance explains: the blind may have been seen through."
        if through
        else "More is known than by chance."
        if below
        else "That is not more than guessing would give."
    )
    return say(
        "{who}: {right} of {guessed} guesses were right; {unknown} did not know. {verdict}",
        who=each.name,
        right=Number(right),
        guessed=Number(guessed),
        unknown=Number(sum(arm.unknown for arm in each.answers)),
        verdict=verdict,
    )


def _table(answer: Answer, result: Blindness) -> Table:
    rows: list[list[Cell]] = []
    for each in result.respondents:
        rows.append([each.name])
        for place, label in enumerate(answer.arms):
            certain = each.by_certainty[place] if each.by_certainty else None
            rows.append([label, *_counts(each.answers[place]), _index(each.bang[place]), _index(certain)])
        rows.append(["Both arms (James)", *_counts(_together(each.answers)), _index(each.james), ""])
    columns = ["", "Right", "Wrong", "Did not know", "Index", "By certainty"]
    return Table(f"blinding-{answer.id.lower()}", answer.label, columns, rows, _notes(answer, result))


def _together(arms: tuple[Answers, Answers]) -> Answers:
    first, second = arms
    return Answers(
        first.right + second.right,
        first.wrong + second.wrong,
        first.unknown + second.unknown,
        first.silent + second.silent,
    )


def _counts(arm: Answers) -> Sequence[Cell]:
    """`11 (52 %)`, of those who answered."""
    asked = arm.right + arm.wrong + arm.unknown
    return [
        Sentence("{n} ({share})", {"n": Number(n), "share": Number(n / asked if asked else None, 0, "", "percent")})
        for n in (arm.right, arm.wrong, arm.unknown)
    ]


def _index(index: Interval | None) -> Cell:
    if index is None:
        return count(None)
    named = {"d": index.estimate, "l": index.lower, "u": index.upper}
    return Sentence("{d} ({l} to {u})", {name: Number(value, 2) for name, value in named.items()})


def _notes(answer: Answer, result: Blindness) -> list[str]:
    silent = sum(arm.silent for each in result.respondents for arm in each.answers)
    notes = [
        "Index of an arm: Bang's; 1 all know, 0 as by chance, −1 all guess the other arm. By certainty: a guess that is"
        f" less than {result.sure:g} % certain counts half. James's index of both arms: 0 all know, 0.5 guesses at"
        " random, 1 nobody has an opinion. 95 % intervals, normal.",
        "Participants who improve guess the treatment that works: a high index late in a trial may be an effect of the"
        " treatment, not of a broken blind.",
    ]
    if silent or answer.omitted:
        notes.append(
            f"Participants without a questionnaire: {len(answer.omitted)}; single answers that are missing: {silent}."
        )
    return notes
