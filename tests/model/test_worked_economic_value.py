"""Economic depreciation by hand: one server of 8 mn CNY, written off over eight quarters."""

import pytest
from small_case import SMALL, compiled, planned

from capexpand.finance.economic import economic_value, market_prices


def changes(successor: bool) -> dict:
    server = SMALL["offers"]["server"]
    buy = {"price": "8 mn CNY", "deposit": "0 %"}
    offers = {"server": server | {"buy": buy, "available_until": "2025-06-30"}}
    throughput = {"server": "1 tn token/quarter"}
    if successor:
        buy = {"price": "12 mn CNY", "deposit": "0 %"}
        offers["next"] = server | {"buy": buy, "available_from": "2025-10-01"}
        throughput["next"] = "3 tn token/quarter"
    return {
        "finance.server_life": "2 years",
        "offers": offers,
        "workloads.chat.throughput": throughput,
        "workloads.chat.demand": "1 tn token/quarter",
        "workloads.chat.price": "10 CNY/Mtoken",
    }


def test_without_a_successor_value_falls_as_the_book_does():
    """8 · (1 − age / 8): 7, 6, 5, 4 at the quarters' ends, for both; 1 is lost a quarter."""
    found = economic_value(planned(changes(successor=False)))
    assert found.value == pytest.approx([7, 6, 5, 4])
    assert found.book == pytest.approx([7, 6, 5, 4])
    assert found.depreciation == pytest.approx([1] * 4)
    assert found.impairment == pytest.approx([0] * 4, abs=1e-9)


def test_a_successor_takes_value_and_the_book_is_impaired():
    """From quarter 3 12 mn CNY buy three times the service, so a new old one is worth 4: 2.5 and 2 remain.

    The book holds 5 and 4, so 2.5 and 2 of it are impaired; in quarter 3 economic depreciation is 6 − 2.5.
    Sensitivity: without the successor nothing would be impaired.
    """
    m = compiled(changes(successor=True))
    assert market_prices(m)[0] == pytest.approx([8, 8, 4, 4])
    found = economic_value(planned(changes(successor=True)))
    assert found.value == pytest.approx([7, 6, 2.5, 2])
    assert found.impairment == pytest.approx([0, 0, 2.5, 2], abs=1e-9)
    assert found.depreciation == pytest.approx([1, 1, 3.5, 0.5])
