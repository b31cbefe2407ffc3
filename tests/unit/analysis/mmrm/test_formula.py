"""A formula is taken apart into columns, factors and known functions; what it is not is said with the place."""

import pytest

from trialwright.analysis.mmrm.faults import BadFormula
from trialwright.analysis.mmrm.formula import Part, parsed


def shown(text: str) -> list[str]:
    return [":".join(part.text for part in term) or "1" for term in parsed(text).terms]


def test_crossing_is_main_effects_and_interaction_in_order_of_degree() -> None:
    model = parsed("y ~ arm*visit + base")
    assert shown("y ~ arm*visit + base") == ["1", "arm", "visit", "base", "arm:visit"]
    assert model.outcome == Part("y", "column", ("y",))
    assert model.columns == ("arm", "visit", "base")
    assert model.places == ((), (0,), (1,), (2,), (0, 1))


@pytest.mark.parametrize("text", ["y ~ 0 + arm", "y ~ arm - 1", "y ~ -1 + arm"])
def test_the_intercept_can_be_taken_away(text: str) -> None:
    assert shown(text) == ["arm"]


def test_parts_are_columns_factors_or_functions_of_columns() -> None:
    model = parsed("log(y) ~ `my col` + C(site) + np.log(base / `my col`) + poly(age, degree=2) + {age**2}")
    assert model.outcome == Part("log(y)", "function", ("y",))
    assert [(part.kind, part.columns) for part in model.parts] == [
        ("column", ("my col",)),
        ("factor", ("site",)),
        ("function", ("base", "my col")),
        ("function", ("age",)),
        ("function", ("age",)),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("y ~ base + (arm", "character 12, '('"),
        ("y ~ base arm", "missing operator"),
        ("y ~ 5*base", "character 5, '5'"),
        ("y", "one '~'"),
        ("y ~ a ~ b", "one '~'"),
        ("~ a", "before the '~'"),
        ("y ~ ", "after the '~'"),
        ("y + z ~ a", "2 outcomes"),
        ("C(y) ~ a", "column of numbers"),
        ("y ~ 0", "no term"),
        ("y ~ .", "name the columns"),
        ("y ~ arm + (1|id)", "'|' at character 13: the model has no random effects"),
        ("y ~ arm + us(visit | id)", "given by options instead: the covariance structure ('us')"),
        ("y ~ C(arm, contr.sum)", "C(...) takes one column"),
        ("y ~ lag(base)", "The function 'lag'"),
        ("y ~ np.sqr(base)", "did you mean 'np.sqrt'?"),
        ("y ~ log(base.line)", "put the column in backticks, `base.line`"),
        ("y ~ log(2)", "names no column"),
        ("y ~ 2:base", "The term '2'"),
        ("y ~ base['x']", "is not understood"),
        ("y ~ " + "a + " * 2000 + "a", "characters is a slip"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(BadFormula) as refused:
        parsed(text)
    assert said in str(refused.value)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize(
    "code",
    [
        "__import__('os').system('true')",
        "[base for base in base]",
        "np.log.__class__(base)",
        "open(base)",
        "base.sum()",
    ],
)
def test_a_formula_cannot_run_code_of_its_own(code: str) -> None:
    with pytest.raises(BadFormula):
        parsed(f"y ~ {code}")
