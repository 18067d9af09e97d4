"""Two tiny programmes by hand.

*Sold* (CNY). Demand is what 100 servers of eight serve: 100 · 8 · 2,191.5 h = 1.7532 mn hours a quarter.
All is ordered in the window's only quarter and serves the four after it: 7.0128 mn hours. Servers 200 mn,
1 MW of halls 20 mn.

*Used* (USD). The same hours, inside, with servers of 30 mn. 219.15 mn vCPU-hours a quarter take 1,000
general servers of 100, which cost 10 mn, and are worth 219.15 · 0.02 · 4 = 17.532 mn. Both need 1 MW: 2
MW of halls for 6 mn.

Discount, tax, energy, upkeep and end values are zero. 7.2993 CNY are a USD (release known on 2025-02-20).
"""

import pytest

from capexpand.case.loading import load_case
from capexpand.catalogue import fact
from capexpand.studies.breakeven.break_even import Search
from capexpand.studies.comparison.comparing import compare
from capexpand.studies.comparison.rows import GROUPS
from capexpand.studies.comparison.sheet import group_table

H100_PFLOPS = fact("accelerators", "H100 SXM5 80GB", field="dense_fp8_tflops").value / 1000
CNY = 1 / 7.2993


def figures(comparison, label):
    return next(one.measures for one in comparison.programmes if one.label == label)


def test_amounts_are_those_of_the_window_in_one_currency(both):
    """Sold orders 220 mn CNY of 1,000; in a year that is 4 · 220. Used orders 46 mn USD in half a year.

    Sensitivity: without the exchange rate Sold would read 220 and not 30.14.
    """
    assert both.currency == "USD"
    sold, used = figures(both, "sold").amounts, figures(both, "used").amounts
    assert sold.ordered == pytest.approx(220 * CNY)
    assert sold.ordered_a_year == pytest.approx(4 * 220 * CNY)
    assert sold.announced == pytest.approx(1000 * CNY)
    assert sold.announced_a_year == pytest.approx(4000 * CNY)
    assert sold.spent_before == 0
    assert used.ordered == pytest.approx(46)
    assert used.ordered_a_year == pytest.approx(92)
    assert (used.announced, used.announced_a_year, used.spent_before, used.allowed) == (200, 200, 100, 100)


def test_the_ai_part_takes_halls_by_power(both):
    """Half of Used's 2 MW carry accelerators: 30 + 3 of 46 mn is AI, so 200 mn announced are 143.5 mn of AI.

    Sensitivity: without general servers' power all halls would count, and 36 of 46 mn be AI.
    """
    used = figures(both, "used")
    assert used.shares.ai == pytest.approx(33 / 46)
    assert used.amounts.ai_ordered_a_year == pytest.approx(66)
    assert used.amounts.ai_announced_a_year == pytest.approx(200 * 33 / 46)
    assert figures(both, "sold").shares.ai == pytest.approx(1)


def test_what_is_bought_is_counted_by_kind(both):
    """100 servers: 800 accelerators, 1,600 PFLOP/s, 1 MW; beside them 1,000 general servers on another MW."""
    used = figures(both, "used").purchase
    assert used.accelerators == pytest.approx(800)
    assert used.compute_pflops == pytest.approx(1600)
    assert used.h100_equivalents == pytest.approx(1600 / H100_PFLOPS)
    assert used.general_servers == pytest.approx(1000)
    assert (used.ai_power_mw, used.server_power_mw, used.halls_mw) == pytest.approx((1, 2, 2))
    assert used.tokens_per_day is None


def test_unit_costs_hold_the_hall_of_the_servers_counted(both):
    """Used: 30 mn for servers and 1 MW at 3 mn are 33 mn: 41,250 USD an accelerator, 33 mn a MW.

    Sensitivity: with the halls of the general servers it would be 45,000 USD an accelerator.
    """
    used, sold = figures(both, "used").prices, figures(both, "sold").prices
    assert used.hall_per_mw == pytest.approx(3e6)
    assert used.servers_per_mw == pytest.approx(30e6)
    assert used.all_in_per_mw == pytest.approx(33e6)
    assert used.per_accelerator == pytest.approx(41_250)
    assert used.per_pflops == pytest.approx(33e6 / 1600)
    assert used.per_h100 == pytest.approx(33e6 / 1600 * H100_PFLOPS)
    assert sold.per_accelerator == pytest.approx(275_000 * CNY)


def test_shares_of_the_money_are_those_of_orders(both):
    """Used: 30, 10 and 6 of 46 mn. Nothing runs at a cost, so the whole cost has the same shares."""
    shares = figures(both, "used").shares
    orders = (shares.ordered_accelerators, shares.ordered_other_servers, shares.ordered_halls)
    assert orders == pytest.approx((30 / 46, 10 / 46, 6 / 46))
    assert (shares.cost_accelerators, shares.cost_other_servers, shares.cost_halls) == pytest.approx(orders)
    assert (shares.cost_energy, shares.cost_leases, shares.cost_upkeep) == (0, 0, 0)


def test_an_hour_must_bring_what_the_rest_does_not(both):
    """Sold: 220 mn CNY over 7.0128 mn hours. Used: 46 − 17.532 mn USD, for the apps pay for their servers.

    Sensitivity: without the apps' transfer value Used would need 46 / 7.0128 = 6.56 USD and not 4.06.
    """
    sold, used = figures(both, "sold").hours, figures(both, "used").hours
    assert sold.needed == pytest.approx(220 / 7.0128 * CNY)
    assert sold.earned == pytest.approx(100 * CNY)
    assert used.needed == pytest.approx((46 - 17.532) / 7.0128)
    assert used.earned == pytest.approx(10)
    assert used.needed_per_h100 == pytest.approx(used.needed * 8 / (16 / H100_PFLOPS))


def test_worth_is_in_cash_and_with_transfer_values(both):
    """Sold: 701.28 − 220 mn CNY. Used brings no cash: −46, and 70.128 + 17.532 mn of transfer value.

    Sold pays back in its second quarter of service: 175.3 after one, 350.6 after two, so at the end of the
    third quarter. Used with transfer serves 21.9 mn a quarter and covers 46 mn in three: the fourth quarter.
    """
    sold, used = figures(both, "sold"), figures(both, "used")
    assert sold.worth.npv == pytest.approx(481.28 * CNY)
    assert sold.returns.payback_years == 0.75
    assert sold.returns.internal_share == 0
    assert used.worth.npv == pytest.approx(-46)
    assert used.worth.npv_with_transfer == pytest.approx(41.66)
    assert used.returns.internal_share == 1
    assert (used.returns.payback_years, used.returns.payback_with_transfer_years) == (None, 1.0)
    assert [one.mostly_internal for one in both.programmes] == [False, True]


def test_at_the_needed_hour_the_programme_is_worth_nothing(tiny, tmp_path):
    """The closed form, put back as the price, makes the value zero, though the plan is sought anew."""
    from capexpand.studies.comparison.comparing import compare

    needed = 220 / 7.0128
    text = (
        (tiny("sold") / "case.yaml").read_text("utf-8").replace("100 CNY/acc", f"{needed + 1e-6:.9f} CNY/acc")
    )
    (tmp_path / "case.yaml").write_text(text, "utf-8")
    found = compare([tmp_path, tiny("used")], currency="CNY")
    assert found.programmes[0].measures.worth.npv == pytest.approx(7.0128e-6, abs=1e-6)


def test_what_a_server_does_not_state_is_not_shown_as_nothing(tiny, tmp_path):
    """Sold's servers say nothing of operations here: 800 accelerators, whose operations nobody knows.

    Sensitivity: with operations summed as stated they would read 0 PFLOP/s, a fact about 800 accelerators.
    """
    text = (tiny("sold") / "case.yaml").read_text("utf-8")
    (tmp_path / "case.yaml").write_text(text.replace("    compute: 16 PFLOPS\n", ""), "utf-8")
    found = compare([tmp_path, tiny("used")])
    silent = found.programmes[0].measures
    assert silent.purchase.accelerators == pytest.approx(800)
    assert silent.purchase.compute_pflops is None
    assert silent.purchase.h100_equivalents is None
    assert (silent.prices.per_pflops, silent.prices.per_h100) == (None, None)
    shown = {row.title: row.cells for group in GROUPS for row in group_table(group, found).rows}
    assert shown["Operations"] == ("–", "1.6 EFLOP/s")


def test_a_programme_is_called_internal_by_what_it_may_earn_not_by_what_it_builds(tiny, tmp_path):
    """As many hours as ranking's could be sold, at 25 USD for 10, by servers that cost more than they earn.

    All that is built serves the group; a quarter may earn 43.8 mn by sales, 17.5 + 4.4 inside: cash counts,
    as in ``breakeven``. Sensitivity: by what is built the programme would be called internal.
    """
    text = (tiny("used") / "case.yaml").read_text("utf-8")
    text += """  sold:
    title: Sold hours
    role: external
    unit: accelerator_hour
    demand: 1.7532 mn accelerator_hour/quarter
    price: 25 USD/accelerator_hour
    usable_share: 100 %
    throughput: {dear: 8 accelerator_hours/hour}
"""
    dear = """  dear:
    title: Server that nobody can afford
    accelerators: 8
    compute: 16 PFLOPS
    power: 10 kW
    lead_time: 3 months
    attrition: 0 %/year
    maintenance: 0 %/year
    buy: {price: 300 mn USD, deposit: 100 %}
    supply: {US: {limit: 600 units/quarter}}
"""
    (tmp_path / "case.yaml").write_text(text.replace("workloads:\n", f"{dear}workloads:\n", 1), "utf-8")
    mixed = compare([tmp_path, tiny("sold")]).programmes[0]
    assert mixed.measures.returns.internal_share == pytest.approx(1.0)
    assert not mixed.mostly_internal
    assert mixed.mostly_internal == Search.of(load_case(tmp_path)).transfer
