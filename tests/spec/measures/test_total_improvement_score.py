"""The Total Improvement Score: what it gives for hand-worked pairs of visits, at its edges, and when something is
missing.
"""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from trialwright.measures.tis import CoreSet, Limits, exact, total_improvement_score
from trialwright.measures.tis_reference import PairScore, category, pair_score
from trialwright.measures.tis_rules import CATEGORIES, CRITERIA, ENZYMES, MEASURES, STEP, Rules

ORDER = ("phga", "ptga", "mmt", "haq", "enzyme", "exm")
Values = Mapping[str, int | Decimal | None]


def visit(texts: str, enzyme: str = "ck") -> Values:
    """A visit from six numbers in the order of the worked examples; '-' is "not measured"."""
    names = [enzyme if name == "enzyme" else name for name in ORDER]
    return {
        name: None if text == "-" else Decimal(text)
        for name, text in zip(names, texts.replace(",", "").split(), strict=True)
    }


def scored(
    first: Values, second: Values, mmt_max: int = 150, limits: Values | None = None, **options: str
) -> PairScore:
    """The pair by the specification, after checking that the array form says the same."""
    upper: Values = limits or {"ck": 200}
    rules = Rules(criteria=CRITERIA[options.pop("criteria", "adult")], **options)  # type: ignore[arg-type]
    expected = pair_score(first, second, mmt_max=mmt_max, upper_limits=upper, rules=rules)
    columns = [
        CoreSet(
            **{name: exact([values.get(name)]) for name in ("phga", "ptga", "mmt", "haq", "exm")},
            enzymes={name: exact([values.get(name)]) for name in ENZYMES},
        )
        for values in (first, second)
    ]
    bounds = Limits(exact([mmt_max]), {name: exact([upper.get(name)]) for name in ENZYMES})
    scores = total_improvement_score(columns[0], columns[1], bounds, rules)
    assert bool(scores.computable[0]) == (expected.tis is not None)
    if expected.tis is not None:
        assert int(scores.steps[0]) * STEP == expected.tis
        assert CATEGORIES[scores.category[0]] == expected.category
    return expected


D = ("6.0, 6.5, 118, 1.75, 4000, 3.5", "3.5, 4.5, 132, 1.25, 1200, 2.0")
EXAMPLES = {
    # what it shows: baseline, follow-up (physician, patient, MMT of 150, HAQ, CK with upper limit 200, extramuscular),
    # points, TIS
    "A nothing changed": ("5 5 120 1.5 2000 3", "5 5 120 1.5 2000 3", "0 0 0 0 0 0", "0", "none"),
    "B exactly on every edge": ("5 5 120 1.5 2000 3", "4.5 4.5 123 1.35 1850 2.5", "0 0 0 0 0 0", "0", "none"),
    "C just over the edges": (
        "5 5 120 1.5 2000 3",
        "4.4 4.4 124 1.25 1840 2.4",
        "7.5 2.5 10 5 2.5 7.5",
        "35",
        "minimal",
    ),
    "D a moderate response": (*D, "15 5 10 7.5 7.5 7.5", "52.5", "moderate"),
    "E a major response": (
        "7.5 7.0 105 2.25 9000 5.0",
        "2.0 2.0 140 0.75 180 0.5",
        "20 10 27.5 10 7.5 20",
        "95",
        "major",
    ),
    "F the greatest possible": ("10 10 90 3 6000 10", "0 0 150 0 100 0", "20 10 32.5 10 7.5 20", "100", "major"),
    "G worse everywhere": ("4 4 130 1 500 2", "6 7 110 2 2500 5", "0 0 0 0 0 0", "0", "none"),
    "H better and worse": ("5 4 120 1.0 1500 1", "4 6 136 1.5 600 1", "7.5 0 20 0 7.5 0", "35", "minimal"),
    "I a mild baseline cured": ("2 2 141 0.25 300 0.5", "0 0 150 0 100 0", "15 5 10 5 2.5 0", "37.5", "minimal"),
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_worked_pair_scores_as_worked_by_hand(example: str) -> None:
    first, second, points, tis, name_of_it = EXAMPLES[example]
    score = scored(visit(first), visit(second))
    assert [score.points[name] for name in ORDER] == [Decimal(point) for point in points.split()]
    assert (score.tis, score.category, score.enzyme) == (Decimal(tis), name_of_it, "ck")


def test_another_muscle_set_moves_only_the_maximum() -> None:
    """Example J: 204 to 230 of 260 is exactly 10 %, which still belongs to the lower level."""
    first, second = {**visit(D[0]), "mmt": 204}, {**visit(D[1]), "mmt": 230}
    score = scored(first, second, mmt_max=260)
    assert (score.percent["mmt"], score.points["mmt"], score.tis) == (10, 10, Decimal("52.5"))


def test_another_enzyme_brings_its_own_range() -> None:
    """Example K: ALT 120 to 60 with an upper limit of 40 is half of its range of 120."""
    first = {**visit(D[0].replace("4000", "120"), "alt"), "mmt": 204}
    second = {**visit(D[1].replace("1200", "60"), "alt"), "mmt": 230}
    score = scored(first, second, mmt_max=260, limits={"alt": 40})
    assert (score.enzyme, score.percent["enzyme"], score.points["enzyme"]) == ("alt", 50, Decimal("7.5"))
    assert score.tis == Decimal("52.5")


@pytest.mark.parametrize(
    ("before", "after", "points"),
    [("1.1", "0.6", "0"), ("4.4", "1.9", "15"), ("1.1", "0.5", "7.5"), ("4.4", "1.8", "17.5"), ("5.0", "1.0", "17.5")],
)
def test_a_value_on_a_cut_never_slips_over_it(before: str, after: str, points: str) -> None:
    """In binary floats 1.1 to 0.6 cm is 5.000000000000001 % and 4.4 to 1.9 is 25.000000000000007 %."""
    score = scored(visit(f"{before} 5 120 1.5 2000 3"), visit(f"{after} 5 120 1.5 2000 3"))
    assert score.points["phga"] == Decimal(points)


def test_the_enzyme_followed_is_the_most_abnormal_one_at_baseline() -> None:
    limits: Values = {"ck": 200, "aldolase": Decimal("7.5"), "alt": 40, "ast": 40, "ldh": 250}
    base = visit("5 5 120 1.5 0 3")
    cases: list[tuple[Values, str]] = [
        ({"ck": 1000, "alt": 199}, "ck"),
        ({"ck": 1000, "alt": 201}, "alt"),
        ({"ck": 1000, "alt": 200}, "ck"),
        ({"ck": None, "alt": 120, "ast": 120}, "ast"),
        ({"ck": 600, "aldolase": Decimal("22.5")}, "ck"),
        ({"ck": None, "aldolase": Decimal("22.5"), "ast": 120}, "aldolase"),
        ({"ck": None, "ldh": 750, "alt": 120}, "alt"),
    ]
    assert [scored({**base, **enzymes}, {**base, **enzymes}, limits=limits).enzyme for enzymes, _ in cases] == [
        name for _, name in cases
    ]


def test_the_same_enzyme_is_followed_and_no_other_takes_its_place() -> None:
    first = {**visit("5 5 120 1.5 2000 3"), "alt": 80}
    second = {**visit("5 5 120 1.5 - 3"), "alt": 20}
    score = scored(first, second, limits={"ck": 200, "alt": 40})
    assert (score.enzyme, score.tis, score.gaps) == ("ck", None, {"enzyme": "missing at follow-up"})


def test_an_enzyme_without_its_upper_limit_cannot_be_ranked() -> None:
    first = {**visit("5 5 120 1.5 2000 3"), "alt": 80}
    score = scored(first, first, limits={"ck": 200})
    assert (score.enzyme, score.gaps) == (None, {"enzyme": "upper limit of normal missing"})


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("when", [0, 1])
def test_one_missing_measure_leaves_no_score_by_the_strict_rule(place: int, when: int) -> None:
    texts = [text.replace(",", "").split() for text in D]
    texts[when][place] = "-"
    score = scored(visit(" ".join(texts[0])), visit(" ".join(texts[1])))
    assert (score.tis, score.category) == (None, None)
    assert list(score.gaps) == [ORDER[place]]
    assert [name for name in MEASURES if score.points[name] is None] == [ORDER[place]]


def test_a_missing_measure_scores_nothing_by_the_lenient_rule_and_is_named() -> None:
    score = scored(visit(D[0]), visit("- 4.5 132 1.25 1200 2.0"), missing="lenient")
    assert (score.tis, score.category, dict(score.gaps)) == (
        Decimal("37.5"),
        "minimal",
        {"phga": "missing at follow-up"},
    )


def test_six_missing_measures_give_no_score_even_by_the_lenient_rule() -> None:
    nothing = visit("- - - - - -")
    assert scored(nothing, nothing, missing="lenient").tis is None


@pytest.mark.parametrize(
    ("tis", "adult", "juvenile"),
    [
        ("17.5", "none", "none"),
        ("20", "minimal", "none"),
        ("30", "minimal", "minimal"),
        ("40", "moderate", "minimal"),
        ("45", "moderate", "moderate"),
        ("57.5", "moderate", "moderate"),
        ("60", "major", "moderate"),
        ("70", "major", "major"),
    ],
)
def test_adult_and_juvenile_cut_offs_name_the_same_score_differently(tis: str, adult: str, juvenile: str) -> None:
    assert category(Decimal(tis), CRITERIA["adult"]) == adult
    assert category(Decimal(tis), CRITERIA["juvenile"]) == juvenile


def test_the_worked_moderate_response_is_moderate_in_juvenile_disease_too() -> None:
    assert scored(visit(D[0]), visit(D[1]), criteria="juvenile").category == "moderate"
