"""Two tiny programmes in two currencies, small enough to add up in the head."""

from collections.abc import Callable
from pathlib import Path

import pytest

from capexpand.studies.comparison.comparing import Comparison, compare

SOLD = """
title: Sold
as_of: 2025-03-31
currency: CNY
reason: invented for the test
calendar: {start: 2025-04-01, quarters: 5}
finance:
  discount_rate: 0 %/year
  tax_rate: 0 %
  server_life: 4 years
  building_life: 15 years
  server_end_value: 0 %
  building_end_value: 0 %
programme:
  buyer: Seller
  headquarters: CN
  window_start: 2025-04-01
  window_quarters: 1
  cap: 1 bn CNY
  renewal_budget: 0 CNY/quarter
sites:
  town:
    title: Town
    destination: CN
    grid: 13 MW
    power_usage_effectiveness: 1.3
    energy_price: 0 CNY/kWh
    build: {cost: 20 mn CNY/MW, lead_time: 3 months, deposit: 100 %, maintenance: 0 CNY/MW/quarter}
offers:
  server:
    title: Server with eight accelerators
    accelerators: 8
    compute: 16 PFLOPS
    power: 10 kW
    lead_time: 3 months
    attrition: 0 %/year
    maintenance: 0 %/year
    buy: {price: 2 mn CNY, deposit: 100 %}
    supply: {CN: {limit: 600 units/quarter}}
workloads:
  hours:
    title: Hours
    role: external
    unit: accelerator_hour
    demand: 1.7532 mn accelerator_hour/quarter
    price: 100 CNY/accelerator_hour
    usable_share: 100 %
    throughput: {server: 8 accelerator_hours/hour}
variants:
  half-demand: {title: Half, set: {workloads.hours.demand: 0.8766 mn accelerator_hour/quarter}}
  promised:
    title: More promised than the budget pays
    set: {offers.server.supply.CN.minimum: 600 units/quarter}
"""

USED = """
title: Used inside
as_of: 2025-03-31
currency: USD
reason: invented for the test
calendar: {start: 2025-04-01, quarters: 5}
finance:
  discount_rate: 0 %/year
  tax_rate: 0 %
  server_life: 4 years
  building_life: 15 years
  server_end_value: 0 %
  building_end_value: 0 %
programme:
  buyer: User
  headquarters: US
  window_start: 2025-04-01
  window_quarters: 2
  announced: 200 mn USD
  announced_quarters: 4
  spent: 100 mn USD
  cap: 100 mn USD
  renewal_budget: 0 USD/quarter
sites:
  plain:
    title: Plain
    destination: US
    grid: 20 MW
    power_usage_effectiveness: 1.0
    energy_price: 0 USD/kWh
    build: {cost: 3 mn USD/MW, lead_time: 3 months, deposit: 100 %, maintenance: 0 USD/MW/quarter}
offers:
  server:
    title: Server with eight accelerators
    accelerators: 8
    compute: 16 PFLOPS
    power: 10 kW
    lead_time: 3 months
    attrition: 0 %/year
    maintenance: 0 %/year
    buy: {price: 300 thousand USD, deposit: 100 %}
    supply: {US: {limit: {2025-04-01: 600 units/quarter, 2025-07-01: 0 units/quarter}}}
  general:
    title: General server
    power: 1 kW
    lead_time: 3 months
    attrition: 0 %/year
    maintenance: 0 %/year
    buy: {price: 10 thousand USD, deposit: 100 %}
    supply: {US: {limit: {2025-04-01: 2000 units/quarter, 2025-07-01: 0 units/quarter}}}
workloads:
  ranking:
    title: Ranking
    role: internal
    unit: accelerator_hour
    demand: 1.7532 mn accelerator_hour/quarter
    price: 10 USD/accelerator_hour
    usable_share: 100 %
    throughput: {server: 8 accelerator_hours/hour}
  apps:
    title: Apps
    role: internal
    unit: vcpu_hour
    demand: 219.15 mn vcpu_hour/quarter
    price: 0.02 USD/vcpu_hour
    usable_share: 100 %
    throughput: {general: 100 vcpu_hours/hour}
"""


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives the folder of one of the tiny cases."""
    folder = tmp_path_factory.mktemp("tiny")
    for name, text in (("sold", SOLD), ("used", USED)):
        (folder / name).mkdir()
        (folder / name / "case.yaml").write_text(text, "utf-8")
    return lambda name: folder / name


@pytest.fixture(scope="session")
def both(tiny: Callable[[str], Path]) -> Comparison:
    return compare([tiny("sold"), tiny("used")])
