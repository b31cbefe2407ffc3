"""A fitted model for others: plain values for JSON, tables of texts for people.

Numbers for people have as many decimals as let the smallest standard error of a table show three digits; JSON has them
all.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from trialwright.analysis.mmrm.covariance import STRUCTURES, parameters
from trialwright.analysis.mmrm.result import Estimates, Mmrm

if TYPE_CHECKING:
    import polars as pl

METHODS = {
    "kenward-roger-linear": "Kenward-Roger (linear) standard errors and degrees of freedom",
    "kenward-roger": "Kenward-Roger standard errors and degrees of freedom",
    "satterthwaite": "Satterthwaite degrees of freedom",
    "between-within": "between-within degrees of freedom",
    "residual": "residual degrees of freedom",
    "asymptotic": "asymptotic: normal and chi-squared",
}
MOST_VISITS = 12
"""Wider covariance matrices than this are not printed; JSON and `covariance` have them."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table for people: a title, a remark, the heads of the columns and rows of texts; `texts` columns stand left."""

    title: str
    remark: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1


def plain(fit: Mmrm) -> dict[str, Any]:
    """Everything as numbers, texts, lists and mappings; an infinite number (asymptotic df) is None."""
    frame, data = fit.frame, fit.frame.data
    covariance = fit.covariance
    return _finite(
        {
            "formula": frame.model.text,
            "covariance_structure": fit.fit.covariance,
            "method": fit.fit.method,
            "df": fit.inference.df,
            "variance": fit.inference.variance,
            "level": fit.level,
            "loglik": fit.loglik,
            "deviance": fit.deviance,
            "aic": fit.aic,
            "bic": fit.bic,
            "iterations": fit.iterations,
            "engine": fit.engine,
            "rows": data.outcome.size,
            "participants": len(data.participants),
            "participants_without_rows": frame.everybody - len(data.participants),
            "visits": list(fit.visits),
            "arms": list(fit.arms) if frame.roles.arm else [],
            "reference": fit.arms[0] if frame.roles.arm else None,
            "observed": _observed(fit),
            "left_out": dict(fit.left_out),
            "notes": list(frame.notes),
            "contrasts": fit.contrasts.rows(),
            "means": fit.means.rows(),
            "at": fit.at,
            "tests": [
                {"term": name, "F": test.F, "df1": test.df1, "df2": test.df2, "p": test.p}
                for name, test in fit.tests.items()
            ],
            "untested": dict(fit.untested),
            "coefficients": fit.coefficients.rows(),
            "covariance": (
                {name: matrix.tolist() for name, matrix in covariance.items()}
                if isinstance(covariance, dict)
                else covariance.tolist()
            ),
            "covariance_parameters": dict(
                zip(parameters(fit.fit.covariance, data), fit.fit.theta.tolist(), strict=True)
            ),
        }
    )


def _observed(fit: Mmrm) -> list[dict[str, Any]]:
    """The outcomes used in each cell."""
    counts = fit.frame.observed.ravel().tolist()
    return [{**label, "n": count} for label, count in zip(_labels(fit.means), counts, strict=True)]


def _labels(estimates: Estimates) -> list[dict[str, str]]:
    rows = zip(*estimates.labels.values(), strict=True)
    return [dict(zip(estimates.labels, row, strict=True)) for row in rows]


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# ------------------------------------------------------------------ for people


def text(fit: Mmrm) -> str:
    """The printout: what was fitted, the means, the differences, the tests, the covariance."""
    head = "\n".join(f"{name:<14}{value}".rstrip() for name, value in facts(fit))
    tables = "\n\n".join(drawn(sheet) for sheet in sheets(fit))
    return f"Mixed model for repeated measures\n\n{head}\n\n{tables}"


def facts(fit: Mmrm) -> list[tuple[str, str]]:
    """What was fitted to what, and how well: pairs of a name and a sentence."""
    frame, data = fit.frame, fit.frame.data
    shape = STRUCTURES[fit.fit.covariance]
    total = data.outcome.size + sum(fit.left_out.values())
    groups = f" in each of {len(data.groups)} groups ({', '.join(data.groups)})" if len(data.groups) > 1 else ""
    variance = "" if fit.inference.variance == "model" else f"; standard errors: {fit.inference.variance}"
    lines = [
        ("Formula", frame.model.text),
        ("Rows", f"{data.outcome.size} of {total} used{_lacking(fit.left_out)}"),
        ("Participants", _of(len(data.participants), frame.everybody)),
        ("Visits", f"{len(data.visits)}: {', '.join(data.visits)}"),
        ("Covariance", f"{shape.words} ({shape.name}), {fit.fit.theta.size // len(data.groups)} parameters{groups}"),
        ("Estimation", f"{fit.fit.method}, converged after {fit.iterations} iterations ({fit.engine})"),
        ("Inference", f"{METHODS[fit.inference.df]}{variance}"),
        ("Likelihood", f"log {fit.loglik:.4f}, deviance {fit.deviance:.2f}, AIC {fit.aic:.2f}, BIC {fit.bic:.2f}"),
    ]
    return lines + [("Note", note) for note in frame.notes]


def _of(used: int, everybody: int) -> str:
    return str(used) if used == everybody else f"{used} of {everybody}, the others without a row in use"


def _lacking(left_out: Mapping[str, int]) -> str:
    return "; left out: " + ", ".join(f"{count} without {name}" for name, count in left_out.items()) if left_out else ""


def sheets(fit: Mmrm) -> list[Sheet]:
    """The tables of the printout."""
    percent = f"{100 * fit.level:g} % limits"
    held = _held(fit)
    counts = tuple(str(count) for count in fit.frame.observed.ravel().tolist())
    found = [_estimates("Least-squares means", f"{held}; {percent}" if held else percent, fit.means, counts)]
    if len(fit.contrasts):
        found.append(_estimates("Differences between arms", percent, fit.contrasts))
    if fit.tests or fit.untested:
        found.append(_tests(fit))
    found.append(_estimates("Coefficients", percent, fit.coefficients))
    matrices = fit.covariance if isinstance(fit.covariance, dict) else {"": fit.covariance}
    if len(fit.visits) <= MOST_VISITS:
        found += [_covariance(fit.visits, name, matrix) for name, matrix in matrices.items()]
    return found


def _held(fit: Mmrm) -> str:
    """The values at which the means hold, as a remark."""
    averages = [f"{name} = {value:.5g}" for name, value in fit.at.items() if isinstance(value, float)]
    equal = [name for name, value in fit.at.items() if not isinstance(value, float)]
    parts = (["at " + ", ".join(averages)] if averages else []) + (
        [f"levels of {', '.join(equal)} weighted equally"] if equal else []
    )
    return "; ".join(parts)


def _estimates(title: str, remark: str, of: Estimates, counts: Sequence[str] = ()) -> Sheet:
    places = decimals(of.values.se)
    columns: list[Iterable[str]] = [*of.labels.values()]
    heads = list(of.labels)
    if counts:
        columns.append(counts)
        heads.append("n")
    shown = {
        "estimate": (of.values.estimate, f".{places}f"), "SE": (of.values.se, f".{places}f"),
        "df": (of.values.df, ".1f"), "t": (of.values.t, ".2f"), "p": (of.values.p, "p"),
    }  # fmt: skip
    for name, (values, form) in shown.items():
        if name.lower() in ("estimate", "se") or name in of.shown:
            columns.append([p_value(one) if form == "p" else _number(one, form) for one in values.tolist()])
            heads.append(name)
    for name, limits in (("lower", of.values.lower), ("upper", of.values.upper)):
        columns.append([_number(one, f".{places}f") for one in limits.tolist()])
        heads.append(name)
    return Sheet(title, remark, tuple(heads), tuple(zip(*columns, strict=True)), len(of.labels))


def _tests(fit: Mmrm) -> Sheet:
    rows = tuple(
        (name, f"{test.F:.2f}", f"{test.df1:g}", _number(test.df2, ".1f"), p_value(test.p))
        for name, test in fit.tests.items()
    )
    rows += tuple((name, "-", "-", "-", "-") for name in fit.untested)
    remark = "type III; - where too few participants stand behind all rows at once" if fit.untested else "type III"
    return Sheet("Tests of the terms", remark, ("term", "F", "df", "error df", "p"), rows)


def _covariance(visits: tuple[str, ...], group: str, matrix: np.ndarray) -> Sheet:
    """Standard deviations, and covariances with the correlations above the diagonal."""
    scale = np.sqrt(np.diagonal(matrix))
    related = matrix / np.outer(scale, scale)
    places = decimals(np.sqrt(np.diagonal(matrix)))
    rows = []
    for i, visit in enumerate(visits):
        cells = [f"{matrix[i, j]:.{places}f}" if j <= i else f"{related[i, j]:.3f}" for j in range(len(visits))]
        rows.append((visit, *cells, f"{math.sqrt(matrix[i, i]):.{places}f}"))
    title = f"Covariance between visits{f', group {group}' if group else ''}"
    return Sheet(title, "correlations above the diagonal", ("visit", *visits, "SD"), tuple(rows))


def decimals(errors: np.ndarray) -> int:
    """How many decimals show three digits of the smallest positive standard error."""
    known = errors[np.isfinite(errors) & (errors > 0)]
    return int(min(10, max(0, 2 - math.floor(math.log10(known.min()))))) if known.size else 3


def p_value(p: float) -> str:
    """Four decimals, and `<0.0001` below them."""
    return "<0.0001" if p < 0.00005 else f"{p:.4f}"


def _number(value: float, form: str) -> str:
    if not math.isfinite(value):
        return "inf" if value > 0 else "-"
    shown = format(value, form)
    return shown.removeprefix("-") if not float(shown) else shown


def drawn(sheet: Sheet) -> str:
    """A table as aligned lines: the first `texts` columns to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(sheet.heads, *sheet.rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if number < sheet.texts else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (sheet.heads, *sheet.rows)
    ]
    title = sheet.title + (f" ({sheet.remark})" if sheet.remark else "")
    return "\n".join([title, *lines])


def html(fit: Mmrm) -> str:
    """The printout for a notebook."""
    parts = ["<b>Mixed model for repeated measures</b>", _grid((), facts(fit))]
    for sheet in sheets(fit):
        remark = f" ({escape(sheet.remark)})" if sheet.remark else ""
        parts += [f"<b>{escape(sheet.title)}</b>{remark}", _grid(sheet.heads, sheet.rows, sheet.texts)]
    return "\n".join(parts)


def _grid(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 2) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        sides = ["left" if number < texts else "right" for number in range(len(cells))]
        return "".join(
            f'<{tag} style="text-align:{side}">{escape(cell)}</{tag}>' for cell, side in zip(cells, sides, strict=True)
        )

    lines = [row(heads, "th")] if heads else []
    lines += [row(cells, "td") for cells in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


# ------------------------------------------------------------------ for other programs


def tables(fit: Mmrm) -> "dict[str, pl.DataFrame]":
    """The estimates as polars frames by name: means, contrasts, coefficients, tests, covariance (long form)."""
    import polars as pl

    matrices = fit.covariance if isinstance(fit.covariance, dict) else {"": fit.covariance}
    between = [
        {"group": group, "visit": one, "with": other, "covariance": float(matrix[i, j])}
        for group, matrix in matrices.items()
        for i, one in enumerate(fit.visits)
        for j, other in enumerate(fit.visits)
    ]
    tests = [
        {"term": name, "F": test.F, "df1": test.df1, "df2": test.df2, "p": test.p} for name, test in fit.tests.items()
    ]
    found = {"means": fit.means.table(), "coefficients": fit.coefficients.table(), "covariance": pl.DataFrame(between)}
    if len(fit.contrasts):
        found["contrasts"] = fit.contrasts.table()
    if tests:
        found["tests"] = pl.DataFrame(tests)
    return found
