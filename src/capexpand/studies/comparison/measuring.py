"""Figures of one programme, from what its plan found out; see ``docs/explanation/comparison.md``."""

from __future__ import annotations

import numpy as np

from capexpand.case.schema import Case
from capexpand.case.values import Figure
from capexpand.finance.metrics import internal_rate_of_return, payback_quarter
from capexpand.finance.programme import ProgrammeResult
from capexpand.finance.schedule import unit_purchases
from capexpand.model.data import Floats
from capexpand.optimiser.plan import Plan
from capexpand.reporting.inputs import Findings
from capexpand.studies.comparison.hours import h100_pflops, hourly_values
from capexpand.studies.comparison.measures import (
    Amounts,
    Measures,
    ProgrammeReturns,
    ProgrammeWorth,
    Purchase,
    Shares,
    UnitPrices,
)
from capexpand.studies.comparison.orders import PLAIN, WindowOrders, window_of, window_orders
from capexpand.studies.comparison.yardstick import Yardstick, tokens_per_day

QUARTERS_PER_YEAR = 4.0
NOTHING = 1e-9  # millions of money, units and megawatts that are only rounding


def measure_programme(findings: Findings, yardstick: Yardstick | None) -> Measures:
    """Measure one programme in its own currency.

    Args:
        findings: of its plan.
        yardstick: the model by which tokens are counted; None without one.
    """
    case, result = findings.case, findings.result
    orders = window_orders(result.plan)
    purchase = _purchase(orders, tokens_per_day(case, orders.units, yardstick))
    programme = case.programme
    return Measures(
        window_quarters=programme.window_quarters,
        announced_quarters=programme.announced_quarters or programme.window_quarters,
        amounts=_amounts(case, orders, result),
        purchase=purchase,
        prices=_prices(orders, purchase),
        shares=_shares(orders, result),
        worth=_worth(findings),
        returns=_returns(findings),
        hours=hourly_values(result, findings.metrics.npv),
    )


def _amounts(case: Case, orders: WindowOrders, result: ProgrammeResult) -> Amounts:
    programme, m = case.programme, result.plan.data
    allowed = _in_home_currency(case, programme.cap)
    announced = _in_home_currency(case, programme.announced or programme.cap or programme.floor)
    quarters = programme.announced_quarters or programme.window_quarters
    a_year = QUARTERS_PER_YEAR / programme.window_quarters
    announced_a_year = None if announced is None else announced * QUARTERS_PER_YEAR / quarters
    ai = _share(orders.ai_money, orders.money)
    return Amounts(
        announced=announced,
        spent_before=_in_home_currency(case, programme.spent) or 0.0,
        allowed=allowed,
        ordered=orders.money,
        paid=float(result.plan.paid[window_of(m)].sum()),
        leased=orders.leased_money,
        announced_a_year=announced_a_year,
        ordered_a_year=orders.money * a_year,
        ordered_and_leased_a_year=(orders.money + orders.leased_money) * a_year,
        ai_ordered_a_year=orders.ai_money * a_year,
        ai_ordered_and_leased_a_year=(orders.ai_money + orders.ai_leased_money) * a_year,
        ai_announced_a_year=None if announced_a_year is None or ai is None else announced_a_year * ai,
    )


def _in_home_currency(case: Case, amount: Figure | None) -> float | None:
    """An amount in the case's currency [million], at the rate of the plan's first quarter."""
    if amount is None or amount.currency is None or amount.currency == case.currency:
        return None if amount is None else amount.value
    return amount.value * float(case.exchange_rates[amount.currency].values(case.calendar)[0])


def _purchase(orders: WindowOrders, tokens: float | None) -> Purchase:
    return Purchase(
        accelerators=orders.accelerators,
        general_servers=orders.general_servers,
        ai_power_mw=orders.ai_power_mw,
        server_power_mw=orders.ai_power_mw + orders.other_power_mw,
        halls_mw=orders.halls_mw,
        leased_accelerators=orders.leased_accelerators,
        leased_halls_mw=orders.leased_halls_mw,
        compute_pflops=orders.compute_pflops,
        h100_equivalents=None if orders.compute_pflops is None else orders.compute_pflops / h100_pflops(),
        tokens_per_day=tokens,
    )


def _prices(orders: WindowOrders, bought: Purchase) -> UnitPrices:
    whole = orders.ai_with_halls
    all_in = None if whole is None else whole * PLAIN

    def per(amount: float | None) -> float | None:
        return None if all_in is None or amount is None or amount <= NOTHING else all_in / amount

    tokens = bought.tokens_per_day
    servers = orders.accelerator_money * PLAIN
    return UnitPrices(
        hall_per_mw=None if orders.hall_price is None else orders.hall_price * PLAIN,
        servers_per_mw=servers / bought.ai_power_mw if bought.ai_power_mw > NOTHING else None,
        all_in_per_mw=per(bought.ai_power_mw),
        per_accelerator=per(bought.accelerators),
        per_h100=per(bought.h100_equivalents),
        per_pflops=per(bought.compute_pflops),
        per_million_tokens_a_day=None if tokens is None else per(tokens / 1e6),
    )


def _shares(orders: WindowOrders, result: ProgrammeResult) -> Shares:
    m, ours = result.plan.data, result.programme
    ai = m.offers.accelerators[m.offers.product] > 0.0
    paid = _unit_payments(result)
    now = m.times.discount
    costs = {
        "accelerators": float(paid[ai].sum(axis=0) @ now),
        "other_servers": float(paid[~ai].sum(axis=0) @ now),
        "halls": float((ours.payments_buildings + ours.payments_plants) @ now),
        "leases": float((ours.leases + ours.exit_costs - ours.resale) @ now),
        "energy": float(ours.energy @ now),
        "upkeep": float(ours.maintenance @ now),
    }
    total = sum(costs.values())
    return Shares(
        ordered_accelerators=_share(orders.accelerator_money, orders.money),
        ordered_other_servers=_share(orders.other_server_money, orders.money),
        ordered_halls=_share(orders.hall_money, orders.money),
        ai=_share(orders.ai_money, orders.money),
        cost_accelerators=_share(costs["accelerators"], total),
        cost_other_servers=_share(costs["other_servers"], total),
        cost_halls=_share(costs["halls"], total),
        cost_leases=_share(costs["leases"], total),
        cost_energy=_share(costs["energy"], total),
        cost_upkeep=_share(costs["upkeep"], total),
    )


def _unit_payments(result: ProgrammeResult) -> Floats:
    """Payments for units that the programme adds to the base [offer option, quarter]."""
    return _paid_for_units(result.plan) - _paid_for_units(result.base_plan)


def _paid_for_units(plan: Plan) -> Floats:
    paid: Floats = unit_purchases(plan.data, plan.ordered, plan.data.offers.price).payments.sum(axis=1)
    return paid


def _worth(findings: Findings) -> ProgrammeWorth:
    transfer = _transfer(findings.result)
    metrics = findings.metrics
    value = float(findings.result.times.discount @ transfer)
    return ProgrammeWorth(
        npv=metrics.npv,
        npv_without_end_value=metrics.npv_end_value_zero,
        transfer_value=value,
        npv_with_transfer=metrics.npv + value,
    )


def _transfer(result: ProgrammeResult) -> Floats:
    """Transfer value after tax that the programme adds [quarter, million]."""
    return (1.0 - result.plan.data.taxes.rate) * result.programme.transfer_value


def _returns(findings: Findings) -> ProgrammeReturns:
    result, metrics = findings.result, findings.metrics
    ours, now = result.programme, result.times.discount
    inside = float(ours.transfer_value @ now)
    outside = float(ours.revenue_by_workload.sum(axis=0) @ now)
    with_transfer = ours.free_cash_flow + _transfer(result)
    rate, unique = internal_rate_of_return(with_transfer, ours.end_cash)
    paid_back = payback_quarter(np.where(np.abs(with_transfer) > NOTHING, with_transfer, 0.0))
    return ProgrammeReturns(
        internal_share=_share(inside, inside + outside) or 0.0,
        rate=metrics.irr if metrics.irr_unique else None,
        payback_years=_years(metrics.payback_quarter),
        rate_with_transfer=rate if unique else None,
        payback_with_transfer_years=_years(paid_back),
    )


def _years(quarter: int | None) -> float | None:
    return None if quarter is None else (quarter + 1) / QUARTERS_PER_YEAR


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > NOTHING else None
