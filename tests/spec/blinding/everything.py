"""A trial that uses everything, and one story through it: what the worlds of the two-world test play.

The small trial with infusions that a pharmacy prepares, kits that a depot ships, assessors, a committee and a safety
unit. The story is told once and played in every world; each act gives an answer, which is compared too.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.plugins import laboratory
from tests.plugins.editing import edited
from tests.plugins.kits import ORDER, SECTION, open_kits, swapped_kits
from tests.plugins.supplying import EDITS, prepared
from tests.plugins.world import CAST, HEALTHY, HIGH, NORTH, World
from tests.plugins.worlds import allocation_list, public_key

from trialwright import conduct, design
from trialwright.allocation.kits import SealedKits, package, sealed_kits
from trialwright.allocation.slots import OpenSlot
from trialwright.allocation.stream import Stream
from trialwright.cli import kits_client
from trialwright.conduct import Person, Refused
from trialwright.conduct.list_change import EXTEND, ListChange
from trialwright.design.model import Definition
from trialwright.ledger import kits
from trialwright.ledger.fact import Fact

PEOPLE = {
    **CAST,
    "trial pharmacist": Person("p31", "pharmacist", "Pia Pharmacist"),
    "depot": Person("p32", "depot", "Dan Depot"),
    "quality": Person("p33", "quality_assurance", "Qi Quality"),
    "list statistician": Person("p34", "list_statistician", "Lia Lister"),
    "reader": Person("p35", "reader", "Rob Reader", NORTH),
    "turned assessor": Person("p21", "assessor", "Sue Safety", NORTH),
}
"""Everybody; the last one is the safety unit's person again, in a role that must not know."""

BLINDED = ("investigator", "nurse", "monitor", "data_manager", "sponsor", "assessor", "reader", "laboratory")
"""The blinded roles of the trial."""

CHANGES = (
    *EDITS,
    ("blinded: [investigator, nurse, monitor, data_manager]", f"blinded: [{', '.join(BLINDED)}]"),
    ("    label: Adverse event\n    log: true", "    label: Adverse event\n    log: true\n"
     "    blinding: masked_for_assessors"),
    ("    label: Blood pressure\n", "    label: Blood pressure\n"
     "    entered_by: [nurse, investigator, assessor, reader, pharmacist]\n"),
    ("    escrow_holder: Holder of the escrow", "    escrow_holder: Holder of the escrow\n    assessor: Assessor\n"
     "    reader: Reader\n    safety_unit: Safety unit\n    dsmb_statistician: Statistician of the committee\n"
     "    list_statistician: Who makes the list\n    depot: Depot\n    quality_assurance: Quality assurance"),
    ("randomisation:\n", SECTION + "randomisation:\n"),
    *laboratory.EDITS,
    ("    checks:\n", """    checks:
      - {id: worse, why: rescue, when: worse, level: query, say: Worse twice; consider rescue., item: upper}
"""),
    ("objectives:\n", """derivations:
  src: invented
  worse: {method: confirmed_deterioration, label: Worse, inputs: {p: pressure.upper}, options: {rule: p 20 %}}
  twice: {method: confirmed_deterioration, label: Worse, inputs: {p: reached}, options: {rule: p 20 %}}
  reached: {method: first_time, label: Weeks to 170, inputs: {of: pressure.upper}, options: {at_least: '170'}}
  given: {method: first_time, label: Weeks to an infusion, inputs: {of: bag.volume}, options: {at_least: '1'}}
objectives:
"""),
)  # fmt: skip


@cache
def everything_trial() -> Definition:
    """The definition."""
    with TemporaryDirectory() as folder:
        return design.read(edited(Path(folder), *CHANGES))


def definition_folder(place: Path) -> Path:
    """The same as files, for the commands that read a definition."""
    return edited(place, *CHANGES)


# ---------------------------------------------------------------- kits


def kits_of(slots: Sequence[OpenSlot]) -> SealedKits:
    """The sealed kits of a world: where every slot has the other arm, every kit has it too."""
    first = slots[0].arm == allocation_list()[0].arm
    return sealed_kits(open_kits() if first else swapped_kits(open_kits()), ORDER, [public_key()])


CHOSEN: dict[str, tuple[str, ...]] = {}
"""What the holder of the key chose in the world as drawn, by what it was chosen for."""


@dataclass
class Story:
    """A world, everything that somebody was answered in it, and which verbs were played. `chooses`: whether kits are
    chosen by the client with its key; else the numbers are those that it chose in the world as drawn, whose arms
    differ: a choice is a random token. `taken_in` gives the change of the list that is taken in, `looks` is called once
    while queries are open and nothing is locked."""

    world: World
    sealed: SealedKits
    chooses: bool = True
    answers: list[str] = field(default_factory=list)
    verbs: set[str] = field(default_factory=set)
    taken_in: Callable[["Story"], ListChange] | None = None
    looks: Callable[["Story"], None] = lambda story: None

    @property
    def holder(self) -> kits_client.Holder:
        """Who chooses kits."""
        return kits_client.Holder(self.world.desk, {self.sealed.root: self.sealed}, self.world.keys[:1])

    def tries(self, who: str, verb: str, /, **details: Any) -> Any:
        """Let somebody act and keep the answer: `done`, or a refusal to its last letter."""
        if "participant" in details:
            details["participant"] = self.world.numbers.get(details["participant"], details["participant"])
        if "with_" in details:
            details["with_"] = PEOPLE[details["with_"]]
        return self.asks(verb, lambda: getattr(conduct, verb)(self.world.desk, by=PEOPLE[who], **details))

    def asks(self, name: str, act: Callable[[], Any]) -> Any:
        """The same of any act."""
        try:
            found = act()
        except Refused as refused:
            self.answers.append(f"{name}: {refused!r} {refused.code} {refused.problems} {refused}")
            return None
        self.verbs.add(name)
        self.answers.append(f"{name}: done")
        return found

    def arm(self, name: str) -> str:
        """What somebody who may open it knows of a participant."""
        allocation = self.world.person(name).allocation
        assert allocation is not None
        return self.world.desk.vault.opened([allocation.label], self.world.keys)[allocation.label]

    def as_known(self, name: str) -> dict[str, str]:
        """What somebody writes of a participant whose treatment they know, if they are let."""
        return {**HIGH, "upper": {"T": "142", "P": "178"}[self.arm(name)]}

    def chance(self, name: str) -> Any:
        """The chance of one choice, the same in every run."""
        return Stream(bytes(32)).draws(name)

    def chosen(self, name: str, choose: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        """Kits as chosen here, or as chosen in the first world."""
        if self.chooses:
            CHOSEN[name] = choose()
        return CHOSEN[name]

    def sends(self, site: str) -> None:
        """A shipment to a site."""
        name = f"to {site} {len(self.answers)}"
        numbers = self.chosen(name, lambda: kits_client.shipment(self.holder, site, self.chance(name)))
        self.answers.append(f"{name}: {numbers}")
        ship = {"movement": kits.SHIP, "numbers": numbers, "place": site, "shipment": "S1"}
        self.tries("depot", "move_kits", **ship)
        self.tries("nurse" if site == "NORTH" else "western nurse", "receive_kits", numbers=numbers, site=site)

    def hands(self, name: str, visit: str, replaces: str = "", why: str | None = None) -> str:
        """A kit for somebody; its number, empty where there is none."""
        number, for_whom = self.world.numbers[name], f"for {name} {visit} {replaces}"
        about = {"participant": number, "visit": visit, "by": PEOPLE["trial pharmacist"], "replaces": replaces}
        if self.chooses or for_whom not in CHOSEN:
            ask = {**about, "draws": self.chance(for_whom), "why": why}
            fact = self.asks("dispense_kits", lambda: kits_client.dispense(self.holder, **ask))
            if fact is not None:
                CHOSEN[for_whom] = tuple(fact.payload["kits"])
        else:
            ask = {**about, "numbers": CHOSEN[for_whom], "why": why}
            fact = self.asks("dispense_kits", lambda: conduct.dispense_kits(self.world.desk, **ask))
        return "" if fact is None else str(fact.payload["kits"][0])


# ---------------------------------------------------------------- the story


def played(story: Story) -> None:
    """From the first contact to the staged opening."""
    _kits_arrive(story)
    _people_come(story)
    _pharmacy_works(story)
    for name in ("Ann", "Bob", "Cas", "Dot"):
        _followed(story, name)
    _blood_comes(story)
    _kits_go(story)
    _things_go_wrong(story)
    _codes_are_broken(story)
    story.looks(story)
    _the_list_and_the_trial_change(story)
    _the_end(story)


def _kits_arrive(story: Story) -> None:
    listed = package(story.sealed)
    story.tries("depot", "list_kits", package=listed)
    story.tries("nurse", "list_kits", package=listed)
    numbers = list(story.sealed.numbers)
    story.tries("quality", "move_kits", movement=kits.RELEASE, numbers=numbers[:-2], place=kits.DEPOT)
    story.tries("quality", "move_kits", movement=kits.REJECT, numbers=numbers[-2:], place=kits.DEPOT, why="torn")
    story.sends("NORTH")


def _people_come(story: Story) -> None:
    world = story.world
    story.tries("nurse", "prescreen", site="NORTH", outcome="declined", reason="no time")
    for name, drug in (("Ann", "none"), ("Bob", "water"), ("Cas", "none"), ("Dot", "none")):
        _ready(world, name, drug)
        for request in (f"request {name}", f"request {name}", None):
            story.tries("nurse", "randomise", participant=name, request=request)
        world.clock.move(days=1)
    world.seen("Fay", {"drug": "other"})
    about = {"participant": "Fay", "criterion": "EX2", "why": "the heart"}
    story.tries("investigator", "judge", **about, answer=True)
    story.tries("nurse", "screen", participant="Fay")
    story.tries("nurse", "randomise", participant="Fay")
    for name in ("Gus", "Hal", "Ivy"):
        world.consented(name)
    story.tries("nurse", "withdraw_consent", participant="Gus", scopes=["trial"])
    today = world.clock.now().date().isoformat()
    story.tries("nurse", "lose", participant="Hal", last_contact=today)
    _ready(world, "Eva", "none")


def _ready(world: World, name: str, drug: str) -> None:
    """Somebody who can be randomised, with a weight."""
    world.seen(name, {**HEALTHY, "drug": drug})
    world.does("nurse", "screen", participant=name)
    world.page_of(name, "pressure", "START", {**HIGH, "weight": "70"})


def _pharmacy_works(story: Story) -> None:
    """What the two arms need differs much: vials of five sizes, or bags."""
    world = story.world
    came = {"record": "received", "lots": [{"product": "tablet", "lot": "N1", "size": "20 g", "count": "9"}]}
    for reference in ("came", "came"):
        story.tries("trial pharmacist", "keep_supply", record=came, reference=reference)
    done = [prepared(world, name) for name in ("Ann", "Bob")]
    story.tries("trial pharmacist", "release", prepared=done)
    world.clock.move(hours=2)
    story.tries("nurse", "release", prepared=done)
    story.tries("trial pharmacist", "release", prepared=done)
    for name in ("Ann", "Bob"):
        label = world.person(name).allocation.label  # type: ignore[union-attr]
        given = {"label": label, "volume": "600"}
        today = world.clock.now().date().isoformat()
        about = {"participant": name, "form": "bag", "visit": "START", "repeat": "1", "on": today}
        story.tries("nurse", "record", **about, items=given | {"label": "AAAAAAA"})
        story.tries("nurse", "record", **about, items=given)


def _followed(story: Story, name: str) -> None:
    """One participant from the draw to week 8."""
    tries = story.tries
    blood = {"participant": name, "form": "blood"}
    tries("laboratory", "record", **blood, visit="START", items={"potassium": "4.4", "renin": "12"})
    tries("laboratory", "record", **blood, visit="WEEK8", items={"potassium": "44"})
    tries("laboratory", "record", **blood, visit="WEEK8", items={}, not_done={"renin": "too thick to run"})
    tries("laboratory", "record", **blood, visit="WEEK8", items={"renin": "915"}, why="first run was spoilt")
    tries("nurse", "record", participant=name, form="pressure", visit="WEEK8", items={"upper": "90", "lower": "95"})
    tries("nurse", "record", participant=name, form="pressure", visit="WEEK8", items=HIGH)
    page = story.world.page(name, "pressure", "WEEK8")
    change = {"participant": name, "form": "pressure", "visit": "WEEK8", "base": page.number, "why": "misread"}
    tries("nurse", "record", **change, items={"upper": "400"})
    tries("nurse", "record", **change, items={"upper": "230"}, confirmed={"upper": "twice", "wide": "twice"})
    worse = {"participant": name, "form": "pressure", "visit": "EXTRA.8", "items": {"upper": "231", "lower": "95"}}
    tries("nurse", "record", **worse, confirmed={"upper": "twice", "wide": "twice"})
    page = {"participant": name, "form": "pressure", "visit": "EXTRA.9"}
    tries("trial pharmacist", "record", **page, items=HIGH, not_done={"arm_side": f"has {story.arm(name)}"})
    tries("nurse", "record", participant=name, form="events", repeat="+", items={"term": "cough", "worst": "1"})
    tries("monitor", "ask_query", participant=name, form="pressure", visit="WEEK8", text="Which side?")
    tries("monitor", "ask_query", participant=name, form="blood", visit="START", item="renin", text="Is it right?")
    for visit in ("WEEK8", "START"):
        tries("investigator", "sign", participant=name, form="pressure", visit=visit)


def results_of(story: Story, name: str = "Ann") -> bytes:
    """A laboratory's file whose sealed rows differ as much by arm as they can: results that move, rows that cannot be
    read, or none at all."""
    drawn = {"taken": "2026-03-01", "confirmed": "drawn at home"}
    crp = laboratory.result(story.world, name, "CRP", "2.5", sample=f"C-{name}", **drawn)
    usual = laboratory.result(story.world, name, "CRP", "<1", visit="EXTRA.7", sample=f"D-{name}", **drawn)
    renin = laboratory.result(story.world, name, "RENIN", "915", sample=f"C-{name}", **drawn)
    more = [renin, renin | {"unit": "mol"}, renin | {"value": "77"}, renin | {"test": "RENINN", "participant": "?"}]
    return laboratory.as_csv([*(more if story.arm(name) == "T" else []), crp, usual])


def _blood_comes(story: Story) -> None:
    for who, name in (("nurse", "Ann"), ("laboratory", "Ann"), ("laboratory", "Ann"), ("laboratory", "Bob")):
        story.tries(who, "import_results", content=results_of(story, name))
    wrong = results_of(story, "Cas").replace(b"mg/L", b"mg")
    for partial in (False, True):
        story.tries("laboratory", "import_results", content=wrong, partial=partial)


def _kits_go(story: Story) -> None:
    """Handed out, broken, replaced, brought back, quarantined; in the end none is left for somebody."""
    for name in ("Ann", "Bob", "Dot"):
        story.hands(name, "START")
    broken = story.hands("Cas", "START")
    damaged = {"movement": kits.DAMAGE, "numbers": [broken], "place": "NORTH", "why": "it leaks"}
    story.tries("nurse", "move_kits", **damaged)
    story.hands("Cas", "START", replaces=broken, why="the first one leaked")
    (brought,) = CHOSEN["for Ann START "]
    story.tries("nurse", "move_kits", movement=kits.RETURN, numbers=[brought], place="NORTH")
    gone = {"movement": kits.DESTROY, "numbers": [brought], "place": "NORTH", "why": "protocol 9"}
    story.tries("trial pharmacist", "move_kits", **gone)
    spare = sorted(number for number, kit in story.world.state.kits.items() if kit.status == kits.AVAILABLE)
    spare = [number for number in spare if story.world.state.kits[number].place == kits.DEPOT]
    lost = {"movement": kits.LOSE, "numbers": spare[:1], "place": kits.DEPOT, "why": "not found"}
    story.tries("depot", "move_kits", **lost)
    story.tries("depot", "move_kits", movement=kits.EXPIRE, numbers=spare[1:2], place=kits.DEPOT)
    story.tries("nurse", "quarantine_kits", place="NORTH", why="the fridge failed")
    story.hands("Bob", "WEEK8")
    story.tries("trial pharmacist", "report_no_kit", participant="Bob", visit="WEEK8")
    story.sends("WEST")


def _things_go_wrong(story: Story) -> None:
    tries, world = story.tries, story.world
    number = world.page("Bob", "person", "FIRST").number
    about = {"participant": "Bob", "form": "person", "visit": "FIRST", "base": number, "why": "asked again"}
    tries("nurse", "record", **about, items={"drug": "none"})
    tries("investigator", "correct_stratum", participant="Bob", why="asked again")
    tries("investigator", "report_error", participant="Dot", reason="too young")
    tries("nurse", "stop_treatment", participant="Ann", reason="a rash")
    tries("investigator", "stop_treatment", participant="Ann", reason="a rash")
    tries("nurse", "stop_visits", participant="Dot", reason="travelling")
    typed = {"participant": "Ivy", "form": "person", "visit": "FIRST"}
    fact = tries("nurse", "record", **typed, items={**HEALTHY, "remark": "the mayor"})
    assert isinstance(fact, Fact)
    tries("data manager", "redact", fact=fact.number, items=["remark"], why="a name")
    today = world.clock.now().date().isoformat()
    tries("nurse", "complete", participant="Ivy", on=today)


def _codes_are_broken(story: Story) -> None:
    """By envelope, by the break host, for safety, for the committee, by accident: facts without an arm."""
    tries, world = story.tries, story.world
    for name, how in (("Ann", "envelope"), ("Bob", "break host"), ("Cas", "envelope")):
        who = "investigator" if how == "envelope" else "break host"
        about = {"participant": name, "how": how, "category": "emergency", "learned_by": "p90", "site": "WEST"}
        tries(who, "break_code", **about, why="he was given the tablet")
        world.clock.move(minutes=7)
    case = {"participant": "Cas", "keys": world.keys, "why": "case 7"}
    tries("nurse", "open_for_safety", **case)
    tries("safety unit", "open_for_safety", **case)
    tries("committee statistician", "open_snapshot", meeting="1")
    heard = {"who": ["p22"], "how": "conversation", "what": "allocation", "impact": "another assessor"}
    tries("nurse", "report_unblinding", **heard, participant="Ann", words="she said it was the tablet")
    asked = (("assessor", "Ann"), ("turned assessor", "Cas"))
    for place, (who, name) in enumerate(asked, start=1):
        tries(who, "record", participant=name, form="pressure", visit=f"EXTRA.{place}", items=story.as_known(name))
    for place, (who, name) in enumerate((("second assessor", "Ann"), ("turned assessor", "Bob"), ("reader", "Bob"))):
        tries(who, "record", participant=name, form="pressure", visit=f"EXTRA.{place + 3}", items=HIGH)


def _the_list_and_the_trial_change(story: Story) -> None:
    tries = story.tries
    change = story.taken_in(story) if story.taken_in else an_extension()
    tries("nurse", "propose_list_change", change=change.change, digest=change.digest, why="more people")
    fact = tries("list statistician", "propose_list_change", change=change.change, digest=change.digest, why="more")
    for who in ("list statistician", "safety unit"):
        tries(who, "approve_list_change", proposal=fact.number, package=change, why="looked at")
    person = story.world.definition.forms["person"].model_copy(update={"label": "Who it is"})
    forms = {**story.world.definition.forms, "person": person}
    second = story.world.definition.model_copy(update={"version": "2", "forms": forms})
    tries("sponsor", "amend", definition=second, why="a new version")
    for site in ("NORTH", "WEST"):
        tries("sponsor", "activate", site=site)


def an_extension() -> ListChange:
    """A change of which the vault takes in nothing; its digest is a random token."""
    digest = hashlib.sha256(b"extension").hexdigest()
    slots = {"drug:none": "4", "drug:some": "4"}
    said = {"root": digest[::-1], "annex": digest, "slots": slots, "terms": {}}
    return ListChange(EXTEND, digest, lambda number: None, said)


def _the_end(story: Story) -> None:
    tries, world = story.tries, story.world
    for who in ("nurse", "data manager", "statistician", "escrow holder"):
        tries(who, "unblind", stage="week8", keys=world.keys, why="curious")
    tries("data manager", "lock", stage="week8", why="all seen")
    for query in list(world.state.queries):
        tries("nurse", "answer_query", query=query, text="Yes")
        tries("monitor", "close_query", query=query, text="Thank you")
    (first, *_) = world.state.queries
    again = tries("data manager", "reopen_query", query=first, text="Are you sure?")
    query = again.payload["query"]
    tries("nurse", "answer_query", query=query, text="Yes")
    tries("monitor", "close_query", query=query, text="Thank you")
    tries("data manager", "lock", stage="week8", why="all seen")
    tries("investigator", "sign_off", stage="week8", site="NORTH")
    tries("data manager", "lock", stage="week8", why="all seen")
    for who in ("nurse", "escrow holder", "statistician"):
        tries(who, "unblind", stage="week8", keys=world.keys, with_="second escrow holder", why="the first analysis")
    for who in ("nurse", "statistician", "safety unit", "committee statistician"):
        tries(who, "open_sealed", keys=world.keys, why="curious")
    tries("nurse", "randomise", participant="Eva")
