"""A declaration of an instrument: what is read, and every mistake at its place with what to do."""

import random
from fractions import Fraction
from pathlib import Path

import pytest

from trialwright.design.findings import Findings
from trialwright.design.instruments import Instrument, finer, levels, points, used_items
from trialwright.design.problems import Problem
from trialwright.design.read_instrument import InstrumentErrors, read_instrument, review_instrument, score_range
from trialwright.design.tree import Node, Place

SOUND = """\
id: sleep
label: Sleep scale
version: "1"
licence: our own
sources:
  us: {text: "Our own study, 2026", status: read}
answers:
  often: {low: 0, high: 4, step: 1}
  worth: {codes: {"1": first, "2": second, "3": third}, recode: {"1": 100, "2": 50, "3": 0}}
  tick: {codes: {"0": not ticked, "1": ticked}, blank: 0}
items:
  - {id: s1, label: Item 1, answers: often}
  - {id: s2, label: Item 2, answers: often, reversed: true}
  - {id: s3, label: Item 3, answers: worth}
  - {id: pill, label: Pill taken, answers: tick}
categories:
  - {id: night, label: Night, items: [s1, s2], aids: [pill]}
scales:
  - {id: total, label: T, rule: sum, items: [s1, s2], missing: prorate, minimum: 1, low: 0, high: 8, better: lower,
     src: us}
  - {id: worth, label: Worth, rule: mean, items: [s3], low: 0, high: 100, better: higher, src: us (of one)}
  - {id: night, label: Night, rule: categories, categories: [night], raise_to: 2, low: 0, high: 4, better: lower}
"""


def read(folder: Path, text: str) -> Instrument:
    path = folder / "sleep.yaml"
    path.write_text(text, encoding="utf-8")
    return read_instrument(path)


def told(folder: Path, *changes: tuple[str, str]) -> list[str]:
    """What is wrong after the changes: `line: message (suggestion)`."""
    text = SOUND
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(InstrumentErrors) as wrong:
        read(folder, text)
    return [f"{one.place.line}: {one.message} ({one.suggestion})" for one in wrong.value.problems]


def test_a_sound_declaration_is_read_with_its_claims(tmp_path: Path) -> None:
    sleep = read(tmp_path, SOUND)
    assert [item.id for item in sleep.items] == ["s1", "s2", "s3", "pill"]
    assert [(claim.path, claim.source, claim.note) for claim in sleep.claims] == [
        ("scales.total", "us", None),
        ("scales.worth", "us", "of one"),
    ]
    assert levels(sleep.answers["often"]) == (0, 1, 2, 3, 4)
    assert points(sleep, "s2") == {0: 4, 1: 3, 2: 2, 3: 1, 4: 0}
    assert points(sleep, "s3") == {1: 100, 2: 50, 3: 0}
    assert used_items(sleep, sleep.scale("night")) == ("s1", "s2", "pill")
    assert score_range(sleep, sleep.scale("total")) == (Fraction(0), Fraction(8))
    with pytest.raises(KeyError):
        sleep.item("s9")
    with pytest.raises(ValueError, match="no finer step"):
        finer(sleep)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("answers: often, rev", "answers: offen, rev"),
         "13: the set of answers 'offen' is not declared (did you mean 'often'?)"),
        (("label: Item 3, ans", "lable: Item 3, ans"), "14: 'lable' is not known here (did you mean 'label'?)"),
        (("rule: sum", "rule: summ"), "19: 'summ' is none of the words for rule (did you mean 'sum'?)"),
        (("high: 8", "high: 9"), "19: 9 is not what the rule gives (write 8)"),
        (("low: 0, high: 8, ", "low: 0, "), "19: the scale 'total' has no `high` (by its rule it is 8)"),
        (("minimum: 1, ", ""), "19: `missing` needs `minimum` (say how many must be answered)"),
        (("missing: prorate, ", ""), "19: `minimum` needs `missing` (say what stands for what is missing)"),
        (("minimum: 1", "minimum: 3"), "19: 3 of 2 cannot be answered (None)"),
        (("missing: prorate", "missing: answered"), "19: the rule 'sum' has no 'answered' (write none or prorate)"),
        (("items: [s1, s2], missing", "items: [s1, s1], missing"), "19: the item 's1' stands here twice (keep one)"),
        (("items: [s1, s2], missing", "categories: [night], missing"),
         "19: the rule 'sum' takes no categories (write items or scales)"),
        (("items: [s3]", "items: [s4]"), "21: the item 's4' is not declared (known: s1, s2, s3, pill)"),
        (("better: higher, src: us (of one)", "better: higher, src: uss"),
         "21: the source 'uss' is not declared (did you mean 'us'?)"),
        (('"3": 0}', '"4": 0}'), "9: '4' is no code (codes: 1, 2, 3)"),
        (("blank: 0", "blank: 7"), "10: 7 is no code (codes: 0, 1)"),
        (("step: 1}", "step: 3}"), "8: steps of 3 from 0 do not reach 4 (None)"),
        (("high: 4, step: 1", "high: -4, step: 1"), "8: the highest answer -4 is not above the lowest 0 (None)"),
        (("aids: [pill]", "aids: [s3]"), "17: 's3' is no tick box (an aid has the codes 0 and 1)"),
        (("answers: tick}", "answers: tick, instead: s3}"),
         "15: an item that stands in takes the same answers, reversed alike (None)"),
        (("id: s2", "id: s1"), "13: the item 's1' stands here twice (give it another id)"),
        (("{id: night, label: Night, rule", "{id: total, label: Night, rule"),
         "22: the scale 'total' stands here twice (give it another id)"),
        (("{id: s3, label", "{id: id, label"), "14: 'id' cannot be the name of an item (a file has a column id)"),
        (("id: worth, label", "id: total_answered, label"), "21: 'total_answered' cannot be the name of a scale "
         "(a file of scores has columns id, why and the scales with _answered)"),
        (("licence: our own\n", ""), "1: 'licence' is missing (add 'licence: ...')"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_with_its_line_and_what_to_do(
    change: tuple[str, str], problem: str, tmp_path: Path
) -> None:
    assert problem in told(tmp_path, change)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    lines = told(tmp_path, ("high: 8", "high: 9"), ("items: [s3]", "items: [s4]"), ("aids: [pill]", "aids: [s3]"))
    assert [line.split(":")[0] for line in lines] == ["17", "19", "21"]


def test_mistakes_of_shape_and_of_sense_come_together(tmp_path: Path) -> None:
    lines = told(
        tmp_path, ("label: Item 3, ans", "lable: Item 3, ans"), ("high: 8", "high: 9"), ("src: us (of", "src: u (of")
    )
    assert [line.split(":")[0] for line in lines] == ["14", "14", "19", "21"]


def test_a_category_over_a_faulty_item_is_told_once(tmp_path: Path) -> None:
    assert told(tmp_path, ("answers: often, reversed: true", "answers: often, reversed: perhaps")) == [
        "13: 'perhaps': this must be true or false (None)"
    ]
    assert told(
        tmp_path,
        ("categories: [night], raise", "categories: [nigth], raise"),
        ("items: [s1, s2], aids", "items: [s1, s9], aids"),
    ) == [
        "17: the item 's9' is not declared (known: s1, s2, s3, pill)",
        "22: the category 'nigth' is not declared (did you mean 'night'?)",
    ]


@pytest.mark.parametrize("seed", range(60))
def test_whatever_stands_in_a_file_it_is_read_or_refused_with_places(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    words = SOUND.split(" ")
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(words))
        strange = ["", "-1", "0", "1e9", "[]", "{}", "null", "true", "x:", "- ", "[s1]", "'", *words]
        words[place] = chance.choice(strange)
    problems: tuple[Problem, ...] = ()
    try:
        read(tmp_path, " ".join(words))
    except InstrumentErrors as wrong:
        problems = wrong.problems
    assert all(problem.place.file.endswith("sleep.yaml") for problem in problems)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "the file is empty"), ("- a\n", "an instrument is a mapping"), ("a: [", "this is not YAML")],
)
def test_what_is_no_declaration_is_said_in_one_sentence(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(InstrumentErrors, match=problem) as wrong:
        read(tmp_path, text)
    assert len(wrong.value.problems) == 1


def test_a_declaration_inside_another_text_is_reviewed_with_the_path_that_leads_to_it(tmp_path: Path) -> None:
    sleep = read(tmp_path, SOUND)
    wider = sleep.model_copy(update={"scales": (sleep.scales[0].model_copy(update={"items": ("s1", "s9")}),)})
    findings = Findings(Node({}, Place("trial.yaml", 3, 1)))
    review_instrument(wider, findings, ("instruments", "sleep"))
    assert [problem.message for problem in findings.problems] == ["the item 's9' is not declared"]


def test_the_declaration_in_the_manual_is_sound(tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "score-a-questionnaire.md"
    text = page.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    assert [scale.id for scale in read(tmp_path, text).scales] == ["total"]


def test_any_number_is_scored_as_it_stands_and_in_no_other_way(tmp_path: Path) -> None:
    lines = told(
        tmp_path,
        ("  tick:", "  any: {low: 0}\n  tick:"),
        ("categories:\n", "  - {id: ck, label: CK, answers: any, instead: c2}\n  - {id: c2, label: C, answers: any}\n"
         "categories:\n"),
        ("scales:\n", "scales:\n  - {id: ck, label: CK, rule: value, items: [ck], linear: [0, 1], better: lower}\n"
         "  - {id: both, label: B, rule: sum, items: [ck, s1], better: lower}\n"
         "  - {id: over, label: O, rule: sum, scales: [ck], better: lower}\n"),
    )  # fmt: skip
    assert lines == ["17: where any number may be answered nothing stands in (give a step)"]
    rest = told(
        tmp_path,
        ("  tick:", "  any: {low: 0}\n  tick:"),
        ("categories:\n", "  - {id: ck, label: CK, answers: any}\ncategories:\n"),
        ("scales:\n", "scales:\n  - {id: ck, label: CK, rule: value, items: [ck], linear: [0, 1], better: lower}\n"
         "  - {id: both, label: B, rule: sum, items: [ck, s1], better: lower}\n"
         "  - {id: over, label: O, rule: sum, scales: [ck], better: lower}\n"),
    )  # fmt: skip
    assert rest == [
        "21: any number cannot be brought to a range (give its answers a step)",
        "22: 'ck' may hold any number (give its answers a step, or use the rule 'value')",
        "23: 'ck' may be any number (a scale goes over counted scales)",
    ]
