"""Files in and out of a command: refused with every problem at once, written whole or not at all, never over what was
read.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, NoReturn, TypeVar

import typer

Read = TypeVar("Read")
SHOWN = 1000
"""So many mistakes are printed one by one; of a file that is wrong as a whole the others are counted."""


def refuse(*sentences: str) -> NoReturn:
    """Say on the error stream what is wrong, and end with exit code 1."""
    for sentence in sentences:
        typer.echo(sentence, err=True)
    raise typer.Exit(1)


def read_or_refuse(file: Path, read: Callable[[Path], Read]) -> Read:
    """What `read` makes of the file; exit 1 with every problem where it cannot be used."""
    from trialwright.cli.cells import BadTable

    try:
        return read(file)
    except BadTable as bad:
        said = [problem.at(str(file)) for problem in bad.problems[:SHOWN]]
        more = len(bad.problems) - len(said)
        refuse(
            *said,
            *(
                [f"{file}: and {more} mistakes more; is it the right file, and the right version of the questionnaire?"]
                if more
                else []
            ),
        )
    except OSError as error:
        refuse(f"{file}: cannot be read: {error.strerror}")


def say_ignored(file: Path, names: Iterable[str]) -> None:
    """Name the columns that went unused."""
    if names := list(names):
        typer.echo(f"{file}:1: ignored, because they mean nothing here: {', '.join(names)}", err=True)


def check_output(output: Path | None, *read: Path) -> None:
    """Refuse, before any work, an output that is a folder, lies in no folder, or is one of the files that are read."""
    if output is None:
        return
    if output.is_dir():
        refuse(f"{output}: is a folder; name a file in it, such as {output / 'scores.csv'}")
    if not output.parent.is_dir():
        refuse(f"{output}: cannot be written: there is no folder {output.parent}; make it first")
    for file in read:
        if output.exists() and file.exists() and output.samefile(file):
            refuse(f"{output}: is the file that is read, and would be lost; give the result another name")


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write all or nothing: a new file beside the target takes its name once it is complete. A device or a pipe is
    written to, not replaced."""
    temporary = ""
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
            with path.open("wb") as file:
                write(file)
            return
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        if not isinstance(error, OSError):
            raise
        refuse(f"{path}: cannot be written: {error.strerror or error}")


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Write every file or none: all lie complete beside their places before the first is renamed. Names, on the error
    stream, files of an earlier run that stay, because they belong to other results."""
    parts: dict[Path, Path] = {}
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            parts[path] = path.with_name(f".{path.name}.part")
            parts[path].write_bytes(content)
        for path, part in parts.items():
            part.replace(path)
    except OSError as error:
        for part in parts.values():
            part.unlink(missing_ok=True)
        refuse(f"{folder}: cannot be written: {error.strerror or error}; nothing of this run was kept")
    there = {path for within in {path.parent for path in parts} for path in within.iterdir() if path.is_file()}
    stale = sorted(str(path.relative_to(folder)) for path in there - set(parts))
    if stale:
        typer.echo(f"{folder}: not of this run, left as they were: {', '.join(stale)}", err=True)


def _umask() -> int:
    """The mask that an ordinary new file gets; reading it means setting it for an instant."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
