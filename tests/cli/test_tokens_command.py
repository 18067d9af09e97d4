"""``capexpand tokens``: the same numbers as the Python function, and mistakes told clearly."""

import json
from dataclasses import asdict

import pytest
from typer.testing import CliRunner

from capexpand.cli.main import build_app
from capexpand.errors import CaseError
from capexpand.hardware.estimate import serve
from capexpand.hardware.specs import Load


def run(*words):
    return CliRunner().invoke(build_app(), ["tokens", *words])


def test_the_command_gives_the_numbers_of_the_function():
    words = (
        "deepseek-r1",
        "H20",
        "--count",
        "16",
        "--input",
        "2000",
        "--output",
        "300",
        "--tpot",
        "50ms",
        "--json",
    )
    result = run(*words)
    assert result.exit_code == 0
    load = Load(2000.0, 300.0, time_per_token_s=0.05)
    expected = asdict(serve("DeepSeek R1", "h20", chips=16, load=load))
    assert json.loads(result.stdout) == json.loads(json.dumps(expected))


def test_the_table_names_layout_and_bound():
    result = run("Qwen3 32B", "H20")
    assert result.exit_code == 0
    for words in ("tokens out", "layout", "bound by", "energy"):
        assert words in result.stdout


def test_what_does_not_fit_is_an_answer_and_not_an_error():
    result = run("Kimi K2", "L40S", "--json")
    assert result.exit_code == 0
    assert "does not fit" in json.loads(result.stdout)["reason"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("lama 3.1 8b", "H20"), "did you mean Llama 3.1 8B"),
        (("Llama 3.1 8B", "H21"), "did you mean"),
        (("Llama 3.1 8B", "H20", "--tpot", "50"), "write it as 50ms"),
        (("Llama 3.1 8B", "H20", "--count", "0"), "less than one chip"),
        (("Llama 3.1 8B", "H20", "--weights", "fp5"), "number format"),
        (("Llama 3.1 8B", "H20", "--layout", "XY3"), "not a layout"),
        (("Llama 3.1 8B", "H20", "--input", "-3"), "zero or more"),
        (("Llama 3.1 8B", "H20", "--suite", "magic"), "not one of"),
        (("Llama 3.1 8B",), "name a model and a chip"),
        (("--validate", "no-such-file.csv"), "cannot be read"),
    ],
)
def test_a_mistake_is_told_clearly(words, message):
    result = run(*words)
    assert isinstance(result.exception, CaseError)
    assert message in str(result.exception)


def test_validation_prints_one_object():
    found = json.loads(run("--validate", "--json").stdout)
    assert {"rows", "used", "median_abs_error", "p90_abs_error", "unused", "coverage"} <= set(found)
    assert found["rows"] == found["used"] + len(found["unused"])
    assert all(one["reason"] for one in found["unused"])


def test_validation_shows_tables():
    result = run("--validate")
    assert result.exit_code == 0
    assert "by chip" in result.stdout
