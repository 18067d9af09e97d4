"""What was announced, what of it is spent, and when a plan may begin."""

import pytest

from capexpand.case.loading import load_case


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        (
            "announced: 1 bn CNY\n  spent: 2 bn CNY",
            "case.yaml:21:3: programme.spent: 2 bn CNY is more than was announced, 1 bn CNY",
        ),
        (
            "announced_quarters: 4",
            (
                "case.yaml:20:3: programme.announced_quarters: says over which time, "
                "but announced says no amount"
            ),
        ),
    ],
)
def test_a_part_needs_a_whole_that_holds_it(write_case, problems_of, added, problem):
    assert problems_of(write_case({"  cap: 2 bn CNY": f"  {added}\n  cap: 2 bn CNY"})) == [problem]


def test_a_plan_may_begin_with_the_quarter_that_runs_in_its_first_month_only(write_case, problems_of):
    """31 days after 2025-04-01 is 2025-05-02; a day later less than two thirds of the quarter are to come."""
    assert load_case(write_case({"as_of: 2025-03-31": "as_of: 2025-05-02"})).as_of.isoformat() == "2025-05-02"
    assert problems_of(write_case({"as_of: 2025-03-31": "as_of: 2025-05-03"})) == [
        "case.yaml:2:1: as_of: 2025-05-03 is after the calendar's start, 2025-04-01"
    ]
