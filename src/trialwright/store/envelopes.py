"""Printed envelopes against the facts: an opened one without a fact, a fact without an opened one, a lost one."""

from collections.abc import Collection, Sequence

from trialwright.allocation.slots import label_is_right

SEALED, OPENED, MISSING = "sealed", "opened", "missing"
STATES = (SEALED, OPENED, MISSING)


class EnvelopesRefused(ValueError):
    """A list of envelopes that cannot be read."""


def differences(rows: Sequence[tuple[str, str]], held: Collection[str], told: Collection[str]) -> list[str]:
    """Every difference in a sentence. `rows` are (label, state) as they were counted, `held` the labels on the trial's
    lists, `told` those whose opening by envelope is a fact. No sentence depends on an arm."""
    seen: dict[str, str] = {}
    found = []
    for line, (typed, said) in enumerate(rows, start=2):
        label, state = typed.strip().upper(), said.strip().lower()
        if not label_is_right(label):
            found.append(f"line {line}: '{typed}' is no label; read it again")
        elif label not in held:
            found.append(f"line {line}: {label} is on no list of this trial")
        elif state not in STATES:
            found.append(f"line {line}: {label} is '{said}'; write {', '.join(STATES)}")
        elif label in seen:
            found.append(f"line {line}: {label} is counted twice")
        else:
            seen[label] = state
    found += [
        _wrong(label, state, label in told) for label, state in sorted(seen.items()) if _differs(state, label in told)
    ]
    found += [f"{label}: recorded as opened, and not among the envelopes" for label in sorted(set(told) - set(seen))]
    lacking = len(set(held) - set(seen) - set(told))
    if lacking:
        found.append(f"{lacking} envelopes of this trial were not counted")
    return found


def _differs(state: str, is_told: bool) -> bool:
    return state == MISSING or (state == OPENED) != is_told


def _wrong(label: str, state: str, is_told: bool) -> str:
    if state == MISSING:
        return f"{label}: the envelope is missing; report it as an unblinding whose impact is being assessed"
    if state == OPENED:
        return f"{label}: opened, and no code break is recorded; ask who opened it and record it"
    return f"{label}: recorded as opened, and the envelope is still sealed"
