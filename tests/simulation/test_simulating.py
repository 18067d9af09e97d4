"""A plan in very many futures: by hand, in shards, after a kill, and what is refused.

A small case whose price is half as much more or half as much less from the second quarter on, with even
chances. Ten servers fill the hall, cost 1 mn each and earn 1 mn a quarter at the declared price: 10 in the
first quarter, and 3 · 10 · 1.5 = 45 or 3 · 10 · 0.5 = 15 in the others. So the programme is worth 45 or 15.
"""

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from small_case import SMALL

import capexpand as cx
from capexpand.policy.followed import follow_plan
from capexpand.studies.simulation import simulating
from commands import capexpand

PRICE = {
    "regimes": {
        "price": {
            "title": "What the price turns out to be",
            "initial": "open",
            "states": {
                "open": {"title": "not yet known"},
                "high": {"title": "half as much more", "moves": {"workloads.chat.price": "150 %"}},
                "low": {"title": "half as much less", "moves": {"workloads.chat.price": "50 %"}},
            },
            "transitions": {"open": {"high": "50 %", "low": "50 %"}},
        }
    }
}


@pytest.fixture
def place(tmp_path):
    """The case's folder."""
    return written(tmp_path / "home" / "case")


def written(folder, cap="10 mn CNY"):
    case = json.loads(json.dumps(SMALL))
    case["programme"]["cap"] = cap
    case["uncertainty"] = PRICE
    folder.mkdir(parents=True)
    (folder / "case.yaml").write_text(json.dumps(case), encoding="utf-8")
    return folder


def content(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of four futures, so that few of these make many chunks."""
    monkeypatch.setattr(simulating, "FUTURES", 4)


def test_two_prices_are_two_values(place):
    """Sixty-four draws fill space evenly, so 32 are high; the mean is 30, the worst tenth 15.

    Sensitivity: with the price as declared in all futures every value would be 30.
    """
    found = cx.simulate(place, 64, workers=1)
    values, counts = np.unique(found.table["npv"].to_numpy().round(3), return_counts=True)
    assert values.tolist() == [15e6, 45e6]
    assert counts.tolist() == [32, 32]
    ours = found.document["strategies"]["plan"]
    assert ours["npv"]["mean"] == pytest.approx(30e6)
    assert ours["npv_cvar"] == pytest.approx(15e6)
    assert ours["npv"]["halfwidth"] == pytest.approx(1.96 * 15e6 / np.sqrt(63), rel=1e-6)
    assert found.table["spent"].unique().to_list() == pytest.approx([10e6])


def test_what_is_followed_is_what_a_run_follows(place):
    """The same draws give the values of the plan that a run follows through its futures."""
    case = cx.load_case(place)
    plans = cx.optimise(case)
    (chunk,) = simulating.chunks_of(48, seed=5)
    expected = follow_plan(case, plans.optimised, plans.base, scenarios=48, seed=chunk.seed)
    found = cx.simulate(case, 48, seed=5, workers=1)
    assert found.table["npv"].to_numpy() == pytest.approx(expected.npv * 1e6)


def test_shards_are_joined_to_the_run_of_one_machine(place, tmp_path, small_chunks):
    cx.simulate(place, 30, workers=1, out=tmp_path / "whole")
    folders = [tmp_path / str(number) for number in (1, 2, 3)]
    for number, folder in enumerate(folders, start=1):
        part = cx.simulate(place, 30, workers=1, shard=f"{number}/3", out=folder)
        assert part.document["futures_of_the_simulation"] == 30
    merged = cx.merge(folders[::-1], out=tmp_path / "merged")
    assert merged.table["future"].to_list() == list(range(1, 31))
    one, other = content(tmp_path / "merged"), content(tmp_path / "whole")
    assert [name for name in other if one.get(name) != other[name]] == []
    assert one.keys() == other.keys()
    cx.simulate(place, 30, seed=3, workers=1, shard="3/3", out=tmp_path / "seeded")
    cx.simulate(
        written(tmp_path / "second" / "case", "9 mn CNY"),
        30,
        workers=1,
        shard="3/3",
        out=tmp_path / "foreign",
    )
    for wrong, said in (
        (folders[:2], "shard 3 of 3 is missing; make it with --shard 3/3"),
        ([*folders, folders[0]], "shard 1/3 is named 2 times"),
        ([*folders[:2], tmp_path / "seeded"], "is of another simulation of the case than"),
        ([*folders[:2], tmp_path / "foreign"], "is of another case than"),
        ([folders[0], tmp_path / "whole"], "is the run of a simulation, no shard of a simulation"),
    ):
        with pytest.raises(cx.RunError, match=said) as error:
            cx.merge(wrong, out=tmp_path / "none")
        assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
def test_the_stage_solver_is_compiled_where_it_is_used(place, tmp_path, small_chunks, monkeypatch):
    """In this process before others are made of it, but on other machines not here at all."""
    real, log = simulating.compile_now, tmp_path / "compiled"

    def compile_now() -> None:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
        real()

    monkeypatch.setattr(simulating, "compile_now", compile_now)
    monkeypatch.setattr(simulating, "FROM_COMPILED", 10)
    told: list[str] = []
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as executor:
        there = cx.simulate(place, 16, on=executor, progress=told.append)
    who = log.read_text("utf-8").split()
    assert who
    assert str(os.getpid()) not in who
    assert not any(words.startswith("Compiling") for words in told)
    log.unlink()
    assert there.table.equals(cx.simulate(place, 16, workers=2, progress=told.append).table)
    assert log.read_text("utf-8").split()[0] == str(os.getpid())
    assert any(words.startswith("Compiling") for words in told)


@pytest.mark.parametrize("left", [0.0, 0.6, 1.0])
def test_a_simulation_that_was_killed_goes_on_to_the_same_table(
    place, tmp_path, small_chunks, left, monkeypatch
):
    """A process that is killed leaves a part of its journal, cut off at any byte."""
    whole = cx.simulate(place, 30, workers=1)

    def stop(words: str) -> None:
        if words.startswith("Followed through 20"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cx.simulate(place, 30, workers=1, out=tmp_path / "run", progress=stop)
    journal = tmp_path / ".run.simulation"
    journal.write_bytes(journal.read_bytes()[: int(left * journal.stat().st_size)])
    asked: list[int] = []
    real = simulating.FollowsPlan.__call__
    monkeypatch.setattr(
        simulating.FollowsPlan,
        "__call__",
        lambda self, chunk: asked.append(chunk.number) or real(self, chunk),
    )
    again = cx.simulate(place, 30, workers=1, out=tmp_path / "run")
    assert again.table.equals(whole.table)
    assert len(asked) < 8 or left == 0.0
    assert not journal.exists()


def test_what_cannot_be_simulated_is_said(place, tmp_path):
    certain = json.loads(json.dumps(SMALL))
    (tmp_path / "case.yaml").write_text(json.dumps(certain), encoding="utf-8")
    for asked, options, said in (
        (tmp_path, {}, "declares nothing unknown; add an uncertainty block"),
        (place, {"scenarios": 3}, "--scenarios: from 10 to 100,000,000, not 3"),
        (place, {"shard": "41/40", "out": tmp_path / "s"}, "there is no shard 41 of 40"),
        (place, {"shard": "1/40"}, "a shard is a folder; name it with --out"),
    ):
        with pytest.raises(cx.CaseError, match=said):
            cx.simulate(asked, **options)
    with pytest.raises(cx.CaseError, match="--keep-policy: there is none to keep; add --policy"):
        cx.run(place, keep_policy=True)


def test_the_command_prints_json_and_writes_a_run(place, tmp_path):
    done = capexpand("simulate", place, "--scenarios", "16", "--json", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == json.loads((tmp_path / "run" / "simulation.json").read_text("utf-8"))
    assert found["strategies"]["plan"]["npv"]["mean"] == pytest.approx(30e6)


@pytest.mark.slow
def test_a_kept_policy_does_what_the_trained_one_does(tmp_path):
    """Bit for bit, in the same futures; a run without it, and a file that was changed, are refused."""
    folder = tmp_path / "run"
    run = cx.policy("two-sites", out=folder, scenarios=20, iterations=8, workers=1, keep_policy=True)
    outcomes = run.policy.outcomes
    case = cx.load_case(folder / "case")
    restored = simulating.restore_policy(case, (folder / "policy.cuts").read_bytes())
    trained = cx.PlannedPolicy(restored.case, restored.data, restored.futures, outcomes.policy)
    (chunk,) = simulating.chunks_of(40, seed=2)
    one, other = (simulating.FollowsPolicy(each)(chunk) for each in (restored, trained))
    assert np.array_equal(one, other, equal_nan=True)
    found = cx.simulate(folder, 40, workers=2)
    assert set(found.document["strategies"]) == {"policy", "mean_value", "naive"}
    assert found.document["strategies"]["policy"]["npv"]["mean"] == pytest.approx(
        float(one[0, 0].mean()) * 1e6
    )
    assert "What does deciding later add?" in found.document["answers"]
    changed = cx.load_case("two-sites", variant="double-budget")
    with pytest.raises(cx.RunError, match="was trained for other numbers, or by another version"):
        simulating.restore_policy(changed, (folder / "policy.cuts").read_bytes())
    for damaged in (b"", (folder / "policy.cuts").read_bytes()[:-1]):
        with pytest.raises(cx.RunError, match="does not hold a policy as a run keeps it"):
            simulating.restore_policy(case, damaged)
    cx.policy("two-sites", out=tmp_path / "without", scenarios=20, iterations=2, workers=1)
    with pytest.raises(cx.CaseError, match="keeps no policy; make the run again with --keep-policy"):
        cx.simulate(tmp_path / "without", 40)
