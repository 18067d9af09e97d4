"""Cases for the tests of workbooks: a small one that has everything."""

from pathlib import Path

from capexpand.pipeline import evaluate, optimise

CASES = Path(__file__).parents[2] / "cases"

RICH = """
extends: {two_sites}
title: "=cmd|' /C calc'!A0"
exchange_rates: {{USD: 7.2 CNY/USD}}
calendar: {{start: 2025-04-01, quarters: 16}}
finance:
  discount_rate: 9 %/year
  tax_rate: 25 %
  value_added_tax: 13 %
  value_added_tax_recovery: 6 months
  server_end_value: 60 %
  building_end_value: 50 %
  end_value_within_book: true
  ordinary_costs: 20 %
programme: {{cap: 2 bn CNY, floor: 1 bn CNY}}
opening:
  sites:
    coast: {{power: 1 MW, installed: {{server: 60}}}}
  payments_due: {{2025-06-30: 5 mn CNY}}
  book_value: 60 mn CNY
  book_life: 2 years
  other_revenue: 3 mn CNY/quarter
  other_cost: 1 mn CNY/quarter
sites:
  coast:
    title: "=1+1"
    colocate: {{fee: 4 mn CNY/MW/quarter, lead_time: 0 months, term: 6 months, exit_cost: 0.1 mn CNY/MW}}
  west:
    build: {{maintenance: 0.2 mn CNY/MW/quarter}}
offers:
  server:
    average_draw: 70 %
    maintenance: 5 %/year
    buy: {{price: {{value: 0.28 mn USD, growth: -15 %/year}}, deposit: 20 %}}
    lease: {{fee: 0.29 mn CNY/quarter, term: 6 months, exit_cost: 0.02 mn CNY}}
    supply:
      CN: {{limit: 60 units/quarter, import_duty: 3 %, fee: 2 %}}
  newer:
    title: "@Newer server"
    accelerators: 8
    power: 12 kW
    lead_time: 3 months
    attrition: 4 %/year
    maintenance: 4 %/year
    available_from: 2025-10-01
    buy: {{price: 1.8 mn CNY, deposit: 30 %}}
    supply:
      CN: {{limit: 200 units/quarter}}
workloads:
  chat:
    demand: 1600 tn token/quarter
    price: {{value: 0.50 CNY/Mtoken, growth: -6 %/year}}
    throughput: {{server: 2 tn token/quarter, newer: 3 tn token/quarter}}
  search:
    title: Search
    role: internal
    unit: token
    demand: 100 tn token/quarter
    price: 0.30 CNY/Mtoken
    usable_share: 50 %
    ordinary_costs: 10 %
    throughput: {{server: 2 tn token/quarter}}
"""


def findings_of(case):
    return evaluate(optimise(case))


AGREED = """
extends: {two_sites}
title: Everything that is signed for a time
calendar: {{start: 2025-04-01, quarters: 14}}
finance:
  discount_rate: 9 %/year
  tax_rate: 25 %
  value_added_tax: 13 %
  value_added_tax_recovery: 6 months
  building_end_value: 50 %
  carbon_price: 20 CNY/t
  churn: {{use: 2 thousand CNY, site: 3 thousand CNY, order: 1 thousand CNY, power_order: 20 thousand CNY/MW}}
programme: {{cap: 2 bn CNY, leases_within_cap: true}}
opening:
  sites:
    coast: {{power: 1 MW, power_leased: 1 MW, installed: {{server: 60}}, leased: {{server: 20}}}}
  payments_due: {{2025-06-30: 5 mn CNY}}
  book_value: 60 mn CNY
  book_life: 2 years
sites:
  coast:
    colocate:
      fee: {{value: 4 mn CNY/MW/quarter, growth: -5 %/year}}
      lead_time: 0 months
      term: 18 months
      escalation: 3 %/year
      minimum: {{2025-04-01: 0 MW, 2026-04-01: 3 MW, 2027-04-01: 0 MW}}
      exit_cost: 0.1 mn CNY/MW
    energy:
      capacity_charge: 30 thousand CNY/MW/quarter
      carbon_intensity: 0.5 t/MWh
      renewable: 10 %
      contracts:
        wind:
          title: Wind park
          kind: pay_as_produced
          price: 250 CNY/MWh
          fee: 1 thousand CNY/MW/quarter
          term: 2 years
          lead_time: 3 months
          limit: 5 MW
          output: 40 %
          matched: 80 %
          surplus: 60 %
          renewable: true
        engines:
          title: Engines at the site
          kind: on_site
          price: {{value: 300 CNY/MWh, growth: 5 %/year}}
          fee: 2 thousand CNY/MW/quarter
          term: 1 year
          output: 90 %
          carbon_intensity: 0.3 t/MWh
          limit: 2 MW
        turbines:
          title: Own turbines
          kind: on_site
          price: 200 CNY/MWh
          cost: {{value: 300 thousand CNY/MW, growth: 5 %/year}}
          deposit: 30 %
          fee: 1 thousand CNY/MW/quarter
          term: 15 years
          lead_time: 3 months
          output: 95 %
          limit: 1 MW
        batteries:
          title: Batteries
          kind: storage
          cost: 20 thousand CNY/MW
          term: 10 years
          output: 4 hours/day
          efficiency: 85 %
          limit: 3 MW
offers:
  server:
    buy:
      leaseback:
        price: {{value: 1.6 mn CNY, growth: -10 %/year}}
        fee: 0.12 mn CNY/quarter
        term: 1 year
        age: 3 months
        limit: 10 units/quarter
    lease:
      fee: {{value: 0.26 mn CNY/quarter, growth: -10 %/year}}
      term: 15 months
      escalation: 4 %/year
clouds:
  cloud:
    title: Server at a cloud
    offer: server
    destination: CN
    on_demand: {{fee: {{value: 0.33 mn CNY/quarter, growth: -15 %/year}}, limit: 40 units}}
    reserved:
      year:
        fee: {{value: 0.28 mn CNY/quarter, growth: -15 %/year}}
        term: 1 year
        lead_time: 3 months
        limit: 30 units/quarter
workloads:
  chat:
    demand: 1600 tn token/quarter
    price: {{value: 0.42 CNY/Mtoken, growth: -6 %/year}}
  anchor:
    title: Contract with one customer
    role: external
    unit: token
    demand: {{2025-04-01: 0 token/quarter, 2025-10-01: 150 tn token/quarter}}
    price: {{value: 0.60 CNY/Mtoken, growth: 2 %/year}}
    usable_share: 50 %
    throughput: {{server: 2 tn token/quarter}}
    contract:
      offered_until: 2025-07-01
      prepayment: 20 %
      penalty: 0.20 CNY/Mtoken
      take_or_pay: 90 %
      taken: 80 %
      ends: 2027-06-30
      renewed: 50 %
      renewal_price: 70 %
  standing:
    title: Contract that is more than can be delivered at first
    role: external
    unit: token
    demand: 200 tn token/quarter
    price: 0.55 CNY/Mtoken
    usable_share: 50 %
    throughput: {{server: 2 tn token/quarter}}
    contract: {{penalty: 0.05 CNY/Mtoken}}
financing:
  reason: invented
  opening_cash: 100 mn CNY
  minimum_cash: 10 mn CNY
  cash_interest: 2 %/year
  cost_of_equity: 12 %/year
  reference_rate: {{2025-04-01: 4 %/year, 2026-04-01: 3 %/year}}
  equity: {{total: 900 mn CNY, issue_cost: 3 %}}
  facilities:
    old:
      title: Old loan
      amount: 40 mn CNY
      drawn: 40 mn CNY
      draw_until: 2025-04-01
      maturity: 2027-03-31
      rate: 5 %/year
      repayment: straight
    bridge:
      title: Bridge loan
      amount: 400 mn CNY
      draw_until: 2026-03-31
      maturity: 2027-12-31
      spread: 3 %/year
      upfront_fee: 1 %
      commitment_fee: 0.5 %/year
      repayment: annuity
    line:
      title: Revolving line
      kind: revolving
      amount: 80 mn CNY
      maturity: 2028-03-31
      spread: 2 %/year
      commitment_fee: 0.4 %/year
  covenants:
    debt_service_cover: {{least: 1.05, hard: false}}
    leverage: {{most: 8, hard: false, over: 6 months}}
    loan_to_value: {{most: 90 %, hard: false}}
    liquidity: {{least: 5 mn CNY, hard: false}}
"""
