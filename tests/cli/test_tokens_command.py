"""``capexpand tokens``: the same numbers as the Python function, and mistakes told clearly."""

import json
from dataclasses import asdict

import pytest

from capexpand.errors import CaseError
from capexpand.hardware.estimate import ServingQuestion, serve
from capexpand.hardware.specs import Load
from commands import answered, invoke


def run(*words):
    return invoke("tokens", *words)


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
    expected = asdict(serve(ServingQuestion("DeepSeek R1", "h20", chips=16, load=load)))
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
        (("Llama 3.1 8B", "H200 PCIe"), "did you mean H200"),
        (("Llama 2 70B", "H100", "--input", "200000"), "context ends at 4,096"),
        (("Llama 2 70B", "H100", "--layout", "TP8xPP2"), "takes 16 chips, and 8 are to be used"),
        (("Llama 2 70B", "H100", "--layout", "TP3"), "64 attention heads unevenly"),
        (("Llama 3.1 8B", "H20", "--software", "soon"), "write it as 2026-06-30"),
        (("Llama 3.1 8B", "H20", "--hourly-price", "-1"), "zero or more"),
        (("Llama 3.1 8B", "H20", "--draft", "3", "--acceptance", "1.5"), "between 0 and 1"),
        (("Llama 3.1 8B", "H20", "--draft", "3"), "--acceptance 0.7"),
        (("Llama 3.1 8B", "H20", "--acceptance", "0.7"), "--draft 3"),
        (("Llama 3.1 8B", "H20", "--picture", "out.svg"), "add one of them"),
        (("Llama 3.1 8B", "H20", "--config", "config.json"), "'Llama 3.1 8B' is given too"),
        (("Llama 3.1 8B", "H20", "--chip", "own.yaml"), "'H20' is given too"),
        (("own/config.json", "H20"), "write --config own/config.json"),
        (("Llama 3.1 8B", "own.yml"), "write --chip own.yml"),
        (("--validate", "no-such-file.csv"), "there is no such file"),
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


def test_costs_add_up_to_the_price_of_the_chips():
    """Input, cached and output tokens of an hour at their costs are the price of eight chips for an hour.

    Sensitivity: with cached tokens at the price of computed ones the sum would be too large.
    """
    words = ("Llama 3.1 8B", "H100", "--cached", "0.5", "--hourly-price", "2", "--json")
    found = json.loads(run(*words).stdout)
    costs = found["costs"]
    read = found["input_tokens_per_s"] * 3600 / 1e6
    written = found["output_tokens_per_s"] * 3600 / 1e6
    spent = read / 2 * (costs["per_million_input"] + costs["per_million_cached"])
    assert spent + written * costs["per_million_output"] == pytest.approx(16.0)


def test_the_curve_trades_chips_against_users(tmp_path):
    words = (
        "DeepSeek R1",
        "H200",
        "--count",
        "16",
        "--pareto",
        "--picture",
        str(tmp_path / "trade.svg"),
        "--json",
    )
    points = json.loads(run(*words).stdout)["points"]
    users = [one["tokens_per_user_s"] for one in points]
    chips = [one["tokens_per_chip_s"] for one in points]
    assert len(points) > 5
    assert users == sorted(users)
    assert chips == sorted(chips, reverse=True)
    assert (tmp_path / "trade.svg").read_text(encoding="utf-8").startswith("<svg")


def test_software_for_a_new_chip_is_immature():
    early, late = (
        json.loads(run("DeepSeek R1", "GB300", "--count", "72", "--software", day, "--json").stdout)
        for day in ("2025-09-01", "2026-09-01")
    )
    assert early["output_tokens_per_s"] < late["output_tokens_per_s"]
    assert early["low"] < 1 < early["high"]


def test_a_draft_speeds_a_lonely_user_up():
    plain, drafted = (
        json.loads(run("DeepSeek R1", "H200", "--tpot", "20ms", *more, "--json").stdout)
        for more in ((), ("--draft", "3", "--acceptance", "0.7"))
    )
    assert drafted["output_tokens_per_s"] > plain["output_tokens_per_s"]


def test_ones_own_configuration_and_chip_are_read(tmp_path):
    """Llama 3.1 8B and the H100 written down anew serve what the catalogue's serve."""
    config = {
        "num_hidden_layers": 32,
        "hidden_size": 4096,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "intermediate_size": 14336,
        "vocab_size": 128256,
        "tie_word_embeddings": False,
        "mamba_d_state": 16,
        "max_position_embeddings": 131072,
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    sheet = "\n".join(
        (
            "name: my chip",
            "family: hopper",
            "fp16_tflops: 989.4",
            "fp8_tflops: 1979",
            "int8_tops: 1979",
            "memory_gb: 80",
            "memory_bandwidth_gb_per_s: 3350",
            "interconnect_gb_per_s: 900",
            "power_w: 700",
        )
    )
    (tmp_path / "chip.yaml").write_text(sheet, encoding="utf-8")
    result = run("--config", str(tmp_path / "config.json"), "--chip", str(tmp_path / "chip.yaml"), "--json")
    assert "mamba_d_state" in result.stderr
    own, known = json.loads(result.stdout), json.loads(run("Llama 3.1 8B", "H100", "--json").stdout)
    assert own["output_tokens_per_s"] == pytest.approx(known["output_tokens_per_s"])
    longer = run("--config", str(tmp_path / "config.json"), "H100", "--input", "131072", "--output", "1")
    assert "max_position_embeddings is 131,072" in str(longer.exception)


def test_mistakes_in_ones_own_chip_are_all_told(tmp_path):
    (tmp_path / "chip.yaml").write_text("fp16_tflops: fast\nwings: 2\n", encoding="utf-8")
    result = run("Llama 3.1 8B", "--chip", str(tmp_path / "chip.yaml"))
    message = str(result.exception)
    for words in ("'wings' is no figure", "memory_gb is missing", "'fast', not a number"):
        assert words in message


def test_a_calibration_moves_answers_to_ones_own_level(tmp_path):
    """Three runs at half of what is computed: with one row of error zero the level is 0.5^(3/4) and more.

    Sensitivity: without the levels of the chip and the model it would be 0.5^0.75 = 0.595.
    """
    computed = json.loads(run("Llama 3.1 8B", "H100", "--count", "1", "--json").stdout)["output_tokens_per_s"]
    rows = [
        {
            "model_id": "Llama 3.1 8B",
            "chip": "H100",
            "chips": 1,
            "output_throughput": computed / 2,
            "completed": 1000,
            "total_input_tokens": 1_024_000,
            "total_output_tokens": 1_024_000,
        }
    ] * 3
    (tmp_path / "runs.json").write_text(json.dumps(rows), encoding="utf-8")
    out = tmp_path / "own.json"
    found = answered("calibrate", tmp_path / "runs.json", "--out", out)
    assert found["after"] < found["left_out"] < found["before"]
    words = ("Llama 3.1 8B", "H100", "--count", "1", "--calibration", str(out), "--json")
    answer = json.loads(run(*words).stdout)
    assert answer["evidence"] == "calibrated"
    assert answer["output_tokens_per_s"] == pytest.approx(computed * 0.5 ** (0.75 + 0.1875 + 0.046875))


def test_benchmarks_of_several_makers_are_read_as_they_are_written(tmp_path):
    """genai-perf keeps settings in ``input_config`` and means in ``avg``, SGLang in ``server_info``.

    Neither names the chip, which the command adds.
    """
    genai = {
        "output_token_throughput": {"unit": "tokens/sec", "avg": 3900.0},
        "input_sequence_length": {"unit": "tokens", "avg": 1000.0},
        "output_sequence_length": {"unit": "tokens", "avg": 500.0},
        "input_config": {
            "model": ["Qwen/Qwen2.5-72B-Instruct"],
            "perf_analyzer": {"stimulus": {"concurrency": 64}},
        },
    }
    sglang = (
        '{"backend": "sglang", "request_rate": Infinity, "completed": 1000, "max_concurrency": 64, '
        '"total_input_tokens": 1000000, "total_output_tokens": 500000, "output_throughput": 3900.0, '
        '"server_info": {"model_path": "Qwen/Qwen2.5-72B-Instruct"}}\n'
    )
    (tmp_path / "genai.json").write_text(json.dumps(genai), encoding="utf-8")
    (tmp_path / "sglang.jsonl").write_text(sglang * 2, encoding="utf-8")
    words = ["--chip", "H100", "--count", "8", "--weights", "fp8", "--json"]
    found = [invoke("calibrate", tmp_path / name, *words) for name in ("genai.json", "sglang.jsonl")]
    first, second = (json.loads(one.stdout) for one in found)
    assert (first["rows"], second["rows"]) == (1, 2)
    assert first["before"] == pytest.approx(second["before"])
    bare = invoke("calibrate", tmp_path / "genai.json")
    assert bare.exit_code == 1
    assert "does not name its chip" in str(bare.exception)


def test_a_training_run_is_told_by_command():
    words = ["train", "Llama 3.1 405B", "H100", "--chips", "16384", "--tokens", "15.6e12"]
    found = answered(*words)
    assert found["chip_hours"] == pytest.approx(30.84e6, rel=0.1)
    longer = answered(*words, "--context", "131072")
    assert longer["days"] > found["days"]
    interrupted = answered(*words, "--goodput", "0.45")  # twice the time, where 0.9 is usual
    assert interrupted["days"] == pytest.approx(2 * found["days"])
