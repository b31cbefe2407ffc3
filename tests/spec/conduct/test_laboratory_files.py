"""A laboratory's file becomes facts: in the item's unit, against its reference range, all of it or nothing."""

from typing import Any

import pytest
from tests.plugins.laboratory import as_csv, laboratory_world, result, taken_in
from tests.plugins.world import CAST, World

from trialwright import conduct
from trialwright.conduct import Refused
from trialwright.conduct.import_results import Imported
from trialwright.ledger import kinds


@pytest.fixture
def world() -> World:
    return laboratory_world()


def refused(world: World, rows: list[dict[str, str]], **more: Any) -> str:
    """Why nothing was taken in; the ledger is as it was."""
    before = world.desk.ledger.head()
    with pytest.raises(Refused) as caught:
        taken_in(world, rows, **more)
    assert world.desk.ledger.head() == before
    return world.named(str(caught.value))


def became(done: Imported) -> list[str]:
    return [one.became for one in done.taken]


@pytest.mark.requirement("DC6")
def test_a_result_is_kept_in_the_unit_of_its_item_by_an_exact_factor(world: World) -> None:
    table = [
        ("K", "4.40", "mmol/L", "4.40"),
        ("K", "17.6", "mg/dL", "4.50147"),  # 17.6 * 10 / 39.0983 has no end in decimals: six digits are kept
        ("ALT", "0.7", "ukat/L", "42"),
        ("ALT", "1.23", "ukat/L", "73.8"),
        ("CRP", "<1", "mg/L", "1"),
    ]
    for place, (test, value, unit, kept) in enumerate(table, start=1):
        visit = f"EXTRA.{place}"
        done = taken_in(world, [result(world, test=test, value=value, unit=unit, visit=visit, sample=f"S{place}")])
        item = {"K": "potassium", "ALT": "alt", "CRP": "crp"}[test]
        assert world.page("Ann", "blood", visit).items[item] == kept
        assert done.taken[0].notes == (("rounded when it was converted from mg/dL",) if unit == "mg/dL" else ())


def test_a_unit_that_does_not_convert_is_refused_with_those_that_do(world: World) -> None:
    table = [
        ("K", "mg", "mg (mass) does not convert into mmol/L"),
        ("K", "mmol", "mmol (amount) does not convert into mmol/L"),
        ("K", "mEq/l.l", "is taken in mmol/L, mg/dL"),
        ("K", "", "it is empty; Potassium is taken in mmol/L, mg/dL"),
        ("K", "g/L", "g/L is not declared for this test; Potassium is taken in mmol/L, mg/dL"),
        ("ALT", "mmol/L", "does not convert into U/L"),
        ("ALT", "x10E9", "x10E9"),
    ]
    for test, unit, answer in table:
        assert f"row 1 (sample S-Ann, {test}), unit: " in (
            said := refused(world, [result(world, test=test, unit=unit)])
        )
        assert answer in said


def test_a_value_beyond_a_limit_is_kept_as_its_limit_with_its_flag(world: World) -> None:
    table = [
        ({"value": "<1"}, ("1", "true")),
        ({"value": "", "flag": "<", "limit": "1"}, ("1", "true")),
        ({"value": "0.4", "flag": "<", "limit": "1"}, ("1", "true")),
        ({"value": "3"}, ("3", "false")),
    ]
    for place, (cells, kept) in enumerate(table, start=1):
        row = {**result(world, test="CRP", visit=f"EXTRA.{place}", sample=f"S{place}"), **cells}
        taken_in(world, [row])
        items = world.page("Ann", "blood", f"EXTRA.{place}").items
        assert (items["crp"], items["crp_below"]) == kept
    for cells, answer in [
        ({"value": ">500"}, "keeps no value above a limit"),
        ({"value": "<1", "flag": ">"}, "contradicts the value"),
        ({"value": "", "flag": "<"}, "neither value nor limit says beyond what"),
        ({"value": "", "limit": "1"}, "write < or > to say on which side"),
        ({"value": "≤1"}, "written with < or > alone"),
        ({"value": "1,5"}, "has a decimal comma; write 1.5"),
        ({"value": "about 3"}, "is not a number"),
        ({"value": ""}, "write in `comment` why there is no result"),
    ]:
        assert answer in refused(world, [{**result(world, test="CRP"), **cells}])


def test_the_reference_range_follows_sex_age_laboratory_and_day(world: World) -> None:
    older = {"participant": "Bob", "form": "person", "visit": "FIRST", "items": {"sex": "F", "age": "61"}}
    world.does("nurse", "record", **older, base=world.page("Bob", "person", "FIRST").number, why="asked again")
    table = [
        ("Ann", "CITY", "2026-03-02", "30", ""),  # a woman below 60: 0.5 ukat/L are 30 U/L
        ("Bob", "CITY", "2026-03-01", "40", ""),
        ("Bob", "CITY", "2026-03-02", None, "no reference range of ALT at CITY is for this sex and age"),
        ("Ann", "FAR", "2026-03-02", None, "FAR has no reference range of ALT"),
        ("Ann", "CITY", "2025-12-31", None, "no reference range of ALT at CITY is valid on 2025-12-31"),
    ]
    for place, (name, laboratory, taken, upper, note) in enumerate(table, start=1):
        row = result(world, name, "ALT", "90", laboratory=laboratory, taken=taken, visit=f"EXTRA.{place}")
        done = taken_in(world, [{**row, "sample": f"S{place}", "reported": "2026-03-02", "confirmed": "yes"}])
        assert world.page(name, "blood", f"EXTRA.{place}").items.get("alt_uln") == upper
        assert done.taken[0].notes[:1] == ((note,) if note else done.taken[0].notes[:1])
        if upper:
            assert done.taken[0].times_upper == {"30": "3.00", "40": "2.25"}[upper]
            assert (done.taken[0].side, done.taken[0].grade) == ("H", 1)


def test_the_laboratorys_own_limits_go_before_the_declared_range_and_the_difference_is_said(world: World) -> None:
    done = taken_in(world, [result(world, test="ALT", value="90", high="45")])
    assert world.page("Ann", "blood", "START").items["alt_uln"] == "45"
    assert "not those of the declared reference range" in done.taken[0].notes[0]


@pytest.mark.requirement("DC1")
def test_everything_wrong_with_a_file_is_said_at_once_and_nothing_is_kept(world: World) -> None:
    rows = [
        result(world),
        result(world, participant="NORTH-001-X", sample="S1"),
        result(world, visit="WEEK9", sample="S2"),
        result(world, visit="FIRST", sample="S3"),
        result(world, taken="2026-02-20", sample="S4"),
        result(world, taken="2027-03-02", sample="S5"),
        result(world, laboratory="CTIY", sample="S6"),
        result(world, "Bob", value="44"),
        result(world, "Bob", sample="S-Ann"),
        result(world, taken="02-03-2026", sample="S7"),
        result(world, reported="2026-03-01", sample="S8"),
    ]
    said = refused(world, rows)
    for answer in [
        "row 2 (sample S1, K), participant: there is no participant NORTH-001-X",
        "row 3 (sample S2, K), visit: there is no visit 'WEEK9'; did you mean WEEK8?",
        "row 4 (sample S3, K), visit: K is not expected at FIRST (expected at START, WEEK8, EXTRA)",
        "row 5 (sample S4, K), taken: drawn on 2026-02-20, and START of Ann was on 2026-03-02",
        "row 6 (sample S5, K), taken: 2027-03-02 has not come yet",
        "row 7 (sample S6, K), laboratory: 'CTIY' is not declared; did you mean CITY?",
        "row 8 (sample S-Bob, K), value: Potassium: 44 mmol/L lies outside 1 to 10 mmol/L",
        "row 9 (sample S-Ann, K), sample: S-Ann is of Bob at START here and of Ann at START in row 1",
        "row 10 (sample S7, K), taken: '02-03-2026' is not a date; write 2026-03-01",
        "row 11 (sample S8, K), reported: 2026-03-01 lies before the sampling on 2026-03-02",
    ]:
        assert answer in said
    done = taken_in(world, rows, partial=True)
    assert (became(done), len(done.troubles)) == (["new"], 10)


@pytest.mark.requirement("DC2")
def test_the_same_result_twice_is_one_and_different_ones_wait_for_somebody_to_say_which(world: World) -> None:
    done = taken_in(world, [result(world), result(world, value="4.40")])
    assert (became(done), done.repeated) == (["new"], ["row 2 (sample S-Ann, K) says the same again"])
    rows = [result(world, test="CRP", value="", quality="plate rejected"), result(world, test="CRP", value="3")]
    assert taken_in(world, rows).repeated == ["row 1 (sample S-Ann, CRP) has no value, and another row has one"]
    assert world.page("Ann", "blood", "START").items["crp"] == "3"
    rows = [result(world, "Bob"), result(world, "Bob", value="4.9")]
    assert "row 1 says 4.4 and row 2 says 4.9; say which is right with --row" in refused(world, rows)
    taken_in(world, rows, chosen=[2])
    assert world.page("Bob", "blood", "START").items["potassium"] == "4.9"


@pytest.mark.requirement("DC6")
def test_handing_a_file_in_twice_changes_nothing(world: World) -> None:
    rows = [result(world), result(world, "Bob", "CRP", "<1"), result(world, "Bob", "RENIN", "7.5")]
    first = taken_in(world, rows)
    head = world.desk.ledger.head()
    second = taken_in(world, rows)
    assert world.desk.ledger.head() == head
    assert (second.fact, second.before, became(second)) == (None, first.fact, ["the same", "the same"])
    assert taken_in(world, rows, again=True).fact == head.number + 1
    grown = taken_in(world, [*rows, result(world, "Bob")])
    assert sorted(became(grown)) == ["new", "the same", "the same"]


@pytest.mark.requirement("AT6")
def test_a_corrected_result_is_a_change_with_its_reason(world: World) -> None:
    taken_in(world, [result(world)])
    assert "a corrected result needs its reason: fill `comment`, or give --why" in refused(
        world, [result(world, value="4.6")]
    )
    done = taken_in(world, [result(world, value="4.6", comment="tubes exchanged")])
    assert became(done) == ["corrected"]
    fact = next(fact for fact in world.facts() if fact.number == world.page("Ann", "blood", "START").number)
    assert (fact.why, fact.by) == ("tubes exchanged", CAST["laboratory"].id)
    assert became(taken_in(world, [result(world, value="4.7")], why="recalibrated")) == ["corrected"]


@pytest.mark.requirement("DC2")
def test_an_unusual_result_is_confirmed_by_the_laboratory_or_asked_about(world: World) -> None:
    done = taken_in(world, [result(world, value="7.2", confirmed="measured twice"), result(world, "Bob", value="7.3")])
    assert done.queries == 1
    assert world.page("Ann", "blood", "START").confirmed == {"potassium": "the laboratory: measured twice"}
    assert world.page("Bob", "blood", "START").confirmed == {
        "potassium": "not confirmed by the laboratory; a query asks"
    }
    (query,) = world.state.queries.values()
    assert (query.participant, query.item, query.status) == (world.numbers["Bob"], "potassium", "open")
    assert "7.3 mmol/L lies outside the usual 3 to 6" in query.text


def test_a_sample_without_a_result_is_not_done_for_the_reason_given(world: World) -> None:
    done = taken_in(world, [result(world, value="", comment="haemolysed")])
    assert (became(done), world.page("Ann", "blood", "START").not_done) == (["not done"], {"potassium": "haemolysed"})


def test_the_results_of_an_assay_are_taken_in_as_it_writes_them(world: World) -> None:
    """A value below the limit bears its flag twice; a rejected plate has no value and says why in `quality`."""
    ann, bob = world.numbers["Ann"], world.numbers["Bob"]
    text = (
        "sample,test,value,unit,flag,limit,run,quality,source\n"
        "S1,CRP,<1.25,mg/L,<,1.25,run 4,,ab12\nS2,CRP,,mg/L,,,run 4,plate rejected (slope),ab12\n"
        "S3,CRP,2.718281828,mg/L,,,run 4,one replicate,ab12\n"
    )
    manifest = f"sample,participant,visit,taken,laboratory\nS1,{ann},START,2026-03-02,CITY\nS2,{bob},START,2026-03-02,"
    manifest += f"CITY\nS3,{ann},EXTRA.1,2026-03-02T08:30,CITY\n"
    done = conduct.import_results(world.desk, content=text.encode(), manifest=manifest.encode(), by=CAST["laboratory"])
    assert became(done) == ["new", "not done", "new"]
    assert world.page("Ann", "blood", "START").items == {"crp": "1.25", "crp_below": "true"}
    assert world.page("Bob", "blood", "START").not_done == {"crp": "plate rejected (slope)"}
    assert world.page("Ann", "blood", "EXTRA.1").items["crp"] == "2.718281828"


def test_a_manifest_gives_participant_and_visit_and_contradicts_what_differs(world: World) -> None:
    ann, bob = world.numbers["Ann"], world.numbers["Bob"]
    manifest = f"sample,participant,visit\nS1,{ann},START\nS2,{bob},START\n".encode()
    rows = [result(world, participant="", visit="", sample="S1"), result(world, participant="", visit="", sample="S2")]
    assert became(taken_in(world, rows, manifest=manifest)) == ["new", "new"]
    for row, answer in [
        (result(world, sample="S3"), "the manifest has no such sample"),
        (result(world, "Bob", sample="S1"), "in the manifest (row 1)"),
        (result(world, participant="", visit="", sample=""), "sample: it is empty"),
    ]:
        assert answer in refused(world, [row], manifest=manifest)
    with pytest.raises(Refused, match="manifest, row 2, sample: S1 stands in row 1 with other words"):
        taken_in(world, rows, manifest=manifest.replace(b"S2", b"S1"))


def test_late_results_are_said_and_taken(world: World) -> None:
    world.clock.move(days=30)
    done = taken_in(world, [result(world, reported="2026-03-20"), result(world, "Bob", reported="2026-03-05")])
    assert [one.notes for one in done.taken] == [("late: drawn on 2026-03-02, reported on 2026-03-20",), ()]


@pytest.mark.requirement("DC6")
def test_what_a_visit_expects_and_the_file_lacks_is_said(world: World) -> None:
    ann, bob = world.numbers["Ann"], world.numbers["Bob"]
    first = taken_in(world, [result(world), result(world, "Bob", "RENIN", "7"), result(world, "Bob", "CRP", "2")])
    assert first.missing == [f"{ann} at START: ALT, CRP", f"{bob} at START: K, ALT"]
    second = taken_in(world, [result(world, test="ALT", value="20"), result(world, test="CRP", value="", comment="-")])
    assert second.missing == []


@pytest.mark.requirement("DC6")
def test_every_value_names_its_row_sample_laboratory_and_file(world: World) -> None:
    taken_in(world, [result(world, run="R7", quality="sound", source="ab12")])
    (fact,) = (fact for fact in world.facts() if fact.kind == kinds.LABORATORY_IMPORTED)
    assert fact.payload is not None
    (one,) = fact.payload["results"]
    page = world.page("Ann", "blood", "START").number
    assert one.items() >= {"row": "1", "sample": "S-Ann", "laboratory": "CITY", "run": "R7", "fact": f"{page}"}.items()
    assert len(fact.payload["digest"]) == 64
    assert world.page("Ann", "blood", "START").on == "2026-03-02"


@pytest.mark.requirement("AC1")
def test_results_come_through_the_permissions_of_everybody(world: World) -> None:
    with pytest.raises(Refused, match="A nurse may not take in the results of a laboratory; ask one of: laboratory"):
        conduct.import_results(world.desk, content=as_csv([result(world)]), by=CAST["nurse"])
    world.does("nurse", "withdraw_consent", participant="Ann", scopes=["trial"])
    assert "Ann has no consent to take part" in refused(world, [result(world)])


def test_a_header_or_a_row_that_cannot_be_read_is_named(world: World) -> None:
    for content, answer in [
        (b"sample;test;value;unit\n", "separated by semicolons"),
        (b"sample,test,value\n", "the column 'unit' is missing"),
        (b"sample,test,value,unit,unit\n", "the column 'unit' stands twice"),
        (b"sample,test,value,unit,takken\n", "the column 'takken' is unknown; did you mean 'taken'?"),
        (b"", "the column 'sample' is missing"),
        (b"\xff,test\n", "UTF-8"),
    ]:
        with pytest.raises(Refused, match="Nothing was taken in") as caught:
            conduct.import_results(world.desk, content=content, by=CAST["laboratory"])
        assert answer in str(caught.value)
    rows = as_csv([result(world)]).decode()
    for broken, answer in [
        (rows.replace("4.4", "4,4"), "the row has 9 cells where the header has 8; a decimal comma would do that"),
        (rows.replace("4.4", '4"4"'), "K), value"),
        (rows.replace("4.4", '"4.4'), "a quotation mark stands astray"),
    ]:
        with pytest.raises(Refused) as caught:
            conduct.import_results(world.desk, content=broken.encode(), by=CAST["laboratory"])
        assert answer in str(caught.value)


def test_a_trial_without_a_laboratory_part_takes_no_file(world: World) -> None:
    from tests.plugins.worlds import small_trial

    second = small_trial().model_copy(update={"version": "2"})
    world.does("sponsor", "amend", definition=second, why="no laboratory any more")
    assert "no laboratory part" in refused(world, [result(world)])


def test_a_locked_visit_takes_no_late_result(world: World) -> None:
    world.eligible("Cas")
    world.does("nurse", "randomise", participant="Cas")
    world.page_of("Cas", "pressure", "WEEK8", {"upper": "150", "lower": "95"})
    world.locked("week8")
    assert "is locked" in refused(world, [result(world)])
