"""Worlds that differ in nothing but what is masked for assessors, or in nothing but what is sealed.

In one of them it never happened. Whoever may not know it gets the same of both: not its values, not that it exists, not
how often or when. Seals follow from every fact and differ as random tokens do.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.plugins.supplying import prepared
from tests.plugins.world import HIGH, World
from tests.spec.blinding.everything import Story, everything_trial
from tests.spec.blinding.obtaining import Obtained, of_the_pages, of_the_report
from tests.spec.blinding.two_worlds import as_drawn, in_memory, on_disk

from trialwright.ledger import kinds
from trialwright.ledger.replay import replay
from trialwright.ledger.snapshot import Snapshot

MASKED_FROM = ("assessor", "reader", "laboratory")
"""The blinded roles that see open values alone."""
Part = Callable[[Story, bool], None]
"""One part of a story; whether that happens which not everybody may know."""


def random_tokens(obtained: Obtained) -> Obtained:
    """Without seals and digests, whole or as a page shows them, and without the numbers of facts."""
    return {
        re.sub(r"\b[0-9a-f]{12,64}\b", "<token>", name): re.sub(r"\b[0-9a-f]{12,64}\b", "<token>", text)
        for name, text in obtained.items()
    }


def told(part: Part, happens: bool, folder: Path | None = None) -> Story:
    """The story with this part, in memory or in a folder."""
    story = in_memory(as_drawn) if folder is None else on_disk(folder, as_drawn)
    world = story.world
    for name in ("Ann", "Bob", "Cas"):
        world.seen(name, {"drug": "none"})
        world.does("nurse", "screen", participant=name)
        page = {"participant": name, "form": "pressure", "visit": "START", "items": {**HIGH, "weight": "70"}}
        story.tries("nurse", "record", **page, on="2026-03-02")
        story.tries("nurse", "randomise", participant=name)
    world.clock.move(days=1)
    part(story, happens)
    world.clock.move(days=55)
    for name in ("Ann", "Bob"):
        world.page_of(name, "pressure", "WEEK8", HIGH)
        story.tries("nurse", "record", participant=name, form="blood", visit="WEEK8", items={"potassium": "4.4"})
        story.tries("monitor", "ask_query", participant=name, form="pressure", visit="WEEK8", text="Which side?")
    query = list(world.state.queries)[-1]
    story.tries("nurse", "answer_query", query=query, text="Left")
    story.tries("monitor", "close_query", query=query, text="Thank you")
    story.tries("investigator", "report_error", participant="Bob", reason="too young")
    return story


def masked(story: Story, happens: bool) -> None:
    """Infusions, adverse events with questions, signatures and corrections, a stop of treatment, broken codes."""
    if not happens:
        return
    world, tries = story.world, story.tries
    done = [prepared(world, "Ann")]
    world.clock.move(hours=3)
    tries("trial pharmacist", "release", prepared=done)
    label = world.person("Ann").allocation.label  # type: ignore[union-attr]
    given = {"participant": "Ann", "form": "bag", "visit": "START"}
    for day, on in (("1", "2026-03-01"), ("2", "2026-03-03")):
        tries("nurse", "record", **given, repeat=day, items={"label": label, "volume": "600"}, on=on)
    tries("monitor", "ask_query", **given, repeat="1", text="All of it?")
    label = world.person("Cas").allocation.label  # type: ignore[union-attr]
    given = {**given, "participant": "Cas", "items": {"label": label}}
    tries("nurse", "record", **given, repeat="1", on="2026-02-27")
    for term in ("headache", "rash", "cough"):
        event = {"participant": "Ann", "form": "events"}
        tries("nurse", "record", **event, repeat="+", items={"term": term, "worst": "1"})
        tries("monitor", "ask_query", **event, repeat="1", text="Since when?")
    tries("nurse", "record", participant="Bob", form="events", repeat="0", not_done={"*": "none known"})
    row = world.page("Ann", "events", "", "2")
    tries("data manager", "redact", fact=row.number, items=["term"], why="a name")
    for query in list(world.state.queries):
        if world.state.queries[query].status == "open":
            tries("nurse", "answer_query", query=query, text="Yes")
    tries("investigator", "sign", participant="Ann", form="events", repeat="3")
    tries("investigator", "stop_treatment", participant="Ann", reason="a rash")
    for who in ("p90", "p90"):
        about = {"how": "envelope", "category": "emergency", "learned_by": who, "site": "WEST"}
        tries("investigator", "break_code", participant="Bob", **about)
    told_of = {"who": ["p91"], "how": "conversation", "what": "allocation", "impact": "none"}
    tries("nurse", "report_unblinding", **told_of, participant="Ann")
    world.clock.move(hours=-3)


def sealed(story: Story, happens: bool) -> None:
    """Renin: entered, corrected, not done, beside an open value; and records of the pharmacy."""
    blood = {"participant": "Ann", "form": "blood", "visit": "START"}
    story.world.page_of("Bob", "blood", "START", {"potassium": "4.1", **({"renin": "777.7"} if happens else {})})
    if not happens:
        return
    tries = story.tries
    tries("laboratory", "record", **blood, items={"renin": "777.7"}, on="2026-02-27")
    tries("laboratory", "record", **blood, items={"renin": "778.8"}, why="run again")
    tries("laboratory", "record", **{**blood, "visit": "WEEK8"}, not_done={"renin": "too thick"})
    came = {"record": "received", "lots": [{"product": "tablet", "lot": "N777", "size": "20 g", "count": "9"}]}
    tries("trial pharmacist", "keep_supply", record=came, reference="came")


def pages(story: Story, roles: Sequence[str]) -> Obtained:
    """Every page for these roles and for nobody, curious as they are."""
    world = story.world
    found = of_the_pages(world.desk.ledger, list(world.numbers.values()), roles, world.clock.now(), roles[:1])
    return random_tokens(found)


def exports(story: Story, folder: Path) -> Obtained:
    """The report and the tables of the snapshot, in the open."""
    ledger = story.world.desk.ledger
    snapshot = Snapshot(replay(ledger.facts()), ledger.head())
    tables = {f"table {name}": repr(snapshot.form(name).columns) for name in snapshot.forms}
    people = {"people": repr(snapshot.participants.columns)}
    return random_tokens({**of_the_report(ledger, folder, everything_trial()), **tables, **people})


def open_facts(world: World) -> list[str]:
    """Every fact but the sealed ones, without number, salt and seal."""
    facts = [fact for fact in world.facts() if fact.kind not in kinds.BLINDED_INVISIBLE]
    return [repr(fact._replace(number=0, salt="", digest="", previous="", seal="")) for fact in facts]
