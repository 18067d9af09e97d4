"""The packaged table of what serving needs of a chip beyond its specification: links, servers, 4-bit rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, cast

from capexpand.catalogue.columns import (
    Count,
    FigureField,
    Gigabytes,
    GigabytesPerSecond,
    Note,
    Tflops,
    Tops,
    Watts,
)
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
    fp4_tflops: Tflops
    released_on: date | None
    server_chips: Count
    scale_up_chips: Count
    scale_out_gb_per_s: Annotated[float, FigureField("GB/s")]
    fp16_tflops: Tflops
    fp8_tflops: Tflops
    int8_tops: Tops
    memory_gb: Gigabytes
    memory_bandwidth_gb_per_s: GigabytesPerSecond
    interconnect_gb_per_s: GigabytesPerSecond
    tdp_w: Watts
    source: Source


def _check(values: Values) -> Iterator[str]:
    if not values["accelerator"] and values["memory_gb"] is None:
        yield "memory_gb is empty, and no accelerator is named to take it from"


TABLE = declared("serving_chips", ServingChipRow, ("name",), check=_check)


@cache
def serving_chip_rows() -> tuple[ServingChipRow, ...]:
    """Read the packaged table of chips in servers.

    Raises:
        CaseError: rows that do not hold; every problem with file and line.
    """
    return cast("tuple[ServingChipRow, ...]", read_table(TABLE, DATA_FOLDER / "serving_chips.csv"))
