"""From a run to the derating of its fleet and back into a case, as a user does it."""

import json
import random
from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.errors import CaseError, RunError
from capexpand.pipeline import evaluate, optimise, write
from capexpand.runs.planned_fleet import read_planned_fleet
from commands import answered, printed

TWO_SITES = Path(__file__).parents[2] / "cases/two-sites/case.yaml"


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Plan the worked example once."""
    folder = tmp_path_factory.mktemp("planned") / "run"
    write(evaluate(optimise(load_case(TWO_SITES))), folder)
    return folder


@pytest.fixture
def trace(tmp_path):
    """Write jobs of one to sixteen accelerators."""
    dice = random.Random(1)
    now, lines = 0.0, ["arrival_s,duration_s,accelerators"]
    for _ in range(800):
        now += dice.expovariate(0.2)
        lines.append(f"{now:.3f},{5 + dice.expovariate(1 / 600):.3f},{dice.choice([1, 1, 2, 4, 8, 16])}")
    file = tmp_path / "jobs.csv"
    file.write_text("\n".join(lines))
    return file


def test_the_fleet_is_that_of_the_quarter(planned):
    """The coast has 400 servers from 2025Q4 on; the west adds 80 / 2.2 = 36.4 when its power is there.

    Sensitivity: with the units of another quarter, or of the evenly spent plan, there would be fewer.
    """
    early = read_planned_fleet(planned, quarter="2025-12-31")
    late = read_planned_fleet(planned, quarter="2026Q4", workload="chat")
    assert early.quarter == "2025Q4"
    assert [one.fleet.kinds[0].units for one in late.clusters] == [436]
    assert early.clusters[0].fleet.accelerators <= 400 * 8
    assert late.power_mw == pytest.approx(4.364, abs=1e-3)
    assert read_planned_fleet(planned).clusters == late.clusters


def test_a_wrong_question_is_a_message(planned, tmp_path, trace):
    wrong = {
        ("--quarter", "2027-13-01"): "neither a day",
        ("--quarter", "2025Q2"): "no accelerator serves in 2025Q2; some do from",
        ("--workload", "chta"): "did you mean chat",
        ("--fleet", trace): "is beside a run",
    }
    for arguments, message in wrong.items():
        with pytest.raises(CaseError, match=message):
            printed("replay", planned, "--trace", trace, *arguments)
    with pytest.raises(CaseError, match="choose from a run"):
        printed("replay", "--trace", trace, "--quarter", "2026Q4")
    with pytest.raises(RunError, match="is no run folder"):
        printed("replay", tmp_path, "--trace", trace)


def test_requests_on_a_run_need_a_model_that_the_offer_can_serve(planned, tmp_path):
    trace = tmp_path / "requests.csv"
    trace.write_text("arrival_s,prompt_tokens,output_tokens\n" + "".join(f"{i},500,50\n" for i in range(20)))
    arguments = ("replay", planned, "--trace", trace)
    with pytest.raises(CaseError, match="need --model and --slo"):
        printed(*arguments)
    with pytest.raises(CaseError, match="offer server names no accelerator"):
        printed(*arguments, "--model", "Llama 3.1 8B", "--slo", "ttft=1s")


@pytest.mark.slow
def test_requests_on_a_run_become_a_derating(tmp_path):
    """The worked example's servers as H20 servers: the same plan, with step times that can be computed."""
    text = TWO_SITES.read_text().replace(
        "    accelerators: 8\n", "    accelerators: 8\n    accelerator: H20 96GB\n"
    )
    (tmp_path / "case.yaml").write_text(text)
    folder = tmp_path / "run"
    write(evaluate(optimise(load_case(tmp_path))), folder)
    dice = random.Random(2)
    rows, now = [], 0.0
    for _ in range(3000):
        now += dice.expovariate(20)
        rows.append(f"{now:.4f},{dice.randint(100, 1500)},{dice.randint(20, 200)}\n")
    trace = tmp_path / "requests.csv"
    trace.write_text("arrival_s,prompt_tokens,output_tokens\n" + "".join(rows))
    out = tmp_path / "found.json"
    slo = ("--model", "Llama 3.1 8B", "--slo", "ttft=500ms,tpot=50ms", "--out", out)
    document = answered("replay", folder, "--trace", trace, *slo)
    assert [row["offer"] for row in document["deratings"]] == ["all", "server"]
    assert document["offers"][0]["chip"] == "H20"
    assert document["offers"][0]["per_prefill_token_s"] > 0
    assert 0 < document["deratings"][0]["usable"] <= 1
    assert json.loads(out.read_text())["model"] == "Llama 3.1 8B"


@pytest.mark.slow
def test_the_derating_goes_back_into_the_case(planned, trace, tmp_path):
    """The plan stated 50 %; what the replay found stands in the next case instead, and so in its run."""
    out = tmp_path / "found"
    arguments = ("replay", planned, "--trace", trace, "--quarter", "2026-12-31", "--out", out)
    document = answered(*arguments)
    assert document["quarter"] == "2026Q4"
    assert document["clusters"][0]["accelerators"] == 436 * 8
    assert document["clusters"][0]["replayed_on"] < 436 * 8
    row = document["deratings"][0]
    assert (row["workload"], row["offer"]) == ("chat", "all")
    assert 0 < row["usable_low"] <= row["usable"] <= row["usable_high"] <= 1
    text = TWO_SITES.read_text().replace(
        "usable_share: 50 %", "utilisation: {from_replay: found/derating.csv}"
    )
    (tmp_path / "case.yaml").write_text(text)
    case = load_case(tmp_path)
    assert case.workloads["chat"].usable_fraction == pytest.approx(row["usable"])
    shown = printed("check", tmp_path)
    assert "workloads.chat" in shown
    assert "derating.csv: chat, all" in shown
    again = tmp_path / "again"
    plans = optimise(case)
    write(evaluate(plans), again)
    assert load_case(again / "case").workloads["chat"].usable_fraction == pytest.approx(row["usable"])
    assert plans.optimised.data.workloads.usable_fraction[0] == pytest.approx(row["usable"])
