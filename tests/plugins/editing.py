"""Definitions with a mistake in them: the small trial or the reference trial, edited as a person would."""

import shutil
from pathlib import Path

from trialwright import design

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests" / "trials" / "small"
QUESTIONNAIRES = ROOT / "tests" / "trials" / "questionnaires"
REFERENCE = ROOT / "trials" / "time-is-muscle"


def edited(folder: Path, *edits: tuple[str, str], trial: Path = SMALL, file: str = "trial.yaml") -> Path:
    """A copy of a trial's folder in which each text was replaced at its first place."""
    copy = folder / "trial"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(trial, copy)
    text = (copy / file).read_text(encoding="utf-8")
    for old, new in edits:
        # A text that is not there is a mistake of the test.
        assert old in text, f"{old!r} is not in {file}"
        text = text.replace(old, new, 1)
    (copy / file).write_text(text, encoding="utf-8")
    return copy


def said(folder: Path, catalogue: design.Catalogue = design.Catalogue.EMPTY) -> list[str]:
    """What the reader says of the definition in a folder: `trial.yaml:3:1: error: message (suggestion)`."""
    return [str(problem).replace(f"{folder}/", "") for problem in design.inspect(folder, catalogue).problems]


def place_of(text: str, fragment: str) -> str:
    """Line and column, from 1, of the first place of a fragment in a text: `12:9`."""
    before = text[: text.index(fragment)]
    return f"{before.count(chr(10)) + 1}:{len(before) - (before.rfind(chr(10)) + 1) + 1}"
