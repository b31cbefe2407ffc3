"""Time frames, ages, instruments and numbers in running text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.registry import phrases
from trialwright.registry.likeness import likeness, numbers, plain
from trialwright.registry.record import Ages


@pytest.mark.parametrize(
    ("text", "frames", "rest"),
    [
        ("treatment response at 12 weeks", ("P12W",), "treatment response"),
        ("response at week 12", ("P12W",), "response"),
        ("response after 4, 8 and 12 weeks", ("P4W", "P8W", "P12W"), "response"),
        ("survival up to 1 year", ("P1Y",), "survival"),
        ("6 months", ("P6M",), ""),
        ("Week 26", ("P26W",), ""),
        ("steps a day", (), "steps a day"),
        ("IgG blood levels", (), "IgG blood levels"),
    ],
)
def test_time_frames_are_read_out_of_names(text: str, frames: tuple[str, ...], rest: str) -> None:
    assert phrases.durations(text) == (frames, rest)


@given(st.integers(1, 999), st.sampled_from(["day", "week", "month", "year"]))
def test_a_time_frame_is_found_however_it_is_said(count: int, unit: str) -> None:
    frame = f"P{count}{unit[0].upper()}"
    for said in (
        f"score at {count} {unit}s",
        f"score after {count} {unit}s",
        f"score at {unit} {count}",
        f"score up to {count}-{unit}",
    ):
        assert phrases.durations(said) == ((frame,), "score")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("Adult patients (≥ 18 years)", Ages(18, None)),
        ("Patients >17 years of age", Ages(18, None)),
        ("Age 18 to 80 years", Ages(18, 80)),
        ("Adults aged 18-65 years", Ages(18, 65)),
        ("Patients at least 18 years and < 76 years", Ages(18, 75)),
        ("Disease duration < 2 years", None),
        ("Patients with a history of cancer within 5 years", None),
        ("Signed informed consent", None),
    ],
)
def test_ages_are_read_only_where_a_text_speaks_of_age(text: str, allowed: Ages | None) -> None:
    assert phrases.ages(text) == allowed


@pytest.mark.parametrize(
    ("text", "tool", "rest"),
    [
        ("quality of life is measured by EQ-5D.", "EQ-5D", "quality of life"),
        ("response, measured by 'total improvement score'", "total improvement score", "response"),
        ("oedema by whole body muscle MRI", "whole body muscle MRI", "oedema"),
        ("death by any cause", None, "death by any cause"),
    ],
)
def test_instruments_are_read_out_of_names(text: str, tool: str | None, rest: str) -> None:
    assert phrases.instrument(text) == (tool, rest)


@pytest.mark.parametrize(
    ("number", "register"),
    [
        ("NCT05832034", "ClinicalTrials.gov"), ("2024-516057-42-00", "CTIS"), ("2020-001710-37", "EudraCT"),
        ("NL-OMON26160", "OMON"), ("NL74270.018.20", "CCMO"), ("ISRCTN12345678", "ISRCTN"),
    ],
)  # fmt: skip
def test_a_number_tells_its_register(number: str, register: str) -> None:
    found = phrases.identifier(f" {number} ")
    assert found is not None
    assert (found.register, found.value) == (register, number)


@pytest.mark.parametrize("text", ["NCT0583203", "2024-516057-42", "hello", ""])
def test_what_is_no_registration_number_is_none(text: str) -> None:
    assert phrases.identifier(text) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_is_symmetric_and_between_nothing_and_one(one: str, other: str) -> None:
    assert likeness(one, other) == pytest.approx(likeness(other, one))
    assert 0 <= likeness(one, other) <= 1


def test_a_typing_error_or_another_spelling_does_not_part_two_texts() -> None:
    assert likeness("interferon biomakers", "Interferon biomarkers") == 1
    assert likeness("muscle edema", "muscle oedema") == 1
    assert likeness("IgG levels", "oedema on MRI") == 0


def test_signs_and_case_do_not_count_but_numbers_do() -> None:
    assert plain("Age ≥ 18  years.") == plain("age >= 18 years")
    assert numbers("≥10% loss, 40 mg, 0.250 and CXCL-10") == {"10", "40", "0.25"}
