"""Scenarios are solved in an order in which each starts from one that is like it."""

from __future__ import annotations

import numpy as np
import pytest

from capexpand.policy.operation import neighbours


def test_each_scenario_follows_the_nearest_of_those_left():
    """From 0 to 1, then 9 and 10. The second number moves as well, and counts against its own spread."""
    values = np.array([[0.0, 0.0], [10.0, 1e6], [1.0, 1e5], [9.0, 9e5]])
    assert neighbours(4, values).tolist() == [0, 2, 3, 1]


def test_scenarios_that_share_their_numbers_keep_their_order():
    assert neighbours(5, np.ones((1, 3)), np.full((5, 2), np.inf)).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_every_scenario_comes_once(count):
    values = np.random.default_rng(count).normal(size=(count, 4))
    assert sorted(neighbours(count, values).tolist()) == list(range(count))
