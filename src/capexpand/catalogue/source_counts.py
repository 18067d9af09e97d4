"""Count the sources of the catalogue, and those of them that a reader cannot open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from capexpand.catalogue.point_in_time import current
from capexpand.catalogue.rows import Accelerator, Row, Source
from capexpand.catalogue.tables import TABLES


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How many sources the rows of a table name; an accelerator has one more for its price.

    Args:
        table: name of the table.
        sources: of all its rows.
        without_address: those whose document has no address that is known.
        general_knowledge: those that are no document at all.
    """

    table: str
    sources: int
    without_address: int
    general_knowledge: int


def count_sources() -> tuple[SourceCount, ...]:
    """Count the sources of every table, and those that cannot be opened.

    Raises:
        CaseError: a table does not hold; every problem with file and line.
    """
    return tuple(_count(table.name, list(_sources(current().rows(table.name)))) for table in TABLES)


def _sources(rows: tuple[Row, ...]) -> Iterator[Source]:
    for row in rows:
        yield row.source
        if isinstance(row, Accelerator) and row.price_source is not None:
            yield row.price_source


def _count(name: str, sources: list[Source]) -> SourceCount:
    general = sum(source.kind == "general_knowledge" for source in sources)
    closed = sum(not source.can_be_opened for source in sources)
    return SourceCount(name, len(sources), closed - general, general)
