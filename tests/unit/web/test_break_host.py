"""The break host's parts: people and their codes, the log, the folder, the drill."""

import sqlite3
from base64 import b32decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.plugins.breaking import PASSPHRASE, Night, a_night, arm_of, sealed_slots
from tests.plugins.world import monday_morning
from tests.plugins.worlds import ANNEX, allocation_list, holder_key

from trialwright.allocation.notices import DRILL, read_notice
from trialwright.web.breaking import drill, host, log, people
from trialwright.web.breaking.host import NotAHost
from trialwright.web.breaking.opening import NotShown, mend_outbox

LABEL = allocation_list()[0].label


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A break host with one doctor."""
    return a_night(tmp_path / "break")


# ------------------------------------------------------------------ people

RFC_6238_SECRET = b"12345678901234567890"
RFC_6238 = [(59, "94287082"), (1111111109, "07081804"), (1234567890, "89005924"), (20000000000, "65353130")]


@pytest.mark.parametrize(("second", "code"), RFC_6238)
def test_one_time_codes_are_those_of_rfc_6238_appendix_b(second: int, code: str) -> None:
    assert people.code_at(RFC_6238_SECRET, datetime.fromtimestamp(second, UTC)) == code[-6:]


def test_a_code_counts_half_a_minute_early_or_late_and_no_longer(night: Night) -> None:
    now = night.now + timedelta(hours=1)
    table = [(-61, False), (-30, True), (0, True), (30, True), (61, False)]
    with log.reading(night.host.folder) as database:
        for seconds, known in table:
            code = people.code_at(night.secrets["p02"], now + timedelta(seconds=seconds))
            assert (people.recognised(database, "p02", PASSPHRASE, code, now) is not None) == known


def test_a_passphrase_is_known_however_its_letters_are_composed_and_nobody_else_is(night: Night) -> None:
    with log.writing(night.host.folder) as database:
        secret, address = people.add(database, "m.m", "Mé", "", "un café très fort", night.now, "PRESS")
    assert f"secret={secret}" in address
    code = people.code_at(b32decode(secret), night.now)
    table = [
        ("m.m", "un cafe\u0301 tre\u0300s fort ", code, True),
        ("m.m", "un cafe tres fort", code, False),
        ("m.m", "", code, False),
        ("m.m", "un café très fort", "000 000", False),
        ("nobody", "un café très fort", code, False),
        ("p02", "un café très fort", code, False),
    ]
    with log.reading(night.host.folder) as database:
        for person, passphrase, typed, known in table:
            assert (people.recognised(database, person, passphrase, typed, night.now) is not None) == known


def test_neither_passphrase_nor_typed_ids_of_strangers_are_kept(night: Night) -> None:
    with pytest.raises(NotShown):
        night.asks(LABEL, person="p02", passphrase="a secret that was mistyped")
    with log.writing(night.host.folder) as database:
        people.note_failure(database, "my passphrase in the wrong field", night.now)
    kept = (night.host.folder / log.FILE).read_bytes()
    assert PASSPHRASE.encode() not in kept
    assert b"mistyped" not in kept
    assert b"wrong field" not in kept


@pytest.mark.parametrize(
    ("person", "passphrase", "sentence"),
    [("p 1", PASSPHRASE, "is no id"), ("p1", "short", "at least 12"), ("p02", PASSPHRASE, "enrolled already")],
)
def test_who_cannot_be_enrolled_is_told_why(night: Night, person: str, passphrase: str, sentence: str) -> None:
    with log.writing(night.host.folder) as database, pytest.raises(people.CannotEnrol, match=sentence):
        people.add(database, person, "X", "", passphrase, night.now, "PRESS")


def test_who_has_left_opens_nothing_more_and_may_come_back_with_another_secret(night: Night) -> None:
    with log.writing(night.host.folder) as database:
        assert people.remove(database, "p02", night.now)
        assert not people.remove(database, "p02", night.now)
    with pytest.raises(NotShown):
        night.asks(LABEL)
    night.enrol("p02", "Iris Investigator")
    assert night.asks(LABEL).arm == arm_of(LABEL)


# ------------------------------------------------------------------ the log


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE entry SET body = replace(body, 'p02', 'p03')", "the seal of entry"),
        ("UPDATE entry SET seal = '00'", "the seal of entry"),
        ("DELETE FROM entry WHERE number = 1", "does not follow"),
    ],
)
def test_a_changed_log_is_noticed_and_an_honest_program_cannot_change_it(
    night: Night, change: str, sentence: str
) -> None:
    night.asks(LABEL)
    assert log.problems(night.host.folder) == []
    with log.writing(night.host.folder) as database, pytest.raises(sqlite3.IntegrityError, match="never"):
        database.execute(change)
    database = sqlite3.connect(night.host.folder / log.FILE)
    database.executescript(f"DROP TRIGGER entry_stays; DROP TRIGGER entry_kept; {change};")
    database.close()
    problems = log.problems(night.host.folder)
    assert any(sentence in problem for problem in problems)
    assert any("guard" in problem for problem in problems)


def test_a_seal_cannot_be_tried_out_since_every_entry_holds_its_own_chance(night: Night) -> None:
    night.asks(LABEL)
    with log.reading(night.host.folder) as database:
        bodies = [body for (body,) in database.execute("SELECT body FROM entry")]
    salts = [body.split('"salt":"')[1][:32] for body in bodies]
    assert len(set(salts)) == len(salts)


# ------------------------------------------------------------------ the folder


def test_slots_lie_in_the_order_of_labels_without_stratum_or_place_and_the_arm_is_in_no_file(night: Night) -> None:
    slots = host.read_slots(night.host.folder)
    assert list(slots) == sorted(slots)
    assert set(slots) == {slot.label for slot in allocation_list()} | {night.host.drill}
    text = (night.host.folder / host.SLOTS).read_text()
    assert not any(slot.stratum in text for slot in allocation_list())


def test_another_key_or_list_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    from dataclasses import replace

    from pyrage import x25519
    from tests.plugins.breaking import ARMS

    slots = sealed_slots()
    about = host.About("PRESS", "PRESS", "1", ARMS)
    good, bad = holder_key("holder"), str(x25519.Identity.generate())
    exchanged = (replace(slots[0], leaf=slots[1].leaf), *slots[1:])
    table = [
        (about, slots, bad, "none of the keys"),
        (about, exchanged, good, "not hold what was committed"),
        (replace(about, trial="OTHER"), slots, good, "not hold what was committed"),
        (replace(about, telephone=" "), slots, good, "telephone"),
        (about, (), good, "no slot to hold"),
    ]
    for said, held, key, sentence in table:
        with pytest.raises(NotAHost, match=sentence):
            host.make(tmp_path / "b", said, held, (), tmp_path / "key", key, monday_morning().at)
        assert not (tmp_path / "b").exists()


def test_a_label_never_changes_its_leaf(night: Night) -> None:
    from dataclasses import replace

    slots = sealed_slots()
    assert host.take_slots(night.host, slots, ("root",), night.identity, night.now) == len(slots)
    other = replace(slots[0], leaf=slots[1].leaf)
    with pytest.raises(NotAHost, match="another leaf"):
        host.take_slots(night.host, [other], ("root",), night.identity, night.now)
    assert night.asks(LABEL).arm == arm_of(LABEL)


def test_a_damaged_host_says_so_and_names_the_envelopes(night: Night) -> None:
    (night.host.folder / host.SLOTS).write_text("[[")
    with pytest.raises(NotShown, match="envelope"):
        night.asks(LABEL)
    (night.host.folder / host.SETTINGS).write_text("{")
    with pytest.raises(NotAHost, match="envelopes"):
        host.read_host(night.host.folder)


# ------------------------------------------------------------------ notices and drill


def test_a_notice_that_a_crash_or_a_full_disk_kept_back_is_written_at_the_next_look(night: Night) -> None:
    night.asks(LABEL)
    whole = night.outbox()
    for path in list(night.host.outbox.iterdir()):
        path.unlink()
    assert mend_outbox(night.host) == 1
    assert night.outbox() == whole
    assert mend_outbox(night.host) == 0


def test_what_is_logged_is_shown_although_the_notice_cannot_be_written(night: Night) -> None:
    night.host.outbox.rmdir()
    shown = night.asks(LABEL)
    assert (shown.arm, shown.told) == (arm_of(LABEL), False)
    night.host.outbox.mkdir()
    assert mend_outbox(night.host) == 1


def test_what_cannot_be_logged_is_not_shown(night: Night) -> None:
    database = sqlite3.connect(night.host.folder / log.FILE)
    database.executescript("CREATE TRIGGER full BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    database.close()
    with pytest.raises(sqlite3.Error, match="disk full"):
        night.asks(LABEL)
    assert night.outbox() == {}


@pytest.mark.requirement("BK2")
def test_the_yearly_drill_opens_the_label_that_nobody_has_and_writes_its_report(night: Night) -> None:
    found = drill.measured(
        lambda: night.form(night.host.drill, category="other", words="yearly drill"),
        lambda asked: night.asks(asked.label),
    )
    path = drill.report(night.host, found, night.now)
    text = path.read_text()
    assert found.shown.drill
    assert "belongs to no participant" in found.shown.arm
    assert "Interactions: 3" in text
    assert "| NO |" not in text
    (notice,) = [content for name, content in night.outbox().items() if name.endswith(".json")]
    assert read_notice(notice, night.public).kind == DRILL
    assert night.entries(log.OPENED) == []


def test_a_drill_neither_counts_as_a_break_nor_raises_an_alarm(night: Night) -> None:
    night.asks(night.host.drill)
    night.asks(LABEL)
    assert night.entries(log.OPENED)[-1].said["alarms"] == []


def test_the_small_trials_annex_is_what_the_host_compares_with(night: Night) -> None:
    held = host.read_slots(night.host.folder)
    assert {held[slot.label].annex_sha256 for slot in allocation_list()} == {ANNEX.sha256}


@pytest.mark.requirement("BL5")
def test_of_many_sendings_of_one_form_at_once_one_alone_is_shown(night: Night) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from trialwright.web.breaking.opening import open_label

    night.now += timedelta(minutes=1)
    form = night.form(LABEL)

    def send(_: int) -> str:
        try:
            return open_label(night.host, night.identity, form, night.now).arm
        except NotShown:
            return ""

    with ThreadPoolExecutor(6) as pool:
        shown = list(pool.map(send, range(6)))
    assert sorted(shown) == ["", "", "", "", "", arm_of(LABEL)]
    assert len(night.entries(log.OPENED)) == 1
