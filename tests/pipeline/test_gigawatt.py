"""What a gigawatt of AI costs a year agrees with what Epoch AI published in May 2026."""

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.finance.ownership import SourceCost, source_costs
from capexpand.model.compile import compile_case

# Epoch AI, "Servers account for 60% of the total cost of ownership of a one-gigawatt AI data center" (2026):
# 38 bn USD at the start, of it some 26 for servers and network and 12 for the facility, which lasts 14 years;
# 0.9 bn a year to run, 0.6 of it energy, so 0.0684 USD a kWh over 8,766 hours. Capital is taken to cost 7 % a
# year. The plan ends with the life of the servers; the facility is then worth what is left of its 14 years.
GIGAWATT = """
{{title: A gigawatt, as_of: 2026-05-14, currency: USD, reason: Epoch AI,
calendar: {{start: 2026-07-01, quarters: {quarters}}},
finance: {{discount_rate: 7 %/year, tax_rate: 0 %, server_life: {life} years, building_life: 14 years,
  server_end_value: 0 %, building_end_value: {left} %}},
programme: {{buyer: Lab, headquarters: US, window_start: 2026-07-01, window_quarters: 4}},
sites: {{plain: {{title: Plain, destination: US, grid: 1 GW, power_usage_effectiveness: 1,
  energy_price: 0.0684 USD/kWh,
  build: {{cost: 12 mn USD/MW, lead_time: 0 months, deposit: 0 %, maintenance: 75000 USD/MW/quarter}}}}}},
offers: {{block: {{title: Racks of a megawatt, accelerators: 545, power: 1 MW, lead_time: 0 months,
  life: {life} years, attrition: 0 %/year, maintenance: 0 %/year, buy: {{price: 26 mn USD, deposit: 0 %}},
  supply: {{US: {{}}}}}}}},
workloads: {{lab: {{title: Research, role: external, unit: accelerator_hour, usable_share: 100 %,
  demand: 2 bn accelerator_hour/quarter, price: 3 USD/accelerator_hour,
  throughput: {{block: 545 accelerator_hours/hour}}}}}}}}
"""
HOURS_A_YEAR = 545_000 * 8766  # of all accelerators of a gigawatt, day and night


def gigawatt(folder: Path, life: int) -> SourceCost:
    """The cost of ownership of a case whose servers live for some years."""
    file, left = folder / "case.yaml", 100 * (1 - life / 14)
    file.write_text(GIGAWATT.format(life=life, quarters=4 * life, left=left), encoding="utf-8")
    [source] = source_costs(compile_case(load_case(file)))
    return source


@pytest.mark.parametrize(("life", "published"), [(5, 8.5e9), (3, 12e9), (7, 7e9)])
def test_owning_a_gigawatt_costs_what_epoch_published(tmp_path: Path, life: int, published: float) -> None:
    """Annuities at 7 %: 26 bn over 5 years cost 6.3 bn a year, 12 over 14 years 1.4; with 0.9 to run 8.6."""
    source = gigawatt(tmp_path, life)
    assert source.quarters == 4 * life
    assert source.per_volume[0] * HOURS_A_YEAR == pytest.approx(published, rel=0.05)


def test_most_of_it_is_servers_and_little_is_energy(tmp_path: Path) -> None:
    """Of 8.5 bn a year Epoch has 5 for servers alone (here with the network) and 0.6 for energy."""
    source = gigawatt(tmp_path, 5)
    assert 5 / 8.5 < source.units / source.cost < 0.8
    assert source.energy / source.cost == pytest.approx(0.6 / 8.5, rel=0.05)
