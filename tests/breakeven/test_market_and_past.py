"""What the market added, the stake, and the claim on the past, on announcements small enough to work out."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from small_case import loaded

from capexpand.case.loading import load_case
from capexpand.errors import CaseError, RunError
from capexpand.runs.folder import Content, write_run
from capexpand.studies.breakeven.distribution import Distribution, of_policy_run, simulated
from capexpand.studies.breakeven.findings import breakeven
from capexpand.studies.breakeven.market import value_added
from capexpand.studies.breakeven.past_spending import UNKNOWN_SCOPE, past_spending

MARKET = {
    "shares": "200 mn units",
    "price_before": "5 CNY",
    "due_to_programme": {"low": "0 %", "high": "50 %"},
    "moves": {"day": {"title": "The day", "gain": "8 %", "index_gain": {"low": "1 %", "high": "3 %"}}},
    "stake": {"value": "21 mn CNY", "shares": "4 mn units"},
}
PAST = {
    "years": 2,
    "in_scope": {"low": "50 %", "high": "80 %"},
    "periods": {
        "2022-12-31": {"low": "8 mn CNY", "high": "8 mn CNY"},
        "2023-12-31": {"low": "10 mn CNY", "high": "12 mn CNY"},
        "2024-12-31": {"low": "14 mn CNY", "high": "16 mn CNY"},
        "2025-03-31": {"months": 3, "low": "6 mn CNY", "high": "6 mn CNY"},
    },
}


def announced(changes: dict | None = None, **parts: object) -> dict[str, object]:
    return {"announcement": copy.deepcopy(parts), **(changes or {})}


def test_the_market_s_own_move_and_other_news_are_taken_off() -> None:
    """1000 mn gain 8 %, 80; the market's own move explains 10 to 30, of the 50 to 70 left half at most.

    Sensitivity: without the market's own move the upper bound would be 40.
    """
    spread = Distribution.of_sample("the plan", np.arange(0.5, 100.0))
    found = value_added(loaded(announced(market=MARKET)), 30.0, spread)
    move = found.moves[0]
    assert (move.gross, move.of_index.low, move.of_index.high) == pytest.approx((80.0, 10.0, 30.0))
    assert (move.net.low, move.net.high) == pytest.approx((50.0, 70.0))
    assert (move.programme.low, move.programme.high) == pytest.approx((0.0, 35.0))
    assert move.per_share.high == pytest.approx(35e6 / 200e6)
    assert move.for_stake is not None
    assert move.for_stake.high == pytest.approx(35.0 * 4 / 200)
    assert move.chance == ((1.0, 1.0), (0.65, 0.65))
    assert (found.npv_per_share, found.npv_for_stake) == pytest.approx((0.15, 0.6))


def test_a_falling_share_can_only_take_value_away() -> None:
    market = copy.deepcopy(MARKET)
    market["moves"]["day"] = {"title": "The day", "gain": "-8 %"}
    move = value_added(loaded(announced(market=market)), 30.0, None).moves[0]
    assert (move.programme.low, move.programme.high) == pytest.approx((-40.0, 0.0))
    assert move.chance is None


def test_a_stake_is_held_against_the_price_as_far_as_its_count_is_rounded() -> None:
    """21 mn for 4 mn shares imply 5.25, for 3.5 to 4.5 mn 4.67 to 6: a price of 5 fits, one of 9 not."""
    stake = value_added(loaded(announced(market=MARKET)), 30.0, None).stake
    assert stake is not None
    assert stake.implied == pytest.approx(5.25)
    assert (stake.bounds.low, stake.bounds.high) == pytest.approx((21 / 4.5, 6.0))
    assert stake.fits
    dear = value_added(loaded(announced(market={**MARKET, "price_before": "9 CNY"})), 30.0, None).stake
    assert dear is not None
    assert not dear.fits


def test_the_claim_on_the_past_is_open_where_the_years_decide() -> None:
    """Two full years had 24 to 28, the last 24 months 27.5 to 31; of these 50 to 80 %.

    So 12 to 22.4 or 13.75 to 24.8: 24 mn are more than the first and perhaps not more than the second.
    Sensitivity: with the whole of 2023 in the second the sum would be up to 34 and its share up to 27.2.
    """
    found = past_spending(loaded(announced({"programme.cap": "24 mn CNY"}, past_spending=PAST)))
    first, second = found.sums[:2]
    assert (first.spent.low, first.spent.high) == pytest.approx((12.0, 22.4))
    assert (second.spent.low, second.spent.high) == pytest.approx((13.75, 24.8))
    assert (first.verdict, second.verdict, found.verdict) == (
        "holds",
        "cannot be decided",
        "cannot be decided",
    )
    assert found.deciding[0] == UNKNOWN_SCOPE
    assert found.failing_share == pytest.approx(24 / 31)


@pytest.mark.parametrize(("cap", "verdict"), [("25 mn CNY", "holds"), ("12 mn CNY", "does not hold")])
def test_the_claim_is_decided_beyond_the_bounds(cap: str, verdict: str) -> None:
    assert past_spending(loaded(announced({"programme.cap": cap}, past_spending=PAST))).verdict == verdict


def test_years_of_which_nothing_is_known_leave_the_claim_open() -> None:
    found = past_spending(
        loaded(announced({"programme.cap": "99 mn CNY"}, past_spending={**PAST, "years": 9}))
    )
    assert found.verdict == "cannot be decided"
    assert found.sums[0].missing_months == 9 * 12 - 36


@pytest.mark.parametrize(
    ("part", "changes", "told"),
    [
        ("market", {"moves": {"day": {"title": "The day"}}}, "needs gain or value_added"),
        ("market", {"due_to_programme": {"low": "60 %", "high": "50 %"}}, "60 % is more than high"),
        ("market", {"shares": "0 units"}, "must be more than zero"),
        ("market", {"price_before": "5 USD"}, "no exchange rate for USD"),
        (
            "past_spending",
            {"periods": {"2025-12-31": {"low": "1 mn CNY", "high": "2 mn CNY"}}},
            "after the case",
        ),
        (
            "past_spending",
            {"periods": {d: {"low": "1 mn CNY", "high": "1 mn CNY"} for d in ("2023-12-31", "2024-06-30")}},
            "overlaps the period to 2023-12-31",
        ),
    ],
)
def test_an_announcement_that_does_not_hold_together_is_refused(part: str, changes: dict, told: str) -> None:
    whole = {"market": MARKET, "past_spending": PAST}[part]
    with pytest.raises(CaseError, match=told):
        loaded(announced(**{part: {**whole, **changes}}))


def test_what_a_case_does_not_say_is_told() -> None:
    found = breakeven(loaded(), ("price",), pairs=())
    assert found.market is None
    assert found.past is None
    assert found.distribution is None
    assert len(found.missing) == 3
    with pytest.raises(CaseError, match="nothing unknown"):
        simulated(loaded(), scenarios=10, seed=1, transfer=False)
    with pytest.raises(CaseError, match="nothing about the company's shares"):
        value_added(loaded(), 1.0, None)
    with pytest.raises(CaseError, match="nothing about what was spent before"):
        past_spending(loaded())


def test_the_plan_for_the_mean_meets_the_coin() -> None:
    """Two sites: with a quarter more demand all is sold at the full price, 248.45; with less 40 tn in
    one quarter and 76.36 in five get 0.25 less, 10 + 95.45, which leaves 142.995.

    Sensitivity: were the fleet smaller by the west's 36.36 servers, the loss would be 60.
    """
    case = load_case(Path(__file__).parents[2] / "cases" / "two-sites")
    found = simulated(case, scenarios=64, seed=3, transfer=False)
    assert set(np.round(found.sample, 2)) == {248.45, 143.0}
    assert found.reaches(200.0)[0] == pytest.approx(0.5, abs=0.02)


def test_quantiles_alone_bound_the_chance() -> None:
    known = Distribution(
        "a policy", np.array([0.05, 0.5, 0.95]), np.array([0.0, 10.0, 30.0]), 100, 12.0, np.zeros(0)
    )
    assert known.reaches(20.0) == pytest.approx((0.275, 0.275))
    assert known.reaches(-1.0) == (0.95, 1.0)
    assert known.reaches(31.0) == pytest.approx((0.0, 0.05))


def test_a_policy_s_run_gives_its_distribution_in_millions(tmp_path: Path) -> None:
    found = {"npv_quantiles": {"0.05": -1e6, "0.5": 5e6, "0.95": 9e6}}
    found["strategies"] = {"policy": {"scenarios": 1000, "npv": {"mean": 4.5e6}}}
    for name, document in (("policy", found), ("plain", {})):
        content = Content({"metrics.json": json.dumps(document).encode()}, {})
        write_run(tmp_path / name, content)
    known = of_policy_run(tmp_path / "policy")
    assert (known.scenarios, known.mean, known.quantile(0.5)) == (1000, 4.5, 5.0)
    assert known.reaches(0.0)[0] == pytest.approx(0.95 - 0.45 / 6)
    with pytest.raises(RunError, match="holds no policy"):
        of_policy_run(tmp_path / "plain")


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is no run folder"):
        of_policy_run(tmp_path)
