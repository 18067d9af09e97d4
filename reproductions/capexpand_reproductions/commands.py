"""The commands of ``capexpand reproduce``: options read, results printed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from capexpand.cli.replay import print_rows
from capexpand.reporting.console import print_json, say

if TYPE_CHECKING:
    from capexpand_reproductions.fgd import RuleResult
    from capexpand_reproductions.step_times import FittedRun

Folder = Annotated[Path, typer.Option("--traces", help="Folder that holds the traces.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def fgd(
    traces: Folder,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.")] = None,
    workload: Annotated[list[str] | None, typer.Option(help="Only these workloads.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 42 on.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Repeat the table of the FGD paper (USENIX ATC 2023) for every workload found."""
    from capexpand.errors import CaseError, Problem
    from capexpand.files import check_file, csv_of, write_file
    from capexpand.replay.compiled import announce_compilation
    from capexpand_reproductions import fgd as experiments

    ours = csv_of("workload", "policy", "seeds")
    node_file, lists = experiments.find_workloads(traces)
    if csv is not None:
        with suppress(OSError):  # what cannot be made is named by the check
            csv.absolute().parent.mkdir(parents=True, exist_ok=True)
        check_file(csv, ours=ours, inputs=[node_file, *lists])
    nodes = experiments.read_nodes(node_file)
    workloads = [experiments.read_workload(path) for path in lists]
    if workload:
        unknown = sorted(set(workload) - {one.name for one in workloads})
        if unknown:
            names = ", ".join(one.name for one in workloads)
            raise CaseError([Problem(f"unknown workload {name}; there are {names}") for name in unknown])
        workloads = [one for one in workloads if one.name in workload]
    results: list[RuleResult] = []
    with announce_compilation():
        for number, one in enumerate(workloads, start=1):
            say(f"{number}/{len(workloads)} {one.name}", to_error=True)
            results.extend(experiments.reproduce(nodes, one, seeds=range(42, 42 + seeds)))
    rows = [_fgd_row(result) for result in results]
    if csv is not None:
        write_file(csv, _table(rows), ours=ours, inputs=[node_file, *lists])
    if as_json:
        print_json({"rows": rows}, indent=None)
        return
    print_rows("Accelerators allocated when arrivals ask for all of them", rows)


def _fgd_row(result: RuleResult) -> dict[str, str | float | int]:
    from capexpand_reproductions.fgd import RULE_NAMES

    return {
        "workload": result.workload,
        "policy": RULE_NAMES[result.rule],
        "seeds": len(result.allocated_percent_by_seed),
        "alloc_pct_at_100": round(result.allocated_percent, 4),
        "sd_at_100": round(result.standard_deviation, 4),
        "alloc_pct_at_130": round(result.allocated_percent_at_130, 4),
        "unalloc_gpus_at_100": round(result.unallocated_accelerators, 2),
        "frag_pct_at_50": round(result.fragmented_percent_at_50, 4),
        "frag_pct_at_100": round(result.fragmented_percent_at_100, 4),
    }


def vllm(
    traces: Folder,
    fraction: Annotated[float, typer.Option(min=0.05, max=0.95, help="Share of requests to fit on.")] = 0.5,
    as_json: AsJson = False,
) -> None:
    """Fit step times on the first part of real vLLM runs, and predict the rest."""
    from capexpand.replay.compiled import announce_compilation
    from capexpand_reproductions.step_times import fit_and_predict
    from capexpand_reproductions.vllm_runs import find_runs, read_run

    runs = [read_run(folder) for folder in find_runs(traces)]
    with announce_compilation():
        fitted = [fit_and_predict(run, fraction=fraction) for run in runs]
    rows = [_vllm_row(run) for run in fitted]
    if as_json:
        print_json({"rows": rows}, indent=None)
        return
    print_rows("Predicted against measured, requests that the fit did not see", rows)


def _vllm_row(run: FittedRun) -> dict[str, str | float | int]:
    percent = {
        "e2e_mean_pct": run.held_out.end_to_end_mean,
        "e2e_p50_pct": run.held_out.end_to_end_p50,
        "e2e_p99_pct": run.held_out.end_to_end_p99,
        "ttft_mean_pct": run.held_out.first_token_mean,
        "tpot_mean_pct": run.held_out.per_token_mean,
        "fitted_e2e_mean_pct": run.fitted.end_to_end_mean,
    }
    step = run.step_time
    return {
        "run": run.name,
        "held_out": run.held_out.requests,
        **{name: round(100 * value, 2) for name, value in percent.items()},
        "base_ms": round(1e3 * step.base_s, 3),
        "prefill_us_per_token": round(1e6 * step.per_prefill_token_s, 2),
        "cached_ns_per_token": round(1e9 * step.per_cached_token_s, 2),
        "sequence_us": round(1e6 * step.per_sequence_s, 2),
        "preemptions": run.preemptions,
    }


def mooncake(traces: Folder, as_json: AsJson = False) -> None:
    """Compute Mooncake's table of workloads (FAST 2025, table 2), with a cache of any size."""
    from capexpand.errors import CaseError, Problem
    from capexpand.replay.sources.requests import read_mooncake
    from capexpand_reproductions.mooncake import reusable_fraction

    paths = sorted(traces.rglob("*_trace.jsonl*"))
    if not paths:
        raise CaseError([Problem("no *_trace.jsonl[.gz] below this folder", file=traces)])
    rows = []
    for path in paths:
        trace = read_mooncake(path)
        rows.append(
            {
                "workload": trace.name.removesuffix("_trace"),
                "requests": len(trace),
                "avg_input": round(float(trace.prompt_tokens.mean()), 2),
                "avg_output": round(float(trace.output_tokens.mean()), 2),
                "cache_ratio_infinite": round(reusable_fraction(trace), 4),
            }
        )
    if as_json:
        print_json({"rows": rows}, indent=None)
        return
    print_rows("Mooncake's workloads", rows)


def _table(rows: Sequence[dict[str, str | float | int]]) -> str:
    """Return rows as a table of comma-separated values."""
    import csv
    import io

    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
