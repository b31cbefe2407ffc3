"""What the program says of its instruments: names, words, variables for an export; and what it never says."""

import re
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest

from trialwright.design.instruments import Status, used_items
from trialwright.measures.instruments import INSTRUMENTS, NAMES, instrument, score, words
from trialwright.measures.instruments.metadata import as_plain, variables


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_the_list_of_names_is_that_of_the_declarations(name: str) -> None:
    assert (instrument(name).id, instrument(name).label) == (name, NAMES[name])


def test_another_name_is_answered_with_a_near_one() -> None:
    with pytest.raises(KeyError, match="did you mean 'haq-di'"):
        instrument("haq")


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_every_scale_names_a_source_and_every_source_its_status(name: str) -> None:
    found = instrument(name)
    for scale in found.scales:
        claims = words.claims(found, f"scales.{scale.id}")
        assert claims
        assert all(words.status(found, claim) in set(Status) for claim in claims)
    assert {claim.source for claim in found.claims} <= set(found.sources)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_labels_are_neutral(name: str) -> None:
    """A wording speaks of a person; a label never does."""
    said = " ".join(item.label for item in instrument(name).items).lower()
    assert not re.search(r"\b(i|my|me|you|your|are you able)\b", said)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_every_item_and_score_is_a_variable_of_the_export(name: str) -> None:
    found = instrument(name)
    made = variables(found)
    assert [one.id for one in made] == [*(item.id for item in found.items), *(one.id for one in found.scales)]
    for one in made:
        assert (one.derivation is not None) == (one.kind == "score")
        assert one.kind == "item" or one.inputs == used_items(found, found.scale(one.id))
        assert not one.codes or (one.low, one.high) == (Decimal(one.codes[0][0]), Decimal(one.codes[-1][0]))
    assert as_plain(found)["id"] == name


def test_the_derivation_of_a_score_says_rule_missing_rule_and_inputs() -> None:
    made = {one.id: one for one in variables(instrument("facit-fatigue"))}
    assert made["fatigue"].derivation == (
        "Sum of 13 items, 11 of them reversed. Missing: at least 7 of 13 items answered; the person's mean stands for "
        "the rest. fatigue = 13 * sum(x) / k; k = parts answered. Inputs: HI7, HI12, An1, An2, An3, An4, An5, An7, "
        "An8, An12, An14, An15, An16. FACIT-Fatigue, version 4."
    )
    assert (made["HI7"].data_type, made["fatigue"].data_type) == ("integer", "float")
    assert {one.id: one.data_type for one in variables(instrument("mmt-24"))}["mmt24"] == "integer"
    assert {one.id: one.code_list for one in variables(instrument("haq-di"))}["cane"] == "haq-di.tick"


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_a_score_never_leaves_the_range_that_is_declared(name: str) -> None:
    found = instrument(name)
    chance = np.random.default_rng(3)
    columns = {
        variable.id: chance.integers(int(variable.low or 0), int(variable.high or 9) + 1, 400).astype(float)
        for variable in variables(found)
        if variable.kind == "item"
    }
    for column in columns.values():
        column[chance.random(400) < 0.05] = np.nan
    for scale in found.scales:
        values = score(found, columns)[scale.id].values
        known = values[~np.isnan(values)]
        assert known.size
        assert scale.low is None or known.min() >= float(scale.low)
        assert scale.high is None or known.max() <= float(scale.high)


def test_listing_the_names_imports_no_arrays_and_no_models() -> None:
    """The commands are made from the names, and `--help` must answer at once."""
    code = (
        "import sys; import trialwright.cli.score_instrument, trialwright.measures.instruments;"
        "print(sorted({'numpy', 'polars', 'pydantic', 'ruamel.yaml', 'rich.table'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
