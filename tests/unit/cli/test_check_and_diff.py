"""`trialwright check` and `trialwright diff`, as a person or a program calls them."""

import json
from pathlib import Path

import typer
from tests.plugins.editing import REFERENCE, SMALL, edited
from typer.testing import CliRunner, Result

from trialwright import design
from trialwright.cli.check import check
from trialwright.cli.diff import diff


def ran(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command("check")(check)
    app.command("diff")(diff)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_check_lists_what_the_reference_trial_assumes_and_leaves_open() -> None:
    result = ran("check", REFERENCE)
    assert result.exit_code == 0
    definition = design.read(REFERENCE)
    for one in design.assumptions(definition):
        assert f"{one.file}:{one.line}  {one.path}" in result.stdout
    assert "the catalogue has no analysis 'multiple_imputation'" in result.stdout
    assert "Endpoints that nothing feeds: none" in result.stdout
    assert "Items on no visit: none" in result.stdout
    assert "is sound" in result.stdout


def test_check_says_the_same_to_a_program() -> None:
    result = ran("check", REFERENCE, "--json")
    content = json.loads(result.stdout)
    definition = design.read(REFERENCE)
    assert content["ok"] is True
    assert content["fingerprint"] == design.fingerprint(definition)
    assert [one["path"] for one in content["assumptions"]] == [one.path for one in design.assumptions(definition)]
    assert content["errors"] == []
    assert "multiple_imputation" in content["methods_that_the_catalogue_lacks"]
    assert len(content["ambiguities"]) == len(design.ambiguities(definition))


def test_a_wrong_definition_gives_every_error_and_exit_code_1(tmp_path: Path) -> None:
    trial = edited(tmp_path, ("age >= 18 a", "agee >= 18 a"), ("gives: [tablet]", "gives: [tablett]"))
    result = ran("check", trial)
    assert result.exit_code == 1
    assert "Errors (2)" in result.stdout
    assert "there is no 'agee' here (did you mean age?)" in result.stdout
    assert "the definition cannot be used yet" in result.stdout
    content = json.loads(ran("check", trial, "--json").stdout)
    assert content["ok"] is False
    assert [error["line"] for error in content["errors"]] == sorted(error["line"] for error in content["errors"])
    assert content["errors"][0]["suggestion"] == "did you mean 'tablet'?"


def test_one_mistake_in_many_places_is_printed_once_with_all_places(tmp_path: Path) -> None:
    result = ran("check", edited(tmp_path, ("  drug: {type: code", "  drugs: {type: code")))
    assert result.exit_code == 1
    trial = edited(tmp_path, ("  START: {label", "  BEGIN: {label"))
    result = ran("check", trial)
    assert result.stdout.count("the visit 'START' is not declared") == 1
    assert "(also line" in result.stdout


def test_words_in_brackets_are_printed_as_they_are(tmp_path: Path) -> None:
    result = ran("check", edited(tmp_path, ('"upper >= 140 mm[Hg]"', '"upper >= 340 mm[Hg]"')))
    assert "'upper >= 340 mm[Hg]' is never true" in result.stdout


def test_a_file_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    result = ran("check", tmp_path / "nowhere")
    assert result.exit_code == 1
    assert "cannot read" in result.stdout


def test_diff_says_what_an_amendment_changes_the_substantial_first(tmp_path: Path) -> None:
    amended = edited(
        tmp_path, ("label: Remark}", "label: Remarks}"), ("n: 12\n", "n: 14\n"), ('version: "1"', 'version: "2"')
    )
    result = ran("diff", SMALL, amended)
    assert result.exit_code == 0
    assert "PRESS: version 1 to 2" in result.stdout
    assert result.stdout.index("randomisation.n was 12 and is now 14.") < result.stdout.index(
        "was Remark and is now Remarks."
    )
    content = json.loads(ran("diff", SMALL, amended, "--json").stdout)
    assert [(one["path"], one["substantial"]) for one in content["changes"]] == [
        ("forms.person.items.remark.label", False),
        ("randomisation.n", True),
    ]


def test_diff_of_the_same_says_so_and_of_a_wrong_one_refuses(tmp_path: Path) -> None:
    assert "The two versions say the same." in ran("diff", SMALL, SMALL).stdout
    result = ran("diff", SMALL, edited(tmp_path, ("n: 12\n", "n: twelve\n")))
    assert result.exit_code == 1
    assert "this must be a whole number" in result.output


def test_a_place_is_printed_as_a_place_and_never_as_a_picture(tmp_path: Path) -> None:
    """Line 100 between colons is also the name of a picture."""
    for line in (1, 100):
        trial = tmp_path / str(line)
        trial.mkdir()
        (trial / "trial.yaml").write_text("#\n" * (line - 1) + "a: NO\n")
        assert f"trial.yaml:{line}:4" in ran("check", trial).stdout


def test_diff_of_two_trials_says_that_they_are_two() -> None:
    assert ran("diff", SMALL, REFERENCE).stdout.startswith("These are two trials, PRESS and TIM, not two versions.")
