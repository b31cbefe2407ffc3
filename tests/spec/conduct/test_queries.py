"""A query is a question about a page: the data manager or monitor asks, the site answers, who asked closes."""

import pytest
from tests.plugins.world import World

PAGE = {"participant": "Ann", "form": "pressure", "visit": "FIRST"}


@pytest.mark.requirement("DC3")
def test_a_query_is_asked_answered_closed_and_asked_again(world: World) -> None:
    world.seen("Ann")
    table = [
        ("nurse", "ask_query", {**PAGE, "item": "upper", "text": "Really?"}, "A nurse may not ask a query", None),
        ("monitor", "ask_query", {**PAGE, "item": "upper", "text": " "}, "A query needs words", None),
        ("monitor", "ask_query", {**PAGE, "item": "uppr", "text": "Really?"}, "Form pressure has no item 'uppr'", None),
        (
            "monitor",
            "ask_query",
            {**PAGE, "visit": "WEEK8", "text": "Where is it?"},
            "Ann has no page pressure at WEEK8",
            None,
        ),
        ("monitor", "ask_query", {**PAGE, "item": "upper", "text": "Really?"}, "done", "open"),
        (
            "data manager",
            "answer_query",
            {"query": "Q1", "text": "Yes"},
            "A data manager may not answer a query",
            "open",
        ),
        (
            "western nurse",
            "answer_query",
            {"query": "Q1", "text": "Yes"},
            "Wim West does not work at site NORTH",
            "open",
        ),
        ("nurse", "answer_query", {"query": "Q1", "text": "Yes, twice"}, "done", "answered"),
        ("nurse", "answer_query", {"query": "Q1", "text": "Yes"}, "Q1 is answered", "answered"),
        ("nurse", "close_query", {"query": "Q1", "text": "fine"}, "A nurse may not close a query", "answered"),
        ("data manager", "close_query", {"query": "Q1", "text": "fine"}, "done", "closed"),
        ("data manager", "close_query", {"query": "Q1", "text": "fine"}, "Q1 is closed", "closed"),
        ("monitor", "reopen_query", {"query": "Q1", "text": "The source says 150"}, "done", "closed"),
        ("nurse", "answer_query", {"query": "Q9", "text": "Yes"}, "There is no query Q9", "closed"),
    ]
    for who, does, details, answer, status in table:
        assert answer in world.says(who, does, **details)
        if status:
            assert world.state.queries["Q1"].status == status
    assert world.state.queries["Q2"].text == "The source says 150 (again, after Q1)"
    assert world.state.queries["Q2"].status == "open"


@pytest.mark.requirement("DC1", "DC3")
def test_a_check_can_ask_by_itself(world: World) -> None:
    """A jump of more than 60 between visits opens a query that names the check; an unknown earlier value opens none."""
    table = [
        ("Ann", {"upper": "160"}, {"upper": "110", "lower": "80"}, []),
        ("Bob", {"upper": "160"}, {"upper": "90", "lower": "60"}, ["jump"]),
        ("Cas", {"upper": None}, {"upper": "90", "lower": "60"}, []),
    ]
    for name, first, start, checks in table:
        world.consented(name)
        if first["upper"]:
            world.page_of(name, "pressure", "FIRST", {**first, "lower": "95"})
        world.page_of(name, "pressure", "START", start)
        asked = [query for query in world.state.queries.values() if query.participant == world.numbers[name]]
        assert [query.check for query in asked] == checks
        assert all(query.status == "open" and query.item == "upper" for query in asked)
