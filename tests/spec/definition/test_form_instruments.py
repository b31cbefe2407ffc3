"""Forms that are instruments: items from a declaration, and forms of one's own held against one."""

from pathlib import Path

import pytest
from tests.plugins.editing import edited, place_of, said

from trialwright import design
from trialwright.conduct.catalogue import catalogue
from trialwright.design.model import ItemType

OWN = """
instruments:
  stairs:
    label: Stairs
    version: "1"
    licence: ours
    sources: {us: {text: made up for this test, status: assumed}}
    answers:
      effort: {codes: {"0": none, "1": some, "2": much}}
      steps: {low: 0, high: 40, step: 1, unit: "{steps}"}
      rail: {codes: {"0": "no", "1": "yes"}, blank: 0}
    items:
      - {id: up, label: "Up, effort", answers: effort}
      - {id: down, label: "Down, effort", answers: effort}
      - {id: climbed, label: Steps climbed, answers: steps}
      - {id: held, label: Held the rail, answers: rail}
    scales:
      - {id: total, label: Total, rule: sum, items: [up, down], low: 0, high: 4, better: lower}
forms:
  climb: {label: Climbing stairs, src: invented, instrument: stairs}
"""


def climbing(folder: Path) -> Path:
    """The small trial with the instrument and its form, asked at the first visit."""
    return edited(folder, ("forms:\n", OWN.lstrip()), ("schedule:\n", "schedule:\n  climb: [FIRST]\n"))


def test_a_form_without_items_has_those_of_its_instrument(tmp_path: Path) -> None:
    trial = edited(tmp_path, ("forms:\n", "forms:\n  tired: {label: Fatigue, src: invented, instrument: fss}\n"),
                   ("schedule:\n", "schedule:\n  tired: [FIRST]\n"))  # fmt: skip
    definition = design.read(trial, catalogue())
    found = design.items(definition, "tired")
    instrument = catalogue().instruments
    assert instrument is not None
    assert list(found) == [item.id for item in instrument["fss"].items]
    assert {item.type for item in found.values()} == {ItemType.INTEGER}
    assert {item.range for item in found.values()} == {(1, 7)}


def test_each_kind_of_answer_becomes_the_item_that_a_page_asks(tmp_path: Path) -> None:
    """Codes with a list of their labels, numbers with their bounds, tick boxes as a question of yes or no."""
    definition = design.read(
        edited(tmp_path, ("forms:\n", OWN.lstrip()), ("schedule:\n", "schedule:\n  climb: [FIRST]\n"))
    )
    found = design.items(definition, "climb")
    assert {name: item.type for name, item in found.items()} == {
        "up": ItemType.CODE, "down": ItemType.CODE, "climbed": ItemType.INTEGER, "held": ItemType.BOOLEAN,
    }  # fmt: skip
    assert definition.codelists[found["up"].codes or ""] == {"0": "none", "1": "some", "2": "much"}
    assert (found["climbed"].range, found["climbed"].unit) == ((0, 40), "{steps}")


def test_the_ledger_s_definition_holds_the_items_and_needs_no_catalogue(tmp_path: Path) -> None:
    definition = design.read(
        edited(tmp_path, ("forms:\n", OWN.lstrip()), ("schedule:\n", "schedule:\n  climb: [FIRST]\n"))
    )
    again = design.from_canonical(design.canonical(definition))
    assert design.items(again, "climb") == design.items(definition, "climb")
    assert design.fingerprint(again) == design.fingerprint(definition)


def test_the_rule_of_an_instrument_of_the_program_is_kept_with_the_trial(tmp_path: Path) -> None:
    """A later version of the program may score otherwise; the trial goes on as it was written."""
    form = "forms:\n  tired: {label: Fatigue, src: invented, instrument: fss}\n"
    definition = design.read(edited(tmp_path, ("forms:\n", form), ("schedule:\n", "schedule:\n  tired: [FIRST]\n")),
                             catalogue())  # fmt: skip
    again = design.from_canonical(design.canonical(definition))
    known = catalogue().instruments
    assert known is not None
    assert again.instruments == {"fss": known["fss"]}


def test_an_instrument_that_there_is_not_is_named_with_the_near_one(tmp_path: Path) -> None:
    line = "  tired: {label: Fatigue, src: invented, instrument: fsss}\n"
    trial = edited(tmp_path, ("forms:\n", "forms:\n" + line))
    text = (trial / "trial.yaml").read_text()
    (sentence,) = [one for one in said(trial, catalogue()) if "instrument" in one]
    assert sentence.startswith(f"trial.yaml:{place_of(text, 'fsss')}: error: there is no instrument 'fsss'")
    assert "fss" in sentence.partition("(")[2]


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ("- {id: up, type: code, codes: SIDE, label: Up}", "'up' takes L, R, the instrument 0, 1, 2"),
        ("- {id: up, type: text, label: Up}", "'up' is a text item, the instrument asks for 0, 1, 2"),
        ("- {id: up, type: integer, label: Up}", "'up' has no range, the instrument asks for 0, 1, 2"),
        (
            "- {id: climbed, type: integer, label: C, range: [0, 50]}",
            "'climbed' goes from 0 to 50, the instrument asks for 0 to 40",
        ),
        ("- {id: other, type: integer, label: Other}", "it has no item 'up' (Up, effort)"),
    ],
)
def test_a_form_of_its_own_that_names_an_instrument_is_held_against_it(
    tmp_path: Path, items: str, sentence: str
) -> None:
    form = (
        f"  climb:\n    label: Climbing stairs\n    src: invented\n    instrument: stairs\n    items:\n      {items}\n"
    )
    text = OWN.lstrip().replace("  climb: {label: Climbing stairs, src: invented, instrument: stairs}\n", form)
    trial = edited(tmp_path, ("forms:\n", text))
    assert any(f"form 'climb' is no 'stairs': {sentence}" in one for one in said(trial))


def test_what_is_wrong_with_an_instrument_of_the_definition_is_told_where_it_stands(tmp_path: Path) -> None:
    trial = edited(tmp_path, ("forms:\n", OWN.lstrip().replace("items: [up, down]", "items: [up, dawn]")))
    text = (trial / "trial.yaml").read_text()
    (sentence,) = [one for one in said(trial) if "dawn" in one]
    assert sentence.startswith(f"trial.yaml:{place_of(text, 'dawn')}: error:")
