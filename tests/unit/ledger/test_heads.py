"""Signed heads: what a reader of the log can rely on."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.ledger.fact import Head
from trialwright.ledger.heads import (
    ACCESS,
    TRIAL,
    append_head,
    line_of,
    new_signing_key,
    public_key,
    read_heads,
    read_heads_file,
    sign,
    signing_key,
)

KEY = signing_key(new_signing_key())
OTHER = signing_key(new_signing_key())
PUBLIC = public_key(KEY)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def head(number: int) -> Head:
    """A head with this number."""
    return Head(number, f"{number:064x}", "2026-03-01T08:00:00.000000Z")


def a_log(path: Path, numbers: list[int]) -> Path:
    """A log of the trial's heads with these numbers."""
    for number in numbers:
        append_head(path, head(number), TRIAL, NOW, KEY)
    return path


def test_heads_are_read_back_as_they_were_signed(tmp_path: Path) -> None:
    log = read_heads_file(a_log(tmp_path / "heads.log", [0, 3, 7]), PUBLIC)
    assert log.problems == ()
    assert [(entry.number, entry.seal) for entry in log.heads] == [(n, head(n).seal) for n in (0, 3, 7)]


def test_two_chains_share_a_log(tmp_path: Path) -> None:
    path = a_log(tmp_path / "heads.log", [0, 3])
    append_head(path, head(1), ACCESS, NOW, KEY)
    append_head(path, head(5), TRIAL, NOW, KEY)
    log = read_heads_file(path, PUBLIC)
    assert log.problems == ()
    assert [entry.number for entry in log.of(TRIAL)] == [0, 3, 5]
    assert [entry.number for entry in log.of(ACCESS)] == [1]


def test_a_head_that_is_not_newer_is_not_signed_again(tmp_path: Path) -> None:
    path = a_log(tmp_path / "heads.log", [0, 3])
    before = path.read_bytes()
    assert append_head(path, head(3), TRIAL, NOW, KEY) is None
    assert append_head(path, head(2), TRIAL, NOW, KEY) is None
    assert path.read_bytes() == before


@given(cut=st.integers(1, 200))
def test_a_line_that_was_under_way_when_the_machine_stopped_is_passed_over_and_overwritten(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = a_log(tmp_path_factory.mktemp("log") / "heads.log", [0, 3])
    whole = path.read_bytes()
    last = line_of(sign(head(9), TRIAL, NOW, "0" * 64, KEY))
    path.write_bytes(whole + last[:cut])
    assert [entry.number for entry in read_heads_file(path, PUBLIC).heads] == [0, 3]
    assert append_head(path, head(9), TRIAL, NOW, KEY) is not None
    log = read_heads_file(path, PUBLIC)
    assert (log.problems, [entry.number for entry in log.heads]) == ((), [0, 3, 9])


@given(place=st.integers(0), flip=st.integers(1, 255))
def test_any_changed_byte_of_a_whole_log_is_noticed(place: int, flip: int) -> None:
    lines, previous = [], "0" * 64
    for number in (0, 3):
        entry = sign(head(number), TRIAL, NOW, previous, KEY)
        lines.append(line_of(entry))
        previous = entry.seal
    whole = bytearray(lines[0])
    place %= len(whole) - 1  # the end of the line apart: without it the line is one that was under way
    whole[place] ^= flip
    log = read_heads([bytes(whole)], PUBLIC)
    assert log.problems


def test_another_key_signs_nothing_here() -> None:
    log = read_heads([line_of(sign(head(1), TRIAL, NOW, "0" * 64, OTHER))], PUBLIC)
    assert log.heads == ()
    assert "is not signed by this trial's key" in log.problems[0]


def test_a_log_that_is_missing_or_empty_is_a_problem(tmp_path: Path) -> None:
    assert "is missing" in read_heads_file(tmp_path / "heads.log", PUBLIC).problems[0]
    (tmp_path / "heads.log").write_bytes(b"")
    assert "is empty" in read_heads_file(tmp_path / "heads.log", PUBLIC).problems[0]


def test_a_key_of_another_kind_is_refused() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    pem = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="not an Ed25519 key"):
        signing_key(pem)
