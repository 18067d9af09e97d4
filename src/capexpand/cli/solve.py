"""``capexpand solve``: the general door to the policy engine, for problems that are not capacity plans."""

from __future__ import annotations

import json
import math
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from capexpand.sddp.extensive import ExtensiveSolution
    from capexpand.sddp.formats.stochoptformat import StatedGraph
    from capexpand.sddp.policy import FirstDecision, Policy, TrainingRecord
    from capexpand.sddp.problem import PolicyGraph
    from capexpand.sddp.training import TrainingSettings


class Method(StrEnum):
    """How to solve."""

    SDDP = "sddp"
    EXTENSIVE = "extensive"


class Cuts(StrEnum):
    """Which cuts to make."""

    SINGLE = "single"
    MULTI = "multi"


def register(app: typer.Typer) -> None:
    """Add the command to an application."""

    @app.command("solve")
    def solve(
        file: Annotated[
            Path,
            typer.Argument(help="A multistage stochastic program in JSON: sddp-case/1 or StochOptFormat."),
        ],
        *,
        method: Annotated[
            Method, typer.Option(help="Train a policy, or solve the whole tree at once (small trees only).")
        ] = Method.SDDP,
        iterations: Annotated[int, typer.Option(min=1, help="Limit of iterations.")] = 3000,
        seconds: Annotated[float, typer.Option(min=0.0, help="Limit of time for training.")] = 120.0,
        gap: Annotated[
            float, typer.Option(min=0.0, help="Gap in percent at which a sampled check counts as converged.")
        ] = 1.0,
        seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 1,
        paths: Annotated[
            int | None,
            typer.Option(
                min=2, help="Paths to simulate with the final policy; 1000, with whole numbers 100."
            ),
        ] = None,
        streams: Annotated[
            int, typer.Option(min=1, help="Logical streams of training; part of the result.")
        ] = 1,
        workers: Annotated[int, typer.Option(min=1, help="Processes; never part of the result.")] = 1,
        cuts: Annotated[Cuts, typer.Option(help="One cut a visit, or one for each outcome.")] = Cuts.SINGLE,
        back_end: Annotated[str, typer.Option(help="Stage solver: auto, highs, kernel or check.")] = "auto",
        checkpoint: Annotated[
            Path | None, typer.Option(help="File to resume from and to write checkpoints to.")
        ] = None,
        weight: Annotated[
            float | None,
            typer.Option(min=0.0, max=1.0, help="Deficit weight of a compact hydro-thermal file."),
        ] = None,
        stages: Annotated[
            int | None, typer.Option(min=1, help="Number of stages of a compact hydro-thermal file.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    ) -> None:
        """Solve a multistage stochastic linear program and say how good the policy is."""
        from capexpand.sddp.formats.reading import read_with_scenarios

        stated = read_with_scenarios(file, weight=weight, stages=stages)
        graph = stated.graph
        if method is Method.EXTENSIVE:
            from capexpand.sddp.extensive import solve_extensive

            result = _extensive_data(graph, solve_extensive(graph))
        else:
            from capexpand.sddp.futures import CutKind
            from capexpand.sddp.training import TrainingSettings

            settings = TrainingSettings(
                iterations=iterations,
                seconds=seconds,
                seed=seed,
                streams=streams,
                workers=workers,
                cuts=CutKind(cuts.value),
                back_end=back_end,
                gap_fraction=gap / 100.0,
            )
            result = _trained_data(stated, settings, paths, checkpoint)
        typer.echo(json.dumps(result, ensure_ascii=False, indent=2) if as_json else _as_text(result))


def _trained_data(
    stated: StatedGraph, settings: TrainingSettings, paths: int | None, checkpoint: Path | None
) -> dict[str, Any]:
    """Train, simulate the policy on fresh paths of the lattice, and collect what to print."""
    import numpy as np

    from capexpand.sddp.assessment import assess
    from capexpand.sddp.training import train

    graph = stated.graph
    policy = train(graph, settings=settings, progress=_Printer(), checkpoint=checkpoint)
    generator = np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(settings.seed, spawn_key=(2_000_000,)))
    )
    value = assess(
        policy.solvers(),
        policy.bound,
        paths=paths or (100 if graph.has_integers else 1000),
        exact_limit=settings.exact_limit,
        check=0,
        generator=generator,
        workers=settings.workers,
    )
    return {
        "status": policy.status,
        "sense": "max" if graph.maximise else "min",
        "method": "sddp",
        "bound": policy.bound,
        "bound_is": _bound_statement(policy),
        "simulated_mean": value.mean,
        "simulated_halfwidth": value.halfwidth,
        "simulated_paths": value.paths,
        "simulated_exactly": value.exact,
        "risk_value": value.risk_value,
        "gap_fraction": value.gap_fraction,
        "iterations": policy.records[-1].iterations if policy.records else 0,
        "seconds": round(policy.seconds, 3),
        "solves": policy.counts.solves,
        "back_ends": policy.back_ends_used,
        "fallbacks": {
            "refactored": policy.counts.refactored,
            "cold": policy.counts.cold,
            "handed_over": policy.counts.handed_over,
            "uncertified": policy.counts.uncertified,
        },
        "first_stage": _first_stage(policy.first_decisions()),
    } | _followed(policy, stated)


def _followed(policy: Policy, stated: StatedGraph) -> dict[str, Any]:
    """Follow the policy along the scenarios of the file, where it has any."""
    if stated.scenarios is None:
        return {}
    from capexpand.sddp.simulation import simulate_scenarios

    values = simulate_scenarios(policy.solvers(), stated.scenarios).values
    return {
        "validation_scenarios": {"mean": float(values.mean()), "values": [float(each) for each in values]}
    }


def _extensive_data(graph: PolicyGraph, solution: ExtensiveSolution) -> dict[str, Any]:
    """Collect what to print of an extensive form."""
    return {
        "status": "optimal",
        "sense": "max" if graph.maximise else "min",
        "method": "extensive",
        "bound": solution.value,
        "bound_is": "the optimum of the whole tree",
        "simulated_mean": solution.value,
        "simulated_halfwidth": 0.0,
        "iterations": 0,
        "seconds": round(solution.seconds, 3),
        "columns": solution.columns,
        "rows": solution.rows,
        "first_stage": _first_stage(solution.first),
    }


def _bound_statement(policy: Policy) -> str:
    """Say what the bound bounds."""
    side = "upper" if policy.graph.maximise else "lower"
    if policy.floor.assumed:
        return f"{side} bound, if no cost-to-go lies below the assumed floor"
    if policy.graph.has_integers:
        return f"{side} bound, with the whole numbers of later stages relaxed"
    return f"certified {side} bound"


def _first_stage(decisions: tuple[FirstDecision, ...]) -> dict[str, Any]:
    """Show one outcome's decisions by name, several under their node and outcome."""
    if len(decisions) == 1:
        return dict(decisions[0].columns)
    return {f"{decision.node}#{decision.outcome}": dict(decision.columns) for decision in decisions}


class _Printer:
    """Prints the state of training to the terminal, at growing intervals and at most twice a second."""

    def __init__(self) -> None:
        self._next_iteration = 1
        self._last_seconds = -1.0

    def __call__(self, record: TrainingRecord) -> None:
        if not sys.stderr.isatty() or record.iterations < self._next_iteration:
            return
        if record.seconds - self._last_seconds < 0.5:
            return
        if self._last_seconds < 0.0:
            typer.echo(
                "iterations          bound     recent paths      ±  95 %    seconds     solves", err=True
            )
        halfwidth = "" if math.isinf(record.recent_halfwidth) else f"{record.recent_halfwidth:.6g}"
        typer.echo(
            f"{record.iterations:10d} {record.bound:14.8g} {record.recent_mean:16.8g} {halfwidth:>10} "
            f"{record.seconds:10.1f} {record.solves:10d}",
            err=True,
        )
        self._next_iteration = int(record.iterations * 1.1) + 1
        self._last_seconds = record.seconds


def _as_text(result: dict[str, Any]) -> str:
    """Return a result for people."""
    lines = [
        f"status            {result['status']} ({result['method']}, {result['sense']})",
        f"bound             {result['bound']:.10g}   {result['bound_is']}",
    ]
    if result["method"] == "sddp":
        how = "on every path" if result["simulated_exactly"] else f"on {result['simulated_paths']} paths"
        lines.append(
            f"policy's mean     {result['simulated_mean']:.10g} ± {result['simulated_halfwidth']:.4g}   {how}"
        )
        if result["gap_fraction"] is not None:
            lines.append(f"gap at most       {100.0 * result['gap_fraction']:.4g} %")
        else:
            lines.append(
                "gap               none claimed: the policy is risk averse and its tree too large to evaluate"
            )
        lines.append(
            f"iterations        {result['iterations']}, {result['solves']} programs by {_used(result)}"
        )
    if "validation_scenarios" in result:
        found = result["validation_scenarios"]
        lines.append(f"in the file's own {found['mean']:.10g} on average of {len(found['values'])} scenarios")
    lines.append(f"seconds           {result['seconds']:.2f}")
    lines.append("first stage")
    for name, value in result["first_stage"].items():
        if isinstance(value, dict):
            shown = ", ".join(f"{key} {number:.6g}" for key, number in value.items() if abs(number) > 1e-9)
            lines.append(f"  {name}: {shown}")
        elif abs(value) > 1e-9:
            lines.append(f"  {name:24} {value:.8g}")
    return "\n".join(lines)


def _used(result: dict[str, Any]) -> str:
    return ", ".join(f"{name} at {count} nodes" for name, count in result["back_ends"].items())
