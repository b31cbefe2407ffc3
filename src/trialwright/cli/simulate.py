"""`trialwright simulate`: how the planned analyses of a trial behave over many imagined trials."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from trialwright.simulate.prepared import Spec
    from trialwright.simulate.tallies import Tally

KEPT = "unfinished.jsonl"
"""What is done of a simulation that was stopped, in the folder of `--out`."""


def simulate(
    trial: Annotated[Path, typer.Argument(help="The trial's folder or its trial.yaml.")],
    trials: Annotated[int, typer.Option(min=1, help="How many trials in each world.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 1,
    analyses: Annotated[
        str | None,
        typer.Option(help="Planned analyses, all or primary. [the primary one, its mixed model]"),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="Scenarios, or all. [the default one, and null where there is one]")
    ] = None,
    n: Annotated[str | None, typer.Option("--n", help="Sample sizes: 24,36,48.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter of the scenario: name=value,value. May be repeated.")
    ] = None,
    dropout: Annotated[str | None, typer.Option(help="Factors on the hazards of leaving: 0,1,2.")] = None,
    method: Annotated[str | None, typer.Option(help="Methods of randomisation: permuted_block,simple.")] = None,
    strata: Annotated[str | None, typer.Option(help="declared, none, or both: whether to stratify.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="The numbers do not depend on it. [a long run: one a core]")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="here, threads, processes or dask.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Address of a Dask scheduler.", metavar="ADDRESS")] = None,
    out: Annotated[Path | None, typer.Option(help="Write tables and figures here.", metavar="DIR")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what was stopped in DIR.")] = False,
    replay: Annotated[
        int | None,
        typer.Option(min=0, help="Play this trial through the real program, and compare.", metavar="K"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
) -> None:
    """Simulate a trial: power, type I error, bias and coverage of its planned analyses, with Monte Carlo errors."""
    _refuse_engine(engine)
    spec = _spec(trial, seed, analyses, scenario, _Grid(n, set_ or [], dropout, method, strata))
    _refuse_folder(out, resume)
    if replay is not None:
        _replay(spec, replay, as_json)
        return
    how = {"workers": workers or _workers(trials * len(spec.worlds)), "engine": engine, "cluster": cluster}
    spec, tally = _run(spec, trials, out, how)
    from trialwright.simulate.results import results

    result = results(spec, tally)
    if out is not None:
        from trialwright.cli.simulate_files import write

        write(out, result)
        (out / KEPT).unlink(missing_ok=True)
    if as_json:
        typer.echo(json.dumps(result, indent=2, ensure_ascii=False))
        return
    from trialwright.cli.simulate_tables import show

    show(result)


WORTH_A_PROCESS = 25_000
"""Trials whose simulation takes about as long as a process takes to begin."""


def _workers(trials: int) -> int:
    """A worker for every core that this program may use, as far as there is work for them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, trials // WORTH_A_PROCESS))


class _Grid:
    """The words of the options that span a grid."""

    def __init__(
        self, n: str | None, parameters: list[str], dropout: str | None, method: str | None, strata: str | None
    ) -> None:
        self.n, self.parameters, self.dropout, self.method, self.strata = n, parameters, dropout, method, strata


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip())) if text else ()


def _spec(trial: Path, seed: int, analyses: str | None, scenario: str | None, options: _Grid) -> "Spec":
    """What is simulated. Everything that is wrong with files and options is said here, before anything is counted."""
    from trialwright.simulate import worlds
    from trialwright.simulate.prepared import Spec, ready
    from trialwright.simulate.reading import read

    wrong: list[str] = []

    def told(reading: Callable[..., Any], text: Any, *more: Any) -> Any:
        if not text:
            return ()
        try:
            return reading(text, *more)
        except worlds.WrongWorld as error:
            wrong.append(str(error))
            return ()

    choices = worlds.Choices(
        scenarios=_words(scenario),
        sizes=told(worlds.sizes, options.n),
        parameters=told(worlds.parameters, options.parameters),
        dropout=told(worlds.numbers, options.dropout, "--dropout"),
        methods=_words(options.method),
        strata=told(worlds.strata, options.strata),
    )
    grid = told(worlds.grid, read(trial).scenarios, choices)
    if wrong:
        raise worlds.WrongWorld("\n".join(wrong))
    spec = Spec(str(trial), seed, grid, _words(analyses))
    ready(spec)
    return spec


def _refuse_engine(engine: str | None) -> None:
    from trialwright.compute.engines import ENGINES
    from trialwright.design.problems import known_or_close

    if engine is not None and engine not in ENGINES:
        raise typer.BadParameter(
            f"there is no engine '{engine}' ({known_or_close(engine, list(ENGINES))})", param_hint="--engine"
        )


def _refuse_folder(out: Path | None, resume: bool) -> None:
    if resume and out is None:
        raise typer.BadParameter("say with --out DIR where the stopped simulation lies", param_hint="--resume")
    if out is None:
        return
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file; name a folder", param_hint="--out")
    unfinished = (out / KEPT).exists()
    if unfinished and not resume:
        raise typer.BadParameter(
            f"{out} holds a simulation that was stopped; add --resume to go on with it, or name another folder",
            param_hint="--out",
        )
    if resume and not unfinished:
        raise typer.BadParameter(f"{out} holds no simulation that was stopped", param_hint="--resume")


def _run(spec: "Spec", trials: int, out: Path | None, how: dict[str, Any]) -> "tuple[Spec, Tally]":
    from trialwright.cli.progress import progress
    from trialwright.compute import native
    from trialwright.simulate.characteristics import people_for_truth, simulation, with_truths

    native.say_once()
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    try:
        people = people_for_truth(spec, trials)
        with progress("True values", total=people, unit="people") as step:
            spec = with_truths(spec, people, progress=lambda made, _: step(made), **how)
        with progress("Simulating", total=trials, unit="trials") as step:
            keep = None if out is None else out / KEPT
            return spec, simulation(spec, trials, progress=lambda made, _: step(made), keep=keep, **how)
    except KeyboardInterrupt:
        begun = out is not None and (out / KEPT).exists()
        kept = f"what is done is kept; go on with --out {out} --resume" if begun else "nothing was kept"
        typer.echo(f"Stopped; {kept}.", err=True)
        raise typer.Exit(130) from None


def _replay(spec: "Spec", trial: int, as_json: bool) -> None:
    """Both p values of one trial; exit code 1 where they differ."""
    from trialwright.simulate.replay import replayed

    found = replayed(spec, trial)
    if as_json:
        rows = [{**asdict(one), "both": [{**asdict(row), "equal": row.equal} for row in one.both]} for one in found]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        from trialwright.cli.simulate_tables import show_replay

        show_replay(found)
    if not all(row.equal for one in found for row in one.both):
        raise typer.Exit(1)
