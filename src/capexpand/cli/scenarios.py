"""``capexpand scenarios``: draws the futures of a case, as quantiles, fan charts and a lattice."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from capexpand.case.schema import Case
    from capexpand.scenarios.fans import Fan
    from capexpand.scenarios.lattice import Lattice
    from capexpand.scenarios.lattice_errors import LatticeErrors
    from capexpand.scenarios.sampling import Scenarios


@dataclass(frozen=True, slots=True)
class ScenariosView:
    """All that the command shows."""

    case: Case
    scenarios: Scenarios
    fans: tuple[Fan, ...]
    lattice: Lattice
    errors: LatticeErrors
    labels: tuple[str, ...]


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

        from capexpand.case.loading import load_case

        with Console(stderr=True).status("Drawing scenarios"):
            view = draw(load_case(case, variant), count, seed=seed, nodes=nodes, outcomes=outcomes)
            if out is not None:
                _write(view, out)
        if as_json:
            typer.echo(json.dumps(_as_data(view), ensure_ascii=False))
            return
        typer.echo(_as_text(view))
        if out is not None:
            typer.echo(f"\nFan charts: {out / 'fans.html'}")


def draw(case: Case, count: int, *, seed: int, nodes: int, outcomes: int) -> ScenariosView:
    """Draw the scenarios of a case and condense them.

    Args:
        case: which declares what is unknown.
        count: number of scenarios.
        seed: of all random numbers.
        nodes: of the lattice in a quarter.
        outcomes: in a node.

    Raises:
        CaseError: the case declares nothing unknown.
    """
    from capexpand.errors import CaseError, Problem
    from capexpand.scenarios.condensation import condense
    from capexpand.scenarios.fans import fans
    from capexpand.scenarios.futures import compile_futures
    from capexpand.scenarios.lattice_errors import lattice_errors
    from capexpand.scenarios.sampling import draw_scenarios
    from capexpand.timevalue import QuarterCalendar

    if case.uncertainty.empty:
        file = case.provenance.path
        raise CaseError([Problem("declares nothing unknown; add an uncertainty block", file=file)])
    drawn = draw_scenarios(compile_futures(case), count, seed=seed)
    lattice = condense(drawn, nodes=nodes, outcomes=outcomes, seed=seed)
    labels = QuarterCalendar(case.calendar.start, case.calendar.quarters).labels
    return ScenariosView(case, drawn, fans(case, drawn), lattice, lattice_errors(lattice, drawn), labels)


def _as_data(view: ScenariosView) -> dict[str, Any]:
    from capexpand.scenarios.fans import LEVELS

    return {
        "title": view.case.title,
        "scenarios": view.scenarios.count,
        "seed": view.scenarios.seed,
        "quarters": list(view.labels),
        "levels": list(LEVELS),
        "quantities": [
            {
                "path": fan.path,
                "unit": fan.unit,
                "declared": _finite(fan.declared.tolist()),
                "mean": _finite(fan.mean.tolist()),
                "quantiles": [_finite(row) for row in fan.quantiles.tolist()],
            }
            for fan in view.fans
        ],
        "regimes": _regimes(view.scenarios),
        "lattice": {
            "nodes": [quarter.nodes for quarter in view.lattice.quarters],
            "outcomes": [quarter.outcomes.shape[2] for quarter in view.lattice.quarters],
            "errors": [asdict(row) for row in view.errors.rows()],
        },
    }


def _finite(values: list[float]) -> list[float | None]:
    """JSON knows no infinity; no limit is null."""
    return [value if abs(value) < float("inf") else None for value in values]


def _regimes(scenarios: Scenarios) -> dict[str, dict[str, list[float]]]:
    """Share of scenarios in each state by quarter."""
    return {
        chain.name: {
            state: (scenarios.states[c] == k).mean(axis=1).tolist() for k, state in enumerate(chain.states)
        }
        for c, chain in enumerate(scenarios.futures.chains)
        if chain.is_regime
    }


def _as_text(view: ScenariosView) -> str:
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
    for name, states in _regimes(view.scenarios).items():
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


def _write(view: ScenariosView, folder: Path) -> None:
    """Write the page, one drawing for each quantity, the quantiles, and the errors of the lattice.

    Raises:
        RunError: the folder cannot be written.
    """
    import csv

    from capexpand.errors import RunError
    from capexpand.reporting.fan_charts import fan_drawing, fan_page
    from capexpand.scenarios.fans import LEVELS
    from capexpand.timevalue import QuarterCalendar

    starts = QuarterCalendar(view.case.calendar.start, view.case.calendar.quarters).starts
    page = fan_page(
        view.case.title,
        starts,
        view.labels,
        scenarios=view.scenarios,
        fans=view.fans,
        lattice=view.lattice,
        errors=view.errors,
    )
    try:
        (folder / "fans").mkdir(parents=True, exist_ok=True)
        (folder / "fans.html").write_text(page, "utf-8")
        for fan in view.fans:
            (folder / "fans" / f"{fan.path}.svg").write_text(fan_drawing(fan, starts), "utf-8")
        with (folder / "quantiles.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["quantity", "unit", "quarter", "declared", "mean", *(f"q{x:g}" for x in LEVELS)])
            for fan in view.fans:
                for t, label in enumerate(view.labels):
                    values = (fan.declared[t], fan.mean[t], *fan.quantiles[:, t])
                    table.writerow([fan.path, fan.unit, label, *(f"{value:.8g}" for value in values)])
        (folder / "scenarios.json").write_text(json.dumps(_as_data(view), ensure_ascii=False), "utf-8")
    except OSError as error:
        raise RunError(f"{folder} cannot be written: {error.strerror}") from None
