"""The report: one tree, two faces; nothing by arm before unblinding; nothing fetched; nothing half written."""

import json
import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.unit.analysis.imaginary import definition, trial

from trialwright.analysis.plan import Results, analyse
from trialwright.ledger.snapshot import Snapshot
from trialwright.report import Content, Context, html, json_bytes, report, results_json, results_text, write
from trialwright.report import page as page_module

CONTEXT = Context(imaginary="Rehearsed: nobody in this report exists.", versions={"trialwright": "test"})
VOID = {"meta", "br", "link", "img", "input", "hr"}


@cache
def run() -> tuple[Snapshot, dict[str, str], Results]:
    snapshot, treatments = trial()
    return snapshot, treatments, analyse(definition(), snapshot, treatments)


@cache
def opened() -> Content:
    snapshot, treatments, results = run()
    return report(definition(), snapshot, treatments, results, CONTEXT)


@cache
def blinded() -> Content:
    return report(definition(), run()[0], None, None, CONTEXT)


class Page(HTMLParser):
    """What a test asks of a page: open elements, ids, links, marked numbers, words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.data: list[str] = []
        self.names: Counter[str] = Counter()
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.names[tag] += 1
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [found["href"] or ""] if tag == "a" else []
        self.data += [found["value"] or ""] if tag == "data" else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def numbers(tree: object) -> set[str]:
    """Every number of the JSON, as it is written there."""
    if isinstance(tree, dict):
        return {number for value in tree.values() for number in numbers(value)}
    if isinstance(tree, list):
        return {number for value in tree for number in numbers(value)}
    return {repr(tree)} if isinstance(tree, int | float) and not isinstance(tree, bool) else set()


@pytest.mark.parametrize("content", [opened, blinded])
def test_the_page_is_well_formed_with_unique_ids_and_links_that_arrive(content) -> None:
    page = Page(html(content()))
    assert page.open == []
    assert [name for name, count in Counter(page.ids).items() if count > 1] == []
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert page.names["h1"] == 1
    assert page.names["caption"] == page.names["table"]


@pytest.mark.parametrize("content", [opened, blinded])
def test_the_page_fetches_nothing_and_runs_nothing(content) -> None:
    page = html(content())
    addresses = re.findall(r"(?:https?:)?//[^\s\"'<)]+", page)
    assert {address for address in addresses if "www.w3.org" not in address} == set()
    assert re.search(r"<(script|link|img|iframe|object|video)\b|@import|url\((?!#)|\son\w+=", page) is None


@pytest.mark.parametrize("content", [opened, blinded])
def test_every_number_of_the_page_stands_in_the_json_at_full_precision(content) -> None:
    tree = json.loads(json_bytes(content()))
    page = Page(html(content()))
    assert page.data
    assert {repr(json.loads(value)) for value in page.data} <= numbers(tree["sections"])


def test_the_primary_estimate_of_the_json_is_that_of_the_analysis() -> None:
    tree = json.loads(json_bytes(opened()))
    lead = tree["sections"][0]["blocks"][0]["says"]["numbers"]
    result = run()[2].primary
    assert result is not None
    found = result.result.effect
    assert lead["size"]["value"] == abs(found.estimate)
    assert (lead["lower"]["value"], lead["upper"]["value"], lead["p"]["value"]) == (found.lower, found.upper, found.p)
    primary = next(answer for answer in tree["results"]["answers"] if answer["id"] == "PRIMARY")
    assert primary["result"]["effect"]["estimate"] == found.estimate


def test_a_mixed_model_is_told_in_words_drawn_and_printed_with_how_it_was_made() -> None:
    results = run()[2]
    found = next(answer for answer in results.answers if answer.id == "LONGITUDINAL")
    section = next(one for one in opened().sections if one.id == "visits")
    words, drawing, table = section.blocks[:3]
    assert "at week 12 the adjusted mean was" in words.says.text
    assert "Over all 5 visits together: F = " in words.says.text
    assert [point.mean for point in drawing.data["Placebo and prednisone"]] == [m.mean for m in found.result.means[0]]
    assert [row[0] for row in table.rows] == ["Week 4", "Week 8", "Week 12", "Week 26", "Week 52"]
    assert table.rows[2][3].numbers["value"].value == found.result.effect.estimate
    assert "unstructured covariance between the visits; fitted by REML to" in table.notes[0]
    assert "after Kenward and Roger" in table.notes[0]


def test_a_mixed_model_may_be_the_primary_analysis() -> None:
    snapshot, treatments, _ = run()
    plan = definition().analyses["LONGITUDINAL"].model_copy(update={"level": "primary"})
    changed = definition().model_copy(update={"analyses": {"LONGITUDINAL": plan}})
    content = report(changed, snapshot, treatments, analyse(changed, snapshot, treatments), CONTEXT)
    lead, _, table = next(one for one in content.sections if one.id == "primary").blocks[:3]
    assert "over the year at week 12 was on average" in lead.says.text
    assert len(table.rows) == 3
    assert "Mixed model for repeated measures" in table.notes[0]


def test_the_primary_analysis_comes_first_in_plain_words() -> None:
    first = opened().sections[0]
    assert first.id == "primary"
    sentence = first.blocks[0].says.text  # type: ignore[union-attr]
    assert sentence.startswith("The Total Improvement Score at week 12 was on average ")
    assert "points higher with immunoglobulin and prednisone than with placebo and prednisone" in sentence


@pytest.mark.requirement("BL2")
def test_before_unblinding_no_arm_is_named_and_no_table_is_by_arm() -> None:
    page, data = html(blinded()), json_bytes(blinded()).decode()
    for arm in definition().arms.values():
        assert arm.label not in page
        assert arm.label not in data
    assert "Blinded report" in page
    assert json.loads(data)["results"] is None
    baseline = next(section for section in blinded().sections if section.id == "baseline")
    assert list(baseline.blocks[0].columns) == ["", "All participants"]  # type: ignore[union-attr]


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize("given", ["treatments", "results"])
def test_treatments_and_results_come_together_or_not_at_all(given: str) -> None:
    snapshot, treatments, results = run()
    pair = (treatments, None) if given == "treatments" else (None, results)
    with pytest.raises(ValueError, match="together"):
        report(definition(), snapshot, *pair)


@pytest.mark.requirement("BL2")
def test_a_report_opened_before_the_final_lock_says_for_whom_alone_it_is() -> None:
    assert any("unblinded statistician" in line for line in opened().banner)
    snapshot, treatments = trial(size=24)
    snapshot.state.locked["final"] = 1
    content = report(definition(), snapshot, treatments, analyse(definition(), snapshot, treatments))
    assert list(content.banner) == []


def test_rehearsed_data_say_so_on_top() -> None:
    assert opened().banner[0] == CONTEXT.imaginary
    assert html(opened()).index(CONTEXT.imaginary) < html(opened()).index("<h1>")


def test_the_same_trial_gives_the_same_bytes() -> None:
    snapshot, treatments = trial()
    again = report(definition(), snapshot, treatments, analyse(definition(), snapshot, treatments), CONTEXT)
    assert html(again) == html(opened())
    assert json_bytes(again) == json_bytes(opened())


def test_every_assumption_of_the_definition_is_listed() -> None:
    from trialwright import design

    section = next(section for section in opened().sections if section.id == "assumptions")
    shown = [row[0] for row in section.blocks[1].rows]  # type: ignore[union-attr]
    assert shown == [assumed.path for assumed in design.assumptions(definition())]


def test_the_report_can_be_checked_by_its_hashes() -> None:
    from trialwright import design

    facts = opened().provenance
    assert facts["definition hash (SHA-256)"] == design.fingerprint(definition())
    assert facts["snapshot hash (SHA-256)"] == run()[0].hash
    assert facts["ledger seal (SHA-256)"] == run()[0].head.seal
    assert all(value in html(opened()) for value in facts.values())


def test_words_of_the_definition_cannot_become_markup() -> None:
    sharp = "<script>alert(1)</script> {braces} & %s"
    title = definition().title.model_copy(update={"official": sharp})
    arms = {name: arm.model_copy(update={"label": f"{name} {sharp}"}) for name, arm in definition().arms.items()}
    changed = definition().model_copy(update={"title": title, "arms": arms, "ambiguities": (sharp,)})
    snapshot, treatments = trial(size=24)
    page = html(report(changed, snapshot, treatments, analyse(changed, snapshot, treatments), CONTEXT))
    assert "<script" not in page
    assert Page(page).open == []
    assert "{braces}" in page


def test_a_trial_that_has_only_begun_has_a_report() -> None:
    snapshot, treatments = trial(size=2)
    for person in snapshot.state.participants.values():
        for key in [key for key in person.pages if key[0] not in ("SCR", "W0")]:
            del person.pages[key]
    for arms, results in ((None, None), (treatments, analyse(definition(), snapshot, treatments))):
        assert Page(html(report(definition(), snapshot, arms, results, CONTEXT))).open == []


def test_a_trial_without_anybody_has_a_report() -> None:
    snapshot, _ = trial(size=0)
    snapshot.state.participants.clear()
    assert Page(html(report(definition(), snapshot, None, None, CONTEXT))).open == []
    assert Page(html(report(definition(), snapshot, {}, analyse(definition(), snapshot, {}), CONTEXT))).open == []


def test_both_files_are_written_and_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    assert write(blinded(), folder) == folder / "index.html"
    assert {path.name for path in folder.iterdir()} == {"notes.txt", "index.html", "report.json"}
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_failure_while_writing_leaves_the_report_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "report"
    write(blinded(), folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def broken(content: Content) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(page_module, "html", broken)
    with pytest.raises(OSError, match="disk full"):
        write(opened(), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_the_results_are_also_one_line_each_and_json() -> None:
    results = run()[2]
    lines = results_text(results).splitlines()
    assert list(dict.fromkeys(line.split()[0] for line in lines)) == list(definition().analyses)
    tree = json.loads(results_json(results))
    assert list(dict.fromkeys(answer["id"] for answer in tree["analyses"])) == list(definition().analyses)
    assert set(tree["populations"]) == set(definition().populations)
