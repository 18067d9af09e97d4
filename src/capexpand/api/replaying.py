"""``replay``, ``size`` and ``traces``: traces of jobs and requests on a fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from capexpand.api.replay_documents import (
    check_place,
    rounded,
    write_derating,
)
from capexpand.api.replay_seeds import SeededReplay, by_seed, parse_choice
from capexpand.api.shown import Documented
from capexpand.errors import CaseError, Problem

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from capexpand.replay.jobs.policies import SchedulingPolicy
    from capexpand.replay.sizing import ReplicaKind
    from capexpand.replay.traces import JobTrace, RequestTrace
    from capexpand.runs.planned_fleet import PlannedFleet

Choice = TypeVar("Choice", bound=IntEnum)


@dataclass(frozen=True, slots=True, repr=False)
class Replayed(Documented):
    """A trace replayed on a fleet: waiting, utilisation, idle capacity by cause, deratings.

    Args:
        found: names, numbers and rows, as ``--json`` prints them.
    """

    found: Mapping[str, Any]

    @property
    def document(self) -> Mapping[str, Any]:
        """The result as one JSON object."""
        return self.found

    def _title(self) -> tuple[str, str]:
        place = self.found.get("run") or self.found.get("replica") or "a fleet"
        return "replay", f"{self.found['trace']} on {place}"


@dataclass(frozen=True, slots=True, repr=False)
class SizedFleet(Documented):
    """The cheapest fleet of each kind that keeps a promise, the best first.

    Args:
        found: the promise, the fleets and the effort, as ``--json`` prints them.
    """

    found: Mapping[str, Any]

    @property
    def document(self) -> Mapping[str, Any]:
        """The result as one JSON object."""
        return self.found

    def _title(self) -> tuple[str, str]:
        return "size", f"Cheapest fleet of each kind: {self.found['promise']}"


@dataclass(frozen=True, slots=True, repr=False)
class TraceList(Documented):
    """The formats of trace that can be read, or the traces below a folder.

    Args:
        found: ``formats`` or ``traces``, as ``--json`` prints them.
    """

    found: Mapping[str, Any]

    @property
    def document(self) -> Mapping[str, Any]:
        """The result as one JSON object."""
        return self.found

    def _title(self) -> tuple[str, str]:
        kind = "formats" if "formats" in self.found else "traces"
        return "traces", f"{len(self.found[kind])} {kind}"


def replay(
    run: Path | str | None = None,
    *,
    trace: Path | str,
    fleet: Path | str | None = None,
    replicas: Path | str | None = None,
    quarter: str | None = None,
    workload: str | None = None,
    model: str | None = None,
    chip: str | None = None,
    count: int = 1,
    format: str | None = None,  # noqa: A002 - the option is called so
    servegen: str | None = None,
    span_hours: float = 1.0,
    load: float | None = None,
    order: str = "first-come",
    placement: str = "best-fit",
    backfill: bool = False,
    preempt: bool = False,
    accelerators_only: bool = False,
    routing: str = "least-outstanding",
    slo: str | None = None,
    time_unit: str | None = None,
    block_tokens: int | None = None,
    leave_out_bad: bool = False,
    seeds: int = 1,
    workers: int = 2,
    on: str | Executor | None = None,
    out: Path | str | None = None,
) -> Replayed:
    """Replay a trace on a fleet: waiting, utilisation, what is stranded and why, derating for a plan.

    Args:
        run: a run folder, whose planned fleet is taken, in place of ``fleet``.
        trace: jobs or requests, or ServeGen's folder.
        fleet: CSV or JSON file of nodes, for jobs.
        replicas: JSON file of a replica, for requests.
        quarter: of the run, a day in it or its name; the fullest if None.
        workload: of the run, one only; all if None.
        model: of the catalogue, for replicas computed on ``chip`` or on the run.
        chip: of the catalogue, with ``model``.
        count: of replicas.
        format: of the trace; recognised if None.
        servegen: model of ServeGen of which requests are generated.
        span_hours: how much is generated [h].
        load: of jobs, the share of the fleet's work asked for; of requests, how many times as fast they come.
        order: first-come, shortest-first, priority or fair-share.
        placement: best-fit, fragmentation-gradient, packing, clustering, dot-product or random.
        backfill: whether a later job may pass one that cannot start.
        preempt: whether a job may take from jobs of lower priority.
        accelerators_only: whether CPU and memory are ignored, which is much faster.
        routing: round-robin, least-outstanding or prefix-aware.
        slo: a promise, such as ``ttft=2s,tpot=50ms,share=0.99``.
        time_unit: s or ms, of times in JSON lines; recognised if None.
        block_tokens: tokens in a block of a prefix in JSON lines; recognised if None.
        leave_out_bad: whether bad rows are left out and counted; otherwise they are an error.
        seeds: how often what is drawn is drawn anew, the random placement or the requests that are generated;
            the result is that of the first, with a row of what differs for each.
        workers: processes, each with seeds of its own; the result is the same for any number.
        on: where the seeds are replayed: ``ray`` or ``ray://HOST:PORT`` for a Ray cluster, an executor
            of ``concurrent.futures``, or processes of this machine if None; the result is the same.
        out: where the derating is written, a .json or .csv file or a folder for both; nowhere if None.

    Raises:
        CaseError: the trace, the fleet or an option is wrong, or there is no derating to write.
        RunError: the run cannot be read, or the derating not be written.
    """
    from capexpand.executing.choosing import engine_on
    from capexpand.executing.engine import in_order
    from capexpand.replay.compiled import announce_compilation
    from capexpand.replay.fleet import read_fleet
    from capexpand.replay.sources.catalogue import read_trace
    from capexpand.replay.traces import JobTrace

    place, run_folder = _path(out), _path(run)
    trace, fleet_file, replica_file = Path(trace), _path(fleet), _path(replicas)
    check_load(load)
    if seeds < 1 or (seeds > 1 and place is not None):
        said = "1 or more" if seeds < 1 else "1 with --out, since a derating is written of one"
        raise CaseError([Problem(f"--seeds: {said}, not {seeds}")])
    if place is not None:
        check_place(place, [one for one in (trace, fleet_file, replica_file) if one is not None])
    plan = _planned(run_folder, fleet_file or replica_file, quarter=quarter, workload=workload)
    loaded = None if servegen else read_trace(
        trace, format_name=format, leave_out_bad=leave_out_bad, time_unit=time_unit,
        block_tokens=block_tokens,
    )  # fmt: skip
    policy, nodes = None, None
    if isinstance(loaded, JobTrace):
        if fleet_file is not None and plan is None:
            nodes = read_fleet(fleet_file)
        policy = _policy(order, placement, backfill=backfill, preempt=preempt)
        if accelerators_only and plan is None:
            loaded = _only_with_accelerators(loaded)
    work = SeededReplay(
        trace, loaded, plan, policy, servegen, span_hours, fleet=nodes, replicas=replica_file,
        model=model, chip=chip, count=count, routing=routing, slo=slo, load=load,
        leave_out_bad=leave_out_bad, kept=place is not None,
    )  # fmt: skip
    if seeds > 1 and not work.drawn:
        raise CaseError(
            [Problem("--seeds: nothing is drawn here; that is so with --placement random or --servegen")]
        )
    chunks = work.chunks(seeds)
    with announce_compilation():
        found = [work(next(chunks))]  # here, so that the others find the engine compiled
    if seeds > 1:
        with engine_on(on, workers=workers) as engine, engine.pool(work, most=seeds - 1) as pool:
            found += [document for _, document in in_order(pool, chunks)]
    document = found[0] if seeds == 1 else found[0] | {"by_seed": by_seed(found)}
    if place is not None:
        _write(document, place)
    return Replayed(document)


def _write(document: dict[str, object], place: Path) -> None:
    if not document["deratings"]:
        why = document.get("note") or "nothing was promised (--slo)"
        raise CaseError([Problem(f"{why}, so none is written")])
    write_derating(document, place)


def size(
    trace: Path | str,
    *,
    slo: str,
    replicas: Path | str | None = None,
    model: str | None = None,
    chip: Sequence[str] | None = None,
    most: int = 256,
    load: float = 1.0,
    format: str | None = None,  # noqa: A002 - the option is called so
    routing: str = "least-outstanding",
    time_unit: str | None = None,
    block_tokens: int | None = None,
    leave_out_bad: bool = False,
    workers: int = 2,
    on: str | Executor | None = None,
) -> SizedFleet:
    """Find the cheapest fleet that keeps a promise, among every kind, setting and number of replicas.

    Args:
        trace: of requests.
        slo: the promise, such as ``ttft=2s,tpot=50ms,share=0.99``.
        replicas: JSON file of the replicas to choose from.
        model: of the catalogue, in place of a file.
        chip: chips to compare, each with the price of one for an hour, such as ``H100=2.5``; 1 if not given.
        most: largest number of replicas.
        load: how many times as fast the requests come.
        format: of the trace; recognised if None.
        routing: round-robin, least-outstanding or prefix-aware.
        time_unit: s or ms, of times in JSON lines; recognised if None.
        block_tokens: tokens in a block of a prefix in JSON lines; recognised if None.
        leave_out_bad: whether bad requests are left out and counted; otherwise they are an error.
        workers: processes; the result is the same for any number.
        on: where the fleets are replayed: ``ray`` or ``ray://HOST:PORT`` for a Ray cluster, an executor
            of ``concurrent.futures``, or processes of this machine if None; the result is the same.

    Raises:
        CaseError: the trace, a replica or an option is wrong, or no fleet keeps the promise.
    """
    from capexpand.executing.choosing import engine_on
    from capexpand.replay.compiled import announce_compilation
    from capexpand.replay.serving.replicas import Routing
    from capexpand.replay.sizing import describe_promise, parse_promise, read_replica_kinds, size_fleet
    from capexpand.replay.sources.catalogue import read_trace
    from capexpand.replay.traces import RequestTrace

    promise = parse_promise(slo)
    chosen = parse_choice(Routing, routing, "--routing")
    requests = read_trace(
        Path(trace), format_name=format, leave_out_bad=leave_out_bad, time_unit=time_unit,
        block_tokens=block_tokens,
    )  # fmt: skip
    if not isinstance(requests, RequestTrace):
        raise CaseError([Problem("expected a request trace, got a job trace", file=Path(trace))])
    check_load(load)
    file = _path(replicas)
    if file is not None and (model or chip):
        raise CaseError([Problem("is beside --model and --chip; give one of both", file=file)])
    kinds = read_replica_kinds(file) if file is not None else _computed_kinds(requests, model, chip or ())
    with announce_compilation(), engine_on(on, workers=workers) as engine:
        sizing = size_fleet(
            requests.faster(load), kinds, promise, most_replicas=most, routing=chosen, engine=engine
        )
    rows = [
        {
            "kind": one.kind.name,
            "replicas": one.replicas,
            "accelerators": one.replicas * one.kind.accelerators,
            "step_tokens": one.step_tokens,
            "sequences": one.sequences,
            "cost_per_hour": round(one.cost_per_hour, 4),
            "kept_fraction": round(one.kept_fraction, 5),
            "utilisation": rounded(one.outcome.utilisation),
        }
        for one in sizing.by_kind
    ]
    return SizedFleet(
        {
            "promise": describe_promise(promise),
            "best": rows[0],
            "by_kind": rows,
            "candidates": sizing.candidates,
            "replayed": sizing.replayed,
            "exclusions": requests.exclusions.in_words(),
        }
    )


def traces(folder: Path | str | None = None) -> TraceList:
    """List the formats of trace, or describe the traces below a folder. Nothing is downloaded.

    Args:
        folder: to be searched; the formats are listed if None.

    Raises:
        CaseError: there is no such folder, or no trace below it.
    """
    from capexpand.replay.sources.catalogue import FORMATS, find_traces
    from capexpand.replay.traces import JobTrace

    if folder is None:
        fields = ("name", "kind", "contents", "origin", "licence")
        return TraceList({"formats": [{name: getattr(entry, name) for name in fields} for entry in FORMATS]})
    place = Path(folder)
    rows: list[dict[str, str | int | float]] = []
    for path, entry in find_traces(place):
        row: dict[str, str | int | float] = {"file": str(path.relative_to(place)), "format": entry.name}
        try:
            trace = entry.reader(path, leave_out_bad=True)
        except CaseError as error:
            row["problem"] = str(error.problems[0].message)
        else:
            row |= {"kind": entry.kind, "rows": len(trace), "hours": round(trace.span_s / 3600, 2)}
            if isinstance(trace, JobTrace):
                row["accelerator_hours"] = round(trace.accelerator_seconds / 3600, 1)
            else:
                row["prompt_tokens"] = round(float(trace.prompt_tokens.mean()), 1)
                row["output_tokens"] = round(float(trace.output_tokens.mean()), 1)
            if trace.exclusions.total:
                row["left_out"] = trace.exclusions.in_words()
        rows.append(row)
    return TraceList({"traces": rows})


def _path(given: Path | str | None) -> Path | None:
    return None if given is None else Path(given)


def check_load(load: float | None) -> None:
    """Refuse a factor on the load that is not finite or beyond all bounds.

    Args:
        load: as given; None for none.

    Raises:
        CaseError: it lies outside 1e-6 to 1e6.
    """
    if load is not None and not 1e-6 <= load <= 1e6:
        raise CaseError([Problem(f"--load must be above 0 (from 0.000001 to 1,000,000), not {load:g}")])


def _planned(
    run: Path | None, instead: Path | None, *, quarter: str | None, workload: str | None
) -> PlannedFleet | None:
    """The fleet of a run, if one was given; it excludes a fleet that is written down."""
    if run is None:
        if quarter or workload:
            raise CaseError([Problem("--quarter and --workload choose from a run; name its folder")])
        return None
    if instead is not None:
        raise CaseError([Problem("is beside a run, which has its own fleet; give one of both", file=instead)])
    from capexpand.runs.planned_fleet import read_planned_fleet

    return read_planned_fleet(run, quarter=quarter, workload=workload)


def _policy(order: str, placement: str, *, backfill: bool, preempt: bool) -> SchedulingPolicy:
    from capexpand.replay.jobs.policies import Order, SchedulingPolicy
    from capexpand.replay.packing.tasks import PlacementRule

    try:
        return SchedulingPolicy(
            parse_choice(Order, order, "--order"),
            parse_choice(PlacementRule, placement, "--placement"),
            backfill=backfill,
            preempt=preempt,
        )
    except ValueError as error:
        raise CaseError([Problem(str(error))]) from None


def _only_with_accelerators(trace: JobTrace) -> JobTrace:
    jobs = trace.accelerators_only()
    if len(jobs) == 0:
        message = "no job asks for an accelerator, so nothing is left with --accelerators-only"
        raise CaseError([Problem(f"{trace.name}: {message}")])
    return jobs


def _computed_kinds(trace: RequestTrace, model: str | None, chips: Sequence[str]) -> tuple[ReplicaKind, ...]:
    """The replicas that a model makes on chips, each written as a name or as name=price."""
    from capexpand.replay.plan_serving import replica_kinds
    from capexpand.replay.serving.from_hardware import load_of

    if model is None or not chips:
        raise CaseError([Problem("needs replicas to choose from: give --replicas, or --model and --chip")])
    prices: list[tuple[str, float]] = []
    problems: list[Problem] = []
    for text in chips:
        name, _, written = text.partition("=")
        try:
            price = float(written or 1.0)
        except ValueError:
            price = 0.0
        if not 0 < price < float("inf"):
            problems.append(Problem(f"--chip: {written!r} is no price above 0; write it as H100=2.5"))
        prices.append((name.strip(), price))
    if problems:
        raise CaseError(problems)
    return tuple(kind for kind, _ in replica_kinds(model, prices, load_of(trace)))
