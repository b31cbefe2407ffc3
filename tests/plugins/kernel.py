"""The compiled kernel for the tests that compare it with its reference.

Without it they are skipped with the reason; `TRIALWRIGHT_REQUIRE=kernel` makes its absence a failure.
"""

import os
from ctypes import CDLL

import pytest

from trialwright.compute import native


@pytest.fixture(scope="session")
def kernel() -> CDLL:
    """The loaded library."""
    found = native.library()
    if found is None:
        why = "the compiled kernel is absent (no C++ compiler at installation, or TRIALWRIGHT_KERNEL=off)"
        if "kernel" in os.environ.get("TRIALWRIGHT_REQUIRE", "").split(","):
            pytest.fail(why)
        pytest.skip(why)
    return found
