"""Prices by kind of token: the blend by hand, a published day of accounts, and what is refused."""

import numpy as np
import pytest
from small_case import ABSENT, compiled, loaded, workload

from capexpand.errors import CaseError
from capexpand.pipeline import evaluate, optimise
from capexpand.reporting.context import ReportContext
from capexpand.reporting.document import metrics_document
from capexpand.scenarios.futures import compile_futures

DAYS = 2191.5 / 24.0  # of a quarter
# DeepSeek's own account of 27 to 28 February 2025 (github.com/deepseek-ai/open-infra-index, day 6).
TOKENS_IN, CACHED, TOKENS_OUT, NODES = 608e9, 342e9, 168e9, 226.75
COST, REVENUE = 87_072.0, 562_027.0


def deepseek_day():
    """Return a quarter of such days: nodes of eight H800 hired at 2 USD an hour and accelerator."""
    total = TOKENS_IN + TOKENS_OUT
    volumes = {"input": TOKENS_IN - CACHED, "cached": CACHED, "output": TOKENS_OUT}
    prices = {"input": "0.55 USD/Mtoken", "cached": "0.14 USD/Mtoken", "output": "2.19 USD/Mtoken"}
    chat = workload(
        demand=f"{total / 1e9} bn token/day",
        prices={kind: {"price": prices[kind], "volume": volumes[kind] / total} for kind in prices},
        throughput={"server": f"{total / NODES / 1e9:.9f} bn token/day"},
    )
    del chat["price"]
    lease = {"fee": "16 USD/hour", "term": "0 months"}
    return loaded(
        {
            "currency": "USD",
            "calendar.quarters": 1,
            "programme.window_quarters": 1,
            "programme.renewal_budget": ABSENT,
            "opening.sites.east.power": "100 MW",
            "sites.east.grid": "100 MW",
            "sites.east.energy_price": "0 USD/kWh",
            "offers.server.buy": ABSENT,
            "offers.server.lease": lease,
            "workloads.chat": chat,
        }
    )


@pytest.fixture(scope="module")
def day():
    return ReportContext(evaluate(optimise(deepseek_day())))


def test_a_published_day_of_accounts_is_met_within_one_per_cent(day):
    """266 × 0.55 + 342 × 0.14 + 168 × 2.19 thousand USD = 562.1; 226.75 nodes × 8 × 24 h × 2 USD = 87,072.

    Sensitivity: with all input at the price of fresh input the revenue would be 702 thousand USD.
    """
    total = day.findings.result.total
    assert float(total.revenue[0]) * 1e6 / DAYS == pytest.approx(REVENUE, rel=0.01)
    assert float(total.leases[0]) * 1e6 / DAYS == pytest.approx(COST, rel=0.01)
    margin = float((total.revenue[0] - total.leases[0]) / total.leases[0])
    assert margin == pytest.approx(5.45, rel=0.01)  # "a cost profit margin of 545 %"


def test_revenue_by_kind_of_token_adds_up_to_revenue(day):
    by_kind = metrics_document(day)["revenue_by_token"]["chat"]
    assert sum(v[0] for v in by_kind.values()) == pytest.approx(
        float(day.findings.result.total.revenue[0]) * 1e6
    )
    assert by_kind["output"][0] / DAYS == pytest.approx(168e9 * 2.19e-6, rel=1e-6)


def test_volumes_follow_from_serving_where_they_are_not_stated():
    """Of 800 in, a quarter cached, and 200 out: 0.6 × 1 + 0.2 × 0.5 + 0.2 × 4 = 1.5 for each token.

    Sensitivity: with output counted only it would be 3 + 0.5 + 4 = 7.5.
    """
    parts = {"input": {"price": "1 CNY/Mtoken"}, "cached": {"price": "0.5 CNY/Mtoken"}}
    chat = workload(prices={**parts, "output": {"price": "4 CNY/Mtoken"}})
    del chat["price"]
    serving = {"model": "DeepSeek-V3", "input": 800, "output": 200, "cached": "25 %"}
    priced = compiled({"workloads.chat": {**chat, "serving": serving}})
    assert priced.workloads.price[0, 0] == pytest.approx(1.5)
    counted = compiled({"workloads.chat": {**chat, "serving": {**serving, "counted": "output"}}})
    assert counted.workloads.price[0, 0] == pytest.approx(7.5)


def test_prices_of_one_kind_and_one_price_are_the_same():
    stated = compiled({"workloads.chat.price": {"value": "2 CNY/Mtoken", "growth": "-30 %/year"}})
    chat = workload(
        prices={"output": {"price": {"value": "4 CNY/Mtoken", "growth": "-30 %/year"}, "volume": 0.5}}
    )
    del chat["price"]
    np.testing.assert_allclose(compiled({"workloads.chat": chat}).workloads.price, stated.workloads.price)


def test_a_process_moves_all_prices_together():
    chat = workload(prices={"output": {"price": "4 CNY/Mtoken", "volume": 0.5}})
    del chat["price"]
    trend = {"war": {"volatility": "20 %", "moves": {"workloads.chat.price": 1}}}
    futures = compile_futures(loaded({"workloads.chat": chat, "uncertainty": {"trends": trend}}))
    assert [entry.label for entry in futures.entries] == ["base_price chat"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"prices": {"output": {"price": "4 CNY/Mtoken", "volume": 1}}}, "stands beside price"),
        ({"price": None, "prices": {}}, "names no kind of token"),
        ({"price": None, "prices": {"output": {"price": "4 CNY/Mtoken"}}}, "needs volume"),
        (
            {"price": None, "prices": {"output": {"price": "4 CNY/accelerator_hour", "volume": 1}}},
            "write it per token",
        ),
        ({"price": None, "prices": {"output": {"price": "-4 CNY/Mtoken", "volume": 1}}}, "-4 CNY/Mtoken"),
        (
            {
                "price": None,
                "role": "obligation",
                "prices": {"output": {"price": "4 CNY/Mtoken", "volume": 1}},
            },
            "is paid nothing",
        ),
    ],
)
def test_what_is_wrong_with_prices_is_said(changes, says):
    with pytest.raises(CaseError, match=says):
        loaded({"workloads.chat": workload(**changes)})
