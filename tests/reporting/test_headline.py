"""The answers read well, for every case."""

import textwrap
from dataclasses import replace

from capexpand.reporting.digest import Digest
from capexpand.reporting.headline import (
    answers,
    buys,
    compares,
    first_orders,
    hindsight,
    key_figures,
    limits_worth,
    pays,
    spends,
    stands,
)

EXPECTED = """
1 bn CNY buys 4.36 MW of IT power at 2 sites and 3,490 accelerators. When the window ends, in
2026Q1, 4.36 MW is energised; the fleet serves 4.78 tn tokens a day.
It is paid 94 % in 2025 and 6 % in 2026, most in 2025Q4 (739 mn CNY); 87 % goes into servers and 13
% into halls and power. To be committed first, in 2025Q2: 4 MW at Coast.
The programme's net present value is 248 mn CNY, without discounting; none of it rests on the value
of what stands at the horizon's end. Its internal rate of return is 41 % a year, and it is paid back
in 2026Q4, 1¾ years after the start. At most 744 mn CNY is laid out at a time, in 2025Q4. In 2026 it
earns 873 mn CNY of revenue and 618 mn CNY of operating profit (EBITA).
The limit worth most is grid power at Coast: one percent more of it throughout would add 1.3 mn CNY.
One more MW of grid at Coast in 2026Q4 is worth 13.7 mn CNY today. One more CNY of budget by the end
of 2026Q1 is worth 0.118 CNY today.
Spent evenly over the window, the money would be worth 180 mn CNY: planning adds 68.8 mn CNY.
"""


def test_the_smallest_case_is_answered_in_sentences(two_sites):
    """The optimum is that of docs/explanation/worked-example.md: 400 servers at the coast, the rest west.

    1 bn CNY less 400 servers (800 mn) and 4 MW (120 mn) leaves 80 mn; a server in the west costs 2 mn and
    0.01 MW × 20 mn/MW = 0.2 mn, so 36.36 servers and 0.3636 MW more. 436.36 × 8 = 3490.9 accelerators.
    Sensitivity: without the deposit of 30 % nothing would be due for the coast's halls in 2025Q2.
    """
    told = "\n".join(textwrap.fill(answer.text, 100) for answer in answers(Digest(two_sites)))
    assert told == EXPECTED.strip()


def test_a_budget_that_is_too_large_is_said_to_be(changed):
    digest = Digest(changed(variant="double-budget"))
    assert buys(digest).startswith("Of the 2 bn CNY allowed, 1.1 bn CNY is worth spending; it buys 4.8 MW")
    assert "The budget itself binds nowhere: more money alone would add nothing." in limits_worth(digest)


def test_a_programme_without_a_cap_says_so(changed):
    digest = Digest(changed(("  cap: 1 bn CNY\n", "")))
    assert "is spent, with no limit set; it buys" in buys(digest)
    assert key_figures(digest)[0].remark == "by 2026Q1"


def test_a_floor_is_named_as_one(changed):
    digest = Digest(changed(("  cap: 1 bn CNY\n", "  floor: 1.05 bn CNY\n")))
    assert buys(digest).startswith("At least 1.05 bn CNY is to be spent, 1.1 bn CNY is; it buys")


def test_a_budget_of_almost_nothing_buys_nothing(changed):
    digest = Digest(changed(("cap: 1 bn CNY", "cap: 1 CNY")))
    text = " ".join(answer.text for answer in answers(digest))
    assert "nan" not in text
    assert "None" not in text


def test_nothing_worth_building_is_said_in_words(changed):
    digest = Digest(changed(("price: 0.50 CNY/Mtoken", "price: 0.01 CNY/Mtoken")))
    assert buys(digest) == "Of the 1 bn CNY allowed, 0 CNY is worth spending; it buys nothing."
    assert stands(digest) == "When the window ends, in 2026Q1, no power is energised."
    assert spends(digest) == "Nothing is paid for orders within the window."
    assert first_orders(digest) == "In the first quarter, 2025Q2, nothing needs to be committed yet."
    assert "It has no internal rate of return" in pays(digest)
    assert "It never needs money from outside." in pays(digest)
    assert "the money would be worth −" in compares(digest)
    assert limits_worth(digest) == "No limit binds: more power, supply, budget or demand would add nothing."


def test_a_programme_that_is_not_paid_back_says_until_when(two_sites):
    metrics = replace(two_sites.metrics, irr=None, payback_quarter=None, npv=-5.0, npv_end_value_zero=-80.0)
    digest = Digest(replace(two_sites, metrics=metrics))
    assert pays(digest).startswith(
        "The programme's net present value is −5 mn CNY, without discounting; −80 mn CNY if nothing is worth "
        "anything after the horizon. It has no internal rate of return, and it is not paid back before the "
        "horizon ends in 2027Q1."
    )
    shown = {figure.title: figure.value for figure in key_figures(digest)}
    assert shown["Internal rate of return"] == "none"
    assert shown["Payback"] == "not within the horizon"


def test_several_possible_rates_of_return_are_admitted(two_sites):
    digest = Digest(replace(two_sites, metrics=replace(two_sites.metrics, irr_unique=False)))
    assert "41 % a year (one of several possible rates)" in pays(digest)


def test_accelerator_hours_are_not_called_tokens(changed):
    digest = Digest(
        changed(
            ("unit: token", "unit: accelerator_hour"),
            ("800 tn token/quarter", "800 mn accelerator_hour/quarter"),
            ("0.50 CNY/Mtoken", "0.50 CNY/accelerator_hour"),
            ("2 tn token/quarter", "2 mn accelerator_hour/quarter"),
        )
    )
    assert "token" not in " ".join(answer.text for answer in answers(digest))
    assert "Tokens a day" not in [figure.title for figure in key_figures(digest)]


def test_servers_without_accelerators_are_called_general_servers(changed):
    digest = Digest(changed(("    accelerators: 8\n", "")))
    assert buys(digest) == "1 bn CNY buys 4.36 MW of IT power at 2 sites and 436 general servers."
    assert "Accelerators" not in [figure.title for figure in key_figures(digest)]


def test_whole_sizes_have_no_worth_of_limits(changed):
    findings = changed(
        ("workloads:\n", "solve: {whole_sizes: true}\nworkloads:\n"),
        ("maintenance: 0 CNY/MW/quarter}", "maintenance: 0 CNY/MW/quarter, hall: 1 MW}"),
        ("    power: 10 kW\n", "    power: 10 kW\n    lot: 10\n"),
    )
    assert limits_worth(Digest(findings)) == (
        "Sizes are whole in this case, so what one more of a limit is worth is not known."
    )


def test_an_evenly_spent_plan_that_buys_nothing_is_said_to(changed):
    digest = Digest(changed(variant="chips-banned"))
    assert compares(digest) == (
        "Spent evenly over the window, nothing could be delivered in time: planning adds 248 mn CNY."
    )


def test_an_evenly_spent_plan_that_is_as_good_is_said_to_be(two_sites):
    digest = Digest(replace(two_sites, naive_metrics=two_sites.metrics, naive=two_sites.result))
    assert compares(digest) == "Spent evenly over the window, the money would be worth as much."


def test_evidence_of_later_days_is_flagged(changed):
    assert hindsight(Digest(changed())) == ""
    later = (
        "{price: 2 mn CNY, deposit: 20 %}",
        "{price: {value: 2 mn CNY, basis_date: 2026-01-01}, deposit: 20 %}",
    )
    flag = hindsight(Digest(changed(later)))
    assert flag.startswith("1 number of ")
    assert flag.endswith(" rests on evidence later than 2025-03-31: the answers below are partly hindsight.")
