"""``capexpand solve``: the general door to the policy engine, for problems that are not capacity plans."""

from __future__ import annotations

import math
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from capexpand.cli.options import AsJson, Seed
from capexpand.files.json_text import JsonObject
from capexpand.reporting.console import print_json, say

if TYPE_CHECKING:
    from capexpand.sddp.policy import TrainingRecord


class Method(StrEnum):
    """How to solve."""

    SDDP = "sddp"
    EXTENSIVE = "extensive"


class Cuts(StrEnum):
    """Which cuts to make."""

    SINGLE = "single"
    MULTI = "multi"


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
    seconds: Annotated[float, typer.Option(min=0.0, help="Limit of time for all that it does.")] = 120.0,
    gap: Annotated[
        float, typer.Option(min=0.0, help="Gap in percent at which a sampled check counts as converged.")
    ] = 1.0,
    seed: Seed = 1,
    paths: Annotated[
        int | None,
        typer.Option(min=2, help="Paths to simulate with the final policy; 1000, with whole numbers 100."),
    ] = None,
    streams: Annotated[
        int, typer.Option(min=1, help="Forward-pass streams of training; part of the result.")
    ] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes; never part of the result.")] = 1,
    cuts: Annotated[Cuts, typer.Option(help="One cut each time, or one for each outcome.")] = Cuts.SINGLE,
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
    as_json: AsJson = False,
) -> None:
    """Solve a multistage stochastic linear program and say how good the policy is."""
    from capexpand.api.answered import solve as solved

    solution = solved(
        file, method=method.value, iterations=iterations, seconds=seconds, gap=gap, seed=seed, paths=paths,
        streams=streams, workers=workers, cuts=cuts.value, back_end=back_end, checkpoint=checkpoint,
        weight=weight, stages=stages, progress=_Printer(),
    )  # fmt: skip
    result = dict(solution.document)
    if as_json:
        print_json(result)
    else:
        say(_as_text(result))


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
            say(
                "iterations          bound     recent paths      ±  95 %    seconds     solves", to_error=True
            )
        halfwidth = "" if math.isinf(record.recent_halfwidth) else f"{record.recent_halfwidth:.6g}"
        say(
            f"{record.iterations:10d} {record.bound:14.8g} {record.recent_mean:16.8g} {halfwidth:>10} "
            f"{record.seconds:10.1f} {record.solves:10d}",
            to_error=True,
        )
        self._next_iteration = int(record.iterations * 1.1) + 1
        self._last_seconds = record.seconds


def _as_text(result: JsonObject) -> str:
    """Return a result for people."""
    lines = [
        f"status            {result['status']} ({result['method']}, {result['sense']})",
        f"bound             {result['bound']:.10g}   {result['bound_is']}",
    ]
    if result["method"] == "sddp":
        lines += [
            *_value_lines(result),
            f"iterations        {result['iterations']}, {result['solves']} programs by {_used(result)}",
        ]
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


def _value_lines(result: JsonObject) -> list[str]:
    """Return the lines on the policy's value and gap."""
    if result["simulated_mean"] is None:
        return ["policy's mean     none: the time was up before a path was followed to its end"]
    how = "on every path" if result["simulated_exactly"] else f"on {result['simulated_paths']} paths"
    mean = f"policy's mean     {result['simulated_mean']:.10g} ± {result['simulated_halfwidth']:.4g}   {how}"
    if result["gap_fraction"] is not None:
        return [mean, f"gap at most       {100.0 * result['gap_fraction']:.4g} %"]
    return [
        mean,
        "gap               none claimed: the policy is risk averse and its tree too large to evaluate",
    ]


def _used(result: JsonObject) -> str:
    return ", ".join(f"{name} at {count} nodes" for name, count in result["back_ends"].items())
