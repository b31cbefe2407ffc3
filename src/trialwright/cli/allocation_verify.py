"""`trialwright allocation verify`: the proof afterwards, on a page that can be read at an inspection."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialwright.cli.passphrase import PassphraseFile

if TYPE_CHECKING:
    from trialwright.allocation.proof import Step
    from trialwright.allocation.reconcile import Expected, Given
    from trialwright.design.model import Definition
    from trialwright.ledger.replay import State
    from trialwright.store.evidence import Kept

READERS = ("unblinded-monitor", "safety-unit", "pharmacist-1", "pharmacist-2")
"""Whose key opens the pharmacy's records, the least involved first."""

MOST_SHOWN = 40
"""Discrepancies of one step on the page."""

PROVES = """\
What is proven and what is not. Commitments cannot be changed afterwards, so the steps marked `proven` show who was
ASSIGNED what. What was INFUSED stands only in what the pharmacy and the sites wrote down: the step marked `as recorded`
shows whether their records agree with the list, never that the records are true."""

PHARMACY = "The pharmacy's records agree with the list"

MARKS = {"proven": "proven", "record": "as recorded", "open": "NOT CHECKED"}


def verify(
    folder: Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")],
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", help="A key file: both escrow holders', and a reader's of the pharmacy's records."),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", help="A folder with escrow-1.key and escrow-2.key, such as a demo's.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of the page.")] = False,
) -> None:
    """Prove that the allocation list was fixed before the first participant and followed in order.

    Without keys: commitments and order. With the keys of both escrow holders, after the planned unblinding: the list is
    drawn up again from its seed and compared, the assignments too, and the pharmacy's records where a key opens them.
    Exit code 1 on any discrepancy.
    """
    from trialwright.store import evidence

    private = _private(key or [], keys, passphrase_file)
    kept = evidence.kept(folder)
    if private:
        _require_unblinded(kept.state)
    steps = [_ledger(folder), *_without_keys(kept), *_with_keys(kept, private)]
    about = _about(kept)
    typer.echo(_as_json(about, steps) if as_json else _page(about, steps))
    if any(step.discrepancies for step in steps):
        raise typer.Exit(1)


# ---------------------------------------------------------------- keys


def _private(files: Sequence[Path], folder: Path | None, passphrase_file: Path | None) -> list[str]:
    from trialwright.allocation.keys import ESCROW_HOLDERS, private_key
    from trialwright.cli.passphrase import asking

    paths = list(files)
    if folder is not None:
        reader = next((role for role in READERS if (folder / f"{role}.key").exists()), None)
        paths += [folder / f"{role}.key" for role in (*ESCROW_HOLDERS, *([reader] if reader else []))]
    return [private_key(path, asking(passphrase_file)) for path in paths]


def _require_unblinded(state: "State") -> None:
    """Verifying opens the whole list, so it comes after the opening that two people answer for."""
    from trialwright.conduct import Refused

    if not state.unblinded:
        raise Refused(
            "The trial is not unblinded yet: the proof with keys comes after the planned unblinding by two people. "
            "Without keys, commitments and order can be verified now.",
            "lock",
        )


# ---------------------------------------------------------------- steps


def _ledger(folder: Path) -> "Step":
    from trialwright import store
    from trialwright.allocation.proof import PROVEN, Discrepancy, step

    found = store.verify(folder)
    says = f"{found.facts} facts in one chain, {found.signed} of them under signed heads; vault and triggers stand."
    wrong = (
        Discrepancy(f"fact {one.number}" if one.number else "trial folder", f"{one.sentence}.")
        for one in found.problems
    )
    return step("The ledger is whole", PROVEN, says, wrong)


def _without_keys(kept: "Kept") -> "list[Step]":
    from trialwright.allocation import proof

    return [
        proof.committed(kept.evidence),
        proof.signed(kept.evidence),
        proof.sealed_to(kept.recipients, *kept.agreed),
        proof.in_order(kept.evidence),
    ]


def _with_keys(kept: "Kept", keys: Sequence[str]) -> "list[Step]":
    from trialwright.allocation import proof
    from trialwright.store.evidence import StaysClosed

    names = ("The list follows from its seed", "The ledger's assignments are the list's", PHARMACY)
    if not keys:
        why = "No key was given; after the planned unblinding the two escrow keys open it."
        return [proof.Step(name, proof.OPEN, why) for name in names]
    try:
        arms, drawn = _drawn_again(kept, keys)
    except StaysClosed as error:
        try:
            arms, drawn = _one_by_one(kept, keys)
        except StaysClosed:
            return [proof.Step(name, proof.OPEN, f"The seed was not opened: {error}.") for name in names]
    return [drawn, proof.assigned(kept.evidence, arms), _pharmacy(kept, keys, arms)]


def _drawn_again(kept: "Kept", keys: Sequence[str]) -> "tuple[Mapping[str, str], Step]":
    """Participant -> arm, from the seed in escrow. Raises `StaysClosed`."""
    from trialwright.allocation import proof
    from trialwright.store.evidence import StaysClosed

    again, sequence = kept.redrawn(keys), kept.replayed(keys)
    if sequence is not None:
        found, committed = sequence
        return found.arms, proof.redrawn_by_allocator(found.problems, len(kept.draws), committed)
    if not again:
        raise StaysClosed("this list was taken in without a seed in escrow")
    return proof.arms_of(kept.evidence, again), proof.redrawn(kept.evidence, again)


def _one_by_one(kept: "Kept", keys: Sequence[str]) -> "tuple[Mapping[str, str], Step]":
    """Participant -> arm, slot by slot with the key of a holder. Raises `StaysClosed`."""
    from trialwright.allocation import proof

    arms, wrong = kept.opened(keys)
    people = {draw.participant: arms[draw.label] for draw in kept.evidence.draws if draw.label in arms}
    return people, proof.opened_one_by_one(kept.evidence, arms, wrong)


def _pharmacy(kept: "Kept", keys: Sequence[str], arms: Mapping[str, str]) -> "Step":
    from trialwright.allocation import proof
    from trialwright.allocation.reconcile import reconciled
    from trialwright.store.evidence import StaysClosed

    if not kept.state.supply:
        return proof.Step(PHARMACY, proof.OPEN, "The trial holds no record of the pharmacy.")
    try:
        records = kept.records(keys)
    except StaysClosed:
        why = "None of the keys opens the pharmacy's records; give a key of the unblinded monitor or a pharmacist too."
        return proof.Step(PHARMACY, proof.OPEN, why)
    return reconciled(_expected(kept, arms), records, _given(kept))


def _expected(kept: "Kept", arms: Mapping[str, str]) -> "Expected":
    from trialwright.allocation.reconcile import Expected

    definition = _definition(kept.state)
    gives = {arm: declared.gives for arm, declared in definition.arms.items()}
    labels = {draw.participant: draw.label for draw in kept.evidence.draws}
    return Expected(arms, labels, gives, names_arms=bool(kept.state.assignments))


def _definition(state: "State") -> "Definition":
    from trialwright.conduct.protocol import from_canonical

    return from_canonical(state.versions[state.version]).definition


def _given(kept: "Kept") -> "list[Given]":
    """The infusions on the pages of the form that the supply names, or of every form that asks for a label."""
    from trialwright import design
    from trialwright.allocation.reconcile import Given

    definition = _definition(kept.state)
    labels = {
        form: next((full for full, item in design.items(definition, form).items() if item.type == "slot_label"), None)
        for form in definition.forms
    }
    return [
        Given(person.id, visit, repeat, str(page.items[item]))
        for person in kept.state.participants.values()
        for (visit, form, repeat), page in person.pages.items()
        if (item := labels.get(form)) is not None and page.items.get(item) is not None
    ]


# ---------------------------------------------------------------- the page


def _about(kept: "Kept") -> dict[str, Any]:
    definition, state = _definition(kept.state), kept.state
    first = kept.evidence.segments[0] if kept.evidence.segments else None
    return {
        "trial": definition.id,
        "title": str(definition.title.acronym or definition.title.official),
        "version": state.version,
        "fingerprint": state.fingerprints[state.version],
        "facts": state.number,
        "root": first.said_root if first else "",
        "annex": first.said_annex if first else "",
        "slots": len(kept.evidence.places),
        "randomised": len(kept.evidence.draws),
        "extensions": sum(place.list != 1 for place in kept.evidence.places),
        "unblinded": sorted(state.unblinded),
        "purpose": kept.lists[0].purpose if kept.lists else "",
    }


def _page(about: Mapping[str, Any], steps: "Sequence[Step]") -> str:
    from trialwright.cli.wrapped import wrapped

    test = " (a TEST list: no participant is real)" if about["purpose"] == "test" else ""
    lines = [
        f"Proof of the allocation: {about['trial']}, {about['title']}",
        "",
        f"Definition      version {about['version']}, {about['fingerprint']}",
        f"Ledger          {about['facts']} facts; {about['randomised']} participants randomised",
        f"List            {about['slots']} slots, {about['extensions']} of them in extensions{test}",
        f"Root            {about['root']}",
        f"Annex           {about['annex']}",
        f"Unblinded       {', '.join(about['unblinded']) or 'not yet'}",
        "",
    ]
    for number, step in enumerate(steps, start=1):
        mark = _several(len(step.discrepancies), "DISCREPANC") if step.discrepancies else MARKS[step.kind]
        lines += [f"{number}. {step.name}: {mark}"]
        lines += _found(step) or [wrapped(f"   {step.says}")]
    count = sum(len(step.discrepancies) for step in steps)
    unseen = sum(step.kind == "open" for step in steps)
    result = f"{_several(count, 'discrepanc')}, named above." if count else "No discrepancy."
    lines += ["", f"Result: {result}" + (f" {unseen} of {len(steps)} steps were not checked." if unseen else "")]
    return "\n".join([*lines, "", PROVES])


def _found(step: "Step") -> list[str]:
    """The discrepancies of a step; a list that is another one altogether need not be printed slot by slot."""
    rest = len(step.discrepancies) - MOST_SHOWN
    lines = [f"   - {one.place}: {one.sentence}" for one in step.discrepancies[:MOST_SHOWN]]
    return [*lines, f"   - and {rest} more (--json names all)"] if rest > 0 else lines


def _several(count: int, word: str) -> str:
    ending = ("y", "ies") if word.islower() else ("Y", "IES")
    return f"{count} {word}{ending[count != 1]}"


def _as_json(about: Mapping[str, Any], steps: "Sequence[Step]") -> str:
    shown = [
        {
            "step": step.name,
            "kind": step.kind,
            "says": step.says,
            "discrepancies": [{"place": one.place, "sentence": one.sentence} for one in step.discrepancies],
        }
        for step in steps
    ]
    ok = not any(step.discrepancies for step in steps)
    return json.dumps({**about, "steps": shown, "ok": ok}, indent=2, ensure_ascii=False)
