"""The table of the policy: scenarios are split so that some stand on each side."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.policy.reactions import split_at


@pytest.mark.parametrize(
    ("values", "middle"), [([1.0, 2.0, 3.0], 2.0), ([0.5, 1.0, 1.0, 1.0], 0.5), ([1.0, 1.0, 1.0, 2.0], 1.0)]
)
def test_the_split_is_the_median_unless_nothing_lies_above(values: list[float], middle: float) -> None:
    assert split_at(np.array(values)) == middle


@given(st.lists(st.sampled_from([0.0, 0.5, 0.9, 1.0, 1.1]), min_size=2, max_size=40))
def test_some_stand_on_each_side_of_the_split(values: list[float]) -> None:
    found = np.array(values)
    if found.min() == found.max():
        return
    above = found > split_at(found)
    assert above.any()
    assert not above.all()
