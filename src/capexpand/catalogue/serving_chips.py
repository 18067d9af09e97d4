"""The packaged table of what serving needs of a chip beyond its specification: links, servers, 4-bit rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, cast

from capexpand.catalogue.columns import NO_UNIT, day, names, number, text
from capexpand.catalogue.reading import DATA_FOLDER, read_table
from capexpand.catalogue.rows import Source
from capexpand.catalogue.tables import Values, declared


@dataclass(frozen=True, slots=True)
class ServingChipRow:
    """One chip as it is used in servers; None where the figure of the accelerator of that name holds.

    ``interconnect_gb_per_s`` counts both directions, ``scale_out_gb_per_s`` one. ``family`` is the generation
    that shares efficiency factors.
    """

    name: str
    accelerator: Note
    aliases: tuple[str, ...]
    family: str
    fp4_tflops: float | None
    released_on: date | None
    server_chips: float
    scale_up_chips: float
    scale_out_gb_per_s: float
    fp16_tflops: float | None
    fp8_tflops: float | None
    int8_tops: float | None
    memory_gb: float | None
    memory_bandwidth_gb_per_s: float | None
    interconnect_gb_per_s: float | None
    tdp_w: float | None
    source: Source


def _check(values: Values) -> Iterator[str]:
    if not values["accelerator"] and values["memory_gb"] is None:
        yield "memory_gb is empty, and no accelerator is named to take it from"


TABLE = Table(
    "serving_chips",
    cast("type", ServingChipRow),
    ("name",),
    (
        text("name"),
        text("accelerator", required=False),
        names("aliases"),
        text("family"),
        number("fp4_tflops", unit="TFLOPS"),
        day("released_on", required=False),
        number("server_chips", unit=NO_UNIT, required=True),
        number("scale_up_chips", unit=NO_UNIT, required=True),
        number("scale_out_gb_per_s", unit="GB/s", required=True),
        number("fp16_tflops", unit="TFLOPS"),
        number("fp8_tflops", unit="TFLOPS"),
        number("int8_tops", unit="TOPS"),
        number("memory_gb", unit="GB"),
        number("memory_bandwidth_gb_per_s", unit="GB/s"),
        number("interconnect_gb_per_s", unit="GB/s"),
        number("tdp_w", unit="W"),
    ),
    ("",),
    _check,
)


@cache
def serving_chip_rows() -> tuple[ServingChipRow, ...]:
    """Read the packaged table of chips in servers.

    Raises:
        CaseError: rows that do not hold; every problem with file and line.
    """
    return cast("tuple[ServingChipRow, ...]", read_table(TABLE, DATA_FOLDER / "serving_chips.csv"))
