"""Run the benchmarks: `python -m bench [NAME ...] [--write]`.

Each `bench/bench_NAME.py` has a `main()` that gives its rows as a list of mappings (or prints them itself). `--write`
keeps what was measured, with the date, the command and the machine, in docs/validation/bench.md; a benchmark that was
not run keeps its old section.
"""

import argparse
import contextlib
import importlib
import io
import os
import platform
import re
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "validation" / "bench.md"
HEAD = "# Benchmarks\n\nMade by `make bench ARGS=--write`. Figures depend on the machine; ratios travel better.\n"


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all of them; 2 for a name that does not exist."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(names())} (default: all)")
    parser.add_argument("--write", action="store_true", help="keep the figures in docs/validation/bench.md")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in names()]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(names())}")
    sections = {name: measured(name) for name in chosen.names or names()}
    if chosen.write:
        write(PAGE, sections)
    return 0


def names() -> list[str]:
    """The benchmarks there are."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def measured(name: str) -> str:
    """Run one benchmark, print its table, and give the section that `--write` keeps."""
    module = importlib.import_module(f"bench.bench_{name}")
    print(f"== {name}: {(module.__doc__ or '').strip().splitlines()[0]}", flush=True)
    printed = io.StringIO()
    began = time.process_time()
    with contextlib.redirect_stdout(printed):
        rows = module.main()
    spent = time.process_time() - began
    text = as_table(rows) if isinstance(rows, list | tuple) else rows if isinstance(rows, str) else ""
    body = "\n\n".join(part for part in (printed.getvalue().strip(), text) if part)
    print(body, end="\n\n", flush=True)
    where = f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    shown = text if text and not printed.getvalue().strip() else f"```text\n{body}\n```"
    return f"`python -m bench {name}` on {when} ({where}); {spent:.1f} s of CPU in this process.\n\n{shown}"


def as_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as a Markdown table, columns in the order in which they first appear."""
    listed = list(rows)
    columns = list(dict.fromkeys(column for row in listed for column in row))
    cells = [columns, *([_cell(row.get(column)) for column in columns] for row in listed)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def write(page: Path, sections: Mapping[str, str]) -> None:
    """Replace the sections that were run; keep the others."""
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    kept = dict(re.findall(r"^## (\S+)\n\n(.*?)(?=\n## |\Z)", old, re.MULTILINE | re.DOTALL))
    merged = {name: text.strip() for name, text in sorted({**kept, **sections}.items())}
    page.write_text(HEAD + "".join(f"\n## {name}\n\n{text}\n" for name, text in merged.items()), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
