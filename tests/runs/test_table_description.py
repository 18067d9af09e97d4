"""The tables of a run folder are described, column by column, as a Frictionless data package."""

import csv
import json
from datetime import date
from io import StringIO

import polars as pl
import pytest

from capexpand.runs.folder import table_files

FRAMES = {
    "capacity": pl.DataFrame(
        {"site": ["north"], "quarter": [date(2025, 4, 1)], "value": [1.5], "unit": ["MW"], "held": [True]}
    ),
    "chips": pl.DataFrame({"name": ["=A"], "power_kw": [0.7], "count": [8]}),
}


@pytest.fixture
def package():
    return json.loads(table_files(FRAMES)["tables/datapackage.json"])


def test_every_table_has_a_resource_with_the_columns_of_its_file(package):
    files = table_files(FRAMES)
    assert [resource["path"] for resource in package["resources"]] == ["capacity.csv", "chips.csv"]
    for resource in package["resources"]:
        text = files[f"tables/{resource['path']}"].decode()
        assert next(csv.reader(StringIO(text))) == [field["name"] for field in resource["schema"]["fields"]]


def test_columns_say_their_type_their_unit_and_what_they_mean(package):
    capacity, chips = (
        {field["name"]: field for field in r["schema"]["fields"]} for r in package["resources"]
    )
    assert [capacity[name]["type"] for name in capacity] == ["string", "date", "number", "string", "boolean"]
    assert capacity["value"]["unitField"] == "unit"
    assert "first day of the quarter" in capacity["quarter"]["description"]
    assert chips["power_kw"]["unit"] == "kW"
    assert chips["count"]["type"] == "integer"


def test_without_tables_there_is_nothing_to_describe():
    assert table_files({}) == {}
