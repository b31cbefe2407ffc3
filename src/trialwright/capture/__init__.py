"""What may be written on a form: values, edit checks, derived items, visit windows."""

from trialwright.capture.form import Entered, Finding, FormRules
from trialwright.capture.values import BadValue, Reading, reader
from trialwright.capture.windows import Due, due

__all__ = ["BadValue", "Due", "Entered", "Finding", "FormRules", "Reading", "due", "reader"]
