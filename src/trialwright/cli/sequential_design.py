"""The options of a group-sequential design, in one place for every command that needs one."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialwright.cli.sample_size_answer import Json, numbers

if TYPE_CHECKING:
    from trialwright.analysis.sequential import Boundaries

__all__ = ["Json", "designed", "numbers", "with_design"]


def designed(
    looks: Annotated[
        int | None, typer.Option("--looks", "--k-max", help="Looks, equally spaced, the last included.")
    ] = None,
    information: Annotated[
        str | None, typer.Option(help="Or the information fraction of each look, such as 0.5,1.")
    ] = None,
    alpha: Annotated[float, typer.Option(help="One-sided, or of both sides with --sided 2.")] = 0.025,
    sided: Annotated[int, typer.Option(help="1 or 2 sides.")] = 1,
    type: Annotated[str, typer.Option(help="asOF, asP, asKD, asHSD, asUser (spending); OF, P, WT, HP; none.")] = "asOF",
    delta: Annotated[float | None, typer.Option(help="Of WT: 0 is OF, 0.5 is P.")] = None,
    gamma: Annotated[float | None, typer.Option(help="Of asKD and asHSD.")] = None,
    constant: Annotated[float, typer.Option(help="Of HP: the bound before the last look.")] = 3.0,
    user_alpha: Annotated[str | None, typer.Option(help="Of asUser: alpha spent by each look.")] = None,
    futility: Annotated[str | None, typer.Option(help="Futility bounds of Z, one for each look but the last.")] = None,
    binding: Annotated[bool, typer.Option("--binding", help="Futility bounds are always obeyed.")] = False,
    beta: Annotated[float | None, typer.Option(help="Chance to miss the effect, for --beta-spending.")] = None,
    beta_spending: Annotated[str | None, typer.Option(help="bsOF, bsP, bsKD, bsHSD, bsUser.")] = None,
    beta_gamma: Annotated[float | None, typer.Option(help="Of bsKD and bsHSD.")] = None,
    user_beta: Annotated[str | None, typer.Option(help="Of bsUser: beta spent by each look.")] = None,
) -> "Boundaries":
    """The design that these options describe."""
    from trialwright.analysis.sequential import boundaries

    return boundaries(
        looks, alpha=alpha, sided=sided, type=type, information=numbers(information, "--information"), delta=delta,
        gamma=gamma, constant=constant, user_alpha=numbers(user_alpha, "--user-alpha"),
        futility=numbers(futility, "--futility"), binding=binding, beta=beta, beta_spending=beta_spending,
        beta_gamma=beta_gamma, user_beta=numbers(user_beta, "--user-beta"),
    )  # fmt: skip


def with_design(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the design's options beside its own; its parameter `design` receives what they describe."""
    options = inspect.signature(designed).parameters
    own = {name: one for name, one in inspect.signature(command).parameters.items() if name != "design"}

    def run(**given: Any) -> None:
        design = designed(**{name: given.pop(name) for name in options})
        command(design=design, **given)

    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own.values(), *options.values())]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run
