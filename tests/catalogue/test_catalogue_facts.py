from datetime import date

import pytest

from capexpand.catalogue import accelerator_fact, fact, find_accelerator
from capexpand.catalogue.tables import TABLES
from capexpand.errors import CaseError

ANNOUNCEMENT = date(2025, 2, 24)
CHINA_BUILD = {"metric": "build_cost_per_it_mw", "region": "China", "year": "2026"}


def message(*args: object, **keywords: object) -> str:
    with pytest.raises(CaseError) as caught:
        fact(*args, **keywords)
    return str(caught.value)


def test_a_fact_carries_value_unit_and_source():
    found = fact("sites_costs", CHINA_BUILD, field="value")
    assert (found.value, found.unit, found.quantity) == (7_100_000, "USD/MW", "7100000.0 USD/MW")
    assert (found.verified, found.source_kind, found.known_on) == (True, "secondary", date(2026, 7, 9))
    assert found.source.url == "public-file:55088314811"


def test_a_price_has_the_source_of_the_price():
    price = fact("accelerators", "H800 SXM5 80GB", field="unit_price_usd", as_of=ANNOUNCEMENT)
    memory = fact("accelerators", "H800 SXM5 80GB", field="memory_gb", as_of=ANNOUNCEMENT)
    assert (price.value, price.unit, price.known_on) == (33800, "USD", date(2025, 2, 21))
    assert "viperatech" in price.source.place
    assert (memory.value, memory.unit, memory.known_on) == (80, "GB", date(2023, 3, 21))
    assert memory.source != price.source


def test_a_figure_that_its_source_does_not_cover_is_unverified():
    assert not fact("accelerators", "A800 SXM4 80GB", field="memory_gb").verified
    assert fact("accelerators", "A800 SXM4 80GB", field="memory_bandwidth_gb_per_s").verified


def test_a_part_of_the_name_will_do_where_one_row_fits():
    assert fact("accelerators", "910c", field="memory_gb").row == "Ascend 910C"


def test_a_name_that_fits_two_rows_lists_them():
    text = message("accelerators", "H20", field="memory_gb")
    assert text == "name 'H20' fits 2 rows of accelerators: H20 96GB; H20 141GB; write more of the key"


def test_a_row_that_became_known_later_does_not_make_a_name_ambiguous():
    """The 141 GB version came in February 2025; in January the name could mean one chip only."""
    assert fact("accelerators", "H20", field="memory_gb", as_of=date(2025, 1, 1)).value == 96


@pytest.mark.parametrize(
    ("table", "row", "field", "text"),
    [
        (
            "accelerators",
            "H20 96GB",
            "unit_price_usd",
            "unit_price_usd of H20 96GB became known on 2026-07-09",
        ),
        (
            "accelerators",
            "B30A",
            "tdp_w",
            "nobody recorded when tdp_w of B30A became known, so it counts as later",
        ),
        (
            "sites_costs",
            {"metric": "wacc", "region": "US hyperscaler"},
            "value",
            "nobody recorded when value of",
        ),
        ("sites_costs", CHINA_BUILD, "value", "50 MW benchmark became known on 2026-07-09, after 2025-02-24"),
    ],
)
def test_what_became_known_later_is_not_told_but_the_day_is(table, row, field, text):
    assert text in message(table, row, field=field, as_of=ANNOUNCEMENT)
    assert fact(table, row, field=field).value > 0


def test_a_figure_that_nobody_has_is_not_said_to_come_later():
    text = "the catalogue has no unit_price_usd of TPU v5e"
    assert message("accelerators", "TPU v5e", field="unit_price_usd") == text
    assert message("accelerators", "TPU v5e", field="unit_price_usd", as_of=ANNOUNCEMENT) == text


@pytest.mark.parametrize(
    ("table", "row", "field", "text"),
    [
        ("acelerators", "H20", "tdp_w", "no table 'acelerators'; did you mean accelerators?"),
        ("accelerators", "H20 96GB", "memorygb", "no figure 'memorygb'; did you mean memory_gb?"),
        ("accelerators", "H21", "memory_gb", "no row name 'H21'; did you mean"),
        ("export_rules", "2023-10_3A090a", "tpp_min", "did you mean 2023-10_3A090a"),
        ("sites_costs", {"metrc": "pue"}, "value", "no key column 'metrc'; did you mean metric?"),
        ("sites_costs", {"metric": "pue", "region": "Malaisia"}, "value", "did you mean Malaysia?"),
        ("sites_costs", {}, "value", "a row of sites_costs is named by metric, region, year, item"),
        (
            "sites_costs",
            {"metric": "pue"},
            "value",
            "metric 'pue' fits 5 rows of sites_costs: metric pue, region",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_says_what_may_be_meant(table, row, field, text):
    assert text in message(table, row, field=field)


def test_a_long_list_of_rows_is_cut():
    assert "; and " in message("sites_costs", {"metric": "gpu_rental_on_demand"}, field="value")


@pytest.mark.parametrize("year", [2026, "2026"])
def test_a_year_may_be_a_number_or_a_text(year):
    assert fact("sites_costs", CHINA_BUILD | {"year": year}, field="value").value == 7_100_000


@pytest.mark.parametrize("day", [date(2024, 12, 31), "2024-12-31"])
def test_a_day_may_be_a_date_or_a_text(day):
    key = {"company": "Alibaba", "quarter_end": day, "metric": "cloud_revenue"}
    found = fact("actuals", key, field="value", as_of=ANNOUNCEMENT)
    assert (found.value, found.unit, found.known_on_estimated) == (31742, "mn CNY", False)


@pytest.mark.parametrize("amount", [380e9, "380,000,000,000", 380_000_000_000])
def test_an_amount_may_be_written_in_any_way(amount):
    key = {"company": "Alibaba", "announced_date": "2025-02-24", "amount": amount, "amount_kind": "floor"}
    assert fact("programmes", key, field="amount", as_of=ANNOUNCEMENT).unit == "CNY"


def test_an_amount_that_is_no_number_fits_no_row():
    assert "no row" in message("programmes", {"company": "Alibaba", "amount": "a lot"}, field="amount")


def test_a_text_names_the_first_key_column():
    assert "fits" in message("programmes", "Alibaba", field="amount")
    assert fact("programmes", "Amazon", field="amount", as_of=ANNOUNCEMENT).value == 100e9


def test_facts_of_a_chip_are_those_that_a_reference_finds():
    row = find_accelerator("Ascend 910B")
    for field in next(table for table in TABLES if table.name == "accelerators").figures:
        found = accelerator_fact(row, field)
        assert (found is None) == (getattr(row, field) is None)
        assert found is None or found == fact("accelerators", row.name, field=field)


def test_a_chip_has_no_figure_of_an_unknown_name():
    with pytest.raises(CaseError, match="no figure 'tdp'"):
        accelerator_fact(find_accelerator("Ascend 910B"), "tdp")
