"""The methods of randomisation, each a pure function: `next_arm(method, state, covariates, stream)`.

The sealed list, an allocator and the rehearsal use the same ones. To add a method: write `methods/<name>.py` and add
its line to `METHODS`.
"""

from trialwright.allocation.methods.biased_coin import BiasedCoin
from trialwright.allocation.methods.big_stick import BigStick
from trialwright.allocation.methods.blocks import Blocks
from trialwright.allocation.methods.declared import METHODS, Method, method_of
from trialwright.allocation.methods.drawing import IN_ADVANCE, NeedsPastArms, begin, list_for, next_arm
from trialwright.allocation.methods.minimisation import Minimisation
from trialwright.allocation.methods.shares import Impossible
from trialwright.allocation.methods.simple import Simple
from trialwright.allocation.methods.state import State, Trace, read_state, state_text
from trialwright.allocation.methods.urn import Urn

__all__ = [
    "IN_ADVANCE",
    "METHODS",
    "BiasedCoin",
    "BigStick",
    "Blocks",
    "Impossible",
    "Method",
    "Minimisation",
    "NeedsPastArms",
    "Simple",
    "State",
    "Trace",
    "Urn",
    "begin",
    "list_for",
    "method_of",
    "next_arm",
    "read_state",
    "state_text",
]
