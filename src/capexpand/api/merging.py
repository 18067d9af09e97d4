"""``merge``: the shards of a sweep, a study, a simulation or backtests become the run of one machine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from capexpand.api.planning import Say, silent

if TYPE_CHECKING:
    from capexpand.api.backtesting import Backtests
    from capexpand.api.simulating import Simulation
    from capexpand.api.studying import Study
    from capexpand.api.sweeping import Sweep


def merge(
    shards: Sequence[Path | str],
    *,
    workers: int = 2,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Sweep | Study | Simulation | Backtests:
    """Join the shards of a sweep, study, simulation or backtests into the run of one machine, byte for byte.

    Args:
        shards: folders that ``sweep``, ``study``, ``simulate`` or ``backtest`` wrote with ``shard``, each
            shard once, in any order.
        workers: processes, where the sweep asked for points to be added between those of its design.
        out: folder of the run.
        progress: sees how far it is.

    Raises:
        RunError: a folder is no shard or was changed, shards are missing or doubled, or are of different
            cases, sweeps, studies, simulations, backtests or versions; or the run cannot be written.
        SolverError: a solver failed.
    """
    from capexpand.api.sweeping import finished_sweep
    from capexpand.errors import RunError
    from capexpand.executing.local import LocalProcesses
    from capexpand.files.writing import write_new
    from capexpand.runs.folder import hold_place, read_manifest
    from capexpand.studies.backtest.many_folders import WHOLE as BACKTESTS
    from capexpand.studies.simulation.folders import WHOLE as SIMULATION
    from capexpand.studies.study.folders import WHOLE as STUDY
    from capexpand.studies.sweep.axes import Box
    from capexpand.studies.sweep.designs import make_points
    from capexpand.studies.sweep.findings import fingerprint, settings_text
    from capexpand.studies.sweep.shard_folders import check_points, read_shards

    folders = [Path(folder) for folder in shards]
    place = None if out is None else Path(out)
    kind = read_manifest(folders[0]).get("kind") if folders else None
    if kind == STUDY.kind:
        from capexpand.api.studying import merged_study

        return merged_study(folders, out=place, say=progress or silent)
    if kind == SIMULATION.kind:
        from capexpand.api.simulating import merged_simulation

        return merged_simulation(folders, out=place, say=progress or silent)
    if kind == BACKTESTS.kind:
        from capexpand.api.backtesting import merged_backtests

        return merged_backtests(folders, out=place, say=progress or silent)
    joined = read_shards(folders)
    asked = joined.asked
    with (
        TemporaryDirectory() as scratch,
        nullcontext() if place is None else hold_place(place),
    ):
        for name, data in joined.files.items():
            Path(scratch, name).parent.mkdir(parents=True, exist_ok=True)
            write_new(Path(scratch, name), data)
        box = Box(str(Path(scratch, joined.case_file)), asked.variant, asked.vary)
        box.files()  # all are read now, since the copy goes
        points = make_points(box.axes, asked.design, asked.points, seed=asked.seed)
        if fingerprint(box, points, settings_text(asked.seed, asked.bracket, asked.add)) != joined.name:
            raise RunError(
                f"{shards[0]}: the copy of the case in it is not the case of the sweep; make the shards again"
            )
        check_points(joined, list(dict.fromkeys(points.points)))
        return finished_sweep(
            box,
            asked,
            engine=LocalProcesses(workers),
            place=place,
            given=joined.records,
            say=progress or silent,
        )
