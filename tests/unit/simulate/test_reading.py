"""Reading scenarios: strict, every error at once, each with its file and line."""

import shutil
from pathlib import Path

import pytest
from tests.unit.simulate.conftest import REFERENCE, SMALL

from trialwright import simulate
from trialwright.design.model import Definition
from trialwright.design.problems import DefinitionErrors
from trialwright.simulate.program import NoScenario


def planted(folder: Path, *changes: tuple[str, str]) -> Path:
    """The small trial's scenarios with something changed."""
    text = (SMALL / "scenarios.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "scenarios.yaml").write_text(text, encoding="utf-8")
    return folder


def errors(folder: Path, definition: Definition) -> list[str]:
    with pytest.raises(DefinitionErrors) as wrong:
        simulate.program(simulate.read(folder), definition)
    return str(wrong.value).splitlines()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("default: works", "default: work", "no scenario 'work'"),
        ("per_week: 3,", "per_weak: 3,", "'per_weak' is not known here"),
        ("per_week: 3,", "", "'per_week' is missing"),
        ("{bernoulli: 0.1}", "{bernoulli: 0.1, formula: 2}", "exactly one of"),
        ("{bernoulli: 0.1}", "{bernoulli: happy}", "'happy' is not declared before it is used"),
        ("own_lower: {normal", "own_upper2: {normal", "block pressures does not hold 'own_upper2'"),
        ("[[0.6]]", "[[0.6, 0.1]]", "upper triangle"),
        ("age: age, drug", "agee: age, drug", "no item 'agee'"),
        ("age: age, drug", "age: aged, drug", "'aged' is no variable"),
        ("age: age, ", "", "nothing feeds person.age, which is required"),
        ("criterion: IN2", "criterion: IN9", "no criterion 'IN9'"),
        ("src: guessed (the", "src: unknown (the", "the source 'unknown' is not declared"),
        ("choose: {F: 1, M: 1}", "choose: {F: 1, X: 1}", "'X' is not a code of SEX"),
        ("nurse: N,", "nurze: N,", "no role 'nurze'"),
        ("nurse: N,", "", "nobody is the nurse"),
        ("drug: tablets,", "drug: {text: none},", "person.drug, which stratifies by drug, must be fed by a category"),
        ("parameters: {fall_T: -4}", "parameters: {fall_Q: -4}", "no parameter 'fall_Q'"),
        ("worst: {by_row: [1, 2, 3]}", "worst: {by_row: [1, 2]}", "there are 3 rows and 2 values"),
        ("form: events", "form: evts", "no form 'evts'"),
        ("never_at: [FIRST, START]", "never_at: [FIRST, BEGIN]", "no visit 'BEGIN'"),
        ("in: {weight: 6", "in: {weight: 0", "nobody is ever enrolled"),
    ],
)
def test_each_mistake_is_said_with_its_file_and_line(
    tmp_path: Path, small_definition: Definition, old: str, new: str, says: str
) -> None:
    said = errors(planted(tmp_path, (old, new)), small_definition)
    found = [line for line in said if says in line]
    assert found, said
    assert found[0].startswith(f"{tmp_path / 'scenarios.yaml'}:")
    assert found[0].split(":")[1].isdigit()


def test_all_mistakes_come_at_once(tmp_path: Path, small_definition: Definition) -> None:
    folder = planted(tmp_path, ("criterion: IN2", "criterion: IN9"), ("{bernoulli: 0.1}", "{bernoulli: happy}"))
    said = "\n".join(errors(folder, small_definition))
    assert "IN9" in said
    assert "happy" in said


@pytest.mark.parametrize("text", ["", "- a\n", "nonsense", "a: [", "trialwright_scenarios: 2\n"])
def test_a_file_that_holds_no_scenarios_is_refused_with_a_place(tmp_path: Path, text: str) -> None:
    (tmp_path / "scenarios.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionErrors, match=r"scenarios\.yaml:\d+:\d+"):
        simulate.read(tmp_path)


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DefinitionErrors, match="cannot read"):
        simulate.read(tmp_path)


def test_the_scenarios_are_found_beside_the_definition_that_is_named(tmp_path: Path) -> None:
    shutil.copy(SMALL / "scenarios.yaml", tmp_path)
    assert simulate.read(tmp_path / "trial.yaml").scenarios == simulate.read(tmp_path).scenarios


def test_an_unknown_scenario_is_refused_with_the_known_ones(small_definition: Definition) -> None:
    with pytest.raises(NoScenario, match=r"no scenario 'wroks'.*works"):
        simulate.program(simulate.read(SMALL), small_definition, "wroks")


@pytest.mark.parametrize("folder", [REFERENCE, SMALL])
def test_every_number_that_a_scenario_can_draw_from_has_its_source(folder: Path) -> None:
    """Parameters, variables, ends, fates, joint blocks: each lies under a source, its own or one above it."""
    source = simulate.read(folder)
    cited = set(_cited(folder))
    wanted = [("parameters", name) for name in source.scenarios.parameters]
    wanted += [("joint", name) for name in source.scenarios.joint]
    wanted += [("screening", "variables", name) for name in source.scenarios.screening.variables]
    wanted += [
        (table, name) for table in ("course", "visits", "ends", "fates") for name in getattr(source.scenarios, table)
    ]
    for key, rows in source.scenarios.rows.items():
        wanted += [("rows", key, "variables", name) for name in rows.variables]
    wanted += [("enrolment",), ("working",)]
    bare = [path for path in wanted if not any(".".join(path[:end]) in cited for end in range(1, len(path) + 1))]
    assert bare == []


def _cited(folder: Path) -> list[str]:
    from trialwright.design.sources import without_sources
    from trialwright.design.tree import read_tree

    tree = read_tree(folder / "scenarios.yaml")
    assert tree.root is not None
    return [one.path for one in without_sources(tree.root)[1]]


def test_what_is_assumed_is_listed_with_its_line() -> None:
    assumed = simulate.read(SMALL).assumed
    assert [(one.path, one.note) for one in assumed] == [("parameters.fall_T", "the fall under the tablet")]
    assert assumed[0].line > 1
