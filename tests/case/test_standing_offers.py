"""What stands at the start need not be on sale."""

from capexpand.case.loading import load_case


def test_an_offer_that_only_stands_at_the_start_needs_no_price(write_case):
    file = write_case({"    buy: {price: 150000 USD, deposit: 30 %}\n": ""})
    assert load_case(file).offers["h20"].buy is None


def test_an_obligation_without_a_penalty_must_be_served(write_case):
    file = write_case({"role: external": "role: obligation", "    price: 1.2 CNY/Mtoken\n": ""})
    assert load_case(file).workloads["chat"].penalty is None
