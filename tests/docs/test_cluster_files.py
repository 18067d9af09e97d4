"""The files of the guide to clusters are read, and their commands run with the index set by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import of_the_tests
from ruamel.yaml import YAML

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "cluster"
SLURM, JOB, FUTURES = GUIDE / "sweep.slurm", GUIDE / "sweep-job.yaml", GUIDE / "simulate.slurm"


def job() -> dict:
    return YAML(typ="safe", pure=True).load(JOB.read_text(encoding="utf-8"))


def run(command: list[str], folder: Path, **variables: str) -> None:
    beside = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{beside}{os.pathsep}{os.environ['PATH']}", **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_job_is_indexed_and_counts_as_many_shards_as_it_completes() -> None:
    spec = job()["spec"]
    container = spec["template"]["spec"]["containers"][0]
    variables = {one["name"]: one["value"] for one in container["env"]}
    assert (job()["apiVersion"], job()["kind"], spec["completionMode"]) == ("batch/v1", "Job", "Indexed")
    assert int(variables["SHARDS"]) == spec["completions"] == 40
    assert variables["SHARDS_IN"].startswith(container["volumeMounts"][0]["mountPath"])


@pytest.mark.parametrize("script", [SLURM, FUTURES], ids=lambda script: script.name)
def test_the_slurm_scripts_ask_for_an_array_from_one(script: Path) -> None:
    asked = dict(re.findall(r"^#SBATCH --([a-z-]+)=(\S+)$", script.read_text("utf-8"), re.MULTILINE))
    assert asked["array"] == "1-40"
    assert script.read_text("utf-8").startswith("#!/usr/bin/env bash\n#SBATCH")


@pytest.mark.slow
def test_an_array_of_simulations_merges_into_one(tmp_path: Path) -> None:
    """600 futures are two chunks, so each of two tasks follows one; numbers are those of one machine."""
    for number in ("1", "2"):
        array = {"SLURM_ARRAY_TASK_ID": number, "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_CPUS_PER_TASK": "1"}
        run(["bash", str(FUTURES)], tmp_path, SCENARIOS="600", **array)
    run(["capexpand", "merge", "shards/1", "shards/2", "--out", "merged"], tmp_path)
    run(["capexpand", "simulate", "two-sites", "--scenarios", "600", "--out", "whole"], tmp_path)
    merged, whole = (tmp_path / name / "futures.parquet" for name in ("merged", "whole"))
    assert merged.read_bytes() == whole.read_bytes()


def test_the_commands_of_the_guide_name_these_files(tmp_path: Path) -> None:
    """With stand-ins for Slurm and Kubernetes that take what is there, and note what they were asked."""
    for name, said in (("sbatch", "echo 17"), ("kubectl", "true")):
        stand_in = tmp_path / name
        words = 'for word in "$@"; do case $word in *.slurm | *.yaml) [ -f "$word" ] || exit 9;; esac; done'
        stand_in.write_text(
            f'#!/usr/bin/env bash\n{words}\necho "{name} $*" >>"$NOTES"\n{said}\n', encoding="utf-8"
        )
        stand_in.chmod(0o755)
    for block in of_the_tests("docs/guides/cluster.md", "tests/docs/test_cluster_files.py"):
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        run(["bash", "-ec", block.text], GUIDE, PATH=path, NOTES=str(tmp_path / "notes"))
    assert (tmp_path / "notes").read_text("utf-8").splitlines() == [
        "sbatch --parsable sweep.slurm",
        "sbatch --dependency=afterok:17 --wrap=capexpand merge shards/* --out runs/sweep",
        "kubectl apply -f sweep-job.yaml",
        "kubectl wait --for=condition=complete --timeout=6h job/sweep",
    ]


@pytest.mark.slow
def test_both_make_the_shards_of_one_sweep(tmp_path: Path) -> None:
    """Shard 1 by the array, shard 2 by the job: they merge into the run of one machine."""
    run(
        ["bash", str(SLURM)],
        tmp_path,
        SLURM_ARRAY_TASK_ID="1",
        SLURM_ARRAY_TASK_COUNT="2",
        SLURM_CPUS_PER_TASK="1",
    )
    container = job()["spec"]["template"]["spec"]["containers"][0]
    run(
        [*container["command"], *container["args"]],
        tmp_path,
        CASE="two-sites",
        SHARDS="2",
        SHARDS_IN="shards",
        JOB_COMPLETION_INDEX="1",
    )
    axes = ["--vary", "programme.cap=0.8x:1.2x:5", "--vary", "offers.server.buy.price=0.8x:1.2x:3"]
    run(["capexpand", "merge", "shards/1", "shards/2", "--out", "merged"], tmp_path)
    run(["capexpand", "sweep", "two-sites", *axes, "--out", "whole"], tmp_path)
    merged, whole = (
        {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        for folder in (tmp_path / "merged", tmp_path / "whole")
    )
    assert [name for name in whole if merged.get(name) != whole[name]] == []
    assert merged.keys() == whole.keys()
