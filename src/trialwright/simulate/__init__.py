"""Imaginary patients, real code: whole trials rehearsed through conduct."""

from trialwright.simulate.casting import Cast, imagine
from trialwright.simulate.program import Program, program
from trialwright.simulate.reading import Read, read
from trialwright.simulate.rehearsal import Rehearsed, rehearse
from trialwright.simulate.vault import MemoryVault

__all__ = ["Cast", "MemoryVault", "Program", "Read", "Rehearsed", "imagine", "program", "read", "rehearse"]
