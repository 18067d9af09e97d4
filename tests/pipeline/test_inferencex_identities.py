"""What a chip serves, draws and costs an hour gives the costs a token that InferenceX publishes."""

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.finance.ownership import source_costs
from capexpand.finance.unit_costs import unit_costs
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan

# InferenceX (SemiAnalysis), pages that compare chips on DeepSeek-R1 in FP8, as read on its web site for
# the table of throughput facts: tokens a second of one chip at a speed for each user, cost of a million
# tokens at a hyperscaler's cost of ownership, tokens a second of a megawatt. Two of the three numbers for
# a chip and speed follow from what does not depend on the speed:
#     cost = hourly cost / (3600 s · rate)     rate of a megawatt = rate of a chip · 1000 kW / power of a chip
# The hourly cost of each chip is the mean over its rows; its power is its part of the whole hall's.
ROWS = [  # chip, tokens/s, USD for a million tokens, tokens/s of a megawatt
    ("B200", 4791.6, 0.113, 2_208_100),
    ("B200", 497.5, 1.088, 229_243),
    ("B200", 5856.9, 0.092, 2_699_051),
    ("B200", 5219.6, 0.105, 2_405_368),
    ("H100", 266.3, 1.365, 153_957),
    ("H100", 73.4, 4.864, 42_434),
    ("H100", 23.3, 15.692, 13_443),
    ("MI300X", 725.2, 0.429, 405_137),
    ("MI300X", 601.1, 0.51, 335_808),
    ("MI300X", 406.3, 0.75, 226_972),
]
HOURLY = {"B200": 1.95, "H100": 1.31, "MI300X": 1.11}  # USD, of one chip with all that it takes
KILOWATTS = {"B200": 2.17, "H100": 1.73, "MI300X": 1.79}  # of one chip, its part of the hall included

CASE = """
{{title: One chip, as_of: 2026-03-01, currency: USD, reason: InferenceX,
calendar: {{start: 2026-04-01, quarters: 4}},
finance: {{discount_rate: 0 %/year, tax_rate: 0 %, server_life: 5 years, building_life: 14 years,
  server_end_value: 0 %, building_end_value: 0 %}},
programme: {{buyer: Lab, headquarters: US, window_start: 2026-04-01, window_quarters: 4}},
sites: {{plain: {{title: Plain, destination: US, grid: 1 MW, power_usage_effectiveness: 1,
  energy_price: 0 USD/kWh, build: {{cost: 0 USD/MW, lead_time: 0 months, deposit: 0 %,
  maintenance: 0 USD/MW/quarter}}}}}},
offers: {{chip: {{title: One chip, accelerators: 1, power: {kilowatts} kW, lead_time: 0 months,
  attrition: 0 %/year, maintenance: 0 %/year, lease: {{fee: {hourly} USD/hour, term: 3 months}},
  supply: {{US: {{}}}}}}}},
workloads: {{chat: {{title: Chat, role: external, unit: token, usable_share: 100 %,
  demand: 1000 tn token/quarter, price: 20 USD/Mtoken, throughput: {{chip: {rate} tokens/s}}}}}}}}
"""


@pytest.mark.parametrize(("chip", "rate", "cost", "per_megawatt"), ROWS)
def test_costs_and_power_of_a_token_are_those_published(
    tmp_path: Path, chip: str, rate: float, cost: float, per_megawatt: float
) -> None:
    """H100, 42 tokens a second for each user: 1.31 / (3600 · 266.3) is 1.366 USD a million; published 1.365.

    A megawatt holds 1000 / 1.73 of them, which serve 153.9 thousand tokens a second; published 153,957.
    Sensitivity: with the power of the bare chip, 0.7 kW, a megawatt would serve 380 thousand.
    """
    file = tmp_path / "case.yaml"
    file.write_text(CASE.format(kilowatts=KILOWATTS[chip], hourly=HOURLY[chip], rate=rate), encoding="utf-8")
    m = compile_case(load_case(file))
    [source] = source_costs(m)
    assert source.per_volume[0] == pytest.approx(cost, rel=0.025)
    plan = optimise_plan(m, duals=False)  # all of the megawatt earns, at 20 USD a million
    assert plan.sold.sum() * 1e12 / (3600 * 4 * m.hours_per_quarter) == pytest.approx(per_megawatt, rel=0.01)
    assert unit_costs(plan).averages().cost_per_volume[0] == pytest.approx(cost, rel=0.025)


@pytest.mark.parametrize("chip", HOURLY)
def test_what_is_published_of_a_chip_agrees_with_itself(chip: str) -> None:
    """The hourly cost and power of a chip that its rows imply are one number each, within rounding."""
    ours = [row for row in ROWS if row[0] == chip]
    assert [3600 * rate * cost / 1e6 for _, rate, cost, _ in ours] == pytest.approx(
        [HOURLY[chip]] * len(ours), rel=0.025
    )
    assert [1000 * rate / per_megawatt for _, rate, _, per_megawatt in ours] == pytest.approx(
        [KILOWATTS[chip]] * len(ours), rel=0.01
    )
