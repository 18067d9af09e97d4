"""The long tables hold the plan, with units, and say the same as each other."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from capexpand.reporting.context import ReportContext
from capexpand.reporting.tables import frames

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "tables.md"


@pytest.fixture(scope="module")
def tables(alibaba):
    return frames(ReportContext(alibaba))


def total(table, **wanted):
    """Sum the values of rows where each column has its wanted value."""
    for column, value in wanted.items():
        table = table.filter(pl.col(column) == value)
    assert table.height > 0
    return table["value"].sum()


def test_every_value_is_finite_and_has_a_unit(tables):
    for name, table in tables.items():
        assert table["unit"].null_count() == 0, name
        assert table["value"].drop_nulls().is_finite().all(), name


def test_no_row_stands_twice(tables):
    for name, table in tables.items():
        assert table.drop("value").is_duplicated().sum() == 0, name


def test_programme_is_total_less_base_in_every_line(tables):
    key = ["plan", "workload", "quarter", "quantity"]
    bases = {
        basis: tables["statements"]
        .filter(pl.col("basis") == basis)
        .select(*key, pl.col("value").alias(basis))
        for basis in ("programme", "base", "total")
    }
    joined = bases["programme"].join(bases["base"], on=key).join(bases["total"], on=key)
    assert joined.height == bases["total"].height
    difference = joined["total"] - joined["base"]
    assert joined["programme"].to_numpy() == pytest.approx(difference.to_numpy(), rel=1e-9, abs=10.0)


def test_what_is_committed_for_units_and_halls_is_in_the_statements(tables, alibaba):
    m = alibaba.result.plan.data
    halls = (alibaba.result.plan.power_ordered_mw * m.power.price).sum() * 1e6
    units = total(tables["orders"], plan="optimised", quantity="committed")
    stated = total(
        tables["statements"], plan="optimised", basis="total", workload="all", quantity="commitments"
    )
    assert units + halls == pytest.approx(stated)


def test_units_installed_are_those_of_the_plan(tables, alibaba):
    for name, plan in (("optimised", alibaba.result.plan), ("naive", alibaba.naive.plan)):
        installed = total(tables["units"], plan=name, quantity="installed")
        assert installed == pytest.approx(plan.installed.sum())


def test_power_of_what_serves_is_power_in_use(tables):
    served = total(tables["serving"], plan="optimised", quantity="power")
    assert served <= total(tables["capacity"], plan="optimised", quantity="in use") * (1 + 1e-9)


def test_tranches_sold_add_up_to_what_is_served(tables, alibaba):
    w = alibaba.result.plan.data.workloads
    for name, role in zip(w.names, w.roles, strict=True):
        if role != "obligation":
            sold = total(tables["sales"], plan="optimised", workload=name, quantity="sold")
            assert sold == pytest.approx(
                total(tables["sales"], plan="optimised", workload=name, quantity="served")
            )


def test_one_percent_more_of_the_grid_is_its_worth_times_a_hundredth_of_it(tables):
    grids = tables["shadow_prices"].filter(pl.col("kind") == "grid")
    wide = grids.pivot(on="quantity", index=["limit", "quarter"], values="value")
    assert wide["worth"].max() > 0.0
    gain = 0.01 * wide["worth"] * wide["amount"]
    assert wide["one percent more"].to_numpy() == pytest.approx(gain.to_numpy(), abs=1.0)


def test_tables_are_read_back_as_they_were_written(tables):
    for table in tables.values():
        parquet = io.BytesIO()
        table.write_parquet(parquet)
        parquet.seek(0)
        assert pl.read_parquet(parquet).equals(table)
        text = io.StringIO()
        table.write_csv(text)
        again = pl.read_csv(text.getvalue().encode(), schema=table.schema, try_parse_dates=True)
        assert again.drop("value").equals(table.drop("value"))
        assert np.allclose(again["value"].to_numpy(), table["value"].to_numpy(), rtol=1e-12, equal_nan=True)


def test_rows_of_zero_are_left_out_of_large_tables(tables):
    for name in ("orders", "units", "serving"):
        assert (tables[name]["value"] != 0.0).all(), name


def test_the_reference_names_every_table_column_and_quantity(tables):
    reference = REFERENCE.read_text("utf-8")
    for name, table in tables.items():
        assert f"## {name}" in reference
        section = reference.split(f"## {name}\n")[1].split("\n## ")[0]
        missing = [column for column in table.columns if f"`{column}`" not in reference]
        if "quantity" in table.columns:
            missing += [one for one in table["quantity"].unique() if f"`{one}`" not in section]
        elif "metric" in table.columns:
            missing += [one for one in table["metric"].unique() if f"`{one}`" not in section]
        assert missing == [], name
