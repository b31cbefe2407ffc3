"""The review as a page to read and file: it names arms, and says so on every page."""

from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby

from trialwright.allocation.review import Report

CLASS = "UNBLINDED: shows the allocation list. For the reviewer's file alone; never in the trial's folder."
LINES = 56
"""Lines on a page of the text form, under its class."""

STYLE = """body{font:15px/1.45 sans-serif;margin:3.5em 2em;color:#222}h1{font-size:1.5em}h2{font-size:1.15em}
table{border-collapse:collapse;margin:.6em 0}td,th{border:1px solid #bbb;padding:.2em .6em;text-align:left;
vertical-align:top;overflow-wrap:anywhere}.class{position:fixed;top:0;left:0;right:0;background:#8b1a1a;color:#fff;
padding:.4em 2em;font-weight:bold}.wrong{background:#fbe3e3}th:last-child,
td:last-child{white-space:nowrap;overflow-wrap:normal}@media print{.class{position:fixed;color:#000;
background:#fff;border-bottom:2px solid #000}}"""


def as_text(report: Report) -> str:
    """Plain text, in pages that each begin with the class."""
    lines = list(_lines(report))
    pages = [lines[start : start + LINES] for start in range(0, len(lines), LINES)]
    return "\f".join(
        "\n".join([f"{CLASS}  ({number}/{len(pages)})", "", *page, ""]) for number, page in enumerate(pages, start=1)
    )


def _lines(report: Report) -> Iterator[str]:
    yield from (_title(report), "", verdict(report), "")
    for finding in report.findings:
        yield f"[{'right' if finding.right else 'WRONG'}] {finding.check}"
        yield f"        asked for: {finding.asked}"
        yield f"        found:     {finding.found}"
    for stratum, group in groupby(report.slots, lambda slot: slot.stratum):
        yield from ("", f"Stratum {stratum}{_blocks(report, stratum)}")
        yield from (f"{slot.position:>6}  {slot.label}  {slot.arm}" for slot in group)


def _title(report: Report) -> str:
    terms = report.package.terms
    return f"Review of the allocation list of {terms.trial}, version {terms.version} ({terms.purpose} list)"


def verdict(report: Report) -> str:
    """The outcome in one sentence."""
    wrong = sum(not finding.right for finding in report.findings)
    if not wrong:
        return f"The list is what was asked for: {len(report.findings)} checks, all right."
    return f"THE LIST MUST NOT BE USED: {wrong} of {len(report.findings)} checks are wrong."


def _blocks(report: Report, stratum: str) -> str:
    cut = report.blocks.get(stratum)
    return f" (a cut into blocks: {', '.join(map(str, cut))})" if cut else ""


def as_html(report: Report) -> str:
    """A page of its own, without script or anything from elsewhere."""
    findings = _table(
        ("Check", "Asked for", "Found", ""),
        ((one.check, one.asked, one.found, "right" if one.right else "WRONG") for one in report.findings),
    )
    strata = "".join(
        f"<h2>{escape(f'Stratum {stratum}{_blocks(report, stratum)}')}</h2>"
        + _table(("Position", "Label", "Arm"), ((str(slot.position), slot.label, slot.arm) for slot in group))
        for stratum, group in groupby(report.slots, lambda slot: slot.stratum)
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(_title(report))}</title>'
        f'<style>{STYLE}</style><div class="class">{escape(CLASS)}</div><h1>{escape(_title(report))}</h1>'
        f"<p><strong>{escape(verdict(report))}</strong></p>{findings}{strata}</html>\n"
    )


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    body = "".join(
        f"<tr{' class=wrong' if 'WRONG' in row else ''}>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row)
        + "</tr>"
        for row in rows
    )
    return f"<table><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>{body}</table>"
