"""Why a mixed model cannot be fitted to the data at hand: every reason at once, each with its place.

Three layers. Rows that are no data (a value that is not a number, two rows for one visit) are refused first and alone,
because everything else would only echo them. Then what counting and one factorisation of the design show: visits and
pairs of visits without observations, columns that repeat others, a model that fits exactly. Last, what nobody would
think of: the expected information of the restricted likelihood is singular exactly where a direction of the covariance
parameters leaves it unchanged, so its null vectors name the parameters that the data say nothing of.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.estimates import NotIdentifiable, SingularDesign
from trialwright.analysis.mmrm.correlations import autoregressive
from trialwright.analysis.mmrm.covariance import parameters, structure
from trialwright.analysis.mmrm.records import Floats, Repeated
from trialwright.analysis.mmrm.reference import Surface, magnitude, starts

# A column counts as a combination of the earlier ones when less than this share of its own length is new.
NEW_SHARE = 1e-8
# A residual sum of squares below this share of the sum of squares of the outcome is rounding.
ROUNDING = 1e-24
# Eigenvalues of the expected information, scaled to a unit diagonal, below this are zero.
SILENT = 1e-9
SHOWN = 8

TERM = re.compile(r"^(?P<name>.+)\[(?:T\.)?(?P<level>[^\[\]]+)\]$")

Truths = NDArray[np.bool_]


def refuse(data: Repeated, covariance: str) -> tuple[Floats, Floats]:
    """Raise `SingularDesign` or `NotIdentifiable` for what counting shows; cheap enough to precede every fit.

    Gives the QR factorisation of the design, shapes (N, p) and (p, p), on which that rests.
    """
    wrong = (*_shapes(data),) or (*_not_numbers(data), *_out_of_order(data))
    if wrong:
        raise NotIdentifiable(wrong)
    few = [*_too_few_visits(data)]
    if few:
        raise NotIdentifiable(few)
    basis, triangle = np.linalg.qr(data.design)
    singular = singular_columns(data, triangle)
    others = [*_same_times(data), *_unseen(data, covariance), *_crowded(data)]
    if not singular and not others:
        others = [*_without_error(data, basis, _own_scales(data, covariance))]
    if len(singular) == 1 and not others:
        raise SingularDesign(*singular[0])
    if singular or others:
        raise NotIdentifiable([*others, *(f"The column '{column}' {why}." for column, why in singular)])
    return basis, triangle


def refuse_silent(surface: Surface) -> None:
    """Raise `NotIdentifiable` naming the covariance parameters that the (restricted) likelihood says nothing of.

    The restricted likelihood judges maximum likelihood too: what it cannot see are residuals that the mean absorbs,
    and there the full likelihood has no maximum.
    """
    restricted = Surface(surface.stack, surface.shape, surface.at, "REML")
    theta = _somewhere(restricted)
    here = restricted.state(theta)
    if here is None:
        return
    expected = restricted.slopes(theta, here).expected
    names = np.array(parameters(surface.shape.name, surface.stack.data))
    # In units of Sigma one participant seen at a visit informs its variance by about 1/2.
    size = np.sqrt(np.maximum(np.diagonal(expected), 0.0)) * magnitude(surface, theta)
    silent = size < 1e-5
    told = np.flatnonzero(~silent)
    scale = np.sqrt(np.diagonal(expected)[told])
    values, vectors = np.linalg.eigh(expected[np.ix_(told, told)] / np.outer(scale, scale))
    tangled = told[(np.abs(vectors[:, values < SILENT]) > 1e-3).any(axis=1)]
    reasons = [f"The data say nothing of the covariance parameter '{name}'." for name in names[silent]]
    if tangled.size:
        listing = _several(f"'{name}'" for name in names[tangled])
        reasons.append(f"The data cannot tell the covariance parameters {listing} from one another.")
    if reasons:
        raise NotIdentifiable([*reasons, "A simpler covariance structure, or fewer visits or columns, can be fitted."])


def _somewhere(surface: Surface) -> Floats:
    """Parameters with nothing special about them: the scales of the data, correlations of an autoregression.

    At correlations that happen to be zero, parameters could seem silent that are not.
    """
    related = autoregressive(np.array([0.5]), surface.at)[0]
    scales = [np.sqrt(np.diagonal(sigma)) for sigma in surface.sigmas(starts(surface)[0])]
    return np.concatenate([surface.shape.starts(related * np.outer(one, one), surface.at)[0] for one in scales])


# --- rows ------------------------------------------------------------------------------------------------------------


def _shapes(data: Repeated) -> Iterator[str]:
    rows = data.outcome.shape[0]
    for name, size in (
        ("design", data.design.shape[0]),
        ("participants", data.participant.shape[0]),
        ("visits", data.visit.shape[0]),
        ("weights", rows if data.weights is None else data.weights.shape[0]),
    ):
        if size != rows:
            yield f"The outcome has {rows} rows, and the {name} {size}."
    if data.design.ndim != 2 or data.design.shape[1] != len(data.columns):
        yield f"The design has the shape {data.design.shape}, and {len(data.columns)} columns are named."
    if data.group.shape != (len(data.participants),):
        yield f"{len(data.participants)} participants are named, and {data.group.size} have a covariance group."
    if data.times.size and data.times.shape != (len(data.visits),):
        yield f"{len(data.visits)} visits are named, and {data.times.size} have a time."


def _not_numbers(data: Repeated) -> Iterator[str]:
    """Each value that is not a finite number, by column."""
    outcomes = np.flatnonzero(~np.isfinite(data.outcome)).tolist()
    for row in outcomes[:SHOWN]:
        yield f"The outcome of {_place(data, row)} is {data.outcome[row]}: leave the row out."
    yield from _more(outcomes, "outcomes")
    values = np.argwhere(~np.isfinite(data.design)).tolist()
    for row, column in values[:SHOWN]:
        yield f"The column '{data.columns[column]}' of {_place(data, row)} is {data.design[row, column]}."
    yield from _more(values, "values of columns")
    if data.weights is not None:
        wrong = np.flatnonzero(~(np.isfinite(data.weights) & (data.weights > 0.0))).tolist()
        for row in wrong[:SHOWN]:
            yield f"The weight of {_place(data, row)} is {data.weights[row]}; a weight must be a number above 0."
        yield from _more(wrong, "weights")
    for place in np.flatnonzero(~np.isfinite(data.times)).tolist():
        yield f"The time of the visit '{data.visits[place]}' is {data.times[place]}."


def _more(found: Sequence[object], what: str) -> Iterator[str]:
    if len(found) > SHOWN:
        yield f"And {len(found) - SHOWN} more {what} are no fit numbers."


def _out_of_order(data: Repeated) -> Iterator[str]:
    """Two rows for one visit of a participant, or rows that do not rise as `Repeated` demands."""
    key = data.participant * len(data.visits) + data.visit
    sorted_key = np.sort(key)
    twice = np.unique(sorted_key[1:][sorted_key[1:] == sorted_key[:-1]])
    for one in twice[:SHOWN].tolist():
        person, visit = divmod(one, len(data.visits))
        yield f"Participant '{data.participants[person]}' has more than one row for the visit '{data.visits[visit]}'."
    if twice.size > SHOWN:
        yield f"So have {twice.size - SHOWN} more pairs of participant and visit."
    if not twice.size and (np.diff(key) < 0).any():
        yield f"The rows are not in the order of participants and visits from {_place(data, _first_fall(key))} on."
    idle = np.bincount(data.participant, minlength=len(data.participants)) == 0
    if idle.any():
        yield f"Without any row: participant {_several(_chosen(data.participants, idle))}; leave them out."


def _first_fall(key: NDArray[np.int64]) -> int:
    return int(np.argmax(np.diff(key) < 0)) + 1


def _place(data: Repeated, row: int) -> str:
    return f"participant '{data.participants[data.participant[row]]}' at visit '{data.visits[data.visit[row]]}'"


# --- visits ----------------------------------------------------------------------------------------------------------


def _too_few_visits(data: Repeated) -> Iterator[str]:
    counts = np.bincount(data.visit, minlength=len(data.visits))
    if not data.outcome.size:
        yield "There is no observation."
    elif (counts > 0).sum() < 2:
        yield (
            f"Only the visit '{data.visits[int(counts.argmax())]}' has observations; a model for repeated measures "
            "needs two visits or more. For one visit use an analysis of covariance."
        )


def _same_times(data: Repeated) -> Iterator[str]:
    if data.times.size and np.unique(data.times).size < data.times.size:
        order = np.argsort(data.times, kind="stable")
        for a, b in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
            if data.times[a] == data.times[b]:
                yield f"The visits '{data.visits[a]}' and '{data.visits[b]}' have the same time {data.times[a]:g}."


def _unseen(data: Repeated, covariance: str) -> Iterator[str]:
    """Visits and pairs of visits without the observations that the structure's parameters rest on."""
    shape = structure(covariance)
    seen = np.zeros((len(data.participants), len(data.visits)))
    seen[data.participant, data.visit] = 1.0
    for group, name in enumerate(data.groups):
        within = seen[data.group == group]
        where = f" in the group '{name}'" if len(data.groups) > 1 else ""
        together = within.T @ within
        counts = np.diagonal(together)
        if _own_scales(data, covariance):
            for visit in np.flatnonzero(counts < 2).tolist():
                many = "no observation" if counts[visit] == 0 else "a single observation"
                yield f"The visit '{data.visits[visit]}' has {many}{where}, so its variance cannot be estimated."
        if shape.name in ("ar1", "ar1h"):
            yield from _even(together, where)
        if shape.name == "us":
            yield from _never_together(data, together, counts >= 2, where)


def _even(together: Floats, where: str) -> Iterator[str]:
    """Powers of rho that are all even leave its sign open."""
    one, other = np.nonzero(np.triu(together, 1))
    if one.size and not ((other - one) % 2).any():
        yield (
            f"Every two visits of one participant{where} are an even number of visits apart, which leaves open whether "
            "the correlation of an autoregression is above or below 0."
        )


def _own_scales(data: Repeated, covariance: str) -> bool:
    """Whether each visit has a variance of its own."""
    return covariance == "us" or bool((structure(covariance).powers(len(data.visits)) == 1.0).any())


def _never_together(data: Repeated, together: Floats, enough: Truths, where: str) -> Iterator[str]:
    for a, b in np.argwhere(np.triu((together == 0) & enough[:, None] & enough[None, :], 1)).tolist():
        yield (
            f"No participant{where} was seen at both '{data.visits[a]}' and '{data.visits[b]}', so an unstructured "
            "covariance cannot be estimated between them."
        )


# --- the design ------------------------------------------------------------------------------------------------------


def singular_columns(data: Repeated, triangle: Floats) -> list[tuple[str, str]]:
    """Each column that the columns before it determine, and how; `triangle` is R of the design's QR factorisation."""
    design = data.design
    lengths = np.sqrt((design * design).sum(axis=0))
    if design.shape[0] >= design.shape[1] and (np.abs(np.diagonal(triangle)) > NEW_SHARE * lengths).all():
        return []
    kept: list[int] = []
    found: list[tuple[str, str]] = []
    for column in range(design.shape[1]):
        if lengths[column] == 0.0:
            found.append((data.columns[column], _empty(data.columns[column])))
            continue
        share = np.linalg.lstsq(design[:, kept] / lengths[kept], design[:, column] / lengths[column], rcond=None)[0]
        rest = design[:, column] / lengths[column] - (design[:, kept] / lengths[kept]) @ share
        if float(np.linalg.norm(rest)) > NEW_SHARE and len(kept) < design.shape[0]:
            kept.append(column)
            continue
        causes = [f"'{data.columns[kept[place]]}'" for place in np.flatnonzero(np.abs(share) > 1e-6)]
        same = "is a multiple of" if len(causes) == 1 else "is determined by the columns before it:"
        found.append((data.columns[column], f"{same} {_several(causes)}"))
    return found


def _empty(column: str) -> str:
    """ "arm[T.A]:visit[T.W52]" is zero everywhere: no observation has arm A and visit W52."""
    terms = [TERM.match(part) for part in column.split(":")]
    levels = [f"{term['name']} {term['level']}" for term in terms if term is not None]
    return "is zero in every row" + (f": no observation has {' and '.join(levels)}" if levels else "")


def _crowded(data: Repeated) -> Iterator[str]:
    rows, width = data.design.shape
    if 0 < rows <= width:
        yield f"{rows} observations cannot carry a model with {width} coefficients."


def _without_error(data: Repeated, basis: Floats, own_scales: bool) -> Iterator[str]:
    """An outcome that the model fits exactly, everywhere or at a visit, leaves nothing to estimate a variance from."""
    outcome = data.outcome
    if np.ptp(outcome) <= 1e-12 * np.abs(outcome).max():
        yield f"The outcome is {outcome[0]:g} in every row, so there is nothing to model."
        return
    residual = outcome - basis @ (basis.T @ outcome)
    size = len(data.visits)
    left = np.bincount(data.visit, residual * residual, size)
    squares = np.bincount(data.visit, outcome * outcome, size)
    if left.sum() <= ROUNDING * squares.sum():
        yield "The model fits every observation exactly, so the data hold no measure of error."
        return
    for visit in np.flatnonzero(own_scales & (left <= ROUNDING * squares.sum())):
        yield (
            f"The model fits every observation at the visit '{data.visits[visit]}' exactly, so they hold no measure of "
            "error."
        )


# --- words -----------------------------------------------------------------------------------------------------------


def _chosen(names: Sequence[str], which: Truths) -> list[str]:
    return [f"'{name}'" for name, take in zip(names, which, strict=True) if take]


def _several(names: Sequence[str] | Iterator[str]) -> str:
    known = list(names)
    if len(known) > SHOWN:
        known = [*known[:SHOWN], f"{len(known) - SHOWN} more"]
    return known[0] if len(known) == 1 else ", ".join(known[:-1]) + " and " + known[-1]
