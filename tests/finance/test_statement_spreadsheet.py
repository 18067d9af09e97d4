"""Statements recomputed cell by cell in plain Python, as a spreadsheet would, on random cases."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capexpand.finance.metrics import measure
from capexpand.finance.programme import programme_result
from capexpand.finance.statements import statement
from capexpand.optimiser.deterministic import optimise_plan

LINES = [
    "revenue",
    "transfer",
    "energy",
    "maintenance",
    "leases",
    "exits",
    "ordinary",
    "depreciation",
    "ebita",
    "tax",
    "payments",
    "additions",
    "commitments",
    "duties",
    "fees",
    "vat_paid",
    "vat_back",
    "cash",
    "book",
]


class Sheet:
    """Lines of cells by quarter; every cell is filled by a loop over what is in it."""

    def __init__(self, plan):
        m, self.plan, self.m = plan.data, plan, plan.data
        self.quarters = range(m.times.count)
        self.lines = {line: [0.0 for _ in self.quarters] for line in LINES}
        self.lost = m.taxes.value_added_tax if m.taxes.recovery_quarters is None else 0.0
        self.vat_after = 0.0
        for t in self.quarters:
            self.sell(t)
            self.operate(t)
            self.order_units(t)
            self.order_halls(t)
        self.close()

    def sell(self, t):
        w = self.m.workloads
        for j, role in enumerate(w.roles):
            for i in range(w.tranches):
                value = w.price[j, i, t] * self.plan.sold[j, i, t]
                if role == "obligation":
                    assert value == 0.0
                line = "revenue" if role == "external" else "transfer"
                self.lines[line][t] += value
                self.lines["ordinary"][t] += value * (1 - w.margin_fraction[j, t])
        self.lines["revenue"][t] += self.m.opening.other_revenue[t]

    def operate(self, t):
        m, plan, lines = self.m, self.plan, self.lines
        for s in range(len(m.sites.names)):
            for k in range(len(m.offers.names)):
                mwh = plan.running[s, k, t] * m.offers.power_kw[k] / 1000 * m.offers.draw_fraction[k]
                mwh *= m.hours_per_quarter * m.sites.power_usage_effectiveness[s]
                lines["energy"][t] += mwh * m.sites.energy_price[s, t]
                line = "maintenance" if m.offers.owned[k] else "leases"
                lines[line][t] += plan.installed[s, k, t] * m.offers.running_cost[k, t]
                lines["exits"][t] += plan.returned[s, k, t] * m.offers.exit_cost[k, t]
        for o in range(len(m.power.names)):
            line = "maintenance" if m.power.owned[o] else "leases"
            lines[line][t] += plan.power_mw[o, t] * m.power.running_cost[o, t]
            lines["exits"][t] += plan.power_returned_mw[o, t] * m.power.exit_cost[o, t]

    def order_units(self, t):
        m, taxes = self.m, self.m.taxes
        for k in range(len(m.offers.names)):
            for d in range(len(m.destinations)):
                units = self.plan.ordered[k, d, t]
                lead, deposit = m.offers.lead_quarters[k], m.offers.deposit_fraction[k]
                self.pay("payments", t, lead, deposit, units * m.offers.price[k, d, t])
                self.pay("duties", t, lead, deposit, units * m.offers.import_duty[k, d, t])
                self.pay("fees", t, lead, deposit, units * m.offers.export_fee[k, d, t])
                self.receive(t + lead, units * m.offers.price[k, d, t], taxes.server_life_quarters)
                self.lines["commitments"][t] += units * m.offers.price[k, d, t]

    def order_halls(self, t):
        m = self.m
        for o in range(len(m.power.names)):
            price = self.plan.power_ordered_mw[o, t] * m.power.price[o, t]
            lead = m.power.lead_quarters[o]
            self.pay("payments", t, lead, m.power.deposit_fraction[o], price)
            self.receive(t + lead, price, m.taxes.building_life_quarters)
            self.lines["commitments"][t] += price

    def pay(self, line, t, lead, deposit, price):
        if lead == 0:
            deposit = 1.0
        for quarter, amount in ((t, deposit * price), (t + lead, (1 - deposit) * price)):
            if amount == 0.0:
                continue
            self.lines[line][quarter] += amount
            if line == "payments":
                vat = amount * self.m.taxes.value_added_tax
                self.lines["vat_paid"][quarter] += vat
                if self.m.taxes.recovery_quarters is None:
                    continue
                if quarter + self.m.taxes.recovery_quarters in self.quarters:
                    self.lines["vat_back"][quarter + self.m.taxes.recovery_quarters] += vat
                else:
                    self.vat_after += vat

    def receive(self, quarter, price, life):
        if price == 0.0:
            return
        cost = price * (1 + self.lost)
        self.lines["additions"][quarter] += cost
        for t in range(quarter, self.m.times.count):
            age = t - quarter + 1
            if age <= life:
                self.lines["depreciation"][t] += cost / life
            self.lines["book"][t] += cost * max(0.0, 1 - age / life)

    def close(self):
        cells, opening, loss = self.lines, self.m.opening, 0.0
        for t in self.quarters:
            cells["depreciation"][t] += opening.depreciation[t]
            cells["book"][t] += sum(opening.depreciation[t + 1 :])
            costs = sum(cells[name][t] for name in ("ordinary", "energy", "maintenance", "leases", "exits"))
            ebitda = cells["revenue"][t] - costs - opening.other_cost[t]
            profit = cells["ebita"][t] = ebitda - cells["depreciation"][t]
            if profit < 0:
                loss -= profit
            else:
                used = min(loss, profit)
                loss -= used
                cells["tax"][t] = self.m.taxes.rate * (profit - used)
            capital = cells["payments"][t] + cells["vat_paid"][t] - cells["vat_back"][t]
            cells["cash"][t] = ebitda - cells["tax"][t] - capital - opening.payments_due[t]
        worth = sum(
            self.plan.installed[s, k, -1] * self.m.offers.end_value[k]
            for s in range(len(self.m.sites.names))
            for k in range(len(self.m.offers.names))
        )
        worth += sum(self.plan.power_mw[o, -1] * v for o, v in enumerate(self.m.power.end_value))
        taxed = max(0.0, worth - cells["book"][-1] - loss)
        self.end_cash = worth + self.vat_after - self.m.taxes.rate * taxed


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_statements_agree_with_a_spreadsheet(random_model, seed):
    plan = optimise_plan(random_model(seed))
    ours, sheet = statement(plan), Sheet(plan)
    for line, values in {
        "revenue": ours.revenue,
        "transfer": ours.transfer_value,
        "energy": ours.energy,
        "maintenance": ours.maintenance,
        "leases": ours.leases,
        "exits": ours.exit_costs,
        "ordinary": ours.ordinary_costs,
        "depreciation": ours.depreciation,
        "ebita": ours.ebita,
        "tax": ours.tax,
        "payments": ours.capital_payments,
        "additions": ours.additions,
        "commitments": ours.commitments,
        "duties": ours.import_duties,
        "fees": ours.export_fees,
        "vat_paid": ours.value_added_tax_paid,
        "vat_back": ours.value_added_tax_recovered,
        "cash": ours.free_cash_flow,
        "book": ours.book_value,
    }.items():
        assert values == pytest.approx(sheet.lines[line], rel=1e-9, abs=1e-9), line
    assert ours.end_cash == pytest.approx(sheet.end_cash, rel=1e-9, abs=1e-9)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_the_net_present_value_agrees_with_a_spreadsheet(random_model, seed):
    m = random_model(seed)
    plan, base = optimise_plan(m), optimise_plan(m.without_programme())
    with_it, without = Sheet(plan), Sheet(base)
    expected = m.times.discount_end * (with_it.end_cash - without.end_cash)
    for t, factor in enumerate(m.times.discount):
        expected += factor * (with_it.lines["cash"][t] - without.lines["cash"][t])
    assert measure(programme_result(plan, base)).npv == pytest.approx(expected, rel=1e-9, abs=1e-7)
