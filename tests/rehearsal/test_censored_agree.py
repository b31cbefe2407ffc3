"""Analyses of a marker with values below its limit: the simulation has the p values of trials rehearsed through
conduct, with every handling, and refuses where they refuse."""

from pathlib import Path

from tests.plugins.editing import REFERENCE, edited

from trialwright.simulate.prepared import Spec
from trialwright.simulate.replay import replayed
from trialwright.simulate.worlds import World

SIGLEC = "biomarker.siglec1"
PLANS = {
    "UNDECLARED": ("ancova", f"[subtype_group, {SIGLEC}]", ""),
    "LIKELIHOOD": ("ancova", f"[subtype_group, {SIGLEC}]", "scale: log2, censored: tobit"),
    "METHOD": ("tobit", "[subtype_group]", "scale: log10, degrees_of_freedom: asymptotic"),
    "HALF": ("welch", "[]", "scale: log, censored: half limit"),
    "ROOT": ("ancova", f"[subtype_group, {SIGLEC}]", "censored: limit over root two"),
    "EXCLUDED": ("ancova", f"[{SIGLEC}]", "scale: log2, censored: exclude"),
    "OPEN": ("welch", "[]", ""),
    "APART": ("welch", "[]", "scale: log2, censored: tobit"),
}


def with_plans(folder: Path) -> Path:
    """The reference trial with the analyses of Siglec-1 at week 12."""
    common = "level: exploratory, endpoint: S12, population: FAS, contrast: [A, B]"
    rows = [
        f"{name}: {{label: {name}, method: {method}, {common}, covariates: {covariates}, options: {{{options}}}}}"
        for name, (method, covariates, options) in PLANS.items()
    ]
    trial = edited(folder, ("\nTIP", "\n" + "\n".join(rows) + "\nTIP"), trial=REFERENCE, file="analyses.yaml")
    endpoints = trial / "endpoints.yaml"
    text = endpoints.read_text(encoding="utf-8")
    row = f"S12: {{label: Siglec-1 at week 12, level: exploratory, measure: [{SIGLEC}], at: [W12]}}\n"
    endpoints.write_text(text + row, encoding="utf-8")
    return trial


def test_every_handling_has_the_p_value_of_the_rehearsed_trial(tmp_path: Path) -> None:
    spec = Spec(str(with_plans(tmp_path)), 11, (World("protocol"),), tuple(PLANS))
    (one,) = replayed(spec, 4)
    found = {row.analysis: row for row in one.both}
    assert set(found) == {*PLANS} - {"APART"}
    for name, row in found.items():
        assert row.equal, (name, row)
    for name in ("UNDECLARED", "OPEN"):
        assert found[name].arrays is None
        assert "beyond a limit of quantification" in found[name].arrays_say
        assert "beyond a limit of quantification" in found[name].conduct_says
    for name in ("LIKELIHOOD", "METHOD", "HALF", "ROOT", "EXCLUDED"):
        assert found[name].arrays is not None, found[name]
    assert sum(found["EXCLUDED"].n) < sum(found["LIKELIHOOD"].n)
