"""The analysis behind pages, tables and sentences, computed once from the findings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from capexpand.finance.contracts import Backlog, backlog
from capexpand.finance.debt_metrics import FinancingResult, financing_result
from capexpand.finance.fleet import Fleet, fleet
from capexpand.finance.unit_costs import UnitCosts, unit_costs
from capexpand.model.data import Floats, ModelData
from capexpand.model.rates import Rate, service_rates
from capexpand.reporting.inputs import Findings
from capexpand.reporting.limits import Limit, limits
from capexpand.wording import MoneyScale, short_names

NOTHING = 1e-9  # millions of money that are only rounding
NOTHING_ORDERED = 1e-6  # units and megawatts that are only rounding


@dataclass(frozen=True)
class ReportContext:
    """Findings, and what follows from them: fleets, unit costs, limits, the window, the scale of money."""

    findings: Findings

    @property
    def data(self) -> ModelData:
        """The compiled case."""
        return self.findings.result.plan.data

    @property
    def currency(self) -> str:
        """Code of the case's currency."""
        return self.data.currency

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the quarters."""
        return self.data.times.labels

    @cached_property
    def fleet(self) -> Fleet:
        """What stands with the programme."""
        return fleet(self.findings.result.plan)

    @cached_property
    def base_fleet(self) -> Fleet:
        """What stands without the programme."""
        return fleet(self.findings.result.base_plan)

    @cached_property
    def naive_fleet(self) -> Fleet:
        """What stands with the evenly spent plan."""
        return fleet(self.findings.naive.plan)

    @cached_property
    def rates(self) -> tuple[tuple[Rate, ...], ...]:
        """What a unit of each offer serves of each workload [offer, workload]."""
        return service_rates(self.findings.case)

    @cached_property
    def costs(self) -> UnitCosts:
        """What each workload costs with the programme."""
        return unit_costs(self.findings.result.plan)

    @cached_property
    def backlog(self) -> Backlog | None:
        """What is under contract with the programme; None where there are no contracts."""
        result = self.findings.result
        return backlog(result.plan, result.total.revenue)

    @cached_property
    def financing(self) -> FinancingResult | None:
        """How the programme is financed; None where the case does not ask."""
        return financing_result(self.findings.result)

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """Every limit, the one whose last percent is worth most first."""
        return limits(self.findings.result.plan, self.sites, offers=self.offers, workloads=self.workloads)

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """Short names of the sites, for sentences and legends."""
        return short_names(self.data.sites.titles)

    @cached_property
    def offers(self) -> tuple[str, ...]:
        """Short names of the offers."""
        return short_names(self.data.offers.product_titles)

    @cached_property
    def workloads(self) -> tuple[str, ...]:
        """Short names of the workloads."""
        return short_names(self.data.workloads.titles)

    @property
    def window(self) -> slice:
        """The quarters of the programme's window that lie within the horizon."""
        first, last = self.data.times.window
        return slice(first, min(last, self.data.times.count))

    @property
    def window_end(self) -> int:
        """Position of the window's last quarter."""
        return self.window.stop - 1

    @property
    def cap(self) -> float | None:
        """The most that may be spent in the window [million]; None without a cap."""
        cap = float(self.data.budget.cap[self.window_end])
        return cap if np.isfinite(cap) else None

    @property
    def spent(self) -> float:
        """What is paid for orders within the window [million]."""
        return float(self.findings.result.plan.paid[self.window].sum())

    @cached_property
    def scale(self) -> MoneyScale:
        """The unit in which charts and tables show money."""
        total = self.findings.result.total
        largest = max(self.spent, 4.0 * float(total.revenue.max()), 4.0 * float(total.capital_payments.max()))
        return MoneyScale.of(largest, self.currency)

    @cached_property
    def has_base(self) -> bool:
        """Whether anything stands or is earned without the programme."""
        base = self.findings.result.base
        stands = float(self.base_fleet.power_energised_mw.sum() + self.base_fleet.installed.sum())
        return bool(stands > 0.0 or base.revenue.any() or base.other_cost.any())

    @cached_property
    def orders_nothing(self) -> bool:
        """Whether nothing is bought or hired within the window, so that there is no programme to judge."""
        plan, here = self.findings.result.plan, self.window
        ordered = float(plan.ordered[:, :, here].sum() + plan.power_ordered_mw[:, here].sum())
        return bool(ordered <= NOTHING_ORDERED and self.spent <= NOTHING)

    @cached_property
    def transfer_worth(self) -> float:
        """Present value after tax of what the programme serves internal workloads [million]; no cash."""
        value = float(self.data.times.discount @ self.findings.result.programme.transfer_value)
        return (1.0 - self.data.taxes.rate) * value

    @property
    def renewal(self) -> tuple[float, float]:
        """What is paid for orders after the window, and how much of it the programme adds [million]."""
        result, after = self.findings.result, slice(self.window.stop, None)
        paid = float(result.total.capital_payments[after].sum())
        return paid, float(result.programme.capital_payments[after].sum())

    @property
    def objective_gain(self) -> float:
        """By how much the optimised plan's objective exceeds the evenly delivered one's [million]."""
        found = self.findings
        return found.result.plan.value - found.naive.plan.value

    def token_power_fraction(self, at: int) -> float:
        """Return the part of the power in use that workloads counted in tokens take.

        Args:
            at: position of the quarter.
        """
        m = self.data
        megawatts = np.einsum("gkj,k->j", self.findings.result.plan.serving[..., at], m.offers.power_kw)
        tokens = np.array([unit == "token" for unit in m.workloads.units])
        used = float(megawatts.sum())
        return float(megawatts[tokens].sum()) / used if used > 0.0 else 0.0

    def accelerators(self, which: Fleet) -> Floats:
        """Return installed accelerators of all kinds [quarter]."""
        return which.accelerators.sum(axis=0)

    def power_mw(self, which: Fleet) -> Floats:
        """Return energised IT power of all sites [quarter, MW]."""
        return which.power_energised_mw.sum(axis=0)

    def tokens_per_day(self, which: Fleet) -> Floats:
        """Return tokens of all workloads [quarter, tokens a day]."""
        return which.tokens_per_day.sum(axis=0)
