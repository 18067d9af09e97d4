"""The fleet of one quarter of a planned run, as replay takes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.case.loading import load_case
from capexpand.case.reading import suggest
from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem, RunError
from capexpand.files import read_content
from capexpand.files.parquet import ParquetError, read_parquet
from capexpand.replay.fleet import Fleet
from capexpand.replay.plan_derating import PlannedCluster, planned_kind
from capexpand.runs.folder import FILE_LIMIT_BYTES, read_manifest

if TYPE_CHECKING:
    import polars

MOST_UNITS = 1e12
_COLUMNS = {
    "plan": str,
    "quantity": str,
    "workload": str,
    "site_group": str,
    "offer": str,
    "quarter_name": str,
    "value": float,
}
_KINDS = {str: "texts", float: "numbers"}


@dataclass(frozen=True, slots=True)
class PlannedFleet:
    """The planned fleet at the end of a quarter, by workload.

    Args:
        folder: the run.
        case_hash: of the case that was planned.
        quarter: name of the quarter, such as ``2027Q1``.
        clusters: by workload and group of sites, in the order of the case.
        power_mw: IT power reserved for them [MW].
    """

    folder: Path
    case_hash: str
    quarter: str
    clusters: tuple[PlannedCluster, ...]
    power_mw: float


def read_planned_fleet(
    folder: Path, *, quarter: str | None = None, workload: str | None = None
) -> PlannedFleet:
    """Read the accelerators that serve workloads in a quarter of the optimised plan.

    Args:
        folder: a run folder.
        quarter: a day in it, such as ``2027-03-31``, or its name, such as ``2027Q1``; by default the one in
            which most accelerators serve.
        workload: one workload only.

    Raises:
        RunError: the folder is no run.
        CaseError: there is no such quarter or workload, or no accelerator serves it.
    """
    manifest = read_manifest(folder)
    case = load_case(folder / "case")
    if workload is not None and workload not in case.workloads:
        names = list(case.workloads)
        hint = suggest(workload, names) or f"; there are {', '.join(names)}"
        raise CaseError([Problem(f"--workload: the run has no workload '{workload}'{hint}", file=folder)])
    rows = _serving(folder, case)
    if workload is not None:
        rows = rows.filter(rows["workload"] == workload)
    if rows.is_empty():
        what = "any workload" if workload is None else workload
        raise CaseError([Problem(f"no accelerator serves {what} in any quarter of the plan", file=folder)])
    name = _fullest(rows) if quarter is None else _named(quarter, folder)
    chosen = rows.filter(rows["quarter_name"] == name)
    clusters, power = _clusters(chosen, case)
    if not clusters:
        having = sorted(set(rows["quarter_name"].to_list()))
        message = f"no accelerator serves in {name}; some do from {having[0]} to {having[-1]}"
        raise CaseError([Problem(message, file=folder)])
    return PlannedFleet(folder, str(manifest.get("case_hash")), name, clusters, power)


def _serving(folder: Path, case: Case) -> polars.DataFrame:
    """Units of accelerators that serve in the optimised plan."""
    import polars as pl

    table = _checked(folder / "tables" / "serving.parquet", case)
    with_accelerators = [name for name, offer in case.offers.items() if offer.accelerators > 0]
    sizes = {name: float(case.offers[name].accelerators) for name in with_accelerators}
    return table.filter(
        (pl.col("plan") == "optimised")
        & (pl.col("quantity") == "units")
        & pl.col("offer").is_in(with_accelerators)
    ).with_columns(pl.col("offer").replace_strict(sizes, return_dtype=pl.Float64).alias("accelerators"))


def _checked(path: Path, case: Case) -> polars.DataFrame:
    """The table, of the form in which runs are written; a file may have been changed with its hash."""
    import polars as pl

    try:
        table = read_parquet(read_content(path, FILE_LIMIT_BYTES))
    except ParquetError as error:
        raise RunError(f"{path}: is no Parquet table that can be read") from error
    for name, kind in _COLUMNS.items():
        right = name in table.columns and isinstance(
            table[name].dtype, pl.String if kind is str else pl.Float64
        )
        if not right or table[name].null_count():
            raise RunError(f"{path}: the column {name} is missing or does not hold {_KINDS[kind]} throughout")
    if not table["value"].is_between(0.0, MOST_UNITS).all():
        raise RunError(f"{path}: the column value holds what is no number of units")
    if not table["quarter_name"].str.contains(r"^[0-9]{4}Q[1-4]$").all():
        raise RunError(f"{path}: the column quarter_name holds what is no quarter")
    unknown = sorted({*table["workload"].unique()} - {*case.workloads})
    if unknown:
        raise RunError(f"{path}: the case of the run has no workload '{unknown[0]}'")
    return table


def _fullest(rows: polars.DataFrame) -> str:
    """The quarter in which most accelerators serve, the first where several are equal."""
    import polars as pl

    by_quarter = rows.group_by("quarter_name").agg((pl.col("value") * pl.col("accelerators")).sum())
    return str(by_quarter.sort(["value", "quarter_name"], descending=[True, False])["quarter_name"][0])


def _named(quarter: str, folder: Path) -> str:
    text = quarter.strip().upper()
    if len(text) == 6 and text[:4].isdigit() and text[4] == "Q" and text[5] in "1234":
        return text
    try:
        day = date.fromisoformat(text)
    except ValueError:
        message = f"--quarter: '{quarter}' is neither a day such as 2027-03-31 nor a quarter such as 2027Q1"
        raise CaseError([Problem(message, file=folder)]) from None
    return f"{day.year}Q{(day.month + 2) // 3}"


def _clusters(rows: polars.DataFrame, case: Case) -> tuple[tuple[PlannedCluster, ...], float]:
    """Clusters with at least one whole unit, and the power that their units reserve [MW]."""
    units: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows.iter_rows(named=True):
        by_offer = units.setdefault((row["workload"], row["site_group"]), {})
        by_offer[row["offer"]] = by_offer.get(row["offer"], 0.0) + row["value"]  # bought and leased
    order = list(case.workloads)
    found: list[PlannedCluster] = []
    power_kw = 0.0
    for (workload, sites), by_offer in sorted(units.items(), key=lambda item: order.index(item[0][0])):
        kinds = []
        for name, count in by_offer.items():
            offer = case.offers[name]
            kind = planned_kind(
                name,
                count,
                accelerators=offer.accelerators,
                model=offer.accelerator or "",
                memory_gb=None if offer.memory is None else offer.memory.value,
            )
            if kind.units:
                kinds.append(kind)
                power_kw += count * offer.power.value
        if kinds:
            found.append(PlannedCluster(workload, sites, Fleet(tuple(kinds))))
    return tuple(found), power_kw / 1000
