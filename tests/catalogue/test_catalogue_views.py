from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from capexpand import catalogue
from capexpand.catalogue.reading import load_table

VIEWS = (
    catalogue.accelerators,
    catalogue.export_rules,
    catalogue.programmes,
    catalogue.actuals,
    catalogue.site_costs,
    catalogue.model_prices,
    catalogue.token_demand,
)
ANNOUNCEMENT = date(2025, 2, 24)
DAYS = st.dates(min_value=date(2018, 1, 1), max_value=date(2028, 1, 1))


def chip(name: str, as_of: date | None = None) -> catalogue.Accelerator | None:
    return next((row for row in catalogue.accelerators(as_of) if row.name == name), None)


def test_all_is_there_without_a_day():
    assert [len(view()) for view in VIEWS] == [43, 27, 42, 96, 154, 222, 27]


@given(day=DAYS, later=st.integers(min_value=0, max_value=2000))
def test_what_was_known_stays_known(day, later):
    after = day + timedelta(days=later)
    for view in VIEWS[2:]:
        assert set(view(day)) <= set(view(after))
    assert {row.name for row in catalogue.accelerators(day)} <= {
        row.name for row in catalogue.accelerators(after)
    }


@given(day=DAYS)
def test_nothing_that_became_known_later_is_seen(day):
    for view in VIEWS[1:]:
        assert all(row.known_on is not None and row.known_on <= day for row in view(day))
    for row in catalogue.accelerators(day):
        assert row.specification_known_on is not None
        assert row.specification_known_on <= day
        assert (row.unit_price_usd is None) == (row.price_known_on is None) == (row.price_source is None)
        assert row.price_known_on is None or row.price_known_on <= day


def test_an_unknown_day_counts_as_later_than_any():
    unknown = [row for row in catalogue.site_costs() if row.known_on is None]
    assert unknown
    assert not set(unknown) & set(catalogue.site_costs(date.max))


def test_a_chip_is_seen_before_its_price():
    before, after = chip("H20 96GB", ANNOUNCEMENT), chip("H20 96GB", date(2026, 7, 9))
    assert before is not None
    assert after is not None
    assert (before.unit_price_usd, before.price_date, before.price_source) == (None, None, None)
    assert before.memory_gb == 96
    assert after.unit_price_usd == 11000


def test_a_chip_of_the_next_year_is_not_seen():
    assert chip("T-Head Zhenwu 810E (PPU)", ANNOUNCEMENT) is None
    assert chip("T-Head Zhenwu 810E (PPU)") is not None


def test_the_quarter_that_the_news_speaks_of_was_published_before_it():
    seen = {row.metric: row.value for row in catalogue.actuals(ANNOUNCEMENT) if row.quarter_end.year == 2024}
    assert seen["cloud_revenue"] == 31742
    assert seen["total_revenue"] == 280154
    assert not any(row.quarter_end > date(2024, 12, 31) for row in catalogue.actuals(ANNOUNCEMENT))


def test_the_end_of_a_rule_is_not_seen_before_it_was_announced():
    def end(as_of: date) -> tuple[date | None, str]:
        rules = {rule.rule_id: rule for rule in catalogue.export_rules(as_of)}
        return rules["2022-10_3A090_original"].ended_on, rules["2022-10_3A090_original"].ended_by

    assert end(date(2023, 10, 16)) == (None, "")
    assert end(date(2023, 10, 17)) == (date(2023, 11, 17), "2023-10_3A090a1")


def test_a_price_list_for_a_day_to_come_was_known_when_it_was_published():
    row = next(
        r for r in catalogue.model_prices() if r.model == "claude-sonnet-5" and r.date == date(2026, 9, 1)
    )
    assert row.known_on == date(2026, 8, 5)


def test_a_table_is_read_once():
    assert load_table("actuals") is load_table("actuals")
