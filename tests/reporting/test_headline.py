"""The answers read well, for every case."""

import textwrap
from dataclasses import replace

import pytest
from small_case import ABSENT, loaded

from capexpand.finance.longer import HorizonCheck
from capexpand.pipeline import evaluate, optimise
from capexpand.reporting.context import ReportContext
from capexpand.reporting.examined import at_the_end
from capexpand.reporting.headline import (
    answers,
    buys,
    compares,
    first_orders,
    hindsight,
    key_figures,
    limits_worth,
    pays,
    rests_on,
    spends,
    stands,
)
from capexpand.reporting.inputs import Examination
from capexpand.reporting.plans_compared import plan_table
from capexpand.wording import money, share

EXPECTED = """
1 bn CNY buys 4.36 MW of IT power at 2 sites and 3,490 accelerators. When the window ends, in
2026Q1, 4.36 MW is energised; the fleet serves 4.78 tn tokens a day.
It is paid 94 % in 2025 and 6 % in 2026, most in 2025Q4 (739 mn CNY); 87 % goes into servers and 13
% into halls and power. To be committed first, in 2025Q2: 4 MW at Coast.
The programme's net present value is 248 mn CNY, without discounting; none of it rests on the value
of what stands at the horizon's end. Its internal rate of return is 41 % a year, and it is paid back
in 2026Q4, 1¾ years after the start. At most 744 mn CNY is laid out at a time, in 2025Q4.
In 2026 it earns 873 mn CNY of revenue and 618 mn CNY of operating profit (EBITA).
On the side of supply and money, grid power at Coast is worth most: one percent more throughout
would add 1.3 mn CNY. GRID One more CNY of budget by the end of 2026Q1 is worth 0.118 CNY today.
Delivered evenly over the window, the money would be worth 180 mn CNY: planning adds 68.8 mn CNY.
"""


def test_the_smallest_case_is_answered_in_sentences(two_sites):
    """The optimum is that of docs/explanation/worked-example.md: 400 servers at the coast, the rest west.

    1 bn CNY less 400 servers (800 mn) and 4 MW (120 mn) leaves 80 mn; a server in the west costs 2 mn and
    0.01 MW × 20 mn/MW = 0.2 mn, so 36.36 servers and 0.3636 MW more. 436.36 × 8 = 3490.9 accelerators.
    Sensitivity: without the deposit of 30 % nothing would be due for the coast's halls in 2025Q2.
    """
    context = ReportContext(two_sites)
    grid = next(limit for limit in context.limits if limit.name == "grid:coast").describe(context.labels)
    texts = [answer.text.replace(grid, "GRID") for answer in answers(context)]  # its quarter is a tie
    assert "\n".join(textwrap.fill(text, 100) for text in texts) == EXPECTED.strip()


def test_a_budget_that_is_too_large_is_said_to_be(changed):
    context = ReportContext(changed(variant="double-budget"))
    assert buys(context).startswith("Of the 2 bn CNY allowed, 1.1 bn CNY is worth spending; it buys 4.8 MW")
    assert "The budget itself binds nowhere: more money alone would add nothing." in limits_worth(context)


def test_a_programme_without_a_cap_says_so(changed):
    context = ReportContext(changed(("  cap: 1 bn CNY\n", "")))
    assert "is spent, with no limit set; it buys" in buys(context)
    assert key_figures(context)[0].remark == "by 2026Q1"


def test_a_floor_is_named_as_one(changed):
    context = ReportContext(changed(("  cap: 1 bn CNY\n", "  floor: 1.05 bn CNY\n")))
    assert buys(context).startswith("At least 1.05 bn CNY is to be spent, 1.1 bn CNY is; it buys")


def test_a_budget_of_almost_nothing_buys_nothing(changed):
    context = ReportContext(changed(("cap: 1 bn CNY", "cap: 1 CNY")))
    text = " ".join(answer.text for answer in answers(context))
    assert text.startswith("1 CNY buys ")
    assert "nan" not in text
    assert "None" not in text


def test_nothing_worth_building_is_said_in_words(changed):
    context = ReportContext(changed(("price: 0.50 CNY/Mtoken", "price: 0.01 CNY/Mtoken")))
    assert buys(context) == (
        "Nothing that can be ordered within the window is worth its price: "
        "nothing of the 1 bn CNY allowed is spent."
    )
    assert stands(context) == "When the window ends, in 2026Q1, no power is energised."
    assert spends(context) == (
        "Nothing is ordered within the window: every order would cost more than it brings."
    )
    assert first_orders(context) == ""
    assert pays(context) == "With nothing ordered there is no programme that could pay or fail to."
    assert compares(context).endswith(" CNY: ordering nothing spares that.")
    shown = {figure.title for figure in key_figures(context)}
    paid_back = next(row for row in plan_table(context).rows if row.title == "Payback")
    assert paid_back.cells[0] == "nothing laid out"
    assert shown.isdisjoint({"Payback", "Peak funding", "Internal rate of return", "Net present value"})
    assert limits_worth(context) == "No limit binds: more power, supply, budget or demand would add nothing."


def test_neither_plan_orders_anything_where_nothing_can_be_had(changed):
    context = ReportContext(changed(("limit: 600 units/quarter", "limit: 0 units/quarter")))
    assert context.orders_nothing
    assert compares(context) == "Delivered evenly over the window, the money would buy nothing either."


def test_a_programme_that_is_not_paid_back_says_until_when(two_sites):
    metrics = replace(two_sites.metrics, irr=None, payback_quarter=None, npv=-5.0, npv_end_value_zero=-80.0)
    context = ReportContext(replace(two_sites, metrics=metrics))
    assert pays(context).startswith(
        "The programme's net present value is −5 mn CNY, without discounting; −80 mn CNY if nothing is worth "
        "anything after the horizon. It has no internal rate of return, and it is not paid back before the "
        "horizon ends in 2027Q1."
    )
    shown = {figure.title: figure.value for figure in key_figures(context)}
    assert shown["Internal rate of return"] == "none"
    assert shown["Payback"] == "not within the horizon"


def test_several_possible_rates_of_return_are_admitted(two_sites):
    metrics = replace(two_sites.metrics, irr_unique=False, irr_is_answer=False)
    text = pays(ReportContext(replace(two_sites, metrics=metrics)))
    assert (
        "no telling internal rate of return, since more than one rate may solve it; with returns put to"
        in text
    )
    assert "41 % a year" not in text


def test_accelerator_hours_are_not_called_tokens(changed):
    context = ReportContext(
        changed(
            ("unit: token", "unit: accelerator_hour"),
            ("800 tn token/quarter", "800 mn accelerator_hour/quarter"),
            ("0.50 CNY/Mtoken", "0.50 CNY/accelerator_hour"),
            ("2 tn token/quarter", "2 mn accelerator_hour/quarter"),
        )
    )
    assert "token" not in " ".join(answer.text for answer in answers(context))
    assert "Tokens a day" not in [figure.title for figure in key_figures(context)]


def test_servers_without_accelerators_are_called_general_servers(changed):
    context = ReportContext(changed(("    accelerators: 8\n", "")))
    assert buys(context) == "1 bn CNY buys 4.36 MW of IT power at 2 sites and 436 general servers."
    assert "Accelerators" not in [figure.title for figure in key_figures(context)]


def test_whole_sizes_have_no_worth_of_limits(changed):
    findings = changed(
        ("workloads:\n", "solve: {whole_sizes: true}\nworkloads:\n"),
        ("maintenance: 0 CNY/MW/quarter}", "maintenance: 0 CNY/MW/quarter, hall: 1 MW}"),
        ("    power: 10 kW\n", "    power: 10 kW\n    lot: 10\n"),
    )
    assert limits_worth(ReportContext(findings)) == (
        "Sizes are whole in this case, so what one more of a limit is worth is not known."
    )


def test_an_evenly_spent_plan_that_buys_nothing_is_said_to(changed):
    context = ReportContext(changed(variant="chips-banned"))
    assert compares(context) == (
        "Delivered evenly over the window, nothing could be bought in time: planning adds 248 mn CNY."
    )


def test_an_evenly_spent_plan_that_is_as_good_is_said_to_be(two_sites):
    context = ReportContext(replace(two_sites, naive_metrics=two_sites.metrics, naive=two_sites.result))
    assert compares(context) == "Delivered evenly over the window, the money would be worth as much."


HIRED = (
    (
        "build: {cost: 30 mn CNY/MW, lead_time: 6 months, deposit: 30 %, maintenance: 0 CNY/MW/quarter}",
        "colocate: {fee: 600 CNY/kW/month, lead_time: 6 months, term: 12 months, limit: 4 MW}",
    ),
    ("buy: {price: 2 mn CNY, deposit: 20 %}", "lease: {fee: 20 thousand CNY/month, term: 12 months}"),
)


def test_what_is_only_hired_is_not_said_to_be_bought(changed):
    """Leases and colocation, the only ways to get anything here, take nothing of the cap."""
    west = "build: {cost: 20 mn CNY/MW, lead_time: 6 months, deposit: 30 %, maintenance: 0 CNY/MW/quarter}"
    context = ReportContext(changed(*HIRED, (west, HIRED[0][1])))
    text = buys(context)
    assert text.startswith("Nothing is bought. Hired, out of running costs, not of the 1 bn CNY allowed: ")
    assert "MW of IT power at " in text
    assert "accelerators." in text
    assert "worth spending" not in text
    assert "nothing could be bought in time, and that plan hires nothing: planning adds" in compares(context)
    shown = {figure.title: figure.value for figure in key_figures(context)}
    assert shown["Payback"] == "nothing to pay back"  # the base hires the same without the programme


def test_what_is_hired_is_told_apart_from_what_is_bought(changed):
    context = ReportContext(changed(HIRED[1]))
    bought, hired = buys(context).split(" Hired beside it, out of running costs: ")
    assert "MW of IT power" in bought
    assert "accelerators" not in bought
    assert hired.endswith(" accelerators.")


def test_what_only_a_floor_demands_is_not_said_to_be_worth_it(changed):
    """Half a billion must be spent on what earns almost nothing; without the floor nothing would be."""
    context = ReportContext(
        changed(
            ("price: 0.50 CNY/Mtoken", "price: 0.01 CNY/Mtoken"),
            ("  cap: 1 bn CNY\n", "  cap: 1 bn CNY\n  floor: 500 mn CNY\n"),
        )
    )
    assert context.findings.metrics.npv < 0.0
    assert buys(context).startswith(
        "Of the 1 bn CNY allowed, 500 mn CNY is spent, since no less may be; it buys "
    )


def test_renewal_after_the_window_is_told_beside_the_present_value(alibaba):
    context = ReportContext(alibaba)
    whole, extra = context.renewal
    after = slice(context.window.stop, None)
    assert whole == pytest.approx(float(alibaba.result.total.capital_payments[after].sum()))
    assert whole - extra == pytest.approx(float(alibaba.result.base.capital_payments[after].sum()))
    assert (
        f"After the window {money(whole, 'CNY')} is paid for renewal, {money(extra, 'CNY')} of it more than"
        in rests_on(context)
    )
    shown = {figure.title: figure.value for figure in key_figures(context)}
    assert shown["Renewal after the window"] == money(whole, "CNY")


def test_internal_use_is_counted_beside_the_present_value(alibaba, two_sites):
    """What the bridge takes away for transfer value is what internal use would add."""
    step = next(step for step in alibaba.bridge.steps if step.name.startswith("transfer value"))
    more = f"{money(-step.amount, 'CNY')} more if internal use is counted at its transfer value"
    assert more in pays(ReportContext(alibaba))
    assert "internal use" not in pays(ReportContext(two_sites))


def test_a_case_without_renewal_has_no_sentence_on_it(two_sites):
    assert "renewal" not in rests_on(ReportContext(two_sites))


def test_tokens_are_set_beside_the_power_that_they_take(alibaba, two_sites):
    context = ReportContext(alibaba)
    part = share(context.token_power_fraction(context.window_end))
    assert f" a day, which take {part} of the power in use." in stands(context)
    assert 0.0 < context.token_power_fraction(context.window_end) < 0.5
    assert ReportContext(two_sites).token_power_fraction(3) == pytest.approx(1.0)


def test_limits_are_told_by_size_with_what_is_owed_among_them(alibaba):
    """One percent more of the training that is owed costs four times what the strongest limit adds."""
    context = ReportContext(alibaba)
    text = limits_worth(context)
    supplied = next(limit for limit in context.limits if limit.kind not in {"demand", "obligation"})
    asked = next(limit for limit in context.limits if limit.kind == "demand")
    owed = next(limit for limit in context.limits if limit.kind == "obligation")
    assert -owed.gain_total > supplied.gain_total > asked.gain_total
    assert text.startswith(f"One percent more of {owed.noun} throughout would cost ")
    assert 0 < text.index(f", {supplied.noun} is worth most") < text.index(f", {asked.noun} is worth most")


def test_money_that_the_even_plan_cannot_spend_is_explained(alibaba):
    context = ReportContext(alibaba)
    spent = float(alibaba.naive.plan.paid[context.window].sum())
    assert context.cap is not None
    left = money(context.cap - spent, "CNY")
    assert f"(it pays {money(spent, 'CNY')} and finds no supply or power in time for {left})" in compares(
        context
    )


def test_an_even_plan_that_earns_more_cash_is_explained_by_what_is_maximised(alibaba, two_sites):
    richer = replace(alibaba.metrics, npv=alibaba.metrics.npv + 1000.0)
    context = ReportContext(replace(alibaba, naive_metrics=richer))
    assert "1 bn CNY more in cash." in compares(context)
    assert "it also counts internal use at its transfer value" in compares(context)
    assert "planning adds" not in compares(context)
    worth = next(figure for figure in key_figures(context) if figure.title == "Worth of planning")
    assert worth.value == money(context.objective_gain, "CNY")
    assert context.objective_gain > 0.0


def test_evidence_of_later_days_is_flagged(changed):
    assert hindsight(ReportContext(changed())) == ""
    later = (
        "{price: 2 mn CNY, deposit: 20 %}",
        "{price: {value: 2 mn CNY, basis_date: 2026-01-01}, deposit: 20 %}",
    )
    flag = hindsight(ReportContext(changed(later)))
    assert flag.startswith("1 number of ")
    assert flag.endswith(" rests on evidence later than 2025-03-31: the answers below are partly hindsight.")


def test_longer_horizons_are_told_in_one_sentence(two_sites):
    def told(*checks):
        findings = replace(two_sites, examination=Examination(None, tuple(checks), None, None))
        return at_the_end(ReportContext(findings))

    longer = (HorizonCheck(4, 110.0, 10.0, 0.0), HorizonCheck(8, 125.0, 25.0, 0.0))
    assert told(*longer).endswith(
        "A horizon longer by 4 or 8 quarters would add 10 mn CNY or 25 mn CNY, and move none of the first "
        "quarter's orders."
    )
    assert "would take 3 mn CNY, and move at most 25 % of" in told(HorizonCheck(4, 97.0, -3.0, 0.25))
    mixed = told(HorizonCheck(4, 97.0, -3.0, None), HorizonCheck(8, 101.0, 1.0, None))
    assert mixed.endswith("by 4 or 8 quarters would change the value by −3 mn CNY or +1 mn CNY.")
    assert "horizon longer" not in told()


def test_serving_what_is_owed_is_a_cost_for_each_unit_and_no_return():
    """5 tn tokens a quarter take 5 servers at 1 mn CNY: 5 mn for 20 tn, so 0.25 CNY for a million tokens.

    The money is no investment that pays back, so neither a rate of return nor a payback is told.
    """
    owed = {
        "workloads.chat.role": "obligation",
        "workloads.chat.price": ABSENT,
        "workloads.chat.demand": "5 tn token/quarter",
        "workloads.chat.penalty": "3 CNY/Mtoken",
    }
    plans = optimise(loaded(owed))
    context = ReportContext(evaluate(plans))
    [answer] = [each.text for each in answers(context) if each.question == "What does it cost?"]
    assert "the cost of what is owed: 5 mn CNY of present value" in answer
    assert "0.25 CNY for a million tokens served" in answer
    titles = {figure.title: figure.value for figure in key_figures(context)}
    assert titles["Cost of each"] == "0.25 CNY"
    assert not {"Internal rate of return", "Payback"} & set(titles)
    assert "return" not in answer
