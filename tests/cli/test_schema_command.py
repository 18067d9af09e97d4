"""The JSON Schema agrees with what is loaded, as an independent validator says: only good cases fit."""

import json
from pathlib import Path

import pytest

from capexpand.api.starting import schema as case_schema
from capexpand.case.document import plain, read_document
from capexpand.cli.main import main

jsonschema = pytest.importorskip("jsonschema", reason="needs an independent validator of JSON Schema")

CASES = Path(__file__).parents[2] / "cases"
STARTER = Path(__file__).parents[2] / "src" / "capexpand" / "case" / "starter.yaml"


@pytest.fixture(scope="module")
def validator():
    """Return a validator for the printed schema."""
    schema = case_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(
    "file", [STARTER, *sorted(CASES.glob("*/case.yaml"))], ids=lambda file: file.parent.name
)
def test_a_case_that_loads_fits_the_schema(validator, file):
    assert [error.message for error in validator.iter_errors(plain(read_document(file)))] == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda case: case.update(sitez={}),
        lambda case: case["sites"]["north"].update(grid=80),
        lambda case: case["sites"]["north"].update(grid={"value": "80 MW", "sorce": "x"}),
        lambda case: case["workloads"]["chat"].update(role="extern"),
        lambda case: case["calendar"].update(quarters=0),
        lambda case: case.update(as_of="today"),
        lambda case: case.pop("currency"),
    ],
)
def test_a_spoilt_case_does_not_fit(validator, spoil):
    case = plain(read_document(STARTER))
    spoil(case)
    assert list(validator.iter_errors(case))


def test_a_bare_number_fits_where_no_unit_is_due(validator):
    case = plain(read_document(STARTER))
    case["sites"]["north"]["power_usage_effectiveness"] = 1.2
    case["offers"]["imported"]["stock"] = {"value": 500, "source": "a letter"}
    assert list(validator.iter_errors(case)) == []


def test_a_file_that_extends_another_may_leave_things_out(validator):
    part = {
        "extends": "../common.yaml",
        "sites": {"north": {"grid": {"csv": "grid.csv", "column": "north", "unit": "MW"}}},
    }
    assert list(validator.iter_errors(part)) == []


def test_schema_prints_one_json_object(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["capexpand", "schema"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == case_schema()
