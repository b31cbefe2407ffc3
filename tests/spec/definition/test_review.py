"""What is read is then reviewed: every name must name something, every expression must make sense, and what is doubtful is said."""

# The rows of the tables are whole sentences.
# ruff: noqa: E501

from pathlib import Path

import pytest
from tests.plugins.editing import edited, place_of, said

from trialwright.design import Catalogue, Measure, inspect

Row = tuple[str, str, str, str]


def judged(folder: Path, table: list[Row], catalogue: Catalogue = Catalogue.EMPTY) -> None:
    """Each row: the text, what it is replaced by, the fragment that the place points to, and what is said."""
    for old, new, pointed_at, sentence in table:
        trial = edited(folder, (old, new))
        place = place_of((trial / "trial.yaml").read_text(), pointed_at)
        assert f"trial.yaml:{place}: {sentence}" in said(trial, catalogue), (new, place, said(trial, catalogue))


def test_a_name_that_names_nothing_is_an_error(tmp_path: Path) -> None:
    table = [
        ("gives: [tablet]", "gives: [tablett]", "tablett", "error: the intervention 'tablett' is not declared (did you mean 'tablet'?)"),
        ("epoch: SCREENING", "epoch: SCREENNG", "SCREENNG", "error: the epoch 'SCREENNG' is not declared (did you mean 'SCREENING'?)"),
        ("blood: [START", "blood: [STRT", "STRT", "error: the visit 'STRT' is not declared (did you mean 'START'?)"),
        ("  events: {log", "  evnts: {log", "evnts", "error: 'evnts' is neither a form nor an activity (did you mean 'events'?)"),
        ("since: FIRST", "since: FRIST", "FRIST", "error: the visit or activity 'FRIST' is not declared (did you mean 'FIRST'?)"),
        ("codes: SIDE", "codes: SIED", "SIED", "error: the code list 'SIED' is not declared (did you mean 'SIDE'?)"),
        ("entered_by: [laboratory", "entered_by: [labratory", "labratory", "error: the role 'labratory' is not declared (did you mean 'laboratory'?)"),
        ("item: upper}\n      - {id: wide", "item: uper}\n      - {id: wide", "uper}", "error: form 'pressure' has no item 'uper' (did you mean 'upper'?)"),
        ("item: person.age", "item: person.aeg", "person.aeg", "error: form 'person' has no item 'aeg' (did you mean 'age'?)"),
        ("item: person.age", "item: pers.age", "pers.age", "error: the form 'pers' is not declared (did you mean 'person'?)"),
        ("item: person.age", "item: person", "person}\n  sex", "error: 'person' names a form, not an item (write person.item)"),
        ("consent: trial}", "consent: trail}", "trail}", "error: the scope 'trail' is not declared (did you mean 'trial'?)"),
        ("needed: [trial]", "needed: [blod_bank]", "blod_bank", "error: the scope 'blod_bank' is not declared (did you mean 'blood_bank'?)"),
        ("ratio: {T: 1", "ratio: {Q: 1", "1, P: 1", "error: the arm 'Q' is not declared (known: T, P)"),
        ("visit: START", "visit: STRT", "STRT", "error: the visit 'STRT' is not declared (did you mean 'START'?)"),
        ("requires: [pressure]", "requires: [presure]", "presure", "error: the form 'presure' is not declared (did you mean 'pressure'?)"),
        ("map: {none: none", "map: {non: none", "non: none", "error: 'non' is no code of person.drug (did you mean 'none'?)"),
        ("blinded: [investigator", "blinded: [investigater", "investigater", "error: the role 'investigater' is not declared (did you mean 'investigator'?)"),
        ("endpoints: [UPPER8]", "endpoints: [UPER8]", "UPER8", "error: the endpoint 'UPER8' is not declared (did you mean 'UPPER8'?)"),
        ("measure: [pressure.upper]", "measure: [tis]", "tis]", "error: the derivation 'tis' is not declared (none is declared)"),
        ("at: [WEEK8], src", "at: [WEK8], src", "WEK8", "error: the visit 'WEK8' is not declared (did you mean 'WEEK8'?)"),
        ("population: ALL", "population: AL", "AL,", "error: the population 'AL' is not declared (did you mean 'ALL'?)"),
        ("contrast: [T, P]", "contrast: [T, T]", "T], src: invented}\nlocks", "error: the arm 'T' stands here twice (keep one)"),
        ("after: WEEK8, firewall", "after: WEK8, firewall", "WEK8", "error: the planned visit 'WEK8' is not declared (did you mean 'WEEK8'?)"),
        ("acronym: PRESS, src: invented", "acronym: PRESS, src: invetned", "invetned", "error: the source 'invetned' is not declared (did you mean 'invented'?)"),
        ("acronym: PRESS, src: invented", "acronym: PRESS, src: [a]", "[a]", "error: a source is a key of `sources`, with a note in brackets (write src: assumed (why))"),
    ]  # fmt: skip
    judged(tmp_path, table)


def test_an_expression_is_checked_where_it_stands(tmp_path: Path) -> None:
    """Names, types, units and codes; the place is that of the word in the expression."""
    table = [
        ("when: age >= 18 a", "when: agee >= 18 a", "agee", "error: there is no 'agee' here (did you mean age?)"),
        ("when: age >= 18 a", "when: age >= 18", "age >= 18,", "error: age (a quantity in a) does not compare with 18, which has no unit (write 18 a)"),
        ("expr: upper - lower", "expr: upper - lowr", "lowr", "error: there is no 'lowr' here (did you mean lower?)"),
        ("expr: upper - lower", "expr: pulse_pressure - lower", "pulse_pressure - lower", "error: this needs 'pulse_pressure', which is derived here or later (derived items are computed in order)"),
        ("expr: upper - lower", "expr: upper > lower", "upper > lower, unit", "error: this gives a boolean and is declared as a quantity in mm[Hg] (change the type or the unit, or the expression)"),
        ("lower, unit: \"mm[Hg]\"}\n    checks", "lower, unit: kg}\n    checks", "upper - lower", "error: this gives a quantity in mm[Hg] and is declared as a quantity in kg (change the type or the unit, or the expression)"),
        ("where: randomised", "where: ALL", "where: ALL, src", "error: 'ALL' is defined by itself: ALL -> ALL"),
        ("when: sex == F}", "when: sex == X}", "X}", "error: 'X' is none of the codes F, M"),
        ("drug == other,", "drug = other,", "= other", "error: '=' has no meaning here (write == to compare)"),
        ("where: randomised", "where: randomized", "randomized", "error: there is no 'randomized' here (did you mean randomised?)"),
        ("{judgement: the other", "{judgment: the other", "judgment", "error: 'judgment' is no part of a condition (did you mean judgement?)"),
        ("when: pregnant,", "when: [pregnant],", "[pregnant]", "error: a list of conditions does not say how they combine: write any: [...] or all: [...]"),
        ("when: pregnant,", "when: 1 < 2,", "{id: EX1", "warning: this condition speaks of nothing and is always the same (remove it, or name an item)"),
    ]  # fmt: skip
    judged(tmp_path, table)


def test_visits_have_days_and_windows_that_make_sense(tmp_path: Path) -> None:
    table = [
        ("day: 57", "day: 0", "0, window: [7, 7]", "error: there is no day 0 (day 1 is the anchor visit, day -1 the day before it)"),
        ("day: 1, anchor", "day: 2, anchor", "2, anchor", "error: the anchor visit is on day 2 (the anchor visit is day 1)"),
        (", anchor: true", "", "visits:\n", "error: 0 visits are the anchor (mark one visit `anchor: true`; days count from it)"),
        ("day: 57, ", "", "WEEK8: {label", "error: visit 'WEEK8' has no day (add `day`, or `unscheduled: true`)"),
        ("unscheduled: true", "unscheduled: true, day: 9", "9}", "error: an unscheduled visit has no planned day (remove `day`)"),
        ("day: 57", "day: 1", "1, window: [7", "error: 'WEEK8' is on the same day as 'START' (give it another day)"),
        ("window: [7, 7]", "window: [60, 7]", "[60, 7]", "warning: the window of 'WEEK8' overlaps that of 'START' (one day would belong to two visits)"),
    ]  # fmt: skip
    judged(tmp_path, table)


def test_items_have_what_their_type_asks_and_nothing_else(tmp_path: Path) -> None:
    table = [
        ("codes: SIDE, ", "", "{id: arm_side", "error: the coded item 'arm_side' has no code list (add `codes`)"),
        ("type: text, label: Remark", "type: text, label: Remark, unit: kg", "unit: kg}", "error: 'remark' is of type text and has `unit` (only numbers have it)"),
        ("type: text, label: Remark", "type: text, label: Remark, accept: [pdf]", "accept", "error: 'remark' is of type text and has `accept` (only files have it)"),
        ("type: text, label: Remark", "type: text, codes: SIDE, label: Remark", "codes: SIDE, label: Rem", "error: 'remark' is of type text and has codes (make its type code)"),
        ("range: [40, 300]", "range: [300, 40]", "[300, 40]", "error: `range` runs from 300 to 40 (the smaller number comes first)"),
        ("warn: [80, 220]", "warn: [30, 220]", "[30, 220]", "error: `warn` of 'upper' lies outside its `range` (what is refused cannot be confirmed)"),
        ("step: 0.1", "step: 0", "0}\n    derive", "error: a step of 0 (a step is above 0)"),
        ("{id: remark", "{id: age", "age, type: text", "error: a second item has the id 'age' (ids are unique)"),
        ("{id: remark", "{id: visit", "visit, type: text", "error: 'visit' means something to every expression (rename it)"),
        ("  events: {log: true, since: FIRST}", "  events: [FIRST]", "events: [FIRST]", "error: form 'events' is a log and its schedule is not (say `log: true` in both or in neither)"),
        ("age: {type: integer", "age: {type: text", "text, unit: a", "error: the fact is of type text and 'person.age' of type integer (make them agree)"),
        ("age: {type: integer, unit: a", "age: {type: integer, unit: mo", "mo, label", "error: the fact is in mo and 'person.age' in a (write a)"),
        ("values: [F, M]", "values: [F, W]", "W]", "error: 'person.sex' never is 'W' (known: F, M)"),
        ("values: [F, M]", "values: [F]", "[F]", "error: 'person.sex' can be M, which the fact cannot (add what is missing)"),
    ]  # fmt: skip
    judged(tmp_path, table)


@pytest.mark.requirement("BL1")
def test_what_is_sealed_feeds_nothing_that_blinded_people_see(tmp_path: Path) -> None:
    """Renin is sealed: no stratum, fact, check, skip or score may rest on it."""
    table = [
        ("item: person.drug, map", "item: blood.renin, map", "blood.renin", "error: a stratum rests on 'blood.renin', which is sealed (use an open item)"),
        ("item: pressure.upper}", "item: blood.renin}", "upper: {type: integer, unit", "error: a criterion could read 'blood.renin', which is sealed (criteria may rest on open items only)"),
        ("range: [1, 10], warn: [3, 6]}", "range: [1, 10], when: renin > 5 ng/L}", "renin > 5", "error: this reads 'renin', which is sealed (what the page does would give it away)"),
        ("objectives:\n", "derivations:\n  score: {method: m, label: s, inputs: {x: blood.renin}, src: invented}\nobjectives:\n", "blood.renin}, src", "error: 'blood.renin' is sealed and feeds 'score', which is not (a score of sealed values gives them away; analyse the item itself after unblinding)"),
    ]  # fmt: skip
    judged(tmp_path, table)
    trial = edited(
        tmp_path,
        ("entered_by: [laboratory, nurse]", "blinding: sealed"),
        ("blinding: sealed, note", "blinding: open, note"),
    )
    assert any("'renin' is less blinded than its sealed form" in line for line in said(trial))


def test_a_count_is_never_below_nothing(tmp_path: Path) -> None:
    table = [
        ("planned: 6}", "planned: -6}", "-6}", "error: -6: this must be 0 or more"),
        ("window: [14, 7]", "window: [14, -7]", "[14, -7]", "error: this must be 0 or more"),
        ("  n: 12", "  n: 0", "0\n  ratio", "error: 0: this must be more than 0"),
    ]
    judged(tmp_path, table)


def test_a_lock_at_a_visit_that_is_missing_is_one_error_and_no_more(tmp_path: Path) -> None:
    trial = edited(
        tmp_path, ("final, after: WEEK8", "final, after: WEEK9"), ("week8, after: WEEK8", "week8, after: START")
    )
    told = said(trial)
    assert any("the planned visit 'WEEK9' is not declared" in sentence for sentence in told)
    assert not any("the last lock comes before" in sentence for sentence in told)
    early = edited(
        tmp_path, ("final, after: WEEK8", "final, after: START"), ("week8, after: WEEK8", "week8, after: START")
    )
    assert any("the last lock comes before the last visit, WEEK8" in sentence for sentence in said(early))


def test_who_opens_a_staged_lock_is_declared_unblinded(tmp_path: Path) -> None:
    [sentence] = said(edited(tmp_path, ("firewall: [unblinded_statistician]", "firewall: [escrow_holder]")))
    assert sentence.endswith("'escrow_holder' may be unblinded by the lock 'week8' (add it to blinding.unblinded)")


@pytest.mark.requirement("DC1")
def test_a_check_without_a_reason_is_said(tmp_path: Path) -> None:
    [sentence] = said(edited(tmp_path, (", why: the two were probably exchanged", "")))
    assert sentence.endswith("warning: the check 'crossed' has no reason (add `why` (DC1))")


@pytest.mark.requirement("RN1")
def test_the_annex_is_named_by_its_hash_alone(tmp_path: Path) -> None:
    edit = "method: permuted_block", "method: permuted_block\n  annex_sha256: 4 and 6"
    assert any(
        "this is no SHA-256 (64 hexadecimal digits in lower case)" in line for line in said(edited(tmp_path, edit))
    )


def test_a_clock_runs_between_dates(tmp_path: Path) -> None:
    clock = "clocks:\n  c: {label: c, start: person.stroke, end: person.age, limit: a week, src: invented}\nschedule:\n"
    lines = said(edited(tmp_path, ("schedule:\n", clock)))
    assert any("'person.age' is of type integer (a clock runs between dates)" in line for line in lines)
    assert any(
        "'a week' is no quantity (write a number and a UCUM unit, such as 1 mg/kg/d or 7 d)" in line for line in lines
    )


def test_nobody_is_blinded_and_unblinded(tmp_path: Path) -> None:
    trial = edited(tmp_path, ("unblinded: [", "unblinded: [monitor, "))
    assert any("'monitor' is blinded and unblinded" in line for line in said(trial))


def test_what_nothing_feeds_or_uses_is_said(tmp_path: Path) -> None:
    table = [
        ("  pressure: [FIRST, START, WEEK8, EXTRA]", "  pressure: [FIRST, START, EXTRA]", "UPPER8: {label", "warning: nothing feeds the endpoint 'UPPER8' at WEEK8: pressure is not due there (schedule the form there, or change `at`)"),
        ("  blood: [START, WEEK8]\n", "", "blood:\n    label", "warning: the form 'blood' (2 items) is on no visit (add it to the schedule)"),
        ("  SIDE: {L", "  HAND: {L: left}\n  SIDE: {L", "HAND", "warning: no item uses the code list 'HAND' (remove it, or name it in `codes`)"),
        ("  invented: {text", "  paper: {text: A paper}\n  invented: {text", "paper: {", "warning: nothing cites the source 'paper' (remove it, or cite it by `src:`)"),
        ("gives: [placebo]", "gives: [tablet]", "placebo: {label", "warning: no arm gives 'placebo' (add it to an arm's `gives`, or remove it)"),
        ("map: {none: none, \"*\": some}", "map: {\"*\": some}", "map: {\"*\"", "warning: the stratum 'drug' has a single level (it stratifies nothing)"),
        ("n: 12\n", "n: 13\n", "13\n", "warning: 13 cannot be divided in the ratio 1:1"),
        ("age: {type: integer, unit: a, label: age, item: person.age}", "age: {type: integer, unit: a, label: age}", "age: {type", "warning: nothing fills the fact 'age' (add `item` or `derive`)"),
        ("zone: Europe/Lisbon, planned: 6}", "zone: Europe/Lisbon, planned: 6}\n  EAST: {name: Eastern hospital, country: AT, zone: Europe/Vien}", "Europe/Vien}", "error: 'Europe/Vien' is no time zone (use an IANA name such as Europe/Amsterdam)"),
        ("level: primary, endpoint: UPPER8", "level: secondary, endpoint: UPPER8", "analyses:\n", "error: no analysis is primary (mark one `level: primary`)"),
    ]  # fmt: skip
    judged(tmp_path, table)


def test_a_condition_that_can_never_hold_is_said(tmp_path: Path) -> None:
    table = [
        ('"upper >= 140 mm[Hg]"', '"upper >= 340 mm[Hg]"', '"upper >= 340', "warning: 'upper >= 340 mm[Hg]' is never true: the range is 40 to 300 (correct the condition, or the range)"),
        ("when: age >= 18 a", "when: 0 a <= age", "0 a <= age", "warning: '0 a <= age' is always true: the range is 0 to 120 (correct the condition, or the range)"),
        ("when: pregnant,", "when: sex == F and sex == M,", "sex == F and", "warning: 'sex == F and sex == M' is never true: sex cannot be F and M (correct the condition, or the range)"),
    ]  # fmt: skip
    judged(tmp_path, table)


def test_a_method_that_the_catalogue_lacks_is_a_warning(tmp_path: Path) -> None:
    """The trial can be rehearsed without it; opening it is another matter."""
    catalogue = Catalogue(
        {"score": Measure(("x",), ("y",), ("z",))}, frozenset({"welsh"}), frozenset({"permuted_blocks"})
    )
    derived = (
        "objectives:\n",
        "derivations:\n  s: {method: score, label: s, inputs: {y: blood.potassium, w: blood.potassium}, src: invented}\nobjectives:\n",
    )
    table = [
        ("n: 12\n", "n: 14\n", "permuted_block\n", "warning: the catalogue has no randomisation method 'permuted_block' (did you mean 'permuted_blocks'?)"),
        ("n: 12\n", "n: 14\n", "welch", "warning: the catalogue has no analysis 'welch' (did you mean 'welsh'?)"),
        (*derived, "inputs: {y", "error: score needs the input 'x' (add x: form.item)"),
        (*derived, "w: blood", "error: score takes no input 'w' (known: x, y)"),
    ]  # fmt: skip
    judged(tmp_path, table, catalogue)
    seen = inspect(edited(tmp_path, derived), catalogue).review
    assert seen is not None
    assert seen.missing_methods == ("permuted_block", "welch")


def test_an_option_that_an_analysis_does_not_take_is_an_error(tmp_path: Path) -> None:
    """Capitals, hyphens and brackets do not matter; another word does."""
    words = {"covariance": ("unstructured", "compound symmetry"), "df": ("kenward-roger-linear",), "visit": ()}
    catalogue = Catalogue(analyses=frozenset({"welch"}), options={"welch": words})
    old = "method: welch, level: primary"

    def with_option(option: str) -> str:
        return f"method: welch, options: {{{option}}}, level: primary"

    table = [
        (old, with_option("covariance: unstructred"), "unstructred", "error: welch knows no covariance 'unstructred' (did you mean 'unstructured'?)"),
        (old, with_option("covarance: unstructured"), "covarance", "error: welch takes no option 'covarance' (did you mean 'covariance'?)"),
        (old, with_option("df: residual"), "residual", "error: welch knows no df 'residual' (known: kenward-roger-linear)"),
        (old, with_option("visit: START"), "START}, level", "error: the visit of the endpoint 'START' is not declared (known: WEEK8)"),
    ]  # fmt: skip
    judged(tmp_path, table, catalogue)
    for fine in ("covariance: Compound symmetry", "df: Kenward-Roger (linear)", "visit: WEEK8"):
        assert said(edited(tmp_path, (old, with_option(fine))), catalogue) == []
    assert said(edited(tmp_path, (old, with_option("anything: goes"))), Catalogue(analyses=frozenset({"welch"}))) == []


def test_a_value_without_a_source_is_said(tmp_path: Path) -> None:
    table = [
        ("phase: {value: \"2\", src: invented}", "phase: \"2\"", "phase", "warning: no source is named for this (add `src:` here or above)"),
        ("country: NL, zone: Europe/Amsterdam, planned: 6}", "country: NL, zone: Europe/Amsterdam}", "", ""),
    ]  # fmt: skip
    judged(tmp_path, table[:1])
    assert said(edited(tmp_path, table[1][:2])) == []
