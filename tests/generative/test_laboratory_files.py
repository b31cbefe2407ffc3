"""Whatever stands in a laboratory's file: every row is taken in, reported or sealed, and sealed rows show nowhere."""

from fractions import Fraction

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.plugins.laboratory import laboratory_trial, laboratory_world
from tests.plugins.world import CAST, World

from trialwright import conduct
from trialwright.capture.laboratory import names_of, split
from trialwright.capture.laboratory_values import in_decimals
from trialwright.conduct.import_results import Imported
from trialwright.conduct.laboratory_sealed import sealed_records

HEADER = b"laboratory,sample,participant,visit,test,value,unit,taken,comment"
SECRET = "515.151"
OPEN = ("K", "potassium", "ALT", "CRP", " alt ")
SEALED = ("RENIN", "renin mass", "Renin", "RENINN", "", "IgG")
UNITS = {"K": "mmol/L", "potassium": "mg/dL", "ALT": "ukat/L", " alt ": "U/L", "CRP": "mg/L"}
WRONG = {
    "laboratory": ["FAR", "", "TOWN"],
    "sample": ["S1", ""],
    "participant": ["NORTH-009-X", ""],
    "visit": ["FIRST", "WEEK9", ""],
    "value": ["<1", ">9", "1,5", "many", "", "0.0000001", "9" * 40],
    "unit": ["mol", "furlong", "g/L", ""],
    "taken": ["2026-02-01", "2027-01-01", "yesterday", ""],
}
spoilt = st.sampled_from([b",", b'"', b"\xff", b"\x00", b",,,,"])


@st.composite
def rows(draw: st.DrawFn, tests: tuple[str, ...], values: tuple[str, ...]) -> bytes:
    """A row of one of these tests: sound, or with cells that are wrong, or spoilt as a row."""
    person, visit = draw(st.sampled_from(["NORTH-001-I", "NORTH-002-G"])), draw(st.sampled_from(["START", "EXTRA.1"]))
    test = draw(st.sampled_from(tests))
    row = {"laboratory": "CITY", "sample": f"S-{person}-{visit}", "participant": person, "visit": visit, "test": test}
    row |= {"value": draw(st.sampled_from(values)), "unit": UNITS.get(test, "ng/L"), "taken": "2026-03-02"}
    row["comment"] = draw(st.sampled_from(["", "checked", "much, much", 'a "word"']))
    for name in draw(st.lists(st.sampled_from(sorted(WRONG)), max_size=2) if draw(st.booleans()) else st.just([])):
        row[name] = draw(st.sampled_from(WRONG[name]))
    cells = ['"' + cell.replace('"', '""') + '"' if set(cell) & set(',"') else cell for cell in row.values()]
    return ",".join(cells).encode() + (draw(spoilt) if draw(st.integers(0, 7)) == 7 else b"")


open_rows = st.lists(rows(OPEN, ("4.4", "4.9", "72")), max_size=6)
sealed_rows = st.lists(rows(SEALED, (SECRET, f"<{SECRET}", f"{SECRET},1")), max_size=5)


def handed_in(world: World, lines: list[bytes]) -> Imported:
    """A file with these rows, as far as they are sound."""
    content = b"\n".join([HEADER, *lines]) + b"\n"
    return conduct.import_results(world.desk, content=content, by=CAST["laboratory"], partial=True)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(first=open_rows, sealed=sealed_rows, more=open_rows)
def test_every_row_is_taken_in_reported_or_sealed(first: list[bytes], sealed: list[bytes], more: list[bytes]) -> None:
    world = laboratory_world()
    lines = [*first, *sealed, *more]
    definition = laboratory_trial()
    assert definition.laboratory is not None
    parts = split(b"\n".join([HEADER, *lines]), names_of(definition, definition.laboratory))
    assert len(parts.open) + len(parts.rest) == len(lines)
    assert len(parts.rest) >= len(sealed)
    done = handed_in(world, lines)
    said = "\n".join([*done.troubles, *done.repeated])
    taken = {one.row for one in done.taken}
    for line in parts.open:
        assert line.row in taken or f"row {line.row} (" in said
    if done.fact is not None:
        record = sealed_records(world.desk, world.keys)[done.fact]
        assert [row["row"] for row in record["rows"]] == [str(line.row) for line in parts.rest]
        kept = sum(row["became"] == "kept" for row in record["rows"])
        assert kept == sum(len([n for n in page["values"] if not n.startswith("*")]) for page in record["pages"])
        for row in record["rows"]:
            assert row["became"] != "not taken" or row["says"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(first=open_rows, sealed=sealed_rows, more=open_rows)
def test_sealed_rows_change_nothing_that_can_be_seen(
    first: list[bytes], sealed: list[bytes], more: list[bytes]
) -> None:
    found = []
    for lines in ([*first, *sealed, *more], [*first, *more]):
        world = laboratory_world()
        done = handed_in(world, lines)
        facts = [repr(fact._replace(digest="", previous="", seal="", payload=None)) for fact in world.facts()]
        pages = repr([person.pages for person in world.state.participants.values()])
        found.append((repr(done), facts, pages, repr(world.state.queries)))
        assert SECRET not in repr(found[-1])
        assert SECRET not in repr([fact.payload for fact in world.facts()])
        lengths = {len(str(value)) for value in world.desk.vault.kept(world.keys, "laboratory/").values()}
        assert all(2**16 - 200 < length < 2**16 + 5000 for length in lengths)
    assert found[0] == found[1]


@given(
    value=st.fractions(min_value=0, max_value=10**6, max_denominator=10**6),
    step=st.sampled_from([None, "0.1", "0.125", "1", "0.01"]),
)
def test_a_converted_number_is_exact_or_as_near_as_its_digits_allow_and_says_which(
    value: Fraction, step: str | None
) -> None:
    from decimal import Decimal

    text, rounded = in_decimals(value, Decimal("1.23"), None if step is None else Decimal(step))
    found = Fraction(text)
    assert rounded is (found != value)
    if step is not None:
        assert (found / Fraction(step)).denominator == 1
        assert abs(found - value) <= Fraction(step) / 2
    else:
        assert abs(found - value) <= value * Fraction(1, 2 * 10**5)
    assert "E" not in text
