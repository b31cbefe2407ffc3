"""The program as a person calls it: sentences on the error stream, exit codes, nothing half made, no traceback."""

import json
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.plugins.editing import SMALL, edited

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = (
    "wordings", "wordings load", "wordings list",
    "check", "diff", "screen", "rehearse", "simulate", "demo", "serve", "analyse", "report", "score",
    "score eq5d", "score tis", "score haq-di", "score mmt", "score imacs", "score fss", "score cis-fatigue",
    "score cis-20", "score rand-36", "score facit-fatigue", "score instrument",
    "instruments", "instruments list", "instruments show",
    "registry",
    "open", "keys", "keys make", "keys show", "keys check", "allocation", "allocation annex", "allocation share",
    "allocation generate",
    "allocation review", "registry import", "ledger", "ledger verify", "ledger backup", "ledger restore",
    "ledger grants", "ledger rebuild", "mmrm", "assay", "plate-layout",
    "cytometry", "lab", "lab import", "lab expected", "lab ranges", "lab sealed",
    "sample-size", "sample-size t", "sample-size proportions", "sample-size mmrm", "sample-size logrank",
    "sequential", "sequential boundaries", "sequential power", "sequential conditional", "sequential final",
    "sequential reestimate", "immunoglobulin",
)  # fmt: skip


def ran(*arguments: str | Path, at: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The program in a pipe."""
    program = [sys.executable, "-c", "from trialwright.cli import main; main()"]
    return subprocess.run(
        [*program, *map(str, arguments)], cwd=at, capture_output=True, text=True, timeout=120, check=False
    )


def refused(*arguments: str | Path, at: Path = ROOT) -> str:
    """What is said by a command that refuses: exit code 1, nothing on the output, no traceback, no escape codes."""
    result = ran(*arguments, at=at)
    assert (result.returncode, result.stdout) == (1, ""), result
    assert "Traceback" not in result.stderr
    assert "Errno" not in result.stderr
    assert "\x1b" not in result.stderr
    return result.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("demo") / "trial"
    result = ran("demo", folder, "--trial", SMALL)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    from typer.testing import CliRunner

    from trialwright.cli import app

    result = CliRunner().invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_without_arguments_the_commands_are_listed() -> None:
    result = ran()
    assert result.returncode == 2
    for name in COMMANDS:
        assert name.split()[0] in result.stdout + result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("screen", SMALL, "nowhere.json"),
        ("screen", "nowhere", "nowhere.json"),
        ("score", "tis", "nowhere.csv"),
        ("registry", "import", "nowhere.txt"),
        ("rehearse", "nowhere"),
        ("diff", "nowhere", SMALL),
        ("ledger", "verify", "nowhere"),
        ("mmrm", "nowhere.csv", "--formula", "y ~ arm", "--participant", "id", "--visit", "visit"),
        ("analyse", "nowhere"),
        ("report", "nowhere"),
    ],
)
def test_what_is_not_there_is_named(arguments: tuple[str | Path, ...]) -> None:
    assert "nowhere" in refused(*arguments)


def test_a_file_without_an_end_is_refused() -> None:
    assert "at most" in refused("screen", SMALL, "/dev/zero")
    assert "at most" in refused("registry", "import", "/dev/zero")
    assert refused("score", "tis", "/dev/zero") == "/dev/zero: cannot be read: it is neither a file nor a pipe\n"


def test_the_version_is_told() -> None:
    assert ran("--version").stdout == f"trialwright {version('trialwright')}\n"


def test_a_page_that_cannot_be_read_is_named_with_its_folder(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    for content in (b"nothing", b"MedPath\n", b"MedPath\n\xff\n"):
        page.write_bytes(content)
        assert refused("registry", "import", page).startswith(f"{page}: ")


def test_every_error_of_a_definition_is_told_wherever_it_is_needed(tmp_path: Path) -> None:
    trial = edited(tmp_path, ("age >= 18 a", "agee >= 18 a"), ("gives: [tablet]", "gives: [tablett]"))
    for command in (("rehearse", trial), ("diff", SMALL, trial), ("demo", tmp_path / "new", "--trial", trial)):
        result = ran(*command)
        assert result.returncode == 1
        assert "agee" in result.stderr
        assert "tablett" in result.stderr
        assert "Traceback" not in result.stderr
    assert sorted(one.name for one in tmp_path.iterdir()) == ["trial"]


def test_a_place_in_a_patient_file_is_said_in_plain_words(tmp_path: Path) -> None:
    patient = tmp_path / "patient.json"
    patient.write_text('{"screening": "2024-06-01",\n "facts": {"agee": 5, "sex": "X", "upper": 1e400}}')
    assert len(refused("screen", SMALL, patient).splitlines()) == 3
    for text, sentence in (
        ("[" * 99999, "nested too deeply"),
        ('{"facts": {"age": ' + "9" * 9999 + "}}", "9999 digits"),
    ):
        patient.write_text(text)
        assert sentence in refused("screen", SMALL, patient)


def test_tables_separated_by_tabs_are_recognised(tmp_path: Path) -> None:
    table = tmp_path / "pairs.csv"
    table.write_text("id\tmmt_max\n1\t150\n")
    assert "separated by tabs" in refused("score", "tis", table)


def test_a_demo_needs_a_free_place_and_leaves_no_keys_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "other.keys").mkdir()
    (tmp_path / "other.keys" / "one.key").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    for name in ("taken", "file", "other"):
        assert "exists" in refused("demo", tmp_path / name, "--trial", SMALL)
    assert sorted(tmp_path.rglob("*")) == before
    assert "--trial" in refused("demo", tmp_path / "new", at=tmp_path)


def test_an_interrupted_demo_says_what_to_do_and_a_finished_one_is_kept(demo: Path, tmp_path: Path) -> None:
    assert "nothing is made again" in ran("demo", demo, "--trial", SMALL).stdout
    half = tmp_path / "half"
    shutil.copytree(demo, half)
    shutil.rmtree(half / "report")
    assert f"rm -r {half} {half}.keys" in refused("demo", half, "--trial", SMALL)


def test_a_demo_stopped_by_hand_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    from trialwright import simulate
    from trialwright.cli.demo import _make_whole

    def stopped(*_: object, **__: object) -> None:
        assert (tmp_path / "new" / "trialwright.toml").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(simulate, "rehearse", stopped)
    with pytest.raises(KeyboardInterrupt):
        _make_whole(Console(quiet=True), tmp_path / "new", SMALL, 1, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.requirement("AT1")
def test_nothing_is_computed_from_a_ledger_that_does_not_verify(demo: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(demo, copy)
    with sqlite3.connect(copy / "trial.sqlite3") as database:
        guards = list(database.execute("select name, sql from sqlite_master where type = 'trigger'"))
        for name, _ in guards:
            database.execute(f"drop trigger {name}")
        database.execute("update store_fact set \"by\" = 'somebody' where number = 7")
        for _, statement in guards:
            database.execute(statement)
    result = ran("ledger", "verify", copy, "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["first_bad"] == 7
    assert "fact 7" in refused("analyse", copy)
    assert "fact 7" in refused("report", copy, "-o", tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_an_address_in_use_is_one_sentence(demo: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = refused("serve", demo, "--port", str(taken.getsockname()[1]))
    assert said.count("\n") == 1
    assert "--port" in said


def test_a_database_that_does_not_answer_is_one_sentence_and_no_folder_is_made(demo: Path, tmp_path: Path) -> None:
    address = "postgresql://nobody@127.0.0.1:1/nothing"
    said = refused("ledger", "restore", demo, tmp_path / "new", "--database", address)
    assert said.startswith("the database cannot be used: ")
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_role_is_a_name_and_nothing_else() -> None:
    result = ran("ledger", "grants", "app; drop table store_fact")
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_a_demonstration_says_in_the_folder_and_on_the_report_that_it_is_one(demo: Path) -> None:
    assert "demonstration = true" in (demo / "trialwright.toml").read_text(encoding="utf-8")
    report = " ".join((demo / "report" / "index.html").read_text(encoding="utf-8").split())
    assert "nothing here was ever concealed" in report
    said = ran("demo", demo, "--trial", SMALL).stdout
    assert "this program made the keys and the TEST list itself" in said
    keys = demo.parent / f"{demo.name}.keys"
    assert not list(keys.glob("*.share"))
    assert "Demo reviewer" in (keys / "package" / "terms.json").read_text(encoding="utf-8")
