"""Shared defaults and variants: one file over another, single places set by name."""

import pytest

from capexpand.case.loading import load_case


def test_a_case_takes_from_the_one_it_extends_what_it_does_not_say(write_case):
    write_case(name="common.yaml")
    file = write_case(
        text="extends: common.yaml\ntitle: Mine\nprogramme: {cap: 5 bn CNY}\nsites: {east: {grid: 60 MW}}\n"
    )
    case = load_case(file)
    assert (case.title, case.programme.cap.value, case.programme.window_quarters) == ("Mine", 5000, 4)
    assert case.sites["east"].grid.by_quarter(case.calendar)[0] == 60
    assert case.sites["east"].title == "East"
    assert [path.name for path in case.provenance.files] == ["case.yaml", "common.yaml"]


def test_a_chain_of_files_is_laid_one_over_the_other(write_case):
    write_case(name="base/case.yaml")
    write_case(
        name="middle/case.yaml",
        text="extends: ../base/case.yaml\ntitle: Middle\ndescription: from the middle\n",
    )
    case = load_case(write_case(text="extends: middle/case.yaml\ntitle: Top\n"))
    assert (case.title, case.description) == ("Top", "from the middle")


def test_a_mistake_is_shown_in_the_file_where_it_stands(write_case, problems_of):
    write_case({"grid: 80 MW": "grid: 80"}, name="common.yaml")
    file = write_case(text="extends: common.yaml\nprogramme: {cap: 0 CNY}\n")
    assert problems_of(file) == [
        "case.yaml:2:13: programme.cap: a budget of zero buys nothing; leave cap out for no limit",
        'common.yaml:31:5: sites.east.grid: needs a unit, e.g. "80 MW"',
    ]


def test_numbers_and_lists_are_replaced_as_a_whole(write_case):
    write_case({"grid: 80 MW": "grid: {2025-04-01: 80 MW, 2026-01-01: 90 MW}"}, name="common.yaml")
    file = write_case(text="extends: common.yaml\nsites: {east: {grid: {2025-07-01: 50 MW}}}\n")
    case = load_case(file)
    assert case.sites["east"].grid.by_quarter(case.calendar)[:4] == (0, 50, 50, 50)


def test_growth_can_be_laid_over_a_number(write_case):
    write_case(
        {"price: 1.2 CNY/Mtoken": "price: {value: 1.2 CNY/Mtoken, growth: 0 %/year}"}, name="common.yaml"
    )
    file = write_case(text="extends: common.yaml\nworkloads: {chat: {price: {growth: -50 %/year}}}\n")
    case = load_case(file)
    assert case.workloads["chat"].price.by_quarter(case.calendar)[4] == pytest.approx(0.6)


def test_null_takes_away_what_stands_below(write_case):
    write_case(name="common.yaml")
    case = load_case(
        write_case(text="extends: common.yaml\nprogramme: {cap: null}\nvariants: {boom: null}\n")
    )
    assert case.programme.cap is None
    assert case.variants == {}


def test_tables_are_found_beside_the_file_that_names_them(write_case, tmp_path):
    write_case({"grid: 80 MW": "grid: {csv: grid.csv, column: east, unit: MW}"}, name="base/case.yaml")
    (tmp_path / "base" / "grid.csv").write_text("date,east\n2025-04-01,70\n")
    case = load_case(write_case(text="extends: base/case.yaml\ntitle: Other\n"))
    assert case.sites["east"].grid.by_quarter(case.calendar)[0] == 70


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("case.yaml", "case.yaml:1:1: extends: extends itself in a circle: case.yaml → case.yaml"),
        ("./case.yaml", "case.yaml:1:1: extends: extends itself in a circle: case.yaml → case.yaml"),
        ("a.yaml", "b.yaml:1:1: extends: extends itself in a circle: case.yaml → a.yaml → b.yaml → a.yaml"),
    ],
)
def test_a_circle_of_extends_is_shown_with_its_chain(write_case, first, expected, problems_of):
    write_case(name="a.yaml", text="extends: b.yaml\n")
    write_case(name="b.yaml", text="extends: a.yaml\n")
    assert problems_of(write_case(text=f"extends: {first}\n")) == [expected]


@pytest.mark.parametrize(
    ("extends", "expected"),
    [
        ("nowhere.yaml", "case.yaml:1:1: extends: there is no file 'nowhere.yaml'"),
        ("5", "case.yaml:1:1: extends: is the path of another case file, e.g. ../common/case.yaml"),
        ("[a, b]", "case.yaml:1:1: extends: is the path of another case file, e.g. ../common/case.yaml"),
    ],
)
def test_what_cannot_be_extended_is_said(write_case, extends, expected, problems_of):
    assert problems_of(write_case(text=f"extends: {extends}\n")) == [expected]


def variant(write_case, settings: str):
    """Load the good case with a variant that sets something."""
    file = write_case({"{workloads.chat.demand: 4 tn token/day}": settings})
    return load_case(file, "boom")


def test_a_variant_sets_a_place_and_nothing_else(write_case):
    case = load_case(write_case(), "boom")
    plain = load_case(write_case())
    assert (
        case.workloads["chat"].demand.by_quarter(case.calendar)[0]
        == 2 * plain.workloads["chat"].demand.by_quarter(case.calendar)[0]
    )
    assert case.workloads["chat"].price == plain.workloads["chat"].price
    assert (case.provenance.variant, plain.provenance.variant) == ("boom", None)


def test_a_variant_may_give_a_plain_number_growth_and_changes(write_case):
    case = variant(
        write_case,
        "{workloads.chat.price.changes: {2025-10-01: -40 %}, workloads.chat.price.growth: 0 %/year}",
    )
    assert case.workloads["chat"].price.by_quarter(case.calendar)[:3] == pytest.approx((1.2, 1.2, 0.72))


def test_a_variant_may_change_steps_by_date(write_case):
    settings = "{sites.east.grid.2026-01-01: 85 MW, sites.east.grid.2026-07-01: 95 MW}"
    file = write_case(
        {
            "grid: 80 MW": "grid: {2025-04-01: 80 MW, 2026-01-01: 90 MW}",
            "{workloads.chat.demand: 4 tn token/day}": settings,
        }
    )
    case = load_case(file, "boom")
    assert case.sites["east"].grid.by_quarter(case.calendar)[2:6] == (80, 85, 85, 95)


def test_a_variant_may_add_an_optional_field_or_an_entry(write_case):
    case = variant(
        write_case,
        "{programme.floor: 1 bn CNY, offers.h20.supply.CN.fee: 15 %, solve.relative_gap: 0.01, "
        "exchange_rates.EUR: 8 CNY/EUR, offers.h20.supply.CN.status: banned}",
    )
    assert case.programme.floor.value == 1000
    assert case.offers["h20"].supply["CN"].fee.by_quarter(case.calendar)[0] == 0.15
    assert case.solve.relative_gap == 0.01
    assert "EUR" in case.exchange_rates


def test_a_variant_may_take_something_away_or_reach_into_a_list(write_case):
    settings = "{programme.cap: null, workloads.chat.tranches.1.price: 0.25}"
    tranches = "usable_share: 50 %\n    tranches: [{share: 50 %, price: 1}, {share: 50 %, price: 0.5}]"
    file = write_case(
        {
            "usable_share: 50 %": tranches,
            "{workloads.chat.demand: 4 tn token/day}": settings,
        }
    )
    case = load_case(file, "boom")
    assert case.programme.cap is None
    assert [tranche.price.value for tranche in case.workloads["chat"].tranches] == [1, 0.25]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("{offers.h21.lot: 5}", "offers.h21.lot: there is no 'h21' here; did you mean h20?"),
        ("{offers.h20.lott: 5}", "offers.h20.lott: there is no 'lott' here; did you mean lot?"),
        (
            "{workloads.chat.destinations.0: CN}",
            "workloads.chat.destinations.0: there is no 'destinations' here",
        ),
    ],
)
def test_a_place_that_does_not_exist_is_an_error_for_the_whole_case(
    write_case, settings, expected, problems_of
):
    file = write_case({"{workloads.chat.demand: 4 tn token/day}": settings})
    wanted = [f"case.yaml:67:11: variants.boom.set.{expected}"]
    assert problems_of(file) == wanted
    assert problems_of(file, "boom") == wanted


def test_a_wrong_value_in_a_variant_is_shown_where_it_was_written(write_case, problems_of):
    file = write_case({"4 tn token/day": "4 MW"})
    assert problems_of(file, "boom") == [
        "case.yaml:67:11: workloads.chat.demand: '4 MW' is not convertible to tn token/quarter"
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bom", "case.yaml:64:1: variants: there is no variant 'bom'; did you mean boom?"),
        ("xyz", "case.yaml:64:1: variants: there is no variant 'xyz'; there are boom"),
    ],
)
def test_an_unknown_variant_is_an_error_with_what_there_is(write_case, name, expected, problems_of):
    assert problems_of(write_case(), name) == [expected]


def test_a_case_without_variants_says_so(write_case, problems_of):
    file = write_case(
        {"variants:\n  boom:\n    title: More demand\n    set: {workloads.chat.demand: 4 tn token/day}\n": ""}
    )
    assert problems_of(file, "boom") == [
        "case.yaml:1:1: variants: there is no variant 'boom'; the case has none"
    ]
