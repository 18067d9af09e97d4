"""Plans of a random case and of one changed from it stand in the relation that the change implies.

``benchmarks/relations.py`` tries many more cases.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relations import RELATIONS, random_case, value


@pytest.mark.slow
@pytest.mark.parametrize("relation", RELATIONS)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=2, deadline=None)
def test_a_changed_case_has_the_value_that_the_change_implies(relation: str, seed: int) -> None:
    case = random_case(seed)
    assert RELATIONS[relation](case, value(case)), relation


def test_the_random_cases_are_worth_something() -> None:
    """A relation between two programmes that do nothing would hold by itself."""
    assert sum(abs(value(random_case(seed))[0]) > 1 for seed in range(6)) >= 4
