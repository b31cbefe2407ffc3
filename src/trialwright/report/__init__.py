"""Figures, tables, the flow of participants and the trial report, as one page and as JSON."""

from trialwright.report.build import report
from trialwright.report.content import Content
from trialwright.report.context import Context
from trialwright.report.listing import results_json, results_text
from trialwright.report.page import html, json_bytes, write

__all__ = ["Content", "Context", "html", "json_bytes", "report", "results_json", "results_text", "write"]
