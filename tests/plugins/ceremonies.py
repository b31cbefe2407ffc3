"""A ceremony for the small trial, played through the program: keys, shares, package, review, opening."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.plugins.worlds import SMALL
from typer.testing import CliRunner

from trialwright.allocation.keys import ROLES, make_keys

ANNEX = "sizes: [2, 4]\nwords: {T: Invented tablet, P: Placebo}\n"


def run(*arguments: str | Path) -> tuple[int, str]:
    """Exit code and everything that the program says; an error of our own is its sentence."""
    from trialwright.cli import app

    result = CliRunner().invoke(app, [str(one) for one in arguments])
    said = result.output
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        assert type(result.exception).__module__.startswith("trialwright"), repr(result.exception)
        said += str(result.exception)
    return result.exit_code, said


def done(*arguments: str | Path) -> str:
    """What the program says when it does what it is asked."""
    code, said = run(*arguments)
    assert code == 0, said
    return said


def refused(*arguments: str | Path) -> str:
    """What the program says when it refuses."""
    code, said = run(*arguments)
    assert code != 0, said
    return said


@dataclass(frozen=True)
class Ceremony:
    """A folder in which a ceremony is held."""

    place: Path
    trial: Path = SMALL

    def at(self, name: str) -> Path:
        """A file of the ceremony."""
        return self.place / name

    @property
    def package(self) -> Path:
        """The package."""
        return self.at("package")

    def prepared(self) -> "Ceremony":
        """Keys of every holder, the annex, and both shares with their commitments."""
        make_keys(self.at("keys"), None, ROLES)
        self.at("annex.yaml").write_text(ANNEX, encoding="utf-8")
        self.share("generator", "Gina Generator")
        self.share("witness", "Will Witness")
        return self

    def share(self, part: str, name: str, *more: str | Path) -> str:
        """One person's share."""
        return done("allocation", "share", self.at(f"{part}.share"), "--as", part, "--name", name, *more)

    def arguments(self, *more: str | Path) -> tuple[str | Path, ...]:
        """What `allocation generate` is told."""
        shares = ("--generator", self.at("generator.share"), "--witness", self.at("witness.share"))
        commitments = (
            "--commitment", self.at("generator.share.commitment"), "--commitment", self.at("witness.share.commitment")
        )  # fmt: skip
        annex = ("--annex", self.at("annex.yaml"), "--keys", self.at("keys"))
        return ("allocation", "generate", self.trial, self.package, *shares, *commitments, *annex, *more)

    def generated(self, *more: str | Path) -> "Ceremony":
        """The package, made and signed by both."""
        self.prepared()
        done(*self.arguments(*more))
        return self

    def review(self, *more: str | Path) -> tuple[str | Path, ...]:
        """What `allocation review` is told."""
        key = self.at("keys") / "safety-unit.key"
        told = ("--key", key, "--trial", self.trial, "-o", self.at("review.txt"))
        return ("allocation", "review", self.package, *told, *more)

    def reviewed(self, *more: str | Path) -> "Ceremony":
        """The package, made, reviewed and signed by a third person, and its root published."""
        self.generated(*more)
        done(*self.review("--sign", self.at("reviewer.key"), "--by", "Rita Reviewer"))
        self.at("published.txt").write_text(
            "Dear sponsor,\n" + (self.package / "root.txt").read_text(), encoding="utf-8"
        )
        return self

    def opening(self, *more: str | Path, by: str = "Sam Sponsor") -> tuple[str | Path, ...]:
        """What `open` is told for a real trial."""
        published = ("--published", self.at("published.txt"))
        return ("open", self.trial, self.at("trial"), "--package", self.package, "--by", by, *published, *more)

    def edited(self, file: str, change: Callable[[Any], None]) -> None:
        """Change a JSON file of the package."""
        path = self.package / file
        content = json.loads(path.read_bytes())
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")
