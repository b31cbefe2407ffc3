"""Verdicts on random patients: what is not known can only hold a verdict back, never turn it."""

from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.spec.eligibility.patients import FITTING, SCREENING, reference

from trialwright import eligibility, logic
from trialwright.eligibility import Outcome

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCREENED = date.fromisoformat(SCREENING)
BACK = st.integers(0, 400).map(lambda days: (SCREENED - timedelta(days=days)).isoformat())
YES = st.booleans()
GLUCOCORTICOIDS = ("prednisone", "methylprednisolone", "dexamethasone")
OTHERS = ("dupilumab", "azathioprine")
NO_FACTS = [name for name, value in FITTING.items() if value is False]


def _treatment(draw: Any) -> dict[str, Any]:
    start = draw(BACK)
    length = draw(st.integers(0, 120))
    stop = min(SCREENED, date.fromisoformat(start) + timedelta(days=length)).isoformat()
    kind = draw(st.sampled_from(["glucocorticoid", "immunosuppressive", "biological", "other"]))
    return {
        # No dose of another drug has an equivalent in prednisone, and a criterion that asks for it stays unknown.
        "drug": draw(st.sampled_from(GLUCOCORTICOIDS if kind == "glucocorticoid" else OTHERS)),
        "class": kind,
        "route": draw(st.sampled_from(["oral", "iv", "topical"])),
        "dose": draw(st.sampled_from(["15 mg/d", "40 mg/d", "60 mg/d", "1000 mg/d", "1 mg/kg/d"])),
        "start": start,
        "stop": stop,
        "ongoing": False,
        "last_dose_change": draw(BACK),
        **{name: draw(YES) for name in ("approved_non_muscular", "induces_myopathy", "no_response")},
    }


@st.composite
def patients(draw: Any) -> dict[str, Any]:
    """Every fact known; most patients fit in most ways."""
    facts = dict(FITTING)
    for name in draw(st.lists(st.sampled_from(NO_FACTS), max_size=2)):
        facts[name] = True
    facts.update(
        sex=draw(st.sampled_from("FM")),
        age=draw(st.integers(16, 90)),
        mmt=draw(st.integers(180, 250)),
        symptom_onset=draw(BACK),
        fvc_pct_pred=draw(st.integers(30, 100)),
        nasogastric_tube=draw(YES),
        iga_antibodies=draw(YES),
        thrombosis_date=draw(BACK),
        ck=draw(st.integers(50, 3000)),
        ck_uln=170,
        prior_tx=[_treatment(draw) for _ in range(draw(st.integers(0, 2)))],
    )
    return facts


def _verdict(facts: dict[str, Any], answer: bool) -> eligibility.Verdict:
    prepared, scope = reference()
    file = {"screening": SCREENING, "weight": 70, "facts": facts}
    read = eligibility.read_patient(file, scope)
    rows = range(1, len(facts.get("prior_tx") or ()) + 1)
    asked = [(about, None) for about in prepared.questions if about != "E5.topical"]
    asked += [("E5.topical", str(row)) for row in rows]
    made = [eligibility.Judgement(about, "A. de Vries", answer, "seen", row) for about, row in asked]
    return eligibility.verdict(prepared, read.facts, read.context, made)


def _hidden(facts: dict[str, Any], draw: Any) -> dict[str, Any]:
    """The same patient, less known: facts taken away, fields of rows too, and days of dates."""
    away = draw(st.sets(st.sampled_from(sorted(facts)), max_size=4))
    left = {name: value for name, value in facts.items() if name not in away}
    if "symptom_onset" in left and draw(YES):
        left["symptom_onset"] = left["symptom_onset"][:7]
    rows = left.get("prior_tx")
    if rows:
        fields = draw(st.sets(st.sampled_from(sorted(rows[0])), max_size=3))
        left["prior_tx"] = [{name: value for name, value in row.items() if name not in fields} for row in rows]
    return left


@QUICK
@given(patients(), st.booleans(), st.data())
def test_what_is_not_known_holds_a_verdict_back_and_never_turns_it(
    facts: dict[str, Any], answer: bool, data: Any
) -> None:
    whole = _verdict(facts, answer)
    assert whole.overall in (Outcome.ELIGIBLE, Outcome.NOT_ELIGIBLE)
    part = _verdict(_hidden(facts, data.draw), answer)
    if part.overall in (Outcome.ELIGIBLE, Outcome.NOT_ELIGIBLE):
        assert part.overall is whole.overall
    else:
        assert part.missing or part.needed_judgements


@QUICK
@given(patients(), st.data())
def test_an_eligible_patient_becomes_eligible_again_with_the_missing_facts_alone(
    facts: dict[str, Any], data: Any
) -> None:
    """Whole facts are taken away, not fields of rows; an unfavourable answer may need a second round."""
    if _verdict(facts, False).overall is not Outcome.ELIGIBLE:
        return
    away = data.draw(st.sets(st.sampled_from(sorted(facts)), max_size=4))
    left = {name: value for name, value in facts.items() if name not in away}
    for _ in range(len(away) + 1):
        found = _verdict(left, False)
        if found.overall is Outcome.ELIGIBLE:
            return
        assert found.overall is Outcome.NEEDS_DATA
        assert set(found.missing) <= away
        left.update({name: facts[name] for name in found.missing})
    raise AssertionError("the lists of missing facts led nowhere")


def test_the_scope_of_the_trial_has_a_type_for_every_fact_used_here() -> None:
    _, scope = reference()
    assert set(FITTING) <= set(scope.names)
    assert isinstance(scope, logic.Scope)
