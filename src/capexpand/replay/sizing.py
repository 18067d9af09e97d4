"""Find the cheapest fleet of replicas that keeps a promise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from capexpand.errors import CaseError, InfeasibleError, Problem
from capexpand.executing.engine import Engine
from capexpand.executing.local import LocalProcesses
from capexpand.replay.fleet_search import Fleet, Replayed, searches_of
from capexpand.replay.serving.outcome import Promise, ServingOutcome
from capexpand.replay.serving.replicas import Replica, Routing, StepTime
from capexpand.replay.serving.serve import serve
from capexpand.replay.sources.json_rows import Name, read_rows
from capexpand.replay.traces import RequestTrace

STEP_TOKENS = (512, 1024, 2048, 4096, 8192)
SEQUENCES = (16, 32, 64, 128, 256)


@dataclass(frozen=True, slots=True)
class ReplicaKind:
    """A replica that can be bought or rented.

    Args:
        name: of the offer and the model on it.
        replica: how it works.
        cost_per_hour: what one costs an hour, in any one currency.
        accelerators: how many accelerators one takes.
    """

    name: str
    replica: Replica
    cost_per_hour: float
    accelerators: int = 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fleet that keeps the promise.

    Args:
        kind: which replica.
        replicas: how many.
        step_tokens: most tokens in a step.
        sequences: most requests in a step.
        cost_per_hour: of the whole fleet.
        kept_fraction: share of requests for which the promise is kept.
        outcome: what became of the requests.
    """

    kind: ReplicaKind
    replicas: int
    step_tokens: int
    sequences: int
    cost_per_hour: float
    kept_fraction: float
    outcome: ServingOutcome


@dataclass(frozen=True, slots=True)
class Sizing:
    """The cheapest fleet, and how it was found.

    Args:
        best: the cheapest.
        by_kind: the cheapest of each kind that can keep the promise, cheapest first.
        candidates: fleets that were considered.
        replayed: fleets that had to be replayed.
    """

    best: Candidate
    by_kind: tuple[Candidate, ...]
    candidates: int
    replayed: int


def size_fleet(
    trace: RequestTrace,
    kinds: Sequence[ReplicaKind],
    promise: Promise,
    *,
    most_replicas: int = 256,
    routing: Routing = Routing.LEAST_OUTSTANDING,
    step_tokens: Sequence[int] = STEP_TOKENS,
    sequences: Sequence[int] = SEQUENCES,
    engine: Engine | None = None,
) -> Sizing:
    """Find the cheapest number and setting of equal replicas that keep a promise.

    Every kind is tried with every setting and every number of replicas. More replicas never keep a promise
    worse but for noise, so that the smallest number is found by halving; a setting that needs more replicas
    than the best so far of its kind is given up at once.

    Args:
        kinds: the replicas to choose from.
        promise: what must be kept, for its share of the requests.
        most_replicas: largest fleet considered.
        routing: how a request finds its replica.
        step_tokens: settings of the most tokens in a step.
        sequences: settings of the most requests in a step.
        engine: what replays the fleets; this process if None. The result is the same with any: workers that
            the search leaves idle replay what it may ask next.

    Raises:
        InfeasibleError: no fleet keeps the promise.
        CaseError: a request is larger than the replicas of every kind.
    """
    settings = tuple((tokens, count) for tokens in step_tokens for count in sequences if count <= tokens)
    work = _Replay(trace, promise, routing, tuple(kinds), settings)
    searches = searches_of(kinds, settings, most_replicas, promise.share)
    with (engine or LocalProcesses(1)).pool(work, most=len(kinds) * len(settings)) as pool:
        searches.finish(pool)
    found = [
        _candidate(kinds[kind], settings[fleet.setting], fleet.replicas, replayed)
        for kind, (fleet, replayed) in sorted(searches.best.items())
    ]
    if not found:
        raise InfeasibleError(
            [
                f"the promise: {describe_promise(promise)}",
                f"at most {most_replicas} replicas of {', '.join(kind.name for kind in kinds)}",
            ]
        )
    ordered = tuple(sorted(found, key=lambda one: one.cost_per_hour))
    return Sizing(ordered[0], ordered, len(kinds) * len(settings) * most_replicas, searches.replayed)


@dataclass(frozen=True, slots=True)
class _Replay:
    """Replays the requests on a fleet."""

    trace: RequestTrace
    promise: Promise
    routing: Routing
    kinds: tuple[ReplicaKind, ...]
    settings: tuple[tuple[int, int], ...]

    def __call__(self, fleet: Fleet) -> Replayed:
        tokens, count = self.settings[fleet.setting]
        replica = replace(self.kinds[fleet.kind].replica, step_tokens=tokens, sequences=count)
        outcome = serve(self.trace, replica, replicas=fleet.replicas, routing=self.routing)
        kept = outcome.kept_fraction(self.promise)
        return Replayed(kept, outcome if kept >= self.promise.share else None)


def _candidate(kind: ReplicaKind, setting: tuple[int, int], replicas: int, found: Replayed) -> Candidate:
    assert found.outcome is not None  # noqa: S101 - it keeps the promise
    cost = replicas * kind.cost_per_hour
    return Candidate(kind, replicas, *setting, cost, found.kept, found.outcome)


def describe_promise(promise: Promise) -> str:
    """Say a promise in words."""
    parts = []
    if promise.first_token_s is not None:
        parts.append(f"first token within {promise.first_token_s:g} s")
    if promise.per_token_s is not None:
        parts.append(f"{promise.per_token_s:g} s per later token")
    if promise.end_to_end_s is not None:
        parts.append(f"last token within {promise.end_to_end_s:g} s")
    return f"{', '.join(parts) or 'nothing'} for {promise.share:.1%} of the requests"


def parse_promise(text: str) -> Promise:
    """Parse a promise such as ``ttft=2s,tpot=50ms,e2e=30s,share=0.99``.

    Args:
        text: parts separated by commas; times in ``s`` or ``ms``.

    Raises:
        CaseError: everything in it that is wrong.
    """
    names = {"ttft": "first_token_s", "tpot": "per_token_s", "e2e": "end_to_end_s"}
    values: dict[str, float] = {}
    problems = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, value = part.partition("=")
        try:
            if name == "share":
                values["share"] = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
            elif name in names and value.endswith("ms"):
                values[names[name]] = float(value[:-2]) / 1000
            elif name in names and value.endswith("s"):
                values[names[name]] = float(value[:-1])
            elif name in names:
                problems.append(Problem(f"{part!r} needs a unit, e.g. {name}=2s or {name}=50ms"))
            else:
                problems.append(Problem(f"unknown part {name!r}; there are ttft, tpot, e2e and share"))
        except ValueError:
            problems.append(Problem(f"{value!r} is not a number with a unit in {part!r}"))
    if not problems and not set(values) - {"share"}:
        problems.append(Problem("promises nothing; give at least one of ttft, tpot and e2e"))
    if not 0 < values.get("share", 0.99) <= 1:
        problems.append(Problem("the share must lie above 0 and not above 1"))
    if not all(0 < value < math.inf for name, value in values.items() if name != "share"):
        problems.append(Problem("times must be finite and above 0"))
    if problems:
        raise CaseError(problems)
    return Promise(**values)


class ReplicaRow(BaseModel):
    """An entry of a file of replicas."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: Name
    base_s: float = Field(ge=1e-9, le=1e4)
    per_prefill_token_s: float = Field(ge=0, le=1e3)
    per_cached_token_s: float = Field(ge=0, le=1e3)
    per_sequence_s: float = Field(ge=0, le=1e3)
    cost_per_hour: float = Field(ge=0, le=1e12)
    accelerators: int = Field(default=1, ge=1, le=1_000_000)
    memory_tokens: int | None = Field(default=None, ge=1, le=10**12)
    page_tokens: int = Field(default=16, ge=1, le=1_000_000)
    cache_tokens: int | None = Field(default=0, ge=0, le=10**12)
    step_tokens: int = Field(default=2048, ge=1, le=10_000_000)
    sequences: int = Field(default=256, ge=1, le=100_000)

    @field_validator("*", mode="before")
    @classmethod
    def _numbers_are_numbers(cls, value: object, info: ValidationInfo) -> object:
        if info.field_name != "name" and not (value is None or type(value) in (int, float)):
            raise ValueError("is not a number")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.sequences > self.step_tokens:
            raise ValueError(
                f"sequences {self.sequences} is more than step_tokens {self.step_tokens}: "
                "a step needs a token for each"
            )
        if self.memory_tokens is not None and self.memory_tokens < self.page_tokens:
            raise ValueError(
                f"memory_tokens {self.memory_tokens} is less than page_tokens {self.page_tokens}: "
                "memory holds at least a page"
            )
        return self

    def kind(self) -> ReplicaKind:
        """Return the replica that the entry describes."""
        step = StepTime(self.base_s, self.per_prefill_token_s, self.per_cached_token_s, self.per_sequence_s)
        replica = Replica(
            step,
            step_tokens=self.step_tokens,
            sequences=self.sequences,
            memory_tokens=self.memory_tokens,
            page_tokens=self.page_tokens,
            cache_tokens=self.cache_tokens,
        )
        return ReplicaKind(self.name, replica, self.cost_per_hour, self.accelerators)


def read_replica_kinds(path: Path) -> tuple[ReplicaKind, ...]:
    """Read replicas from a JSON file with the list ``replicas``.

    Each has ``name``, the four numbers of its step time and ``cost_per_hour``; ``accelerators``,
    ``memory_tokens``, ``page_tokens``, ``cache_tokens``, ``step_tokens`` and ``sequences`` may follow.

    Raises:
        CaseError: everything that is wrong with it.
    """
    return tuple(row.kind() for row in read_rows(path, "replicas", ReplicaRow))
