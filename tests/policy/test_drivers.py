"""What drives the decision of now: what perfect foresight would commit, explained by single numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.policy.drivers import drivers_of


def test_the_number_that_foresight_follows_is_named_with_the_level_at_which_the_decision_turns():
    """Foresight commits 10 + 20 · (f − 1) in 100 futures with f from 0.5 to 1.5, and a second number does
    nothing. The policy commits 12, which foresight does at f = 1.1. Above the middle, 1, it commits 15 in the
    mean, below 5: 20 · 0.25 either way. A tenth of the span either side of 12 is 40 % above, 60 % below.
    """
    factor = np.linspace(0.5, 1.5, 101)
    noise = np.where(np.arange(101) % 2, 1.2, 0.8)
    found = drivers_of(12.0, 10.0 + 20.0 * (factor - 1.0), np.stack((noise, factor)), labels=["noise", "f"])
    (one,) = found.drivers
    assert (one.label, one.middle) == ("f", 1.0)
    assert one.explains == pytest.approx(1.0)
    assert one.turns == pytest.approx(1.1)
    assert one.above == pytest.approx(15.1)
    assert one.below == pytest.approx(5.0)
    assert (found.more, found.less) == (pytest.approx(40 / 101), pytest.approx(60 / 101))


def test_numbers_that_move_as_one_are_told_once():
    factor = np.linspace(0.5, 1.5, 50)
    found = drivers_of(1.0, factor, np.stack((factor, factor, 2.0 - factor)), labels=["a", "b", "c"])
    assert [one.label for one in found.drivers] == ["a"]


def test_a_second_number_is_told_by_what_it_explains_beside_the_first():
    """Two independent numbers with weights 3 and 1: nine and one tenth of the spread."""
    grid = np.linspace(-1.0, 1.0, 21)
    one, other = (each.ravel() for each in np.meshgrid(grid, grid))
    found = drivers_of(5.0, 5.0 + 3.0 * one + other, np.stack((other, one)) + 1.0, labels=["small", "large"])
    assert [each.label for each in found.drivers] == ["large", "small"]
    assert [each.explains for each in found.drivers] == pytest.approx([0.9, 0.1])


def test_a_decision_that_no_future_changes_has_no_driver():
    factor = np.linspace(0.5, 1.5, 30)
    found = drivers_of(7.0, np.full(30, 7.0), factor[None], labels=["f"])
    assert (found.drivers, found.more, found.less) == ((), 0.0, 0.0)


def test_a_level_that_no_future_reaches_is_not_told():
    factor = np.linspace(0.9, 1.1, 30)
    (one,) = drivers_of(100.0, factor, factor[None], labels=["f"]).drivers
    assert one.turns is None


@given(seed=st.integers(0, 2**32 - 1), entries=st.integers(1, 6))
def test_shares_explained_never_add_up_to_more_than_all(seed, entries):
    rng = np.random.default_rng(seed)
    factors = rng.lognormal(size=(entries, 40))
    found = drivers_of(1.0, rng.normal(size=40), factors, labels=[str(e) for e in range(entries)])
    shares = [one.explains for one in found.drivers]
    assert sum(shares) <= 1.0 + 1e-9
    assert all(one >= 0.0 for one in shares)
