"""``capexpand chips``: what the catalogue knows about accelerators, whole or as it stood on a day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from capexpand.catalogue import Accelerator, ExportRule, Fact, Reach, Source

FIGURES = {
    "dense_fp16_tflops": "FP16, dense",
    "dense_fp8_tflops": "FP8, dense",
    "int8_tops": "INT8, dense",
    "memory_gb": "memory",
    "memory_bandwidth_gb_per_s": "memory bandwidth",
    "interconnect_gb_per_s": "links, both ways",
    "tdp_w": "power",
    "die_area_mm2": "die area",
    "process_nm": "process",
    "total_processing_performance": "total processing performance",
    "performance_density": "performance density",
    "unit_price_usd": "price",
}
"""Figures of an accelerator, in the order shown, and what people call them."""

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

NAME_WIDTH = 24
"""Names longer than this break [character]: three are, and would take the place of a figure."""


@dataclass(frozen=True, slots=True)
class ChipView:
    """One accelerator as it is shown: its figures, each with its source, and the rules that reach it."""

    accelerator: Accelerator
    figures: tuple[Fact, ...]
    rules: tuple[Reach, ...]


@dataclass(frozen=True, slots=True)
class ChipsView:
    """All that the command shows: the accelerators, and those that were not known on the day."""

    on: date | None
    chips: tuple[ChipView, ...]
    not_yet_known: tuple[str, ...]


def register(app: typer.Typer) -> None:
    """Add the command to an application."""

    @app.command("chips")
    def chips(
        name: Annotated[
            str | None, typer.Argument(help="A name or part of one, such as H20. All of them without it.")
        ] = None,
        *,
        on: Annotated[
            datetime | None,
            typer.Option("--on", formats=["%Y-%m-%d"], help="Show what was known and in force on that day."),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
    ) -> None:
        """Show accelerators: specification, price, sources, and the export rules that reach them."""
        day = None if on is None else on.date()
        view = look_up_chips(name, on=day)
        if as_json:
            typer.echo(json.dumps(as_data(view), ensure_ascii=False, indent=2))
        elif name is None:
            _print_overview(view)
        else:
            _print_details(view)


def look_up_chips(name: str | None, on: date | None = None) -> ChipsView:
    """Gather what is shown about one accelerator, several or all.

    Args:
        name: a name or part of one; None for all accelerators.
        on: the day to look from, or None for all that is known and every rule that has no end.

    Raises:
        CaseError: nothing is called so; near names are suggested.
    """
    from capexpand.catalogue import accelerators, find_accelerators, rules_in_force
    from capexpand.catalogue.names import not_yet_known

    every = accelerators() if name is None else find_accelerators(name)
    visible = {row.name: row for row in accelerators(on)}
    in_force = rules_in_force(on, as_of=on)
    return ChipsView(
        on=on,
        chips=tuple(_chip_view(visible[row.name], in_force) for row in every if row.name in visible),
        not_yet_known=tuple(not_yet_known(row, on) for row in every if row.name not in visible),
    )


def _chip_view(row: Accelerator, in_force: Sequence[ExportRule]) -> ChipView:
    from capexpand.catalogue import accelerator_fact, rules_reaching

    facts = (accelerator_fact(row, field) for field in FIGURES)
    return ChipView(
        accelerator=row,
        figures=tuple(fact for fact in facts if fact is not None),
        rules=rules_reaching(row, in_force),
    )


def as_data(view: ChipsView) -> dict[str, object]:
    """Turn a view into what ``--json`` prints: names, numbers and texts only."""
    return {
        "on": _iso(view.on),
        "chips": [_chip_data(chip) for chip in view.chips],
        "not_yet_known": list(view.not_yet_known),
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _chip_data(chip: ChipView) -> dict[str, object]:
    row = chip.accelerator
    return {
        "name": row.name,
        "vendor": row.vendor,
        "unit": row.unit,
        "release_date": _iso(row.release_date),
        "price_date": _iso(row.price_date),
        "figures": {
            fact.field: {
                "value": fact.value,
                "unit": fact.unit,
                "known_on": _iso(fact.known_on),
                "verified": fact.verified,
                "source": asdict(fact.source),
            }
            for fact in chip.figures
        },
        "export_rules": [_rule_data(reach) for reach in chip.rules],
    }


def _rule_data(reach: Reach) -> dict[str, object]:
    rule = reach.rule
    return {
        "rule_id": rule.rule_id,
        "effect": rule.effect,
        "fee_share_fraction": rule.fee_share_fraction,
        "effective_date": _iso(rule.effective_date),
        "ended_on": _iso(rule.ended_on),
        "destination_scope": rule.destination_scope,
        "how": reach.how,
        "missing": list(reach.missing),
        "summary": rule.summary,
        "known_on": _iso(rule.known_on),
        "known_on_estimated": rule.known_on_estimated,
        "verified": rule.source.verified,
        "source": asdict(rule.source),
    }


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


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
    fields = [field for field in OVERVIEW if wide or field not in WIDE_ONLY]
    headings = [OVERVIEW[field] for field in fields]
    table = _grid("name", *(("vendor", "known on") if wide else ()), *headings, right=headings)
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
        )
    return table


def _print_overview(view: ChipsView) -> None:
    console = _console()
    table = _overview(view, wide=True)
    wide = _fits(console, table)
    console.print(table if wide else _overview(view, wide=False))
    console.print("? not read in a source. One chip: capexpand chips NAME")
    console.print(
        "TPP is total processing performance."
        if wide
        else "A wider window also shows vendors, days and total processing performance."
    )
    if view.not_yet_known:
        console.print(f"{len(view.not_yet_known)} more were not known on {view.on}.")


def _print_details(view: ChipsView) -> None:
    console = _console()
    for chip in view.chips:
        _print_chip(console, chip, view.on)
    for message in view.not_yet_known:
        console.print(message, markup=False)


def _print_chip(console: Console, chip: ChipView, on: date | None) -> None:
    from rich.text import Text

    row = chip.accelerator
    released = "release date unknown" if row.release_date is None else f"released {row.release_date}"
    console.print(Text(f"{row.name}  ({row.vendor}, per {row.unit}, {released})", style="bold"))
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
    for number, source in enumerate(sources, start=1):
        console.print(Text(f"  {number}  {_cited(source)}"))
    _print_rules(console, chip, on)
    console.print()


def _cited(source: Source) -> str:
    return "; ".join(part for part in (source.title, source.place, source.url, source.kind) if part)


def _print_rules(console: Console, chip: ChipView, on: date | None) -> None:
    from rich.text import Text

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
        table.add_row(*(Text(cell) for cell in row))
    if _fits(console, table):
        console.print(table)
    else:  # each rule in its own lines, where a table would break its cells
        for name, *rest in rows:
            told = [f"{heading} {cell}" for heading, cell in zip(headings[1:], rest, strict=True)]
            console.print(Text(f"  {name}: {'; '.join(told)}"))
    for reach in chip.rules:
        console.print(Text(f"  {reach.rule.rule_id}  {_cited(reach.rule.source)}"))


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
