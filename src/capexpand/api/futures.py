"""``scenarios``: the sampled futures of a case, as quantiles, fan charts and a lattice."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capexpand.api.planning import Say, loaded_case, silent
from capexpand.scenarios.fans import LEVELS, Fan
from capexpand.timevalue import QuarterCalendar

if TYPE_CHECKING:
    from polars import DataFrame

    from capexpand.case.schema import Case
    from capexpand.scenarios.lattice import Lattice
    from capexpand.scenarios.lattice_errors import LatticeErrors
    from capexpand.scenarios.sampling import Scenarios


@dataclass(frozen=True, slots=True, repr=False)
class SampledFutures:
    """The scenarios of a case, their fans by quarter, and the lattice that stands for them."""

    case: Case
    scenarios: Scenarios
    fans: tuple[Fan, ...]
    lattice: Lattice
    errors: LatticeErrors
    labels: tuple[str, ...]

    @property
    def document(self) -> dict[str, Any]:
        """The result as one JSON object."""
        return _document(self)

    @property
    def regimes(self) -> dict[str, dict[str, list[float]]]:
        """Share of the scenarios in each state of each regime, by quarter."""
        return _regimes(self.scenarios)

    @property
    def tables(self) -> dict[str, DataFrame]:
        """The quantiles by quantity and quarter, and the errors of the lattice."""
        import polars as pl

        head, *rows = _quantile_rows(self)
        errors = [asdict(row) for row in self.errors.rows()]
        return {
            "quantiles": pl.DataFrame(rows, schema=head, orient="row"),
            "lattice_errors": pl.DataFrame(errors),
        }

    def html(self) -> str:
        """Return the fan charts as one page that needs nothing from outside."""
        from capexpand.reporting.fan_charts import fan_page

        return fan_page(
            self.case.title,
            _starts(self),
            self.labels,
            scenarios=self.scenarios,
            fans=self.fans,
            lattice=self.lattice,
            errors=self.errors,
        )

    def save(self, folder: Path | str) -> Path:
        """Write the page, one drawing for each quantity, the quantiles and the document.

        Args:
            folder: where they are to stand; an older run there is replaced.

        Returns:
            Where the page stands.

        Raises:
            RunError: the folder cannot be written, or holds files that no run wrote.
        """
        from capexpand.runs.folder import Content, write_run

        place, origin = Path(folder), self.case.provenance
        about = {
            "kind": "scenarios",
            "case": origin.path.absolute().parent.name,
            "variant": origin.variant,
            "case_hash": origin.content_hash,
            "seed": self.scenarios.seed,
        }
        write_run(place, Content(_files(self), _versions() | about))
        return place / "fans.html"

    def _repr_html_(self) -> str:
        """Return the drawings, for a notebook."""
        from html import escape

        from capexpand.reporting.fan_charts import fan_drawing

        drawn = (fan_drawing(fan, _starts(self)) for fan in self.fans)
        return f"<h3>{escape(self.case.title)}</h3>{''.join(drawn)}"

    def __repr__(self) -> str:
        return f"<{self.scenarios.count} scenarios of {self.case.title!r}: {len(self.fans)} quantities>"


def scenarios(
    case: Path | str | Case,
    variant: str | None = None,
    *,
    scenarios: int = 8192,
    seed: int = 1,
    nodes: int = 20,
    outcomes: int = 3,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> SampledFutures:
    """Sample the uncertain inputs of a case, and condense them into a lattice.

    Args:
        case: a case file, a folder, the name of a shipped case, or a loaded case; it declares uncertainty.
        variant: of the case, to be applied.
        scenarios: how many are sampled; at least 2.
        seed: of all random numbers.
        nodes: of the lattice in a quarter.
        outcomes: in a node.
        out: folder for charts and tables; nothing is written where it is None.
        progress: sees how far it is.

    Raises:
        CaseError: the case is wrong or declares no uncertainty.
        RunError: the folder cannot be written, or another process is writing it.
    """
    from contextlib import nullcontext

    from capexpand.runs.folder import hold_place

    place = None if out is None else Path(out)
    (progress or silent)("Drawing scenarios")
    with nullcontext() if place is None else hold_place(place):
        found = _sampled(loaded_case(case, variant), scenarios, seed=seed, nodes=nodes, outcomes=outcomes)
        if place is not None:
            found.save(place)
    return found


def _sampled(case: Case, count: int, *, seed: int, nodes: int, outcomes: int) -> SampledFutures:
    from capexpand.errors import CaseError, Problem
    from capexpand.scenarios.condensation import condense
    from capexpand.scenarios.fans import fans
    from capexpand.scenarios.futures import compile_futures
    from capexpand.scenarios.lattice_errors import lattice_errors
    from capexpand.scenarios.sampling import draw_scenarios

    if case.uncertainty.empty:
        file = case.provenance.path
        raise CaseError([Problem("declares nothing unknown; add an uncertainty block", file=file)])
    drawn = draw_scenarios(compile_futures(case), count, seed=seed)
    lattice = condense(drawn, nodes=nodes, outcomes=outcomes, seed=seed)
    labels = QuarterCalendar(case.calendar.start, case.calendar.quarters).labels
    return SampledFutures(case, drawn, fans(case, drawn), lattice, lattice_errors(lattice, drawn), labels)


def _starts(found: SampledFutures) -> tuple[Any, ...]:
    return QuarterCalendar(found.case.calendar.start, found.case.calendar.quarters).starts


def _versions() -> dict[str, object]:
    import platform
    from importlib.metadata import version

    return {"capexpand": version("capexpand"), "python": platform.python_version()}


def _files(found: SampledFutures) -> dict[str, bytes]:
    from capexpand.reporting.fan_charts import fan_drawing

    text = StringIO()
    head, *rows = _quantile_rows(found)
    table = csv.writer(text, lineterminator="\n")
    table.writerow(head)
    table.writerows([*row[:3], *(f"{value:.8g}" for value in row[3:])] for row in rows)
    files = {"fans.html": found.html().encode(), "quantiles.csv": text.getvalue().encode()}
    files["scenarios.json"] = json.dumps(found.document, ensure_ascii=False).encode()
    for fan in found.fans:
        files[f"fans/{fan.path}.svg"] = fan_drawing(fan, _starts(found)).encode()
    return files


def _quantile_rows(found: SampledFutures) -> list[list[Any]]:
    rows: list[list[Any]] = [
        ["quantity", "unit", "quarter", "declared", "mean", *(f"q{level:g}" for level in LEVELS)]
    ]
    for fan in found.fans:
        for t, label in enumerate(found.labels):
            values = (fan.declared[t], fan.mean[t], *fan.quantiles[:, t])
            rows.append([fan.path, fan.unit, label, *(float(value) for value in values)])
    return rows


def _document(view: SampledFutures) -> dict[str, Any]:
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
