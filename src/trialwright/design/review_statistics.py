"""Reviews derivations, endpoints, objectives, populations, estimands and analyses, and what the catalogue has of
them."""

from __future__ import annotations

from collections.abc import Iterator

from trialwright.design.catalogue import Catalogue, folded
from trialwright.design.findings import Findings
from trialwright.design.mistakes import Path
from trialwright.design.model import Analysis, Definition, Endpoint
from trialwright.design.problems import did_you_mean, known_or_close
from trialwright.design.references import unique_ids, value_known
from trialwright.design.review_censoring import review_handling
from trialwright.design.review_derivations import forms_behind, review_derivations


def review_statistics(definition: Definition, catalogue: Catalogue, found: Findings) -> None:
    """Every check of this room, in the order of the file."""
    review_derivations(definition, catalogue, found)
    for name, endpoint in definition.endpoints.items():
        _endpoint(definition, name, endpoint, found)
    _objectives(definition, found)
    for name, estimand in definition.estimands.items():
        path: Path = ("estimands", name)
        found.known((*path, "endpoint"), estimand.endpoint, definition.endpoints, "the endpoint")
        found.known((*path, "population"), estimand.population, definition.populations, "the population")
        found.all_known((*path, "treatments"), estimand.treatments, definition.arms, "the arm")
    for name, analysis in definition.analyses.items():
        _analysis(definition, name, analysis, catalogue, found)
    _primary(definition, found)
    size = definition.sample_size
    if size is not None:
        found.known(("sample_size", "of"), size.of, definition.analyses, "the analysis")
        if size.n != definition.randomisation.n:
            found.warn(
                ("sample_size", "n"),
                f"the sample size is {size.n} and {definition.randomisation.n} are to be randomised",
            )
    _randomisation_method(definition, catalogue, found)


def _randomisation_method(definition: Definition, catalogue: Catalogue, found: Findings) -> None:
    method = definition.randomisation.method
    if catalogue.randomisation is not None and method not in catalogue.randomisation:
        hint = did_you_mean(method, catalogue.randomisation) or "the trial can be rehearsed but not opened"
        found.warn(("randomisation", "method"), f"the catalogue has no randomisation method '{method}'", hint)


def _endpoint(definition: Definition, name: str, endpoint: Endpoint, found: Findings) -> None:
    path: Path = ("endpoints", name)
    for index, measure in enumerate(endpoint.measure):
        if "." in measure:
            value_known(definition, found, (*path, "measure", index), measure)
        else:
            found.known((*path, "measure", index), measure, definition.derivations, "the derivation")
    found.all_known((*path, "at"), endpoint.at, definition.visits, "the visit")


def unfed(definition: Definition) -> Iterator[tuple[str, str]]:
    """(endpoint, why): endpoints without a measure, and visits at which a form that feeds the endpoint is not due."""
    for name, endpoint in definition.endpoints.items():
        if not endpoint.measure and endpoint.event is None:
            yield name, f"nothing feeds the endpoint '{name}': it has neither a measure nor an event"
        for visit in endpoint.at:
            late = sorted({form for form in _feeding(definition, endpoint) if not _due(definition, form, visit)})
            if late and visit in definition.visits:
                yield name, f"nothing feeds the endpoint '{name}' at {visit}: {', '.join(late)} is not due there"
        if endpoint.level != "safety" and not endpoint.at:
            yield name, f"the endpoint '{name}' names no visit"


def _feeding(definition: Definition, endpoint: Endpoint) -> Iterator[str]:
    words = list(endpoint.measure)
    if isinstance(endpoint.event, str):
        words += [name for name in definition.derivations if name in endpoint.event.split()]
    for word in words:
        yield from forms_behind(definition, word)


def _due(definition: Definition, form: str, visit: str) -> bool:
    due = definition.schedule.get(form)
    return due is not None and (due.log or visit in due.visits)


def _objectives(definition: Definition, found: Findings) -> None:
    unique_ids(found, ("objectives",), [objective.id for objective in definition.objectives], "objective")
    served: set[str] = set()
    for index, objective in enumerate(definition.objectives):
        found.all_known(("objectives", index, "endpoints"), objective.endpoints, definition.endpoints, "the endpoint")
        served.update(objective.endpoints)
    for name in definition.endpoints:
        if name not in served:
            found.warn(
                ("endpoints", name), f"no objective names the endpoint '{name}'", "add it to an objective", at_key=True
            )


def _primary(definition: Definition, found: Findings) -> None:
    if not any(objective.level == "primary" for objective in definition.objectives):
        found.error(("objectives",), "no objective is primary", "mark one `level: primary`", at_key=True)
    if not any(endpoint.level == "primary" for endpoint in definition.endpoints.values()):
        found.error(("endpoints",), "no endpoint is primary", "mark one `level: primary`", at_key=True)
    primary = [name for name, analysis in definition.analyses.items() if analysis.level == "primary"]
    if not primary:
        found.error(("analyses",), "no analysis is primary", "mark one `level: primary`", at_key=True)
    for name in primary:
        endpoint = definition.endpoints.get(definition.analyses[name].endpoint or "")
        if endpoint is not None and endpoint.level != "primary":
            found.error(
                ("analyses", name), f"the primary analysis '{name}' is of an endpoint that is not primary", at_key=True
            )


def _analysis(definition: Definition, name: str, analysis: Analysis, catalogue: Catalogue, found: Findings) -> None:
    path: Path = ("analyses", name)
    for key, choices in (
        ("estimand", definition.estimands),
        ("endpoint", definition.endpoints),
        ("population", definition.populations),
    ):
        named = getattr(analysis, key)
        if named is not None:
            found.known((*path, key), named, choices, f"the {key}")
    if analysis.endpoint is None and analysis.estimand is None and analysis.level != "descriptive":
        found.error(path, f"the analysis '{name}' has neither an endpoint nor an estimand", "add one", at_key=True)
    estimand = definition.estimands.get(analysis.estimand or "")
    if estimand is not None and analysis.endpoint is not None and estimand.endpoint != analysis.endpoint:
        found.error(
            (*path, "endpoint"), f"the estimand '{analysis.estimand}' is of {estimand.endpoint}", "make them agree"
        )
    if analysis.contrast is not None:
        found.all_known((*path, "contrast"), analysis.contrast, definition.arms, "the arm")
    for index, covariate in enumerate(analysis.covariates):
        _covariate(definition, (*path, "covariates", index), covariate, catalogue, found)
    if catalogue.analyses is not None and analysis.method not in catalogue.analyses:
        hint = did_you_mean(analysis.method, catalogue.analyses) or "the trial can be rehearsed but not opened"
        found.warn((*path, "method"), f"the catalogue has no analysis '{analysis.method}'", hint)
    _options(definition, analysis, (*path, "options"), catalogue, found)
    if catalogue.options is not None:
        review_handling(definition, analysis, path, catalogue, found)


def _options(definition: Definition, analysis: Analysis, path: Path, catalogue: Catalogue, found: Findings) -> None:
    """Every option is one that the method takes, in a word that it knows."""
    takes = (catalogue.options or {}).get(analysis.method)
    if takes is None:
        return
    estimand = definition.estimands.get(analysis.estimand or "")
    endpoint = definition.endpoints.get(analysis.endpoint or (estimand.endpoint if estimand else ""))
    for option, said in analysis.options.items():
        if option not in takes:
            hint = known_or_close(option, list(takes))
            found.error((*path, option), f"{analysis.method} takes no option '{option}'", hint, at_key=True)
        elif takes[option] and folded(said) not in map(folded, takes[option]):
            hint = known_or_close(said, list(takes[option]))
            found.error((*path, option), f"{analysis.method} knows no {option} '{said}'", hint)
        elif not takes[option] and endpoint is not None:
            found.known((*path, option), said, endpoint.at, "the visit of the endpoint")


def _covariate(definition: Definition, path: Path, covariate: str, catalogue: Catalogue, found: Findings) -> None:
    """A covariate is a stratum (as randomised; `factor.true`: its true level), a value at baseline (`form.item` or a
    derivation), or something that a derivation gives, `tis.enzyme_multiple`."""
    first, dot, rest = covariate.partition(".")
    if not dot:
        known = [*definition.randomisation.strata, *definition.derivations]
        found.known(path, covariate, known, "the stratum or derivation")
    elif first in definition.derivations:
        measure = (catalogue.measures or {}).get(definition.derivations[first].method)
        if measure is not None and rest not in measure.gives:
            found.error(path, f"'{first}' gives no '{rest}'", known_or_close(rest, list(measure.gives)))
    elif rest != "true" or first not in definition.randomisation.strata:
        value_known(definition, found, path, covariate)
