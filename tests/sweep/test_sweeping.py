"""A sweep by hand, its brackets, its tables, and that it can be stopped at any point."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from small_case import SMALL

import capexpand as cx
from capexpand.errors import CaseError
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.warm import WarmPlanner
from capexpand.studies.sweep.axes import Box
from capexpand.studies.sweep.journal import Journal
from capexpand.studies.sweep.outcomes import PointPlanner
from commands import answered, invoke


def written(folder: Path, **changes: object) -> str:
    """Return the folder of the small case with a cap and changes by block."""
    case = json.loads(json.dumps(SMALL))
    case["programme"]["cap"] = "10 mn CNY"
    for block, fields in changes.items():
        case.setdefault(block, {}).update(fields)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "case.yaml").write_text(json.dumps(case), encoding="utf-8")
    return str(folder)


def test_a_grid_by_hand(tmp_path):
    """A server costs 1 and earns 4 quarters × price; the cap buys that many, ten fit.

    Cap 5 at 1: 5 · (4 − 1) = 15. Cap 10 at 1: 30. Cap 5 at 0.5: 5 · (2 − 1) = 5; cap 10: 10.
    Sensitivity: with the budget alone, or the price alone, two of the four would be wrong.
    """
    found = cx.sweep(
        written(tmp_path / "case"),
        vary=["programme.cap=0.5x:1x:2", "workloads.chat.price=0.5x:1x:2"],
        workers=1,
    )
    points = found.tables["points"]
    assert points["objective"].to_list() == pytest.approx([5e6, 15e6, 10e6, 30e6])
    assert points["npv"].to_list() == pytest.approx([5e6, 15e6, 10e6, 30e6])
    assert points["status"].to_list() == ["planned"] * 4
    effect = found.tables["sensitivity"]
    assert effect["axis"].to_list()[0] == "workloads.chat.price"
    assert effect["swing"].to_list() == pytest.approx([15e6, 10e6])
    decision = found.tables["decisions"]
    last = decision.filter((decision["decision"] == "server") & (decision["ordered_until"] == "2026Q1"))
    assert (last["least"][0], last["most"][0]) == pytest.approx((5.0, 10.0))
    assert "5 units" in " ".join(answer.text for answer in found.sheet().answers)


@pytest.mark.slow
def test_brackets_hold_the_cold_optimum_and_close_where_points_are_added(tmp_path):
    place = written(tmp_path / "case")
    axes = ["programme.cap=0.3x:1.3x:2", "offers.server.buy.price=0.5x:1.5x:2"]
    few = cx.sweep(place, vary=axes, workers=1)
    many = cx.sweep(place, vary=axes, workers=1, bracket=2.0, add=24)
    assert max(b.width for _, b in many.found.probes) < max(b.width for _, b in few.found.probes)
    rng = np.random.default_rng(5)
    for _ in range(6):
        point = (float(rng.uniform(0.3, 1.3)), float(rng.uniform(0.5, 1.5)))
        value = optimise_plan(compile_case(many.found.box.load(point))).solver.objective
        for one in (few, many):
            bracket = one.bracket(point)
            assert bracket.lower <= value <= bracket.upper
    named = many.bracket({"programme.cap": "0.9x"})
    assert named.lower <= 9 * 3 <= named.upper
    with pytest.raises(CaseError, match="lies outside the box"):
        many.bracket({"programme.cap": "2x"})
    with pytest.raises(CaseError, match="is no axis of this sweep"):
        many.bracket({"cap": "1x"})
    with pytest.raises(CaseError, match="is no value of this axis"):
        many.bracket({"programme.cap": "5 mn CNY"})


def test_points_without_a_plan_are_counted_and_listed_with_their_reasons(tmp_path):
    """A share above one is no case; a contract that the cap cannot pay has no plan."""
    case = written(tmp_path / "case")
    found = cx.sweep(
        case,
        vary=[
            "workloads.chat.usable_share=50 %:150 %:3",
            "offers.server.supply.CN.minimum=1 units/quarter:20 units/quarter:2",
        ],
        workers=1,
    )
    points = found.tables["points"]
    planned = ["planned", "infeasible"]
    assert points["status"].to_list() == [*planned, *planned, "invalid", "invalid"]
    assert points["objective"].null_count() == 4
    assert "is too high" in points["reason"][4]
    assert "units that must be ordered" in points["reason"][1]
    assert "4 points have no plan and are left out" in found.sheet().answers[0].text
    assert len(found.document["excluded"]) == 4


def test_a_lead_time_is_swept_as_any_other_number(tmp_path):
    """Each quarter of waiting costs the ten servers a quarter of earnings: 30, 20, 10."""
    found = cx.sweep(
        written(tmp_path / "case"), vary=["offers.server.lead_time=0 months:6 months:3"], workers=1
    )
    assert found.tables["points"]["objective"].to_list() == pytest.approx([30e6, 20e6, 10e6])
    assert found.document["axes"][0]["moves"] == ["structure"]


def test_what_is_bought_in_all_points_and_where_another_order_flips(tmp_path):
    """A server earns four quarters of 1: at 1 and 3 it is bought, at 5 it is not. A cheap one always is.

    Two cheap ones are there to be had, so two are bought anyway; the dear ones flip between 3 and 5.
    """
    cheap = json.loads(json.dumps(SMALL["offers"]["server"]))
    cheap["buy"]["price"] = "0.5 mn CNY"
    cheap["supply"] = {"CN": {"limit": {"2025-04-01": "2 units/quarter", "2025-07-01": "0 units/quarter"}}}
    found = cx.sweep(
        written(
            tmp_path / "case",
            programme={"cap": "100 mn CNY"},
            offers={"cheap": cheap},
            workloads={
                "chat": SMALL["workloads"]["chat"]
                | {"throughput": {"server": "1 tn token/quarter", "cheap": "1 tn token/quarter"}}
            },
        ),
        vary=["offers.server.buy.price=1x:5x:3"],
        workers=1,
    )
    bought = {one["name"]: one for one in found.document["decisions"]}
    assert bought["cheap"]["in_every_point"] == pytest.approx(2.0)
    assert bought["cheap"]["flips"] is None
    flips = bought["server"]["flips"]
    assert (flips["axis"], flips["at"], flips["above"]) == ("offers.server.buy.price", "4x", False)
    answers = {one.question: one.text for one in found.sheet().answers}
    assert "cheap (2 units)" in answers["What is right in every point?"]
    assert "server" in answers["What depends on the assumptions?"]


def test_a_list_of_variants_may_add_a_site(tmp_path):
    """The west has a hall for ten servers more: 20 · (4 − 1) = 60 in place of 30, from nothing."""
    west = SMALL["sites"]["east"] | {"title": "West"}
    more = {"title": "More", "set": {"sites.west": west, "opening.sites.west": {"power": "1 MW"}}}
    found = cx.sweep(
        written(tmp_path / "case", programme={"cap": "20 mn CNY"}, variants={"more": more}),
        vary=["variant=as-declared,more", "workloads.chat.price=0.5x:1x:2"],
        workers=1,
    )
    points = found.tables["points"]
    assert points["objective"].to_list() == pytest.approx([10e6, 30e6, 20e6, 60e6])
    assert "structure" in found.document["axes"][0]["moves"]
    (answer,) = (one for one in found.sheet().answers if one.question == "What is right in every point?")
    assert answer.remark == "(Of the 2 points with sites, offers and quarters as declared.)"


@pytest.mark.slow
def test_sobol_indices_of_a_sum_are_its_shares_of_the_variance(tmp_path):
    """Ten servers, value 10 · (4 p − c): the variances of 40 p and 10 c are as 16 to 1 over equal ranges.

    p is within ±10 % of 1 and c within ±20 % of 1: the shares are (4 · 0.1)² = 0.16 and 0.2² = 0.04 of 0.2.
    """
    found = cx.sweep(
        written(tmp_path / "case", programme={"cap": "100 mn CNY"}),
        vary=["workloads.chat.price=0.9x:1.1x", "offers.server.buy.price=0.8x:1.2x"],
        design="sobol",
        points=256,
        workers=2,
    )
    table = found.tables["sensitivity"]
    assert table["axis"].to_list() == ["workloads.chat.price", "offers.server.buy.price"]
    assert table["total"].to_list() == pytest.approx([0.8, 0.2], abs=0.06)
    assert table["first_order"].to_list() == pytest.approx([0.8, 0.2], abs=0.06)
    assert all(table["total_low"] <= table["total"])
    assert all(table["total"] <= table["total_high"])


@pytest.mark.slow
def test_the_result_does_not_depend_on_the_number_of_processes(tmp_path):
    place = written(tmp_path / "case")
    axes = ["programme.cap=0.5x:1.5x:4", "workloads.chat.price=0.5x:1.5x:3"]
    one, other = (
        cx.sweep(place, vary=axes, workers=workers, out=tmp_path / f"run{workers}") for workers in (1, 3)
    )
    assert one.sheet().json() == other.sheet().json()
    for name in ("tables/points.parquet", "sweep.json", "report.html"):
        assert (tmp_path / "run1" / name).read_bytes() == (tmp_path / "run3" / name).read_bytes()


def test_the_business_without_the_programme_is_planned_once_for_all_budgets(tmp_path, monkeypatch):
    """Sensitivity: another price is another business. What was planned before changes no figure."""
    box = Box(
        written(tmp_path / "case"), None, ("programme.cap=0.5x:1.5x:4", "workloads.chat.price=0.5x:1x:2")
    )
    planner, fresh = PointPlanner(box), PointPlanner(box)
    solved: list[float] = []
    optimum = WarmPlanner.optimum

    def counted(self, m, *rest, **settings):
        solved.append(float(m.budget.own))
        return optimum(self, m, *rest, **settings)

    monkeypatch.setattr(WarmPlanner, "optimum", counted)
    first = planner.plan((0.5, 0.5), None, None)
    planner.plan((1.2, 0.5), None, None)
    last = planner.plan((1.5, 0.5), first.basis, first.base_basis)
    assert solved == pytest.approx([5.0, 0.0, 12.0, 15.0])  # 0 is the business without the programme
    planner.plan((1.5, 0.75), first.basis, first.base_basis)
    assert solved[4:] == pytest.approx([15.0, 0.0])
    alone = fresh.plan((1.5, 0.5), first.basis, first.base_basis)
    assert last.values == alone.values


@pytest.mark.slow
@pytest.mark.parametrize("after", [3, 9])
def test_a_sweep_killed_at_any_point_goes_on_to_the_same_bytes(tmp_path, after):
    place = written(tmp_path / "case")
    axes = ["programme.cap=0.5x:1.5x:5", "workloads.chat.price=0.5x:1.5x:4"]
    command = [sys.executable, "-m", "capexpand.cli.main", "sweep", place, "--out", str(tmp_path / "run")]
    command += ["--bracket", "5", "--add", "4", *(part for axis in axes for part in ("--vary", axis))]
    journal = tmp_path / ".run.sweep"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120.0
    while time.monotonic() < deadline and process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"CXS1") > after:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "run").exists()
    with journal.open("ab") as file:  # as if killed while writing
        file.write(b"CXS1" + os.urandom(30))
    subprocess.run(command, check=True, capture_output=True)
    assert not journal.exists()
    cx.sweep(place, vary=axes, bracket=5.0, add=4, out=tmp_path / "whole", workers=1)
    for name in ("tables/points.parquet", "tables/brackets.parquet", "sweep.json", "report.html"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_journal_of_another_sweep_is_not_continued_and_a_foreign_file_not_touched(tmp_path):
    journal = Journal(tmp_path / "j", "one")
    journal.append({"place": np.array(3)})
    journal.close(finished=False)
    for name, count in (("one", 1), ("other", 0)):
        again = Journal(tmp_path / "j", name)
        assert len(again.records) == count
        again.close(finished=False)
    foreign = tmp_path / "mine"
    foreign.write_text("my notes")
    with pytest.raises(cx.RunError, match="is no journal of capexpand"):
        Journal(foreign, "one")
    assert foreign.read_text() == "my notes"


def test_the_command_prints_json_and_says_what_is_wrong(tmp_path):
    place = written(tmp_path / "case")
    document = answered("sweep", place, "--vary", "programme.cap=0.5x:1x:2", "--workers", "1")
    assert document["planned"] == 2
    assert [row["objective"] for row in document["table"]] == pytest.approx([15e6, 30e6])
    wrong = invoke("sweep", place, "--vary", "programme.capp=0.5x:1x:2")
    assert isinstance(wrong.exception, CaseError)
