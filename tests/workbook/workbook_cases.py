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
