"""Somebody who wants to know what measures, laboratories and scores tell: each attack was tried, each is held here."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.db import connections
from tests.pages.conftest import _page_settings  # noqa: F401 - configures Django for the pages
from tests.plugins import laboratory
from tests.plugins.editing import edited
from tests.plugins.laboratory import as_csv, laboratory_world, result
from tests.plugins.supplying import EDITS
from tests.plugins.world import CAST, HIGH, CountedChance, World, monday_morning
from tests.plugins.worlds import ANNEX, all_keys, allocation_list, holder_key, on_disk, reopened, small_trial
from tests.spec.blinding.masked_worlds import random_tokens
from tests.spec.blinding.obtaining import of_the_ledger, of_the_pages, of_the_report
from tests.spec.blinding.two_worlds import differences
from typer.testing import CliRunner

from trialwright import conduct, design, store
from trialwright.analysis.derived import Observed
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import scores
from trialwright.cli import app
from trialwright.conduct import Desk, Refused
from trialwright.conduct.catalogue import catalogue
from trialwright.design.model import Blinding, Definition
from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.snapshot import Snapshot
from trialwright.simulate.vault import MemoryVault
from trialwright.web.clinic.scores import computed
from trialwright.web.reading import Reading

SECRET = "777.7"


def trial_of(*changes: tuple[str, str]) -> Definition:
    """The small trial with these changes."""
    with TemporaryDirectory() as folder:
        return design.read(edited(Path(folder), *changes))


def world_of(definition: Definition) -> World:
    """The trial, open in memory, both sites active."""
    clock = monday_morning()
    desk = Desk(MemoryLedger(), MemoryVault(allocation_list(), ANNEX), clock, CountedChance())
    world = World(desk, clock, definition, all_keys())
    conduct.open_trial(desk, definition, by=CAST["sponsor"])
    for site in ("NORTH", "WEST"):
        world.does("sponsor", "activate", site=site)
    return world


def answer(world: World, content: bytes, **more: Any) -> str:
    """What whoever hands a file in is told, to the last letter."""
    try:
        return repr(conduct.import_results(world.desk, content=content, by=CAST["laboratory"], **more))
    except Refused as refused:
        return f"{refused!r} {refused.code} {refused.problems} {refused}"


# ---------------------------------------------------------------- a laboratory's file


@pytest.mark.requirement("BL1", "BL2")
@pytest.mark.parametrize(
    "row",
    [
        f"CITY,S-Ann,NORTH-001-A,START,RENIN,{SECRET},ng/L,{SECRET}",
        f"CITY,S-Ann,NORTH-001-A,START,RENIN,{SECRET},ng/L,{SECRET},samples,{SECRET}",
        f"{SECRET};{SECRET};RENIN",
        f"{SECRET}\t{SECRET}",
        "RENIN,RENIN,taken as drawn,taken as drawn,values",
        "sample," + f"{SECRET},{SECRET},unitt",
    ],
)
def test_a_file_without_a_header_never_quotes_its_first_row(row: str) -> None:
    """The first row of such a file may be a sealed one, and is taken for the header."""
    world = laboratory_world()
    before = of_the_ledger(world.desk.ledger)
    said = answer(world, f"{row}\n{row}\n".encode())
    assert "Nothing was taken in" in said
    assert not [word for word in (SECRET, "RENIN", "taken as drawn", "unitt") if word in said], said
    assert of_the_ledger(world.desk.ledger) == before


@pytest.mark.requirement("BL2")
def test_a_misspelt_header_is_still_told_what_was_meant() -> None:
    said = answer(laboratory_world(), b"laboratory,sampel,participant,visit,test,value,units,taken\n")
    assert "'sampel' is unknown; did you mean 'sample'" in said
    assert "'units' is unknown; did you mean 'unit'" in said


QUOTED = (
    'CITY,S-Ann,{ann},START,K,"RENIN",777.7,ng/L,2026-03-02,"x',
    'CITY,S-Ann,{ann},START,K,"RENIN"" 777.7",ng/L,2026-03-02,x"y"',
    "CITY,S-Ann,{ann},START,K,RENIN 777.7,ng/L,2026-03-02,more,cells",
    "CITY,S-Ann,{ann},START,K,renin mass=777.7,ng/L,2026-03-02,more,cells",
    "CITY,S-Ann,{ann},START,K,\u00a0Renin\u00a0,777.7,2026-03-02,more,cells",
    "CITY,S-Ann,{ann},START,K,4.4,mmol/L,2026-03-02CITY,S-Ann,{ann},START,RENIN,777.7,ng/L,2026-03-02",
    "CITY,S-Ann,{ann},START,K,4.4,mmol/L,2026-03-02,\x00RENIN\x00,777.7",
)


@pytest.mark.requirement("BL1", "BL2")
@pytest.mark.parametrize("line", QUOTED)
def test_a_spoilt_row_that_speaks_of_a_sealed_test_anywhere_is_sealed(line: str) -> None:
    """Its cells may have moved: quotation marks astray, words run together, two rows in one."""
    world = laboratory_world()
    good = as_csv([result(world)], ("laboratory",)).decode()
    head, first = good.splitlines()
    text = "\n".join([head, line.format(ann=world.numbers["Ann"]), first]) + "\n"
    with_, without = answer(world, text.encode()), answer(laboratory_world(), good.encode())
    assert with_ == without
    assert SECRET not in str(of_the_ledger(world.desk.ledger))


@pytest.mark.requirement("BL1", "BL2")
def test_what_stands_in_unknown_columns_cannot_be_tried_out_against_the_digest_of_a_file() -> None:
    """A laboratory that adds a column `IgG` to the rows of open tests: the column is ignored, and the ledger has no
    digest that depends on it, against which somebody could try value after value."""
    digests = set()
    for value in ("7.1", "7.2"):
        world = laboratory_world()
        answer(world, as_csv([{**result(world), "IgG": value}]))
        digests.add(str((list(world.facts())[-1].payload or {})["digest"]))
    assert len(digests) == 1


@cache
def second_version() -> Definition:
    """The laboratory's second version: the name RENIN now stands for an open test on another item."""
    edits = (
        *laboratory.EDITS[:1],
        ("      - {id: alt,", "      - {id: prorenin, type: decimal, label: Prorenin, unit: ng/L, range: [0, 1000]}\n"
         "      - {id: alt,"),
        *laboratory.EDITS[1:],
        ("    RENIN: {item: blood.renin, codes: [renin mass]", "    PRO: {item: blood.prorenin, codes: [RENIN]"),
        ("    - {laboratory: CITY, test: RENIN, low: 2, high: 30, valid_from: 2026-01-01}\n", ""),
        ('version: "1"\n', 'version: "2"\n'),
    )  # fmt: skip
    return trial_of(*edits)


@pytest.mark.requirement("BL1", "BL2")
def test_a_name_that_is_sealed_at_any_site_is_sealed_although_the_newest_version_gives_it_to_an_open_test() -> None:
    """A laboratory goes on calling it by the old name until it is told."""
    world = laboratory_world()
    world.does("sponsor", "amend", definition=second_version(), why="another test")
    world.does("sponsor", "activate", site="NORTH")
    said = answer(world, as_csv([result(world, test="RENIN", value=SECRET), result(world)]))
    assert SECRET not in said + str(of_the_ledger(world.desk.ledger))
    assert "'PRO'" not in said
    world.does("sponsor", "activate", site="WEST")
    assert "test='PRO'" in answer(world, as_csv([result(world, test="PRO", value="12", unit="ng/L"), result(world)]))


CRAFTED = (
    b"\xff\xfe" + "sample,test,value,unit\nS,RENIN,777.7,ng/L\n".encode("utf-16-le"),
    "sample,test,value,unit\nS,RENIN,777.7,ng/L\n".encode("utf-16"),
    b"\x00" * 64,
    b"PK\x03\x04sheet RENIN 777.7",
    b'"sample,test,value,unit\n',
    b"sample,sample,test,value,unit\n",
    b"",
    b"\n\n\n",
)


@pytest.mark.requirement("BL1", "BL2")
@pytest.mark.parametrize("content", CRAFTED)
def test_a_file_that_is_no_csv_in_utf_8_is_refused_without_a_word_of_what_is_in_it(content: bytes) -> None:
    world = laboratory_world()
    said = answer(world, content)
    assert "Nothing was taken in" in said
    assert "777" not in said
    assert "RENIN" not in said


@pytest.mark.requirement("BL1", "BL2")
def test_sealed_rows_of_every_length_and_letter_stop_nothing_and_are_kept_word_for_word() -> None:
    """Control characters, surrogates, marks of order, a million letters, ten thousand cells, numbers without end."""
    odd = ["\u202e777.7", "\ud7ff", "\U0010ffff", "e\u0301", "x" * 10**6, "9" * 5000, "1e999", "\x1b[2J", "'; drop--"]
    world = laboratory_world()
    head, first = as_csv([result(world)], ("laboratory",)).decode().splitlines()
    rows = [f"CITY,S,{world.numbers['Ann']},START,RENIN,{one},ng/L,2026-03-02" for one in odd]
    rows += ["RENIN" + "," * 10000, head, head]
    rows += [f"CITY,{one},{one},{one},RENIN,1,{one},{one}" for one in odd]
    text = "\n".join([head, *rows, first, *rows]) + "\n"
    assert answer(world, text.encode()) == answer(laboratory_world(), as_csv([result(world)], ("laboratory",)))
    record = conduct.laboratory_sealed.sealed_records(world.desk, world.keys)
    ((_, kept),) = record.items()
    assert len(kept["rows"]) == 2 * len(rows)
    assert {row["became"] for row in kept["rows"]} <= {"not taken", "kept", "the same twice"}
    assert not [row for row in kept["rows"] if "program failed" in str(row["says"])]


class RunningClock:
    """A clock that goes on by a millisecond whenever somebody looks at it: work takes time."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@pytest.mark.requirement("BL1", "BL2")
def test_the_instants_in_the_ledger_do_not_tell_how_much_was_sealed() -> None:
    """Between the last open page and the fact of the file lies the work on the sealed rows."""
    instants = []
    for count in (0, 30):
        world = laboratory_world()
        world.desk.clock = RunningClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
        sealed = [result(world, test="RENIN", value=str(number), sample=f"R{number}") for number in range(count)]
        answer(world, as_csv([result(world), result(world, "Bob", "ALT", "72"), *sealed], ("laboratory",)))
        instants.append([fact.at for fact in world.facts()])
    assert instants[0] == instants[1]


# ---------------------------------------------------------------- scores on the clinic's page


SCORED = (
    *EDITS,
    ("    label: Adverse event\n    log: true", "    label: Adverse event\n    log: true\n"
     "    blinding: masked_for_assessors"),
    ("      - {id: worst,", "      - {id: death_date, type: date, label: Date of death}\n      - {id: worst,"),
    ("objectives:\n", """derivations:
  src: invented
  reached:
    method: first_time
    label: Weeks to a pressure of 155
    inputs: {of: pressure.upper}
    options: {at_least: '155'}
  ready: {method: first_time, label: Weeks to a volume, inputs: {of: bag.volume}, options: {at_least: '1'}}
  both: {method: first_time, label: Weeks to either, inputs: {of: ready}, options: {at_least: '0'}}
objectives:
"""),
)  # fmt: skip


@cache
def scored_trial() -> Definition:
    """The small trial with infusions, and scores of which two rest on them."""
    return trial_of(*SCORED)


def seen_scores(world: World, role: str) -> str:
    from trialwright.web.classes import _OPEN, SEES

    reading = Reading(world.desk.ledger, lambda: world.clock.now())
    with reading.trial() as trial:
        assert trial is not None
        return repr(computed(trial, trial.state.participants[world.numbers["Ann"]], SEES.get(role, _OPEN)))


def followed(infused: str | None) -> World:
    """Ann from the draw to week 8; `infused`: the day on which an infusion page says that it was given, None: none."""
    world = world_of(scored_trial())
    world.seen("Ann", {"sex": "M"})
    world.does("nurse", "screen", participant="Ann")
    page = {"participant": "Ann", "form": "pressure", "visit": "START", "items": {"upper": "150", "lower": "95"}}
    world.does("nurse", "record", **page, on="2026-03-02")
    world.does("nurse", "randomise", participant="Ann")
    if infused:
        label = world.person("Ann").allocation.label  # type: ignore[union-attr]
        bag = {"participant": "Ann", "form": "bag", "visit": "START", "repeat": "1", "on": infused}
        world.does("nurse", "record", **bag, items={"label": label, "volume": "600"})
    world.clock.move(days=56)
    later = {"participant": "Ann", "form": "pressure", "visit": "WEEK8", "items": {"upper": "160", "lower": "95"}}
    world.does("nurse", "record", **later, on="2026-04-27")
    return world


@pytest.mark.requirement("BL2")
def test_the_scores_that_an_assessor_sees_rest_on_no_day_of_a_page_that_is_masked() -> None:
    """Weeks count from the first day that a page of the visit carries: an infusion page of an earlier day moved them,
    so who reads the weeks knew of it."""
    plain = seen_scores(followed(None), "assessor")
    assert "Weeks to a pressure" in plain
    assert "8" in plain
    for day in ("2026-02-27", "2026-03-01"):
        assert seen_scores(followed(day), "assessor") == plain
    assert "Weeks to either" not in plain + seen_scores(followed("2026-03-01"), "assessor")
    assert seen_scores(followed("2026-02-27"), "nurse") != seen_scores(followed(None), "nurse")


@pytest.mark.requirement("BL2")
def test_what_is_computed_for_an_assessor_knows_of_no_death_that_stands_on_a_masked_page() -> None:
    """Life years end with a death, which no input of the measure names."""
    world = followed(None)
    died = {"term": "stroke", "worst": "3", "death_date": "2026-04-20"}
    world.does("nurse", "record", participant="Ann", form="events", repeat="+", items=died)
    known = []
    for classes in (None, frozenset({Blinding.OPEN}), frozenset({Blinding.OPEN, Blinding.MASKED_FOR_ASSESSORS})):
        seen = Observations(scored_trial(), Snapshot(world.state, world.desk.ledger.head()), sees=classes)
        known.append(bool(Observed(seen, [world.numbers["Ann"]], scores).deaths().present.all()))
    assert known == [True, False, True]


# ---------------------------------------------------------------- what is asked and confirmed


FLUSH = (
    *EDITS,
    ("      - {id: weight,", "      - {id: flush, type: boolean, label: Flushed, blinding: masked_for_assessors}\n"
     "      - {id: weight,"),
    ("    checks:\n", """    checks:
      - {id: flushed, why: it may be the tablet, when: flush, say: Flushed as after a bag., level: query, item: upper}
      - {id: warm, why: it may be the tablet, when: "flush and upper > 170 mm[Hg]", say: Flushed and high., level: warn}
"""),
)  # fmt: skip


def flushed(value: str, **more: Any) -> World:
    world = world_of(trial_of(*FLUSH))
    world.consented("Ann")
    items = {"upper": "175", "lower": "95", "flush": value}
    page = {"participant": "Ann", "form": "pressure", "visit": "FIRST", "items": items}
    world.does("nurse", "record", **page, on="2026-03-02", **more)
    return world


@pytest.mark.requirement("BL1", "BL2")
def test_a_question_about_an_open_item_that_was_asked_because_of_a_masked_one_is_masked_too() -> None:
    """A check on an open form reads a masked item and asks about an open one: that it asks gives the answer away."""
    asked, none = flushed("true", confirmed={"warm": "it was hot"}), flushed("false")
    assert "Flushed" in str(asked.state.queries)
    pages = [
        random_tokens(of_the_pages(world.desk.ledger, [world.numbers["Ann"]], ("assessor", "nurse"), world.clock.now()))
        for world in (asked, none)
    ]
    told = differences(*pages)
    assert told
    assert not [name for name in told if "assessor" in name], told


@pytest.mark.requirement("BL1", "BL2")
def test_a_page_on_which_only_masked_items_stand_does_not_exist_for_an_assessor() -> None:
    """Neither its visit, nor its day, nor that somebody asked about it."""
    worlds = []
    for happens in (False, True):
        world = world_of(trial_of(*FLUSH[:-1]))
        world.consented("Ann")
        page = {"participant": "Ann", "form": "pressure", "visit": "START"}
        if happens:
            world.does("nurse", "record", **page, items={"flush": "true"}, on="2026-02-27")
            world.does("monitor", "ask_query", **page, text="All over?")
        worlds.append(world)
    pages = [
        random_tokens(of_the_pages(world.desk.ledger, [world.numbers["Ann"]], ("assessor", "nurse"), world.clock.now()))
        for world in worlds
    ]
    told = differences(*pages)
    assert told
    assert not [name for name in told if "assessor" in name], told


SEALED_WAYS = {
    "an input": ("first: {method: first_time, label: F, inputs: {of: blood.renin}, options: {at_least: '1'}}", ""),
    "a derivation of it": (
        "first: {method: first_time, label: F, inputs: {of: second}, options: {at_least: '1'}}\n"
        "  second: {method: first_time, label: S, inputs: {of: blood.renin}, options: {at_least: '1'}}",
        "",
    ),
    "a derived item of its form": (
        "first: {method: first_time, label: F, inputs: {of: blood.double}, options: {at_least: '1'}}",
        "    derive:\n      - {id: double, type: decimal, label: D, expr: potassium + 1, unit: mmol/L}\n",
    ),
    "the whole form": ("first: {method: fss, label: F, inputs: {form: blood}}", ""),
    "a rule": (
        "first: {method: confirmed_deterioration, label: W, inputs: {p: blood.renin}, options: {rule: p 20 %}}",
        "",
    ),
    "a derived item that reads it": (
        "",
        "    derive:\n      - {id: double, type: decimal, label: D, expr: renin * 2}\n",
    ),
    "a check": ("", "    checks:\n      - {id: c, why: w, when: renin > 1, say: S., level: query, item: potassium}\n"),
}


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize("way", SEALED_WAYS)
def test_no_way_leads_from_a_sealed_item_to_a_score_that_somebody_blinded_reads(way: str) -> None:
    """A form with one sealed item gives no score of its derived items or of the whole of it either."""
    derivation, more = SEALED_WAYS[way]
    edits = [("  pregnancy:\n    label", f"{more}  pregnancy:\n    label")]
    if derivation:
        edits.append(("objectives:\n", f"derivations:\n  src: invented\n  {derivation}\nobjectives:\n"))
    with TemporaryDirectory() as folder:
        problems = design.inspect(edited(Path(folder), *edits), catalogue()).problems
    assert [one for one in problems if one.severity == "error" and "sealed" in str(one)], [*map(str, problems)]


WORSE = (
    *SCORED,
    ("  ready: {", "  worse:\n    method: confirmed_deterioration\n    label: W\n    inputs: {v: bag.volume}\n"
     "    options: {rule: v 1 %}\n  ready: {"),
    ("    checks:\n", "    checks:\n"
     "      - {id: w, why: rescue, when: worse, level: query, say: Worse., item: upper}\n"),
)  # fmt: skip


@pytest.mark.requirement("BL2")
def test_no_check_of_an_open_form_asks_for_a_deterioration_that_rests_on_a_masked_one() -> None:
    with pytest.raises(design.DefinitionErrors, match="worse"):
        trial_of(*WORSE)


# ---------------------------------------------------------------- an amendment that seals


SEALS = (
    ("renin, type: decimal, label: Renin, unit: ng/L, range: [0, 1000], blinding: sealed,",
     "renin, type: decimal, label: Renin, unit: ng/L, range: [0, 1000],"),
)  # fmt: skip


@pytest.mark.requirement("BL1", "BL2")
def test_what_an_amendment_seals_is_sealed_on_pages_that_were_begun_before_it() -> None:
    """A page keeps the version that it was entered under; the seal of a later one holds all the same."""
    first = trial_of(*SEALS)
    world = world_of(first)
    world.consented("Ann")
    page = {"participant": "Ann", "form": "blood", "visit": "START"}
    world.does("laboratory", "record", **page, items={"potassium": "4"}, on="2026-03-02")
    second = small_trial().model_copy(update={"version": "2"})
    world.does("sponsor", "amend", definition=second, why="renin tells the treatment")
    world.does("sponsor", "activate", site="NORTH")
    base = world.page("Ann", "blood", "START").number
    both = {"renin": SECRET, "potassium": "4.1"}
    assert "save it apart" in world.says("laboratory", "record", **page, items=both, base=base, why="misread")
    about = {"participant": "Ann", "form": "blood", "visit": "START", "item": "renin", "text": "Is it right?"}
    assert "is sealed" in world.says("monitor", "ask_query", **about)
    world.does("laboratory", "record", **page, items={"renin": SECRET}, base=base)
    assert SECRET not in str(of_the_ledger(world.desk.ledger))
    world.does("laboratory", "record", **page, items={"potassium": "4.1"}, base=base, why="misread")
    assert world.page("Ann", "blood", "START").items == {"potassium": "4.1"}


# ---------------------------------------------------------------- reports


HIDDEN = (
    ("  events: {log: true", "  coded: [START, WEEK8]\n  events: {log: true"),
    ("  events:\n    label: Adverse", """  coded:
    label: Coded
    blinding: masked_for_sponsor
    src: invented
    items:
      - {id: mark, type: integer, label: Mark, range: [0, 1000]}
  events:
    label: Adverse"""),
    ("measure: [pressure.upper]", "measure: [coded.mark]"),
)  # fmt: skip


@pytest.mark.requirement("BL1", "BL2")
def test_a_blinded_report_rests_on_nothing_that_is_masked_for_the_sponsor(tmp_path: Path) -> None:
    definition, found = trial_of(*HIDDEN), []
    for mark in ("111", "999", None):
        world = world_of(definition)
        for name in ("Ann", "Bob"):
            world.seen(name, {"sex": "M"})
            world.does("nurse", "screen", participant=name)
            page = {"participant": name, "form": "pressure", "visit": "START", "items": HIGH}
            world.does("nurse", "record", **page, on="2026-03-02")
            world.does("nurse", "randomise", participant=name)
            for visit in ("START", "WEEK8") if mark else ():
                coded = {"participant": name, "form": "coded", "visit": visit, "items": {"mark": mark}}
                world.does("nurse", "record", **coded, on="2026-03-02")
        found.append(random_tokens(of_the_report(world.desk.ledger, tmp_path, definition)))
    assert differences(*found[:2]) == []
    assert differences(found[0], found[2]) == []


@pytest.mark.requirement("BL1", "BL5")
def test_a_report_by_arm_before_the_final_lock_lies_outside_the_trials_folder_for_one_pair_of_eyes(
    tmp_path: Path,
) -> None:
    """After a staged lock the firewall reads by arm; the trial's folder is read by others, and so is its backup."""
    folder = on_disk(tmp_path / "trial")
    world = reopened(folder)
    for name, drug in (("Ann", "none"), ("Bob", "water"), ("Cas", "none"), ("Dot", "water")):
        world.randomised(name, drug=drug)
        world.page_of(name, "pressure", "WEEK8", HIGH)
        world.does("nurse", "complete", participant=name, on="2026-03-02")
    world.locked("week8")
    opening = []
    for holder in ("escrow-1", "escrow-2"):
        path = tmp_path / f"{holder}.key"
        path.write_text(holder_key(holder) + "\n")
        path.chmod(0o600)
        opening += ["--keys", str(path)]
    opening += ["--by", "s.tist", "--with", "e.scrow"]
    head = store.verify(folder).facts
    for where in ([], ["-o", f"{folder / 'report'}"], ["-o", f"{folder}"], ["-o", f"{folder / '..' / 'trial' / 'x'}"]):
        refused = CliRunner().invoke(app, ["report", str(folder), *opening, *where])
        assert "outside the trial's folder" in str(refused.exception)
    assert store.verify(folder).facts == head
    assert not [path for path in folder.rglob("*") if path.suffix == ".html"], [*folder.rglob("*")]
    done = CliRunner().invoke(app, ["report", str(folder), *opening, "-o", str(tmp_path / "mine")])
    assert done.exit_code == 0, done.output
    modes = {path.name: path.stat().st_mode & 0o777 for path in [tmp_path / "mine", *(tmp_path / "mine").iterdir()]}
    assert modes == {"mine": 0o700, "index.html": 0o600, "report.json": 0o600}
    assert CliRunner().invoke(app, ["report", str(folder)]).exit_code == 0


# ---------------------------------------------------------------- commands


@pytest.mark.requirement("BL1", "BL2")
def test_before_the_end_no_command_and_no_key_file_tells_whether_anything_was_sealed(tmp_path: Path) -> None:
    """Not with the key of somebody who may open it later, not with an escrow holder's, not with a stranger's."""
    said = []
    for count in (0, 3):
        place = tmp_path / str(count)
        place.mkdir()
        world = laboratory.with_people(laboratory.in_a_folder(place / "trial"))
        rows = [result(world, test="RENIN", value=SECRET, sample=f"R{one}", visit="START") for one in range(count)]
        (place / "file.csv").write_bytes(as_csv([result(world), *rows], ("laboratory",)))
        world.desk.ledger.close()  # type: ignore[attr-defined]
        for holder in ("holder", "escrow-1", "stranger"):
            path = place / f"{holder}.key"
            path.write_text(holder_key(holder) + "\n")
            path.chmod(0o600)
        trial, answers = str(place / "trial"), []
        for line in (
            ["lab", "import", trial, str(place / "file.csv"), "--by", "lou", "--json"],
            ["lab", "import", trial, str(place / "file.csv"), "--by", "lou"],
            ["lab", "expected", trial, "--all", "--json"],
            *(
                [*command, "--sealed-key", str(place / f"{holder}.key"), "--by", "sam"]
                for holder in ("holder", "escrow-1", "stranger")
                for command in (["analyse", trial], ["report", trial, "-o", str(place / "report")])
            ),
            *(
                ["lab", "sealed", trial, "--key", str(place / f"{one}.key"), "--by", "n"]
                for one in ("escrow-1", "stranger")
            ),
            ["ledger", "verify", trial],
        ):
            found = CliRunner().invoke(app, line)
            answers.append(f"{found.exit_code} {found.output} {found.exception!r}".replace(str(place), "PLACE"))
        said.append([re.sub(r"[0-9a-f]{12,}|[0-9]{4}-[0-9]{2}-[0-9]{2}T\S+", "<token>", one) for one in answers])
        assert not (place / "report").exists()
    assert said[0] == said[1]
    assert SECRET not in str(said)
    connections.close_all()


@pytest.mark.requirement("BL2")
def test_a_plate_is_laid_out_alike_whatever_the_order_of_the_list_and_whatever_stands_beside_it(tmp_path: Path) -> None:
    """A list sorted by arm gives the plates of any other list; one with a column that says an arm is refused."""
    people = [f"NORTH-{number:03}" for number in range(40)]
    lists = {"by number": people, "by arm": [*people[::2], *people[1::2]]}
    made = {}
    for name, order in lists.items():
        path = tmp_path / f"{name}.csv"
        path.write_text("sample,participant,note\n" + "".join(f"S{one},{one},{name}\n" for one in order))
        out = tmp_path / f"{name} plates"
        done = CliRunner().invoke(app, ["plate-layout", str(path), "-o", str(out), "--seed", "1"])
        assert done.exit_code == 0, done.output
        made[name] = {file.name: file.read_bytes() for file in out.iterdir()}
    assert made["by number"] == made["by arm"]
    for column in ("arm", " Arm", "TREATMENT"):
        path.write_text(f"sample,participant,{column}\nS,A,T\n")
        assert CliRunner().invoke(app, ["plate-layout", str(path), "-o", str(out), "--seed", "1"]).exit_code == 1
