"""What changed between two versions of a definition, in sentences, and which changes are substantial.

A change is substantial when it can bear on the safety or rights of participants or on the reliability of the data:
who may take part, what is given and when, how it is allocated and blinded, what is measured for an endpoint, and how
it is analysed. Labels, notes and sources are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from trialwright.design.canonical import plain
from trialwright.design.model import Definition

Path = tuple[str, ...]

NAMES_OF_VERSION = frozenset({"version", "dated", "trialwright"})
SUBSTANTIAL = frozenset(
    {
        "phase", "design", "sex", "sponsor", "arms", "interventions", "visits", "clocks", "schedule",
        "consent", "facts", "eligibility", "randomisation", "blinding", "supply", "derivations", "objectives",
        "endpoints", "populations", "estimands", "analyses", "sample_size", "locks",
    }
)  # fmt: skip
WORDS_ONLY = frozenset(
    {"label", "note", "say", "why", "alert_text", "sdtm", "fhir", "licensed", "description", "ambiguity"}
)
IN_FORMS = frozenset(
    {
        "range", "unit", "type", "codes", "blinding", "required", "when", "expr", "step", "keys", "sides",
        "lloq", "uloq", "below", "above",
    }
)  # fmt: skip
OF_NO_SCORE = frozenset({"licence", "sources", "claims"})
LONGEST = 90


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: where, what stood there and what stands there now (canonical values, None where there is
    nothing)."""

    path: str
    kind: Literal["added", "removed", "changed", "reordered"]
    old: Any
    new: Any
    substantial: bool

    @property
    def sentence(self) -> str:
        """The change as a sentence."""
        match self.kind:
            case "added":
                return f"{self.path} was added: {shown(self.new)}."
            case "removed":
                return f"{self.path} was removed: {shown(self.old)}."
            case "reordered":
                return f"{self.path} was put in another order: {shown(self.new)}."
        return f"{self.path} was {shown(self.old)} and is now {shown(self.new)}."


def changes(old: Definition, new: Definition) -> tuple[Change, ...]:
    """Every difference between two versions except the version's own name and date, in the order of the file."""
    before, after = plain(old), plain(new)
    sources = _sources(before), _sources(after)
    for side in (before, after):
        for name in NAMES_OF_VERSION | {"provenance"}:
            side.pop(name, None)
    return (*_mapping(before, after, ()), *_mapping(*sources, ("source of",)))


def _sources(whole: dict[str, Any]) -> dict[str, Any]:
    return {
        one["path"]: one["source"] + (f" ({one['note']})" if "note" in one else "")
        for one in whole.get("provenance", [])
    }


def shown(value: Any) -> str:
    """A canonical value in few words."""
    if isinstance(value, dict):
        text = (
            value.get("label")
            or value.get("text")
            or value.get("name")
            or ", ".join(f"{key} {shown(entry)}" for key, entry in value.items())
        )
    elif isinstance(value, list):
        text = ", ".join(shown(entry) for entry in value) or "nothing"
    elif value is None:
        text = "nothing"
    else:
        text = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
    text = str(text)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _between(old: Any, new: Any, path: Path) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _mapping(old, new, path)
    elif _by_id(old) and _by_id(new):
        yield from _named(old, new, path)
    else:
        yield _change("changed", old, new, path)


def _mapping(old: dict[str, Any], new: dict[str, Any], path: Path) -> Iterator[Change]:
    for key in [*old, *(key for key in new if key not in old)]:
        below = (*path, key)
        if key not in new:
            yield _change("removed", old[key], None, below)
        elif key not in old:
            yield _change("added", None, new[key], below)
        else:
            yield from _between(old[key], new[key], below)


def _named(old: list[Any], new: list[Any], path: Path) -> Iterator[Change]:
    before, after = ({entry["id"]: entry for entry in side} for side in (old, new))
    yield from _mapping(before, after, path)
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        yield _change("reordered", list(before), list(after), path)


def _by_id(value: Any) -> bool:
    """A list whose entries go by their `id`."""
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) and "id" in entry for entry in value)


def _change(kind: Literal["added", "removed", "changed", "reordered"], old: Any, new: Any, path: Path) -> Change:
    return Change(
        " ".join([path[0], ".".join(path[1:])]) if path[0] == "source of" else ".".join(path),
        kind,
        old,
        new,
        _substantial(path),
    )


def _substantial(path: Path) -> bool:
    if path[-1] in WORDS_ONLY or path[0] == "source of":
        return False
    if path[0] == "forms":
        # A whole form or item, or what decides on a value's meaning; not a word on the page.
        return len(path) <= 2 or path[-1] in IN_FORMS or path[-2] in ("items", "derive", "groups")
    if path[0] == "instruments":
        # Whatever decides on a score; not who owns the questionnaire and where its rules come from.
        return len(path) <= 2 or path[2] not in OF_NO_SCORE
    if path[0] == "kits":
        # What participants get and how good it must be; how a site is supplied is the sponsor's housekeeping.
        return len(path) == 1 or path[1] not in ("resupply", "initial")
    return path[0] in SUBSTANTIAL
