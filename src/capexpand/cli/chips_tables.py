"""Print the accelerators of ``capexpand chips``: figures, export rules, judgement of a sale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from capexpand.api.chips import FIGURES
from capexpand.reporting.console import output, plain
from capexpand.wording import listing

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from capexpand.api.chips import ChipsView, ChipView
    from capexpand.catalogue import Reach, Source
    from capexpand.hardware.export_rules import ExportStatus
    from capexpand.hardware.export_scope import Transaction

NEEDED = ("dense_fp16_tflops", "memory_gb", "memory_bandwidth_gb_per_s", "interconnect_gb_per_s", "tdp_w")
"""Figures without which nothing can be computed that a chip serves."""

OVERVIEW = {
    "dense_fp16_tflops": "FP16\nTFLOPS",
    "dense_fp8_tflops": "FP8\nTFLOPS",
    "memory_gb": "memory\nGB",
    "memory_bandwidth_gb_per_s": "memory\nGB/s",
    "tdp_w": "power\nW",
    "total_processing_performance": "TPP",
    "performance_density": "TPP\n/mm2",
    "unit_price_usd": "USD",
}
"""The figures in the table of all accelerators, with their headings."""

WIDE_ONLY = ("total_processing_performance", "performance_density")
"""Figures of that table that a narrow window leaves out, with the vendor and the day."""

WIDE_WHERE_JUDGED = (*WIDE_ONLY, "dense_fp16_tflops", "tdp_w")
"""The same where the table also says what may be sold."""

NAME_WIDTH = 24
"""Names longer than this break [character]: three are, and would take the place of a figure."""


def _grid(*headings: str, right: Sequence[str] = ()) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left", overflow="fold")
    return table


def _number(value: float) -> str:
    return f"{value:,.6g}" if value < 1e6 else f"{value:,.0f}"


def _fits(console: Console, table: Table) -> bool:
    """Tell whether a window is wide enough to show a table without breaking its cells."""
    needed = console.measure(table, options=console.options.update(width=1000)).maximum
    return needed <= console.width


def _overview(view: ChipsView, *, wide: bool) -> Table:
    """The table of all accelerators, with every column or with those that a narrow window has room for."""
    left_out = () if wide else WIDE_ONLY if view.transaction is None else WIDE_WHERE_JUDGED
    fields = [field for field in OVERVIEW if field not in left_out]
    headings = [OVERVIEW[field] for field in fields]
    judged = ["sale"] if view.transaction is not None else []
    table = _grid("name", *(("vendor", "known on") if wide else ()), *headings, *judged, right=headings)
    for column in table.columns[1:]:
        column.no_wrap = True
    table.columns[0].max_width = NAME_WIDTH
    table.padding, table.show_edge = (0, 0), False  # two spaces less between columns
    for chip in view.chips:
        found = {fact.field: fact for fact in chip.figures}
        cells = (found.get(field) for field in fields)
        row = chip.accelerator
        table.add_row(
            row.name,
            *((row.vendor, str(row.specification_known_on or "unknown")) if wide else ()),
            *("" if fact is None else _number(fact.value) + ("" if fact.verified else "?") for fact in cells),
            *([chip.status.status] if chip.status is not None else []),
        )
    return table


def print_overview(view: ChipsView) -> None:
    """Print all accelerators as one table, with fewer columns where the window is narrow.

    Args:
        view: what was looked up.
    """
    console = output()
    table = _overview(view, wide=True)
    wide = _fits(console, table)
    console.print(table if wide else _overview(view, wide=False))
    if view.transaction is not None:
        console.print(f"sale: {_described(view.transaction)}.")
    console.print("? not read in a source. One chip: capexpand chips NAME")
    console.print(_closed_sources(view))
    console.print(
        "TPP is total processing performance."
        if wide
        else "A wider window also shows vendors, days and total processing performance."
    )
    if view.not_yet_known:
        console.print(f"{len(view.not_yet_known)} more were not known on {view.on}.")


def print_details(view: ChipsView) -> None:
    """Print each accelerator with its figures, their sources and the export rules.

    Args:
        view: what was looked up.
    """
    console = output()
    for chip in view.chips:
        _print_chip(console, chip, view)
    for message in view.not_yet_known:
        console.print(message)


def _print_chip(console: Console, chip: ChipView, view: ChipsView) -> None:
    on = view.on
    row = chip.accelerator
    released = "release date unknown" if row.release_date is None else f"released {row.release_date}"
    console.print(plain(f"{row.name}  ({row.vendor}, per {row.unit}, {released})", style="bold"))
    sources: list[Source] = []
    table = _grid("figure", "value", "known on", "verified", "source", right=("value",))
    for fact in chip.figures:
        if fact.source not in sources:
            sources.append(fact.source)
        unit = "" if fact.unit == "1" else f" {fact.unit}"
        table.add_row(
            FIGURES[fact.field] + (f" of {row.price_date}" if fact.field == "unit_price_usd" else ""),
            _number(fact.value) + unit,
            str(fact.known_on or "unknown"),
            "yes" if fact.verified else "no",
            f"{sources.index(fact.source) + 1}",
        )
    console.print(table)
    if row.unit_price_usd is None:
        console.print("No price is known." if on is None else f"No price was known on {on}.")
    if blank := [FIGURES[name] for name in NEEDED if name not in {fact.field for fact in chip.figures}]:
        console.print(f"Not known: {listing(blank)}.")
    for number, source in enumerate(sources, start=1):
        console.print(plain(f"  {number}  {_cited(source)}"))
    _print_rules(console, chip, on)
    if chip.status is not None and view.transaction is not None:
        _print_status(console, chip.status, view.transaction)
    console.print()


def _described(sale: Transaction) -> str:
    """Say who buys for where and when."""
    buyer = f"{sale.buyer}, {sale.end_user}" if sale.buyer else f"a {sale.end_user}"
    buyer += " buyer" if sale.end_user != "company" and not sale.buyer else ""
    return f"to {sale.destination} on {sale.on}, by {buyer} with headquarters in {sale.home}"


def _print_status(console: Console, status: ExportStatus, sale: Transaction) -> None:
    review = ""
    if status.status == "licence" and status.review:
        denied = status.review == "presumption of denial"
        review = ", met with presumption of denial" if denied else ", decided case by case"
    console.print(plain(f"Sale {_described(sale)}: {status.status}{review}", style="bold"))
    console.print(f"  by the United States' rules {status.united_states}, by China's {status.china}")
    if status.fee_share_fraction:
        console.print(f"  {status.fee_share_fraction:.0%} of the price goes to the state")
    if status.volume_cap_fraction is not None:
        console.print(f"  at most {status.volume_cap_fraction:.0%} of what customers in the US receive")
    for text in status.because or ("no rule known and in force on the day reaches it",):
        console.print(plain(f"  {text}"))
    if status.missing:
        console.print(
            f"  to be sure, its {', '.join(_figure(name) for name in status.missing)} would be needed"
        )


def _closed_sources(view: ChipsView) -> str:
    """Say how many of the sources behind the figures have no address that a reader could open."""
    sources = {(fact.source.title, fact.source.url): fact.source for c in view.chips for fact in c.figures}
    closed = sum(not source.can_be_opened for source in sources.values())
    return f"{closed} of {len(sources)} sources have no public address."


def _figure(name: str) -> str:
    return FIGURES.get(name, name.replace("_", " "))


def _cited(source: Source) -> str:
    closed = "" if source.can_be_opened else "no public address"
    return "; ".join(part for part in (source.title, source.place, source.url, source.kind, closed) if part)


def _print_rules(console: Console, chip: ChipView, on: date | None) -> None:
    when = "with no end in the catalogue" if on is None else f"on {on}"
    if not chip.rules:
        console.print(f"No export rule in the catalogue in force {when} names it or meets its figures.")
        return
    console.print(
        f"Export rules in force {when} that name it or whose thresholds it meets (no legal judgement):"
    )
    headings = ("rule", "since", "effect", "destination", "how", "known on", "verified")
    table = _grid(*headings)
    rows = [_rule_row(reach) for reach in chip.rules]
    for row in rows:
        table.add_row(*row)
    if _fits(console, table):
        console.print(table)
    else:  # each rule in its own lines, where a table would break its cells
        for name, *rest in rows:
            told = [f"{heading} {cell}" for heading, cell in zip(headings[1:], rest, strict=True)]
            console.print(plain(f"  {name}: {'; '.join(told)}"))
    for reach in chip.rules:
        console.print(plain(f"  {reach.rule.rule_id}  {_cited(reach.rule.source)}"))


def _rule_row(reach: Reach) -> tuple[str, ...]:
    rule = reach.rule
    fee = "" if rule.fee_share_fraction is None else f" {rule.fee_share_fraction:.0%}"
    missing = ", ".join(FIGURES[name] for name in reach.missing)
    return (
        rule.rule_id,
        str(rule.effective_date),
        rule.effect + fee,
        rule.destination_scope,
        reach.how + (f": no {missing}" if missing else ""),
        f"{rule.known_on or 'unknown'}{' (estimated)' if rule.known_on_estimated else ''}",
        "yes" if rule.source.verified else "no",
    )
