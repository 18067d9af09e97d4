"""A small good case, and a way to spoil it at one place."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.errors import CaseError

GOOD_CASE = """\
title: Small
as_of: 2025-03-31
currency: CNY
reason: invented
calendar: {start: 2025-04-01, quarters: 8}
exchange_rates:
  USD: 7.25 CNY/USD
finance:
  discount_rate: 8 %/year
  tax_rate: 25 %
  server_life: 5 years
  building_life: 15 years
  server_end_value: 50 %
  building_end_value: 60 %
programme:
  buyer: Cloud
  headquarters: CN
  window_start: 2025-04-01
  window_quarters: 4
  cap: 2 bn CNY
  renewal_budget: 10 mn CNY/quarter
opening:
  sites:
    east:
      power: 4 MW
      installed: {h20: 10}
sites:
  east:
    title: East
    destination: CN
    grid: 80 MW
    power_usage_effectiveness: 1.3
    energy_price: 0.45 CNY/kWh
    latency: 30 ms
    build:
      cost: 40 mn CNY/MW
      lead_time: 9 months
      deposit: 30 %
      maintenance: 80 CNY/kW/month
offers:
  h20:
    title: Server
    accelerators: 8
    memory: 768 GB
    power: 8 kW
    lead_time: 3 months
    attrition: 2 %/year
    maintenance: 3 %/year
    buy: {price: 150000 USD, deposit: 30 %}
    supply:
      CN: {limit: 500 units/quarter}
workloads:
  chat:
    title: Chat
    role: external
    unit: token
    demand: 2 tn token/day
    price: 1.2 CNY/Mtoken
    usable_share: 50 %
    throughput:
      h20: 12000 token/s
    max_latency: 50 ms
    memory: 640 GB
variants:
  boom:
    title: More demand
    set: {workloads.chat.demand: 4 tn token/day}
"""

WriteCase = Callable[..., Path]
ProblemsOf = Callable[..., list[str]]


@pytest.fixture
def write_case(tmp_path: Path) -> WriteCase:
    """Return a function that writes the good case with texts replaced, and returns its file."""

    def write(
        replacements: dict[str, str] | None = None, *, name: str = "case.yaml", text: str = GOOD_CASE
    ) -> Path:
        for old, new in (replacements or {}).items():
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the good case"
            text = text.replace(old, new)
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture
def problems_of() -> ProblemsOf:
    """Return a function that loads a bad case and gives its problems, with paths from the case's folder."""

    def load(file: Path, variant: str | None = None) -> list[str]:
        with pytest.raises(CaseError) as error:
            load_case(file, variant)
        return [str(problem).replace(f"{file.parent}{os.sep}", "") for problem in error.value.problems]

    return load
