"""A replay of a trace with one seed of what is drawn, as work that goes to any worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from capexpand.api.replay_documents import (
    fleet_document,
    jobs_document,
    replicas_document,
    requests_document,
)
from capexpand.errors import CaseError, Problem

if TYPE_CHECKING:
    from capexpand.replay.fleet import Fleet
    from capexpand.replay.jobs.policies import SchedulingPolicy
    from capexpand.replay.serving.outcome import Promise
    from capexpand.replay.sizing import ReplicaKind
    from capexpand.replay.traces import JobTrace, RequestTrace
    from capexpand.runs.planned_fleet import PlannedFleet

Choice = TypeVar("Choice", bound=IntEnum)


@dataclass(frozen=True, slots=True)
class SeededReplay:
    """Replays a trace with one seed of what is drawn: the random placement, or ServeGen's requests."""

    file: Path
    loaded: JobTrace | RequestTrace | None
    plan: PlannedFleet | None
    policy: SchedulingPolicy | None
    servegen: str | None
    span_hours: float
    fleet: Fleet | None
    replicas: Path | None
    model: str | None
    chip: str | None
    count: int
    routing: str
    slo: str | None
    load: float | None
    leave_out_bad: bool
    kept: bool

    @property
    def drawn(self) -> bool:
        """Whether a seed changes anything."""
        from capexpand.replay.packing.tasks import PlacementRule

        return self.servegen is not None or (
            self.policy is not None and self.policy.placement is PlacementRule.RANDOM
        )

    def chunks(self, seeds: int) -> Iterator[tuple[int, RequestTrace | None]]:
        """Yield each seed with the requests that are generated with it.

        Here, since a process that was forked cannot count on what reads files of columns.
        """
        for seed in range(seeds):
            generated = self.servegen is not None
            yield (
                seed,
                _generate(self.file, self.servegen or "", self.span_hours, seed) if generated else None,
            )

    def __call__(self, chunk: tuple[int, RequestTrace | None]) -> dict[str, object]:
        """Return the document of a replay."""
        from capexpand.replay.traces import JobTrace

        seed, generated = chunk
        if self.policy is not None:
            return self._jobs(replace(self.policy, seed=seed))
        requests = self.loaded if generated is None else generated
        assert requests is not None  # noqa: S101 - what is not generated was loaded
        assert not isinstance(requests, JobTrace)  # noqa: S101 - jobs come with a policy
        return _requests_replayed(
            requests, self.plan,
            lambda promise: _replica_kind(requests, self.replicas, self.model, self.chip, promise),
            model=self.model, count=self.count, routing=self.routing, slo=self.slo, load=self.load,
            leave_out_bad=self.leave_out_bad,
        )  # fmt: skip

    def _jobs(self, policy: SchedulingPolicy) -> dict[str, object]:
        from capexpand.replay.derating import why_no_derating

        jobs, terms = self.loaded, {"load": self.load, "leave_out_bad": self.leave_out_bad}
        if self.plan is not None:
            return jobs_document(self.plan, jobs, policy, **terms)  # type: ignore[arg-type]
        if self.fleet is None:
            raise CaseError([Problem("jobs need a fleet of nodes: give a run, or --fleet", file=self.file)])
        if self.kept and (note := why_no_derating(jobs)):  # type: ignore[arg-type]
            raise CaseError([Problem(f"{note}; leave --out out", file=self.file)])
        return fleet_document(jobs, self.fleet, policy, **terms)  # type: ignore[arg-type]


def by_seed(found: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """The numbers that differ between seeds, a row for each."""
    flat = [_numbers(document) for document in found]
    names = [name for name in flat[0] if any(one.get(name) != flat[0][name] for one in flat)]
    return [{"seed": seed} | {name: one.get(name) for name in names} for seed, one in enumerate(flat)]


def _numbers(document: Mapping[str, object]) -> dict[str, object]:
    """The numbers of a document by name; those of rows by workload and offer."""
    found: dict[str, object] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            found |= {f"{name}_{key}": part for key, part in _numbers(value).items()}
        elif isinstance(value, list) and name in ("clusters", "deratings"):
            for row in value:
                told = "_".join(str(row[key]) for key in ("workload", "offer") if row.get(key))
                found |= {f"{key}_{told}" if told else key: part for key, part in _numbers(row).items()}
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = value
    return found


def _requests_replayed(
    requests: RequestTrace,
    plan: PlannedFleet | None,
    kind_for: Callable[[Promise | None], ReplicaKind],
    *,
    model: str | None,
    count: int,
    routing: str,
    slo: str | None,
    load: float | None,
    leave_out_bad: bool,
) -> dict[str, object]:
    """Replay requests on the fleet of a run where there is one, else on equal replicas."""
    from capexpand.replay.serving.replicas import Routing
    from capexpand.replay.sizing import parse_promise

    chosen, promise = parse_choice(Routing, routing, "--routing"), parse_promise(slo) if slo else None
    if plan is None:
        return replicas_document(
            requests, kind_for(promise), count, routing=chosen, promise=promise, load=load,
            leave_out_bad=leave_out_bad,
        )  # fmt: skip
    if model is None or promise is None:
        raise CaseError([Problem(f"{requests.name}: requests on a run need --model and --slo")])
    return requests_document(
        plan, requests, model, promise, routing=chosen, load=load, leave_out_bad=leave_out_bad
    )


def _generate(folder: Path, model: str, span_hours: float, seed: int) -> RequestTrace:
    from capexpand.replay.sources.servegen import generate_servegen

    return generate_servegen(folder, model=model, span_s=3600 * span_hours, seed=seed)


def _replica_kind(
    trace: RequestTrace, file: Path | None, model: str | None, chip: str | None, promise: Promise | None
) -> ReplicaKind:
    """The one kind of replica of a file, or the one that a model makes on a chip."""
    from capexpand.replay.serving.from_hardware import load_of, replica_on
    from capexpand.replay.sizing import ReplicaKind, read_replica_kinds

    if file is not None and (model or chip):
        raise CaseError([Problem("is beside --model and --chip; give one of both", file=file)])
    if file is not None:
        kinds = read_replica_kinds(file)
        if len(kinds) != 1:
            raise CaseError(
                [Problem("a replay takes one kind of replica; capexpand size compares", file=file)]
            )
        return kinds[0]
    if model is None or chip is None:
        raise CaseError([Problem("requests need a replica: give --replicas, or --model and --chip")])
    found = replica_on(model, chip, load_of(trace, promise))
    name = f"{found.model} on {found.chip} {found.layout}"
    return ReplicaKind(name, found.replica, 0.0, found.accelerators)


def parse_choice(kind: type[Choice], text: str, option: str) -> Choice:
    """Return the member that a user named, in lower case with hyphens.

    Args:
        kind: the enumeration.
        text: what the user wrote.
        option: the option, for the message.

    Raises:
        CaseError: there is no such member.
    """
    names = {member.name.lower().replace("_", "-"): member for member in kind}
    if text not in names:
        raise CaseError([Problem(f"{option}: unknown {text!r}; there are {', '.join(names)}")])
    return names[text]
