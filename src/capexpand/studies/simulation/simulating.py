"""Follows a plan or a policy through fresh futures in chunks, each with draws of its own.

The futures of a chunk follow from the seed and the chunk's number alone, and so does what happens in them. So
chunks may be followed anywhere and in any order, and nobody has to hold more futures than those of a chunk.
Within a chunk draws fill space evenly; between chunks they are independent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.executing.engine import AHEAD, Engine, answer_of, first_completed
from capexpand.executing.local import LocalProcesses
from capexpand.files import read_content
from capexpand.model.blocks import Floats
from capexpand.pipeline import PlannedPolicy, optimise, restore_policy
from capexpand.policy.accounts import Books
from capexpand.policy.followed import PlanInFutures
from capexpand.policy.followers import Followers
from capexpand.policy.kept import KEPT
from capexpand.policy.outcomes import PlansBeside
from capexpand.policy.outside import MoneyFactors, outside_earnings
from capexpand.policy.policy_paths import PolicyPaths
from capexpand.policy.strategies import Returns, business_flows, returns_of
from capexpand.runs.folder import FILE_LIMIT_BYTES
from capexpand.scenarios.sampling import draw_scenarios
from capexpand.sddp.kernel.stage import compile_now
from capexpand.studies.subjects import Subject
from capexpand.studies.sweep.journal import Journal

if TYPE_CHECKING:
    from polars import DataFrame, DataType

FUTURES = 512
"""Futures of a chunk: a power of two, which draws fill most evenly."""
MOST_FUTURES = 100_000_000
FROM_COMPILED = 2_000
"""Futures in all from which a plan is followed by the compiled stage solver."""
MONIES = ("npv", "peak_funding", "spent")
SHARES = ("unmet", "idle_power", "idle_accelerators")
MEASURES = (*MONIES, "irr", "payback_quarter", *SHARES)
"""What is kept of each future; see ``policy.strategies.Returns``."""
PLAN = ("plan",)
POLICY = ("policy", "mean_value", "naive")
"""Strategies that are followed, the first of which is asked about."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some futures.

    Args:
        number: from 0.
        futures: how many.
        seed: of their draws.
    """

    number: int
    futures: int
    seed: int


def chunks_of(futures: int, seed: int) -> tuple[Chunk, ...]:
    """Return the chunks of so many futures."""
    starts = range(0, futures, FUTURES)
    return tuple(
        Chunk(number, min(FUTURES, futures - start), _seed_of(seed, number))
        for number, start in enumerate(starts)
    )


def _seed_of(seed: int, number: int) -> int:
    state = np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


class Follows(Protocol):
    """Anything that follows strategies through the futures of a chunk."""

    @property
    def compiled(self) -> bool:
        """Whether the compiled stage solver is used; each process compiles it, or takes it from the disk."""
        ...

    def __call__(self, chunk: Chunk) -> Floats:
        """Return [strategy, measure, future]; money in millions, NaN for none."""
        ...


class FollowsPlan:
    """Follows the plan of a case, whose orders are kept to."""

    def __init__(self, kept: PlanInFutures) -> None:
        self._kept = kept

    @property
    def compiled(self) -> bool:
        """Whether operation is left to the compiled stage solver."""
        return self._kept.compiled

    def __call__(self, chunk: Chunk) -> Floats:
        """Follow it through the futures of a chunk."""
        if self.compiled:
            compile_now()
        return _measured([self._kept.follow(chunk.futures, seed=chunk.seed).returns])


class FollowsPolicy:
    """Follows a policy and the fixed plans beside it.

    Args:
        planned: the policy.
    """

    def __init__(self, planned: PlannedPolicy) -> None:
        self._planned = planned
        self._beside = PlansBeside.of(planned.policy, planned.data, planned.futures)
        self._followers: Followers | None = None

    def __getstate__(self) -> dict[str, object]:
        """Leave what solves behind: it is made anew where it is needed."""
        return {**self.__dict__, "_followers": None}

    @property
    def compiled(self) -> bool:
        """Whether the policy is solved with the compiled stage solver."""
        return self._planned.policy.trained.compiled

    def __call__(self, chunk: Chunk) -> Floats:
        """Follow all of them through the futures of a chunk."""
        if self.compiled:
            compile_now()
        lattice, futures = self._planned.policy.lattice, self._planned.futures
        drawn = draw_scenarios(futures, chunk.futures, seed=chunk.seed)
        factors = np.stack([drawn.factors(t) for t in range(drawn.quarters)])
        nodes = np.stack(
            [lattice.nearest(t, drawn.persistent(t), drawn.regime_states(t)) for t in range(drawn.quarters)]
        )
        paths = self._beside.along((factors, nodes, factors, futures.mean), nodes)
        if self._followers is None:
            self._followers = Followers(self._planned.policy, self._beside.base_data, paths)
        self._followers.along(paths)
        every = slice(0, chunk.futures)
        found = {name: _books(self._followers((name, every))) for name in (*POLICY, "base")}
        m = self._planned.policy.data
        other = outside_earnings(m, MoneyFactors.of(m, drawn))
        base = business_flows(m, found["base"], other)
        returns = [returns_of(m, found[name], base, value=found[name].value, other=other) for name in POLICY]
        return _measured(returns)


def _books(found: Books | PolicyPaths) -> Books:
    return found.books if isinstance(found, PolicyPaths) else found


def _measured(returns: Sequence[Returns]) -> Floats:
    return np.array([[getattr(one, name) for name in MEASURES] for one in returns])


@dataclass(frozen=True, slots=True)
class Asked:
    """What a simulation is asked for.

    Args:
        subject: the case, and the run that keeps it.
        futures: how many.
        seed: of all draws.
        kept: content of the policy's file; None for a plan.
    """

    subject: Subject
    futures: int
    seed: int
    kept: bytes | None

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies that are followed."""
        return PLAN if self.kept is None else POLICY

    @property
    def name(self) -> str:
        """Fingerprint of all on which the result depends."""
        words = json.dumps(
            [self.subject.case.provenance.content_hash, self.futures, self.seed, FUTURES, MEASURES]
        )
        return hashlib.sha256(words.encode() + (self.kept or b"")).hexdigest()


def ask(subject: Subject, futures: int, seed: int) -> Asked:
    """Return what is asked for, once it is known to make sense.

    Args:
        subject: a case, or a run; of a run that keeps its policy, the policy is followed.
        futures: how many.
        seed: of all draws.

    Raises:
        CaseError: the case declares nothing unknown, or the numbers make no sense.
        RunError: the policy cannot be read.
    """
    if not 10 <= futures <= MOST_FUTURES:
        raise CaseError([Problem(f"--scenarios: from 10 to {MOST_FUTURES:,}, not {futures:,}")])
    case, folder = subject.case, subject.folder
    if case.uncertainty.empty:
        file = case.provenance.path
        raise CaseError([Problem("declares nothing unknown; add an uncertainty block", file=file)])
    kept = None
    if folder is not None and (folder / KEPT).is_file():
        kept = read_content(folder / KEPT, FILE_LIMIT_BYTES)
    elif folder is not None and _had_policy(folder):
        message = f"{folder}: keeps no policy; make the run again with --keep-policy, or name its case"
        raise CaseError([Problem(f"{message} to follow the plan of its mean path")])
    return Asked(subject, futures, seed, kept)


def _had_policy(folder: Path) -> bool:
    file = folder / "metrics.json"
    return file.is_file() and b'"policy_table"' in read_content(file, FILE_LIMIT_BYTES)


def prepare(asked: Asked, say: Callable[[str], None]) -> Follows:
    """Plan the case, or take up its policy.

    Raises:
        InfeasibleError: no plan satisfies the case.
        SolverError: a solver failed.
        RunError: the policy is of another case or version.
    """
    case: Case = asked.subject.case
    if asked.kept is not None:
        say("Taking up the policy")
        return FollowsPolicy(restore_policy(case, asked.kept))
    say("Optimising the plan")
    plans = optimise(case)
    compiled = asked.futures >= FROM_COMPILED
    return FollowsPlan(PlanInFutures(case, plans.optimised, plans.base, compiled=compiled))


def follow(
    asked: Asked,
    chunks: Sequence[Chunk],
    *,
    journal: Journal,
    engine: Engine,
    say: Callable[[str], None],
) -> DataFrame:
    """Follow the strategies through those chunks that the journal does not hold yet.

    Args:
        asked: the whole simulation.
        chunks: of it, or of a shard.
        journal: keeps what was found; it is left open.
        engine: what follows them; the table is the same with any.
        say: sees how far it is.

    Returns:
        A row for each future and strategy.

    Raises:
        SolverError: a program could not be solved, or a worker was lost and nobody else could do its work.
        RunError: the journal cannot be written.
    """
    wanted = {chunk.number: chunk for chunk in chunks}
    known: dict[int, Floats] = {
        int(record["chunk"]): np.asarray(record["found"])
        for record in journal.records
        if int(record["chunk"]) in wanted
    }
    left = [chunk for chunk in chunks if chunk.number not in known]
    total = sum(chunk.futures for chunk in chunks)
    done = total - sum(chunk.futures for chunk in left)
    if left:
        work = prepare(asked, say)
        if work.compiled and isinstance(engine, LocalProcesses):
            say("Compiling the stage solver (once; kept on disk)")
            compile_now()  # before processes start, which inherit it
        say(f"Followed through {done:,} of {total:,} futures (Ctrl-C keeps these)")
        with engine.pool(work, most=len(left)) as pool:
            waiting = iter(left)
            running: dict[Future[Floats], Chunk] = {}
            while True:
                room = (AHEAD * pool.slots if pool.slots > 1 else 1) - len(running)
                running |= {pool.submit(chunk): chunk for _, chunk in zip(range(room), waiting, strict=False)}
                if not running:
                    break
                for future in first_completed(running):
                    chunk = running.pop(future)
                    found = answer_of(future)
                    journal.append({"chunk": np.array(chunk.number), "found": found})
                    known[chunk.number] = found
                    done += chunk.futures
                    say(f"Followed through {done:,} of {total:,} futures (Ctrl-C keeps these)")
    return as_frame(asked.strategies, ((chunk, known[chunk.number]) for chunk in chunks))


def as_frame(strategies: Sequence[str], found: Iterable[tuple[Chunk, Floats]]) -> DataFrame:
    """Return a row for each future and strategy, futures counted from 1 and money in plain units."""
    import polars as pl

    frames = [pl.DataFrame(schema=_schema())]
    for chunk, values in found:
        first = chunk.number * FUTURES + 1
        futures = np.tile(np.arange(first, first + chunk.futures), len(strategies))
        names = np.repeat(np.array(strategies, dtype=object), chunk.futures)
        columns = {
            name: values[:, place].ravel() * (1e6 if name in MONIES else 1.0)
            for place, name in enumerate(MEASURES)
        }
        frame = pl.DataFrame({"future": futures, "strategy": names, **columns}, schema=_schema())
        frames.append(frame.with_columns(pl.col(pl.Float64).fill_nan(None)))
    return pl.concat(frames).rechunk()


def _schema() -> dict[str, type[DataType]]:
    import polars as pl

    return {"future": pl.Int64, "strategy": pl.String, **dict.fromkeys(MEASURES, pl.Float64)}
