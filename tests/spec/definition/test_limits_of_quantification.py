"""A definition says which items have limits of quantification, what flags a value beyond one, and what is done with it."""

# The rows of the tables are whole sentences.
# ruff: noqa: E501

from pathlib import Path

from tests.plugins.editing import edited, place_of, said

from trialwright import design
from trialwright.conduct.catalogue import catalogue
from trialwright.design import canonical, from_canonical

POTASSIUM = "range: [1, 10], warn: [3, 6]}"
FLAGS = "{id: low, type: boolean, label: Below the limit}\n      - {id: high, type: boolean, label: Above the limit}\n      - "
FLAGGED = [
    ("{id: potassium", FLAGS + "{id: potassium"),
    (POTASSIUM, "range: [1, 10], lloq: 2, uloq: 9, below: low, above: high}"),
]


def test_a_flagged_item_is_read_and_written_back(tmp_path: Path) -> None:
    read = design.read(edited(tmp_path, *FLAGGED))
    item = design.items(read, "blood")["potassium"]
    assert (item.below, item.above, str(item.lloq), str(item.uloq)) == ("low", "high", "2", "9")
    assert from_canonical(canonical(read)) == read


def test_what_is_wrong_with_a_limit_or_a_flag_is_said_where_it_stands(tmp_path: Path) -> None:
    table = [
        ("below: low", "below: lov", "lov", "error: the form has no item 'lov' (did you mean 'low'?)"),
        ("below: low", "below: renin", "renin, above", "error: 'renin' is of type decimal (a flag is an item of type boolean)"),
        ("lloq: 2", "lloq: 0.5", "0.5", "error: the limit 0.5 lies outside the range of 'potassium' (widen one of them)"),
        ("lloq: 2", "lloq: 9", "9, below", "error: 'potassium' is quantified from 9 to 9 (the smaller first)"),
        ("above: high", "above: low", "low}", "error: 'low' flags both sides of 'potassium' (a side has its own flag)"),
        (", below: low", "", "lloq: 2", "warning: 'potassium' has a limit of quantification, and nothing says which values lie below it (add `below:` with the item of this form that is true of such a value)"),
        ("type: text, label: Remark", "type: text, label: Remark, below: low", "below: low}", "error: 'remark' is of type text and has `below` (only numbers have it)"),
        ("[0, 1000], blinding: sealed", "[0, 1000], below: low, blinding: sealed", "low, blinding", "error: 'renin' is sealed and its flag 'low' is not (a flag says something of the value: give it `blinding: sealed`)"),
    ]  # fmt: skip
    for old, new, pointed_at, sentence in table:
        trial = edited(tmp_path, *FLAGGED, (old, new))
        place = place_of((trial / "trial.yaml").read_text(), pointed_at)
        assert f"trial.yaml:{place}: {sentence}" in said(trial), (new, place, said(trial))


def test_an_analysis_of_what_can_be_censored_is_asked_what_it_does(tmp_path: Path) -> None:
    """Before any value lies beyond a limit: with one the analysis would not be done."""
    measure = ("measure: [pressure.upper]", "measure: [blood.potassium]")
    known = catalogue()
    trial = edited(tmp_path, *FLAGGED, measure)
    (found,) = [line for line in said(trial, known) if "limit of quantification" in line]
    assert found.endswith(
        "warning: values of blood.potassium can lie beyond a limit of quantification, and nothing says what is then"
        " done; with one such value the analysis is not done (add the option `censored`: tobit, at limit, half limit,"
        " limit over root two, exclude)"
    )
    for how in ("tobit", "at limit", "Half limit"):
        declared = edited(
            tmp_path,
            *FLAGGED,
            measure,
            ("contrast: [T, P], src", f"contrast: [T, P], options: {{censored: {how}, scale: log2}}, src"),
        )
        assert not [line for line in said(declared, known) if "limit of quantification" in line or "censored" in line]
    strange = edited(
        tmp_path,
        *FLAGGED,
        measure,
        ("contrast: [T, P], src", "contrast: [T, P], options: {censored: zero, scale: log3}, src"),
    )
    wrong = [line for line in said(strange, known) if "welch knows no" in line]
    assert ["'zero'" in wrong[0], "'log3'" in wrong[1]] == [True, True]


def test_a_method_without_a_way_to_handle_them_is_named(tmp_path: Path) -> None:
    trial = edited(
        tmp_path,
        *FLAGGED,
        ("measure: [pressure.upper]", "measure: [blood.potassium]"),
        ("method: welch", "method: responders"),
    )
    (found,) = [line for line in said(trial, catalogue()) if "limit of quantification" in line]
    assert found.endswith("(responders has no way to handle them)")
