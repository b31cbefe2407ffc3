"""Whatever stands in a definition file, reading it never crashes: it gives a definition, or problems with places."""

import random
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.plugins.editing import REFERENCE, SMALL

from trialwright import design
from trialwright.design.canonical import plain
from trialwright.design.model import Definition

WORDS = [
    "NO", "12:30", "null", "-1", "1e9", "[]", "{}", "[a, b]", "{a: b}", "'", '"', ": ", "- ", "\n", "#", "&a",
    "*a", "!include trial.yaml", "!!set", "|", ">", "%", "@", "`", "\t", "\x00", "\ud7ff", "é", "true",
    "src: nobody", "{value: 1, src: invented}", "when: (", "age", "it.x", "prev(prev(age))", "9" * 60, "0.1.2",
    "2026-02-30", "<<: {}", "? ", "---\n", "...\n", "a" * 300, "sealed", "day: 0", "codes: SEX",
]  # fmt: skip

FEW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@cache
def small_text() -> str:
    return (SMALL / "trial.yaml").read_text(encoding="utf-8")


def read_from(folder: Path, text: str) -> design.Reading:
    """The reading of a text; checks what holds of every reading."""
    file = folder / "trial.yaml"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    reading = design.inspect(file)
    lines = text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + text.count("\u2029") + 1
    for problem in reading.problems:
        assert problem.message
        assert problem.place.file == str(file)
        assert 1 <= problem.place.line <= lines + 1
        assert problem.place.column >= 1
    assert (reading.definition is None) == bool(reading.errors)
    if reading.definition is not None:
        round_trip(reading.definition)
    return reading


def round_trip(definition: Definition) -> None:
    again = design.from_canonical(design.canonical(definition))
    assert again == definition
    assert design.fingerprint(again) == design.fingerprint(definition)


@FEW
@given(seed=st.integers(0, 2**32))
def test_a_garbled_definition_gives_problems_with_places_and_never_a_crash(tmp_path: Path, seed: int) -> None:
    """One to four cuts, copies, swaps and insertions of words at random places of a sound definition."""
    chance, text = random.Random(seed), small_text()
    for _ in range(chance.randint(1, 4)):
        begin = chance.randrange(len(text))
        end = min(len(text), begin + chance.choice([0, 1, 3, 10, 40]))
        there = chance.randrange(len(text))
        new = chance.choice([*WORDS, text[there : there + end - begin], ""])
        text = text[:begin] + new + text[end:]
    read_from(tmp_path, text)


@FEW
@given(seed=st.integers(0, 2**32))
def test_a_definition_with_words_exchanged_gives_problems_with_places_and_never_a_crash(
    tmp_path: Path, seed: int
) -> None:
    """The layout stays whole, so that the models, the references and the expressions are reached."""
    chance, lines = random.Random(seed), small_text().split("\n")
    for _ in range(chance.randint(1, 5)):
        number = chance.randrange(len(lines))
        parts = lines[number].split(" ")
        parts[chance.randrange(len(parts))] = chance.choice([*WORDS, *chance.choice(lines).split(" ")])
        lines[number] = " ".join(parts)
    read_from(tmp_path, "\n".join(lines))


@FEW
@given(text=st.text(max_size=300))
def test_any_text_at_all_is_read_or_refused(tmp_path: Path, text: str) -> None:
    reading = read_from(tmp_path, text.encode("utf-8", "ignore").decode())
    assert reading.definition is None


@FEW
@given(seed=st.integers(0, 2**32))
def test_a_value_taken_away_or_replaced_is_found(tmp_path: Path, seed: int) -> None:
    """One line of a mapping in block style less: the definition is refused, or it is another one."""
    chance, lines = random.Random(seed), small_text().split("\n")
    says_something = [index for index, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    # Consent to the trial is needed whether or not the definition says so.
    number = chance.choice([index for index in says_something if "needed: [trial]" not in lines[index]])
    reading = read_from(tmp_path, "\n".join(lines[:number] + lines[number + 1 :]))
    if reading.definition is not None:
        assert plain(reading.definition) != plain(sound())


@cache
def sound() -> Definition:
    return design.read(SMALL)


def test_the_reference_trial_survives_the_round_trip() -> None:
    round_trip(design.read(REFERENCE))
