"""A derivation names a method, its inputs and its options; whatever is wrong is said at its place, before anything runs."""

# The rows of the tables are whole sentences.
# ruff: noqa: E501

from pathlib import Path

import pytest
from tests.plugins.editing import edited, place_of, said

from trialwright.conduct.catalogue import catalogue

FIRST = "src: invented}"
LEVELS = "mo: blood.potassium, sc: blood.potassium, ua: blood.potassium, pd: blood.potassium, ad: blood.potassium"
LOG = "dose: events.worst, start: events.term, stop: events.term"


def of(folder: Path, *lines: str) -> Path:
    """The small trial with these derivations."""
    text = "derivations:\n" + "".join(f"  {line}, {FIRST}\n" for line in lines) + "objectives:\n"
    return edited(folder, ("objectives:\n", text))


def derived(method: str, inputs: str, options: str = "") -> str:
    stated = f", options: {{{options}}}" if options else ""
    return f"s: {{method: {method}, label: S, inputs: {{{inputs}}}{stated}"


@pytest.mark.parametrize(
    ("line", "pointed_at", "sentence"),
    [
        (derived("qaly", "index: blood.potasium"), "blood.potasium", "error: form 'blood' has no item 'potasium' (did you mean 'potassium'?)"),
        (derived("qaly", "index: eq5d"), "eq5d", "error: 'eq5d' is neither a derivation nor an item (form.item) (known: s, person, pressure, blood, pregnancy, events)"),
        (derived("qaly", "index: blood"), "blood}", "error: 'blood' names a form, not an item (write blood.item)"),
        (derived("qaly", "index: s"), "s}, ", "error: 's' is computed from itself: s -> s (let one of them rest on items alone)"),
        (derived("qaly", "index: blood.renin"), "blood.renin", "error: 'blood.renin' is sealed and feeds 's', which is not (a score of sealed values gives them away; analyse the item itself after unblinding)"),
        (derived("qaly", "indx: blood.potassium"), "indx", "error: qaly takes no input 'indx' (did you mean 'index'?)"),
        (derived("qaly", "index: blood.potassium", "missing: zero"), "zero", "error: 'zero' is none of: bridged, unknown (see the guide to declared derivations)"),
        (derived("qaly", "index: blood.potassium", "mising: unknown"), "mising", "error: qaly takes no option 'mising' (did you mean 'missing'?)"),
        (derived("eq5d_5l", LEVELS), "s: {method", "error: no value set is named, so there is no index (add options: {value_set: a DOI})"),
        (derived("eq5d_5l", LEVELS, "value_set: NL"), "NL}", "warning: the value set 'NL' is not pinned: a country may get another one (write value_set: 10.1016/j.jval.2016.01.003)"),
        (derived("mean_daily_dose", LOG, "overlaps: both"), "both", "error: 'both' is none of: later, add, highest (see the guide to declared derivations)"),
        (derived("mean_daily_dose", LOG, "drugs: prednisone 1"), "prednisone 1", "error: doses of several drugs are counted by the input 'drug' and the option 'drugs', and the input 'drug' is lacking (give both, or neither)"),
        (derived("mean_daily_dose", LOG.replace("events.worst", "blood.potassium")), "inputs: {dose", "error: mean_daily_dose reads one log, and the inputs are of blood, events (take all inputs from one log)"),
        (derived("confirmed_deterioration", "x: blood.potassium", 'rule: "x 20 mm or 3"'), '"x 20 mm or 3"', "error: 'x 20 mm or 3': write a measure and how much worse, such as 'phga 2 cm', 'mmt 20 %' or '3 of a, b 30 %' (see the guide to declared derivations)"),
        (derived("confirmed_deterioration", "x: blood.potassium", "rule: x 1; y 2"), "x 1; y 2", "error: the rule speaks of y, which no input feeds (add inputs: {y: form.item})"),
        (derived("first_time", "of: blood.potassium", "at_least: much"), "much", "error: 'much' is no number (write a number, such as 40)"),
        (derived("first_time", "of: blood.potassium"), "s: {method", "error: first_time needs one of at_least and at_most (add options: {at_least: \"40\"})"),
        (derived("fss", "form: blood", "scale: mean"), "inputs: {form", "error: nothing feeds i1, i2, i3, i4, i5, i6, i7, i8, i9 of fss, which its scale mean needs (name an item for each, or a form that has them)"),
        (derived("fss", "form: blood", "scale: men"), "men}", "error: fss has no scale 'men' (did you mean 'mean'?)"),
        (derived("fss", "form: blood"), "s: {method", "warning: fss has several scales, and none is named: 'mean' is taken (add options: {scale: mean}, or another: total)"),
        (derived("qaly", "index: blood.potassium", "missing: bridgd"), "bridgd", "error: 'bridgd' is none of: bridged, unknown (did you mean 'bridged'?)"),
        (derived("eq5d_5l", LEVELS, "value_set: 10.1016/j.jval.2016.01.004"), "10.1016/j.jval.2016.01.004", "error: there is no value set '10.1016/j.jval.2016.01.004' of the 5L; did you mean 10.1016/j.jval.2016.01.003 (Netherlands)? (`trialwright score eq5d --list` shows them with their DOI)"),
        (derived("eq5d_3l", LEVELS, "value_set: 10.1016/j.jval.2016.01.003"), "10.1016/j.jval.2016.01.003", "error: '10.1016/j.jval.2016.01.003' is no value set of the 3L: it is Netherlands of the 5L; check version and DOI (`trialwright score eq5d --list` shows them with their DOI)"),
        (derived("acr_eular_2016", LEVELS, "missing: strct"), "strct", "error: 'strct' is none of: strict, lenient (did you mean 'strict'?)"),
        (derived("acr_eular_2016", LEVELS, "criteria: adlt"), "adlt", "error: 'adlt' is none of: adult, juvenile (did you mean 'adult'?)"),
        (derived("acr_eular_2016", LEVELS, 'mmt_max: "0"'), '"0"', "error: '0' is no number above 0 (write the greatest sum, such as 260)"),
        (derived("acr_eular_2016", LEVELS, 'enzyme_ranges: "ck 15, ats 3"'), '"ck 15, ats 3"', "error: 'ats' is no enzyme of the score (did you mean 'ast'?)"),
        (derived("acr_eular_2016", LEVELS, 'enzyme_ranges: "ck"'), '"ck"', "error: 'ck' gives no multiple of the upper limit (write ck 15)"),
        (derived("fsss", "form: blood"), "fsss", "warning: the catalogue has no measure 'fsss' (did you mean 'fss'?)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_place(tmp_path: Path, line: str, pointed_at: str, sentence: str) -> None:
    trial = of(tmp_path, line)
    place = place_of((trial / "trial.yaml").read_text(), pointed_at)
    assert f"trial.yaml:{place}: {sentence}" in said(trial, catalogue())


def test_a_value_set_that_there_is_not_is_an_error_that_names_some(tmp_path: Path) -> None:
    wrong = said(of(tmp_path, derived("eq5d_5l", LEVELS, "value_set: 10.1000/nothing")), catalogue())
    assert any(
        "there is no value set '10.1000/nothing' of the 5L (`trialwright score eq5d --list` shows them" in one
        for one in wrong
    )


def test_a_circle_of_derivations_is_named_whole(tmp_path: Path) -> None:
    trial = of(
        tmp_path,
        "a: {method: qaly, label: A, inputs: {index: b}",
        "b: {method: qaly, label: B, inputs: {index: c}",
        "c: {method: qaly, label: C, inputs: {index: a}",
    )
    assert [line.split("error: ")[1] for line in said(trial, catalogue()) if "itself" in line] == [
        f"'{way[0]}' is computed from itself: {' -> '.join(way)} (let one of them rest on items alone)"
        for way in ("abca", "bcab", "cabc")
    ]


def test_a_check_may_ask_for_a_deterioration_and_for_no_number(tmp_path: Path) -> None:
    worse = "w: {method: confirmed_deterioration, label: W, inputs: {p: pressure.upper}, options: {rule: p 20 %}"
    much = "t: {method: first_time, label: T, inputs: {of: pressure.upper}, options: {at_least: '3'}"
    trial = of(tmp_path, worse, much)
    text = (trial / "trial.yaml").read_text()
    asks = "      - {id: worse, why: it should be treated, when: w, say: Worse again.}\n"
    before = "  blood:\n    label: Blood\n"
    (trial / "trial.yaml").write_text(text.replace(before, asks + before, 1))
    assert said(trial, catalogue()) == []
    (trial / "trial.yaml").write_text(text.replace(before, asks.replace("when: w", "when: t > 3") + before, 1))
    assert any("there is no 't' here" in line for line in said(trial, catalogue()))
