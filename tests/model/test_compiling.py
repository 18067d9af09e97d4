"""A case becomes arrays: units, currencies by quarter, taxes, end values, grids, groups."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_case import ABSENT, compiled, offer, site

from capexpand.model.compile import committed_grid

CURRENCIES = {"exchange_rates": {"USD": {"2025-04-01": "7 CNY/USD", "2025-10-01": "8 CNY/USD"}}}


def test_money_is_in_millions_and_power_in_megawatts():
    m = compiled(
        {
            "programme.cap": "2 bn CNY",
            "sites.east.grid": "20000 kW",
            "sites.east.energy_price": "0.5 CNY/kWh",
            "workloads.chat.price": "2 CNY/Mtoken",
            "workloads.chat.demand": "1 tn token/day",
        }
    )
    assert m.budget.cap == pytest.approx([2000] * 4)
    assert m.sites.grid_mw[0] == pytest.approx([20] * 4)
    assert m.sites.energy_price[0] == pytest.approx([5e-4] * 4)  # 0.5 CNY/kWh is 500 CNY/MWh
    assert m.workloads.price[0, 0] == pytest.approx([2.0] * 4)  # 1 tn tokens are 1e6 Mtoken
    assert m.workloads.demand[0, 0] == pytest.approx([365.25 / 4] * 4)


def test_a_price_follows_the_exchange_rate_of_each_quarter():
    m = compiled({**CURRENCIES, "offers.server.buy.price": "0.2 mn USD"})
    assert m.offers.price[0, 0] == pytest.approx([1.4, 1.4, 1.6, 1.6])


def test_a_single_amount_takes_the_rate_of_the_first_quarter():
    m = compiled(
        {**CURRENCIES, "programme.cap": "10 mn USD", "opening.payments_due": {"2026-01-01": "1 mn USD"}}
    )
    assert m.budget.cap == pytest.approx([70] * 4)
    assert m.opening.payments_due == pytest.approx([0, 0, 0, 7])


def test_duty_and_fee_come_on_top_of_the_price():
    supply = {"import_duty": "10 %", "fee": {"2025-04-01": "0 %", "2025-10-01": "15 %"}}
    m = compiled({"offers.server.supply.CN": supply})
    assert m.offers.price[0, 0] == pytest.approx([1.1, 1.1, 1.25, 1.25])
    assert m.offers.import_duty[0, 0] == pytest.approx([0.1] * 4)
    assert m.offers.export_fee[0, 0] == pytest.approx([0, 0, 0.15, 0.15])


def test_maintenance_is_a_share_of_the_first_price_without_duty():
    price = {"2025-04-01": "1 mn CNY", "2025-07-01": "0.5 mn CNY"}
    m = compiled({"offers.server.maintenance": "8 %/year", "offers.server.buy.price": price})
    assert m.offers.running_cost[0] == pytest.approx([0.02] * 4)


def test_attrition_compounds_to_the_yearly_one():
    m = compiled({"offers.server.attrition": "10 %/year"})
    assert (1 - m.offers.attrition[0]) ** 4 == pytest.approx(0.9)


def test_lead_times_are_rounded_up_to_quarters():
    leads = ["0 months", "1 month", "3 months", "4 months", "9 months"]
    assert [int(compiled({"offers.server.lead_time": lead}).offers.lead_quarters[0]) for lead in leads] == [
        0,
        1,
        1,
        2,
        3,
    ]


def test_no_supply_and_no_sale_mean_that_nothing_can_be_ordered():
    dates = {"offers.server.available_from": "2025-08-15", "offers.server.available_until": "2025-10-01"}
    assert compiled(dates).offers.orderable[0, 0].tolist() == [False, True, True, False]
    banned = {
        "offers.server.supply.CN": {
            "limit": {"2025-04-01": "5 units/quarter", "2025-07-01": "0 units/quarter"}
        }
    }
    assert compiled(banned).offers.orderable[0, 0].tolist() == [True, False, False, False]


def test_an_offer_bought_or_leased_has_two_options_of_one_product():
    m = compiled(
        {"offers.server.lease": {"fee": "0.3 mn CNY/quarter", "term": "12 months"}, "offers.other": offer()}
    )
    assert m.offers.names == ("server", "server (leased)", "other")
    assert m.offers.product.tolist() == [0, 0, 1]
    assert m.offers.owned.tolist() == [True, False, True]
    assert m.offers.term_quarters.tolist() == [0, 4, 0]
    assert m.offers.price[1].sum() == 0.0


def test_the_cap_binds_inside_the_window_only():
    m = compiled(
        {"programme.window_start": "2025-07-01", "programme.window_quarters": 2, "programme.cap": "10 mn CNY"}
    )
    assert m.budget.cap.tolist() == [np.inf, 10, 10, np.inf]
    assert m.budget.renewal.tolist() == [0, np.inf, np.inf, 0]


def test_a_cap_by_date_binds_the_quarters_that_end_by_then():
    m = compiled({"programme.cap": "10 mn CNY", "programme.cap_by_date": {"2025-10-15": "4 mn CNY"}})
    assert m.budget.cap.tolist() == [4, 4, 10, 10]


def test_a_contract_asks_for_nothing_that_would_arrive_too_late():
    m = compiled(
        {"offers.server.supply.CN": {"minimum": "2 units/quarter"}, "offers.server.lead_time": "6 months"}
    )
    assert m.offers.least[0, 0].tolist() == [2, 2, 0, 0]


@given(
    rate=st.floats(0, 0.3),
    tax=st.floats(0, 0.5),
    years=st.sampled_from(["3 months", "1 year", "15 months", "2 years", "20 years"]),
    recovery=st.sampled_from([None, "0 months", "3 months", "9 months", "3 years"]),
)
def test_present_values_of_taxes_are_those_of_a_plain_loop(rate, tax, years, recovery):
    lives = {"3 months": 1, "1 year": 4, "15 months": 5, "2 years": 8, "20 years": 80}
    delays = {"0 months": 0, "3 months": 1, "9 months": 3, "3 years": 12}
    changes = {
        "finance.discount_rate": f"{rate * 100:.6f} %/year",
        "finance.tax_rate": f"{tax * 100:.6f} %",
        "finance.server_life": years,
        "finance.value_added_tax": "13 %",
    }
    if recovery is not None:
        changes["finance.value_added_tax_recovery"] = recovery
    taxes = compiled(changes).taxes
    growth, count = 1 + float(f"{rate * 100:.6f}") / 100, 4
    discount = [growth ** (-(t + 0.5) / 4) for t in range(count)]
    at_end = growth**-1.0
    lost = 0.13 if recovery is None else 0.0
    for t in range(count):
        worth, left = 0.0, 1.0
        for u in range(t, min(t + lives[years], count)):
            worth += discount[u] / lives[years]
            left -= 1 / lives[years]
        expected = (1 + lost) * float(f"{tax * 100:.6f}") / 100 * (worth + left * at_end)
        assert taxes.server_shield[t] == pytest.approx(expected, abs=1e-12)
        back = 0.0
        if recovery is not None:
            later = t + delays[recovery]
            back = (discount[later] if later < count else at_end) / discount[t]
        assert taxes.payment_factor[t] == pytest.approx(1 + 0.13 * (1 - back), abs=1e-12)


def test_end_values_take_the_share_of_the_last_price():
    price = {"2025-04-01": "4 mn CNY", "2026-01-01": "2 mn CNY"}
    build = {"cost": {"2025-04-01": "9 mn CNY/MW", "2026-01-01": "6 mn CNY/MW"}, "lead_time": "0 months"}
    build |= {"deposit": "0 %", "maintenance": "0 CNY/MW/quarter"}
    m = compiled(
        {
            "finance.server_end_value": "40 %",
            "finance.building_end_value": "50 %",
            "offers.server.buy.price": price,
            "sites.east.build": build,
        }
    )
    assert m.offers.end_value == pytest.approx([0.8])
    assert m.power.end_value == pytest.approx([3.0])


def test_leased_units_and_rented_power_leave_nothing():
    hosted = {"fee": "1 mn CNY/MW/quarter", "lead_time": "0 months", "term": "3 months"}
    lease = {"fee": "0.3 mn CNY/quarter", "term": "12 months"}
    shares = {"finance.server_end_value": "40 %", "finance.building_end_value": "50 %"}
    m = compiled({**shares, "offers.server.lease": lease, "sites.east.colocate": hosted})
    assert m.offers.end_value[1] == 0.0
    assert m.power.end_value[m.power.names.index("east (colocated)")] == 0.0


def test_sites_are_grouped_by_what_they_may_serve():
    m = compiled(
        {
            "sites.north": site(title="North"),
            "sites.south": site(title="South", destination="SG"),
            "opening.sites.north": {"power": "1 MW"},
            "opening.sites.south": {"power": "1 MW"},
            "workloads.chat.destinations": ["CN"],
        }
    )
    assert m.sites.group[0] == m.sites.group[1] != m.sites.group[2]
    assert m.workloads.served_by[m.sites.group, 0].tolist() == [True, True, False]


def test_power_that_stands_at_a_site_without_building_cannot_grow():
    m = compiled()
    assert m.power.names == ("east",)
    assert m.power.limit_mw.sum() == 0.0


def test_the_base_spends_what_the_business_spends_anyway_and_nothing_else():
    """1 a quarter without the programme: 4 of the 10 in the window; the other 6 are the programme's own."""
    changes = {"programme.floor": "5 mn CNY", "programme.cap": "10 mn CNY"}
    m = compiled({**changes, "programme.renewal_without_programme": "1 mn CNY/quarter"})
    base = m.without_programme()
    assert m.budget.own == 6.0
    assert base.budget.own == 0.0
    assert base.budget.cap.tolist() == [1, 2, 3, 4]
    assert base.budget.floor == 0.0
    assert base.times.window == m.times.window


def test_the_base_may_hire_as_a_programme_may_and_who_stands_still_may_not():
    """What leases add needs none of the programme's money, so it is no part of what the money is worth."""
    rented = {"fee": "1 mn CNY/MW/quarter", "lead_time": "0 months", "term": "3 months"}
    leased = {"fee": "0.5 mn CNY/quarter", "term": "3 months"}
    m = compiled({"sites.east.colocate": rented, "offers.server.lease": leased})
    base, still = m.without_programme(), m.standing_still()
    assert np.array_equal(base.power.limit_mw, m.power.limit_mw)
    assert np.array_equal(base.offers.orderable, m.offers.orderable)
    assert still.power.limit_mw.max() == 0.0
    assert not still.offers.orderable.any()


def test_renewal_grows_with_the_own_money_of_the_programme():
    """1 a quarter anyway, 40 % a year of what the programme spent: 0.1 a quarter for each, afterwards."""
    m = compiled(
        {
            "programme.window_quarters": 2,
            "programme.cap": "10 mn CNY",
            "programme.renewal_budget": ABSENT,
            "programme.renewal_without_programme": "1 mn CNY/quarter",
            "programme.renewal_of_programme": "40 %/year",
        }
    )
    assert m.budget.own == 8.0
    assert m.budget.renewal == pytest.approx([np.inf, np.inf, 0.8, 0.8])  # 1 less 0.1 of the 2 spent anyway
    assert m.budget.renewal_growth is not None
    assert m.budget.renewal_growth == pytest.approx([0, 0, 0.1, 0.1])


def test_book_value_is_written_off_evenly_over_its_life():
    m = compiled({"opening.book_value": "12 mn CNY", "opening.book_life": "9 months"})
    assert m.opening.depreciation == pytest.approx([4, 4, 4, 0])


def test_quarters_are_named_by_calendar_year():
    m = compiled()
    assert m.times.labels == ("2025Q2", "2025Q3", "2025Q4", "2026Q1")
    assert m.times.starts[0] == date(2025, 4, 1)
    assert m.times.ends[-1] == date(2026, 3, 31)


def test_a_case_without_an_opening_starts_from_nothing():
    build = {
        "cost": "1 mn CNY/MW",
        "lead_time": "0 months",
        "deposit": "0 %",
        "maintenance": "0 CNY/MW/quarter",
    }
    m = compiled({"opening": ABSENT, "sites.east.build": build})
    assert m.opening.power_mw.sum() == m.opening.installed.sum() == 0.0


grids = st.lists(st.floats(0, 100), min_size=5, max_size=5)


@given(grid=grids, steps=st.lists(st.floats(0, 30), min_size=5, max_size=5))
def test_the_grid_that_commitments_count_on_keeps_every_promise(grid, steps):
    grid_mw, opening = np.array([grid]), np.cumsum([steps], axis=1)
    counted = committed_grid(grid_mw, opening)
    room = counted - opening
    assert (room >= -1e-9).all()  # the opening state itself always fits
    assert (np.diff(room, axis=1) >= -1e-9).all()  # so an order that fits now still fits later
    most = np.maximum(np.maximum.accumulate(grid_mw, axis=1), opening[:, -1:])
    assert (counted <= most + 1e-9).all()


def test_without_an_opening_commitments_count_on_the_largest_grid_so_far():
    counted = committed_grid(np.array([[2.0, 5.0, 3.0, 6.0]]), np.zeros((1, 4)))
    assert counted.tolist() == [[2, 5, 5, 6]]
