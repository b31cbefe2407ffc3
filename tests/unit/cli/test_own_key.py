"""A key is taken for the holder whose public half the ledger names, not for whom somebody says."""

from pathlib import Path

import pytest

from trialwright.allocation.keys import KeyFileRefused, make_keys, private_key
from trialwright.cli.keys import require_own_key


def test_the_key_of_another_holder_is_refused_by_name_and_a_strangers_is_left_to_the_seal(tmp_path: Path) -> None:
    made = dict(make_keys(tmp_path / "keys", None, ("safety-unit", "pharmacist-1"), None))
    theirs, own = (tmp_path / "keys" / f"{role}.key" for role in ("pharmacist-1", "safety-unit"))
    with pytest.raises(KeyFileRefused, match=r"is the key of pharmacist-1, not of safety-unit; take safety-unit\.key"):
        require_own_key("safety-unit", theirs, private_key(theirs), made)
    require_own_key("safety-unit", own, private_key(own), made)
    require_own_key("safety-unit", theirs, private_key(theirs), {"pharmacist-1": made["pharmacist-1"]})
    require_own_key("safety-unit", theirs, private_key(theirs), {"safety-unit": made["safety-unit"]})
