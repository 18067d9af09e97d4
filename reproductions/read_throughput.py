#!/usr/bin/env python
"""Renews the conditions in the packaged table of measurements from the collected rows.

Usage: reproductions/read_throughput.py FOLDER

FOLDER holds throughput_facts.csv and throughput_facts_2026.csv as they were collected. Each row is read as
``capexpand tokens --validate FILE`` reads it; figures, sources and the quarters of the cross-validation stay.
"""

from __future__ import annotations

import csv
import io
import math
import sys
from dataclasses import fields
from pathlib import Path

from capexpand.catalogue.reading import DATA_FOLDER
from capexpand.hardware.measurements import Measurement, parse_row

COLLECTIONS = (("throughput_facts.csv", 0), ("throughput_facts_2026.csv", 2000))
KEPT = {"row", "model", "chip", "source_title"}
COLUMNS = tuple(field.name for field in fields(Measurement) if field.name not in KEPT)


def written(value: object) -> str:
    """Write a condition as the table holds it: empty for none and for infinite."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.8g}" if isinstance(value, float) else str(value)


def main(folder: Path) -> None:
    """Read the collections and renew the table."""
    read: dict[int, Measurement] = {}
    for name, first in COLLECTIONS:
        with (folder / name).open(newline="", encoding="utf-8") as handle:
            for number, cells in enumerate(csv.DictReader(handle), first + 1):
                found = parse_row(cells, number)
                if isinstance(found, Measurement):
                    read[number] = found
    path = DATA_FOLDER / "throughput_facts.csv"
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    names = list(rows[0])
    for new in ("arrivals_per_s", "test_requests"):
        if new not in names:
            names.insert(names.index("running_max") + 1, new)
    for row in rows:
        found = read.get(int(row["row"]))
        for name in COLUMNS:
            row[name] = written(getattr(found, name)) if found is not None else row.get(name, "")
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
