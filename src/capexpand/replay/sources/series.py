"""Read what was measured of whole clusters over time: Helios by virtual cluster, Philly by node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capexpand.replay.sources.tables import parse_times, read_columns, trace_name


@dataclass(frozen=True, slots=True)
class ClusterSeries:
    """How much of a cluster was in use over time.

    Args:
        name: of the cluster.
        unit: what is counted, accelerators or nodes.
        time_s: times since the first [s], shape (times,).
        used: in use, shape (times,).
        total: there, shape (times,).
        wanted: asked for by those who wait, shape (times,); 0 where not measured.
    """

    name: str
    unit: str
    time_s: np.ndarray
    used: np.ndarray
    total: np.ndarray
    wanted: np.ndarray

    @property
    def utilisation(self) -> float:
        """Share in use over the whole time."""
        return float(self.used.sum() / self.total.sum())

    @property
    def idle_while_wanted(self) -> float:
        """Share idle while at least as much as one unit was waited for."""
        idle = np.where(self.wanted > 0, self.total - self.used, 0)
        return float(idle.sum() / self.total.sum())


def read_helios_minutes(path: Path) -> dict[str, ClusterSeries]:
    """Read the accelerators of each virtual cluster of Helios, minute by minute.

    Args:
        path: ``*_vc_per_minute.parquet``.

    Returns:
        A series for each virtual cluster.
    """
    import polars as pl

    names = ("total_gpu_num", "running_gpu_num", "pending_gpu_num")
    table = read_columns(
        path, dict.fromkeys(names, pl.Float64) | {"vc": pl.String, "time": pl.Datetime("us")}
    )
    result = {}
    for vc in sorted(table["vc"].unique().to_list()):
        rows = table.filter(pl.col("vc") == vc).sort("time")
        time = parse_times(rows["time"])
        total, used, wanted = (rows[name].to_numpy() for name in names)
        result[vc] = ClusterSeries(vc, "accelerators", time - time[0], used, total, wanted)
    return result


def read_philly_minutes(path: Path) -> ClusterSeries:
    """Read how many nodes of Philly were active, minute by minute.

    Args:
        path: a table with ``time``, ``active`` and ``total``.
    """
    import polars as pl

    columns = {"time": pl.Datetime("us"), "active": pl.Float64, "total": pl.Float64}
    table = read_columns(path, columns).sort("time")
    time = parse_times(table["time"])
    return ClusterSeries(
        trace_name(path),
        "nodes",
        time - time[0],
        table["active"].to_numpy(),
        table["total"].to_numpy(),
        np.zeros(len(table)),
    )
