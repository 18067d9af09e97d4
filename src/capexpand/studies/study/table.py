"""The one table of a study, as a frame and as partitioned Parquet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from capexpand.files.parquet import parquet_bytes
from capexpand.studies.study.planning import Row, day_of

if TYPE_CHECKING:
    from polars import DataFrame, DataType

MONIES = (
    "objective", "npv", "npv_halfwidth", "npv_5", "npv_median", "npv_95", "npv_worst_tenth", "spent",
    "peak_funding",
)  # fmt: skip
TABLE = "table"


def schema() -> dict[str, type[DataType]]:
    """Return the columns of the table and their types; money is in plain units of the study's currency."""
    import polars as pl

    words = {"case": pl.String, "variant": pl.String, "as_of": pl.Date, "risk": pl.String}
    return {
        "item": pl.Int64,
        **words,
        "status": pl.String,
        "reason": pl.String,
        **dict.fromkeys(MONIES, pl.Float64),
        "irr": pl.Float64,
        "loses_share": pl.Float64,
        "payback_quarter": pl.Int64,
        "peak_power_mw": pl.Float64,
        "accelerators": pl.Float64,
    }


def as_frame(rows: Iterable[Row]) -> DataFrame:
    """Return rows as a table in the order of the items."""
    import polars as pl

    columns = schema()
    ordered = sorted(rows, key=lambda row: int(row["item"] or 0))
    values = [{**dict.fromkeys(columns), **row, "as_of": day_of(row)} for row in ordered]
    return pl.DataFrame(values, columns)


def partitions(frame: DataFrame) -> dict[str, bytes]:
    """Return the table as files, one for each case, as ``table/case=NAME/part-0.parquet``.

    ``polars.scan_parquet("RUN/table", hive_partitioning=True)`` and other engines read them as one table.
    """
    import polars as pl

    files: dict[str, bytes] = {}
    for name in frame["case"].unique(maintain_order=True):
        part = frame.filter(pl.col("case") == name).drop("case")
        files[f"{TABLE}/case={quote(str(name), safe='')}/part-0.parquet"] = parquet_bytes(part)
    return files
