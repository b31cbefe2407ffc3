"""Tapes: the compiled kernel gives every bit that NumPy gives, for any table that the language can say."""

from concurrent.futures import ThreadPoolExecutor
from ctypes import CDLL
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright import design, simulate
from trialwright.compute import native
from trialwright.simulate import tape
from trialwright.simulate.formula import Codes
from trialwright.simulate.participants import arrivals, followed, screened
from trialwright.simulate.scenario import Variable
from trialwright.simulate.variables import Address, Compiler, Table, reached, spread

from .conftest import REFERENCE, SMALL

PEOPLE = 75
"""Not a multiple of eight, and more than one block of a table with several places."""
VISITS = ("W0", "W4", "W8", "W12", "W26")


def raw(value: Any) -> np.ndarray:
    return np.asarray(value.index if isinstance(value, Codes) else value)


def same(one: Any, other: Any) -> bool:
    """Every bit, but for the payload of what is not a number."""
    first, second = raw(one), raw(other)
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    if first.dtype.kind != "f":
        return np.array_equal(first, second) and getattr(one, "names", ()) == getattr(other, "names", ())
    return np.array_equal(first, second, equal_nan=True) and np.array_equal(
        np.signbit(first)[first == first], np.signbit(second)[second == second]
    )


def by_tape(table: Table, environment: dict[str, Any], address: Address) -> dict[str, Any] | None:
    """What the library makes of a table, or None where NumPy has to."""
    recipes = {name: table.recipes[name] for name, _ in table.steps}
    made = tape.played(recipes, table.inputs, table.kept, table.in_steps, environment, address, table.visits, {})
    return None if made is None else {name: spread(value, address) for name, value in made.items()}


@pytest.fixture(autouse=True)
def small_tables_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tape, "FEWEST", 2)


# ------------------------------------------------------------------ what is shipped


@pytest.fixture
def compared(kernel: CDLL, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every table that is filled is filled by both; the names that were compared."""
    seen: list[str] = []

    def fill(self: Table, environment: dict[str, Any], address: Address) -> dict[str, Any]:
        reference = self.fill_reference(environment, address)
        made = by_tape(self, environment, address)
        if made is None:
            assert len(address.trial) < 2
        else:
            assert made.keys() == reference.keys()
            assert [name for name in made if not same(made[name], reference[name])] == []
            seen.extend(made)
        environment.update(reference)
        return environment

    monkeypatch.setattr(Table, "fill", fill)
    return seen


@pytest.mark.parametrize("width", native.WIDTHS)
@pytest.mark.parametrize("folder", [REFERENCE, SMALL], ids=["reference", "small"])
def test_the_shipped_scenarios_are_the_same_bits_at_every_width(folder, width, kernel, compared) -> None:
    before = native.width() or ""
    if kernel.tw_width(width.encode()) < 0:
        pytest.skip(f"this machine has no {width}")
    source, definition = simulate.read(folder), design.read(folder)
    names = source.scenarios.scenarios if width == "portable" else [source.scenarios.default]
    for name in names:
        program = simulate.program(source, definition, name)
        crowd = screened(program, 7, arrivals(program, 7, [0, 2**40 + 1]))
        followed(crowd, np.where(crowd.enrolled, np.arange(len(crowd)) % len(program.arms), -1))
        variables = program.scenarios
        declared = {*variables.screening.variables, *variables.course, *variables.visits}
        assert declared | {name for rows in variables.rows.values() for name in rows.variables} <= set(compared)
    kernel.tw_width(before.encode())


# ------------------------------------------------------------------ whatever can be said

NUMBERS = ("x", "week", "on", "k", "whole")
TRUTHS = ("flag", "late")
KNOWN = {**dict.fromkeys((*NUMBERS, *TRUTHS)), "sex": ("F", "M"), "visit": VISITS}


def environment(random: np.random.Generator) -> dict[str, Any]:
    places = len(VISITS)
    return {
        "x": random.normal(size=(PEOPLE, 1)),
        "week": np.array([[0.0, 4, 8, 12, 26]]),
        "on": np.asfortranarray(random.integers(0, 200, (PEOPLE, places)).astype(np.float64)),
        "k": 0.75,
        "whole": random.integers(-3, 4, (PEOPLE, 1)),
        "flag": random.integers(0, 2, (PEOPLE, 1)).astype(bool),
        "late": random.integers(0, 2, (PEOPLE, places)).astype(bool),
        "sex": Codes(random.integers(0, 2, (PEOPLE, 1)), ("F", "M")),
        "visit": Codes(np.broadcast_to(np.arange(places), (PEOPLE, places)), VISITS),
    }


def calls(name: str, count: int, parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*[parts] * count).map(lambda written: f"({name}({', '.join(written)}))")


def between(operators: tuple[str, ...], parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(parts, st.sampled_from(operators), parts).map(lambda written: f"({' '.join(written)})")


def deeper(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Any expression over expressions; numbers and truths mix as they may."""
    return st.one_of(
        between(("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or"), parts),
        between(("+", "*", "-"), parts),
        *(calls(name, 1, parts) for name in ("exp", "log", "sqrt", "abs", "floor", "ceil", "missing", "not ", "-")),
        *(calls(name, count, parts) for name, count in (("min", 2), ("max", 3), ("if", 3))),
        st.tuples(parts, parts).map(lambda two: f"count([{two[0]} > 0, {two[1]} <= 1])"),
    )


LEAVES = st.one_of(
    st.sampled_from([*NUMBERS, *TRUTHS, "true", "0", "1", "2.5", "0.1"]),
    st.sampled_from(["sex == F", "sex != F", "visit in [W4, W26]", "visit == W0", "at(on, W8)", "at(late, W26)"]),
)
FORMULAS = st.recursive(LEAVES.map(lambda text: f"({text})"), deeper, max_leaves=9)
SIZES = st.sampled_from(["1", "0.5", "k", "abs(x) + 0.1", "if(sex == F, 1, 2)", "week / 10 + 0.2", "on / 100 + 0.1"])
KINDS = st.one_of(
    st.fixed_dictionaries({"formula": FORMULAS}),
    st.fixed_dictionaries({"normal": st.fixed_dictionaries({"mean": FORMULAS, "sd": SIZES})}),
    st.fixed_dictionaries({"lognormal": st.fixed_dictionaries({"median": SIZES, "sigma": SIZES})}),
    st.fixed_dictionaries({"bernoulli": st.sampled_from(["0.3", "if(flag, 0.2, 0.7)", "week / 30", "1"])}),
    st.fixed_dictionaries({"exponential": st.fixed_dictionaries({"mean": SIZES})}),
    st.fixed_dictionaries({"between": st.fixed_dictionaries({"low": SIZES, "high": SIZES})}),
    st.fixed_dictionaries(
        {"integer": st.sampled_from([{"low": "2", "high": "9"}, {"low": "whole", "high": "whole + 5"}])}
    ),
    st.fixed_dictionaries({"choose": st.dictionaries(st.sampled_from("abcde"), SIZES, min_size=1)}),
    st.fixed_dictionaries({"by_visit": st.dictionaries(st.sampled_from(VISITS), st.sampled_from(["1", "x", "-2.5"]))}),
)


@st.composite
def variables(draw: st.DrawFn) -> dict[str, Variable]:
    made = {}
    for number in range(draw(st.integers(1, 4))):
        said: dict[str, Any] = dict(draw(KINDS))
        if not {"formula", "by_visit"} & said.keys():
            said["persist"] = draw(st.sampled_from([None, "0.6"]))
        if "choose" not in said:
            said["within"] = draw(st.sampled_from([None, None, ("-2", "3"), ("x - 1", "x + 2"), ("0", "week")]))
            said["step"] = draw(st.sampled_from([None, "0.1", "0.125", "1", "2.5"]))
        made[f"v{number}"] = Variable.model_validate(said)
    return made


def table_of(said: dict[str, Variable]) -> Table:
    source = simulate.read(SMALL)
    compiler = Compiler(source, source.scenarios.scenarios[source.scenarios.default], VISITS)
    compiler.know(**KNOWN)
    made = compiler.table(said, ("visits",))
    assert not compiler.problems
    return replace(made, in_steps=frozenset(said))


@given(variables(), st.integers(0, 2**32), st.sampled_from(native.WIDTHS))
@settings(max_examples=150, deadline=None)
def test_any_table_is_the_same_bits(kernel, said, salt, width) -> None:
    before = native.width() or ""
    table = table_of(said)
    place = np.arange(len(VISITS))[None, :]
    address = Address(salt, np.full((PEOPLE, 1), salt, dtype=np.uint64), np.arange(PEOPLE)[:, None], place)
    known = environment(np.random.default_rng(salt))
    with np.errstate(all="ignore"):
        try:
            reference = table.fill_reference(known, address)
        except TypeError:
            reference = None  # NumPy does not subtract truths.
        kernel.tw_width(width.encode())
        made = by_tape(table, known, address)
        kernel.tw_width(before.encode())
    if made is None:
        return
    assert reference is not None
    assert [name for name in reference if not same(made[name], reference[name])] == []


@given(variables(), st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_a_participant_is_the_same_among_others(kernel, said, salt) -> None:
    table = table_of(said)
    place = np.arange(len(VISITS))[None, :]
    trial = np.full((PEOPLE, 1), salt, dtype=np.uint64)
    known = environment(np.random.default_rng(salt))
    some = np.random.default_rng(salt).permutation(PEOPLE)[:11]

    def cut(value: Any) -> Any:
        if isinstance(value, Codes):
            return Codes(value.index[some], value.names)
        return value[some] if np.ndim(value) and len(value) == PEOPLE else value

    with np.errstate(all="ignore"):
        whole = by_tape(table, known, Address(1, trial, np.arange(PEOPLE)[:, None], place))
        part = by_tape(
            table, {name: cut(value) for name, value in known.items()}, Address(1, trial[some], some[:, None], place)
        )
    if whole is None or part is None:
        return
    for name, value in whole.items():
        assert same(cut(value), part[name]), name


# ------------------------------------------------------------------ how it is used


def sample(program: simulate.Program, people: int = 40) -> tuple[dict[str, Any], Address]:
    known: dict[str, Any] = dict(program.parameters)
    known["fate"] = Codes(np.zeros((people, 1), dtype=np.int64), tuple(program.scenarios.fates))
    known["screened"] = np.zeros((people, 1))
    zeros = np.zeros((people, 1), dtype=np.int64)
    return known, Address(3, zeros.astype(np.uint64), np.arange(people)[:, None], zeros)


def test_only_what_is_needed_is_computed_and_only_what_is_kept_is_left(reference) -> None:
    known, address = sample(reference)
    whole = reference.screening.fill(dict(known), address)
    cut = reference.screening.only({"siglec0"}).keeping({"siglec0", "sex"})
    assert {name for name, _ in cut.steps} == reached({"siglec0"}, reference.uses) - {"fate"}
    for fill in (cut.fill, cut.fill_reference):
        left = {**known, **fill(dict(known), address)}
        assert left.keys() - known.keys() == {"siglec0"}
        assert same(left["siglec0"], whole["siglec0"])


@pytest.mark.parametrize("recipes", ["with the kernel", "without"])
def test_a_value_on_a_grid_is_left_in_steps(reference, recipes) -> None:
    known, address = sample(reference)
    table = reference.screening.only({"phga0", "haq0", "age", "siglec0"})
    values = table.fill(dict(known), address)
    cut = table.keeping({"age"}, in_steps={"phga0", "haq0", "age", "siglec0"})
    fill = cut.fill if recipes == "with the kernel" else cut.fill_reference
    left = {**known, **fill(dict(known), address)}
    assert left.keys() - known.keys() == {"age", "#phga0", "#haq0", "#age"}
    for name, per_unit in (("phga0", 10), ("haq0", 8), ("age", 1)):
        assert left[f"#{name}"].dtype == np.int32
        assert np.array_equal(left[f"#{name}"] / per_unit, values[name])


def test_a_missing_number_and_one_that_is_too_large_keep_their_places_among_steps(kernel) -> None:
    table = table_of(
        {"v0": Variable.model_validate({"formula": "if(flag, log(0 * x - 1), x * 1000000000000)", "step": "0.1"})}
    )
    address = Address(1, np.zeros((8, 1), dtype=np.uint64), np.arange(8)[:, None], np.zeros((1, 1), dtype=np.int64))
    known = {"x": np.linspace(-1, 2, 8)[:, None], "flag": np.arange(8)[:, None] % 4 == 0}
    wanted = [tape.MISSING if row % 4 == 0 else np.sign(known["x"][row, 0]) * (2**31 - 1) for row in range(8)]
    assert table.fill_reference(known, address)["#v0"][:, 0].tolist() == wanted
    made = by_tape(table, known, address)
    assert made is not None
    assert made["#v0"][:, 0].tolist() == wanted


def test_a_table_remembers_its_tape_and_another_parameter_writes_another(reference, kernel) -> None:
    known, address = sample(reference)
    table = reference.course.only({"gain"})
    known["arm"] = Codes(np.arange(40)[:, None] % 2, reference.arms)
    first = table.fill(dict(known), address)["gain"]
    table.fill(dict(known), address)
    assert len(table.tapes) == 1
    other = table.fill({**known, "gain_A": 5.0}, address)["gain"]
    assert len(table.tapes) == 2
    assert (other[known["arm"].index == 0] > first[known["arm"].index == 0]).any()
    assert np.array_equal(other[known["arm"].index == 1], first[known["arm"].index == 1])


def test_threads_that_share_a_table_do_not_disturb_each_other(reference, kernel) -> None:
    table = reference.screening.only({"siglec0", "exm0"})

    def one(seed: int) -> np.ndarray:
        known, address = sample(reference, 300)
        return np.asarray(table.fill(known, replace(address, seed=seed))["siglec0"])

    alone = [one(seed) for seed in range(12)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(one, range(12)))
    assert all(np.array_equal(first, second) for first, second in zip(alone, together, strict=True))


def test_what_a_tape_cannot_say_is_left_to_numpy(kernel) -> None:
    table = table_of({"v0": Variable.model_validate({"formula": "x + 1"})})
    address = Address(1, np.zeros((9, 1), dtype=np.uint64), np.arange(9)[:, None], np.zeros((1, 1), dtype=np.int64))
    narrow = {"x": np.ones((9, 1), dtype=np.float32)}
    assert by_tape(table, narrow, address) is None
    assert table.fill(narrow, address)["v0"].tolist() == [[2.0]] * 9


def test_an_address_that_is_none_is_refused_by_both(reference) -> None:
    known, address = sample(reference)
    for table in (reference.screening, replace(reference.screening, recipes={})):
        with pytest.raises(ValueError, match="from 0"):
            table.fill(dict(known), replace(address, slot=address.slot - 1))
