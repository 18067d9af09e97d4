"""Reserved names, texts that cannot be printed and numbers that overflow are refused at their place."""

import pytest

MISTAKES = {
    "a name that is reserved": (
        {"  boom:": "  all:"},
        "65:3",
        "variants.all",
        "'all' is the row of a sum in the tables; choose another name",
    ),
    "an escape sequence in a title": (
        {"title: Server": 'title: "\\e[31mServer"'},
        "42:5",
        "offers.h20.title",
        "holds the character U+001B, which cannot be printed; leave it out",
    ),
    "a growth beyond all bounds": (
        {"demand: 2 tn token/day": "demand: {value: 2 tn token/day, growth: 1e100 %/year}"},
        "57:37",
        "workloads.chat.demand.growth",
        "'1e100 %/year' is too large to plan with",
    ),
    "a growth that overflows in time": (
        {"demand: 2 tn token/day": "demand: {value: 2 tn token/day, growth: 1e15 %/year}"},
        "57:5",
        "workloads.chat.demand",
        "grows too large to plan with by 2026Q3; check its growth and changes",
    ),
}


@pytest.mark.parametrize(("replacements", "place", "path", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_name_or_number_beyond_bounds_gives_one_error(
    write_case, replacements, place, path, message, problems_of
):
    """With growth of 1e13 a year, 182 tn tokens a quarter pass 1e18 in the sixth quarter, 2026Q3.

    Sensitivity: if growth counted from the first of January it would be the fifth.
    """
    assert problems_of(write_case(replacements)) == [f"case.yaml:{place}: {path}: {message}"]
