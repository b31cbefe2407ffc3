"""What `make check` counts: lengths, floats where they are refused, addresses and machine paths, names, links.

Run as a script it prints the lengths and every breach, and ends with 1 when there is one. Lengths above the medians
that we aim at are printed as a notice; only a function or a file that nobody can read at one sitting fails.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

FUNCTION_LINES, FILE_LINES = 80, 600
AIM = {"function median": 9, "function 95th percentile": 40, "file 95th percentile": 350}

EXACT = ("ledger", "allocation", "design", "conduct", "capture")
"""Packages whose numbers are text, integers or Decimal: a binary float there has no canonical form."""

REFUSED_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|managers?|base|core(?!_set)|misc|processors?|services?)(_|$)")

# Written in pieces, so that this file does not accuse itself.
ADDRESSES = re.compile(
    "|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "index" + r"[-_]url\s*=?\s*http", "--extra-" + "index"))
)
MACHINE_PATHS = re.compile("|".join((r"/ro" + r"ot/", r"/wo" + r"rk/", r"/Us" + r"ers/[A-Za-z]", r"/tmp/te" + r"am")))
HOMES = re.compile(r"/ho" + r"me/[a-z]")
"""Refused too, but in tests, which may speak of somebody's imaginary home."""
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.MULTILINE)
BINARY = {".png", ".jpg", ".ico", ".woff2", ".gz", ".zip", ".age"}


@dataclass(frozen=True, order=True)
class Breach:
    """One thing to mend, with its place."""

    path: str
    line: int
    say: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.say}"


def tracked(root: Path) -> list[Path]:
    """Every file of the project, ignored ones left out; without git, every file that is not hidden."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        paths = [root / name for name in listed.stdout.split("\0") if name]
    else:
        paths = [path for path in root.rglob("*") if not any(part.startswith(".") for part in path.parts)]
    return sorted(path for path in paths if path.is_file())


def functions(tree: ast.AST) -> Iterator[tuple[str, int, int]]:
    """(name, first line, lines) of each function, decorators and docstring left out: neither is logic."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            described = ast.get_docstring(node) is not None
            first = node.body[0].end_lineno or node.lineno if described else node.lineno
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - first + 1


def lengths(root: Path, paths: Iterable[Path]) -> tuple[list[Breach], dict[str, float]]:
    """Breaches of the length limits in the package, and the figures that we aim at."""
    breaches, of_functions, of_files = [], [], []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(root).as_posix()
        count = text.count("\n")
        of_files.append(count)
        if count > FILE_LINES:
            breaches.append(Breach(name, 1, f"{count} lines; a file has at most {FILE_LINES}: divide it"))
        for function, line, size in functions(ast.parse(text)):
            of_functions.append(size)
            if size > FUNCTION_LINES:
                breaches.append(Breach(name, line, f"{function} has {size} lines; at most {FUNCTION_LINES}"))
    return breaches, {
        "function median": median(of_functions or [0]),
        "function 95th percentile": percentile(of_functions, 95),
        "file 95th percentile": percentile(of_files, 95),
    }


def percentile(numbers: list[int], rank: int) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, len(ordered) * rank // 100)] if ordered else 0


def floats(root: Path, paths: Iterable[Path]) -> list[Breach]:
    """Binary floats in the packages that refuse them: literals and calls of `float`."""
    breaches = []
    for path in paths:
        name = path.relative_to(root).as_posix()
        if not any(f"trialwright/{package}/" in name for package in EXACT):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        likeness = {id(word.value) for word in ast.walk(tree) if isinstance(word, ast.keyword) and word.arg == "cutoff"}
        for node in ast.walk(tree):
            if id(node) in likeness:  # how alike two words are, for did-you-mean: no number of the trial
                continue
            literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
            if literal or call:
                breaches.append(
                    Breach(name, getattr(node, "lineno", 1), "a binary float; write Decimal, an integer or text")
                )
    return breaches


def names(root: Path, paths: Iterable[Path]) -> list[Breach]:
    """Modules whose name says nothing of the trial."""
    return [
        Breach(path.relative_to(root).as_posix(), 1, f"{path.stem!r} says nothing of the trial; name what it holds")
        for path in paths
        if REFUSED_NAMES.search(path.stem)
    ]


def addresses(root: Path, paths: Iterable[Path]) -> list[Breach]:
    """Package-index addresses and paths of one machine, in any text file."""
    breaches = []
    for path in paths:
        if path.suffix in BINARY:
            continue
        refused = [(ADDRESSES, "a package index address"), (MACHINE_PATHS, "a path of one machine")]
        if root / "tests" not in path.parents:
            refused.append((HOMES, "a path of one machine"))
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            for pattern, what in refused:
                if found := pattern.search(line):
                    breaches.append(Breach(path.relative_to(root).as_posix(), number, f"{what}: {found.group()}"))
    return breaches


def _blank(code: re.Match[str]) -> str:
    return "\n" * code.group().count("\n")


def anchor(heading: str) -> str:
    """The anchor that a heading gets on the usual forges."""
    return re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).strip().replace(" ", "-")


def links(root: Path, paths: Iterable[Path]) -> list[Breach]:
    """Relative links in Markdown that lead nowhere, anchors included."""
    breaches = []
    for path in paths:
        text = re.sub(r"```.*?```", _blank, path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for found in LINK.finditer(text):
            target = found.group(1) or found.group(2)
            if re.match(r"[a-z]+:", target):
                continue
            file, _, fragment = target.partition("#")
            where = (path.parent / file).resolve() if file else path
            line = text.count("\n", 0, found.start()) + 1
            if not where.exists():
                breaches.append(Breach(path.relative_to(root).as_posix(), line, f"the link {target} leads nowhere"))
            elif fragment and where.suffix == ".md" and fragment not in anchors(where):
                say = f"{file or 'this page'} has no #{fragment}"
                breaches.append(Breach(path.relative_to(root).as_posix(), line, say))
    return breaches


def anchors(page: Path) -> set[str]:
    """Every anchor of a Markdown page."""
    return {anchor(heading) for heading in HEADING.findall(page.read_text(encoding="utf-8"))}


def breaches(root: Path) -> tuple[list[Breach], dict[str, float]]:
    """Every breach in the project at `root`, in order of place, and the lengths that we aim at."""
    paths = tracked(root)
    package = [path for path in paths if path.suffix == ".py" and (root / "src") in path.parents]
    too_long, figures = lengths(root, package)
    pages = [path for path in paths if path.suffix == ".md"]
    found = [*too_long, *floats(root, package), *names(root, package), *addresses(root, paths), *links(root, pages)]
    return sorted(found), figures


def main(root: Path) -> int:
    """Print figures and breaches; 1 when there is a breach."""
    found, figures = breaches(root)
    for name, figure in figures.items():
        print(f"{name}: {figure:g} lines (aim {AIM[name]}){' - above the aim' if figure > AIM[name] else ''}")
    for breach in found:
        print(breach)
    print(f"{len(found)} breaches" if found else "budgets kept")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
