"""``simulate``: a plan or a policy followed through very many fresh futures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

from capexpand.api.planning import Say, silent
from capexpand.api.shown import ShardInFolder, Shown
from capexpand.api.splitting import Split, asked_part, done, saved

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from polars import DataFrame

    from capexpand.case.schema import Case
    from capexpand.pipeline import PlannedPolicy
    from capexpand.policy.outcomes import Outcomes
    from capexpand.reporting.sheet import Sheet


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
    from capexpand.pipeline import PlannedPolicy
    from capexpand.pipeline import simulate as follow_all
    from capexpand.studies.simulation import folders
    from capexpand.studies.simulation.sheet import simulation_sheet
    from capexpand.studies.simulation.simulating import ask, chunks_of, follow
    from capexpand.studies.subjects import read_subject

    if isinstance(case, PlannedPolicy):
        return follow_all(case, scenarios, seed=seed, workers=workers, progress=progress)  # type: ignore[arg-type]
    part, place = asked_part(shard, out)
    asked = ask(read_subject(case, variant), scenarios, seed)
    split = Split(
        folders.WHOLE,
        asked.name,
        chunks_of(asked.futures, asked.seed),
        lambda chunks, journal, engine, say: follow(asked, chunks, journal=journal, engine=engine, say=say),
        lambda table: simulation_sheet(
            folders.about_of(asked), table, asked.subject.case.provenance.copies()
        ),
        lambda folder, shard, table: folders.write_shard(folder, asked, shard, table),
    )
    table, sheet = done(split, part, place, workers=workers, on=on, say=progress or silent)  # type: ignore[arg-type]
    if table is None and place is not None:
        return SimulationShard(place, sheet)
    assert table is not None  # noqa: S101 - what is no shard has rows
    return Simulation(table, sheet)


def merged_simulation(folders: list[Path], *, out: Path | None, say: Say) -> Simulation:
    """Join the shards of a simulation into its run.

    Args:
        folders: of all shards, in any order.
        out: folder of the run; none is written if None.
        say: sees how far it is.

    Raises:
        RunError: the shards do not fit together, or the run cannot be written.
    """
    from capexpand.studies.simulation.folders import joined
    from capexpand.studies.simulation.sheet import simulation_sheet

    about, table, files = joined(folders)
    return Simulation(table, saved(simulation_sheet(about, table, files), out, say))
