"""What a long computation has done so far, in one file, so that it can be stopped and gone on with.

The first line says which computation it is; every further line holds one chunk and its result. A line that was being
written when the power went is left out and its chunk is done again. A file of another computation is refused: nothing
is ever mixed or written over.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class OtherWork(ValueError):
    """The file keeps the results of another computation."""


@dataclass(frozen=True)
class Keeping(Generic[Result]):
    """`label` says which computation it is (anything that JSON can hold); `written` and `read` turn a result into what
    JSON can hold and back, without losing a bit."""

    file: Path
    label: Mapping[str, Any]
    written: Callable[[Result], Any]
    read: Callable[[Any], Result]

    def held(self, chunks: Sequence[range]) -> dict[int, Result]:
        """Place of the chunk -> result, of the chunks that are kept. Begins the file where there is none.

        Raises `OtherWork`, naming what differs.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        if not self.file.exists() or not self.file.stat().st_size:
            self._append(dict(self.label))
            return {}
        lines = self._whole_lines()
        if not lines:
            self._append(dict(self.label))
            return {}
        self._refuse_other(lines[0])
        place_of = {(chunk.start, chunk.stop): place for place, chunk in enumerate(chunks)}
        found = {}
        for line in lines[1:]:
            place = place_of.get((line["from"], line["to"]))
            if place is not None:
                found[place] = self.read(line["result"])
        return found

    def keep(self, chunk: range, result: Result) -> None:
        """Write one chunk's result at once."""
        self._append({"from": chunk.start, "to": chunk.stop, "result": self.written(result)})

    def _append(self, line: Mapping[str, Any]) -> None:
        with self.file.open("ab") as file:
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _whole_lines(self) -> list[dict[str, Any]]:
        """All lines that end; what stands after the last of them is cut off, so that the next line begins afresh."""
        text = self.file.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        if len(whole) < len(text):
            with self.file.open("rb+") as file:
                file.truncate(len(whole))
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError as error:
            raise OtherWork(f"{self.file}: this is no file of kept results ({error}); name another one") from error

    def _refuse_other(self, found: Mapping[str, Any]) -> None:
        wanted = json.loads(json.dumps(dict(self.label)))
        different = [name for name in {**wanted, **found} if wanted.get(name) != found.get(name)]
        if different:
            said = "; ".join(f"{name} there {found.get(name)!r}, here {wanted.get(name)!r}" for name in different[:3])
            raise OtherWork(f"{self.file}: the results kept there are of another run ({said}); name another folder")
