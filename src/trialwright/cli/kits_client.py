"""What a holder of a key does with kits on their own machine: open, choose, plan, account.

The key is used here and nowhere else; what goes to the trial is a number. Every kit that could be chosen is opened
before one is, whatever the arm, so that neither the time nor an error tells what was looked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trialwright import design
from trialwright.allocation.kits import OpenKit, SealedKits, WrongKit, digest, opened_kit, read_package, reconciled
from trialwright.allocation.resupply import NoKit, composed, due, first_shipment, picked, ready, short, wanted
from trialwright.allocation.sealing import NotOpened
from trialwright.allocation.stock import problems
from trialwright.allocation.stream import Draws
from trialwright.conduct import Desk, Person, Refused, dispense_kits, report_no_kit
from trialwright.conduct.kits import how_many, in_stock, no_kit, takers
from trialwright.design.model import Definition
from trialwright.ledger import kinds, kits
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Participant

ATTEMPTS = 5
"""How often a kit is chosen anew because somebody else was handed it in the same instant."""


class NotThere(Exception):
    """A sealed kit list is not in the trial's folder, or is another one."""


@dataclass(frozen=True)
class Holder:
    """A desk, the sealed kit lists that it committed to, and private keys that open them."""

    desk: Desk
    lists: Mapping[str, SealedKits]
    keys: tuple[str, ...] = field(repr=False)

    @property
    def definition(self) -> Definition:
        """The definition in force."""
        return self.desk.protocol().definition

    def contents(self, numbers: Sequence[str]) -> dict[str, OpenKit]:
        """What these kits hold. Raises NotOpened or WrongKit."""
        wanted_ones = set(numbers)
        return {
            kit.number: opened_kit(kit, self.keys, one.trial, one.purpose)
            for one in self.lists.values()
            for kit in one.kits
            if kit.number in wanted_ones
        }

    def arms(self, participants: Sequence[str]) -> dict[str, str]:
        """The arms of randomised participants."""
        people = self.desk.state.participants
        labels = {name: one.label for name in participants if (one := people[name].allocation) is not None}
        opened = self.desk.vault.opened(list(labels.values()), self.keys)
        return {name: opened[label] for name, label in labels.items()}


def sealed_lists(desk: Desk, uploads: Path) -> dict[str, SealedKits]:
    """The sealed kit lists that the ledger names, by root. Raises NotThere, naming the file."""
    lists = {}
    for root, about in desk.state.kit_lists.items():
        path = uploads / about["digest"]
        content = path.read_bytes() if path.is_file() else b""
        if digest(content) != about["digest"]:
            raise NotThere(f"{path} is missing or is not the sealed kit list that the ledger names; restore it")
        lists[root] = read_package(content)
        if lists[root].root != root:
            raise WrongKit(f"{path} is not the sealed kit list that the ledger names")
    return lists


def dispense(
    holder: Holder,
    *,
    participant: str,
    visit: str,
    by: Person,
    draws: Draws,
    replaces: str = "",
    why: str | None = None,
) -> Fact:
    """Choose kits of the participant's arm and hand them out. Raises Refused: what it says depends on no arm, but for
    the one thing that cannot be hidden, that there is none left."""
    desk = holder.desk
    for left in reversed(range(ATTEMPTS)):
        numbers = _chosen(holder, desk.participant(participant, by), visit, by, draws, replaces)
        try:
            return dispense_kits(
                desk, participant=participant, visit=visit, numbers=numbers, by=by, replaces=replaces, why=why
            )
        except Refused as refused:
            # Somebody else may have been handed the kit meanwhile; the desk knows it now, and another is chosen.
            if refused.code != "kits" or not left:
                raise
    raise AssertionError("the last attempt returns or raises")


def _chosen(
    holder: Holder, person: Participant, visit: str, by: Person, draws: Draws, replaces: str
) -> tuple[str, ...]:
    """Kits of the participant's arm from those that the site can hand out today."""
    desk = holder.desk
    count = how_many(desk, person, visit, replaces)
    stock = in_stock(desk, person.site)
    contents = _opened(holder, stock)
    arm = holder.arms([person.id])[person.id]
    able = [number for number in stock if contents[number].arm == arm]
    try:
        return picked(able, count, draws)
    except NoKit:
        report_no_kit(desk, participant=person.id, visit=visit, by=by)
        raise no_kit(person.id, visit) from None


def _opened(holder: Holder, numbers: Sequence[str]) -> dict[str, OpenKit]:
    try:
        return holder.contents(numbers)
    except (NotOpened, WrongKit) as error:
        raise Refused(f"The kits were not opened: {error}.", "keys") from None


def shipment(holder: Holder, site: str, draws: Draws) -> tuple[str, ...]:
    """The kits that a site is sent now, mixed; none where nothing is to be sent. Whether and how many follows from what
    everybody can see; which, from what the key opens."""
    desk, definition = holder.desk, holder.definition
    if definition.kits is None:
        raise Refused("This trial ships no numbered kits; its definition has no section `kits`.", "no kits")
    today, people = desk.today(site), takers(desk, site)
    stock = desk.state.kits
    first = not any(kit.place == site for kit in stock.values())
    have = len(ready(stock, site, today, definition.kits))
    needed = sum(due(definition, taker, today) for taker in people)
    size = wanted(definition, site, have, needed)
    if first:
        size = max(size, first_shipment(definition, site))
    arms = holder.arms([taker.participant for taker in people])
    contents = {number: kit.arm for number, kit in _opened(holder, _held(holder, site)).items()}
    known = [(taker, arms[taker.participant]) for taker in people]
    return composed(definition, site, size, stock, contents, known, today, draws)


def shortage(holder: Holder, site: str) -> dict[str, int]:
    """Arm -> how many kits it is below its floor at a site. For the holder's eyes alone."""
    desk, people = holder.desk, takers(holder.desk, site)
    arms = holder.arms([taker.participant for taker in people])
    contents = {number: kit.arm for number, kit in _opened(holder, _held(holder, site)).items()}
    known = [(taker, arms[taker.participant]) for taker in people]
    return short(holder.definition, site, desk.state.kits, contents, known, desk.today(site))


def _held(holder: Holder, site: str) -> list[str]:
    """The kits of the depot and of a site that are not gone."""
    able = (kits.AVAILABLE, kits.UNDER_WAY)
    return [
        number
        for number, kit in holder.desk.state.kits.items()
        if kit.place in (kits.DEPOT, site) and kit.status in able
    ]


def opened_account(holder: Holder, place: str | None = None) -> tuple[list[dict[str, str]], list[str]]:
    """The account with what every kit holds, and what of it does not agree with the allocations."""
    state = holder.desk.state
    shown = [kit for kit in state.kits.values() if place is None or kit.place == place]
    contents = _opened(holder, [kit.number for kit in shown])
    people = sorted({kit.participant for kit in shown if kit.participant})
    handed = [(kit.number, kit.participant) for kit in shown if kit.participant]
    rows = [
        {
            "kit": kit.number,
            "status": kit.status,
            "place": kit.place,
            "participant": kit.participant,
            "visit": kit.visit,
            "arm": contents[kit.number].arm,
            "lot": contents[kit.number].lot,
            "expiry": contents[kit.number].expiry,
        }
        for kit in sorted(shown, key=lambda kit: kit.number)
    ]
    return rows, reconciled(handed, holder.arms(people), contents)


def blinded_account(desk: Desk, place: str | None = None) -> list[dict[str, str]]:
    """The account as a monitor may have it: number, status, place, and who was handed it when."""
    return [
        {
            "kit": kit.number,
            "status": kit.status,
            "place": kit.place,
            "use_by": kit.use_by,
            "participant": kit.participant,
            "visit": kit.visit,
        }
        for kit in sorted(desk.state.kits.values(), key=lambda kit: kit.number)
        if place is None or kit.place == place
    ]


def trial_of(path: Path) -> Definition:
    """The definition in a trial's folder or file."""
    from trialwright.conduct.catalogue import catalogue

    return design.read(path, catalogue())


def unproven(desk: Desk) -> list[str]:
    """What the records of the kits do not prove, in sentences that name numbers and places alone."""
    plan = desk.protocol().definition.kits
    listed: list[kits.Kit] = []
    moved = []
    for fact in desk.ledger.facts():
        said = fact.payload
        if fact.kind == kinds.KITS_LISTED and said is not None:
            listed += kits.listed(said["kits"], said["root"], said["use_by"]).values()
        elif fact.kind == kinds.KIT_MOVED and said is not None:
            moved.append(kits.movement(said, fact.participant or "", fact.visit or ""))
    return problems(listed, moved, desk.state.kits, plan) if plan is not None else []
