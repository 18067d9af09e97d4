"""Quantities in their own units, and the uncertainty of the shipped cases."""

from pathlib import Path

import numpy as np
import pytest

from capexpand.case.loading import load_case
from capexpand.scenarios.fans import LEVELS, fans
from capexpand.scenarios.futures import compile_futures
from capexpand.scenarios.sampling import draw_scenarios
from capexpand.studies.futures.drawing import sample_futures
from capexpand.studies.futures.sheet import futures_sheet

CASES = Path(__file__).parents[2] / "cases"


@pytest.fixture(scope="module")
def alibaba(tmp_path_factory):
    """Return the Alibaba case with its uncertainty, whether or not it takes it in by itself."""
    folder = CASES / "alibaba-2025"
    text = (folder / "case.yaml").read_text("utf-8")
    if not text.startswith("extends:") and "\nextends:" not in text and "\nuncertainty:" not in text:
        text = f"extends: {folder / 'uncertainty.yaml'}\n{text}"
        file = tmp_path_factory.mktemp("cases") / "case.yaml"
        file.write_text(text, "utf-8")
        return load_case(file)
    return load_case(folder)


def test_demand_and_price_are_shown_themselves_not_their_products(declare):
    """Productivity up by x with a pass-through of 1 and no elasticity: the price falls by it, demand stays.

    So price × productivity is as declared in every scenario, and demand does not move.
    """
    case = declare("""
    trends: {a: {volatility: 30 %, moves: {workloads.chat.productivity: 1}}}
    markets: {m: {workloads: [chat], pass_through: 100 %, elasticity: 0}}
    """)
    found = {fan.path: fan for fan in fans(case, draw_scenarios(compile_futures(case), 512))}
    productivity = found["workloads.chat.productivity"].quantiles
    price = found["workloads.chat.price"].quantiles[::-1]
    assert productivity * price == pytest.approx(0.5 * np.ones_like(price), rel=0.01)
    assert np.ptp(found["workloads.chat.demand"].quantiles, axis=0) == pytest.approx(0.0, abs=1e-6)


def test_quantiles_of_a_trend_are_those_of_the_lognormal(declare):
    """Volatility 30 %, mean kept: after a year the median is e^−0.045, and 95 % e^(−0.045 + 1.645 · 0.3)."""
    case = declare("trends: {a: {volatility: 30 %, moves: {sites.coast.grid: 1}}}")
    (fan,) = fans(case, draw_scenarios(compile_futures(case), 8192))
    assert (fan.path, fan.unit) == ("sites.coast.grid", "MW")
    at = dict(zip(LEVELS, fan.quantiles[:, 4] / 5.2, strict=True))
    assert at[0.5] == pytest.approx(np.exp(-0.045), rel=0.01)
    assert at[0.95] == pytest.approx(np.exp(-0.045 + 1.6449 * 0.3), rel=0.01)


def test_prices_of_energy_are_in_whole_money(declare):
    case = declare("reversions: {a: {deviation: 8 %, half_life: 2 years, moves: {sites.*.energy_price: 1}}}")
    fan = fans(case, draw_scenarios(compile_futures(case), 64))[0]
    assert fan.unit == "CNY/MWh"
    assert fan.declared[0] == pytest.approx(600.0)


def test_a_drawing_has_two_bands_the_median_and_what_was_declared(declare):
    case = declare("trends: {a: {volatility: 30 %, moves: {workloads.chat.demand: 1}}}")
    (chart,) = futures_sheet(sample_futures(case, 64, seed=1, nodes=2, outcomes=1)).charts
    assert [layer["mark"]["type"] for layer in chart.spec["layer"]] == ["area", "area", "line", "line"]
    assert len(chart.rows) == 8


def test_the_alibaba_case_is_uncertain_about_what_matters(alibaba):
    futures = compile_futures(alibaba)
    kinds = {entry.kind for entry in futures.entries}
    assert {"grid", "base_demand", "base_price", "supply_limit", "export_fee", "purchase_price"} <= kinds
    kept = [entry.kind not in ("grid", "supply_limit", "export_fee") for entry in futures.entries]
    assert futures.mean[kept] == pytest.approx(1.0)
    h20 = [entry.kind == "supply_limit" and entry.name == "h20-server" for entry in futures.entries]
    assert futures.mean[h20][:, 0] == pytest.approx(1.0)  # free on the day, and seldom so later
    assert np.all(futures.mean[h20][:, -1] < 0.6)


def test_the_example_of_the_documentation_loads(tmp_path):
    page = (CASES.parent / "docs" / "explanation" / "uncertainty.md").read_text("utf-8")
    block = page.partition("```yaml\n")[2].partition("```")[0]
    text = (CASES / "alibaba-2025" / "case.yaml").read_text("utf-8")
    plain = text.replace("extends: uncertainty.yaml", f"extends: {CASES / 'shared' / 'china.yaml'}")
    file = tmp_path / "case.yaml"
    file.write_text(f"{plain}\n{block}", "utf-8")
    futures = compile_futures(load_case(file))
    assert next(chain.name for chain in futures.chains) == "export"
    assert len(futures.chains) == 1 + 6  # each of six sites waits by itself


def test_every_number_about_the_unknown_in_a_shipped_case_has_a_source_or_a_reason(alibaba):
    from capexpand.case.numbers import numbers

    for case in (alibaba, load_case(CASES / "two-sites")):
        bare = [
            number.path
            for number in numbers(case)
            if number.path.startswith("uncertainty") and not number.figure.explained
        ]
        assert bare == []
