"""`trialwright sample-size ...`: how many participants, how much power, or which difference; a command per outcome."""

from enum import StrEnum
from typing import Annotated

import typer

from trialwright.cli.sample_size_answer import (
    Alpha,
    Dropout,
    Json,
    N,
    Power,
    Questions,
    Ratio,
    Sided,
    numbers,
    tell,
)

sample_size_app = typer.Typer(
    help="Sample size, power or detectable difference: leave one out.", no_args_is_help=True,
    pretty_exceptions_enable=False,
)  # fmt: skip


class Test(StrEnum):
    """How two shares are compared."""

    fisher = "fisher"
    boschloo = "boschloo"
    score = "score"
    approximate = "approximate"
    arcsine = "arcsine"


class Structure(StrEnum):
    """How an outcome correlates between visits."""

    ar1 = "ar1"
    cs = "cs"
    us = "us"


class Freedom(StrEnum):
    """What the mixed model's contrast is compared with."""

    normal = "normal"
    t = "t"


class Formula(StrEnum):
    """How events are counted."""

    schoenfeld = "schoenfeld"
    freedman = "freedman"


@sample_size_app.command()
def t(
    difference: Annotated[
        float | None, typer.Option("--difference", "--delta", help="True difference of the means; or left out.")
    ] = None,
    sd: Annotated[float, typer.Option(help="Standard deviation within the arms.")] = 1.0,
    n: N = None,
    power: Power = None,
    alpha: Alpha = 0.05,
    sided: Sided = 2,
    ratio: Ratio = 1.0,
    dropout: Dropout = 0.0,
    margin: Annotated[float, typer.Option(help="Non-inferiority margin, as a distance; needs --sided 1.")] = 0.0,
    covariates: Annotated[int, typer.Option(help="Covariates of an analysis of covariance.")] = 0,
    r2: Annotated[float, typer.Option("--r2", help="Share of the variance within arms that they explain.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Two means: the t test, or the analysis of covariance with --covariates and --r2; noncentral t distribution."""
    from trialwright.analysis.power import means

    calls: dict[str, float] = {"alpha": alpha, "ratio": ratio, "margin": margin, "explained": r2}
    whole = {"sided": sided, "covariates": covariates}
    questions = Questions(
        lambda power, effect: means.sample_size(power, effect, sd, **calls, **whole),  # type: ignore[arg-type]
        lambda n, effect: means.power(n, effect, sd, **calls, **whole),  # type: ignore[arg-type]
        lambda n, power: means.detectable(n, power, sd, **calls, **whole),  # type: ignore[arg-type]
        "difference", "--difference", lambda effect: f"difference {effect:.5g} (SD {sd:g})",
    )  # fmt: skip
    assumed = {
        "sd": sd, "alpha": alpha, "sided": sided, "margin": margin, "covariates": covariates, "r2": r2,
        "dropout": dropout,
    }  # fmt: skip

    def notes(n: float) -> list[str]:
        half = means.half_width(n, sd, level=1 - 2 * alpha / sided, ratio=ratio, covariates=covariates, explained=r2)
        return [f"The confidence interval is expected to reach {half:.4g} to each side of the estimate."]

    tell(questions, n, power, difference, ratio, dropout, assumed, notes, as_json)


@sample_size_app.command()
def proportions(
    p1: Annotated[float | None, typer.Option("--p1", "--pi1", help="Share in the treatment arm; or left out.")] = None,
    p2: Annotated[float, typer.Option("--p2", "--pi2", help="Share in the reference arm, such as 0.4.")] = ...,  # type: ignore[assignment]
    n: N = None,
    power: Power = None,
    test: Annotated[
        Test, typer.Option(help="fisher, boschloo, score: exact power by enumeration; the others are formulas.")
    ] = Test.fisher,
    fewer: Annotated[bool, typer.Option("--fewer", help="Solve for a share below --p2 instead of above.")] = False,
    alpha: Alpha = 0.05,
    sided: Sided = 2,
    ratio: Ratio = 1.0,
    dropout: Dropout = 0.0,
    as_json: Json = False,
) -> None:
    """Two shares: the exact power of Fisher's, Boschloo's or the chi-squared test, or an approximation."""
    from trialwright.analysis.power import proportions as shares
    from trialwright.analysis.power import tables

    exact = test.value in tables.TESTS

    def size(power: float, effect: float) -> float:
        return shares.sample_size(power, effect, p2, alpha=alpha, sided=sided, ratio=ratio, method=test.value)

    questions = Questions(
        size,
        lambda n, effect: shares.power(n, effect, p2, alpha=alpha, sided=sided, ratio=ratio, method=test.value),
        lambda n, power: shares.detectable(
            n, power, p2, alpha=alpha, sided=sided, ratio=ratio, method=test.value, more=not fewer
        ),
        "p1", "--p1", lambda effect: f"{100 * effect:.4g} % beside {100 * p2:.4g} %",
    )  # fmt: skip

    def notes(n: float) -> list[str]:
        if not exact:
            return ["A formula for large trials; below about 100 an arm ask fisher, boschloo or score."]
        error = shares.error(n, alpha=alpha, sided=sided, ratio=ratio, method=test.value)
        said = [f"True size of the {test.value} test with these arms: at most {100 * error:.3f} %."]
        if power is not None and p1 is not None:
            found = shares.found(power, p1, p2, alpha=alpha, sided=sided, ratio=ratio, method=test.value)
            if found.dips:
                said.append(f"Less power than asked again with {', '.join(map(str, found.dips))} outcomes in all.")
        return said

    assumed = {"p2": p2, "test": test.value, "alpha": alpha, "sided": sided, "dropout": dropout}
    tell(questions, n, power, p1, ratio, dropout, assumed, notes, as_json)


@sample_size_app.command()
def mmrm(
    difference: Annotated[
        float | None, typer.Option("--difference", "--delta", help="True difference at the last visit; or left out.")
    ] = None,
    sd: Annotated[str, typer.Option(help="Standard deviation at each visit, or one for all.")] = "1",
    retention: Annotated[
        str, typer.Option(help="Share still there at each visit after baseline, such as 0.98,0.95,0.9.")
    ] = ...,  # type: ignore[assignment]
    covariance: Annotated[Structure, typer.Option(help="ar1, cs, or us with every correlation.")] = Structure.ar1,
    correlation: Annotated[
        str, typer.Option(help="One number, or for us the part below the diagonal: r21,r31,r32,...")
    ] = "0.5",
    df: Annotated[Freedom, typer.Option(help="normal: as published; t: allows for a small trial.")] = Freedom.normal,
    n: N = None,
    power: Power = None,
    alpha: Alpha = 0.05,
    sided: Sided = 2,
    ratio: Ratio = 1.0,
    as_json: Json = False,
) -> None:
    """The mixed model for repeated measures, contrast at the last visit, with participants lost on the way."""
    from trialwright.analysis.power import mmrm as repeated

    stay = numbers(retention, "--retention") or []
    spread = numbers(sd, "--sd") or []
    spread = spread * len(stay) if len(spread) == 1 else spread
    course = repeated.course(
        repeated.covariance(covariance.value, spread, numbers(correlation, "--correlation") or []), stay
    )
    questions = Questions(
        lambda power, effect: repeated.sample_size(
            power, effect, course, alpha=alpha, sided=sided, ratio=ratio, df=df.value
        ),
        lambda n, effect: repeated.power(n, effect, course, alpha=alpha, sided=sided, ratio=ratio, df=df.value),
        lambda n, power: repeated.detectable(n, power, course, alpha=alpha, sided=sided, ratio=ratio, df=df.value),
        "difference", "--difference", lambda effect: f"difference {effect:.5g} (SD {course.sd:g} at the last visit)",
    )  # fmt: skip
    assumed = {
        "sd": spread, "retention": stay, "covariance": covariance.value, "correlation": correlation, "df": df.value,
        "alpha": alpha, "sided": sided,
    }  # fmt: skip
    said = (
        f"The variance at the last visit is {course.phi:.4f} times that of a trial in which everybody stays "
        f"({1 / course.staying:.4f} if only those who stay were analysed)."
    )
    tell(questions, n, power, difference, ratio, 0.0, assumed, lambda _: [said], as_json)


@sample_size_app.command()
def logrank(
    hazard_ratio: Annotated[
        float | None, typer.Option("--hazard-ratio", help="Treatment over reference, below 1 is better; or left out.")
    ] = None,
    median: Annotated[float | None, typer.Option(help="Median time to the event in the reference arm.")] = None,
    hazard: Annotated[float | None, typer.Option("--lambda2", help="Or its hazard.")] = None,
    share: Annotated[float | None, typer.Option("--pi2", help="Or the share with the event by --by.")] = None,
    by: Annotated[float | None, typer.Option(help="The time of --pi2 and of --dropout.")] = None,
    accrual: Annotated[float, typer.Option(help="Time over which participants come, evenly.")] = 0.0,
    follow_up: Annotated[float, typer.Option(help="Follow-up of the last one to come.")] = ...,  # type: ignore[assignment]
    dropout: Annotated[float, typer.Option(help="Share lost by --by if nobody had the event.")] = 0.0,
    formula: Annotated[Formula, typer.Option(help="How events are counted.")] = Formula.schoenfeld,
    n: N = None,
    power: Power = None,
    alpha: Alpha = 0.05,
    sided: Sided = 2,
    ratio: Ratio = 1.0,
    as_json: Json = False,
) -> None:
    """Time to an event: the log-rank test with accrual, follow-up and loss. One unit of time throughout."""
    from trialwright.analysis.power import BadQuestion, survival

    if dropout and by is None:
        raise BadQuestion("Say by which time the share of --dropout is lost: --by.")
    rate = hazard if hazard is not None else survival.hazard_of(median=median, share=share, by=by)
    lost = survival.dropout_hazard(dropout, by or 1.0)
    plan = survival.Plan(rate, accrual, follow_up, (lost, lost))
    calls: dict[str, float] = {"alpha": alpha, "ratio": ratio}
    more = {"sided": sided, "method": formula.value}
    questions = Questions(
        lambda power, effect: survival.sample_size(power, effect, plan, **calls, **more),  # type: ignore[arg-type]
        lambda n, effect: survival.power(n, effect, plan, **calls, **more),  # type: ignore[arg-type]
        lambda n, power: survival.detectable(n, power, plan, **calls, **more),  # type: ignore[arg-type]
        "hazard_ratio", "--hazard-ratio", lambda effect: f"hazard ratio {effect:.5g}",
    )  # fmt: skip
    assumed = {
        "hazard": rate, "accrual": accrual, "follow_up": follow_up, "lost": dropout, "formula": formula.value,
        "alpha": alpha, "sided": sided,
    }  # fmt: skip

    def notes(n: float) -> list[str]:
        effect = hazard_ratio
        if effect is None:
            assert power is not None
            effect = survival.detectable(n, power, plan, **calls, **more)  # type: ignore[arg-type]
        chance = survival.event_chance(plan, effect, ratio)
        return [f"About {n * chance:.1f} events are seen: {100 * chance:.1f} % of participants."]

    tell(questions, n, power, hazard_ratio, ratio, 0.0, assumed, notes, as_json)
