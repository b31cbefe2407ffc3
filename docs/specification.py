"""Reads the tests as text: sections, sentences, tables and the requirements that they name.

Nothing is imported or run.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NAMES = """ACR AE ANCOVA CLI CONSORT CSV EULAR ExM HAQ HAQs HTML IANA IgG IVIg JSON MedPath MMT PhGA PostgreSQL PtGA SHA
SQLite TIS UCUM UTC ULN YAML English Monday Welch Wilson Kaplan Meier Greenwood Hedges Newcombe Philox"""
WORDS = {name.lower(): name for name in NAMES.split()}
MOST_ROWS = 60


@dataclass(frozen=True)
class Table:
    """What a test goes through, as text."""

    header: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Paragraph:
    """One test: its sentence, prose, table, the requirements it proves and the id that pytest gives it."""

    id: str
    line: int
    sentence: str
    prose: str
    table: Table | None
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """One test file."""

    path: str
    chapter: str
    title: str
    intro: str
    paragraphs: list[Paragraph]


def sections(root: Path) -> list[Section]:
    """Every test file of the project, in order of path."""
    return [_section(path, root) for path in sorted((root / "tests").rglob("test_*.py"))]


def _section(path: Path, root: Path) -> Section:
    module = ast.parse(path.read_text(encoding="utf-8"))
    name = path.relative_to(root).as_posix()
    known = {target: value for statement in module.body for target, value in _assigned(statement)}
    everywhere = _marks(known.get("pytestmark"))
    intro = (ast.get_docstring(module) or "").strip()
    found = [_paragraph(f"{name}::{inside}{test.name}", test, known, everywhere) for inside, test in _tests(module)]
    return Section(name, path.parent.name, _words(path.stem.removeprefix("test_")), intro, found)


def _tests(module: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield "", node
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test_"):
                    yield f"{node.name}::", inner


def _paragraph(id: str, test: ast.FunctionDef, known: dict[str, ast.expr], everywhere: tuple[str, ...]) -> Paragraph:
    proves = tuple(name for decorator in test.decorator_list for name in _marks(decorator))
    prose = (ast.get_docstring(test) or "").strip()
    sentence = _words(test.name.removeprefix("test_")) + "."
    return Paragraph(id, test.lineno, sentence, prose, _table(test, known), (*everywhere, *proves))


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id, statement.value  # type: ignore[attr-defined]


def _marks(expression: ast.expr | None) -> tuple[str, ...]:
    """The ids in `pytest.mark.requirement(...)`, alone or in a list."""
    if isinstance(expression, ast.List | ast.Tuple):
        return tuple(name for entry in expression.elts for name in _marks(entry))
    if isinstance(expression, ast.Call) and ast.unparse(expression.func) == "pytest.mark.requirement":
        return tuple(str(word.value) for word in expression.args if isinstance(word, ast.Constant))
    return ()


def _words(name: str) -> str:
    words = [WORDS.get(word, word) for word in name.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


# ------------------------------------------------------------------ tables


def _table(test: ast.FunctionDef, known: dict[str, ast.expr]) -> Table | None:
    """The rows of `parametrize`, or of the first loop over a written-out list."""
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.parametrize":
            names, rows, *_ = decorator.args
            table = _rows(_names(names), _written(rows, known), known)
            if table:
                return table
    known = {
        **known,
        **{name: value for node in ast.walk(test) if isinstance(node, ast.stmt) for name, value in _assigned(node)},
    }
    for node in ast.walk(test):
        if isinstance(node, ast.For | ast.comprehension):
            table = _rows(_names(node.target), _written(node.iter, known), known)
            if table:
                return table
    return None


def _names(expression: ast.expr) -> list[str]:
    if isinstance(expression, ast.Constant):
        return [name.strip() for name in str(expression.value).split(",")]
    if isinstance(expression, ast.Tuple | ast.List):
        return [name for entry in expression.elts for name in _names(entry)]
    if isinstance(expression, ast.Starred):
        return _names(expression.value)
    return [ast.unparse(expression)]


def _written(expression: ast.expr, known: dict[str, ast.expr]) -> list[ast.expr]:
    """The entries of a list that stands in the file, by value or by name; nothing for one that is computed."""
    if isinstance(expression, ast.Name) and expression.id in known:
        expression = known[expression.id]
    if (
        isinstance(expression, ast.Call)
        and isinstance(expression.func, ast.Attribute)
        and expression.func.attr == "items"
    ):
        return _pairs(expression.func.value, known)
    return list(expression.elts) if isinstance(expression, ast.List | ast.Tuple) else []


def _pairs(expression: ast.expr, known: dict[str, ast.expr]) -> list[ast.expr]:
    if isinstance(expression, ast.Name) and expression.id in known:
        expression = known[expression.id]
    if not isinstance(expression, ast.Dict):
        return []
    return [
        ast.Tuple([key, value], ast.Load())
        for key, value in zip(expression.keys, expression.values, strict=True)
        if key
    ]


def _rows(header: list[str], entries: list[ast.expr], known: dict[str, ast.expr]) -> Table | None:
    rows = []
    for entry in entries:
        if isinstance(entry, ast.Call) and ast.unparse(entry.func) == "pytest.param":
            entry = ast.Tuple(entry.args, ast.Load())
        cells = entry.elts if len(header) > 1 and isinstance(entry, ast.Tuple | ast.List) else [entry]
        if len(cells) != len(header):
            return None
        rows.append([_cell(cell, known) for cell in cells])
    return Table([name.replace("_", " ").strip() for name in header], rows) if rows and len(header) > 1 else None


def _cell(expression: ast.expr, known: dict[str, ast.expr]) -> str:
    """One value in words; a name stands for the text or mapping that the file gives it."""
    if isinstance(expression, ast.Name) and isinstance(known.get(expression.id), ast.Constant | ast.Dict):
        expression = known[expression.id]
    if isinstance(expression, ast.Constant):
        match expression.value:
            case None:
                return "—"
            case bool():
                return "yes" if expression.value else "no"
            case str():
                return expression.value or "(empty)"
        return str(expression.value)
    if isinstance(expression, ast.Dict):
        return ", ".join(_entries(expression, known)) or "(nothing)"
    if isinstance(expression, ast.List | ast.Tuple | ast.Set):
        return ", ".join(_cell(entry, known) for entry in expression.elts) or "(none)"
    return f"`{ast.unparse(expression)}`"


def _entries(mapping: ast.Dict, known: dict[str, ast.expr]) -> list[str]:
    """`key value` for each entry; what is merged in with `**` comes first."""
    texts = []
    for key, value in zip(mapping.keys, mapping.values, strict=True):
        if key is not None:
            texts.append(f"{_cell(key, known)} {_cell(value, known)}")
        elif isinstance(value, ast.Name) and isinstance(inner := known.get(value.id), ast.Dict):
            texts += _entries(inner, known)
        else:
            texts.append(f"`{ast.unparse(value)}`")
    return texts


def markdown(table: Table) -> str:
    """The table as Markdown; very long ones are cut, with a line that says so."""
    lines = ["| " + " | ".join(table.header) + " |", "|" + "---|" * len(table.header)]
    lines += ["| " + " | ".join(_escaped(cell) for cell in row) + " |" for row in table.rows[:MOST_ROWS]]
    if len(table.rows) > MOST_ROWS:
        lines += ["", f"… and {len(table.rows) - MOST_ROWS} more rows in the test."]
    return "\n".join(lines)


def _escaped(cell: str) -> str:
    return re.sub(r"\s+", " ", cell).replace("|", "\\|").replace("<", "&lt;")
