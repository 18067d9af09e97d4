"""``simulate``: a plan or a policy followed through very many fresh futures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

from capexpand.api.planning import Say, silent
from capexpand.api.shown import ShardInFolder, Shown

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from polars import DataFrame

    from capexpand.case.schema import Case
    from capexpand.executing.engine import Engine
    from capexpand.pipeline import PlannedPolicy
    from capexpand.policy.outcomes import Outcomes
    from capexpand.reporting.sheet import Sheet
    from capexpand.studies.shards import Shard
    from capexpand.studies.simulation.simulating import Asked


@dataclass(frozen=True, slots=True, repr=False)
class Simulation(Shown):
    """A plan or a policy in very many futures.

    Args:
        table: a row for each future and strategy; money is in plain units of the case's currency.
        shown: the sheet of it.
    """

    table: DataFrame
    shown: Sheet

    def __repr__(self) -> str:
        return f"<Simulation of {self.document['case']!r}: {self.document['futures']:,} futures>"


class SimulationShard(ShardInFolder):
    """One part of a simulation, which stands in ``folder``; ``merge`` joins all of them."""


@overload
def simulate(
    case: PlannedPolicy,
    scenarios: int = 10_000,
    *,
    seed: int = 2,
    workers: int = 2,
    progress: Callable[[str, int, int], None] | None = None,
) -> Outcomes: ...


@overload
def simulate(
    case: Path | str | Case,
    scenarios: int = 10_000,
    *,
    variant: str | None = None,
    seed: int = 2,
    workers: int = 2,
    on: str | Executor | None = None,
    shard: None = None,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Simulation: ...


@overload
def simulate(
    case: Path | str | Case,
    scenarios: int = 10_000,
    *,
    variant: str | None = None,
    seed: int = 2,
    workers: int = 2,
    on: str | Executor | None = None,
    shard: str | None,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Simulation | SimulationShard: ...


def simulate(
    case: Path | str | Case | PlannedPolicy,
    scenarios: int = 10_000,
    *,
    variant: str | None = None,
    seed: int = 2,
    workers: int = 2,
    on: str | Executor | None = None,
    shard: str | None = None,
    out: Path | str | None = None,
    progress: Say | Callable[[str, int, int], None] | None = None,
) -> Simulation | SimulationShard | Outcomes:
    """Follow a plan or a policy through very many fresh futures: what it is worth, and how sure that is.

    Of a run that keeps its policy (``keep_policy``), the policy is followed, beside the fixed plans; of a
    case, or a run without a policy, its plan is, whose orders are kept to.

    Args:
        case: a run folder, a case, or CASE:VARIANT. A ``PlannedPolicy`` is followed beside all strategies,
            which gives its ``Outcomes`` for ``evaluate_policy``.
        scenarios: fresh futures; at least 10.
        variant: of the case, to be applied.
        seed: of the draws, which are others than those of a policy's training.
        workers: processes; the result is the same for any number.
        on: where the futures are followed: ``ray`` or ``ray://HOST:PORT`` for a Ray cluster, an executor
            of ``concurrent.futures``, or processes of this machine if None; the result is the same.
        shard: follow one part only, such as ``3/40``, and write its folder ``out``; ``merge`` joins them.
        out: folder of the run; beside it a journal keeps what is done, so that an interrupted simulation goes
            on.
        progress: sees how far it is.

    Returns:
        The simulation; with ``shard`` that part of it.

    Raises:
        CaseError: the case or the shard is wrong, nothing is uncertain, or a run has a policy and kept none.
        InfeasibleError: no plan satisfies the case.
        SolverError: a program could not be solved.
        RunError: the folder cannot be written, another process is writing it, no cluster answers, or the
            policy is of another case or version.
    """
    from capexpand.errors import CaseError, Problem
    from capexpand.executing.choosing import engine_on
    from capexpand.pipeline import PlannedPolicy
    from capexpand.pipeline import simulate as follow_all
    from capexpand.runs.folder import hold_place
    from capexpand.studies.shards import read_shard
    from capexpand.studies.simulation.simulating import ask
    from capexpand.studies.subjects import read_subject

    if isinstance(case, PlannedPolicy):
        return follow_all(case, scenarios, seed=seed, workers=workers, progress=progress)  # type: ignore[arg-type]
    part = None if shard is None else read_shard(shard)
    place = None if out is None else Path(out)
    if part is not None and place is None:
        raise CaseError([Problem("--shard: a shard is a folder; name it with --out")])
    say: Say = progress or silent  # type: ignore[assignment]
    asked = ask(read_subject(case, variant), scenarios, seed)
    with (
        nullcontext() if place is None else hold_place(place),
        engine_on(on, workers=workers) as engine,
    ):
        if part is not None and place is not None:
            return _followed_shard(asked, part, engine=engine, place=place, say=say)
        return _followed(asked, engine=engine, place=place, say=say)


def _followed(asked: Asked, *, engine: Engine, place: Path | None, say: Say) -> Simulation:
    """Follow all futures, and write the run."""
    from capexpand.studies.simulation.folders import about_of
    from capexpand.studies.simulation.sheet import simulation_sheet
    from capexpand.studies.simulation.simulating import chunks_of, follow, journal_file
    from capexpand.studies.sweep.journal import Journal

    with Journal(journal_file(place), asked.name) as journal:
        chunks = chunks_of(asked.futures, asked.seed)
        table = follow(asked, chunks, journal=journal, engine=engine, say=say)
        say("Writing the report")
        sheet = simulation_sheet(about_of(asked), table, asked.subject.case.provenance.copies())
        if place is not None:
            sheet.save(place)
    return Simulation(table, sheet)


def _followed_shard(asked: Asked, part: Shard, *, engine: Engine, place: Path, say: Say) -> SimulationShard:
    """Follow a shard and write its folder; one that stands there already is left as it is."""
    from capexpand.studies.simulation.folders import shard_sheet, stands_already, write_shard
    from capexpand.studies.simulation.simulating import chunks_of, follow, journal_file
    from capexpand.studies.sweep.journal import Journal

    if not stands_already(place, asked, part):
        chunks = chunks_of(asked.futures, asked.seed)
        own = chunks[part.stretch(len(chunks))]
        with Journal(journal_file(place), f"{asked.name} {part}") as journal:
            write_shard(place, asked, part, follow(asked, own, journal=journal, engine=engine, say=say))
    return SimulationShard(place, shard_sheet(place))


def merged_simulation(folders: list[Path], *, out: Path | None, say: Say) -> Simulation:
    """Join the shards of a simulation into its run.

    Args:
        folders: of all shards, in any order.
        out: folder of the run; none is written if None.
        say: sees how far it is.

    Raises:
        RunError: the shards do not fit together, or the run cannot be written.
    """
    from capexpand.runs.folder import hold_place
    from capexpand.studies.simulation.folders import joined
    from capexpand.studies.simulation.sheet import simulation_sheet

    about, table, files = joined(folders)
    say("Writing the report")
    with nullcontext() if out is None else hold_place(out):
        sheet = simulation_sheet(about, table, files)
        if out is not None:
            sheet.save(out)
    return Simulation(table, sheet)
