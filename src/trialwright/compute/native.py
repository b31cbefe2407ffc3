"""The compiled kernel: one small library beside its Python, found once and used where it is there.

Everything that it computes has a reference in Python that gives the same numbers; without a compiler at installation
the program runs on the references and says so once. `TRIALWRIGHT_KERNEL` chooses: `off`, or a width (`portable`,
`avx2`, `avx512`); `TRIALWRIGHT_KERNEL_FILE` names another file, for development.
"""

import ctypes
import os
import sys
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

VERSION = 2
WIDTHS = ("portable", "avx2", "avx512")


class KernelProblem(RuntimeError):
    """The compiled kernel that was asked for cannot be used; the sentence says why and what to do."""


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """The loaded library, or None where the program runs on the references.

    Raises `KernelProblem` for a width that this machine lacks and for a library of another version.
    """
    wanted = os.environ.get("TRIALWRIGHT_KERNEL", "")
    if wanted == "off":
        return None
    file = _file()
    if file is None:
        return None
    found = ctypes.CDLL(str(file))
    if found.tw_version() != VERSION:
        raise KernelProblem(
            f"the compiled kernel {file.name} is of version {found.tw_version()}, the program needs {VERSION}; "
            "install trialwright anew (make setup), or set TRIALWRIGHT_KERNEL=off"
        )
    found.tw_width.argtypes = [ctypes.c_char_p]
    if found.tw_width(wanted.encode()) < 0:
        raise KernelProblem(
            f"TRIALWRIGHT_KERNEL={wanted} cannot be used on this machine; known: off, {', '.join(WIDTHS)}"
        )
    return found


def width() -> str | None:
    """The width in use by name, None without the library."""
    found = library()
    return None if found is None else WIDTHS[found.tw_width(os.environ.get("TRIALWRIGHT_KERNEL", "").encode())]


@lru_cache(maxsize=1)
def say_once() -> None:
    """One line on the error stream where the program runs on the references; a command that would be slow calls it."""
    if library() is None:
        print(
            "The compiled kernel is not there, so this runs on the slower reference (same numbers). "
            "Install a C++ compiler and trialwright anew to have it.",
            file=sys.stderr,
        )


def _file() -> Path | None:
    named = os.environ.get("TRIALWRIGHT_KERNEL_FILE")
    if named:
        return Path(named)
    here = Path(__file__).parent
    return next((path for suffix in EXTENSION_SUFFIXES if (path := here / f"_kernel{suffix}").exists()), None)
