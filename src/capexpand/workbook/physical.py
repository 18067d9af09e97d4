"""Power, fleet and service of a plan beside their limits, as lines of the workbook."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.money_lines import Decisions
from capexpand.finance.rows import Rows, minimum
from capexpand.model.data import Floats, ModelData
from capexpand.workbook.case_terms import CaseTerms
from capexpand.workbook.inputs import InputCell, Inputs


@dataclass(frozen=True, slots=True)
class Physical:
    """Installed capacity, and the slack of each limit.

    Args:
        lines: to be shown.
        checks: of each limit title, unit, row (the sum of what is missing, which must be zero) and tolerance.
    """

    lines: tuple[Rows, ...]
    checks: tuple[tuple[str, str, Rows, float], ...]


def physical(made: CaseTerms, m: ModelData, done: Decisions) -> Physical:
    """Return power, fleet and service beside their limits."""
    inputs, case = made.inputs, made.inputs.case
    title = "Power reserved for a unit"
    reserve = _given(inputs, "reserve", ("option",), m.offers.power_kw / 1000.0, title=title, unit="MW")
    grid = _connection(made, done)
    sites = len(case.sites)
    energised = _by_site(done.power_mw, m.power.site, sites).named(
        "energised", "Power energised", "MW", "power"
    )
    used = (done.running * reserve).sum("option").named("reserved", "Power reserved by units", "MW", "power")
    at_grid = (used * made.terms.effectiveness).named("at_grid", "Power reserved at the grid", "MW", "power")
    idle_power = (energised - used).named("idle_power", "Power left", "MW", "power")
    idle_grid = (grid - at_grid).named("idle_grid", "Grid left", "MW", "power")
    idle = (done.installed.sum("site") - done.running.sum("site")).named(
        "idle", "Units idle", "unit", "fleet"
    )
    axes = ("workload", "tranche")
    demand = _given(inputs, "demand", axes, m.workloads.demand, title="Demand", unit="volume", timed=True)
    # what a contract lacks is damages
    market = ~np.isin(np.arange(len(m.workloads.names)), made.terms.contracts.workload)
    unsold = (demand - done.sold).only("workload", market)
    unsold = unsold.named("unsold", "Demand left", "volume", "service")
    sold = done.sold.sum("tranche").named("volume", "Volume sold", "volume", "service")
    lines = (energised, used, at_grid, idle_power, idle_grid, idle, sold, unsold)
    checks = [
        (f"{title} is never below zero", unit, _missing(rows), tolerance(scale))
        for title, unit, rows, scale in (
            ("Power left", "MW", idle_power, energised),
            ("Grid left", "MW", idle_grid, grid),
            ("Units idle", "unit", idle, done.installed),
            ("Demand left", "volume", unsold, demand),
        )
    ]
    return Physical(lines, tuple(checks))


def _connection(made: CaseTerms, done: Decisions) -> Rows:
    """The power that each site can draw: its grid, what may be taken away, and contracted generators."""
    inputs, case = made.inputs, made.inputs.case
    names = list(case.sites)
    grid = inputs.table("site", "grid", [
        inputs.series_line(f"sites.{n}.grid", f"{case.sites[n].title}: grid", case.sites[n].grid, unit="MW")
        for n in names
    ])  # fmt: skip
    more = [None if (e := case.sites[n].energy) is None else e.curtailable for n in names]
    if any(more):
        grid = grid + inputs.table("site", "curtailable", [
            None if each is None else inputs.series_line(
                f"sites.{n}.energy.curtailable.power", f"{case.sites[n].title}: power that may be taken away",
                each.power, unit="MW",
            )
            for n, each in zip(names, more, strict=True)
        ])  # fmt: skip
    terms = made.terms.procuring
    engines = done.energy.energy_signed.only("agreement", terms.on_site)
    begun = engines.arrive(terms.energy_lead).named(
        "engines_begun", "Generators, by first quarter", "MW", "power"
    )
    able = begun.trailing(terms.energy_term) * terms.energy_output
    able = able.named("engines", "Generators", "MW", "power")
    at = terms.agreement_site == np.arange(len(names))[:, None]
    return (grid + able.only(("site", "agreement"), at).sum("agreement")).named(
        "connection", "Grid and generators", "MW", "power"
    )


def _missing(rows: Rows) -> Rows:
    """The sum of what is below zero."""
    title = rows.label.title if rows.label else ""
    found = minimum(0.0, rows).named(f"missing {title}", f"Missing of: {title}", "", "limits")
    for axis in found.axes:
        found = found.sum(axis)
    return found.named(f"all missing {title}", f"Missing in all of: {title}", "", "limits").total()


def tolerance(scale: Rows) -> float:
    """Return what a solver may miss a limit by: a millionth of all that it limits, as a power of ten."""
    largest = max(float(np.abs(scale.values).sum()), 1.0)
    return 10.0 ** np.ceil(np.log10(largest * 1e-6))


def _by_site(power: Rows, site: object, count: int) -> Rows:
    """Power of the options of each site [site, quarter]."""
    of = np.asarray(site, dtype=np.int64)
    mask = np.arange(count)[:, None] == of
    return power.only(("site", "power"), mask).sum("power")


def _given(
    inputs: Inputs, key: str, axes: tuple[str, ...], values: Floats, *, title: str, unit: str,
    timed: bool = False,
) -> Rows:  # fmt: skip
    """What the compiled case says, as an input that money does not depend on."""
    there = values != 0.0
    rows = Rows(values, axes, timed, detail=there.any(axis=-1) if timed else there)
    rows.named(key, title, unit, "inputs")
    reason = "from the case; no payment depends on it while the decisions stand"
    for index in np.ndindex(*values.shape[: len(axes)]):
        inputs.cells[id(rows), index] = InputCell("", title, unit, "", "", reason, "")
    inputs.kept.append(rows)
    return rows
