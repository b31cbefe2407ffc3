"""The compiled kernel is found, chosen and missed as the environment says."""

import subprocess
import sys
from ctypes import CDLL

import pytest

from trialwright.compute import native

SHOW = "from trialwright.compute import native; native.say_once(); native.say_once(); print(native.width())"


def run(monkeypatch: pytest.MonkeyPatch, wanted: str) -> subprocess.CompletedProcess[str]:
    monkeypatch.setenv("TRIALWRIGHT_KERNEL", wanted)
    return subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True, check=False)


def test_the_library_is_of_the_version_that_the_program_needs(kernel: CDLL) -> None:
    assert kernel.tw_version() == native.VERSION
    assert native.width() in native.WIDTHS


def test_a_narrower_width_can_be_forced(kernel: CDLL, monkeypatch) -> None:
    done = run(monkeypatch, "portable")
    assert (done.stdout, done.stderr) == ("portable\n", "")


def test_a_width_that_does_not_exist_is_refused_with_the_known_ones(kernel: CDLL, monkeypatch) -> None:
    done = run(monkeypatch, "abacus")
    assert done.returncode
    assert "TRIALWRIGHT_KERNEL=abacus cannot be used on this machine; known: off, portable, avx2, avx512" in done.stderr


def test_without_the_library_the_program_says_so_once(monkeypatch) -> None:
    done = run(monkeypatch, "off")
    assert done.stdout == "None\n"
    assert done.stderr.count("runs on the slower reference") == 1
