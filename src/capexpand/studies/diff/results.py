"""The results of two plans, line by line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from capexpand.reporting.inputs import Findings
from capexpand.studies.diff.difference import Difference

Kind = Literal["money", "power", "count", "rate", "ratio"]


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of both plans.

    Args:
        key: in files.
        title: for readers.
        kind: money [million], power [MW], a count, a rate [1/year] or a ratio.
        old: of the old plan; None where it has none.
        new: of the new plan.
    """

    key: str
    title: str
    kind: Kind
    old: float | None
    new: float | None

    @property
    def change(self) -> float | None:
        """By how much the new figure is larger."""
        return None if self.old is None or self.new is None else self.new - self.old


def results(found: Difference) -> tuple[Result, ...]:
    """Return the figures of both plans."""
    old, new = found.old.findings, found.new.findings
    return tuple(Result(key, title, kind, read(old), read(new)) for key, title, kind, read in _LINES)


def _window(findings: Findings) -> slice:
    first, last = findings.result.times.window
    return slice(max(first, 0), min(last, findings.result.times.count))


def _spent(findings: Findings) -> float:
    return float(findings.result.plan.paid[_window(findings)].sum())


def _power(findings: Findings) -> float:
    return float(findings.result.plan.power_ordered_mw[:, _window(findings)].sum())


def _accelerators(findings: Findings) -> float:
    plan = findings.result.plan
    units = plan.ordered[:, :, _window(findings)].sum(axis=(1, 2))
    return float(units @ plan.data.offers.accelerators[plan.data.offers.product])


def _servers(findings: Findings) -> float:
    return float(findings.result.plan.ordered[:, :, _window(findings)].sum())


def _revenue(findings: Findings) -> float:
    return float(findings.result.programme.revenue.sum())


def _energy(findings: Findings) -> float:
    plan = findings.result.plan
    return float(np.max(plan.power_mw.sum(axis=0), initial=0.0))


_LINES: tuple[tuple[str, str, Kind, Callable[[Findings], float | None]], ...] = (
    ("npv", "Net present value after tax", "money", lambda f: f.metrics.npv),
    ("npv_without_end_value", "of it without end values", "money", lambda f: f.metrics.npv_end_value_zero),
    ("objective", "What the plan maximises", "money", lambda f: f.result.plan.solver.objective),
    ("irr", "Internal rate of return", "rate", lambda f: f.metrics.irr if f.metrics.irr_is_answer else None),
    ("npv_over_outlay", "Value for each 1 paid", "ratio", lambda f: f.metrics.npv_over_outlay),
    ("spent", "Paid for orders in the window", "money", _spent),
    ("power_ordered_mw", "IT power ordered in the window", "power", _power),
    ("servers_ordered", "Servers ordered in the window", "count", _servers),
    ("accelerators_ordered", "Accelerators ordered in the window", "count", _accelerators),
    ("most_power_mw", "Most IT power that stands", "power", _energy),
    ("revenue", "The programme's revenue over the horizon", "money", _revenue),
    ("peak_funding", "Peak funding", "money", lambda f: f.metrics.peak_funding),
)
