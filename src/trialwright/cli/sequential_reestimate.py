"""`trialwright sequential reestimate`: the sample size looked at again half way."""

from typing import Annotated, Any

import typer


def reestimate(
    n: Annotated[int, typer.Option("--n", help="Participants with an outcome so far, both arms.")],
    difference: Annotated[float | None, typer.Option(help="The planned difference, for means or shares.")] = None,
    sd: Annotated[float | None, typer.Option(help="Blinded: standard deviation of all outcomes as one sample.")] = None,
    events: Annotated[int | None, typer.Option(help="Blinded: responders so far, both arms together.")] = None,
    z: Annotated[float | None, typer.Option("--z", help="Unblinded: the statistic now (promising zone).")] = None,
    planned: Annotated[int | None, typer.Option(help="Unblinded: the planned size.")] = None,
    most: Annotated[int | None, typer.Option("--most", help="The largest size that can be afforded.")] = None,
    least: Annotated[int | None, typer.Option("--least", help="Blinded: the size never to fall below.")] = None,
    adjusted: Annotated[bool, typer.Option("--adjusted", help="Take the planned difference off the spread.")] = False,
    promising: Annotated[float, typer.Option(help="Unblinded: conditional power where the zone begins.")] = 0.3,
    power: Annotated[float, typer.Option(help="The power wanted.")] = 0.8,
    alpha: Annotated[
        float | None, typer.Option(help="Two-sided 0.05 for blinded, one-sided 0.025 for unblinded.")
    ] = None,
    sided: Annotated[int, typer.Option(help="1 or 2 sides, for blinded.")] = 2,
    ratio: Annotated[float, typer.Option(help="Treatment to reference.")] = 1.0,
    dropout: Annotated[float, typer.Option(help="Share of the randomised who have no outcome.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of sentences.")] = False,
) -> None:
    """Blinded by the spread (--sd) or the share (--events) of everybody together; unblinded by --z."""
    from trialwright.analysis import reestimation
    from trialwright.analysis.power import BadQuestion

    if [sd, events, z].count(None) != 2:
        raise BadQuestion("Give one of --sd (means), --events (shares), both blinded, or --z (unblinded).")
    if z is not None:
        if planned is None or most is None:
            raise BadQuestion("The promising zone needs --planned, the size of the plan, and --most, the largest size.")
        zone = reestimation.promising_zone(
            z, n, planned, most, power=power, alpha=0.025 if alpha is None else alpha, least=promising
        )
        words = (
            f"{zone.zone}: conditional power at the trend {100 * zone.conditional_power:.1f} % with {planned}.\n"
            f"Go on with {zone.n} outcomes in all ({100 * zone.conditional_power_then:.1f} %); "
            "combine the stages with the planned weights."
        )
        _say(zone, words, as_json)
        return
    if difference is None:
        raise BadQuestion("Give the planned --difference; it is not looked at again.")
    level = 0.05 if alpha is None else alpha
    if sd is not None:
        found = reestimation.blinded_means(
            sd, n, difference, power=power, alpha=level, sided=sided, ratio=ratio, adjusted=adjusted, floor=least,
            ceiling=most, dropout=dropout,
        )  # fmt: skip
        seen = f"Standard deviation {found.seen:g}"
    else:
        assert events is not None
        found = reestimation.blinded_shares(
            events, n, difference, power=power, alpha=level, sided=sided, ratio=ratio, floor=least, ceiling=most,
            dropout=dropout,
        )  # fmt: skip
        seen = f"{100 * found.seen:.4g} % in both arms together"
    held = {"": "", "floor": " (held at the least size)", "ceiling": " (held at the largest size: less power)"}
    words = (
        f"{seen}: {found.needed:.3f} participants with an outcome are needed.\n"
        f"Randomise {found.size.total} in all ({found.size.treatment} + {found.size.reference}){held[found.held]}."
    )
    _say(found, words, as_json)


def _say(found: Any, words: str, as_json: bool) -> None:
    if as_json:
        import orjson

        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    else:
        typer.echo(words)
