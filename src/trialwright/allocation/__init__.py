"""Who gets what and who may know: methods of allocation, predictability, sealed slots, keys. A new method has its line
in `methods.METHODS`.

Pure functions: what is drawn up here is kept by a vault (in `store` or `simulate`), and only conduct speaks to that.
"""

from trialwright.allocation.check_digits import check_character
from trialwright.allocation.methods.declared import METHODS as _BY_NAME

METHODS = frozenset(_BY_NAME)
"""What a definition may name as `randomisation.method`."""

__all__ = ["METHODS", "check_character"]
