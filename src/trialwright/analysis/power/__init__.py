"""How many participants: sample size, power and the difference that can be detected, one module per kind of outcome.

Every module has `power(n, ...)`, `sample_size(power, ...)` and `detectable(n, power, ...)`, each solving for one of the
three. `n` is the total of both arms, `ratio` the participants in the treatment arm for each one in the reference arm.
Sizes are of participants with an outcome and fractional; `enrolled` allows for those who are lost and rounds up.
"""

from trialwright.analysis.power.asking import BadQuestion, Size, enrolled

__all__ = ["BadQuestion", "Size", "enrolled"]
