"""``capexpand scenarios``: draws the futures of a case, as quantiles, fan charts and a lattice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from capexpand.api.futures import SampledFutures


def register(app: typer.Typer) -> None:
    """Add the command to an application."""

    @app.command("scenarios")
    def scenarios(
        case: Annotated[Path, typer.Argument(help="A case file, or a folder that holds case.yaml.")],
        *,
        variant: Annotated[str | None, typer.Option(help="Apply a variant of the case.")] = None,
        count: Annotated[int, typer.Option("--scenarios", min=2, help="Number of scenarios.")] = 8192,
        seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 1,
        nodes: Annotated[int, typer.Option(min=1, help="Nodes of the lattice in a quarter.")] = 20,
        outcomes: Annotated[int, typer.Option(min=1, help="Outcomes in a node.")] = 3,
        out: Annotated[Path | None, typer.Option(help="Folder for fan charts and tables.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    ) -> None:
        """Draw the futures of a case: quantiles by quarter, fan charts, and what a lattice keeps of them."""
        from rich.console import Console

        from capexpand.api.futures import scenarios as sample

        with Console(stderr=True).status("Drawing scenarios"):
            found = sample(case, variant, scenarios=count, seed=seed, nodes=nodes, outcomes=outcomes, out=out)
        if as_json:
            typer.echo(json.dumps(found.document, ensure_ascii=False))
            return
        typer.echo(_as_text(found))
        if out is not None:
            typer.echo(f"\nFan charts: {out / 'fans.html'}")


def _as_text(view: SampledFutures) -> str:
    """Tables for people: quantiles in some quarters, chances of the regimes, what the lattice keeps."""
    from capexpand.wording import number

    last = len(view.labels) - 1
    shown = sorted({min(quarter, last) for quarter in (1, 3, 11, last)})
    labels = [view.labels[t] for t in shown]
    fans = [["5 % – median – 95 % of the scenarios", "unit", *labels]]
    for fan in view.fans:
        cells = [" – ".join(number(float(fan.quantiles[level, t])) for level in (0, 2, 4)) for t in shown]
        fans.append([fan.path, fan.unit, *cells])
    chances = [["chance of each state", *labels]]
    for name, states in view.regimes.items():
        chances += [
            [f"{name}: {state}", *(f"{shares[t]:.0%}" for t in shown)] for state, shares in states.items()
        ]
    kept = [["what the lattice keeps", "error of mean", "deviation", "autocorrelation", "in the lattice"]]
    for row in view.errors.rows():
        pair = (row.process_autocorrelation, row.lattice_autocorrelation)
        found = ("–" if value is None else f"{value:.2f}" for value in pair)
        kept.append([row.entry, f"{row.largest_mean_error:.1g}", f"{row.kept_deviation:.0%}", *found])
    title = f"{view.case.title}: {view.scenarios.count} scenarios, seed {view.scenarios.seed}"
    tables = [_aligned(table) for table in (fans, chances, kept) if len(table) > 1]
    return "\n\n".join([title, *tables])


def _aligned(rows: list[list[str]]) -> str:
    """Rows as columns of equal width, the heading first."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([typer.style(lines[0].rstrip(), bold=True), *(line.rstrip() for line in lines[1:])])
