"""How long the page of a study takes by the number of its rows, beside reading the table alone.

    .venv/bin/python benchmarks/study.py [ROWS...]

The rows are invented; the table is read from Parquet on the disk, as a merged run has it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from capexpand.studies.study.sheet import About, study_sheet
from capexpand.studies.study.table import as_frame, partitions, schema

CASES, VARIANTS, RISKS = 10, 20, ("plan", "mean", "cvar:0.9")


def invented(rows: int) -> pl.DataFrame:
    """Return a table of so many rows; one in fifty has no plan."""
    generator = np.random.default_rng(1)
    number = np.arange(rows)
    spent = generator.lognormal(23.0, 0.5, rows)
    planned = number % 50 != 0
    frame = pl.DataFrame(
        {
            "item": number + 1,
            "case": [f"case-{one}" for one in number * CASES // rows],
            "variant": [f"variant-{one}" for one in number % VARIANTS],
            "risk": [RISKS[one] for one in number % 3],
            "status": np.where(planned, "planned", "infeasible"),
            "reason": np.where(planned, "", "the contract of the east cannot be served"),
            "npv": np.where(planned, 0.3 * spent + generator.normal(0.0, 2e9, rows), np.nan),
            "spent": np.where(planned, spent, np.nan),
        }
    ).with_columns(pl.col("npv", "spent").fill_nan(None))
    day = pl.lit("2025-03-31").str.to_date().alias("as_of")
    empty = [
        pl.lit(None, kind).alias(name)
        for name, kind in schema().items()
        if name not in {*frame.columns, "as_of"}
    ]
    return frame.with_columns(day, *empty).select(schema().keys())


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:]] or [1_000, 100_000, 1_000_000]
    cases = tuple({"case": f"case-{one}", "hash": "0"} for one in range(CASES))
    study_sheet(About("Warm up", "CNY", 0, 1, 10, None, cases, (), "0"), as_frame([]).lazy()).html()
    print(
        f"{'rows':>10} {'table MB':>9} {'read s':>7} {'page s':>7} {'CPU s':>7} {'ratio':>6} {'page MB':>8}"
    )
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            size = 0
            for name, data in partitions(invented(rows)).items():
                file = Path(folder, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
                size += len(data)
            began = time.perf_counter()
            pl.read_parquet(f"{folder}/table/**/*.parquet", hive_partitioning=True)
            read = time.perf_counter() - began
            lazily = pl.scan_parquet(f"{folder}/table/**/*.parquet", hive_partitioning=True)
            began, worked = time.perf_counter(), time.process_time()
            about = About("Invented", "CNY", rows, 1, 10, None, cases, (), "0")
            page = study_sheet(about, lazily).html()
            made, work = time.perf_counter() - began, time.process_time() - worked
        times = f"{read:>7.3f} {made:>7.2f} {work:>7.2f} {made / read:>6.1f}"
        print(f"{rows:>10,} {size / 1e6:>9.1f} {times} {len(page) / 1e6:>8.2f}")


if __name__ == "__main__":
    main()
