"""The commands of replay, from the files that a user has to what they print."""

import csv
import io
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numba
import pytest

import capexpand as cx
from capexpand.errors import CaseError
from capexpand.replay.compiled import announce_compilation, forget_stale_code
from commands import answered, printed

STEP = {"base_s": 0.01, "per_prefill_token_s": 1e-4, "per_cached_token_s": 1e-7, "per_sequence_s": 5e-5}


@pytest.fixture
def files(tmp_path):
    """Write a small fleet, a replica, and a trace of each kind."""
    (tmp_path / "fleet.csv").write_text("offer,units,accelerators,model\nold,2,4,P\nnew,2,8,H\n")
    (tmp_path / "replicas.json").write_text(
        json.dumps({"replicas": [STEP | {"name": "r", "cost_per_hour": 2, "memory_tokens": 20_000}]})
    )
    rows = "".join(f"{i},{5 + i % 7},{1 + i % 3},t{i % 2},{i % 2}\n" for i in range(200))
    (tmp_path / "jobs.csv").write_text("arrival_s,duration_s,accelerators,tenant,priority\n" + rows)
    rows = "".join(f"{0.2 * i},{100 + i % 300},{5 + i % 50}\n" for i in range(200))
    (tmp_path / "requests.csv").write_text("arrival_s,prompt_tokens,output_tokens\n" + rows)
    return tmp_path


def test_jobs_are_replayed_and_the_derating_is_written(files):
    command = ("replay", "--trace", files / "jobs.csv", "--fleet", files / "fleet.csv", "--backfill")
    document = answered(*command, "--load", "1.2", "--out", files / "derating.json")
    assert document["jobs"] == 200
    assert document["load"] == pytest.approx(1.2)
    assert {one["offer"] for one in document["deratings"]} == {"all", "old", "new"}
    assert sum(one["jobs"] for one in document["by_tenant"]) == 200
    assert json.loads((files / "derating.json").read_text())["deratings"] == document["deratings"]
    text = printed(*command, "--order", "priority", "--preempt")
    assert "by tenant" in text
    assert "utilisation" in text


def test_seeds_of_a_random_placement_are_the_same_with_any_engine(files):
    """Jobs of one to three accelerators on nodes of four and eight: where they are put differs by seed."""
    asked = {"trace": files / "jobs.csv", "fleet": files / "fleet.csv", "placement": "random", "load": 1.2}
    found = cx.replay(**asked, seeds=4, workers=1).document
    assert [row["seed"] for row in found["by_seed"]] == [0, 1, 2, 3]
    assert len({row["wait_s_mean"] for row in found["by_seed"]}) > 1
    alone = cx.replay(**asked).document
    assert {name: value for name, value in found.items() if name != "by_seed"} == alone
    assert found["by_seed"][0]["wait_s_mean"] == alone["wait_s"]["mean"]
    with ThreadPoolExecutor(2) as executor:
        assert cx.replay(**asked, seeds=4, on=executor).document == found
    assert cx.replay(**asked, seeds=4, workers=2).document == found


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"seeds": 2}, "--seeds: nothing is drawn here"),
        ({"seeds": 0}, "--seeds: 1 or more, not 0"),
        ({"seeds": 2, "placement": "random", "out": "d.json"}, "--seeds: 1 with --out"),
    ],
)
def test_seeds_that_say_nothing_are_refused(files, more, message):
    with pytest.raises(CaseError, match=message):
        cx.replay(trace=files / "jobs.csv", fleet=files / "fleet.csv", **more)


def test_requests_are_replayed_against_a_promise(files):
    command = ("replay", "--trace", files / "requests.csv", "--replicas", files / "replicas.json")
    document = answered(*command, "--slo", "ttft=1s", "--count", "2")
    assert document["requests"] == 200
    assert document["kept_fraction"] == 1.0
    assert document["highest_load_per_s"] > 5
    assert document["deratings"][0]["offer"] == "r"
    assert answered(*command)["deratings"] == []


def test_replicas_are_computed_from_a_model_and_a_chip(files):
    computed = ("--model", "Llama 3.1 8B", "--chip", "H100")
    command = ("replay", "--trace", files / "requests.csv", *computed, "--slo", "ttft=1s")
    document = answered(*command)
    assert document["replica"].startswith("Llama 3.1 8B on H100")
    assert document["kept_fraction"] == 1.0
    chips = ("--model", "Llama 3.1 8B", "--chip", "H100=2.5", "--chip", "H20=0.9")
    sized = answered("size", files / "requests.csv", *chips, "--slo", "ttft=1s", "--most", "2")
    assert sized["best"]["kind"] == "Llama 3.1 8B on H20 TP1"
    assert sized["best"]["cost_per_hour"] == pytest.approx(0.9)


def test_a_fleet_is_sized(files):
    command = ("size", files / "requests.csv", "--replicas", files / "replicas.json", "--slo", "ttft=1s")
    document = answered(*command, "--most", "8")
    assert document["best"]["replicas"] >= 1
    assert document["candidates"] == 200
    assert "Cheapest fleet" in printed(*command, "--most", "4")


def test_traces_are_listed_and_described(files):
    listed = answered("traces")["formats"]
    assert {"azure", "mooncake", "slurm", "philly"} <= {one["name"] for one in listed}
    assert "CC-BY-4.0" in printed("traces")
    (files / "AzureLLMInferenceTrace_x.csv").write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,5,6\n2023-11-16 18:15:47,0,6\n"
    )
    (files / "philly.csv").write_text("a,b\n1,2\n")
    found = answered("traces", files)["traces"]
    assert [one["format"] for one in found] == ["azure", "philly"]
    assert "1 of 2 rows left out" in found[0]["left_out"]
    assert "lacks the columns" in found[1]["problem"]
    assert "azure" in printed("traces", files)


def test_a_mistake_of_the_user_is_a_message(files):
    jobs, requests = files / "jobs.csv", files / "requests.csv"
    fleet, replicas = files / "fleet.csv", files / "replicas.json"
    wrong = {
        ("replay", "--trace", jobs): "need a fleet",
        ("replay", "--trace", requests): "need a replica",
        ("replay", "--trace", requests, "--replicas", replicas, "--chip", "H20"): "give one of both",
        ("size", requests, "--slo", "ttft=1s"): "--replicas, or --model and --chip",
        (
            "size",
            requests,
            "--slo",
            "ttft=1s",
            "--model",
            "Llama 3.1 8B",
            "--chip",
            "H20=x",
        ): "no price above 0",
        ("replay", "--trace", jobs, "--fleet", fleet, "--order", "x"): "--order: unknown 'x'",
        ("replay", "--trace", jobs, "--fleet", fleet, "--preempt"): "priority order",
        ("replay", "--trace", jobs, "--fleet", fleet, "--load", "0"): "above 0",
        (
            "size",
            jobs,
            "--replicas",
            replicas,
            "--slo",
            "ttft=1s",
        ): "expected a request trace, got a job trace",
        ("size", requests, "--replicas", replicas, "--slo", "ttft=1s", "--load", "0"): "above 0",
        ("reproduce", "mooncake", "--traces", files): r"no \*_trace",
        ("reproduce", "fgd", "--traces", files): "no openb_node_list",
        ("traces", files / "none"): "no such folder",
    }
    for arguments, message in wrong.items():
        with pytest.raises(CaseError, match=message):
            printed(*arguments)


def write_small_fgd(folder):
    (folder / "openb_node_list_gpu_node.csv").write_text(
        "sn,cpu_milli,memory_mib,gpu,model\n" + "".join(f"n{i},64000,262144,8,A\n" for i in range(4))
    )
    rows = "".join(f"p{i:03},4000,1000,1,{[300, 500, 1000][i % 3]}\n" for i in range(40))
    (folder / "openb_pod_list_tiny.csv").write_text("name,cpu_milli,memory_mib,num_gpu,gpu_milli\n" + rows)


def test_the_table_of_fgd_is_written_for_every_workload_found(tmp_path):
    write_small_fgd(tmp_path)
    out = tmp_path / "out" / "fgd.csv"
    command = ("reproduce", "fgd", "--traces", tmp_path, "--csv", out, "--seeds", "2", "--json")
    rows = json.loads(printed(*command).splitlines()[-1])["rows"]
    written = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [row["policy"] for row in written] == [
        "Random",
        "DotProd",
        "GpuClustering",
        "GpuPacking",
        "BestFit",
        "FGD",
    ]
    assert {row["workload"] for row in written} == {"tiny"}
    assert all(0 < float(row["alloc_pct_at_100"]) <= 100 for row in written)
    assert [row["alloc_pct_at_100"] for row in rows] == [float(row["alloc_pct_at_100"]) for row in written]
    with pytest.raises(CaseError, match="unknown workload"):
        printed("reproduce", "fgd", "--traces", tmp_path, "--workload", "z")


def test_the_tables_of_mooncake_and_vllm_are_printed(tmp_path):
    line = {"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [1, 2]}
    (tmp_path / "x_trace.jsonl").write_text(json.dumps(line) + "\n" + json.dumps(line) + "\n")
    row = answered("reproduce", "mooncake", "--traces", tmp_path)["rows"][0]
    assert row["cache_ratio_infinite"] == 0.5
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "meta.json").write_text(
        json.dumps({"engine_kwargs": {"max_num_seqs": 8, "max_num_batched_tokens": 256}})
    )
    lines = [
        {
            "input_toks": 50,
            "output_toks": 5,
            "queued_ts": i,
            "first_token_ts": i + 0.1,
            "last_token_ts": i + 0.2,
        }
        for i in range(10)
    ]
    (folder / "requests.jsonl").write_text("\n".join(map(json.dumps, lines)))
    row = answered("reproduce", "vllm", "--traces", tmp_path)["rows"][0]
    assert abs(row["e2e_mean_pct"]) < 1
    assert "e2e_mean_pct" in printed("reproduce", "vllm", "--traces", tmp_path)


def test_compiling_is_announced_once_and_only_when_it_happens():
    double = numba.njit(lambda x: 2 * x)
    first, second = io.StringIO(), io.StringIO()
    with announce_compilation(first):
        assert double(3) == 6
    with announce_compilation(second):
        assert double(4) == 8
    assert "compil" in first.getvalue()
    assert second.getvalue() == ""


def test_machine_code_older_than_a_source_is_forgotten(tmp_path):
    cache = tmp_path / "__pycache__"
    cache.mkdir()
    source, index = tmp_path / "loop.py", cache / "loop.nbi"
    source.write_text("")
    index.write_text("")
    assert not forget_stale_code(tmp_path)
    later = time.time() + 10
    os.utime(source, (later, later))
    assert forget_stale_code(tmp_path)
    assert not index.exists()
