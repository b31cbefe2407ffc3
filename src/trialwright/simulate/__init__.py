"""Imaginary patients, real code: whole trials rehearsed through conduct."""

from trialwright.simulate.program import Program, program
from trialwright.simulate.reading import Read, read
from trialwright.simulate.rehearsal import Cast, Rehearsed, imagine, rehearse
from trialwright.simulate.vault import MemoryVault

__all__ = ["Cast", "MemoryVault", "Program", "Read", "Rehearsed", "imagine", "program", "read", "rehearse"]
