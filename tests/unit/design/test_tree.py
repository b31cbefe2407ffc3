"""The tree that a definition is read into: values, places, and what is refused."""

from decimal import Decimal
from pathlib import Path
from time import process_time

import pytest

from trialwright.design import inspect
from trialwright.design.tree import DEEPEST, LARGEST_FILE, nodes, read_tree


def tree_of(folder: Path, text: str) -> tuple[object, list[str]]:
    """The plain value of a text, and what is said about it."""
    file = folder / "trial.yaml"
    file.write_text(text, encoding="utf-8")
    tree = read_tree(file)
    return (None if tree.root is None else tree.root.plain()), [problem.message for problem in tree.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 12", 12),
        ("a: -3", -3),
        ("a: 0", 0),
        ("a: 0.125", Decimal("0.125")),
        ("a: 5.30", Decimal("5.30")),
        ("a: true", True),
        ("a: false", False),
        ("a: null", None),
        ("a: ~", None),
        ("a:", None),
        ("a: '12'", "12"),
        ("a: 2026-01-31", "2026-01-31"),
        ("a: 2 g/kg", "2 g/kg"),
        ("a: N", "N"),
        ("a: é", "é"),
        ("a: 1.2.3", "1.2.3"),
        ("a: 2024-516057-42-00", "2024-516057-42-00"),
        ("a: |\n  one\n  two\n", "one\ntwo\n"),
        ("a: >-\n  one\n  two\n", "one two"),
    ],
)
def test_a_plain_scalar_means_one_thing(tmp_path: Path, text: str, value: object) -> None:
    plain, said = tree_of(tmp_path, text)
    assert said == []
    assert plain == {"a": value}
    assert type(plain["a"]) is type(value)  # type: ignore[index]


def test_numbers_keep_the_digits_that_were_written(tmp_path: Path) -> None:
    plain, _ = tree_of(tmp_path, "a: [5.30, 0.10, 10]")
    assert [str(number) for number in plain["a"]] == ["5.30", "0.10", "10"]  # type: ignore[index]


WORDS = "NO yes On off 12:30 1:30:00 010 0o17 0x1F 0b1 1_000 .5 5. 1e3 +5 .inf -.inf .nan"


@pytest.mark.parametrize("word", WORDS.split())
def test_a_word_that_programs_read_differently_is_refused_bare_and_taken_in_quotes(tmp_path: Path, word: str) -> None:
    assert len(tree_of(tmp_path, f"a: {word}")[1]) == 1
    assert tree_of(tmp_path, f'a: "{word}"') == ({"a": word}, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n---\nb: 2\n", "a second document begins here"),
        ("? [a]\n: 1\n", "a list or mapping stands where a key belongs"),
        ("<<: {a: 1}\n", "'<<' merges another mapping"),
        ("a: " + "9" * 50, "a number of 50 characters"),
        ("null: 1\n", "the key null means different things to different programs"),
        ("a: !foo {b: 1}\n", "the tag !foo is not used here"),
        ("a: &x [1]\n", "'&x' names a value for repetition"),
        ("", "the file is empty"),
        ("# a comment alone\n", "the file is empty"),
    ],
)
def test_what_a_definition_does_not_need_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in tree_of(tmp_path, text)[1]


def test_nesting_without_end_is_refused_and_exhausts_nothing(tmp_path: Path) -> None:
    for text in ("a: " + "[" * 5000, "a: " + "{b: " * 5000, "- " * 5000, "a: " + "[" * DEEPEST + "]" * DEEPEST):
        assert tree_of(tmp_path, text)[1] != []


def test_a_billion_laughs_are_refused_at_the_first(tmp_path: Path) -> None:
    lines = ['a0: &a0 "ha"'] + [f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]" for n in range(9)]
    plain, said = tree_of(tmp_path, "\n".join(lines))
    assert len(said) == 10 + 81
    assert plain is not None
    assert len(str(plain)) < 2000


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "trial.yaml"
    file.write_bytes(b"#" * (LARGEST_FILE + 1))
    assert "more than 1,000,000 bytes" in read_tree(file).problems[0].message


def test_a_file_without_an_end_is_not_read_to_its_end() -> None:
    assert "more than 1,000,000 bytes" in read_tree(Path("/dev/zero")).problems[0].message


def test_a_link_to_itself_is_one_problem_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").symlink_to("one.yaml")
    assert "cannot read" in tree_of(tmp_path, "a: !include one.yaml\n")[1][0]
    assert "cannot read" in read_tree(tmp_path / "one.yaml").problems[0].message


def test_characters_that_yaml_forbids_have_their_place(tmp_path: Path) -> None:
    file = tmp_path / "trial.yaml"
    file.write_text("a: 1\nb: x\x07y\n")
    [problem] = read_tree(file).problems
    assert (problem.place.line, problem.place.column) == (2, 5)
    assert "U+0007" in problem.message


def test_an_include_may_go_down_but_not_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("x: !include two.yaml\n")
    (tmp_path / "two.yaml").write_text("y: !include one.yaml\n")
    plain, said = tree_of(tmp_path, "a: !include one.yaml\n")
    assert said == ["one.yaml includes itself"]
    assert plain == {"a": {"x": {"y": None}}}


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "trial"
    folder.mkdir()
    (tmp_path / "secret.yaml").write_text("a: 1\n")
    (folder / "inside.yaml").symlink_to(tmp_path / "secret.yaml")
    assert "lies outside the trial's folder" in tree_of(folder, "a: !include inside.yaml\n")[1][0]


def test_every_value_knows_its_place(tmp_path: Path) -> None:
    text = 'a:\n  - {b: 1, c: two}\n  - three\nd: "four"\n'
    tree_of(tmp_path, text)
    root = read_tree(tmp_path / "trial.yaml").root
    assert root is not None
    lines = text.splitlines()
    for path, node in nodes(root):
        if isinstance(node.value, str | int):
            shown = lines[node.place.line - 1][node.place.column - 1 + node.inset :]
            assert shown.startswith(str(node.value)), path


def test_thousands_of_mistakes_are_told_in_seconds(tmp_path: Path) -> None:
    """Each is looked at once: twice as many take twice as long, not four times."""
    text = (Path(__file__).resolve().parents[2] / "trials" / "small" / "trial.yaml").read_text(encoding="utf-8")
    (tmp_path / "trial.yaml").write_text(text + "".join(f"k{number}: 1\n" for number in range(4000)), encoding="utf-8")
    began = process_time()
    assert len(inspect(tmp_path).errors) == 4000
    assert process_time() - began < 8
