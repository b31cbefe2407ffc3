"""The flow counts everybody once, whatever happened to them; its drawing holds its words inside their boxes."""

import re
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.ledger.replay import Allocation, Participant, State
from trialwright.report.consort import LETTER, consort
from trialwright.report.flow import Flow, flow

ARMS = {"B": "Placebo and prednisone", "A": "Immunoglobulin and prednisone"}
AT = "2026-01-01T09:00:00.000000Z"
SVG = "{http://www.w3.org/2000/svg}"

person = st.fixed_dictionaries(
    {
        "arm": st.sampled_from(["A", "B", None]),
        "end": st.sampled_from([None, "withdrawn", "lost", "completed", "visits_stopped"]),
        "stopped": st.booleans(),
        "received": st.booleans(),
        "analysed": st.booleans(),
        "reason": st.sampled_from(["", "adverse event", "a wish to be at home again after so long in hospital"]),
    }
)
prescreened = st.tuples(
    st.just("AMC"), st.sampled_from(["declined", "not eligible", "to be screened"]), st.sampled_from(["", "no time"])
)


def built(people: list[dict], log: list[tuple[str, str, str]], blinded: bool = False) -> Flow:
    """The flow of made-up people."""
    state = State()
    state.prescreened = list(log)
    for index, about in enumerate(people):
        one = Participant(f"P{index}", "AMC", AT, "1", {"trial": True})
        one.allocation = Allocation("all", {}, index, f"L{index}", "", AT, 1) if about["arm"] else None
        if about["end"]:
            setattr(one, about["end"], AT)
            one.reasons[about["end"]] = about["reason"]
        if about["stopped"]:
            one.treatment_stopped, one.reasons["treatment_stopped"] = AT, about["reason"]
        state.participants[one.id] = one
    treatments = {f"P{index}": about["arm"] for index, about in enumerate(people) if about["arm"]}
    chosen = [{f"P{index}" for index, about in enumerate(people) if about[name]} for name in ("received", "analysed")]
    return flow(
        state,
        ARMS,
        None if blinded else treatments,
        chosen[0],
        chosen[1],
        lambda one: "Withdrew consent" if one.withdrawn else None,
        lambda name: "no score",
    )


@given(st.lists(person, max_size=30), st.lists(prescreened, max_size=10))
@settings(max_examples=60)
def test_everybody_is_counted_once_in_each_row(people: list[dict], log: list[tuple[str, str, str]]) -> None:
    counted = built(people, log)
    assert counted.approached == counted.consented + sum(n for _, n in counted.not_consented)
    assert counted.consented == counted.excluded_total + counted.waiting + counted.randomised
    assert sum(arm.allocated for arm in counted.arms) == counted.randomised
    for arm in counted.arms:
        assert (arm.received or 0) + (arm.not_received or 0) == arm.allocated
        assert (arm.analysed or 0) + sum(n for _, n in arm.not_analysed) == arm.allocated
        assert sum(n for _, n in arm.left) + arm.completed + arm.in_follow_up == arm.allocated


@given(st.lists(person, max_size=30), st.permutations(["A", "B"]))
@settings(max_examples=40)
def test_a_blinded_flow_does_not_depend_on_the_arms(people: list[dict], names: list[str]) -> None:
    swap = dict(zip(["A", "B"], names, strict=True))
    turned = [{**about, "arm": swap.get(about["arm"])} for about in people]
    assert built(people, [], blinded=True) == built(turned, [], blinded=True)
    assert consort(built(people, [], blinded=True)) == consort(built(turned, [], blinded=True))


def test_people_who_went_on_to_consent_are_not_counted_twice() -> None:
    counted = built([], [("AMC", "to be screened", ""), ("AMC", "declined", "no time")])
    assert (counted.approached, counted.not_consented) == (1, (("Declined: no time", 1),))


@given(st.lists(person, max_size=30), st.booleans())
@settings(max_examples=30)
def test_the_words_of_the_diagram_stay_inside_their_boxes_and_the_boxes_on_the_sheet(
    people: list[dict], blinded: bool
) -> None:
    sheet = ElementTree.fromstring(consort(built(people, [], blinded)))
    _, _, width, height = (float(part) for part in sheet.attrib["viewBox"].split())
    for group in sheet.iter(f"{SVG}g"):
        frame = next(group.iter(f"{SVG}rect")).attrib
        left, top, wide, high = (float(frame[name]) for name in ("x", "y", "width", "height"))
        assert left + wide <= width
        assert top + high <= height
        for text in group.iter(f"{SVG}text"):
            if "x" in text.attrib:
                assert float(text.attrib["x"]) + LETTER * len(text.text or "") <= left + wide + 1
                assert top < float(text.attrib["y"]) < top + high


def test_the_diagram_prints_the_numbers_of_the_flow() -> None:
    people = [
        {"arm": arm, "end": "completed", "stopped": False, "received": True, "analysed": True, "reason": ""}
        for arm in "AAAB"
    ]
    words = " ".join(re.findall(r">([^<>]+)</text>", consort(built(people, [("AMC", "declined", "")] * 7))))
    for expected in ("Approached (n = 11)", "Declined (7)", "Randomised (n = 4)", "prednisone (n = 3)", "Completed: 1"):
        assert expected in words
