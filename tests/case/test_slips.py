"""Slips that look like a case at first sight: other ages, missing currencies, truths for numbers, nothing."""

import pytest

SLIPS = {
    "a calendar in another age": (
        {"{start: 2025-04-01": "{start: 9999-10-01"},
        "5:12: calendar.start: '9999-10-01' is too far away; dates lie in the years 1990 to 2200",
    ),
    "a step in another age": (
        {"grid: 80 MW": "grid: {2025-04-01: 80 MW, 0001-01-01: 90 MW}"},
        (
            "31:31: sites.east.grid.0001-01-01: "
            "'0001-01-01' is too far away; dates lie in the years 1990 to 2200"
        ),
    ),
    "money without a currency": (
        {"cap: 2 bn CNY": "cap: 2 bn"},
        "20:3: programme.cap: '2 bn' needs a currency, as in \"380 bn CNY\"",
    ),
    "a price per power without a currency": (
        {"cost: 40 mn CNY/MW": "cost: 40 mn/MW"},
        "36:7: sites.east.build.cost: '40 mn/MW' needs a currency, as in \"45 mn CNY/MW\"",
    ),
    "a truth where a whole number belongs": (
        {"accelerators: 8": "accelerators: true"},
        "43:5: offers.h20.accelerators: is a whole number",
    ),
    "a truth where a time belongs": (
        {"title: Small": "title: Small\nsolve: {time_limit_seconds: true}"},
        "2:9: solve.time_limit_seconds: is a number",
    ),
    "a lead time of ages": (
        {"lead_time: 9 months": "lead_time: 1e30 months"},
        "37:7: sites.east.build.lead_time: '1e30 months' is too high; a duration is at most 2400 month",
    ),
    "a life of ages": (
        {"server_life: 5 years": "server_life: 201 years"},
        "11:3: finance.server_life: '201 years' is too high; a life is at most 2400 month",
    ),
    "tranches whose price rises": (
        {
            "usable_share: 50 %": (
                "usable_share: 1\n    tranches: [{share: 50 %, price: 0.8}, {share: 50 %, price: 1.1}]"
            )
        },
        "60:57: workloads.chat.tranches.1.price: is higher than before; begin with the highest price",
    ),
    "a variant that sets inside an empty list": (
        {
            "workloads.chat.demand: 4 tn token/day": "workloads.chat.tranches.0.share: 1",
            "max_latency: 50 ms": "max_latency: 50 ms\n    tranches: []",
        },
        "68:11: variants.boom.set.workloads.chat.tranches.0.share: there is no '0' here; the list is empty",
    ),
}


@pytest.mark.parametrize(("replacements", "expected"), SLIPS.values(), ids=SLIPS)
def test_a_slip_gives_one_error_at_its_place(write_case, problems_of, replacements, expected):
    assert problems_of(write_case(replacements)) == [f"case.yaml:{expected}"]


@pytest.mark.parametrize(("section", "only"), [("sites", "east"), ("offers", "h20"), ("workloads", "chat")])
def test_a_case_needs_at_least_one_of_everything(write_case, problems_of, section, only):
    """Nothing can be planned without a site, an offer and a workload; no variant may take the last away."""
    good = write_case().read_text().splitlines()
    first = good.index(f"{section}:")
    after = next(i for i in range(first + 1, len(good)) if not good[i].startswith(" "))
    empty = write_case(text="\n".join([*good[:first], f"{section}: {{}}", *good[after:]]))
    assert f"case.yaml:{first + 1}:1: {section}: needs at least one" in problems_of(empty)
    taken = write_case({"workloads.chat.demand: 4 tn token/day": f"{section}.{only}: null"})
    assert any(f": {section}: needs at least one" in found for found in problems_of(taken, "boom"))


def test_tranches_at_the_same_price_are_no_rise(write_case):
    from capexpand.case.loading import load_case

    same = "usable_share: 1\n    tranches: [{share: 50 %, price: 1}, {share: 50 %, price: 1}]"
    assert len(load_case(write_case({"usable_share: 50 %": same})).workloads["chat"].tranches) == 2
