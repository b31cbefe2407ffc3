"""`trialwright instruments list|show`: pages that a person can read, JSON that a program can."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from trialwright.cli.instruments import instruments_app
from trialwright.measures.instruments import INSTRUMENTS, instrument


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(instruments_app, list(map(str, arguments)))


def test_the_list_names_every_instrument_once() -> None:
    lines = run("list").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:] if line[:1].strip()][: len(INSTRUMENTS)] == list(INSTRUMENTS)
    assert [one["id"] for one in json.loads(run("list", "--json").stdout)] == list(INSTRUMENTS)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_a_page_shows_every_item_scale_and_source(name: str) -> None:
    result = run("show", name)
    found = instrument(name)
    assert result.exit_code == 0
    for word in (found.label, found.version, *(item.id for item in found.items), *(one.id for one in found.scales)):
        assert word in result.stdout
    for key, source in found.sources.items():
        assert key in result.stdout
        assert source.status.value in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 120
    assert not any(line != line.rstrip() for line in result.stdout.splitlines())


def test_a_page_says_rule_formula_missing_rule_and_what_no_source_says() -> None:
    page = " ".join(run("show", "haq-di").stdout.split())
    for said in (
        "mean of the 8 categories, each counting its highest item, at least 2 where an aid is ticked",
        "di = sum(c) / k; k = categories answered; c = max(items of the category), max(c, 2) with an aid",
        "at least 6 of 8 categories answered; the mean of those answered",
        "minimum aramis [recalled]",
        "scales.di.minimum aramis [recalled] fewer",
        "0 to 3; lower is better",
    ):
        assert said in page


def test_json_holds_rules_ranges_and_where_they_come_from() -> None:
    shown = json.loads(run("show", "haq-di", "--json").stdout)
    scale = shown["scales"][0]
    assert (scale["id"], scale["low"], scale["high"], scale["minimum"]) == ("di", 0, 3, 6)
    assert {"path": "scales.di.minimum", "source": "aramis", "status": "recalled"}.items() <= scale["backing"][
        3
    ].items()
    assert shown["items"][0] | {"label": ""} == {
        "id": "dressing_1", "label": "", "codes": {"0": "level 0, no difficulty", "1": "level 1", "2": "level 2",
        "3": "level 3, unable"}, "low": 0, "high": 3, "step": None, "unit": None, "recode": {}, "reversed": False,
        "blank_counts_as": None, "instead": None, "answer": "0, 1, 2 or 3",
    }  # fmt: skip


def test_what_is_no_instrument_is_refused_with_what_to_do(tmp_path: Path) -> None:
    assert run("show", "haq").stderr == "no instrument 'haq' (did you mean 'haq-di'?); a file ends in .yaml\n"
    missing = run("show", tmp_path / "no.yaml")
    assert missing.exit_code == 1
    assert "cannot read" in missing.stderr
    broken = tmp_path / "broken.yaml"
    broken.write_text("id: x\nscales: []\n")
    told = run("show", broken)
    assert told.exit_code == 1
    assert len(told.stderr.splitlines()) == 5
