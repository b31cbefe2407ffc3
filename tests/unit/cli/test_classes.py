"""Every command declares what of an allocation its output may show."""

from collections.abc import Iterator

import typer
from typer.core import TyperGroup

from trialwright.cli import app
from trialwright.cli.classes import CLASSES, SAYS, Output


def commands(group: TyperGroup, before: str = "") -> Iterator[str]:
    """Every command that does something, with the names of its groups before it."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name


def test_every_command_stands_in_a_blinding_class_and_no_class_names_a_command_that_is_not() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    assert sorted(commands(group)) == sorted(CLASSES)


def test_a_command_that_declares_nothing_is_found() -> None:
    other = typer.Typer()
    other.command("leak")(lambda: None)
    other.command("more")(lambda: None)
    group = typer.main.get_command(other)
    assert isinstance(group, TyperGroup)
    assert set(commands(group)) - set(CLASSES) == {"leak", "more"}


def test_every_class_has_its_sentence() -> None:
    assert set(SAYS) == set(Output)
