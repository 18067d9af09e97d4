"""The packaged table of published measurements and constants of serving and training.

A row of kind ``inference`` carries beside its figure the conditions that make it comparable: lengths, limits,
layout, what is counted, the day of the software. ``fold`` is the part of the cross-validation whose fit did
not see the row. Rows from 2001 on are those of the second collection, of 2026, by their numbers in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import cast

from capexpand.catalogue.columns import NO_UNIT, boolean, choice, day, number, text
from capexpand.catalogue.reading import DATA_FOLDER, read_table
from capexpand.catalogue.rows import Source
from capexpand.catalogue.tables import CatalogueTable, Values

KINDS = ("inference", "inference_unusable", "training", "constant")


@dataclass(frozen=True, slots=True)
class ThroughputFact:
    """One published figure; the fields from ``weights`` to ``fold`` are empty unless it is of inference.

    Times in seconds, lengths in tokens; ``tokens_per_chip_s`` is ``value`` for one chip.
    """

    row: float
    kind: str
    model: str
    chip: str
    chips: float | None
    precision: str
    metric: str
    value: float
    unit: str
    weights: str
    cache: str
    phase: str
    counted: str
    tokens_per_chip_s: float | None
    input_tokens: float | None
    output_tokens: float | None
    input_variation: float | None
    output_variation: float | None
    cached_fraction: float | None
    time_per_token_s: float | None
    time_to_first_token_s: float | None
    layout: str
    apart: bool | None
    suite: str
    scenario: str
    capped: bool | None
    fold: float | None
    software_on: date | None
    draft_tokens: float | None
    acceptance: float | None
    running_max: float | None
    test_requests: float | None
    arrivals_per_s: float | None
    source: Source


def _check(values: Values) -> Iterator[str]:
    if values["kind"] != "inference":
        return
    for name in (
        "chips",
        "weights",
        "phase",
        "counted",
        "tokens_per_chip_s",
        "input_tokens",
        "output_tokens",
        "fold",
    ):
        if values[name] in (None, ""):
            yield f"{name} is empty although the row is of inference"


TABLE = CatalogueTable(
    "throughput_facts",
    cast("type", ThroughputFact),
    ("row",),
    (
        number("row", unit=NO_UNIT, required=True),
        choice("kind", KINDS),
        text("model"),
        text("chip"),
        number("chips", unit=NO_UNIT),
        text("precision", required=False),
        text("metric"),
        number("value", unit="column:unit", required=True),
        text("unit"),
        text("weights", required=False),
        text("cache", required=False),
        text("phase", required=False),
        text("counted", required=False),
        number("tokens_per_chip_s", unit="token/s"),
        number("input_tokens", unit="token"),
        number("output_tokens", unit="token"),
        number("input_variation", unit=NO_UNIT),
        number("output_variation", unit=NO_UNIT),
        number("cached_fraction", unit=NO_UNIT),
        number("time_per_token_s", unit="s"),
        number("time_to_first_token_s", unit="s"),
        text("layout", required=False),
        boolean("apart", required=False),
        text("suite", required=False),
        text("scenario", required=False),
        boolean("capped", required=False),
        number("fold", unit=NO_UNIT),
        day("software_on", required=False),
        number("draft_tokens", unit="token"),
        number("acceptance", unit=NO_UNIT),
        number("running_max", unit=NO_UNIT),
        number("test_requests", unit=NO_UNIT),
        number("arrivals_per_s", unit="1/s"),
    ),
    ("",),
    _check,
)


@cache
def throughput_facts() -> tuple[ThroughputFact, ...]:
    """Read the packaged table of measurements.

    Raises:
        CaseError: rows that do not hold; every problem with file and line.
    """
    return cast("tuple[ThroughputFact, ...]", read_table(TABLE, DATA_FOLDER / "throughput_facts.csv"))
