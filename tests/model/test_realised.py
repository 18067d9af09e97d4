"""A future put into a compiled case moves what it names, and nothing else."""

from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest

from capexpand.case.loading import load_case
from capexpand.model.compile import compile_case
from capexpand.model.realised import realise, realise_quarter
from capexpand.scenarios.entries import Entry

TWO_SITES = Path(__file__).parents[2] / "cases" / "two-sites"


@pytest.fixture(scope="module")
def data():
    return compile_case(load_case(TWO_SITES))


def changed(before, after, place=""):
    """Return the names of the arrays that differ."""
    found = []
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if is_dataclass(old):
            found += changed(old, new, f"{place}{field.name}.")
        elif isinstance(old, np.ndarray) and not np.array_equal(old, new):
            found.append(f"{place}{field.name}")
    return found


@pytest.mark.parametrize(
    ("entry", "moved"),
    [
        (Entry("grid", "west"), ["sites.grid_mw"]),
        (Entry("energy_price", "coast"), ["sites.energy_price"]),
        (Entry("build_cost", "coast"), ["power.price"]),
        (Entry("purchase_price", "server"), ["offers.price"]),
        (Entry("supply_limit", "server", "CN"), ["offers.limit"]),
        (Entry("export_fee", "server", "CN"), ["offers.price", "offers.export_fee"]),
        (Entry("base_demand", "chat"), ["workloads.demand"]),
        (Entry("base_price", "chat"), ["workloads.price"]),
        (Entry("productivity", "chat"), ["workloads.productivity", "workloads.demand", "workloads.price"]),
    ],
    ids=lambda value: value.kind if isinstance(value, Entry) else "",
)
def test_an_entry_moves_its_own_numbers_only(data, entry, moved):
    after = realise_quarter(data, [entry], np.array([0.8]), 4)
    assert sorted(set(changed(data, after)) - {"workloads.penalty"}) == sorted(moved)


def test_only_the_quarter_asked_for_moves(data):
    after = realise_quarter(data, [Entry("base_demand", "chat")], np.array([1.5]), 4)
    ratio = after.workloads.demand / data.workloads.demand
    assert ratio[0, 0] == pytest.approx([1, 1, 1, 1, 1.5, 1, 1, 1])


def test_products_take_their_factors_whatever_productivity_is(data):
    """D/φ takes 1.2 and p·φ takes 0.9, while φ itself doubles."""
    entries = [Entry("base_demand", "chat"), Entry("base_price", "chat"), Entry("productivity", "chat")]
    after, before = realise_quarter(data, entries, np.array([1.2, 0.9, 2.0]), 2).workloads, data.workloads
    phi, was = after.productivity[:, None, 2], before.productivity[:, None, 2]
    assert after.demand[:, :, 2] / phi == pytest.approx(1.2 * before.demand[:, :, 2] / was)
    assert after.price[:, :, 2] * phi == pytest.approx(0.9 * before.price[:, :, 2] * was)


def test_a_fee_is_added_on_the_price_of_then(data):
    """2 mn CNY at a factor of 1.1 is 2.2; an export fee of 15 % adds 0.33, so 2.53.

    Sensitivity: a fee on the declared price would give 2.5.
    """
    entries = [Entry("purchase_price", "server"), Entry("export_fee", "server", "CN")]
    after = realise_quarter(data, entries, np.array([1.1, 0.15]), 3)
    assert after.offers.price[0, 0, 3] == pytest.approx(2.53)
    assert after.offers.export_fee[0, 0, 3] == pytest.approx(0.33)


def test_what_may_be_promised_does_not_depend_on_the_future(data):
    """A late grid leaves the commitments as they were, or a promise could become impossible."""
    after = realise_quarter(data, [Entry("grid", "west")], np.array([0.0]), 5)
    assert after.sites.grid_mw[1, 5] == 0
    assert np.array_equal(after.sites.committed_grid_mw, data.sites.committed_grid_mw)


def test_a_ban_closes_an_unlimited_supply(data):
    limit = np.full_like(data.offers.limit, np.inf)
    from dataclasses import replace

    free = replace(data, offers=replace(data.offers, limit=limit))
    after = realise_quarter(free, [Entry("supply_limit", "server", "CN")], np.array([0.0]), 1)
    assert after.offers.limit[0, 0, 1] == 0
    assert np.isinf(after.offers.limit[0, 0, 2])


def test_nothing_moved_is_the_case_itself(data):
    assert changed(data, realise(data, [], np.ones((0, data.times.count)))) == []
