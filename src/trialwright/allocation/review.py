"""The review of a list by a second unblinded person (RN9): every slot opened with a key and held against what was
asked for.

The errors to find are the ones that were made before: a list sorted by arm, arms exchanged, the same list for every
stratum, a ratio or a block that is not as declared, a label that stands twice (Downs et al. 2010; Yelland et al. 2025).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from trialwright import design
from trialwright.allocation.annex import Annex, read_annex
from trialwright.allocation.methods import BigStick, Blocks
from trialwright.allocation.package import ALLOCATOR, Package, problems
from trialwright.allocation.sealing import NotOpened, opened
from trialwright.allocation.slots import OpenSlot, WrongSlot, opened_slot, root
from trialwright.design.model import Definition

SORTED_FROM, ALIKE_FROM = 24, 48
"""From so many slots on, one run per arm, or two strata alike, is no chance: fewer than one list in a hundred thousand
comes out so (two strata of 48 slots in blocks of two: one in sixteen million)."""


class CannotReview(ValueError):
    """The key given opens none of it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was asked for, what was found, and whether the two agree."""

    check: str
    asked: str
    found: str
    right: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What a reviewer reads: it names arms. `blocks`: per stratum a cut of the order into sizes of blocks."""

    package: Package
    annex: Annex
    slots: tuple[OpenSlot, ...]
    findings: tuple[Finding, ...]
    blocks: Mapping[str, tuple[int, ...]]

    @property
    def right(self) -> bool:
        """Whether everything agrees."""
        return all(finding.right for finding in self.findings)


def review(package: Package, definition: Definition, keys: Sequence[str], more: int | None = None) -> Report:
    """Open the annex and every slot and hold them against the definition. Raises CannotReview for a key that opens
    nothing; a slot that does not open or is not what was committed is a finding. `more`: of an extension, how many
    slots each stratum was to get."""
    try:
        annex = read_annex(opened(package.list.sealed_annex, keys))
    except NotOpened as error:
        raise CannotReview(f"this key does not open the annex of the package: {error}") from None
    slots, unopened = _opened(package, annex, keys)
    by_stratum = {stratum: list(group) for stratum, group in groupby(slots, lambda slot: slot.stratum)}
    orders = {stratum: [slot.arm for slot in group] for stratum, group in by_stratum.items()}
    findings = [*_of_package(package, unopened), *_of_annex(package, annex, definition)]
    if package.terms.kind != ALLOCATOR:
        findings += [*_of_list(package, annex, slots, definition, more), *_of_orders(annex, orders)]
    cuts = {stratum: cut_into_blocks(order, annex) for stratum, order in orders.items()}
    return Report(package, annex, slots, tuple(findings), {name: cut for name, cut in cuts.items() if cut})


def _opened(package: Package, annex: Annex, keys: Sequence[str]) -> tuple[tuple[OpenSlot, ...], list[str]]:
    slots, unopened = [], []
    for slot in package.list.slots:
        try:
            slots.append(opened_slot(slot, keys, annex.trial, annex.sha256))
        except (NotOpened, WrongSlot) as error:
            unopened.append(f"{slot.stratum} {slot.position} ({slot.label}): {error}")
    return tuple(slots), unopened


def _of_package(package: Package, unopened: Sequence[str]) -> list[Finding]:
    wrong = problems(package)
    return [
        Finding("Signatures, files, labels, order, root", "all fit", "; ".join(wrong) or "all fit", not wrong),
        Finding("Every slot opens and has its leaf", "all", "; ".join(unopened) or "all", not unopened),
    ]


def _of_annex(package: Package, annex: Annex, definition: Definition) -> list[Finding]:
    plan, terms = definition.randomisation, package.terms
    return [
        _compared("Trial", definition.id, annex.trial),
        _compared("Fingerprint of the definition", design.fingerprint(definition), terms.fingerprint),
        _compared("Method", plan.method, annex.method.name),
        _compared("Ratio", _ratio(plan.ratio), _ratio(annex.ratio)),
        _compared("Purpose", terms.purpose, annex.purpose),
        _compared("Hash of the annex", (None if annex.test else plan.annex_sha256) or terms.annex_sha256, annex.sha256),
        Finding("Parameters", "as the annex says", _parameters(annex), annex.sha256 == terms.annex_sha256),
    ]


def _compared(check: str, asked: str, found: str) -> Finding:
    return Finding(check, asked, found, asked == found)


def _ratio(ratio: Mapping[str, int]) -> str:
    return ", ".join(f"{arm} {ratio[arm]}" for arm in sorted(ratio))


def _parameters(annex: Annex) -> str:
    return "; ".join(f"{name}: {value}" for name, value in annex.method.parameters.items()) or "none"


def _of_list(
    package: Package, annex: Annex, slots: Sequence[OpenSlot], definition: Definition, more: int | None
) -> list[Finding]:
    plan = definition.randomisation
    counts = Counter(slot.stratum for slot in slots)
    asked = dict.fromkeys(design.strata(definition), more or plan.n)
    strange = sorted({slot.arm for slot in slots} - set(plan.ratio))
    nonces = len({slot.nonce for slot in slots})
    again = root(slots, annex) if slots else "none"
    return [
        _compared("Slots per stratum", _counted(asked), _counted({name: counts[name] for name in counts})),
        Finding("Arms", ", ".join(sorted(plan.ratio)), ", ".join(sorted({s.arm for s in slots})), not strange),
        _compared("Root from the opened slots", package.terms.root, again),
        _compared("Nonces, each once", str(len(slots)), str(nonces)),
    ]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _of_orders(annex: Annex, orders: Mapping[str, list[str]]) -> list[Finding]:
    found = []
    for stratum, order in orders.items():
        found += [_balance(annex, stratum, order), _runs(annex, stratum, order)]
        if isinstance(annex.method, Blocks):
            cut = cut_into_blocks(order, annex)
            said = f"{len(cut)} blocks of {', '.join(map(str, sorted(set(cut))))}" if cut else "it cannot"
            found.append(Finding(f"{stratum}: cut into blocks of the annex", "it can", said, bool(cut)))
    alike = [
        f"{one} and {other}"
        for place, one in enumerate(orders)
        for other in list(orders)[place + 1 :]
        if orders[one] == orders[other] and len(orders[one]) >= ALIKE_FROM
    ]
    return [*found, Finding("No two strata alike", "none", "; ".join(alike) or "none", not alike)]


def _balance(annex: Annex, stratum: str, order: Sequence[str]) -> Finding:
    """For blocks and the big stick the arms of a stratum cannot differ by more than the method lets them."""
    counts = {arm: order.count(arm) for arm in annex.ratio}
    most = _most_apart(annex)
    shares = [Fraction(counts[arm], share) for arm, share in annex.ratio.items()]
    apart = max(shares) - min(shares)
    asked = "no bound" if most is None else f"at most {most} apart for each share"
    return Finding(f"{stratum}: arms", asked, _counted(counts), most is None or apart <= most)


def _most_apart(annex: Annex) -> Fraction | None:
    method = annex.method
    if isinstance(method, Blocks):
        return Fraction(max(method.sizes), sum(method.ratio.values()))
    return Fraction(method.limit) if isinstance(method, BigStick) else None


def _runs(annex: Annex, stratum: str, order: Sequence[str]) -> Finding:
    """Runs of one arm: a sorted list has one run per arm, and in blocks no run is longer than two blocks' worth."""
    runs = [(arm, len(list(group))) for arm, group in groupby(order)]
    longest = max((length for _, length in runs), default=0)
    most = None
    if isinstance(annex.method, Blocks):
        most = 2 * max(annex.method.sizes) // sum(annex.ratio.values()) * max(annex.ratio.values())
    sorted_by_arm = len(order) >= SORTED_FROM and len(runs) <= len(annex.ratio)
    asked = "not sorted by arm" + ("" if most is None else f", no run above {most}")
    said = f"{len(runs)} runs, the longest of {longest}"
    return Finding(f"{stratum}: order", asked, said, not sorted_by_arm and (most is None or longest <= most))


def cut_into_blocks(order: Sequence[str], annex: Annex) -> tuple[int, ...]:
    """Sizes of blocks, each with the arms in their ratio, that an order can be cut into; the last block may be cut
    short. Empty where there is no such cut, and for other methods. Where there are several, one of them."""
    if not isinstance(annex.method, Blocks):
        return ()
    whole = annex.method.unshuffled
    reached: dict[int, tuple[int, ...]] = {0: ()}
    for start in range(len(order)):
        if start not in reached:
            continue
        for size, arms in whole.items():
            part = Counter(order[start : start + size])
            if all(count <= arms.count(arm) for arm, count in part.items()):
                reached.setdefault(min(start + size, len(order)), (*reached[start], size))
    return reached.get(len(order), ())
