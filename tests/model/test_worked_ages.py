"""What age does to units, by hand. The small case earns 10 · (4 − 1) = 30; see small_case.py."""

from dataclasses import replace

import numpy as np
import pytest
from small_case import ABSENT, compiled, loaded, objective, planned

from capexpand.errors import CaseError
from capexpand.finance.checks import check_plan, violations
from capexpand.finance.statements import statement
from capexpand.model.wear import settling_shares, standing_shares

WEAR = {"after": "6 months", "attrition": "93.75 %/year", "maintenance": "40 %/year"}
ONCE = {"2025-04-01": "10 units/quarter", "2025-07-01": "0 units/quarter"}
FALL = {"2025-04-01": "1 CNY/Mtoken", "2025-10-01": "0.1 CNY/Mtoken"}


def test_a_unit_comes_into_use_over_its_first_quarter():
    """Over 3 months use rises from nothing to all: half of the first quarter. 10 · (0.5 + 3 − 1) = 25.

    Sensitivity: without the ramp the answer would be 30.
    """
    assert objective({"offers.server.ramp_up": "3 months"}) == pytest.approx(25.0)


def test_a_longer_ramp_takes_more_than_the_first_quarter():
    """Over 6 months a quarter of the first quarter and three of the second: 10 · (0.25 + 0.75 + 2 − 1) = 20.

    Sensitivity: were it forgotten after the first quarter, the answer would be 22.5.
    """
    plan = planned({"offers.server.ramp_up": "6 months"})
    assert plan.solver.objective == pytest.approx(20.0)
    assert plan.running[0, 0] == pytest.approx([2.5, 7.5, 10, 10])
    check_plan(plan)


def test_units_of_the_start_are_in_use():
    """Ten servers stand and none is bought: they run at once, whatever the ramp of new ones."""
    changes = {
        "opening.sites.east.installed": {"server": 10},
        "offers.server.ramp_up": "6 months",
        "offers.server.supply.CN": {"limit": "0 units/quarter"},
    }
    assert planned(changes).running[0, 0] == pytest.approx([10, 10, 10, 10])


@pytest.mark.parametrize(
    ("months", "shares"), [(0, []), (3, [0.5]), (4.5, [2 / 3, 1 / 12]), (6, [0.75, 0.25])]
)
def test_what_is_not_in_use_is_the_area_above_the_ramp(months, shares):
    """Over 4.5 months, 1.5 quarters: 1 − 1/3 at first, then 0.5 · (1/3) / 2 = 1/12."""
    assert settling_shares(months) == pytest.approx(shares)


def test_worn_units_fail_more_often_and_cost_more():
    """From an age of 6 months half fail a quarter, and upkeep is 10 % of the price a quarter.

    Ten bought once earn 10, 10, then 10 · (1 − 0.1), then 5 · 0.9, less 10: 23.5. In the third quarter they
    are just worn and none has failed more yet. Sensitivity: without wear 30; without upkeep 25.
    """
    plan = planned({"offers.server.wear": WEAR, "offers.server.supply.CN": {"limit": ONCE}})
    assert plan.solver.objective == pytest.approx(23.5)
    assert plan.installed[0, 0] == pytest.approx([10, 10, 10, 5])
    assert plan.worn_units[0, 0] == pytest.approx([0, 0, 10, 5])
    assert statement(plan).maintenance == pytest.approx([0, 0, 1, 0.5])
    check_plan(plan)


def test_units_of_the_start_are_of_every_age_and_wear_too():
    """Nine servers stand, a third each of age 0, 1 and 2 quarters, with a life of 3 and wear from 2 on.

    At the end of quarter 1 the oldest are gone: 3 of age 1, 3 of age 2 that are worn, 0.1 each: 6 − 0.3.
    A quarter later 3 of age 2 are left: 3 − 0.3. Then none: 8.4. Sensitivity: without wear 9.
    """
    changes = {
        "offers.server.wear": WEAR,
        "offers.server.life": "9 months",
        "opening.sites.east.installed": {"server": 9},
        "offers.server.supply.CN": {"limit": "0 units/quarter"},
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(8.4)
    assert plan.installed[0, 0] == pytest.approx([6, 3, 0, 0])
    check_plan(plan)


def test_a_used_unit_is_sold_when_it_earns_less_than_it_fetches():
    """Prices fall to a tenth in quarter 3; a used server fetches 0.6: it earns 1 + 1 + 0.1, then is sold.

    10 · (2.1 + 0.6 − 1) = 17; selling a quarter before would be 16.
    Sensitivity: without resale 10 · (2.2 − 1) = 12.
    """
    plan = planned({"offers.server.buy.resale": "0.6 mn CNY", "workloads.chat.price": FALL})
    assert plan.solver.objective == pytest.approx(17.0)
    assert plan.returned[0, 0] == pytest.approx([0, 0, 0, 10])
    assert statement(plan).resale == pytest.approx([0, 0, 0, 6])
    check_plan(plan)


def test_what_fails_or_ends_its_life_is_not_sold():
    """Half of the worn fail in quarter 4, and used ones fetch 0.8 throughout, less than a worn one earns.

    With a life of 9 months they are gone in quarter 4: 10 + 10 are earned, and in quarter 3 they are sold
    for 8 or earn 9: 10 + 10 + 9 − 10 = 19. Sensitivity: could the dead be sold, 8 more.
    """
    changes = {
        "offers.server.wear": WEAR,
        "offers.server.life": "9 months",
        "offers.server.buy.resale": "0.8 mn CNY",
        "offers.server.supply.CN": {"limit": ONCE},
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(19.0)
    assert plan.returned.sum() == pytest.approx(0.0)
    without_life = planned({**changes, "offers.server.life": "50 years"})
    assert without_life.installed[0, 0] == pytest.approx([10, 10, 10, 5])


def test_the_worth_at_the_end_is_no_more_than_a_used_unit_fetches():
    """A share of 80 % of a price of 1, held to a resale price of 0.3: 10 · (4 − 1 + 0.3) = 33.

    Sensitivity: without a resale price the answer would be 38.
    """
    changes = {"finance.server_end_value": "80 %"}
    assert objective(changes) == pytest.approx(38.0)
    assert objective({**changes, "offers.server.buy.resale": "0.3 mn CNY"}) == pytest.approx(33.0)


def test_a_server_without_a_stated_life_has_that_of_the_catalogue():
    """Six years are 24 quarters; it carries the source of the catalogue. One of 50 years has no end."""
    case = loaded({"offers.server.life": ABSENT})
    assert case.offers["server"].life.value == 72.0
    assert "default" in case.offers["server"].life.reason
    assert case.offers["server"].life.source
    assert compiled({"offers.server.life": ABSENT}).offers.life_quarters.tolist() == [24]
    assert compiled().offers.life_quarters.tolist() == [0]
    early = {"offers.server.life": ABSENT, "as_of": "2022-03-31"}
    assert loaded(early).offers["server"].life is None


def test_standing_shares_count_every_age_once():
    """Life 4, wear from 2, half of the worn fail: ages 0 to 3; each quarter the oldest goes.

    After one quarter ages 1, 2 and 3 are left, the last from age 2, worn: (1 + 1 + 0.5) / 4.
    """
    within, young = standing_shares(4, 2, 0.0, 0.5, quarters=4)
    assert within == pytest.approx(np.array([4, 2.5, 1.5, 0.5, 0]) / 4)
    assert young[:3] == pytest.approx([0.5, 0.25, 0.0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offers.server.ramp_up": "3 years"}, "longer than two years"),
        ({"offers.server.wear": {**WEAR, "attrition": "100 %/year"}}, "leaves nothing after a year"),
        ({"offers.server.wear": WEAR, "offers.server.attrition": "95 %/year"}, "less than 95 %/year"),
        ({"offers.server.wear": WEAR, "offers.server.life": "6 months"}, "not before the end of life"),
        ({"offers.server.buy.resale": "1.2 mn CNY"}, "for more than a new one costs"),
        ({"offers.server.buy.resale": "0.1 mn USD"}, "write it in CNY"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(CaseError, match=message):
        loaded(changes)


FAILING = {"offers.server.attrition": "34.39 %/year", "offers.server.wear": WEAR}
"""A tenth of the young fail a quarter, and half of those of 6 months and more."""
NINE_OF_ALL_AGES = {
    "offers.server.life": "9 months",
    "opening.sites.east.installed": {"server": 9},
    "offers.server.supply.CN": {"limit": "0 units/quarter"},
}


@pytest.mark.parametrize(
    ("changes", "stand", "worn"),
    [
        # 10 arrive: 9 are left after a quarter, 8.1 after two, which are worn then; half of those fail
        ({"offers.server.supply.CN": {"limit": ONCE}}, [10, 9, 8.1, 4.05], [0, 0, 8.1, 4.05]),
        ({"offers.server.supply.CN": {"limit": ONCE}, "offers.server.life": "9 months"}, [10, 9, 8.1, 0],
         [0, 0, 8.1, 0]),
        # 3 each of age 0, 1 and 2: 2.7 of age 1 and 2.7 of age 2 after a quarter, 2.43 of age 2 after two
        (NINE_OF_ALL_AGES, [5.4, 2.43, 0, 0], [2.7, 2.43, 0, 0]),
    ],
)  # fmt: skip
def test_the_second_check_allows_what_age_leaves_and_no_more(changes, stand, worn):
    """A tenth of a unit more in any quarter, or a tenth fewer that count as worn, is found out."""
    plan = planned({**FAILING, **changes})
    assert plan.installed[0, 0] == pytest.approx(stand)
    assert plan.worn_units[0, 0] == pytest.approx(worn)
    assert max(check.violation for check in check_plan(plan)) < 1e-9
    rule = "owned units within their life" if "offers.server.life" in changes else "failures with age"
    for quarter in range(4):
        one = np.zeros(plan.installed.shape)
        one[0, 0, quarter] = 0.1
        assert rule in broken(replace(plan, installed=plan.installed + one)), quarter
        if worn[quarter]:
            assert "worn units" in broken(replace(plan, worn=plan.worn_units - one)), quarter


def broken(plan):
    return {check.name for check in violations(plan) if check.violation > 1e-6}
