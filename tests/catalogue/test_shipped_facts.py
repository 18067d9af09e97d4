import csv
import re
from datetime import date, timedelta

import pytest

from capexpand.catalogue import accelerators, actuals, export_rules, programmes, site_costs
from capexpand.catalogue.columns import UNIT_TEXTS
from capexpand.catalogue.reading import DATA_FOLDER, load_table
from capexpand.catalogue.tables import TABLES
from capexpand.units import UnitError, parse_unit

NAMES = [table.name for table in TABLES]

# No case file can use it: words are no tokens.
WITHOUT_A_QUANTITY = {"words_per_day"}


def cells(name: str) -> list[tuple[int, str, str]]:
    with (DATA_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [
            (line, column, cell)
            for line, row in enumerate(csv.DictReader(file), start=2)
            for column, cell in row.items()
        ]


@pytest.mark.parametrize("name", NAMES)
def test_no_quoted_sentence_is_in_a_table(name):
    assert "quote" not in {column for _, column, _ in cells(name)}
    quoted = re.compile(r'["“”„«»]|\.\.\.|…')
    assert [(line, column) for line, column, cell in cells(name) if quoted.search(cell)] == []


@pytest.mark.parametrize("name", NAMES)
def test_only_titles_are_in_another_script(name):
    other = [
        (line, column)
        for line, column, cell in cells(name)
        if re.search(r"[\u0370-\u1fff\u2e80-\uffef]", cell)
    ]
    assert [place for place in other if place[1] != "source_title"] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_row_has_a_source_with_a_place_in_it(name):
    for row in load_table(name):
        assert row.source.title
        assert row.source.place
        assert row.source.url or (row.source.kind == "general_knowledge" and not row.source.verified)


@pytest.mark.parametrize("unit", sorted(set(UNIT_TEXTS) - WITHOUT_A_QUANTITY))
def test_units_are_those_of_case_files(unit):
    parse_unit(UNIT_TEXTS[unit])


@pytest.mark.parametrize("unit", sorted(WITHOUT_A_QUANTITY))
def test_units_said_not_to_be_those_of_case_files_are_not(unit):
    with pytest.raises(UnitError):
        parse_unit(UNIT_TEXTS[unit])


def test_an_estimated_publication_is_sixty_days_after_the_quarter():
    estimated = [row for row in actuals() if row.known_on_estimated]
    assert len(estimated) > 20
    assert {row.known_on - row.quarter_end for row in estimated} == {timedelta(days=60)}


def test_a_stated_publication_is_after_the_quarter():
    assert all(row.known_on > row.quarter_end for row in actuals())


def test_no_bare_year_of_general_knowledge_pretends_to_a_date():
    bare = [row for row in site_costs() if len(row.year) == 4 and row.source.kind == "general_knowledge"]
    assert {row.known_on for row in bare} == {None}


def test_a_forecast_was_known_when_it_was_made():
    (forecast,) = [row for row in load_table("token_demand") if row.date.year == 2030]
    assert forecast.known_on == date(2026, 5, 15)


def test_what_a_rule_ends_and_by_which_is_in_the_table():
    rules = {rule.rule_id: rule for rule in export_rules()}
    ended = [rule for rule in rules.values() if rule.ended_by]
    assert len(ended) == 5
    assert [rule.rule_id for rule in ended if rule.ended_by not in rules] == []


def test_a_racks_performance_is_not_said_to_be_read():
    rack = next(row for row in accelerators() if row.name == "GB200 NVL72 rack")
    assert {"dense_fp16_tflops", "memory_gb", "tdp_w"} <= set(rack.unverified_fields)


def test_a_density_computed_from_an_unverified_area_is_unverified():
    for row in accelerators():
        if "die_area_mm2" in row.unverified_fields and row.performance_density is not None:
            assert "performance_density" in row.unverified_fields


def test_both_readings_of_the_announced_amount_are_kept():
    """One report gives 380 billion yuan as the amount, the other as a floor; neither replaces the other."""
    rows = [
        row for row in programmes() if row.announced_date == date(2025, 2, 24) and row.company == "Alibaba"
    ]
    kinds = {(row.amount, row.currency, row.amount_kind) for row in rows}
    assert {(380e9, "CNY", "total"), (380e9, "CNY", "floor"), (53e9, "USD", "total")} == kinds


def test_exchange_rates_that_disagree_are_all_kept():
    rates = {row.value for row in site_costs() if row.metric == "fx_rate"}
    assert rates == {7.1698, 7.2578, 7.2993, 6.8036}


def test_the_news_reports_are_named_with_the_paragraph():
    reports = {
        (row.source.title, row.source.place) for row in programmes() if row.source.kind == "news_report"
    }
    assert len(reports) == 4
    assert all("2025-02-24" in title and "paragraph" in place for title, place in reports)
