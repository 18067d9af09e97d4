"""Break-even levels of the two-sites case and of the small case, against what a pencil says."""

from itertools import pairwise
from pathlib import Path

import pytest
from small_case import loaded

from capexpand.case.loading import load_case
from capexpand.executing.local import LocalProcesses
from capexpand.pipeline import evaluate, optimise
from capexpand.studies.breakeven.break_even import Search, break_even, worlds_at

TWO_SITES = Path(__file__).parents[2] / "cases" / "two-sites" / "case.yaml"
ENERGY = 2400 * 0.0170937 + 80 / 2.2 * 5 * 0.0078894  # of 400 servers for 6 quarters and 36.4 for 5
SOLD = 2400 + 80 / 2.2 * 5  # tn tokens


@pytest.fixture(scope="module")
def search() -> Search:
    return Search.of(load_case(TWO_SITES))


def level_of(search: Search, name: str, reading: str) -> float:
    found = search.of_driver(search.drivers[name], reading)
    assert found.root.outcome == "found"
    assert found.root.level is not None
    return found.root.level


def test_committed_money_needs_four_fifths_of_the_price(search: Search) -> None:
    """Revenue less energy must earn back 1000: 0.5 p · 2581.8 − 42.46 = 1000, so p = 0.80754.

    Sensitivity: without the energy p would be 1000 / 1290.9 = 0.7746.
    """
    assert level_of(search, "price", "committed") == pytest.approx((1000 + ENERGY) / (0.5 * SOLD), abs=2e-4)


def test_a_planner_who_knows_builds_at_the_coast_down_to_a_lower_price(search: Search) -> None:
    """A server at the coast costs 2.3 and serves six quarters: 6 (0.5 p − 0.0170937) = 2.3: p = 0.80085.

    Sensitivity: in the west, with 2.2 for five quarters, it would be 0.8958; committed money needs 0.8075.
    """
    level = level_of(search, "price", "planned")
    assert level == pytest.approx((2.3 / 6 + 0.0170937) / 0.5, abs=2e-4)
    assert search.of_driver(search.drivers["price"], "planned").root.fades


def test_committed_servers_may_cost_so_much_more(search: Search) -> None:
    """Servers are 872.7 of the 1000, halls 127.3: 872.7 λ + 127.3 = 1290.9 − 42.46, so λ = 1.28468.

    Sensitivity: were the halls dearer as well, λ would be 1.2484.
    """
    servers = 2 * (400 + 80 / 2.2)
    wanted = (0.5 * SOLD - ENERGY - (1000 - servers)) / servers
    assert level_of(search, "chip-price", "committed") == pytest.approx(wanted, abs=3e-4)


def test_any_volume_pays_who_plans_for_it(search: Search) -> None:
    """A smaller demand is served by fewer servers, each of which pays; committed ones need 0.55 of it.

    Of the first 480 v tn at 0.5 and the next 320 v at 0.25, 400 servers sell in one quarter, 436.4 in five:
    with v = 0.5514 it is 264.7 · 0.5 + 135.3 · 0.25 = 166.2 and 264.7 · 0.5 + 171.7 · 0.25 = 175.3, together
    166.2 + 5 · 175.3 = 1042.5 = 1000 + 42.46.

    Sensitivity: at a full price for all that is sold the committed level would be below 0.45.
    """
    assert search.of_driver(search.drivers["volume"], "planned").root.outcome == "always"
    v = level_of(search, "volume", "committed")
    first, rest = 480 * v, 0.25 * 320 * v
    earned = first * 0.5 + 0.25 * (400 - first) + 5 * (first * 0.5 + min(rest, 0.25 * (436.363636 - first)))
    assert earned == pytest.approx(1000 + ENERGY, abs=0.5)


def test_the_break_even_discount_rate_of_the_plan_is_its_rate_of_return(search: Search) -> None:
    metrics = evaluate(optimise(search.case)).metrics
    assert metrics.irr is not None
    assert level_of(search, "discount-rate", "committed") == pytest.approx(metrics.irr, abs=2e-3)
    assert level_of(search, "discount-rate", "planned") >= metrics.irr


def test_a_full_run_at_the_level_found_is_worth_nothing(tmp_path: Path, search: Search) -> None:
    """The case's own file with its price multiplied, read, planned and accounted for as any other."""
    level = level_of(search, "price", "planned")
    text = TWO_SITES.read_text("utf-8")
    assert text.count("price: 0.50 CNY/Mtoken") == 1
    changed = tmp_path / "case.yaml"
    for times, worth in ((1.0, 0.0), (1.05, 30.0)):
        changed.write_text(text.replace("price: 0.50 CNY", f"price: {0.5 * level * times:.9f} CNY"), "utf-8")
        npv = evaluate(optimise(load_case(changed))).metrics.npv
        if worth:
            assert npv > worth  # 5 % more of some 1040 of revenue
        else:
            assert npv == pytest.approx(0.0, abs=search.tolerance(search.drivers["price"]).money * 2.5)


def test_price_and_usable_share_break_even_alike_where_energy_is_free() -> None:
    """Ten servers earn 4 each over four quarters and cost 1: a quarter of price, or of use, is enough.

    Sensitivity: with energy at 0.1 a server and quarter both would be 0.35.
    """
    search = Search.of(loaded())
    for name in ("price", "utilisation"):
        assert level_of(search, name, "committed") == pytest.approx(0.25, abs=1e-3)
    assert level_of(search, "chip-price", "committed") == pytest.approx(4.0, abs=5e-3)
    assert level_of(search, "volume", "committed") == pytest.approx(0.025, abs=1e-3)  # 10 servers, 100 tn


def test_nothing_committed_never_pays_and_a_planner_waits_for_the_price() -> None:
    """At 0.1 CNY/Mtoken a server earns 0.4 and costs 1: nothing is ordered below 2.5 times that price."""
    search = Search.of(loaded({"workloads.chat.price": "0.1 CNY/Mtoken"}))
    assert search.valuation.npv == pytest.approx(0.0, abs=1e-6)
    assert search.of_driver(search.drivers["price"], "committed").root.outcome == "never"
    assert level_of(search, "price", "planned") == pytest.approx(2.5, abs=1e-2)


def test_money_that_comes_back_at_once_has_no_break_even_rate() -> None:
    search = Search.of(loaded())  # a server earns its price in the quarter in which it is bought
    assert search.of_driver(search.drivers["discount-rate"], "committed").root.outcome == "always"


def test_what_the_group_pays_itself_counts_where_nobody_else_pays() -> None:
    """Without customers outside, the break-even is a transfer value: a quarter of 1 CNY for each Mtoken."""
    found = break_even(loaded({"workloads.chat.role": "internal"}), ("transfer-value",))
    assert found.transfer
    assert found.npv == pytest.approx(30.0)
    assert found.npv_cash == pytest.approx(-10.0, abs=1e-6)
    kept = found.of("transfer-value", "committed")
    assert kept is not None
    assert kept.root.level == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize("name", ["price", "volume", "utilisation", "energy-price"])
def test_a_plan_that_is_kept_to_is_never_worth_more_than_one_made_for_the_new_value(
    search: Search, name: str
) -> None:
    driver = search.drivers[name]
    for level in (0.6, 0.9, 1.2):
        worlds = worlds_at(search.valuation.data, driver, level)
        kept, planned = (search.valuation.value(worlds, reading) for reading in ("committed", "planned"))
        assert kept <= planned + 1e-6 * search.valuation.scale


def test_a_pair_meets_the_single_break_even_where_the_first_is_as_assumed(search: Search) -> None:
    found = break_even(search.case, ("price",), pairs=(("volume", "price"),), search=search)
    for pair in found.pairs:
        single = found.of("price", pair.reading)
        assert single is not None
        at_one = pair.roots[pair.levels.index(1.0)]
        assert at_one.level == pytest.approx(single.root.level, abs=5e-4)
        levels = [root.level for root in pair.roots if root.level is not None]
        assert all(later <= sooner + 5e-4 for sooner, later in pairwise(levels))


@pytest.mark.slow
def test_any_number_of_workers_finds_the_same_break_evens():
    """Each driver starts from the declared world, so it does not matter which was sought before, or where."""
    case = loaded({})
    one, two = (
        break_even(case, ("price", "volume"), pairs=(("volume", "price"),), engine=LocalProcesses(workers))
        for workers in (1, 2)
    )
    assert [(b.root, b.value_per_accelerator_hour) for b in one.single] == [
        (b.root, b.value_per_accelerator_hour) for b in two.single
    ]
    assert [pair.roots for pair in one.pairs] == [pair.roots for pair in two.pairs]
