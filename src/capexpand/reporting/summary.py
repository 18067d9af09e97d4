"""The result on one screen of a terminal, readable without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capexpand.reporting.digest import Digest
from capexpand.reporting.headline import answers, hindsight
from capexpand.reporting.inputs import Findings
from capexpand.reporting.years import Years
from capexpand.wording import number, volume

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_summary(findings: Findings, console: Console) -> None:
    """Prints the answers, a table by year, and what to doubt.

    Args:
        findings: what the run found out.
        console: where to print.
    """
    from rich.markup import escape
    from rich.text import Text

    digest = Digest(findings)
    variant = f", variant {findings.provenance.variant}" if findings.provenance.variant else ""
    console.print(Text(f"{findings.case.title}{variant}, as of {findings.case.as_of}", style="bold"))
    console.print()
    for answer in answers(digest):
        console.print(f"[bold]{escape(answer.question)}[/bold] {escape(answer.text)}", highlight=False)
    console.print()
    console.print(_by_year(digest))
    solver = findings.result.plan.solver
    worst = max(findings.checks.values(), default=0.0)
    console.print(
        f"Solver: {solver.status}, relative gap {solver.relative_gap:.1e}. "
        f"Checks: {len(findings.checks)} rules, largest relative violation {worst:.1e}.",
        highlight=False,
    )
    for doubt in filter(None, (hindsight(digest), *findings.warnings)):
        console.print(Text(f"Doubt: {doubt}", style="yellow"))


def _by_year(digest: Digest) -> Table:
    """The programme's money and what stands, by calendar year."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    ours, scale = digest.findings.result.programme, digest.scale
    years = Years.of(digest.data.times)
    table = Table(box=SIMPLE_HEAD, title_justify="left", padding=0)
    table.title = f"Programme in {scale.unit}; beside it power and accelerators of the whole"
    columns = [
        ("payments", [scale.write(float(v)) for v in years.sums(ours.capital_payments)]),
        ("revenue", [scale.write(float(v)) for v in years.sums(ours.revenue)]),
        ("EBITA", [scale.write(float(v)) for v in years.sums(ours.ebita)]),
        ("cash flow", [scale.write(float(v)) for v in years.sums(ours.free_cash_flow)]),
        ("its sum", [scale.write(float(v)) for v in years.ends(ours.cumulative_free_cash_flow)]),
        ("MW", [number(float(v), 4) for v in years.ends(digest.power_mw(digest.fleet))]),
        ("accelerators", [volume(float(v)) for v in years.ends(digest.accelerators(digest.fleet))]),
    ]
    table.add_column("year", no_wrap=True)
    for title, _ in columns:
        table.add_column(title, justify="right", no_wrap=True)
    for row, title in enumerate(years.titles):
        table.add_row(title, *(cells[row] for _, cells in columns))
    return table
