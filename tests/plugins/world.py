"""A small trial that is open, and the people who act in it: what a paragraph of the specification plays on.

Participants have first names here; their numbers are put in on the way to the verbs and taken out of what these answer,
so that a table reads as a story: `("nurse", "consent", {...}, "done")`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from trialwright import conduct
from trialwright.conduct import Desk, Person, Refused
from trialwright.design.model import Definition
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Page, Participant, State, replay
from trialwright.ledger.snapshot import Snapshot

NORTH = frozenset({"NORTH"})
CAST = {
    "sponsor": Person("p01", "sponsor", "Sam Sponsor"),
    "investigator": Person("p02", "investigator", "Iris Investigator", NORTH),
    "nurse": Person("p03", "nurse", "Noor Nurse", NORTH),
    "western nurse": Person("p04", "nurse", "Wim West", frozenset({"WEST"})),
    "laboratory": Person("p05", "laboratory", "Lou Laboratory"),
    "monitor": Person("p06", "monitor", "Mo Monitor"),
    "data manager": Person("p07", "data_manager", "Dee Data"),
    "pharmacist": Person("p08", "unblinded_pharmacist", "Phil Pharmacist"),
    "statistician": Person("p09", "unblinded_statistician", "Stella Statistician"),
    "escrow holder": Person("p10", "escrow_holder", "Esther Escrow"),
    "second escrow holder": Person("p12", "escrow_holder", "Theo Trustee"),
    "western investigator": Person("p13", "investigator", "Ines Investigator", frozenset({"WEST"})),
    "visitor": Person("p11", "visitor", "Vic Visitor"),
    "safety unit": Person("p21", "safety_unit", "Sue Safety"),
    "assessor": Person("p22", "assessor", "Ada Assessor", NORTH),
    "second assessor": Person("p23", "assessor", "Abe Assessor", NORTH),
    "committee statistician": Person("p24", "dsmb_statistician", "Carl Committee"),
    "break host": Person("break-host", "break_host", "Break host"),
}

HEALTHY = {"sex": "M", "age": "50", "drug": "none"}
HIGH = {"upper": "160", "lower": "95"}


class MovedClock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Where the clock stands."""
        return self.at

    def move(self, **by: float) -> None:
        """Move on: `days=1`, `hours=-2`."""
        self.at += timedelta(**by)


class CountedChance:
    """Salts and tokens that count: every run of a test is the same run."""

    def __init__(self) -> None:
        self.count = 0

    def salt(self, number: int) -> str:
        """The number itself, as 16 bytes."""
        return f"{number:032x}"

    def token(self, purpose: str) -> str:
        """The next count, as 16 bytes."""
        self.count += 1
        return f"{self.count + 2**64:032x}"


def monday_morning() -> MovedClock:
    """The clock at which every story begins: 2 March 2026, eight in the morning, UTC."""
    return MovedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


@dataclass
class World:
    """A desk with a trial on it. `keys` open what is sealed."""

    desk: Desk
    clock: MovedClock
    definition: Definition
    keys: tuple[str, ...] = ()
    numbers: dict[str, str] = field(default_factory=dict)

    # ------------------------------------------------------------------ acting

    def does(self, who: str, verb: str, /, **details: Any) -> Fact:
        """Let somebody act; an act that is refused raises."""
        if "with_" in details:
            details["with_"] = CAST.get(details["with_"])
        if "participant" in details:
            details["participant"] = self.numbers.get(details["participant"], details["participant"])
        done = getattr(conduct, verb)(self.desk, by=CAST[who], **details)
        return done if isinstance(done, Fact) else done[0]

    def says(self, who: str, verb: str, /, **details: Any) -> str:
        """What the desk answers: `done`, or the refusal with the participants' first names."""
        before = self.desk.ledger.head()
        try:
            self.does(who, verb, **details)
        except Refused as refused:
            assert self.desk.ledger.head() == before, "a refusal left something behind"
            return self.named(str(refused))
        return "done"

    def named(self, text: str) -> str:
        """A sentence with first names instead of numbers."""
        for name, number in self.numbers.items():
            text = text.replace(number, name)
        return text

    # ------------------------------------------------------------------ getting people there

    def consented(self, name: str, site: str = "NORTH", **scopes: bool) -> str:
        """Somebody who gave consent."""
        nurse = "nurse" if site == "NORTH" else "western nurse"
        fact = self.does(nurse, "consent", site=site, form_version="1", scopes={"trial": True, **scopes})
        self.numbers[name] = fact.participant or ""
        return name

    def seen(
        self, name: str, person: Mapping[str, str] | None = None, pressure: Mapping[str, str] | None = None
    ) -> str:
        """Somebody with the pages of the screening visit."""
        self.consented(name)
        self.page_of(name, "person", "FIRST", {**HEALTHY, **(person or {})})
        self.page_of(name, "pressure", "FIRST", {**HIGH, **(pressure or {})})
        return name

    def eligible(self, name: str, **person: str) -> str:
        """Somebody screened as eligible, with the pages of the start visit."""
        self.seen(name, person)
        self.does("nurse", "screen", participant=name)
        self.page_of(name, "pressure", "START", HIGH)
        return name

    def randomised(self, name: str, **person: str) -> str:
        """Somebody with an allocation."""
        self.eligible(name, **person)
        self.does("nurse", "randomise", participant=name)
        return name

    def locked(self, *stages: str) -> None:
        """These locks, each after the sign-off of every site with randomised participants."""
        for stage in stages:
            for site in sorted({person.site for person in self.state.participants.values() if person.allocation}):
                self.does(
                    "investigator" if site == "NORTH" else "western investigator", "sign_off", stage=stage, site=site
                )
            self.does("data manager", "lock", stage=stage, why="all seen")

    def page_of(self, name: str, form: str, visit: str, items: Mapping[str, str | None]) -> Fact:
        """Record a new page, dated today."""
        today = self.clock.now().date().isoformat()
        return self.does("nurse", "record", participant=name, form=form, visit=visit, items=items, on=today)

    # ------------------------------------------------------------------ looking

    @property
    def state(self) -> State:
        """The state of the trial."""
        return self.desk.state

    def person(self, name: str) -> Participant:
        """A participant as they stand."""
        return self.state.participants[self.numbers[name]]

    def page(self, name: str, form: str, visit: str = "", repeat: str = "") -> Page:
        """A page as it stands."""
        return self.person(name).pages[visit, form, repeat]

    def snapshot(self, before: int) -> Snapshot:
        """The trial as tables, as it stood before the fact with this number."""
        facts = self.facts()[: before - 1]
        return Snapshot(replay(facts), facts[-1].head)

    def facts(self) -> list[Fact]:
        """Every fact so far."""
        return list(self.desk.ledger.facts())
