"""The report of a run of plates: one HTML page that needs nothing outside itself."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup, escape

from trialwright.measures.assay.plates import Plate, Problem
from trialwright.measures.assay.rules import NUMBERS, STATUSES, Rules
from trialwright.measures.assay.runs import Assessed, over_plates
from trialwright.measures.assay.verdicts import percent
from trialwright.report.assay import Drawn


def page(
    assessed: Sequence[Assessed],
    drawn: Sequence[Drawn],
    rules: Rules,
    left_out: Sequence[Plate] = (),
    problems: Sequence[Problem] = (),
    about: Mapping[str, str] | None = None,
) -> str:
    """The page: verdicts of all plates, then each plate with its figure, verdicts, standards, controls and samples,
    then the rules with the status of every number. `about` says what made it."""
    return _template().render(
        plates=list(zip(assessed, drawn, strict=True)),
        overall=over_plates(assessed, rules),
        rules=rules,
        meanings=NUMBERS,
        statuses=STATUSES,
        left_out=left_out,
        problems=problems,
        about=about or {},
        files={plate.file: plate.sha256 for plate in [*(one.plate for one in assessed), *left_out]},
        headline=headline(assessed, left_out),
        style=Markup(_resource("report.css") + _resource("assay.css")),
    )


def headline(assessed: Sequence[Assessed], left_out: Sequence[Plate] = ()) -> str:
    """The run in one sentence."""
    accepted = sum(one.accepted for one in assessed)
    results = sum(len(one.results) for one in assessed if one.accepted)
    words = f"{accepted} of {_counted(len(assessed), 'plate')} accepted, with {_counted(results, 'sample result')}."
    if not left_out:
        return words
    return f"{words} {_counted(len(left_out), 'plate')} {'was' if len(left_out) == 1 else 'were'} not worked out."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _share(value: float | None) -> str:
    return percent(value)


def _digits(value: float | None) -> str:
    """Four significant digits, plain."""
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) >= 1e4:
        return f"{value:.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.2e}"


def _limit(value: float | None) -> str:
    """A limit of quantification as it was declared."""
    return "–" if value is None else f"{value:.6g}"


def _signed(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−") if math.isfinite(value) else "beyond the curve"


def _labelled(drawn: Drawn) -> Markup:
    """The figure with its caption as its name, for who hears the page."""
    return Markup(drawn.svg.replace("<svg ", f'<svg aria-label="{escape(drawn.caption)}" ', 1))


@cache
def _template() -> jinja2.Template:
    room = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    room.filters |= {"share": _share, "digits": _digits, "limit": _limit, "signed": _signed, "labelled": _labelled}
    return room.from_string(_resource("assay.html.j2"))


def _resource(name: str) -> str:
    return (resources.files("trialwright.report") / name).read_text(encoding="utf-8")
