"""How many sources of the catalogue a reader can open, and that the documentation says so."""

import re
from dataclasses import replace
from pathlib import Path

from capexpand.catalogue import accelerators
from capexpand.catalogue.point_in_time import PointInTimeCatalogue, current, reading_from
from capexpand.catalogue.reading import load_table
from capexpand.catalogue.rows import Accelerator, Source
from capexpand.catalogue.tables import TABLES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "catalogue.md"


def count_sources() -> list[tuple[str, int, int, int]]:
    """Return of every table its name, its sources, those without an address, and those that are no document.

    An accelerator has a second source for its price.
    """
    return [(table.name, *_counted(table.name)) for table in TABLES]


def _counted(table: str) -> tuple[int, int, int]:
    sources: list[Source] = []
    for row in current().rows(table):
        sources.append(row.source)
        if isinstance(row, Accelerator) and row.price_source is not None:
            sources.append(row.price_source)
    general = sum(source.kind == "general_knowledge" for source in sources)
    return len(sources), sum(not source.can_be_opened for source in sources) - general, general


def test_the_documentation_says_how_many_sources_cannot_be_opened():
    line = re.compile(r"^\| `?(\w+)`? \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
    told = line.findall(PAGE.read_text("utf-8"))
    counted = count_sources()
    total = ("all", *(sum(count[i] for count in counted) for i in (1, 2, 3)))
    assert [(name, *map(int, numbers)) for name, *numbers in told] == [*counted, total]


def test_sources_are_counted_by_hand():
    """One accelerator has a public address and a price from a file without; one is general knowledge.

    Sensitivity: were the sources of prices left out, there would be two.
    """
    row = next(row for row in accelerators() if row.price_source is not None and row.source.can_be_opened)
    priced = replace(row, price_source=replace(row.source, url="public-file:1"))
    guessed = replace(
        row, price_source=None, source=replace(row.source, url="", kind="general_knowledge", verified=False)
    )
    with reading_from(PointInTimeCatalogue({"accelerators": (priced, guessed)})):
        assert ("accelerators", 3, 1, 1) in count_sources()


def test_only_public_addresses_can_be_opened():
    for row in load_table("programmes"):
        assert row.source.can_be_opened == row.source.url.startswith("http")


def test_every_source_has_an_address_or_a_mark_or_is_general_knowledge():
    """As ``check`` and reports show it; stand-ins for an address mean nothing to a reader."""
    rows = [row for table in TABLES for row in current().rows(table.name)]
    sources = [row.source for row in rows]
    sources += [row.price_source for row in rows if isinstance(row, Accelerator) and row.price_source]
    for source in sources:
        marked = source.reference == f"{source.title} (no public address)"
        addressed = source.can_be_opened and source.reference.endswith(source.url)
        assert marked or addressed or source.kind == "general_knowledge", source.title
        assert "public-file:" not in source.reference
        assert "news-report:" not in source.reference
    assert any(source.reference.endswith("(no public address)") for source in sources)
