"""Who gets what and who may know: methods of allocation, predictability, sealed slots, keys. A new method has its line
in `METHODS`.

Pure functions: what is drawn up here is kept by a vault (in `store` or `simulate`), and only conduct speaks to that.
"""

from trialwright.allocation.check_digits import check_character

METHODS = frozenset({"permuted_block"})
"""What a definition may name as `randomisation.method`."""

__all__ = ["METHODS", "check_character"]
