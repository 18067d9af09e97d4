"""Find the cheapest fleet of replicas that keeps a promise."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from capexpand.errors import CaseError, InfeasibleError, Problem
from capexpand.replay.serving.outcome import Promise, ServingOutcome
from capexpand.replay.serving.replicas import Replica, Routing, StepTime
from capexpand.replay.serving.serve import serve
from capexpand.replay.sources.tables import read_bytes
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
) -> Sizing:
    """Find the cheapest number and setting of equal replicas that keep a promise.

    Every kind is tried with every setting and every number of replicas. More replicas never keep a promise
    worse but for noise, so that the smallest number is found by halving; a setting that needs more replicas
    than the best so far of its kind is given up at once.

    Args:
        trace: the requests.
        kinds: the replicas to choose from.
        promise: what must be kept, for its share of the requests.
        most_replicas: largest fleet considered.
        routing: how a request finds its replica.
        step_tokens: settings of the most tokens in a step.
        sequences: settings of the most requests in a step.

    Raises:
        InfeasibleError: no fleet keeps the promise.
        CaseError: a request is larger than the replicas of every kind.
    """
    found: list[Candidate] = []
    candidates = replayed = 0
    for kind in kinds:
        best: Candidate | None = None
        settings = [(tokens, count) for tokens in step_tokens for count in sequences if count <= tokens]
        candidates += len(settings) * most_replicas
        for tokens, count in settings:
            replica = replace(kind.replica, step_tokens=tokens, sequences=count)
            low, high = 0, most_replicas if best is None else best.replicas - 1
            if high < 1:
                continue
            top = serve(trace, replica, replicas=high, routing=routing)
            replayed += 1
            if top.kept_fraction(promise) < promise.share:
                continue
            outcome = top
            while high - low > 1:
                middle = (low + high) // 2
                tried = serve(trace, replica, replicas=middle, routing=routing)
                replayed += 1
                if tried.kept_fraction(promise) >= promise.share:
                    high, outcome = middle, tried
                else:
                    low = middle
            best = Candidate(
                kind, high, tokens, count, high * kind.cost_per_hour, outcome.kept_fraction(promise), outcome
            )
        if best is not None:
            found.append(best)
    if not found:
        raise InfeasibleError(
            [
                f"the promise: {describe_promise(promise)}",
                f"at most {most_replicas} replicas of {', '.join(kind.name for kind in kinds)}",
            ]
        )
    ordered = tuple(sorted(found, key=lambda one: one.cost_per_hour))
    return Sizing(ordered[0], ordered, candidates, replayed)


def describe_promise(promise: Promise) -> str:
    """Say a promise in words.

    Args:
        promise: the promise.
    """
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
    if any(value <= 0 for name, value in values.items() if name != "share"):
        problems.append(Problem("times must be above 0"))
    if problems:
        raise CaseError(problems)
    return Promise(**values)


_NUMBERS = ("base_s", "per_prefill_token_s", "per_cached_token_s", "per_sequence_s")


def read_replica_kinds(path: Path) -> tuple[ReplicaKind, ...]:
    """Read replicas from a JSON file with the list ``replicas``.

    Each has ``name``, the four numbers of its step time and ``cost_per_hour``; ``accelerators``,
    ``memory_tokens``, ``page_tokens``, ``cache_tokens``, ``step_tokens`` and ``sequences`` may follow.

    Args:
        path: the file.

    Raises:
        CaseError: everything that is wrong with it.
    """
    try:
        document = json.loads(read_bytes(path))
    except json.JSONDecodeError as error:
        raise CaseError([Problem(f"not JSON: {error.msg}", file=path, line=error.lineno)]) from None
    rows = document.get("replicas") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise CaseError([Problem('needs an object with the list "replicas" of objects', file=path)])
    problems: list[Problem] = []
    kinds = []
    for number, row in enumerate(rows, start=1):
        kind = _make_kind(row, f"replicas[{number}]", path, problems)
        if kind is not None:
            kinds.append(kind)
    if problems:
        raise CaseError(problems)
    return tuple(kinds)


def _make_kind(
    row: Mapping[str, object], place: str, path: Path, problems: list[Problem]
) -> ReplicaKind | None:
    optional = ("accelerators", "memory_tokens", "page_tokens", "cache_tokens", "step_tokens", "sequences")
    known = {"name", "cost_per_hour", *_NUMBERS, *optional}
    before = len(problems)
    problems.extend(
        Problem("unknown field", path=f"{place}.{name}", file=path) for name in row if name not in known
    )
    values: dict[str, float] = {}
    for name in (*_NUMBERS, "cost_per_hour", *optional):
        value = row.get(name)
        if value is None:
            if name not in optional:
                problems.append(Problem("is missing", path=f"{place}.{name}", file=path))
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            problems.append(
                Problem(f"{value!r} is not a number from 0 on", path=f"{place}.{name}", file=path)
            )
        else:
            values[name] = value
    if len(problems) > before:
        return None
    whole = {name: int(values[name]) for name in optional if name in values and name != "accelerators"}
    try:
        replica = Replica(StepTime(*(values[name] for name in _NUMBERS)), **whole)
    except ValueError as error:
        problems.append(Problem(str(error), path=place, file=path))
        return None
    accelerators = int(values.get("accelerators", 1))
    return ReplicaKind(str(row.get("name") or place), replica, values["cost_per_hour"], accelerators)
