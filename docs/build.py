"""Prints the manual and the validation record from the tests: `make docs`.

The specification under tests/spec is the manual: a file is a section, a test a paragraph, its table a table. The matrix
leads from each requirement to the tests that name it and to what they last said (build/results.json, kept by
`make test`). A requirement without a test is printed as open.
"""

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from docs.specification import Paragraph, Section, markdown, sections
from ruamel.yaml import YAML
from typer.testing import CliRunner

from trialwright.design.schema import schema_text

ROOT = Path(__file__).resolve().parents[1]
ORDER = [
    "definition",
    "logic",
    "eligibility",
    "consent",
    "conduct",
    "allocation",
    "capture",
    "measures",
    "ledger",
    "store",
]
MADE = "<!-- Made by `make docs` from the tests; change those, not this page. -->\n"

Results = dict[str, list[dict[str, Any]]]
"""Test id without its parameters -> what each of its cases last said."""


def main() -> int:
    """Write every generated page; 1 when a test names a requirement that nobody wrote down."""
    found = sections(ROOT)
    requirements = YAML(typ="safe").load((ROOT / "docs/validation/requirements.yaml").read_text(encoding="utf-8"))
    results = last_results(ROOT / "build/results.json")
    write("docs/reference/manual.md", manual([section for section in found if section.path.startswith("tests/spec/")]))
    write("docs/reference/cli.md", command_line())
    write("docs/reference/trialwright.schema.json", schema_text())
    write("docs/validation/matrix.md", matrix(requirements, found, results))
    long = ROOT / "build/proofs.json"
    if long.exists():
        write("docs/validation/proofs.md", proofs(json.loads(long.read_text(encoding="utf-8"))))
    known = {name for chapter in requirements for name in chapter["requirements"]}
    strangers = [
        f"{paragraph.id} names {name}, which docs/validation/requirements.yaml does not have"
        for section in found
        for paragraph in section.paragraphs
        for name in paragraph.requirements
        if name not in known
    ]
    print("\n".join(strangers), end="\n" if strangers else "")
    return bool(strangers)


def write(name: str, text: str) -> None:
    """Write one page and say so."""
    path = ROOT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(name)


def last_results(path: Path) -> Results:
    """What the tests last said, by test; empty when no run was recorded."""
    results: Results = {}
    if path.exists():
        for id, entry in json.loads(path.read_text(encoding="utf-8")).items():
            results.setdefault(id.partition("[")[0], []).append(entry)
    return results


# ------------------------------------------------------------------ the manual


def manual(spec: list[Section]) -> str:
    """The specification as a reference manual."""
    chapters: dict[str, list[Section]] = {}
    for section in spec:
        chapters.setdefault(section.chapter, []).append(section)
    ordered = sorted(chapters, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    lines = [MADE, "# Reference manual", ""]
    lines += [
        "Each sentence below is a test that runs; each table is what it goes through. The definition's fields are in"
    ]
    lines += ["[trialwright.schema.json](trialwright.schema.json), the commands in [cli.md](cli.md).", ""]
    for chapter in ordered:
        lines += [f"## {title(chapter)}", ""]
        for section in chapters[chapter]:
            lines += [f"### {section.title}", "", section.intro, ""]
            for paragraph in section.paragraphs:
                lines += printed(paragraph, section.path)
    return "\n".join(lines).rstrip() + "\n"


def title(name: str) -> str:
    """A chapter's heading."""
    return name.replace("_", " ").capitalize()


def printed(paragraph: Paragraph, path: str) -> list[str]:
    """One test as a paragraph."""
    proves = f" *({', '.join(paragraph.requirements)})*" if paragraph.requirements else ""
    lines = [f"**[{paragraph.sentence}](../../{path})**{proves}", ""]
    if paragraph.prose:
        lines += [paragraph.prose, ""]
    if paragraph.table:
        lines += [markdown(paragraph.table), ""]
    return lines


# ------------------------------------------------------------------ the validation record


def matrix(requirements: list[dict[str, Any]], found: list[Section], results: Results) -> str:
    """Requirement -> tests -> last result."""
    proofs: dict[str, list[tuple[Paragraph, str]]] = {}
    for section in found:
        for paragraph in section.paragraphs:
            for name in dict.fromkeys(paragraph.requirements):
                proofs.setdefault(name, []).append((paragraph, section.path))
    standing = {
        name: verdict([results.get(paragraph.id, []) for paragraph, _ in proofs.get(name, [])], entry.get("open"))
        for chapter in requirements
        for name, entry in chapter["requirements"].items()
    }
    lines = [MADE, "# Validation record", "", *circumstances(results), "", *summary(standing), ""]
    for chapter in requirements:
        lines += [f"## {chapter['chapter']}", "", "| | requirement | tests | last result |", "|---|---|---|---|"]
        for name, entry in chapter["requirements"].items():
            tests = "<br>".join(
                f"[{paragraph.sentence}](../../{path}) {said(results.get(paragraph.id, []))}"
                for paragraph, path in proofs.get(name, [])
            )
            lacks = f" Open: {entry['open']}" if "open" in entry else ""
            what = f"{entry['text']} *{entry['source'].replace('*', '†')}*{lacks}"
            lines.append(f"| {name} | {what} | {tests} | {standing[name]} |")
        lines.append("")
    lines += ["† quoted from memory; to be looked up in the text before its number is relied on."]
    return "\n".join(lines) + "\n"


def verdict(runs: list[list[dict[str, Any]]], lacks: str | None = None) -> str:
    """How a requirement stands: open, shown, FAILS or not run, wholly or in part. `lacks`: what no test shows yet."""
    if not runs:
        return "**open**: no test"
    outcomes = {entry["outcome"] for run in runs for entry in run}
    if "failed" in outcomes:
        return "**FAILS**"
    if "passed" not in outcomes:
        return "not run"
    return "shown" if all(runs) and outcomes == {"passed"} and not lacks else "shown in part"


def said(run: list[dict[str, Any]]) -> str:
    """What one test last said, its cases counted."""
    counts = Counter(entry["outcome"] for entry in run)
    return ", ".join(f"{outcome} {counts[outcome]}" for outcome in sorted(counts)) or "not run"


def circumstances(results: Results) -> list[str]:
    """When and under what the newest result came about."""
    entries = [entry for run in results.values() for entry in run]
    if not entries:
        return ["No run was recorded: `make test` first."]
    newest, oldest = max(entries, key=lambda entry: entry["at"]), min(entries, key=lambda entry: entry["at"])
    return [
        f"trialwright {newest['version']} ({newest['commit']}), Python {newest['python']}, SQLite {newest['sqlite']}, "
        f"PostgreSQL {newest['postgres']}.",
        f"{len(entries)} results from {oldest['at']} to {newest['at']}; printed {datetime.now(UTC):%Y-%m-%d}. "
        "It is evidence about the program. The validation of a trial's own configuration, and of the place where it",
        "runs, remains with the sponsor.",
    ]


def summary(standing: dict[str, str]) -> list[str]:
    """How many requirements stand how, and which are open."""
    counts = Counter(standing.values())
    open_ones = [name for name, how in standing.items() if how.startswith("**open")]
    return [
        f"{len(standing)} requirements: "
        + ", ".join(f"{count} {how.replace('*', '')}" for how, count in sorted(counts.items()))
        + ".",
        f"Open: {', '.join(open_ones) or 'none'}.",
    ]


UNDER_FIRE = """# Long proofs

## Randomisation under fire

`make test-long ARGS=tests/spec/allocation/test_under_fire.py`: six processes randomise on one database, each on a desk
of its own, through the verb that a site uses. Some requests are made twice at once, with one key or with two; some
answers are lost and asked for again; processes are killed (-9) at random instants and replaced; more participants ask
than the list has places. After each trial a checker reads the ledger. Every acknowledged draw is there with its number
and seal; no participant, label, request or place was drawn twice; every list was used from place 1 on without a gap, in
the order that was drawn up; facts, slots and pages verify; whoever came too late was refused; and each stratum that ran
out alarmed once.
"""

TALLIED = {
    "draws": "draws",
    "trials": "trials",
    "kills": "kills",
    "repeated": "asked again",
    "raced": "lost races",
    "exhausted": "refused as exhausted",
}
"""Key of a kept tally -> heading."""


def proofs(kept: dict[str, dict[str, Any]]) -> str:
    """What the long proofs of randomisation under fire last came to."""
    heads = ["", *TALLIED.values(), "double, lost or out of order", "draws a second", "minutes in all", "when, on what"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, entry in sorted(kept.items()):
        cells = [name, *(f"{entry[key]:,}" for key in TALLIED), str(len(entry["faults"]))]
        cells += [f"{entry['draws'] / entry['riding']:.0f}", f"{entry['seconds'] / 60:.0f}"]
        where = f"Python {entry['python']}, SQLite {entry['sqlite']}, PostgreSQL {entry['postgres']}"
        lines.append(f"| {' | '.join(cells)} | {entry['on']}, {where} |")
    closing = (
        "Draws a second are those of all processes together, the replacing of killed ones included, on two cores that\n"
        "other work shared. Minutes include the copying and the checking of every trial.\n"
    )
    return "\n".join([MADE, UNDER_FIRE, *lines, "", closing])


# ------------------------------------------------------------------ the command line


def command_line() -> str:
    """Every command's help, as the program prints it into a pipe."""
    from trialwright.cli import app
    from trialwright.cli.classes import CLASSES, SAYS

    lines = [MADE, "# Commands", "", "Exit codes: 0 done, 1 refused or invalid input, 2 wrong usage.", ""]
    for words in command_words(typer.main.get_command(app), ()):
        said = CliRunner().invoke(app, [*words, "--help"], env={"TERM": "dumb", "TERMINAL_WIDTH": "110"}).output
        text = "\n".join(line.rstrip() for line in said.strip().splitlines())
        shown = CLASSES.get(" ".join(words))
        lines += [f"## {' '.join(('trialwright', *words))}", "", *([SAYS[shown], ""] if shown else [])]
        lines += ["```text", text, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def command_words(command: Any, words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The words that lead to each command, groups first."""
    inner = getattr(command, "commands", {})
    return [words, *(found for name in sorted(inner) for found in command_words(inner[name], (*words, name)))]


if __name__ == "__main__":
    sys.exit(main())
