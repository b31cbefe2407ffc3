"""A definition is read whole: every mistake comes at once, with file, line and column and with what to do about it."""

# The rows of the tables are whole sentences.
# ruff: noqa: E501

from pathlib import Path

import pytest
from tests.plugins.editing import SMALL, edited, place_of, said

from trialwright import design

Edit = tuple[str, str]


def judged(folder: Path, table: list[tuple[str, str, str, str]]) -> None:
    """Each row: the text, what it is replaced by, the fragment that the place points to, and what is said."""
    for old, new, pointed_at, sentence in table:
        trial = edited(folder, (old, new))
        place = place_of((trial / "trial.yaml").read_text(), pointed_at)
        assert f"trial.yaml:{place}: {sentence}" in said(trial), (new, place, said(trial))


@pytest.mark.requirement("VA2")
def test_a_sound_definition_is_read_without_a_word() -> None:
    assert said(SMALL) == []
    assert design.read(SMALL).id == "PRESS"


def test_a_key_that_is_not_known_is_refused_with_the_nearest_that_is(tmp_path: Path) -> None:
    table = [
        ("range: [0, 120]", "rnage: [0, 120]", "rnage", "error: 'rnage' is not known here (did you mean 'range'?)"),
        ("arms:\n", "armes:\n", "armes:", "error: 'armes' is not known here (did you mean 'arms'?)"),
        ("level: double", "levl: double", "levl", "error: 'levl' is not known here (did you mean 'level'?)"),
        (
            "label: Age, unit",
            "label: Age, in years, unit",
            "in years",
            "error: 'in years' is not known here (a comma ends a value inside { }; put the text in quotes)",
        ),
    ]
    judged(tmp_path, table)


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    table = [
        (
            "id: PRESS\n",
            "id: PRESS\nid: PULSE\n",
            "id: PULSE",
            "error: 'id' stands here a second time (first at line 3) (keep one of the two)",
        ),
        (
            "unit: a, range",
            "unit: a, unit: mo, range",
            "unit: mo",
            "error: 'unit' stands here a second time (first at line 49) (keep one of the two)",
        ),
    ]
    judged(tmp_path, table)


def test_what_older_yaml_takes_for_something_else_is_refused(tmp_path: Path) -> None:
    """`NO` is Norway and not "false"; `12:30` is no number of minutes; `010` is neither eight nor ten."""
    table = [
        (
            "country: PT",
            "country: NO",
            "NO, zone",
            'error: NO is a truth value to some programs and a word to others (write "NO", true or false)',
        ),
        (
            "required: true}",
            "required: yes}",
            "yes}",
            'error: yes is a truth value to some programs and a word to others (write "yes", true or false)',
        ),
        (
            'form_version: "1"',
            "form_version: 12:30",
            "12:30",
            'error: 12:30 is a number in base sixty to some programs (write "12:30")',
        ),
        (
            "n: 12\n",
            "n: 012\n",
            "012",
            'error: 012 is read as different numbers by different programs (write it in plain digits, or "012")',
        ),
        (
            "n: 12\n",
            "n: 0x0c\n",
            "0x0c",
            'error: 0x0c is read as different numbers by different programs (write it in plain digits, or "0x0c")',
        ),
        (
            "n: 12\n",
            "n: 1_2\n",
            "1_2",
            'error: 1_2 is read as different numbers by different programs (write it in plain digits, or "1_2")',
        ),
        (
            "n: 12\n",
            "n: 1.2e1\n",
            "1.2e1",
            'error: 1.2e1 is read as different numbers by different programs (write it in plain digits, or "1.2e1")',
        ),
        (
            "{L: left",
            "{on: left",
            "on: left",
            'error: the key on means different things to different programs (write "on")',
        ),
    ]
    judged(tmp_path, table)


def test_anchors_aliases_merges_and_tags_are_refused(tmp_path: Path) -> None:
    table = [
        (
            "consent:\n",
            "consent: &form\n",
            "&form",
            "error: '&form' names a value for repetition (write it out, or include a file)",
        ),
        ("unit: kg", "unit: *form", "*form", "error: '*form' repeats another value (write it out, or include a file)"),
        ("id: PRESS", "id: !!str PRESS", "!!str", "error: the tag tag:yaml.org,2002:str is not used here (remove it)"),
        (
            "id: PRESS",
            "id: !!python/name:os.system PRESS",
            "!!python",
            "error: the tag tag:yaml.org,2002:python/name:os.system is not used here (remove it)",
        ),
    ]
    judged(tmp_path, table)


def test_a_value_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    table = [
        ("n: 12\n", "n: twelve\n", "twelve", "error: 'twelve': this must be a whole number"),
        ("n: 12\n", "n: 12.5\n", "12.5", "error: 12.5: this must be a whole number"),
        ("n: 12\n", "n: true\n", "true\n  ratio", "error: this is no exact number"),
        ('id: PRESS\nversion: "1"', "id: PRESS\nversion: 1", "1\ntitle", "error: 1: this must be a text (put it in quotes)"),
        ("type: integer, label: Age", "type: integr, label: Age", "integr,", "error: 'integr' is none of the words for type (did you mean 'integer'?)"),
        ("window: [14, 7]", "window: [14]", "[14]", "error: a window is two numbers of days, before and after, such as [3, 3]"),
        ("range: [20, 300]", "range: 20", "20, step", "error: 20: this must be a list (write [a, b])"),
        ("  NORTH: {name", "  North hospital: {name", "North hospital", "error: 'North hospital' cannot be a name (a name begins with a letter and holds letters, digits and underscores, at most 40)"),
        ("label: Remark", "sdtm: X", "{id: remark", "error: in forms.person.items.remark 'label' is missing (add 'label: ...')"),
    ]  # fmt: skip
    judged(tmp_path, table)


def test_all_mistakes_come_at_once_in_the_order_of_the_text(tmp_path: Path) -> None:
    """Also those that are found in different passes: in the text, in the models, among the references, in the expressions."""
    trial = edited(
        tmp_path,
        ("country: NL, src", "country: NO, src"),
        ("gives: [tablet]", "gives: [tablett]"),
        ("range: [40, 300]", "rnage: [40, 300]"),
        ("age >= 18 a", "agee >= 18 a"),
    )
    assert [line.split(": ", 2)[2] for line in said(trial)] == [
        'NO is a truth value to some programs and a word to others (write "NO", true or false)',
        "no arm gives 'tablet' (add it to an arm's `gives`, or remove it)",
        "the intervention 'tablett' is not declared (did you mean 'tablet'?)",
        "'rnage' is not known here (did you mean 'range'?)",
        "there is no 'agee' here (did you mean age?)",
    ]
    with pytest.raises(design.DefinitionErrors) as refused:
        design.read(trial)
    assert len(refused.value.problems) == 4


def test_text_that_is_no_yaml_is_refused_at_its_place(tmp_path: Path) -> None:
    trial = edited(tmp_path, ("ratio: {T: 1, P: 1}", "ratio: {T: 1, P: 1"))
    place = place_of((trial / "trial.yaml").read_text(), ": START\n  strata")
    assert said(trial) == [
        f"trial.yaml:{place}: error: this is not YAML: while parsing a flow mapping"
        " expected ',' or '}', but got ':' (check the indentation, the brackets and the quotes)"
    ]


def test_a_file_that_cannot_be_read_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "latin.yaml").write_bytes(b"id: PRESS\nname: caf\xe9\n")
    (tmp_path / "list.yaml").write_text("[1, 2]\n")
    table = {
        "none.yaml": "none.yaml:1:1: error: cannot read",
        "empty.yaml": "empty.yaml:1:1: error: the file is empty",
        "latin.yaml": "latin.yaml:2:10: error: byte 0xe9 is not UTF-8 (save the file as UTF-8)",
        "list.yaml": "list.yaml:1:1: error: a definition is a mapping",
    }
    for name, sentence in table.items():
        [problem] = design.inspect(tmp_path / name).problems
        assert str(problem).replace(f"{tmp_path}/", "").startswith(sentence)


def test_parts_may_stand_in_files_of_their_own_and_keep_their_places(tmp_path: Path) -> None:
    trial = edited(
        tmp_path,
        ("  NORTH: {name: Northern hospital", "  SOUTH: !include sites/south.yaml\n  NORTH: {name: Northern hospital"),
    )
    (trial / "sites").mkdir()
    south = trial / "sites" / "south.yaml"
    south.write_text("name: Southern hospital\ncountry: NL\nzone: Europe/Amsterdam\n")
    assert said(trial) == []
    south.write_text("name: Southern hospital\ncountry: NL\n\nzone: Amsterdam\n")
    assert said(trial) == [
        "sites/south.yaml:4:7: error: 'Amsterdam' is no time zone (use an IANA name such as Europe/Amsterdam)"
    ]


def test_a_file_outside_the_folder_or_one_that_includes_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("name: Elsewhere\n")
    table = [
        (
            "!include ../outside.yaml",
            "the included file '../outside.yaml' lies outside the trial's folder (move it below the definition)",
        ),
        (
            "!include /etc/hostname",
            "the included file '/etc/hostname' lies outside the trial's folder (move it below the definition)",
        ),
        ("!include trial.yaml", "trial.yaml includes itself (remove one of the two !include)"),
        ("!include south.yaml", "cannot read"),
    ]
    for text, sentence in table:
        trial = edited(tmp_path, ("  NORTH: {name", f"  SOUTH: {text}\n  NORTH: {{name"))
        assert any(sentence in line for line in said(trial)), (text, said(trial))


def test_a_missing_section_or_value_hides_no_other_mistake(tmp_path: Path) -> None:
    """What is missing or of the wrong kind is stood in for, so that what else is wrong is said as well; nothing that
    merely follows from it is."""
    trial = edited(
        tmp_path,
        ("epoch: TREATMENT, day: 57", "epoch: TREATMNT, day: later"),
        ("label: The person", "lable: The person"),
        ("age >= 18 a", "age >= 18 a and"),
        ("randomisation:\n", "randomization:\n"),
        ("zone: Europe/Lisbon", "zone: Europe/Lissabon"),
    )
    assert [line.split(": ", 2)[2] for line in said(trial) if ": error:" in line] == [
        "'randomisation' is missing (add 'randomisation: ...')",
        "the epoch 'TREATMNT' is not declared (did you mean 'TREATMENT'?)",
        "'later': this must be a whole number",
        "'lable' is not known here (did you mean 'label'?)",
        "in forms.person 'label' is missing (add 'label: ...')",
        "the expression breaks off (something is missing at its end)",
        "'randomization' is not known here (did you mean 'randomisation'?)",
        "'Europe/Lissabon' is no time zone (use an IANA name such as Europe/Amsterdam)",
    ]
